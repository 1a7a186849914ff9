"""The road of the README: up, drift, up again, destroy, on the real engine, with AWS read back through boto3."""

import json
from typing import Any

import pytest

from tests.engine.conftest import Repository
from tests.engine.inventory import Names, inventory

DEFAULTS_OF_MOTO = {"default"}


def made_in(repository: Repository) -> dict[str, list[str]]:
    """Everything the sandbox's AWS holds that it did not hold when it started, by kind."""
    ec2, iam, eks, kms, logs, sqs, events, route53 = (
        repository.aws(name) for name in ("ec2", "iam", "eks", "kms", "logs", "sqs", "events", "route53")
    )
    vpcs = [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
    default_vpcs = {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if vpc["IsDefault"]}

    # Made by AWS itself when a service first needs its own key, and kept.
    of_aws = {item.get("TargetKeyId") for item in kms.list_aliases()["Aliases"] if item["AliasName"].startswith("alias/aws/")}

    def elsewhere(items: list[dict[str, Any]], key: str) -> list[str]:
        return [item[key] for item in items if item.get("VpcId") not in default_vpcs]

    return {
        "vpcs": vpcs,
        "subnets": elsewhere(ec2.describe_subnets()["Subnets"], "SubnetId"),
        "route tables": elsewhere(ec2.describe_route_tables()["RouteTables"], "RouteTableId"),
        "security groups": elsewhere(ec2.describe_security_groups()["SecurityGroups"], "GroupId"),
        "network acls": elsewhere(ec2.describe_network_acls()["NetworkAcls"], "NetworkAclId"),
        "nat gateways": [
            item["NatGatewayId"] for item in ec2.describe_nat_gateways()["NatGateways"] if item["State"] not in {"deleted", "deleting"}
        ],
        "internet gateways": [item["InternetGatewayId"] for item in ec2.describe_internet_gateways()["InternetGateways"]],
        "egress-only gateways": [
            item["EgressOnlyInternetGatewayId"] for item in ec2.describe_egress_only_internet_gateways()["EgressOnlyInternetGateways"]
        ],
        "addresses": [item["AllocationId"] for item in ec2.describe_addresses()["Addresses"]],
        "endpoints": [item["VpcEndpointId"] for item in ec2.describe_vpc_endpoints()["VpcEndpoints"] if item["State"] != "deleted"],
        "network interfaces": elsewhere(ec2.describe_network_interfaces()["NetworkInterfaces"], "NetworkInterfaceId"),
        "flow logs": [item["FlowLogId"] for item in ec2.describe_flow_logs()["FlowLogs"]],
        "launch templates": [item["LaunchTemplateId"] for item in ec2.describe_launch_templates()["LaunchTemplates"]],
        "roles": [item["RoleName"] for item in iam.list_roles()["Roles"]],
        "policies": [item["PolicyName"] for item in iam.list_policies(Scope="Local")["Policies"]],
        "instance profiles": [item["InstanceProfileName"] for item in iam.list_instance_profiles()["InstanceProfiles"]],
        "oidc providers": [item["Arn"] for item in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]],
        "clusters": eks.list_clusters()["clusters"],
        "keys": [
            item["KeyId"]
            for item in kms.list_keys()["Keys"]
            if item["KeyId"] not in of_aws and kms.describe_key(KeyId=item["KeyId"])["KeyMetadata"]["KeyState"] != "PendingDeletion"
        ],
        "key aliases": [item["AliasName"] for item in kms.list_aliases()["Aliases"] if not item["AliasName"].startswith("alias/aws/")],
        "log groups": [item["logGroupName"] for item in logs.describe_log_groups()["logGroups"]],
        "queues": sqs.list_queues().get("QueueUrls", []),
        "event rules": [item["Name"] for item in events.list_rules()["Rules"]],
        "zones": [item["Id"] for item in route53.list_hosted_zones()["HostedZones"]],
    }


