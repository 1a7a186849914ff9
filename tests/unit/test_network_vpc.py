"""The Vpc component: what it registers, and what growing it changes."""

import json
from ipaddress import ip_address, ip_network
from itertools import pairwise

import pulumi
import pulumi_aws as aws
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from platform_policies.graph import UNKNOWN
from pydantic import ValidationError

from platform_components.component import public_outputs
from platform_components.errors import DeclarationError
from platform_components.network.addresses import Tier, plan_addresses
from platform_components.network.args import PROFILE_DEFAULTS, VpcArgs
from platform_components.network.endpoint_services import GATEWAY_SERVICES, PROFILES
from platform_components.network.vpc import Vpc
from platform_components.profile import Profile, with_defaults
from platformctl.sdk_types import check_inputs
from tests.support import deploy

ZONES = ("euw1-az1", "euw1-az2", "euw1-az3")
SUBNET = "aws:ec2/subnet:Subnet"
ROUTE = "aws:ec2/route:Route"
NAT = "aws:ec2/natGateway:NatGateway"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
ACL = "aws:ec2/networkAcl:NetworkAcl"

# Inputs that list what there is: a new zone or tier joins them, and AWS updates them in place.
LISTS = {
    "aws:ec2/networkAcl:NetworkAcl": {"subnetIds", "ingress"},
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"subnetIds", "routeTableIds"},
    "aws:rds/subnetGroup:SubnetGroup": {"subnetIds"},
    "aws:elasticache/subnetGroup:SubnetGroup": {"subnetIds"},
    "aws:ec2transitgateway/vpcAttachment:VpcAttachment": {"subnetIds"},
    "platform-components:index:Vpc": {
        "zones",
        "tiers",
        "nat",
        "ipv6",
        "nat_zone",
        "endpoints",
        "secondary_cidrs",
        "peerings",
        "extra_endpoints",
    },
}


def args(**given):
    return VpcArgs.model_validate({"cidr": "10.32.0.0/16", "zones": ZONES, **given})


def build(preview=False, name="prod", **given):
    return deploy(lambda: Vpc(name, args(**given)), preview=preview)


def inputs_by_urn(deployment):
    return {
        node.urn: {key: value for key, value in node.inputs.items() if key not in LISTS.get(node.type, ())} for node in deployment.graph
    }


def assert_grows(before, after, *, but=()):
    """Every resource of the first graph stands in the second with the same inputs, lists aside."""
    old, new = inputs_by_urn(before), inputs_by_urn(after)
    for urn, inputs in old.items():
        if not any(part in urn for part in but):
            assert new.get(urn) == inputs, urn
    for acl in before.graph.of_type(ACL):
        assert all(rule in after.graph.by_urn[acl.urn].inputs["ingress"] for rule in acl.inputs["ingress"]), acl.urn


def routes(deployment):
    """Each route as (table, destination, kind of target)."""
    names = {node.urn: node.name for node in deployment.graph}
    found = set()
    for node in deployment.graph.of_type(ROUTE):
        target = next(key for key in node.inputs if key not in ("routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock"))
        (table,) = node.property_dependencies["routeTableId"]
        behind = node.property_dependencies.get(target, ())
        to = names[behind[0]] if behind else node.inputs[target]
        found.add((names[table], node.inputs.get("destinationCidrBlock") or node.inputs["destinationIpv6CidrBlock"], to))
    return found


def test_the_graph_of_a_default_network_is_frozen():
    kinds = {}
    for kind, name in build().shape():
        kinds.setdefault(kind.rpartition(":")[2], []).append(name.removeprefix("prod-"))
    per_zone = ["az1", "az2", "az3"]
    assert {kind: len(names) for kind, names in kinds.items()} == {
        "Vpc": 2,
        "Subnet": 12,
        "RouteTable": 6,
        "RouteTableAssociation": 12,
        "InternetGateway": 1,
        "Eip": 3,
        "NatGateway": 3,
        "Route": 4,
        "VpcEndpoint": 2,
        "NetworkAcl": 1,
        "DefaultNetworkAcl": 1,
        "DefaultRouteTable": 1,
        "DefaultSecurityGroup": 1,
        "SubnetGroup": 1,
        "Key": 1,
        "LogGroup": 1,
        "Role": 1,
        "RolePolicy": 1,
        "FlowLog": 1,
    }
    tiers = ("public", "private", "intra", "database")
    assert kinds["Subnet"] == sorted(f"{tier}-euw1-{zone}" for tier in tiers for zone in per_zone)
    assert kinds["RouteTable"] == [
        "routes-database",
        "routes-intra",
        *(f"routes-private-euw1-{zone}" for zone in per_zone),
        "routes-public",
    ]
    assert kinds["Route"] == [*(f"route-private-euw1-{zone}-nat" for zone in per_zone), "route-public-internet"]


def test_every_child_belongs_to_the_component_and_carries_its_name():
    deployment = build(ipv6=True, endpoints="eks-private", nat="regional")
    component = deployment.one("platform-components:index:Vpc")
    children = [node for node in deployment.graph if node.type.startswith("aws:")]
    assert len(children) > 50
    assert all(node.parent == component.urn for node in children)
    assert all(node.name.startswith("prod-") for node in children)


