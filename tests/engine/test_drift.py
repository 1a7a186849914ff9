"""What somebody changes behind the platform's back, and what its owner changes in the file: shown, repaired, and nothing replaced."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.conftest import Repository, copy_repository
from tests.engine.test_bring_up import made_in

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """The network of dev, up; every test leaves it as it is declared."""
    copy = copy_repository(tmp_path_factory.mktemp("drift") / "platform")
    copy.platformctl("up", "dev.network", "--sandbox", "--yes")
    yield copy
    copy.platformctl("sandbox", "stop", check=None)


def test_changes_out_of_band_are_shown_and_repaired(network: Repository) -> None:
    ec2 = network.aws("ec2")
    made = made_in(network)
    vpc, subnet = made["vpcs"][0], made["subnets"][0]

    def read() -> tuple[object, object]:
        tags = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Tags"]
        attribute = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["MapPublicIpOnLaunch"]
        return sorted((tag["Key"], tag["Value"]) for tag in tags), attribute

    declared = read()
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Environment", "Value": "somebody-elses"}])
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    changed = read()
    assert all(now != before for now, before in zip(changed, declared, strict=True))

    shown = network.platformctl("drift", "dev.network", check=1).stdout
    assert "somebody-elses" in shown
    assert "mapPublicIpOnLaunch" in shown
    assert read() == changed, "drift only looks"

    network.platformctl("up", "dev.network", "--sandbox", "--yes")
    assert read() == declared


def test_a_deleted_resource_is_drift_and_is_made_again(network: Repository) -> None:
    ec2 = network.aws("ec2")
    flow_log = made_in(network)["flow logs"][0]
    ec2.delete_flow_logs(FlowLogIds=[flow_log])
    network.platformctl("drift", "dev.network", check=1)
    network.platformctl("up", "dev.network", "--sandbox", "--yes")
    assert len(made_in(network)["flow logs"]) == 1
    network.platformctl("drift", "dev.network")


def test_adding_a_zone_and_closing_a_tier_replace_nothing(network: Repository) -> None:
    before = {kind: set(ids) for kind, ids in made_in(network).items()}
    declaration = network.root / "stacks" / "environments" / "dev.yaml"
    text = declaration.read_text(encoding="utf-8")
    assert "zones: [euw1-az1, euw1-az2]" in text
    declaration.write_text(text.replace("zones: [euw1-az1, euw1-az2]", "zones: [euw1-az1, euw1-az2, euw1-az3]"), encoding="utf-8")
    result = json.loads(network.platformctl("up", "dev.network", "--sandbox", "--yes", "--json").stdout)
    changes = result["layers"][0]["changes"]
    assert "replace" not in changes
    assert "delete" not in changes
    assert changes["create"] > 0
    after = {kind: set(ids) for kind, ids in made_in(network).items()}
    for kind, ids in before.items():
        assert ids <= after[kind], f"{kind} lost {ids - after[kind]}"

    closing = declaration.read_text(encoding="utf-8").replace("network:\n", "network:\n  network_acls: {tiers: [database]}\n")
    for text, role in ((closing, "database"), (closing.replace("[database]", "[cache]"), "open")):
        declaration.write_text(text, encoding="utf-8")
        network.platformctl("up", "dev.network", "--sandbox", "--yes", "--no-refresh")
        assert acls_of(network, "database") == {f"dev-network-acl-{role}"}, "no subnet is left to the default ACL, which is closed"


def acls_of(repository: Repository, tier: str) -> set[str]:
    """Names of the network ACLs that the subnets of a tier have."""
    ec2 = repository.aws("ec2")

    def name(item: dict[str, Any]) -> str:
        return next((tag["Value"] for tag in item.get("Tags", ()) if tag["Key"] == "Name"), "")

    subnets = {item["SubnetId"] for item in ec2.describe_subnets()["Subnets"] if name(item).startswith(f"dev-{tier}-")}
    assert subnets
    held = [(one["SubnetId"], name(acl)) for acl in ec2.describe_network_acls()["NetworkAcls"] for one in acl["Associations"]]
    return {acl for subnet, acl in held if subnet in subnets}
