"""ClusterBackup: what is backed up and when, what its identity may do and may not, and a drill that can fail."""

import json
from typing import Any

import pytest
from platform_policies.catalogue import RULES
from platform_policies.evaluate import evaluate
from platform_policies.rule import Status
from pydantic import ValidationError

from platform_components.charts.records.velero import values
from platform_components.declarations.environment import load_environments
from platform_components.resilience import cluster_documents as documents
from platform_components.resilience.cluster_args import ClusterBackupArgs, ClusterBackupSettings
from platform_components.resilience.cluster_backup import ClusterBackup
from tests.charts.test_values import SITE
from tests.contract.test_examples import EXAMPLES
from tests.iam_evaluator import applies
from tests.support import Deployment, deploy

ARN = "arn:aws:eks:eu-west-1:123456789012:cluster/shop"
AROUND = {
    "cluster": {"name": "shop", "arn": ARN},
    "environment": "shop",
    "region": "eu-west-1",
    "vpc_id": "vpc-1",
    "tags": {"Environment": "prod"},
}
VOLUME, SNAPSHOT = "arn:aws:ec2:eu-west-1:123456789012:volume/vol-1", "arn:aws:ec2:eu-west-1::snapshot/snap-1"


def built(**args: Any) -> Deployment[ClusterBackup]:
    given = ClusterBackupArgs.model_validate({**AROUND, **args})
    return deploy(lambda: ClusterBackup("shop", given), stack="prod.platform")


@pytest.fixture(scope="module")
def usual() -> Deployment[ClusterBackup]:
    return built(schedules={"daily": {}, "often": {"every_hours": 4, "keep_days": 7, "namespaces": ["payments"], "volumes": False}})


def named(done: Deployment[ClusterBackup], kind: str, name: str) -> Any:
    return done.one(f"kubernetes:{kind}", name).inputs


def test_it_passes_every_rule(usual: Deployment[ClusterBackup]) -> None:
    found = evaluate(usual.graph, RULES).findings
    # The policies of one role, made and deleted with it.
    assert {one.rule.id for one in found if one.status is Status.FAIL} <= {"aws-iam-no-inline-policies"}


def test_schedules_say_what_is_kept_how_long(usual: Deployment[ClusterBackup]) -> None:
    daily, often = (named(usual, "velero.io/v1:Schedule", f"shop-schedule-{name}") for name in ("daily", "often"))
    assert (daily["metadata"]["name"], daily["spec"]["schedule"]) == ("daily", "0 1 * * *")
    template = daily["spec"]["template"]
    assert (template["ttl"], template["snapshotVolumes"]) == ("720h0m0s", True)
    assert (template["includedNamespaces"], template["excludedNamespaces"]) == (["*"], ["kube-node-lease"])
    assert (often["spec"]["schedule"], often["spec"]["template"]["includedNamespaces"]) == ("0 */4 * * *", ["payments"])
    assert (often["spec"]["template"]["ttl"], often["spec"]["template"]["snapshotVolumes"]) == ("168h0m0s", False)
    assert usual.value("schedule_names") == ["daily", "often"]


def test_its_bucket_is_its_own_and_kept(usual: Deployment[ClusterBackup]) -> None:
    assert usual.names("aws:s3/bucket:Bucket") == ["shop-velero", "shop-velero-logs"]
    assert usual.one("aws:s3/bucket:Bucket", "shop-velero").inputs["forceDestroy"] is False
    release = named(usual, "helm.sh/v3:Release", "shop-velero")
    (location,) = release["values"]["configuration"]["backupStorageLocation"]
    assert location["bucket"] == usual.value("bucket_name") == "shop-velero-123456789012-eu-west-1"
    assert release["values"]["credentials"] == {"useSecret": False}
    association = usual.one("aws:eks/podIdentityAssociation:PodIdentityAssociation").inputs
    assert (association["namespace"], association["serviceAccount"]) == ("velero", "velero")


def allowed(done: Deployment[ClusterBackup], action: str, resource: str, **context: str) -> bool:
    known = {key.replace("__", ":"): value for key, value in context.items()}
    policies = [json.loads(node.inputs["policy"]) for node in done.graph.of_type("aws:iam/rolePolicy:RolePolicy")]
    return any(applies(one, action, resource, known) for policy in policies for one in policy["Statement"])


