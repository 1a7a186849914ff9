"""Promises and what keeps them: refused where it does not; what a failure costs; and what a BackupPlan makes."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError
from typer.testing import CliRunner

from platform_components.data.database import Database
from platform_components.data.database_args import DatabaseArgs
from platform_components.declarations.data import DataSettings
from platform_components.declarations.environment import load_environment
from platform_components.declarations.team import LEFT_ALONE_VARIABLE
from platform_components.errors import DeclarationError
from platform_components.profile import Profile
from platform_components.resilience.args import PROFILE_DEFAULTS, BackupPlanArgs, ResilienceSettings
from platform_components.resilience.backup_plan import BackupPlan
from platform_components.resilience.documents import ended_badly
from platform_components.resilience.promises import broken, losses
from platformctl.__main__ import build_app
from platformctl.commands.recovery import PARTS, restores
from platformctl.project import find_project
from tests.support import deploy
from tests.unit.data_cases import TAGS, findings, network
from tests.unit.test_data_layer import HEAD

ROOT = Path(__file__).parents[2]
VAULT = "arn:aws:backup:eu-central-1:123456789012:backup-vault:dr"
COPIED = {"schedules": {"daily": {"copy_to": ["dr"]}}, "copies": {"dr": {"vault_arn": VAULT}}}
DATA = {"databases": {"orders": {"storage_gb": 400}}, "caches": {"sessions": {}}, "queues": {"jobs": {}}, "buckets": {"reports": {}}}


def refusals(data: dict[str, Any], promise: dict[str, Any]) -> list[str]:
    return [f"{field}: {why}" for _, field, why in broken(DataSettings.model_validate(data), ResilienceSettings.model_validate(promise))]


@pytest.mark.parametrize(
    ("data", "promise", "told"),
    [
        (DATA, {}, []),
        (DATA, {"rpo_hours": 0.01, "rto_hours": 0.1}, []),
        ({"databases": {"orders": {"standby": False}}}, {"rpo_hours": 0.01}, ["rpo_hours: 0.01 h are promised for the loss of a zone"]),
        ({"databases": {"orders": {"standby": False}}}, {"rto_hours": 0.5}, ["databases orders needs 0.6 h"]),
        (
            DATA,
            {"survives": "region", "rpo_hours": 24},
            ["databases orders would lose everything", "buckets reports would lose everything"],
        ),
        (DATA, {"survives": "region", "rpo_hours": 24, "backup": COPIED}, []),
        (DATA, {"survives": "region", "rpo_hours": 6, "backup": COPIED}, ["orders would lose 24 h", "reports would lose 24 h"]),
        (DATA, {"survives": "region", "rto_hours": 2, "backup": COPIED}, ["databases orders needs 2.5 h"]),
        (DATA, {"survives": "region", "rto_hours": 2, "backup": COPIED, "restore_gb_per_hour": 400}, []),
    ],
)
def test_a_promise_that_is_not_kept_is_refused(data: dict[str, Any], promise: dict[str, Any], told: list[str]) -> None:
    found = refusals(data, promise)
    assert len(found) == len(told), found
    for line, text in zip(found, told, strict=True):
        assert text in line


def test_the_file_names_the_promise(tmp_path: Path) -> None:
    body = "\ndata: {databases: {orders: {}}}\nresilience:\n  survives: region\n  rpo_hours: 4\n"
    path = tmp_path / "prod.yaml"
    path.write_text(HEAD.format(profile="production", cache="") + body, encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"prod.yaml:13  resilience.rpo_hours  4 h are promised for the loss of a region"):
        load_environment(path)


def test_copies_and_messages_on_their_way_are_told_and_promised_nothing() -> None:
    found = {(one.kind, one.name): one for one in losses(DataSettings.model_validate(DATA), ResilienceSettings(survives="region"))}
    assert found["queues", "jobs"].hours is None
    assert {key for key, one in found.items() if one.rebuilt} == {("queues", "jobs"), ("caches", "sessions"), ("volumes", "of pods")}


def test_what_pods_keep_in_volumes_is_as_old_as_its_snapshot() -> None:
    def lost(**given: Any) -> float | None:
        *_, volumes = losses(DataSettings(), ResilienceSettings.model_validate(given))
        return volumes.hours

    assert lost() == 24
    assert lost(cluster={"schedules": {"daily": {}, "often": {"every_hours": 4}}}) == 4
    assert lost(cluster={"schedules": {"daily": {}, "often": {"every_hours": 4, "namespaces": ["payments"]}}}) == 24
    assert lost(cluster=None) is None
    assert lost(survives="region") is None, "snapshots stay in their region"


def test_a_plan_covers_what_has_its_tag_and_passes_every_rule() -> None:
    def build() -> BackupPlan:
        Database("orders", DatabaseArgs.model_validate({"network": network(), "tags": TAGS}))
        return BackupPlan("prod", BackupPlanArgs.model_validate({**COPIED, "tag_value": "prod", "tags": TAGS}))

    found, asked = findings(build)
    assert found == []
    assert {"aws-backup-plan-covers-stateful", "aws-backup-vault-cmk"} <= asked
    other = deploy(lambda: BackupPlan("prod", BackupPlanArgs.model_validate({**COPIED, "tag_value": "prod"})))
    (rule,) = other.one("aws:backup/plan:Plan").value("rules")
    assert (rule["schedule"], rule["lifecycle"]["deleteAfter"]) == ("cron(0 3 * * ? *)", 35)
    assert rule["copyActions"][0]["destinationVaultArn"] == VAULT
    lock = other.one("aws:backup/vaultLockConfiguration:VaultLockConfiguration")
    assert (lock.value("minRetentionDays"), lock.value("maxRetentionDays")) == (7, 400)
    kinds = {
        node.value("protectedResourceType") for node in other.graph.of_type("aws:backup/restoreTestingSelection:RestoreTestingSelection")
    }
    assert kinds == {"RDS", "Aurora", "S3", "EBS"}


ROLE = "arn:aws:iam::123456789012:role/backup"
FAILED = {"iamRoleArn": ROLE, "state": "FAILED"}


def matches(pattern: Any, event: Any) -> bool:
    """Whether EventBridge would let an event through a pattern of plain values and `$or`."""
    for key, wanted in pattern.items():
        if key == "$or":
            if not any(matches(one, event) for one in wanted):
                return False
        elif isinstance(wanted, dict):
            if not matches(wanted, event.get(key, {})):
                return False
        elif event.get(key) not in wanted:
            return False
    return True


@pytest.mark.parametrize(
    ("kind", "detail", "told"),
    [
        ("Backup", FAILED, True),
        ("Backup", {**FAILED, "state": "EXPIRED"}, True),
        ("Copy", {**FAILED, "state": "ABORTED"}, True),
        ("Restore", {"iamRoleArn": ROLE, "status": "FAILED"}, True),
        ("Backup", {**FAILED, "state": "COMPLETED"}, False),
        ("Restore", {"iamRoleArn": ROLE, "status": "COMPLETED"}, False),
        ("Backup", {**FAILED, "iamRoleArn": f"{ROLE}-of-another"}, False),
    ],
)
def test_what_ended_badly_is_told_and_nothing_else(kind: str, detail: dict[str, str], told: bool) -> None:
    event = {"source": "aws.backup", "detail-type": f"{kind} Job State Change", "detail": detail}
    assert matches(ended_badly(ROLE), event) is told


def test_what_never_came_is_told() -> None:
    often = {"schedules": {"often": {"every_hours": 6, "copy_to": ["dr"]}, "weekly": {"every_hours": 168}}, "copies": COPIED["copies"]}
    notify = {"alarms": {"notify": ["platform@example.com"]}}
    done = deploy(lambda: BackupPlan("prod", BackupPlanArgs.model_validate({**often, **notify, "tag_value": "prod"})), preview=False)
    alarms = {node.name: node.inputs for node in done.graph.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")}
    assert set(alarms) == {"prod-missing", "prod-copies-missing"}
    for name, metric in (("prod-missing", "NumberOfBackupJobsCompleted"), ("prod-copies-missing", "NumberOfCopyJobsCompleted")):
        alarm = alarms[name]
        assert (alarm["metricName"], alarm["dimensions"]) == (metric, {"BackupVaultName": "prod-vault"})
        # Six hours, and nine that a job may take; no reading at all is the worst one.
        assert (alarm["period"], alarm["evaluationPeriods"], alarm["treatMissingData"]) == (3600, 15, "breaching")
        assert alarm["alarmActions"] == [done.value("alerts_topic_arn")]
        assert "BackupTooOld" in alarm["alarmDescription"]
    assert done.one("aws:sns/topicSubscription:TopicSubscription").inputs["endpoint"] == "platform@example.com"
    target = done.one("aws:cloudwatch/eventTarget:EventTarget").inputs
    assert target["arn"] == done.value("alerts_topic_arn")
    policy = json.loads(done.one("aws:sns/topic:Topic").inputs["policy"])["Statement"]
    events = next(one for one in policy if one["Principal"] == {"Service": "events.amazonaws.com"})
    assert events["Condition"] == {"ArnEquals": {"aws:SourceArn": "arn:aws:events:eu-west-1:123456789012:rule/prod-failed"}}


def test_a_week_is_the_longest_that_an_alarm_looks_back() -> None:
    assert BackupPlanArgs.model_validate({"tag_value": "prod", "schedules": {"weekly": {"every_hours": 168}}}).late_hours == 168


def test_an_auditor_is_shown_controls_that_say_what_is_configured() -> None:
    args = BackupPlanArgs.model_validate({**COPIED, "tag_value": "prod", "audit": {}, "tags": TAGS})
    found, _ = findings(lambda: BackupPlan("prod", args))
    assert found == []
    done = deploy(lambda: BackupPlan("prod", args), preview=False)
    framework = done.one("aws:backup/framework:Framework").inputs
    assert framework["name"] == "prod_framework"
    found_controls = {one["name"]: {it["name"]: it["value"] for it in one.get("inputParameters") or ()} for one in framework["controls"]}
    assert found_controls["BACKUP_LAST_RECOVERY_POINT_CREATED"] == {"recoveryPointAgeUnit": "hours", "recoveryPointAgeValue": "33"}
    assert found_controls["BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK"] == {"requiredRetentionDays": "35"}
    assert found_controls["BACKUP_RESOURCES_PROTECTED_BY_BACKUP_VAULT_LOCK"] == {"minRetentionDays": "7", "maxRetentionDays": "400"}
    assert "BACKUP_RESOURCES_PROTECTED_BY_CROSS_REGION" in found_controls
    reports = {
        node.inputs["reportSetting"]["reportTemplate"]: node.inputs for node in done.graph.of_type("aws:backup/reportPlan:ReportPlan")
    }
    assert len(reports) == 5
    assert reports["CONTROL_COMPLIANCE_REPORT"]["reportSetting"]["frameworkArns"]
    bucket = done.value("reports_bucket_name")
    assert {one["reportDeliveryChannel"]["s3BucketName"] for one in reports.values()} == {bucket}
    policy = json.loads(done.one("aws:s3/bucketPolicy:BucketPolicy", "prod-reports-policy").inputs["policy"])["Statement"]
    writer = next(one for one in policy if one["Sid"] == "RoleWrites")
    assert writer["Principal"]["AWS"].endswith(":role/aws-service-role/reports.backup.amazonaws.com/AWSServiceRoleForBackupReports")
    assert writer["Action"] == "s3:PutObject"


def test_a_plan_of_dev_is_thrown_away_whole() -> None:
    settings = ResilienceSettings.model_validate(PROFILE_DEFAULTS[Profile.DEV]).backup
    assert settings is not None
    done = deploy(lambda: BackupPlan("dev", BackupPlanArgs(**dict(settings), tag_value="dev")))
    assert done.one("aws:backup/vault:Vault").inputs["forceDestroy"] is True
    for kind in ("vaultLockConfiguration:VaultLockConfiguration", "restoreTestingPlan:RestoreTestingPlan"):
        assert list(done.graph.of_type(f"aws:backup/{kind}")) == []
    assert done.names("aws:kms/key:Key") == []
    assert list(done.graph.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")) == []


def test_a_plan_for_another_tag_leaves_a_database_uncovered() -> None:
    def build() -> None:
        Database("orders", DatabaseArgs.model_validate({"network": network(), "tags": TAGS}))
        BackupPlan("prod", BackupPlanArgs.model_validate({"tag_value": "staging", "tags": TAGS}))

    found, _ = findings(build)
    assert [one.split()[0] for one in found] == ["aws-backup-plan-covers-stateful"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schedules": {"daily": {"every_hours": 5}}}, "every_hours 5 divides no day"),
        ({"schedules": {"daily": {"copy_to": ["dr"]}}}, "schedules.daily.copy_to names dr, which copies does not have"),
        ({"schedules": {"daily": {"keep_days": 3}}}, "schedules.daily.keep_days 3 lies outside of the lock, 7 to 400"),
        ({"removal": "delete"}, "removal: delete needs lock: null"),
        ({"schedules": {"daily": {"cold_after_days": 30, "keep_days": 60}}}, "keep_days 60 is less than 90 days after cold_after_days 30"),
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        BackupPlanArgs.model_validate({"tag_value": "prod", **fields})


def test_every_layer_has_its_place_in_a_recovery() -> None:
    assert {layer for _, layer in PARTS} == set(find_project(ROOT).layers())


def test_dr_plan_tells_the_order_and_the_loss() -> None:
    root = ROOT
    told = json.loads(CliRunner().invoke(build_app(), ["dr", "plan", "dev", "--json", "-C", str(root)]).stdout)
    steps = [one["step"] for one in told["steps"]]
    assert steps.index("cluster") < steps.index("add-ons")
    assert all(one["resources"] > 0 for one in told["steps"])
    assert steps[:4] == ["network", "keys", "data stores", "restores"]
    assert told["steps"][3] == {"step": "restores", "command": "out of their log: databases platform", "resources": 1}
    assert told["promise"] == {"survives": "zone", "rpo_hours": 1, "rto_hours": 2}
    assert {(one["team"], one["kind"], one["name"]): one["lost_hours"] for one in told["lost"]} == {
        (None, "databases", "platform"): pytest.approx(1 / 12),
        (None, "buckets", "artifacts"): 0,
        (None, "queues", "events"): 0,
        (None, "caches", "builds"): None,
        (None, "volumes", "of pods"): None,
        ("payments", "queues", "events"): 0,
    }


def test_dr_plan_counts_what_teams_have_and_says_whose_it_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LEFT_ALONE_VARIABLE, "")
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    teams = tmp_path / "stacks" / "teams"
    declared = yaml.safe_load((teams / "payments.yaml").read_text(encoding="utf-8"))
    declared["data"] |= {"entries": {"kind": "database"}}
    (teams / "payments.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")
    (teams / "storefront.yaml").write_text("team: [", encoding="utf-8")
    ran = CliRunner().invoke(build_app(), ["dr", "plan", "dev", "-C", str(tmp_path)])
    assert "    team payments, databases entries: 0.1 h lost, back after 0.6 h (restored to the last five minutes" in ran.stdout
    *_, tenants, restore = [line for line in ran.stdout.splitlines() if " resources  " in line]
    assert "up dev.tenants-00" in tenants
    assert restore.endswith("restores        1 resources  out of their log: team payments, databases entries")
    assert "left as they are until that is put right: storefront\nwhat they hold is not counted here\n" in ran.stderr


def test_what_is_restored_out_of_what_is_told() -> None:
    prod = load_environment(ROOT / "stacks" / "environments" / "prod.yaml")
    lost = list(losses(prod.data, prod.resilience))
    assert [(one.name, one.command, one.resources) for part in ("network", "data", "platform") for one in restores(part, prod, lost)] == [
        ("restores", "out of the vault frankfurt: databases platform; buckets artifacts", 2),
        ("objects", "a Restore of Velero, of the newest good backup: daily", 1),
    ]
