"""The example of an audit trail on the real engine: what AWS says afterwards is what was meant, and a second run changes nothing."""

import json
import shutil
from collections.abc import Iterator

import pytest

from tests.engine.conftest import ROOT, Repository, copy_repository


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Repository, Repository]]:
    """A sandbox, and the example that is up in it."""
    folder = tmp_path_factory.mktemp("audit")
    repository = copy_repository(folder / "platform")
    shutil.copytree(ROOT / "examples" / "audit-trail-hipaa", folder / "example")
    repository.platformctl("sandbox", "start")
    example = Repository(folder / "example", repository.sandbox_environ())
    example.pulumi("stack", "init", "demo")
    example.pulumi("up", "-s", "demo", "--yes", "--skip-preview")
    yield repository, example
    repository.platformctl("sandbox", "stop", check=None)


def outputs(example: Repository) -> dict[str, str]:
    return dict(json.loads(example.pulumi("stack", "output", "--json", "-s", "demo").stdout))


def test_the_trail_records_every_region_into_the_locked_bucket(made: tuple[Repository, Repository]) -> None:
    repository, example = made
    told = outputs(example)
    trail = repository.aws("cloudtrail").get_trail(Name=told["trail_arn"])["Trail"]
    bucket = told["bucket_arn"].rpartition(":")[2]
    assert (trail["IsMultiRegionTrail"], trail["LogFileValidationEnabled"], trail["S3BucketName"]) == (True, True, bucket)
    assert repository.aws("cloudtrail").get_trail_status(Name=told["trail_arn"])["IsLogging"] is True
    s3 = repository.aws("s3")
    lock = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    retention = lock["Rule"]["DefaultRetention"]
    assert (lock["ObjectLockEnabled"], retention["Mode"], retention["Days"]) == ("Enabled", "COMPLIANCE", 2192)
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert (rule["Expiration"]["Days"], rule["Transitions"][0]["StorageClass"]) == (2192, "GLACIER_IR")
    (encryption,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]["TargetPrefix"] == "records/"
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    allowed = [one for one in policy["Statement"] if one["Effect"] == "Allow"]
    assert all("aws:SourceArn" in json.dumps(one["Condition"]) for one in allowed)
    assert {one["Principal"]["Service"] for one in allowed} == {
        "cloudtrail.amazonaws.com",
        "delivery.logs.amazonaws.com",
        "guardduty.amazonaws.com",
    }


def test_guardduty_watches_flow_logs_arrive_and_findings_are_told(made: tuple[Repository, Repository]) -> None:
    repository, example = made
    told = outputs(example)
    detector = repository.aws("guardduty").get_detector(DetectorId=told["detector_id"])
    assert (detector["Status"], detector["FindingPublishingFrequency"]) == ("ENABLED", "FIFTEEN_MINUTES")
    (flow,) = [one for one in repository.aws("ec2").describe_flow_logs()["FlowLogs"] if "clinic" in one["LogDestination"]]
    # moto keeps the bucket and forgets the folder.
    assert (flow["LogDestinationType"], flow["LogDestination"]) == ("s3", told["bucket_arn"])
    events = repository.aws("events")
    assert {rule["Name"] for rule in events.list_rules()["Rules"]} >= {"clinic-findings", "clinic-root-user", "clinic-trail-changes"}
    (target,) = events.list_targets_by_rule(Rule="clinic-findings")["Targets"]
    assert target["Arn"].endswith(":clinic-alerts")


def test_a_second_run_changes_nothing(made: tuple[Repository, Repository]) -> None:
    _, example = made
    example.pulumi("up", "-s", "demo", "--yes", "--skip-preview", "--expect-no-changes")
    example.pulumi("refresh", "-s", "demo", "--yes", "--skip-preview", "--expect-no-changes")


def test_an_environment_keeps_its_records_from_its_lowest_layer_on(made: tuple[Repository, Repository]) -> None:
    """The section `audit` of its file; the detector is the example's, for an account has one."""
    repository, _ = made
    file = repository.root / "stacks" / "environments" / "dev.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "audit: {guardduty: null}\n", encoding="utf-8")
    repository.platformctl("up", "dev.network", "--sandbox", "--yes")
    told = json.loads(repository.pulumi("stack", "output", "--json", "-s", "dev.network").stdout)
    bucket = told["audit_bucket_arn"].rpartition(":")[2]
    trail = repository.aws("cloudtrail").get_trail(Name="dev-trail")["Trail"]
    assert (trail["S3BucketName"], trail["S3KeyPrefix"], trail["KmsKeyId"]) == (bucket, "cloudtrail", told["audit_key_arn"])
    (rule,) = repository.aws("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert rule["Expiration"]["Days"] == 365
    (flow,) = repository.aws("ec2").describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [told["vpc_id"]]}])["FlowLogs"]
    assert (flow["LogDestinationType"], flow["LogDestination"]) == ("s3", told["audit_bucket_arn"])
    assert not [group for group in log_groups(repository) if group.startswith("dev-flow-logs")], "no second place for them"
    repository.pulumi("up", "-s", "dev.network", "--yes", "--skip-preview", "--expect-no-changes")


def log_groups(repository: Repository) -> list[str]:
    return [group["logGroupName"] for group in repository.aws("logs").describe_log_groups()["logGroups"]]
