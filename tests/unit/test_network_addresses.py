"""The address plan: properties that must hold whatever is asked of it."""

from ipaddress import IPv4Network, IPv6Network
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platform_components.errors import UnsupportedError
from platform_components.network.addresses import (
    RUNS,
    SIXTEENTHS,
    Layout,
    Tier,
    ipv6_subnet_block,
    overlap_problems,
    plan_addresses,
    prefix_problem,
    secondary_block,
    slot_problems,
    subnet_block,
    subnet_prefix,
    tier_block,
)

ZONES = [f"use1-az{number}" for number in range(1, 9)]

networks = st.builds(
    lambda prefix, seed: IPv4Network(((10 << 24) | ((seed << (32 - prefix)) & 0xFFFFFF), prefix)),
    st.integers(16, 24),
    st.integers(0, 2**24),
)
layouts = st.sampled_from([1, 2, 4, 8]).map(Layout)
tier_sets = st.lists(st.sampled_from(list(Tier)), min_size=1, unique=True)


@st.composite
def requests(draw):
    """A VPC, a layout, and tiers and zones that fit them."""
    vpc, layout = draw(networks), draw(layouts)
    tiers = [tier for tier in draw(tier_sets) if not prefix_problem(vpc.prefixlen, tier, layout)]
    zones = draw(st.lists(st.sampled_from(ZONES[: layout.slots]), min_size=1, unique=True))
    return vpc, tiers, zones, layout


@settings(deadline=None)
@given(requests())
def test_blocks_lie_inside_the_vpc_and_never_overlap(request):
    vpc, tiers, zones, layout = request
    plan = plan_addresses(vpc, tiers, zones, layout)
    assert len(plan) == len(tiers) * len(zones)
    assert all(block.subnet_of(vpc) for block in plan.values())
    assert all(16 <= block.prefixlen <= 28 for block in plan.values())
    assert not any(one.overlaps(other) for one, other in combinations(plan.values(), 2))


@settings(deadline=None)
@given(requests(), st.randoms())
def test_growing_in_any_order_changes_no_block(request, random):
    vpc, tiers, zones, layout = request
    whole = plan_addresses(vpc, tiers, zones, layout)
    random.shuffle(tiers)
    random.shuffle(zones)
    for tier_count in range(1, len(tiers) + 1):
        for zone_count in range(1, len(zones) + 1):
            part = plan_addresses(vpc, tiers[:tier_count], zones[:zone_count], layout)
            assert part.items() <= whole.items()


@settings(deadline=None)
@given(requests())
def test_a_tier_is_one_block_that_holds_exactly_its_own_subnets(request):
    vpc, tiers, zones, layout = request
    for (tier, _), block in plan_addresses(vpc, tiers, zones, layout).items():
        assert [other for other in Tier if block.overlaps(tier_block(vpc, other))] == [tier]
        assert block.subnet_of(tier_block(vpc, tier))


@settings(deadline=None)
@given(networks, layouts, st.sampled_from(list(Tier)))
def test_a_prefix_too_small_is_refused_with_one_line_that_names_a_prefix_that_works(vpc, layout, tier):
    problem = prefix_problem(vpc.prefixlen, tier, layout)
    too_small = subnet_prefix(vpc.prefixlen, tier, layout) > 28
    assert (problem is not None) == too_small
    if problem is None:
        assert subnet_block(vpc, tier, ZONES[0], layout).prefixlen <= 28
        return
    assert "\n" not in problem
    works = int(problem.rpartition("; use /")[2].split()[0])
    assert prefix_problem(works, tier, layout) is None
    assert prefix_problem(works + 1, tier, layout) is not None
    with pytest.raises(UnsupportedError, match="too small for tier"):
        subnet_block(vpc, tier, ZONES[0], layout)


@settings(deadline=None)
@given(st.integers(44, 56).filter(lambda prefix: prefix % 4 == 0), st.integers(0, 2**40), layouts, tier_sets)
def test_ipv6_blocks_are_64s_inside_the_vpc_that_never_overlap_and_ignore_the_slots(prefix, seed, layout, tiers):
    vpc = IPv6Network(((0x2A05 << 112) | ((seed << (128 - prefix)) & ((1 << 112) - 1)), prefix))
    zones = ZONES[: layout.slots]
    blocks = {(tier, zone): ipv6_subnet_block(vpc, tier, zone, layout) for tier in tiers for zone in zones}
    assert all(block.prefixlen == 64 and block.subnet_of(vpc) for block in blocks.values())
    assert len(set(blocks.values())) == len(tiers) * len(zones)
    assert blocks == {key: ipv6_subnet_block(vpc, *key, Layout(8)) for key in blocks}