@pytest.mark.long
def test_up_twice_from_nothing_then_drift_then_up_then_destroy(repository: Repository) -> None:
    started = repository.platformctl("sandbox", "start")
    before = made_in(repository)
    assert not any(before.values()), before
    assert "127.0.0.1" in started.stdout + started.stderr

    def bring_up() -> list[dict[str, Any]]:
        return json.loads(repository.platformctl("up", "dev", "--sandbox", "--yes", "--json").stdout)["layers"]

    stacks = [layer["stack"] for layer in bring_up()]
    made = made_in(repository)
    for kind in ("vpcs", "subnets", "route tables", "endpoints", "flow logs", "roles", "clusters", "keys", "log groups"):
        assert made[kind], f"no {kind} after up"

    first = inventory(repository, stacks)
    repository.platformctl("sandbox", "reset")
    assert made_in(repository) == before
    bring_up()
    assert inventory(repository, stacks).splitlines() == first.splitlines(), "the same declaration is the same environment, byte for byte"

    assert "no drift" in repository.platformctl("drift", "dev").stdout.lower()

    for layer in bring_up():
        assert set(layer["changes"]) <= {"same"}, layer
        assert layer["changes"]["same"] > 0

    repository.platformctl("destroy", "dev", "--sandbox", "--yes")
    assert made_in(repository) == before


def test_an_inventory_forgives_what_is_drawn_and_nothing_else() -> None:
    first = [
        {"id": "subnet-0123456789abcdef0", "cidr": "10.0.0.0/24"},
        {"id": "subnet-0fedcba9876543210", "in": "subnet-0123456789abcdef0"},
    ]
    drawn_anew = [
        {"id": "subnet-00000000000000001", "cidr": "10.0.0.0/24"},
        {"id": "subnet-00000000000000002", "in": "subnet-00000000000000001"},
    ]
    assert Names()(first) == Names()(drawn_anew)
    assert Names()(first) != Names()([first[0], {**first[1], "in": first[1]["id"]}]), "it lies in another subnet"
    assert Names()(first) != Names()([{**first[0], "cidr": "10.0.1.0/24"}, first[1]])


@pytest.mark.long
def test_plain_pulumi_command_lines(repository: Repository) -> None:
    repository.platformctl("sandbox", "start")
    for layer in ("network", "cluster"):
        stack = f"dev.{layer}"
        repository.pulumi("stack", "init", stack)
        repository.pulumi("preview", "-s", stack)
        repository.pulumi("up", "-s", stack, "--yes", "--skip-preview")
    assert repository.aws("eks").list_clusters()["clusters"]
    repository.pulumi("refresh", "-s", "dev.network", "--yes", "--expect-no-changes")
    for layer in ("cluster", "network"):
        repository.pulumi("destroy", "-s", f"dev.{layer}", "--yes", "--skip-preview")
    assert not any(made_in(repository).values())


def test_a_preview_shows_what_up_then_changes(repository: Repository) -> None:
    for layer in ("network", "cluster"):
        repository.platformctl("up", f"dev.{layer}", "--sandbox", "--yes")
    declaration = repository.root / "stacks" / "environments" / "dev.yaml"
    text = declaration.read_text(encoding="utf-8")
    declaration.write_text(text.replace("cluster:\n", "cluster:\n  logging: {types: [audit], retention_days: 7}\n"), encoding="utf-8")

    def steps(found: list[dict[str, Any]]) -> set[tuple[str, str]]:
        return {(step["op"], step["urn"]) for step in found if step["op"] != "same"}

    foretold = steps(json.loads(repository.pulumi("preview", "--json", "-s", "dev.cluster").stdout)["steps"])
    said = repository.pulumi("up", "--json", "--yes", "--skip-preview", "-s", "dev.cluster").stdout.splitlines()
    events = [json.loads(line) for line in said]
    assert steps([event["resourcePreEvent"]["metadata"] for event in events if "resourcePreEvent" in event]) == foretold
    assert [urn.rpartition("::")[2] for op, urn in sorted(foretold) if op == "update" and "$aws:" in urn] == ["dev-cluster"]


def test_two_sandboxes_side_by_side(repository: Repository) -> None:
    try:
        for name in ("one", "two"):
            repository.platformctl("sandbox", "start", "--name", name)
        urls = {
            name: json.loads(repository.platformctl("sandbox", "status", "--name", name, "--json").stdout)["url"] for name in ("one", "two")
        }
        assert urls["one"] != urls["two"]
        repository.platformctl("up", "dev.network", "--sandbox", "--sandbox-name", "one", "--yes")
        other = json.loads(repository.platformctl("sandbox", "env", "--name", "two", "--json").stdout)
        assert other["AWS_ENDPOINT_URL"] == urls["two"]
    finally:
        for name in ("one", "two"):
            repository.platformctl("sandbox", "stop", "--name", name, check=None)
