"""Checks of VpcArgs that need more than one field. Pure: each names the fields it reads and yields where and what."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import combinations
from typing import TYPE_CHECKING, TypeAlias

from platform_components.network.addresses import (
    SUBNET_PREFIX_MAX,
    Tier,
    overlap_problems,
    plan_addresses,
    prefix_problem,
    secondary_prefix_problem,
    slot_problems,
)
from platform_components.network.endpoint_services import GATEWAY_SERVICES, EndpointProfile
from platform_components.network.options import FLOW_LOG_FIELDS, Nat
from platform_components.network.zones import NO_EKS_CONTROL_PLANE, region_of, zone_ids, zone_problem

if TYPE_CHECKING:
    from platform_components.network.args import VpcArgs

Finding: TypeAlias = tuple[tuple[str | int, ...], str]
"""Path of the field below VpcArgs, and the message."""

VPC_PREFIXES = range(16, 25)
CIDR_BLOCKS_MAX = 5
"""IPv4 blocks per VPC unless AWS raises it (https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html)."""
_PRIVATE_RANGES = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_NEVER_SECONDARY = IPv4Network("198.19.0.0/16")


@dataclass(frozen=True, slots=True)
class Check:
    """One check; it runs where the fields it reads are sound by themselves."""

    fields: frozenset[str]
    run: "Callable[[VpcArgs], Iterator[Finding]]"


CHECKS: list[Check] = []


def _check(*fields: str) -> "Callable[[Callable[[VpcArgs], Iterator[Finding]]], Callable[[VpcArgs], Iterator[Finding]]]":
    def add(run: "Callable[[VpcArgs], Iterator[Finding]]") -> "Callable[[VpcArgs], Iterator[Finding]]":
        CHECKS.append(Check(frozenset(fields), run))
        return run

    return add


def findings(args: "VpcArgs", unsound: frozenset[str] = frozenset()) -> list[Finding]:
    """Everything that is wrong between the fields, leaving out the checks that read an unsound one."""
    return [finding for check in CHECKS if not check.fields & unsound for finding in check.run(args)]


@_check("cidr", "ipam")
def _address_source(args: "VpcArgs") -> Iterator[Finding]:
    if args.cidr is None and (args.ipam is None or args.ipam.netmask_length is None):
        yield ("cidr",), "give a cidr, or an ipam pool with a netmask_length"
    if args.cidr is not None:
        if args.cidr.prefixlen not in VPC_PREFIXES:
            yield ("cidr",), f"{args.cidr} is a /{args.cidr.prefixlen}; a VPC takes /{VPC_PREFIXES[0]} to /{VPC_PREFIXES[-1]}"
        if args.ipam is not None and args.ipam.netmask_length is not None:
            yield ("ipam", "netmask_length"), f"the pool is asked for exactly {args.cidr}; leave netmask_length out, or cidr"


@_check("cidr", "ipam", "tiers", "layout")
def _room(args: "VpcArgs") -> Iterator[Finding]:
    prefix = args.prefix_length
    if prefix is None or prefix not in VPC_PREFIXES:
        return
    problems = dict.fromkeys(filter(None, (prefix_problem(prefix, tier, args.address_layout) for tier in args.tiers)))
    for problem in problems:
        yield ("cidr",) if args.cidr else ("ipam", "netmask_length"), problem


@_check("zones", "layout", "region")
def _zone_slots(args: "VpcArgs") -> Iterator[Finding]:
    yield from _duplicates("zones", args.zones)
    for problem in slot_problems([zone for zone in args.zones if _zone_exists(args, zone)], args.address_layout):
        yield ("zones",), problem


def _zone_exists(args: "VpcArgs", zone: str) -> bool:
    """Whether a zone is known, or its region was set by hand, for zones that opened after this version."""
    region = region_of(zone)
    return args.region is not None or region is None or zone in zone_ids(region)


@_check("zones", "region")
def _one_region(args: "VpcArgs") -> Iterator[Finding]:
    found: dict[str, str] = {}
    for index, zone in enumerate(args.zones):
        region = region_of(zone)
        if region is None and args.region is None:
            yield ("zones", index), f"no region is known whose zones are named like {zone}; correct it, or set region"
        elif region is not None:
            found.setdefault(region, zone)
            if not _zone_exists(args, zone):
                yield ("zones", index), zone_problem(region, zone) or ""
    if len(found) > 1:
        yield ("zones",), "all zones must lie in one region; " + ", ".join(f"{zone} lies in {region}" for region, zone in found.items())
    elif args.region is not None and found and args.region not in found:
        yield ("region",), f"the zones lie in {next(iter(found))}, not in {args.region}"


@_check("zones", "nat_zone", "nat_eip_ids", "zone_tags", "layout")
def _known_zones(args: "VpcArgs") -> Iterator[Finding]:
    if args.nat_zone is not None and args.nat_zone not in args.zones:
        yield ("nat_zone",), f"zone {args.nat_zone} is not in zones; choose from {', '.join(args.zones)}"
    for field, zones in (("nat_eip_ids", args.nat_eip_ids), ("zone_tags", args.zone_tags)):
        for zone in zones:
            if zone not in args.zones:
                yield (field, zone), f"zone {zone} is not in zones; choose from {', '.join(args.zones)}"
    for tier, blocks in args.layout.blocks.items():
        for zone in blocks:
            if zone not in args.zones:
                yield ("layout", "blocks", tier, zone), f"zone {zone} is not in zones; choose from {', '.join(args.zones)}"


@_check(
    "tiers",
    "secondary_cidrs",
    "tier_tags",
    "endpoint_settings",
    "transit_gateway",
    "peerings",
    "network_acls",
    "endpoints",
    "extra_endpoints",
)
def _known_tiers(args: "VpcArgs") -> Iterator[Finding]:
    yield from _duplicates("tiers", args.tiers)
    known = (*args.tiers, *args.secondary_cidrs)
    named: list[tuple[tuple[str | int, ...], str]] = [(("tier_tags", tier), tier) for tier in args.tier_tags]
    if args.interface_endpoints:
        named.append((("endpoint_settings", "tier"), args.endpoint_settings.tier))
    if args.transit_gateway is not None:
        named.append((("transit_gateway", "tier"), args.transit_gateway.tier))
        named.extend((("transit_gateway", "route_tiers"), tier) for tier in args.transit_gateway.route_tiers)
    for key, peering in args.peerings.items():
        named.extend((("peerings", key, "route_tiers"), tier) for tier in peering.route_tiers)
    named.extend((("network_acls", "tiers"), tier) for tier in args.network_acls.tiers)
    for path, tier in named:
        if tier not in known:
            yield path, f"there is no tier {tier} here; choose from {', '.join(known)}"


@_check("cidr", "zones", "tiers", "layout", "ipam")
def _fixed_blocks(args: "VpcArgs") -> Iterator[Finding]:
    for tier, blocks in args.layout.blocks.items():
        for zone, block in blocks.items():
            if not VPC_PREFIXES[0] <= block.prefixlen <= SUBNET_PREFIX_MAX:
                yield ("layout", "blocks", tier, zone), f"{block} is a /{block.prefixlen}; a subnet takes /16 to /{SUBNET_PREFIX_MAX}"
    if not args.layout.blocks:
        return
    if args.cidr is None:
        yield ("layout", "blocks"), "blocks set by hand need a cidr: what the pool will give is not known"
    elif args.cidr.prefixlen in VPC_PREFIXES and not list(slot_problems(args.zones, args.address_layout)):
        fixed = {tier: blocks for tier, blocks in args.layout.blocks.items() if tier in args.tiers}
        for tier in args.layout.blocks.keys() - fixed.keys():
            yield ("layout", "blocks", tier), f"tier {tier} is not in tiers; choose from {', '.join(args.tiers)}"
        fits = [tier for tier in args.tiers if prefix_problem(args.cidr.prefixlen, tier, args.address_layout) is None]
        planned = {(tier, zone): block for tier in fits for zone, block in _planned(args, tier).items()}
        for problem in overlap_problems(args.cidr, planned):
            yield ("layout", "blocks"), problem


def _planned(args: "VpcArgs", tier: Tier) -> dict[str, IPv4Network]:
    """A tier's planned blocks by zone, those set by hand in their places."""
    fixed = args.layout.blocks.get(tier, {})
    assert args.cidr is not None  # noqa: S101 -- the caller has looked
    free = [zone for zone in dict.fromkeys(args.zones) if zone not in fixed]
    planned = plan_addresses(args.cidr, [tier], free, args.address_layout)
    return {**{zone: block for (_, zone), block in planned.items()}, **{zone: block for zone, block in fixed.items() if zone in args.zones}}