@settings(deadline=None)
@given(st.integers(16, 28), layouts)
def test_secondary_blocks_fill_their_block_by_slot(prefix, layout):
    block = IPv4Network(("100.64.0.0", prefix))
    zones = ZONES[: layout.slots]
    if prefix + (layout.slots - 1).bit_length() > 28:
        with pytest.raises(UnsupportedError, match="too small for"):
            secondary_block(block, zones[0], layout)
        return
    parts = [secondary_block(block, zone, layout) for zone in zones]
    assert sum(part.num_addresses for part in parts) == block.num_addresses
    assert not any(one.overlaps(other) for one, other in combinations(parts, 2))


def test_the_runs_of_the_tiers_are_aligned_disjoint_and_leave_one_sixteenth_spare():
    taken = [sixteenth for run in RUNS.values() for sixteenth in range(run.start, run.start + run.size)]
    assert sorted(taken) == list(range(SIXTEENTHS - 1))
    assert all(run.start % run.size == 0 for run in RUNS.values())
    assert sorted(run.ipv6 for run in RUNS.values()) == list(range(len(RUNS)))


def test_the_plan_of_a_16_is_frozen():
    plan = plan_addresses(IPv4Network("10.32.0.0/16"), Tier, ["euw1-az1", "euw1-az2", "euw1-az3"])
    assert {f"{tier} {zone[-3:]}": str(block) for (tier, zone), block in plan.items()} == {
        "public az1": "10.32.128.0/21",
        "public az2": "10.32.136.0/21",
        "public az3": "10.32.144.0/21",
        "private az1": "10.32.0.0/19",
        "private az2": "10.32.32.0/19",
        "private az3": "10.32.64.0/19",
        "intra az1": "10.32.160.0/21",
        "intra az2": "10.32.168.0/21",
        "intra az3": "10.32.176.0/21",
        "database az1": "10.32.192.0/21",
        "database az2": "10.32.200.0/21",
        "database az3": "10.32.208.0/21",
        "cache az1": "10.32.224.0/22",
        "cache az2": "10.32.228.0/22",
        "cache az3": "10.32.232.0/22",
    }


def test_a_zone_beyond_the_slots_is_refused_and_may_be_given_a_free_slot():
    vpc, zones = IPv4Network("10.0.0.0/16"), ["use1-az1", "use1-az5"]
    with pytest.raises(UnsupportedError, match="zone use1-az5 falls on slot 4, and there are 4"):
        plan_addresses(vpc, [Tier.PRIVATE], zones)
    plan = plan_addresses(vpc, [Tier.PRIVATE], zones, Layout(order={"use1-az5": 1}))
    assert [str(block) for block in plan.values()] == ["10.0.0.0/19", "10.0.32.0/19"]


def test_two_zones_on_one_slot_are_refused():
    layout = Layout(order={"use1-az5": 0})
    assert list(slot_problems(["use1-az1", "use1-az5"], layout)) == [
        "zones use1-az1 and use1-az5 both fall on slot 0; give one of them a free slot in layout.zone_order"
    ]
    with pytest.raises(UnsupportedError, match="both fall on slot 0"):
        plan_addresses(IPv4Network("10.0.0.0/16"), [Tier.PRIVATE], ["use1-az1", "use1-az5"], layout)


def test_fixed_blocks_stand_and_are_checked_against_the_planned_ones():
    vpc, zones = IPv4Network("10.0.0.0/16"), ["euw1-az1", "euw1-az2"]
    fixed = {Tier.PUBLIC: {"euw1-az1": IPv4Network("10.0.250.0/24")}}
    plan = plan_addresses(vpc, [Tier.PUBLIC, Tier.PRIVATE], zones, fixed=fixed)
    assert str(plan[Tier.PUBLIC, "euw1-az1"]) == "10.0.250.0/24"
    assert plan[Tier.PUBLIC, "euw1-az2"] == subnet_block(vpc, Tier.PUBLIC, "euw1-az2", Layout())
    with pytest.raises(UnsupportedError, match=r"10\.0\.0\.0/19 of private euw1-az1 overlaps 10\.0\.1\.0/24 of public euw1-az1"):
        plan_addresses(vpc, [Tier.PUBLIC, Tier.PRIVATE], zones, fixed={Tier.PUBLIC: {"euw1-az1": IPv4Network("10.0.1.0/24")}})
    outside = overlap_problems(vpc, {(Tier.PUBLIC, "euw1-az1"): IPv4Network("10.1.0.0/24")})
    assert list(outside) == ["10.1.0.0/24 of public euw1-az1 lies outside the VPC's 10.0.0.0/16"]


def test_an_ipv6_block_smaller_than_a_56_is_refused():
    with pytest.raises(UnsupportedError, match="too small for a /64 in every tier and zone"):
        ipv6_subnet_block(IPv6Network("2a05:d018::/60"), Tier.PRIVATE, "euw1-az1", Layout())
