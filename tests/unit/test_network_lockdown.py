"""A network is closed unless opened."""

from ipaddress import ip_address, ip_network

import pulumi_aws as aws
import pytest

from platform_components.network.addresses import Tier
from tests.unit.network_cases import ACL, FULL, SUBNET, ZONES, build, routes


def test_the_defaults_of_the_vpc_are_closed():
    deployment = build()
    group = deployment.one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup").inputs
    acl = deployment.one("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl").inputs
    table = deployment.one("aws:ec2/defaultRouteTable:DefaultRouteTable").inputs
    assert not {"ingress", "egress"} & (set(group) | set(acl))
    assert not table.get("routes")


def test_every_subnet_has_an_acl_of_ours_and_closed_tiers_admit_the_vpc_only():
    deployment = build(
        ipv6=True,
        secondary_cidrs={"pods": {"cidr": "100.64.0.0/16"}},
        network_acls={"tiers": ["database"], "allowed_cidrs": ["192.168.0.0/16", "2001:db8::/32"]},
    )
    opened, closed = deployment.one(ACL, "network-acl-open"), deployment.one(ACL, "network-acl-database")
    covered = [urn for acl in (opened, closed) for urn in acl.property_dependencies["subnetIds"]]
    subnets = {node.urn for node in deployment.graph.of_type(SUBNET)}
    assert len(opened.inputs["subnetIds"]) + len(closed.inputs["subnetIds"]) == len(subnets)
    assert subnets <= set(covered)
    blocks = {rule.get("cidrBlock") or rule["ipv6CidrBlock"] for rule in closed.inputs["ingress"]}
    assert blocks == {"10.32.0.0/16", "100.64.0.0/16", "192.168.0.0/16", "2001:db8::/32", deployment.value("ipv6_cidr")}
    assert [rule["ruleNo"] for rule in closed.inputs["egress"]] == [100, 111, 101, 120, 121]


def decision(acl, direction, address, port, protocol="6"):
    """What AWS makes of a packet: the lowest number that fits decides, and nothing that fits is a refusal."""
    for rule in sorted(acl.inputs[direction], key=lambda rule: rule["ruleNo"]):
        block = ip_network(rule.get("cidrBlock") or rule["ipv6CidrBlock"])
        ports = range(65536) if rule["protocol"] == "-1" else range(rule["fromPort"], rule["toPort"] + 1)
        if ip_address(address) in block and rule["protocol"] in ("-1", protocol) and port in ports:
            return rule["action"]
    return "deny"


WORLD, INSIDE, NAMED = ("198.51.100.7", "2001:db8:ffff::7"), ("10.32.9.9", "100.64.9.9"), ("192.168.7.7", "2001:db8::7")


@pytest.mark.parametrize("tiers", [[], ["database"]])
def test_open_tiers_refuse_admin_ports_to_the_world_and_nothing_else(tiers):
    """The ACL knows no connections: answers to what went out come in at any port that a client may have drawn."""
    deployment = build(
        ipv6=True,
        secondary_cidrs={"pods": {"cidr": "100.64.0.0/16"}},
        network_acls={"tiers": tiers, "allowed_cidrs": ["192.168.0.0/16", "2001:db8::/33"]},
    )
    acl = deployment.one(ACL, "network-acl-open")
    inside = (*INSIDE, str(ip_network(deployment.value("ipv6_cidr"))[7]))
    for port in (22, 3389):
        assert {decision(acl, "ingress", address, port) for address in WORLD} == {"deny"}
        assert {decision(acl, "ingress", address, port) for address in (*inside, *NAMED)} == {"allow"}
    for address in (*WORLD, *inside, *NAMED):
        # Services, and every port a client of ours may have drawn: NAT gateways draw from 1024, Linux from 32768, Windows from 49152.
        assert {decision(acl, "ingress", address, port) for port in (80, 443, 1024, 3388, 3390, 32768, 49152, 60999, 65535)} == {"allow"}
        assert decision(acl, "ingress", address, 3389, protocol="17") == "allow"
        assert {decision(acl, "egress", address, port) for port in (22, 443, 3389, 65535)} == {"allow"}