def test_it_takes_snapshots_of_the_clusters_volumes_and_touches_no_others(usual: Deployment[ClusterBackup]) -> None:
    of_driver = {"aws:ResourceTag/ebs.csi.aws.com/cluster": "true"}
    own = {"aws:ResourceTag/velero.io/backup": "daily-1"}
    assert allowed(usual, "ec2:CreateSnapshot", VOLUME, **of_driver)
    assert not allowed(usual, "ec2:CreateSnapshot", VOLUME), "a volume that the cluster's driver did not make"
    for action in ("ec2:DeleteSnapshot", "ec2:CreateVolume"):
        assert allowed(usual, action, SNAPSHOT, **own)
        assert not allowed(usual, action, SNAPSHOT), "a snapshot that Velero did not make"
    assert allowed(usual, "ec2:CreateTags", SNAPSHOT, **{"ec2:CreateAction": "CreateSnapshot"})
    assert not allowed(usual, "ec2:CreateTags", VOLUME), "tags are what the other statements go by"
    for action in ("ec2:DeleteVolume", "ec2:ModifySnapshotAttribute", "ec2:AttachVolume"):
        assert not allowed(usual, action, VOLUME, **of_driver)
        assert not allowed(usual, action, SNAPSHOT, **own)
    bucket = "arn:aws:s3:::shop-velero-123456789012-eu-west-1"
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        assert allowed(usual, action, f"{bucket}/backups/daily/a")
        assert not allowed(usual, action, "arn:aws:s3:::shop-logs-123456789012-eu-west-1/a")
    assert not allowed(usual, "s3:DeleteObjectVersion", f"{bucket}/backups/daily/a")


def test_a_drill_restores_compares_and_may_do_nothing_else(usual: Deployment[ClusterBackup]) -> None:
    job = named(usual, "batch/v1:CronJob", "shop-drill-job")["spec"]
    pod = job["jobTemplate"]["spec"]["template"]["spec"]
    steps = [*pod["initContainers"], *pod["containers"]]
    assert [step["name"] for step in steps] == ["clear", "forget", "restore", "finish", "compare"]
    assert job["jobTemplate"]["spec"]["backoffLimit"] == 0
    canary = named(usual, "core/v1:ConfigMap", "shop-canary")
    assert f"--for=jsonpath={{.data.content}}={canary['data']['content']}" in steps[-1]["args"]
    manifest = json.loads(named(usual, "core/v1:ConfigMap", "shop-drill-files")["data"][documents.MANIFEST])
    assert manifest["spec"]["scheduleName"] == "daily", "the one that holds every namespace"
    assert manifest["spec"]["namespaceMapping"] == {"restore-drill": "restore-drill-restored"}
    rights = [*documents.NAMESPACED_RIGHTS, *documents.CLUSTER_RIGHTS]
    assert all("*" not in (*one["resources"], *one["verbs"]) for one in rights)
    assert [one["resourceNames"] for one in documents.CLUSTER_RIGHTS] == [["restore-drill-restored"], ["restore-drill-canary"]]


def test_without_a_drill_there_is_no_job() -> None:
    done = built(drill=None, schedules={"some": {"namespaces": ["payments"]}})
    assert list(done.graph.of_type("kubernetes:batch/v1:CronJob")) == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schedules": {"some": {"namespaces": ["payments"]}}}, "which no schedule holds"),
        ({"schedules": {"odd": {"every_hours": 5}}}, "every_hours 5 divides no day"),
        ({"schedules": {}}, "at least 1 item"),
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ClusterBackupSettings.model_validate(fields)


def test_the_alert_allows_for_the_time_that_a_backup_takes() -> None:
    assert ClusterBackupSettings.model_validate({"schedules": {"daily": {}, "often": {"every_hours": 4}}}).late_hours == {
        "daily": 26,
        "often": 6,
    }


def test_the_environments_declare_it_but_for_dev() -> None:
    found = load_environments(EXAMPLES[0].parents[1] / "stacks" / "environments")
    assert {name: one.resilience.cluster is not None for name, one in found.items()} == {"dev": False, "prod": True, "staging": True}


def test_the_chart_makes_no_job_that_may_do_everything() -> None:
    made = values(SITE)
    assert (made["upgradeCRDs"], made["cleanUpCRDs"], made["schedules"]) == (False, False, {})