FULL = {
    "tiers": list(Tier),
    "ipv6": True,
    "dns64": True,
    "endpoints": "eks-private",
    "extra_endpoints": ["kafka"],
    "secondary_cidrs": {"pods": {"cidr": "100.64.0.0/16"}},
    "query_logs": {"enabled": True},
    "logs_encryption": {"owned_key": True},
    "network_acls": {"tiers": ["database", "cache"], "allowed_cidrs": ["192.168.0.0/16"]},
    "dns_firewall": {"blocked_domains": ["bad.example"], "allowed_domains": ["*.good.example"], "allow_only_listed": True},
    "private_zones": {
        "internal.example": {"associated_vpcs": {"shared": {"vpc_id": "vpc-2"}, "audit": {"vpc_id": "vpc-3", "other_account": True}}}
    },
    "transit_gateway": {"id": "tgw-1", "destinations": ["172.16.0.0/12", "2001:db8::/32"], "route_tiers": ["private", "database"]},
    "peerings": {"shared": {"vpc_id": "vpc-2", "destinations": ["10.64.0.0/16"]}},
    "block_public_access": {"account_mode": "block-ingress", "exempt": "public"},
    "dhcp": {"domain_name": "internal.example"},
    "karpenter_discovery": "prod",
}


@pytest.mark.parametrize(
    "given", [{}, FULL, {"nat": "regional"}, {"nat": "none"}, {"cidr": None, "ipam": {"pool_id": "ipam-pool-1", "netmask_length": 18}}]
)
def test_preview_shows_the_graph_that_up_makes(given):
    assert build(preview=True, **given).shape() == build(**given).shape()


def test_two_networks_coexist_in_one_stack():
    deployment = deploy(lambda: [Vpc("blue", args(**FULL)), Vpc("green", args(**{**FULL, "cidr": "10.33.0.0/16"}))])
    urns = [node.urn for node in deployment.graph]
    assert len(urns) == len(set(urns))
    assert len(deployment.names(SUBNET)) == 2 * 6 * 3


def test_all_outputs_are_registered_and_none_is_secret():
    deployment = build(**FULL)
    component = deployment.one("platform-components:index:Vpc")
    assert set(component.outputs) >= set(public_outputs(Vpc)) - {"urn"}
    for name in public_outputs(Vpc):
        assert not deployment.output(name).secret
    assert '"secret": true' not in json.dumps([dict(node.inputs) for node in deployment.graph])


def test_outputs_tell_of_what_was_made():
    deployment = build(tiers=list(Tier), zones=["euw1-az3", "euw1-az1", "euw1-az2"])
    by_zone = deployment.value("subnet_ids_by_zone")
    assert {tier: list(zones) for tier, zones in by_zone.items()} == {tier: list(ZONES) for tier in by_zone}
    assert deployment.value("subnet_ids") == {tier: list(zones.values()) for tier, zones in by_zone.items()}
    assert set(by_zone) == {"public", "private", "intra", "database", "cache"}
    assert deployment.value("cidr") == "10.32.0.0/16"
    assert deployment.value("vpc_id").startswith("vpc-")
    assert len(deployment.value("nat_public_ips")) == 3
    assert list(deployment.value("nat_gateway_ids")) == list(ZONES)
    assert list(deployment.value("endpoint_ids")) == ["s3", "dynamodb"]
    assert deployment.value("database_subnet_group_name")
    assert deployment.value("cache_subnet_group_name")
    assert deployment.value("flow_log_group_name").startswith("prod-flow-logs")
    for absent in ("ipv6_cidr", "endpoint_security_group_id", "query_log_group_name", "transit_gateway_attachment_id"):
        assert deployment.value(absent) is None


def test_a_ref_carries_what_other_components_need():
    def program():
        ref = Vpc("prod", args()).ref()
        return {"cidr": ref.cidr, "private": ref.subnets("private"), "none": ref.subnets("cache")}

    deployment = deploy(program)
    assert deployment.value("cidr") == "10.32.0.0/16"
    assert len(deployment.value("private")) == 3
    assert deployment.value("none") == []


def test_the_caller_s_options_stay_with_the_component():
    deployment = deploy(lambda: Vpc("prod", args(), pulumi.ResourceOptions(protect=True, aliases=[pulumi.Alias(name="old")])))
    assert deployment.one("aws:ec2/vpc:Vpc").parent == deployment.one("platform-components:index:Vpc").urn


@pytest.mark.parametrize("name", ["x" * 33, "Prod", "prod_1"])
def test_a_bad_name_is_refused_before_anything_is_registered(name):
    with pytest.raises(DeclarationError, match="the name"):
        deploy(lambda: Vpc(name, args()))


# Growth


@pytest.mark.parametrize("nat", ["none", "per-zone", "regional", "single"])
def test_adding_a_zone_leaves_every_resource_as_it_was(nat):
    before = build(zones=ZONES[:2], nat=nat, tiers=list(Tier), ipv6=True, endpoints="eks-private")
    after = build(zones=ZONES, nat=nat, tiers=list(Tier), ipv6=True, endpoints="eks-private")
    assert_grows(before, after)
    assert len(after.names(SUBNET)) == len(before.names(SUBNET)) + 5