@_check("cidr", "secondary_cidrs", "layout")
def _secondary(args: "VpcArgs") -> Iterator[Finding]:
    if len(args.secondary_cidrs) + 1 > CIDR_BLOCKS_MAX:
        yield (
            ("secondary_cidrs",),
            f"a VPC takes {CIDR_BLOCKS_MAX} IPv4 blocks, the primary included; {len(args.secondary_cidrs)} are too many",
        )
    for key, secondary in args.secondary_cidrs.items():
        path = ("secondary_cidrs", key)
        if key in list(Tier):
            yield path, f"{key} is a tier of the primary block already; choose another name"
        length = secondary.cidr.prefixlen if secondary.cidr else secondary.ipam.netmask_length if secondary.ipam else None
        if length is None:
            yield path, "give a cidr, or an ipam pool with a netmask_length"
            continue
        problem = secondary_prefix_problem(length, args.address_layout)
        if problem:
            yield path, problem
        if secondary.cidr is not None and secondary.cidr.prefixlen < VPC_PREFIXES[0]:
            yield path, f"{secondary.cidr} is too large; AWS takes /16 to /28"
        if secondary.cidr is not None and args.cidr is not None:
            refusal = _association_problem(args.cidr, secondary.cidr)
            if refusal:
                yield path, refusal
    blocks = [("cidr", args.cidr), *((key, secondary.cidr) for key, secondary in args.secondary_cidrs.items())]
    for (one, block), (other, other_block) in combinations(blocks, 2):
        if block is not None and other_block is not None and block.overlaps(other_block):
            yield ("secondary_cidrs", other), f"{other_block} overlaps {block} of {one}"