def test_rules_that_let_everyone_in_keep_their_numbers():
    """They must not be taken away and put back while traffic flows: only others may come before them."""
    for refuse in (True, False):
        acl = build(network_acls={"refuse_admin_ports": refuse}).one(ACL, "network-acl-open").inputs
        assert [rule for rule in acl["ingress"] if rule["ruleNo"] >= 100] == acl["egress"]
        assert [(rule["ruleNo"], rule["protocol"], rule["action"]) for rule in acl["egress"]] == [
            (100, "-1", "allow"),
            (101, "-1", "allow"),
        ]


def test_a_tier_that_closes_is_let_go_before_it_is_taken_over():
    """An ACL lets a subnet go by handing it to the default one, even out of the hands of another: the order decides where it ends."""
    deployment = build(network_acls={"tiers": ["database"]})
    assert deployment.one(ACL, "network-acl-open").urn in deployment.one(ACL, "network-acl-database").dependencies


def test_admin_ports_can_be_left_to_security_groups():
    acl = build(network_acls={"refuse_admin_ports": False, "allowed_cidrs": ["192.168.0.0/16"]}).one(ACL, "network-acl-open")
    assert [rule["ruleNo"] for rule in acl.inputs["ingress"]] == [100, 101]


def test_the_largest_acl_is_within_what_aws_takes():
    """20 rules of a family and direction, its own last refusal among them (VPC user guide, "Amazon VPC quotas")."""
    secondaries = {f"more{index}": {"cidr": f"100.{64 + index}.0.0/16"} for index in range(4)}
    allowed = [f"192.168.{index}.0/24" for index in range(8)]
    acl = build(ipv6=True, secondary_cidrs=secondaries, network_acls={"allowed_cidrs": allowed}).one(ACL, "network-acl-open").inputs
    assert len([rule for rule in acl["ingress"] if "cidrBlock" in rule]) + 1 == 17
    numbers = [rule["ruleNo"] for rule in acl["ingress"]]
    assert len(set(numbers)) == len(numbers)


def test_isolated_tiers_have_no_way_out():
    tables = {table for table, _, _ in routes(build(tiers=list(Tier), ipv6=True))}
    assert tables == {"prod-routes-public", *(f"prod-routes-private-{zone}" for zone in ZONES)}


def test_block_public_access_is_left_alone_unless_asked_for():
    assert not [node for node in build().graph if "BlockPublicAccess" in node.type]
    deployment = build(**FULL)
    options = deployment.one("aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions")
    assert options.inputs["internetGatewayBlockMode"] == "block-ingress"
    exempt = deployment.names("aws:ec2/vpcBlockPublicAccessExclusion:VpcBlockPublicAccessExclusion")
    assert exempt == [f"prod-exempt-public-{zone}" for zone in ZONES]
    whole = build(block_public_access={"exempt": "vpc"})
    exclusion = whole.one("aws:ec2/vpcBlockPublicAccessExclusion:VpcBlockPublicAccessExclusion").inputs
    assert exclusion["internetGatewayExclusionMode"] == "allow-egress"
    assert "vpcId" in exclusion


def test_subnets_of_others_that_fall_to_the_default_acl_are_no_drift(monkeypatch):
    seen = []
    original = aws.ec2.DefaultNetworkAcl.__init__

    def spy(self, name, *given, **kwargs):
        seen.append(kwargs["opts"].ignore_changes)
        original(self, name, *given, **kwargs)

    monkeypatch.setattr(aws.ec2.DefaultNetworkAcl, "__init__", spy)
    acl = build().one("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl")
    assert seen == [["subnetIds"]]
    assert not {"ingress", "egress", "subnetIds"} & set(acl.inputs)
