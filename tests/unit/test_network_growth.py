"""What a network keeps when it grows, and that whatever its arguments accept can be built."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from platform_components.network.addresses import Tier, plan_addresses
from platform_components.network.vpc import Vpc
from platformctl.sdk_types import check_inputs
from tests.support import deploy
from tests.unit.network_cases import LISTS, NAT, ROUTE, SUBNET, ZONES, args, assert_grows, build, inputs_by_urn


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