def test_adding_a_lower_zone_leaves_every_resource_as_it_was_where_the_single_gateway_s_zone_is_set():
    before = build(zones=ZONES[1:], nat="single", nat_zone="euw1-az2")
    assert_grows(before, build(nat="single", nat_zone="euw1-az2"))


def test_adding_tiers_in_any_order_leaves_every_resource_as_it_was():
    stages = [["private", "public"], ["cache", "public", "private"], ["database", "private", "cache", "public"], list(Tier)]
    graphs = [build(tiers=tiers, ipv6=True) for tiers in stages]
    for before, after in pairwise(graphs):
        assert_grows(before, after)


def test_adding_a_secondary_block_ipv6_endpoints_or_a_peering_leaves_every_resource_as_it_was():
    before = build()
    assert_grows(before, build(secondary_cidrs={"pods": {"cidr": "100.64.0.0/16"}}))
    assert_grows(
        before, build(endpoints="airgapped", nat="none", tiers=["private", "intra", "database"]), but=("nat", "public", "internet")
    )
    assert_grows(before, build(peerings={"shared": {"vpc_id": "vpc-2", "destinations": ["10.64.0.0/16"]}}))
    dual = build(ipv6=True)
    for node in before.graph:
        grown = dual.graph.by_urn[node.urn].inputs
        assert all(grown[key] == value for key, value in node.inputs.items() if key not in LISTS.get(node.type, ())), node.urn


def test_the_order_of_writing_changes_nothing():
    one = build(zones=ZONES, tiers=["public", "private", "intra"], tags={"a": "1", "b": "2"})
    other = build(zones=ZONES[::-1], tiers=["intra", "private", "public"], tags={"b": "2", "a": "1"})
    assert inputs_by_urn(one).keys() == inputs_by_urn(other).keys()
    assert_grows(one, other)


def test_a_change_of_nat_retargets_routes_and_moves_no_subnet():
    modes = {mode: build(nat=mode) for mode in ("none", "single", "per-zone", "regional")}
    for before in modes.values():
        for after in modes.values():
            assert_grows(before, after, but=(NAT, "aws:ec2/eip:Eip", ROUTE))
    assert modes["single"].names(ROUTE) == modes["per-zone"].names(ROUTE) == modes["regional"].names(ROUTE)
    assert set(modes["single"].names(NAT)) < set(modes["per-zone"].names(NAT))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(ZONES), min_size=1, unique=True), st.lists(st.sampled_from(list(Tier)), min_size=1, unique=True))
def test_subnets_are_those_of_the_plan(zones, tiers):
    nat = "regional" if Tier.PRIVATE in tiers else "none"
    deployment = build(zones=zones, tiers=tiers, nat=nat)
    found = {node.name.removeprefix("prod-"): node.inputs["cidrBlock"] for node in deployment.graph.of_type(SUBNET)}
    plan = plan_addresses(args().cidr, tiers, zones)
    assert found == {f"{tier}-{zone}": str(block) for (tier, zone), block in plan.items()}


LIKELY = {
    "cidr": st.sampled_from(["10.32.0.0/16", "10.32.0.0/20", "10.32.0.0/24", "172.20.0.0/18", None]),
    "ipam": st.sampled_from([None, {"pool_id": "p"}, {"pool_id": "p", "netmask_length": 18}]),
    "zones": st.lists(st.sampled_from(ZONES), min_size=1, unique=True),
    "tiers": st.lists(st.sampled_from([tier.value for tier in Tier]), min_size=1, unique=True),
    "layout": st.sampled_from(
        [{}, {"zone_slots": 8}, {"zone_order": {"euw1-az1": 3}}, {"blocks": {"cache": {"euw1-az2": "10.32.14.0/28"}}}]
    ),
    "secondary_cidrs": st.sampled_from([{}, {"pods": {"cidr": "100.64.0.0/16"}}, {"pods": {"cidr": "100.64.0.0/22"}}]),
    "nat": st.sampled_from(["none", "single", "per-zone", "regional"]),
    "nat_eip_ids": st.sampled_from([{}, {"euw1-az1": "eipalloc-1"}]),
    "ipv6": st.booleans(),
    "ipv6_egress": st.booleans(),
    "dns64": st.booleans(),
    "endpoints": st.sampled_from(["minimal", "eks-private", "airgapped"]),
    "extra_endpoints": st.sampled_from([(), ("kafka",), ("ec2", "s3")]),
    "endpoint_settings": st.sampled_from([{}, {"tier": "intra"}, {"organization_id": "o-abcdefghij"}]),
    "network_acls": st.sampled_from([{}, {"tiers": ["database"]}, {"tiers": ["intra", "cache"]}]),
    "flow_logs": st.sampled_from([{}, {"destination": "none"}]),
    "logs_encryption": st.sampled_from([{}, {"owned_key": False}]),
    "transit_gateway": st.sampled_from(
        [None, {"id": "tgw-1", "destinations": ["192.168.0.0/16"], "route_tiers": ["intra"], "tier": "intra"}]
    ),
    "block_public_access": st.sampled_from([{}, {"exempt": "public"}, {"account_mode": "block-bidirectional", "exempt": "vpc"}]),
}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(st.fixed_dictionaries({}, optional=LIKELY), st.booleans())
def test_whatever_is_accepted_can_be_built(given, preview):
    try:
        accepted = args(**given)
    except ValidationError as error:
        event("refused: " + str(error.errors()[0]["loc"][0]))
        return
    deployment = deploy(lambda: Vpc("prod", accepted), preview=preview)
    assert len({node.urn for node in deployment.graph}) == len(deployment.graph.nodes)
    assert len(deployment.names(SUBNET)) == len(accepted.zones) * (len(accepted.tiers) + len(accepted.secondary_cidrs))
    assert not [node for node in deployment.graph if node.type.startswith("aws:") and check_inputs(node.type, node.inputs, required=True)]


