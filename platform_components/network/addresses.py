"""Address plan of a VPC: which block belongs to which tier and zone. Pure arithmetic on stable keys.

A block depends on nothing but the VPC's own block, the tier, the zone's slot and the number of slots. Which other tiers or zones are in use
does not matter, so adding one (in any order) moves none of the others, and removing one leaves a hole that only the same tier and zone
will fill again.

The VPC is cut in sixteenths, and each tier owns a fixed, contiguous run of them (so a tier is one CIDR for a firewall or a route):

    private  8/16    nodes and pods take most addresses
    public   2/16    load balancers and NAT gateways
    intra    2/16    endpoints, control plane interfaces, attachments
    database 2/16
    cache    1/16
    (spare)  1/16    for a tier that does not exist yet

A tier's run is cut in as many equal zone slots as the layout says (4, unless told otherwise), whether the zones are in use or not. A zone's
slot is the number at the end of its id less one (`euw1-az1` has slot 0), or what `order` says. A /16 with 4 slots gives /19 private,
/21 public, intra and database, /22 cache.

IPv6: each tier owns eight /64s of the VPC's block, one for each slot there can be, whatever the IPv4 layout is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from itertools import pairwise

from platform_components.errors import UnsupportedError

SUBNET_PREFIX_MAX = 28
"""Longest prefix of a subnet that AWS accepts (https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html)."""

ZONE_SLOTS_MAX = 8
"""Most zone slots of a layout; no region has more than six zones."""

IPV6_SUBNET_PREFIX = 64
IPV6_VPC_PREFIX_MAX = 56
"""Longest IPv6 prefix of a VPC that this plan takes: a /60 holds 16 subnets, fewer than five tiers over eight slots need."""


class Tier(StrEnum):
    """What the subnets of a tier are for, and how they reach the internet."""

    PUBLIC = "public"
    """Routed to the internet gateway: load balancers and NAT gateways. Nothing gets a public IPv4 address by itself."""
    PRIVATE = "private"
    """Routed out through NAT: nodes and pods."""
    INTRA = "intra"
    """No way out: endpoints, EKS control plane interfaces, transit attachments."""
    DATABASE = "database"
    """No way out: databases; comes with an RDS subnet group."""
    CACHE = "cache"
    """No way out: caches; comes with an ElastiCache subnet group."""


@dataclass(frozen=True, slots=True)
class Run:
    """A tier's run of sixteenths of the VPC, and its place among the tiers' IPv6 runs."""

    start: int
    size: int
    ipv6: int


SIXTEENTHS = 16
RUNS: Mapping[Tier, Run] = {
    # A promise: changing a number here replaces the subnets of every VPC ever built. A new tier takes sixteenth 15 and IPv6 run 5.
    Tier.PRIVATE: Run(start=0, size=8, ipv6=0),
    Tier.PUBLIC: Run(start=8, size=2, ipv6=1),
    Tier.INTRA: Run(start=10, size=2, ipv6=2),
    Tier.DATABASE: Run(start=12, size=2, ipv6=3),
    Tier.CACHE: Run(start=14, size=1, ipv6=4),
}


@dataclass(frozen=True, slots=True)
class Layout:
    """How a tier's run is shared out to zones."""

    slots: int = 4
    """Zone slots per tier: 1, 2, 4 or 8."""
    order: Mapping[str, int] = field(default_factory=dict)
    """Slot of a zone by its id, from 0, where the number at the end of its id is not to decide."""

    def slot(self, zone: str) -> int:
        """The slot of a zone; depends on no other zone.

        Raises:
            UnsupportedError: the zone's number lies beyond the slots there are.
        """
        slot = self.order.get(zone, zone_number(zone) - 1)
        if not 0 <= slot < self.slots:
            raise UnsupportedError(
                f"zone {zone} falls on slot {slot}, and there are {self.slots} (0 to {self.slots - 1}); "
                f"give it a free slot in layout.zone_order, or start the VPC with more layout.zone_slots"
            )
        return slot


def zone_number(zone: str) -> int:
    """The number at the end of a zone id: 2 for `euw1-az2`."""
    return int(zone.rpartition("-az")[2])


