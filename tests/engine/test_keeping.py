"""What holds data is not replaced or deleted unless it is named: at the preview, by platformctl, and by the plain command line."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.conftest import Repository

pytestmark = pytest.mark.long

PROGRAM = """
import pulumi
import pulumi_aws as aws
import platform_components as platform

vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")
subnets = [
    aws.ec2.Subnet(f"net-{zone}", vpc_id=vpc.id, cidr_block=f"10.0.{index}.0/24", availability_zone=f"eu-west-1{zone}")
    for index, zone in enumerate("ab")
]
network = {"vpc_id": vpc.id, "subnet_ids": pulumi.Output.all(*(subnet.id for subnet in subnets))}
store = platform.Database(
    "orders", platform.DatabaseArgs(network=network, alarms={"enabled": False}, database="DATABASE", backup_days=DAYS)
)
"""
URN = "urn:pulumi:demo::keeping::platform-components:index:Database$aws:rds/instance:Instance::orders"


def write(repository: Repository, database: str, days: int = 14) -> None:
    (repository.root / "Pulumi.yaml").write_text("name: keeping\nruntime: python\nconfig:\n  aws:region: eu-west-1\n", encoding="utf-8")
    program = PROGRAM if database else PROGRAM[: PROGRAM.index("store =")]
    (repository.root / "__main__.py").write_text(program.replace("DATABASE", database).replace("DAYS", str(days)), encoding="utf-8")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    repository = Repository(tmp_path_factory.mktemp("keeping"))
    write(repository, "orders")
    repository.platformctl("up", "demo", "--sandbox")
    yield repository
    repository.platformctl("sandbox", "stop", check=None)


def databases(shop: Repository) -> dict[str, str]:
    return {one["DBInstanceIdentifier"]: one["DBName"] for one in shop.aws("rds").describe_db_instances()["DBInstances"]}


def state(shop: Repository) -> dict[str, Any]:
    exported = json.loads(shop.pulumi("stack", "export", "-s", "demo").stdout)
    return {one["urn"]: one for one in exported["deployment"]["resources"]}


def test_a_change_in_place_is_no_loss(shop: Repository) -> None:
    write(shop, "orders", days=21)
    shop.platformctl("up", "demo", "--sandbox")
    assert [one["BackupRetentionPeriod"] for one in shop.aws("rds").describe_db_instances()["DBInstances"]] == [21]


def test_a_replacement_is_refused_until_it_is_named(shop: Repository) -> None:
    before = databases(shop)
    write(shop, "ledger", days=21)
    for arguments in (("--dry-run",), ()):
        said = shop.platformctl("up", "demo", "--sandbox", *arguments, check=1).stderr
        assert f"rds/instance:Instance orders is protected and would be replaced since dbName, identifier would change: {URN}" in said
        assert f"--allow-replace '{URN}'" in said
    refused = json.loads(shop.platformctl("up", "demo", "--sandbox", "--json", check=1).stdout)["refused"]
    assert [(one["urn"], one["fate"], one["properties"]) for one in refused] == [(URN, "replaced", ["dbName", "identifier"])]
    # By the plain command line too, in a preview and in an update.
    for command in (("preview",), ("up", "--yes", "--skip-preview")):
        finished = shop.pulumi(*command, "-s", "demo", check=None)
        assert finished.returncode != 0
        assert f'unable to replace resource "{URN}"' in finished.stdout + finished.stderr
    assert databases(shop) == before

    shop.platformctl("up", "demo", "--sandbox", "--dry-run", "--allow-replace", URN)
    assert databases(shop) == before
    stray = shop.platformctl("up", "demo", "--sandbox", "--allow-replace", URN, "--allow-replace", f"{URN}-other", check=2)
    assert "would be neither replaced nor deleted" in stray.stderr

    shop.platformctl("up", "demo", "--sandbox", "--allow-replace", URN)
    after = databases(shop)
    # The new one is there and protected; the old one is left in AWS, which is what `removal: keep` says.
    assert before.items() < after.items()
    assert sorted(after.values()) == ["ledger", "orders"]
    assert state(shop)[URN]["protect"] is True


def test_a_removal_is_refused_until_it_is_named(shop: Repository) -> None:
    before = databases(shop)
    write(shop, "")
    said = shop.platformctl("up", "demo", "--sandbox", check=1).stderr
    assert f"rds/instance:Instance orders is protected and would be deleted: {URN}" in said
    assert databases(shop) == before
    assert URN in state(shop)


def test_a_destroy_is_refused(shop: Repository) -> None:
    before = databases(shop)
    finished = shop.platformctl("destroy", "demo", "--sandbox", "--yes", check=None)
    assert finished.returncode == 2
    assert "protect" in finished.stderr + finished.stdout
    assert databases(shop) == before