# NAT and routes


def test_nat_per_zone_routes_each_zone_through_its_own_gateway():
    found = routes(build())
    assert found == {
        ("prod-routes-public", "0.0.0.0/0", "prod-internet"),
        *((f"prod-routes-private-{zone}", "0.0.0.0/0", f"prod-nat-{zone}") for zone in ZONES),
    }


@pytest.mark.parametrize(("nat_zone", "gateway"), [(None, "prod-nat-euw1-az1"), ("euw1-az2", "prod-nat-euw1-az2")])
def test_nat_single_routes_all_zones_through_one_gateway(nat_zone, gateway):
    deployment = build(nat="single", nat_zone=nat_zone)
    assert deployment.names(NAT) == deployment.names("aws:ec2/eip:Eip") == [gateway]
    assert {target for table, _, target in routes(deployment) if "private" in table} == {gateway}


def test_nat_none_has_no_gateway_and_keeps_the_zone_tables():
    deployment = build(nat="none")
    assert deployment.names(NAT) == deployment.names("aws:ec2/eip:Eip") == []
    assert deployment.names(ROUTE) == ["prod-route-public-internet"]
    assert "prod-routes-private-euw1-az2" in deployment.names("aws:ec2/routeTable:RouteTable")


def test_nat_regional_is_one_gateway_of_the_vpc_that_needs_no_public_tier():
    deployment = build(nat="regional", tiers=["private"])
    gateway = deployment.one(NAT)
    assert gateway.inputs["availabilityMode"] == "regional"
    assert "vpcId" in gateway.inputs
    assert not {"subnetId", "allocationId", "availabilityZoneAddresses"} & set(gateway.inputs)
    assert deployment.names("aws:ec2/eip:Eip") == []
    assert deployment.one("aws:ec2/internetGateway:InternetGateway").urn in gateway.dependencies
    assert {target for _, _, target in routes(deployment)} == {"prod-nat-regional"}


def test_addresses_of_ones_own_are_used_for_gateways():
    ids = {zone: f"eipalloc-{zone[-1]}" for zone in ZONES}
    zonal = build(nat_eip_ids=ids)
    assert zonal.names("aws:ec2/eip:Eip") == []
    assert {node.name[-8:]: node.inputs["allocationId"] for node in zonal.graph.of_type(NAT)} == ids
    regional = build(nat="regional", nat_eip_ids=ids).one(NAT)
    assert regional.inputs["availabilityZoneAddresses"] == [{"availabilityZoneId": zone, "allocationIds": [ids[zone]]} for zone in ZONES]


def test_gateways_wait_for_the_internet_gateway_and_go_before_it():
    deployment = build()
    internet = deployment.one("aws:ec2/internetGateway:InternetGateway").urn
    assert all(internet in node.dependencies for node in deployment.graph.of_type(NAT, "aws:ec2/eip:Eip"))


def test_ipv6_gives_every_subnet_a_block_and_complete_routes():
    deployment = build(ipv6=True, dns64=True, tiers=list(Tier))
    assert deployment.one("aws:ec2/vpc:Vpc").inputs["assignGeneratedIpv6CidrBlock"] is True
    blocks = [node.inputs["ipv6CidrBlock"] for node in deployment.graph.of_type(SUBNET)]
    assert len(set(blocks)) == 15
    assert all(block.endswith("::/64") for block in blocks)
    six = {(table, destination, target) for table, destination, target in routes(deployment) if ":" in destination}
    assert six == {
        ("prod-routes-public", "::/0", "prod-internet"),
        *((f"prod-routes-private-{zone}", "::/0", "prod-egress6") for zone in ZONES),
        *((f"prod-routes-private-{zone}", "64:ff9b::/96", f"prod-nat-{zone}") for zone in ZONES),
    }
    dns64 = {node.name for node in deployment.graph.of_type(SUBNET) if node.inputs.get("enableDns64")}
    assert dns64 == {f"prod-private-{zone}" for zone in ZONES}
    assigned = {node.name.split("-")[1] for node in deployment.graph.of_type(SUBNET) if node.inputs["assignIpv6AddressOnCreation"]}
    assert assigned == {"private", "intra", "database", "cache"}