def subnet_prefix(vpc_prefix: int, tier: Tier, layout: Layout) -> int:
    """Prefix length of a tier's subnets in a VPC of this prefix length; may be longer than AWS accepts."""
    return vpc_prefix + _bits(SIXTEENTHS // RUNS[tier].size) + _bits(layout.slots)


def tier_block(vpc: IPv4Network, tier: Tier) -> IPv4Network:
    """The run of a tier as one block: everything it may ever hold. For firewalls, routes and network ACLs."""
    run = RUNS[tier]
    return _part(vpc, SIXTEENTHS // run.size, run.start // run.size)


def subnet_block(vpc: IPv4Network, tier: Tier, zone: str, layout: Layout) -> IPv4Network:
    """The block of a tier's subnet in a zone.

    Raises:
        UnsupportedError: the zone has no slot, or the subnet would be smaller than AWS accepts.
    """
    problem = prefix_problem(vpc.prefixlen, tier, layout)
    if problem:
        raise UnsupportedError(problem)
    return _part(tier_block(vpc, tier), layout.slots, layout.slot(zone))


def secondary_block(block: IPv4Network, zone: str, layout: Layout) -> IPv4Network:
    """The block of a zone's subnet in a secondary block of the VPC, which is one tier by itself.

    Raises:
        UnsupportedError: the zone has no slot, or the subnet would be smaller than AWS accepts.
    """
    problem = secondary_prefix_problem(block.prefixlen, layout)
    if problem:
        raise UnsupportedError(problem)
    return _part(block, layout.slots, layout.slot(zone))


def ipv6_subnet_block(vpc: IPv6Network, tier: Tier, zone: str, layout: Layout) -> IPv6Network:
    """The /64 of a tier's subnet in a zone. Every slot there can be has its own, so a change of `layout.slots` moves none.

    Raises:
        UnsupportedError: the zone has no slot, or the VPC's block is smaller than a /56.
    """
    if vpc.prefixlen > IPV6_VPC_PREFIX_MAX:
        raise UnsupportedError(f"{vpc} is too small for a /64 in every tier and zone; use a /{IPV6_VPC_PREFIX_MAX} or larger")
    index = RUNS[tier].ipv6 * ZONE_SLOTS_MAX + layout.slot(zone)
    return IPv6Network((int(vpc.network_address) + (index << (128 - IPV6_SUBNET_PREFIX)), IPV6_SUBNET_PREFIX))


def plan_addresses(
    vpc: IPv4Network,
    tiers: Iterable[Tier],
    zones: Iterable[str],
    layout: Layout | None = None,
    fixed: Mapping[Tier, Mapping[str, IPv4Network]] | None = None,
) -> dict[tuple[Tier, str], IPv4Network]:
    """Every subnet's block by tier and zone; blocks that are fixed by hand stand as they are.

    Raises:
        UnsupportedError: a zone has no slot, two zones share one, a subnet would be too small, lies outside the VPC or overlaps another.
    """
    layout, fixed, zones = layout or Layout(), fixed or {}, tuple(zones)
    for problem in slot_problems(zones, layout):
        raise UnsupportedError(problem)
    plan = {(tier, zone): fixed.get(tier, {}).get(zone) or subnet_block(vpc, tier, zone, layout) for tier in tiers for zone in zones}
    for problem in overlap_problems(vpc, plan):
        raise UnsupportedError(problem)
    return plan


def prefix_problem(vpc_prefix: int, tier: Tier, layout: Layout) -> str | None:
    """Say why a VPC of this prefix length is too small for a tier, or None where it is not."""
    prefix = subnet_prefix(vpc_prefix, tier, layout)
    if prefix <= SUBNET_PREFIX_MAX:
        return None
    works = vpc_prefix - (prefix - SUBNET_PREFIX_MAX)
    return (
        f"/{vpc_prefix} is too small for tier {tier} over {layout.slots} zone slots: its subnets would be /{prefix}, "
        f"AWS takes /{SUBNET_PREFIX_MAX} or larger; use /{works} or larger, fewer layout.zone_slots, or leave the tier out"
    )


def secondary_prefix_problem(prefix: int, layout: Layout) -> str | None:
    """Say why a secondary block of this prefix length is too small for the zone slots, or None where it is not."""
    longest = SUBNET_PREFIX_MAX - _bits(layout.slots)
    if prefix <= longest:
        return None
    smallest = f"AWS takes subnets of /{SUBNET_PREFIX_MAX} or larger"
    return f"/{prefix} is too small for {layout.slots} zone slots ({smallest}); use /{longest} or larger"


def slot_problems(zones: Iterable[str], layout: Layout) -> Iterator[str]:
    """Say which zones have no slot, and which share one."""
    taken: dict[int, str] = {}
    for zone in dict.fromkeys(zones):
        try:
            slot = layout.slot(zone)
        except UnsupportedError as refusal:
            yield str(refusal)
            continue
        if slot in taken:
            yield f"zones {taken[slot]} and {zone} both fall on slot {slot}; give one of them a free slot in layout.zone_order"
        taken.setdefault(slot, zone)


def overlap_problems(vpc: IPv4Network, plan: Mapping[tuple[Tier, str], IPv4Network]) -> Iterator[str]:
    """Say which blocks of a plan lie outside the VPC, and which overlap."""
    for (tier, zone), block in plan.items():
        if not block.subnet_of(vpc):
            yield f"{block} of {tier} {zone} lies outside the VPC's {vpc}"
    # Sorted by start, then shortest prefix: an overlap, where there is one, shows between some pair of neighbours.
    for ((tier, zone), block), ((next_tier, next_zone), next_block) in pairwise(sorted(plan.items(), key=lambda item: item[1])):
        if block.overlaps(next_block):
            yield f"{block} of {tier} {zone} overlaps {next_block} of {next_tier} {next_zone}"


def _bits(count: int) -> int:
    """How many prefix bits it takes to count this many equal parts."""
    return (count - 1).bit_length()


def _part(block: IPv4Network, parts: int, index: int) -> IPv4Network:
    """One of so many equal parts of a block; the parts are a power of two."""
    prefix = block.prefixlen + _bits(parts)
    return IPv4Network((int(block.network_address) + (index << (32 - prefix)), prefix))