def _association_problem(primary: IPv4Network, secondary: IPv4Network) -> str | None:
    """Why AWS refuses this pair of blocks in one VPC (https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html), or None."""
    if secondary.subnet_of(_NEVER_SECONDARY):
        return f"AWS refuses {secondary} as a secondary block: it lies in {_NEVER_SECONDARY}"
    other = next((block for block in _PRIVATE_RANGES if secondary.subnet_of(block)), None)
    if other is None or primary.subnet_of(other):
        return None
    return (
        f"AWS refuses {secondary} beside {primary}: a block of {other} goes only with a primary block of {other}; take one of 100.64.0.0/10"
    )


@_check("nat", "tiers", "secondary_cidrs", "nat_zone", "nat_eip_ids")
def _nat(args: "VpcArgs") -> Iterator[Finding]:
    if args.nat is not Nat.NONE and Tier.PRIVATE not in args.tiers and not args.secondary_cidrs:
        yield ("nat",), f"{args.nat} has no private tier to serve; add tier private, or set nat to none"
    if args.nat in (Nat.SINGLE, Nat.PER_ZONE) and Tier.PUBLIC not in args.tiers:
        yield ("nat",), f"{args.nat} needs tier public, where its gateways lie; add it, or set nat to regional or none"
    if args.nat_zone is not None and args.nat is not Nat.SINGLE:
        yield ("nat_zone",), f"only nat single has one zone, and nat is {args.nat}; leave nat_zone out"
    if args.nat_eip_ids and args.nat is Nat.NONE:
        yield ("nat_eip_ids",), "there is no NAT gateway to give addresses to; leave nat_eip_ids out"