def test_ipv6_egress_can_be_left_out_and_a_pool_can_give_the_block():
    deployment = build(ipv6=True, ipv6_egress=False)
    assert deployment.names("aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway") == []
    pooled = build(preview=True, ipv6=True, ipv6_pool={"pool_id": "ipam-pool-6"}).one("aws:ec2/vpc:Vpc").inputs
    assert (pooled["ipv6IpamPoolId"], pooled["ipv6NetmaskLength"]) == ("ipam-pool-6", 56)
    assert "assignGeneratedIpv6CidrBlock" not in pooled


def test_no_subnet_gives_public_addresses_by_itself():
    assert all(node.inputs["mapPublicIpOnLaunch"] is False for node in build(**FULL).graph.of_type(SUBNET))


def test_subnets_are_placed_by_zone_id():
    found = {node.name[-8:]: node.inputs["availabilityZoneId"] for node in build().graph.of_type(SUBNET)}
    assert found == {zone: zone for zone in ZONES}


# Addresses from elsewhere


def test_a_secondary_block_is_a_tier_that_waits_for_its_association_and_shares_the_zone_tables():
    deployment = build(secondary_cidrs={"pods": {"cidr": "100.64.0.0/16"}})
    association = deployment.one("aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation")
    pods = [node for node in deployment.graph.of_type(SUBNET) if "-pods-" in node.name]
    assert sorted(node.inputs["cidrBlock"] for node in pods) == ["100.64.0.0/18", "100.64.128.0/18", "100.64.64.0/18"]
    assert all(association.urn in node.property_dependencies["cidrBlock"] for node in pods)
    assert len(deployment.names("aws:ec2/routeTable:RouteTable")) == 6
    assert deployment.value("secondary_cidr_blocks") == {"pods": "100.64.0.0/16"}
    assert len(deployment.value("subnet_ids")["pods"]) == 3


def test_a_pool_s_block_is_planned_at_the_same_places():
    pooled = build(cidr=None, ipam={"pool_id": "ipam-pool-1", "netmask_length": 16})
    vpc = pooled.one("aws:ec2/vpc:Vpc").inputs
    assert (vpc["ipv4IpamPoolId"], vpc["ipv4NetmaskLength"]) == ("ipam-pool-1", 16)
    assert "cidrBlock" not in vpc
    block = pooled.value("cidr")
    plain = build(cidr=block)
    cidrs = [{node.name: node.inputs["cidrBlock"] for node in one.graph.of_type(SUBNET)} for one in (pooled, plain)]
    assert cidrs[0] == cidrs[1]


def test_a_secondary_block_may_come_from_a_pool():
    deployment = build(preview=True, secondary_cidrs={"pods": {"ipam": {"pool_id": "ipam-pool-1", "netmask_length": 18}}})
    association = deployment.one("aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation").inputs
    assert (association["ipv4IpamPoolId"], association["ipv4NetmaskLength"]) == ("ipam-pool-1", 18)
    assert deployment.one(SUBNET, "pods-euw1-az1").inputs["cidrBlock"] == UNKNOWN


def test_blocks_set_by_hand_are_used():
    deployment = build(layout={"blocks": {"public": {"euw1-az1": "10.32.255.0/24"}}})
    assert deployment.one(SUBNET, "public-euw1-az1").inputs["cidrBlock"] == "10.32.255.0/24"
    assert deployment.one(SUBNET, "public-euw1-az2").inputs["cidrBlock"] == "10.32.136.0/21"


# Closed unless opened


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


# Endpoints


def test_an_endpoint_keeps_to_the_zones_that_have_its_service():
    deployment = build(extra_endpoints=["kafka", "sns"], endpoint_settings={"service_zones": {"kafka": ZONES[1:]}})
    behind = {
        node.name: {name for urn in node.property_dependencies.get("subnetIds", ()) if (name := urn.rpartition("::")[2])}
        for node in deployment.graph.of_type(ENDPOINT)
    }
    assert behind["prod-endpoint-kafka"] == {f"prod-private-{zone}" for zone in ZONES[1:]}
    assert behind["prod-endpoint-sns"] == {f"prod-private-{zone}" for zone in ZONES}


@pytest.mark.parametrize("profile", ["minimal", "eks-private"])
def test_an_endpoint_profile_is_its_gateways_and_interfaces(profile):
    deployment = build(endpoints=profile)
    services = {node.inputs["serviceName"]: node.inputs["vpcEndpointType"] for node in deployment.graph.of_type(ENDPOINT)}
    assert services == {
        **{f"com.amazonaws.eu-west-1.{service}": "Gateway" for service in GATEWAY_SERVICES},
        **{f"com.amazonaws.eu-west-1.{service}": "Interface" for service in PROFILES[profile]},
    }
    assert (deployment.value("endpoint_security_group_id") is None) == (profile == "minimal")


