"""Promises and what keeps them: refused where it does not; what a failure costs; and what a BackupPlan makes."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from platform_components.data.database import Database
from platform_components.data.database_args import DatabaseArgs
from platform_components.declarations.data import DataSettings
from platform_components.declarations.environment import load_environment
from platform_components.errors import DeclarationError
from platform_components.resilience.args import BackupPlanArgs, ResilienceSettings
from platform_components.resilience.backup_plan import BackupPlan
from platform_components.resilience.promises import broken, losses
from platformctl.__main__ import build_app
from tests.support import deploy
from tests.unit.data_cases import TAGS, findings, network
from tests.unit.test_data_layer import HEAD

VAULT = "arn:aws:backup:eu-central-1:123456789012:backup-vault:dr"
COPIED = {"schedules": {"daily": {"copy_to": ["dr"]}}, "copies": {"dr": {"vault_arn": VAULT}}}
DATA = {"databases": {"orders": {"storage_gb": 400}}, "caches": {"sessions": {}}, "queues": {"jobs": {}}, "buckets": {"reports": {}}}


def refusals(data: dict[str, Any], promise: dict[str, Any]) -> list[str]:
    return [f"{field}: {why}" for field, why in broken(DataSettings.model_validate(data), ResilienceSettings.model_validate(promise))]


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
    assert {key for key, one in found.items() if one.rebuilt} == {("queues", "jobs"), ("caches", "sessions")}


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
    assert kinds == {"RDS", "Aurora", "S3"}


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
        ({"schedules": {"daily": {"cold_after_days": 30, "keep_days": 60}}}, "keep_days 60 is less than 90 days after cold_after_days 30"),
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        BackupPlanArgs.model_validate({"tag_value": "prod", **fields})


def test_dr_plan_tells_the_order_and_the_loss() -> None:
    root = Path(__file__).parents[2]
    told = json.loads(CliRunner().invoke(build_app(), ["dr", "plan", "dev", "--json", "-C", str(root)]).stdout)
    steps = [one["step"] for one in told["steps"]]
    assert steps[:3] == ["network", "keys", "cluster"]
    assert steps.index("cluster") < steps.index("add-ons")
    assert all(one["resources"] > 0 for one in told["steps"])
    assert told["promise"] == {"survives": "zone", "rpo_hours": None, "rto_hours": None}
    assert told["lost"] == []