@_check("nat", "nat_eip_ids", "zones")
def _regional_addresses(args: "VpcArgs") -> Iterator[Finding]:
    missing = [zone for zone in args.zones if zone not in args.nat_eip_ids]
    if args.nat is Nat.REGIONAL and args.nat_eip_ids and missing:
        yield ("nat_eip_ids",), f"nat regional takes addresses for all zones or for none; add {', '.join(missing)}"


@_check("nat", "ipv6", "dns64", "ipv6_pool", "tiers", "secondary_cidrs")
def _ipv6(args: "VpcArgs") -> Iterator[Finding]:
    if args.dns64 and not args.ipv6:
        yield ("dns64",), "dns64 serves IPv6 clients; set ipv6 to true, or leave it out"
    if args.dns64 and args.nat is Nat.NONE:
        yield ("dns64",), "dns64 needs a NAT gateway to translate; set nat, or leave it out"
    if args.ipv6_pool is not None and not args.ipv6:
        yield ("ipv6_pool",), "the pool is of no use without ipv6; set ipv6 to true, or leave it out"


@_check("extra_endpoints")
def _extra_endpoints(args: "VpcArgs") -> Iterator[Finding]:
    yield from _duplicates("extra_endpoints", args.extra_endpoints)
    for index, service in enumerate(args.extra_endpoints):
        if service in GATEWAY_SERVICES:
            yield ("extra_endpoints", index), f"{service} has its gateway endpoint in every network; leave it out"


@_check("endpoints", "extra_endpoints", "endpoint_settings", "zones")
def _endpoint_settings(args: "VpcArgs") -> Iterator[Finding]:
    services = args.interface_endpoints
    for index, service in enumerate(args.endpoint_settings.policy_services):
        if service not in services:
            path: tuple[str | int, ...] = ("endpoint_settings", "policy_services", index)
            yield path, f"{service} has no interface endpoint here; choose from {', '.join(services) or 'none'}"
    for service, zones in args.endpoint_settings.service_zones.items():
        path = ("endpoint_settings", "service_zones", service)
        if service not in services:
            yield path, f"{service} has no interface endpoint here; choose from {', '.join(services) or 'none'}"
        for index, zone in enumerate(zones):
            if zone not in args.zones:
                yield (*path, index), f"zone {zone} is not in zones; choose from {', '.join(args.zones)}"


@_check("endpoints", "nat", "tiers", "ipv6", "ipv6_egress")
def _airgapped(args: "VpcArgs") -> Iterator[Finding]:
    if args.endpoints is not EndpointProfile.AIRGAPPED:
        return
    if args.nat is not Nat.NONE:
        yield ("nat",), f"an airgapped network has no NAT, and nat is {args.nat}; set nat to none, or endpoints to eks-private"
    if Tier.PUBLIC in args.tiers:
        yield ("tiers",), "an airgapped network has no public tier; leave public out, or set endpoints to eks-private"
    if args.ipv6 and args.ipv6_egress:
        yield ("ipv6_egress",), "an airgapped network has no IPv6 egress; set ipv6_egress to false"


@_check("flow_logs", "logs_encryption")
def _logs(args: "VpcArgs") -> Iterator[Finding]:
    logs = args.flow_logs
    if logs.destination == "s3" and logs.bucket_arn is None:
        yield ("flow_logs", "bucket_arn"), "destination s3 needs the bucket's ARN"
    if logs.destination != "s3" and logs.bucket_arn is not None:
        yield (
            ("flow_logs", "bucket_arn"),
            f"a bucket is of no use with destination {logs.destination}; leave it out, or set destination to s3",
        )
    for index, name in enumerate(logs.fields):
        if name not in FLOW_LOG_FIELDS and not name.startswith(
            ("ecs-", "sublocation-", "type", "region", "reject-reason", "encryption-status")
        ):
            yield ("flow_logs", "fields", index), f"flow logs have no field {name!r}; choose from {', '.join(FLOW_LOG_FIELDS)}"
    encryption = args.logs_encryption
    if encryption.owned_key and "owned_key" in encryption.model_fields_set and encryption.key_arn is not None:
        yield ("logs_encryption",), "owned_key and key_arn exclude each other; leave one out"