def test_an_endpoint_of_a_service_unknown_here_gets_the_policy_where_it_is_said_to_take_one():
    deployment = build(extra_endpoints=["one", "other", "eks-auth"], endpoint_settings={"policy_services": ["one"]})
    policies = {name: deployment.one(ENDPOINT, f"endpoint-{name}").inputs.get("policy") for name in ("one", "other", "eks-auth")}
    assert json.loads(policies["one"])["Statement"][0]["Condition"]["StringEquals"] == {"aws:PrincipalAccount": ["123456789012"]}
    assert policies["other"] is policies["eks-auth"] is None
    unrestricted = build(extra_endpoints=["one"], endpoint_settings={"policy_services": ["one"], "restrict": False})
    assert unrestricted.one(ENDPOINT, "endpoint-one").inputs.get("policy") is None


def test_an_airgapped_network_has_its_endpoints_and_no_gateway_at_all():
    deployment = build(endpoints="airgapped", nat="none", tiers=["private", "intra", "database", "cache"])
    assert len(deployment.names(ENDPOINT)) == len(GATEWAY_SERVICES) + len(PROFILES["airgapped"])
    assert not [node for node in deployment.graph if "Gateway" in node.type]
    assert deployment.names(ROUTE) == []


def test_interfaces_lie_in_their_tier_and_admit_https_from_the_vpc_only():
    deployment = build(
        ipv6=True, extra_endpoints=["kafka"], secondary_cidrs={"pods": {"cidr": "100.64.0.0/16"}}, endpoint_settings={"tier": "intra"}
    )
    endpoint = deployment.one(ENDPOINT, "endpoint-kafka")
    names = {node.urn: node.name for node in deployment.graph}
    assert sorted(names[urn] for urn in set(endpoint.property_dependencies["subnetIds"])) == [f"prod-intra-{zone}" for zone in ZONES]
    assert endpoint.inputs["privateDnsEnabled"] is True
    rules = [node.inputs for node in deployment.graph.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")]
    assert {rule.get("cidrIpv4") or rule["cidrIpv6"] for rule in rules} == {"10.32.0.0/16", "100.64.0.0/16", deployment.value("ipv6_cidr")}
    assert all((rule["ipProtocol"], rule["fromPort"], rule["toPort"]) == ("tcp", 443, 443) for rule in rules)
    assert all(rule["description"].startswith("HTTPS from ") for rule in rules)
    group = deployment.one("aws:ec2/securityGroup:SecurityGroup").inputs
    assert group["description"]
    assert not group.get("egress")
    assert not deployment.names("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")


def test_gateways_stand_on_every_route_table():
    deployment = build(tiers=list(Tier))
    tables = {node.urn for node in deployment.graph.of_type("aws:ec2/routeTable:RouteTable")}
    for service in GATEWAY_SERVICES:
        assert set(deployment.one(ENDPOINT, f"endpoint-{service}").property_dependencies["routeTableIds"]) == tables


def test_endpoints_let_in_identities_of_the_account_where_the_service_takes_a_policy():
    deployment = build(endpoints="eks-private", extra_endpoints=["kafka"])
    policies = {node.name.removeprefix("prod-endpoint-"): node.inputs.get("policy") for node in deployment.graph.of_type(ENDPOINT)}
    assert {service for service, policy in policies.items() if policy is None} == {"eks-auth", "kafka"}
    for policy in filter(None, policies.values()):
        assert json.loads(policy)["Statement"][0]["Condition"] == {"StringEquals": {"aws:PrincipalAccount": ["123456789012"]}}
    assert all("policy" not in node.inputs for node in build(endpoint_settings={"restrict": False}).graph.of_type(ENDPOINT))


# Logs


def test_flow_logs_go_to_a_log_group_of_their_own():
    deployment = build()
    group = deployment.one("aws:cloudwatch/logGroup:LogGroup")
    assert group.inputs["retentionInDays"] == 90
    assert "skipDestroy" not in group.inputs
    log = deployment.one("aws:ec2/flowLog:FlowLog")
    assert log.inputs["trafficType"] == "ALL"
    assert log.inputs["maxAggregationInterval"] == 600
    assert log.inputs["logFormat"].startswith("${version} ${account-id} ")
    assert group.urn in log.property_dependencies["logDestination"]
    assert deployment.one("aws:iam/rolePolicy:RolePolicy").urn in log.dependencies
    trust = json.loads(deployment.one("aws:iam/role:Role").inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}


def test_an_owned_key_encrypts_all_log_groups_and_outlives_logs_that_are_kept():
    deployment = build(
        logs_encryption={"owned_key": True}, query_logs={"enabled": True, "retention_days": 365}, flow_logs={"keep_on_destroy": True}
    )
    key = deployment.one("aws:kms/key:Key")
    assert key.inputs["enableKeyRotation"] is True
    groups = {node.name: node for node in deployment.graph.of_type("aws:cloudwatch/logGroup:LogGroup")}
    assert set(groups) == {"prod-flow-logs", "prod-query-logs"}
    assert all(key.urn in node.property_dependencies["kmsKeyId"] for node in groups.values())
    assert groups["prod-flow-logs"].inputs["skipDestroy"] is True
    assert groups["prod-query-logs"].inputs["retentionInDays"] == 365
    assert deployment.value("logs_key_arn").startswith("arn:aws:kms:")


@pytest.mark.parametrize(
    ("encryption", "keys"),
    [({}, 1), ({"owned_key": True}, 1), ({"owned_key": False}, 0), ({"key_arn": "arn:aws:kms:eu-west-1:1:key/1"}, 0)],
)
def test_log_groups_have_a_key_of_their_own_unless_told_otherwise(encryption, keys):
    deployment = build(logs_encryption=encryption)
    made = list(deployment.graph.of_type("aws:kms/key:Key"))
    group = deployment.one("aws:cloudwatch/logGroup:LogGroup")
    assert len(made) == keys
    if made:
        assert group.property_dependencies["kmsKeyId"] == (made[0].urn,)
    else:
        assert group.inputs.get("kmsKeyId") == encryption.get("key_arn")
    assert (deployment.value("logs_key_arn") is not None) is bool(made)


def test_flow_logs_may_go_to_a_bucket_or_nowhere():
    deployment = build(flow_logs={"destination": "s3", "bucket_arn": "arn:aws:s3:::logs/vpc"})
    log = deployment.one("aws:ec2/flowLog:FlowLog").inputs
    assert (log["logDestinationType"], log["logDestination"]) == ("s3", "arn:aws:s3:::logs/vpc")
    assert log["destinationOptions"] == {"fileFormat": "parquet", "hiveCompatiblePartitions": True, "perHourPartition": True}
    assert not deployment.names("aws:iam/role:Role")
    nowhere = build(flow_logs={"destination": "none"})
    assert not nowhere.names("aws:ec2/flowLog:FlowLog")
    assert not nowhere.names("aws:kms/key:Key")


# Names and links


def test_private_zones_are_associated_and_authorised():
    deployment = build(**FULL)
    zone = deployment.one("aws:route53/zone:Zone")
    assert zone.inputs["name"] == "internal.example"
    assert len(zone.inputs["vpcs"]) == 1
    assert deployment.one("aws:route53/zoneAssociation:ZoneAssociation").inputs["vpcId"] == "vpc-2"
    assert deployment.one("aws:route53/vpcAssociationAuthorization:VpcAssociationAuthorization").inputs["vpcId"] == "vpc-3"
    assert list(deployment.value("private_zone_ids")) == ["internal.example"]


def test_the_dns_firewall_has_rules_in_a_fixed_order():
    firewall = {
        "allowed_domains": ["*.good.example"],
        "blocked_domains": ["bad.example"],
        "managed_lists": {"malware": {"id": "rslvr-fdl-1", "priority": 7}},
        "allow_only_listed": True,
    }
    deployment = build(dns_firewall=firewall)
    rules = sorted(
        (node.inputs["priority"], node.name.removeprefix("prod-dns-"), node.inputs["action"])
        for node in deployment.graph.of_type("aws:route53/resolverFirewallRule:ResolverFirewallRule")
    )
    assert rules == [
        (100, "allowed", "ALLOW"),
        (200, "blocked", "BLOCK"),
        (307, "list-malware", "BLOCK"),
        (500, "dga", "BLOCK"),
        (501, "dns-tunneling", "BLOCK"),
        (900, "rest", "BLOCK"),
    ]
    for node in deployment.graph.of_type("aws:route53/resolverFirewallRule:ResolverFirewallRule"):
        assert node.inputs["name"] == node.name.removeprefix("prod-dns-")
    followed = {
        node.name.removeprefix("prod-dns-"): node.inputs.get("firewallDomainRedirectionAction")
        for node in deployment.graph.of_type("aws:route53/resolverFirewallRule:ResolverFirewallRule")
    }
    assert followed.pop("allowed") == "TRUST_REDIRECTION_DOMAIN"
    assert set(followed.values()) == {None}
    assert deployment.one("aws:route53/resolverFirewallConfig:ResolverFirewallConfig").inputs["firewallFailOpen"] == "DISABLED"
    assert (
        deployment.one("aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation").inputs["mutationProtection"]
        == "DISABLED"
    )
    alert = build(dns_firewall={"action": "ALERT"})
    assert all("blockResponse" not in node.inputs for node in alert.graph.of_type("aws:route53/resolverFirewallRule:ResolverFirewallRule"))


def test_a_rule_gives_its_priority_up_before_its_successor_takes_it(monkeypatch):
    seen = []
    original = aws.route53.ResolverFirewallRule.__init__

    def spy(self, resource_name, /, *given, **kwargs):
        seen.append(kwargs["opts"].delete_before_replace)
        original(self, resource_name, *given, **kwargs)

    monkeypatch.setattr(aws.route53.ResolverFirewallRule, "__init__", spy)
    build(dns_firewall={"blocked_domains": ["bad.example"]})
    assert seen == [True] * 3


def test_a_transit_gateway_is_attached_before_anything_is_routed_to_it():
    deployment = build(**FULL)
    attachment = deployment.one("aws:ec2transitgateway/vpcAttachment:VpcAttachment")
    assert attachment.inputs["ipv6Support"] == "enable"
    to_transit = [node for node in deployment.graph.of_type(ROUTE) if "transitGatewayId" in node.inputs]
    assert len(to_transit) == (3 + 1) * 2
    assert all(attachment.urn in node.dependencies for node in to_transit)
    assert "prod-route-database-transit-2001:db8..-32" in {node.name for node in to_transit}


@pytest.mark.parametrize(("other", "accepted"), [({}, True), ({"account_id": "210987654321"}, None), ({"region": "us-east-1"}, None)])
def test_a_peering_is_accepted_here_where_both_ends_are_ours(other, accepted):
    peering = {"vpc_id": "vpc-2", "destinations": ["10.64.0.0/16"], "dns_resolution": True, **other}
    deployment = build(peerings={"shared": peering})
    assert deployment.one("aws:ec2/vpcPeeringConnection:VpcPeeringConnection").inputs.get("autoAccept") is accepted
    assert len([node for node in deployment.graph.of_type(ROUTE) if "vpcPeeringConnectionId" in node.inputs]) == 3
    assert deployment.one("aws:ec2/peeringConnectionOptions:PeeringConnectionOptions")
    assert list(deployment.value("peering_ids")) == ["shared"]


def test_dhcp_options_are_tied_to_the_vpc():
    deployment = build(**FULL)
    options = deployment.one("aws:ec2/vpcDhcpOptions:VpcDhcpOptions").inputs
    assert options == {**options, "domainName": "internal.example", "domainNameServers": ["AmazonProvidedDNS"]}
    assert deployment.one("aws:ec2/vpcDhcpOptionsAssociation:VpcDhcpOptionsAssociation")


# Tags


def test_subnets_are_tagged_for_load_balancers_and_karpenter_and_as_the_user_says():
    deployment = build(
        karpenter_discovery="prod",
        tags={"CostCenter": "42"},
        tier_tags={"private": {"team": "platform", "kubernetes.io/role/internal-elb": "0"}},
        zone_tags={"euw1-az1": {"rack": "1"}},
    )
    tags = {node.name.removeprefix("prod-"): node.inputs["tags"] for node in deployment.graph.of_type(SUBNET)}
    base = {"ManagedBy": "platform-components", "CostCenter": "42"}
    assert tags["public-euw1-az2"] == {**base, "Name": "prod-public-euw1-az2", "Tier": "public", "kubernetes.io/role/elb": "1"}
    assert tags["private-euw1-az1"] == {
        **base,
        "Name": "prod-private-euw1-az1",
        "Tier": "private",
        "kubernetes.io/role/internal-elb": "0",
        "karpenter.sh/discovery": "prod",
        "team": "platform",
        "rack": "1",
    }
    assert not [key for key in tags["intra-euw1-az1"] if "/" in key]
    plain = build(load_balancer_tags=False)
    assert not [key for node in plain.graph.of_type(SUBNET) for key in node.inputs["tags"] if "/" in key]


def test_everything_that_takes_tags_has_a_name_and_the_users_tags():
    tagless = {
        "aws:ec2/route:Route", "aws:ec2/routeTableAssociation:RouteTableAssociation", "aws:iam/rolePolicy:RolePolicy",
        "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation", "aws:ec2/vpcDhcpOptionsAssociation:VpcDhcpOptionsAssociation",
        "aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions", "aws:route53/resolverFirewallRule:ResolverFirewallRule",
        "aws:route53/resolverFirewallConfig:ResolverFirewallConfig", "aws:route53/zoneAssociation:ZoneAssociation",
        "aws:route53/vpcAssociationAuthorization:VpcAssociationAuthorization",
        "aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation",
    }  # fmt: skip
    for node in build(**FULL, tags={"CostCenter": "42"}).graph:
        if node.type.startswith("aws:") and node.type not in tagless:
            assert node.inputs["tags"].items() >= {"CostCenter": "42", "ManagedBy": "platform-components"}.items(), node.urn
            assert node.inputs["tags"]["Name"].startswith("prod"), node.urn


# Profiles


@pytest.mark.parametrize("profile", Profile)
def test_every_profile_builds_a_network_from_a_block_and_zones_alone(profile):
    given = with_defaults(PROFILE_DEFAULTS[profile], {"cidr": "10.32.0.0/16", "zones": list(ZONES)})
    deployment = deploy(lambda: Vpc("prod", VpcArgs.model_validate(given)))
    gateways = {Profile.DEV: 1, Profile.PRODUCTION: 3, Profile.REGULATED: 3}
    retention = {Profile.DEV: 14, Profile.PRODUCTION: 90, Profile.REGULATED: 400}
    assert len(deployment.names(NAT)) == gateways[profile]
    groups = list(deployment.graph.of_type("aws:cloudwatch/logGroup:LogGroup"))
    assert {group.inputs["retentionInDays"] for group in groups} == {retention[profile]}
    regulated = profile is Profile.REGULATED
    assert bool(deployment.names("aws:kms/key:Key")) is (profile is not Profile.DEV)
    assert bool(deployment.names("aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup")) is regulated
    assert (len(deployment.names(ENDPOINT)) > 2) is regulated


def test_the_models_own_defaults_are_those_of_production():
    production = with_defaults(PROFILE_DEFAULTS[Profile.PRODUCTION], {"cidr": "10.32.0.0/16", "zones": list(ZONES)})
    assert VpcArgs.model_validate(production) == args()
