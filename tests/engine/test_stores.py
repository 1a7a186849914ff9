"""Stores in the sandbox: what was declared is read back by boto3, and grants are evaluated, what they allow and what they do not."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Repository, copy_repository
from tests.iam_evaluator import Account, document

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """A team's own program, up in a sandbox."""
    folder = tmp_path_factory.mktemp("stores")
    platform = copy_repository(folder / "platform")
    platform.platformctl("sandbox", "start")
    shutil.copytree(HERE / "stores", folder / "team", ignore=shutil.ignore_patterns("__pycache__"))
    team = Repository(folder / "team", platform.sandbox_environ())
    team.pulumi("stack", "init", "demo")
    team.pulumi("up", "-s", "demo", "--yes", "--skip-preview")
    yield team
    platform.platformctl("sandbox", "stop", check=None)


@pytest.fixture(scope="module")
def outputs(stores: Repository) -> dict[str, Any]:
    return dict(json.loads(stores.pulumi("stack", "output", "-s", "demo", "--json").stdout))


@pytest.fixture(scope="module")
def account(stores: Repository) -> Account:
    return Account(stores.aws)


def test_the_program_is_at_rest(stores: Repository) -> None:
    stores.pulumi("up", "-s", "demo", "--yes", "--skip-preview", "--refresh", "--expect-no-changes")


# --- buckets


def test_a_bucket_is_private_encrypted_and_versioned(stores: Repository, outputs: dict[str, Any]) -> None:
    s3, name = stores.aws("s3"), outputs["bucket"]["reports"]["name"]
    assert name == "reports-123456789012-eu-west-1"
    assert set(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": outputs["keys"]["reports"]}
    assert rule["BucketKeyEnabled"] is True
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    (owner,) = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    assert owner["ObjectOwnership"] == "BucketOwnerEnforced"
    rules = {one["ID"]: one for one in s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]}
    assert rules["expire"]["Expiration"]["Days"] == 400
    assert rules["versions"]["NoncurrentVersionExpiration"]["NoncurrentDays"] == 90
    assert rules["uploads"]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7
    assert s3.get_bucket_logging(Bucket=name)["LoggingEnabled"]["TargetBucket"] == "reports-logs-123456789012-eu-west-1"
    other = outputs["bucket"]["other"]["name"]
    lock = s3.get_object_lock_configuration(Bucket=other)["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert (lock["Mode"], lock["Days"]) == ("GOVERNANCE", 3)


def test_a_bucket_refuses_what_is_not_encrypted(account: Account, outputs: dict[str, Any]) -> None:
    role, arn = outputs["roles"]["ledger"], outputs["bucket"]["reports"]["arn"]
    written = f"{arn}/ledger/2026.csv"
    assert account.may(role, "s3:PutObject", written)
    assert not account.may(role, "s3:PutObject", written, aws__SecureTransport="false")
    assert not account.may(role, "s3:PutObject", written, s3__TlsVersion="1.1")
    assert not account.may(role, "s3:PutObject", written, s3__x_amz_server_side_encryption="AES256")
    assert account.may(role, "s3:PutObject", written, s3__x_amz_server_side_encryption="aws:kms")


def test_a_bucket_grant_is_what_was_granted_and_nothing_else(account: Account, outputs: dict[str, Any]) -> None:
    ledger, stranger = outputs["roles"]["ledger"], outputs["roles"]["stranger"]
    arn, other = outputs["bucket"]["reports"]["arn"], outputs["bucket"]["other"]["arn"]
    own, foreign = f"{arn}/ledger/2026.csv", f"{arn}/payments/2026.csv"
    assert account.may(ledger, "s3:ListBucket", arn)
    for action in ("s3:GetObject", "s3:GetObjectVersion"):
        assert account.may(ledger, action, own)
        assert account.may(ledger, action, foreign)
    for action in ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"):
        assert account.may(ledger, action, own)
        assert not account.may(ledger, action, foreign)
    for action in ("s3:DeleteObjectVersion", "s3:PutObjectAcl", "s3:GetObjectAcl", "s3:BypassGovernanceRetention"):
        assert not account.may(ledger, action, own)
    for action in ("s3:DeleteBucket", "s3:PutBucketPolicy", "s3:GetBucketPolicy", "s3:ListBucketVersions", "s3:PutEncryptionConfiguration"):
        assert not account.may(ledger, action, arn)
    for action in ("s3:GetObject", "s3:PutObject", "s3:ListBucket"):
        assert not account.may(ledger, action, f"{other}/x" if "Object" in action else other)
    assert account.may(stranger, "s3:PutObject", f"{other}/x")
    assert not account.may(stranger, "s3:GetObject", f"{other}/x")
    assert not account.may(stranger, "s3:ListBucket", arn)


def test_a_bucket_grant_uses_its_key_through_s3_only(account: Account, outputs: dict[str, Any]) -> None:
    ledger, stranger = outputs["roles"]["ledger"], outputs["roles"]["stranger"]
    key, other = outputs["keys"]["reports"], outputs["keys"]["other"]
    through_s3 = {"kms__ViaService": "s3.eu-west-1.amazonaws.com"}
    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        assert account.may(ledger, action, key, **through_s3)
        assert not account.may(ledger, action, key)
        assert not account.may(ledger, action, key, kms__ViaService="sqs.eu-west-1.amazonaws.com")
        assert not account.may(ledger, action, other, **through_s3)
        assert not account.may(stranger, action, key, **through_s3)
    for action in ("kms:Encrypt", "kms:ScheduleKeyDeletion", "kms:CreateGrant", "kms:PutKeyPolicy"):
        assert not account.may(ledger, action, key, **through_s3)


def actions(stores: Repository, role: str) -> dict[str, set[str]]:
    """What a role's policies name, action by action, and on what."""
    named: dict[str, set[str]] = {}
    for statement in Account(stores.aws).identity_statements(role):
        for action in statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]:
            resources = statement["Resource"]
            named.setdefault(action, set()).update(resources if isinstance(resources, list) else [resources])
    return named


def test_no_grant_has_a_wildcard_action_or_every_resource(stores: Repository, outputs: dict[str, Any]) -> None:
    for role in outputs["roles"].values():
        found = actions(stores, role)
        assert found
        assert not [action for action in found if "*" in action]
        assert not [resource for resources in found.values() for resource in resources if resource.split(":", 5)[5] in ("*", "")]


def test_alarms_and_dashboards_stand(stores: Repository, outputs: dict[str, Any]) -> None:
    cloudwatch = stores.aws("cloudwatch")
    alarms = {one["AlarmName"]: one for one in cloudwatch.describe_alarms()["MetricAlarms"]}
    assert {"reports-errors", "reports-refused"} <= set(alarms)
    assert {"Name": "BucketName", "Value": outputs["bucket"]["reports"]["name"]} in alarms["reports-errors"]["Dimensions"]
    body = json.loads(cloudwatch.get_dashboard(DashboardName="reports-dashboard")["DashboardBody"])
    assert [one["properties"]["title"] for one in body["widgets"]] == ["Requests", "Errors", "Time to answer, ms"]


def test_the_evaluator_knows_no_from_yes() -> None:
    """The judge itself: an explicit deny wins, `*` matches, `NotAction` turns around, and an unknown operator is an error."""
    assert document('{"Statement": {"Effect": "Allow"}}') == [{"Effect": "Allow"}]