@_check("transit_gateway", "nat", "peerings", "cidr", "tiers", "secondary_cidrs", "ipv6", "ipv6_egress")
def _routes(args: "VpcArgs") -> Iterator[Finding]:
    """A destination may have one target per route table."""
    taken: dict[tuple[str, str], str] = {}
    egress = {Tier.PRIVATE, *args.secondary_cidrs}
    for tier in egress:
        if args.nat is not Nat.NONE:
            taken[tier, "0.0.0.0/0"] = f"nat {args.nat}"
        if args.ipv6 and args.ipv6_egress:
            taken[tier, "::/0"] = "ipv6_egress"
    links = [(("peerings", key), peering.destinations, peering.route_tiers) for key, peering in args.peerings.items()]
    if args.transit_gateway is not None:
        links.insert(0, (("transit_gateway",), args.transit_gateway.destinations, args.transit_gateway.route_tiers))  # type: ignore[arg-type]
    for path, destinations, tiers in links:
        for index, destination in enumerate(destinations):
            if args.cidr is not None and isinstance(destination, IPv4Network) and destination.subnet_of(args.cidr):
                yield (*path, "destinations", index), f"{destination} lies inside this VPC's own {args.cidr}"
            for tier in tiers:
                # The private tier and the secondary blocks share their route tables.
                other = taken.setdefault((Tier.PRIVATE if tier in egress else tier, str(destination)), ".".join(path))
                if other != ".".join(path):
                    yield (*path, "destinations", index), f"{destination} of tier {tier} already goes to {other}; leave one of the two out"


@_check("block_public_access", "nat", "tiers", "ipv6", "ipv6_egress")
def _block_public_access(args: "VpcArgs") -> Iterator[Finding]:
    """Ways out that the account's mode would cut (https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa-basics.html)."""
    block = args.block_public_access
    if block.account_mode == "block-bidirectional" and block.exempt != "vpc":
        # Neither lies in a public subnet: the regional gateway in none, and what uses the egress-only one in the private tier.
        if block.exempt == "public" and args.nat is Nat.REGIONAL:
            yield ("block_public_access", "exempt"), "nat regional lies in no subnet, so no exempt subnet frees it; exempt the vpc"
        if args.ipv6 and args.ipv6_egress and Tier.PRIVATE in args.tiers:
            yield ("ipv6_egress",), "block-bidirectional cuts it off; exempt the vpc, use block-ingress, or set ipv6_egress to false"
    if block.exempt == "public" and Tier.PUBLIC not in args.tiers:
        yield ("block_public_access", "exempt"), "there is no public tier to exempt; add it, or exempt the vpc or nothing"
    if block.account_mode == "block-bidirectional" and block.exempt == "nothing" and args.nat is not Nat.NONE:
        yield (
            ("block_public_access",),
            f"block-bidirectional cuts off nat {args.nat}; use block-ingress, exempt the vpc, or set nat to none",
        )


@_check("dns_firewall")
def _dns_firewall(args: "VpcArgs") -> Iterator[Finding]:
    firewall = args.dns_firewall
    if firewall is None:
        return
    priorities = [entry.priority for entry in firewall.managed_lists.values()]
    if len(set(priorities)) < len(priorities):
        yield ("dns_firewall", "managed_lists"), "each managed list needs a priority of its own"
    if firewall.allow_only_listed and not firewall.allowed_domains:
        yield ("dns_firewall", "allowed_domains"), "allow_only_listed would refuse every name; list the allowed ones"
    if not (firewall.blocked_domains or firewall.managed_lists or firewall.threats or firewall.allow_only_listed):
        yield ("dns_firewall",), "nothing is blocked; list domains, managed_lists or threats, or leave dns_firewall out"


def eks_zone_problems(zones: Sequence[str]) -> list[str]:
    """Say which zones cannot hold the subnets of an EKS control plane."""
    return [f"EKS places no control plane in zone {zone}; choose another zone" for zone in zones if zone in NO_EKS_CONTROL_PLANE]


def _duplicates(field: str, values: Sequence[str]) -> Iterator[Finding]:
    for index, value in enumerate(values):
        if value in values[:index]:
            yield (field, index), f"{value} is listed twice"
