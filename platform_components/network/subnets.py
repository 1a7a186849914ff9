"""Subnets and their route tables, keyed by tier and zone id.

Route tables: one for the public tier, one per isolated tier, and one per zone for what goes out through NAT (the private tier and the
secondary blocks). The zone tables exist in every NAT mode, even `none` and `single`, where one would do: so a change of mode only adds,
retargets or removes a route, and never moves a subnet to another table, which would cut its connections.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

import pulumi
import pulumi_aws as aws

from platform_components.network.addresses import Tier, ipv6_subnet_block, plan_addresses, secondary_block, subnet_block
from platform_components.network.args import VpcArgs
from platform_components.network.site import Site
from platform_components.tags import merge_tags

LOAD_BALANCER_TAGS: Mapping[str, Mapping[str, str]] = {
    Tier.PUBLIC: {"kubernetes.io/role/elb": "1"},
    Tier.PRIVATE: {"kubernetes.io/role/internal-elb": "1"},
}
"""Where the AWS Load Balancer Controller looks for subnets
(https://docs.aws.amazon.com/eks/latest/userguide/network-load-balancing.html)."""

DATABASE_ZONES_MIN = 2
"""Fewest zones of an RDS subnet group (API reference of CreateDBSubnetGroup)."""


@dataclass(frozen=True)
class Subnets:
    """Subnets by tier and zone, and route tables by key (`public`, `private-ZONE`, `intra`, ...)."""

    by_tier: Mapping[str, Mapping[str, aws.ec2.Subnet]]
    tables: Mapping[str, aws.ec2.RouteTable]

    def ids(self, tier: str) -> list[pulumi.Output[str]]:
        """Ids of a tier's subnets, in zone order."""
        return [subnet.id for subnet in self.by_tier.get(tier, {}).values()]


def table_key(tier: str, zone: str) -> str:
    """Key of the route table a subnet belongs to."""
    if tier == Tier.PRIVATE or tier not in list(Tier):
        return f"{Tier.PRIVATE}-{zone}"
    return tier


def table_keys(args: VpcArgs, tiers: tuple[str, ...]) -> list[str]:
    """Keys of the route tables of these tiers, each once."""
    return list(dict.fromkeys(table_key(tier, zone) for tier in tiers for zone in args.ordered_zones))


def subnet_tags(args: VpcArgs, tier: str, zone: str) -> dict[str, str]:
    """Tags of a subnet beyond its name; what the user wrote for its tier and zone wins."""
    load_balancers = LOAD_BALANCER_TAGS.get(tier, {}) if args.load_balancer_tags else {}
    karpenter = {"karpenter.sh/discovery": args.karpenter_discovery} if args.karpenter_discovery and tier == Tier.PRIVATE else {}
    return merge_tags({"Tier": tier}, load_balancers, karpenter, args.tier_tags.get(tier, {}), args.zone_tags.get(zone, {}))


def create_subnets(site: Site) -> Subnets:
    """Create every tier's subnets and route tables, and tie them together."""
    args = site.args
    tiers: tuple[str, ...] = (*args.tiers, *args.secondary_cidrs)
    tables = {key: _create_table(site, key) for key in table_keys(args, tiers)}
    by_tier: dict[str, dict[str, aws.ec2.Subnet]] = {}
    for tier in tiers:
        for zone in args.ordered_zones:
            subnet = _create_subnet(site, tier, zone)
            aws.ec2.RouteTableAssociation(
                site.child("association", tier, zone),
                subnet_id=subnet.id,
                route_table_id=tables[table_key(tier, zone)].id,
                opts=site.options(),
            )
            by_tier.setdefault(tier, {})[zone] = subnet
    return Subnets(by_tier, tables)


def _create_table(site: Site, key: str) -> aws.ec2.RouteTable:
    name = site.child("routes", key)
    # Routes are resources of their own: inline ones would be rewritten as a whole whenever one is added.
    return aws.ec2.RouteTable(name, vpc_id=site.vpc.id, tags=site.tags(name), opts=site.options())


def _create_subnet(site: Site, tier: str, zone: str) -> aws.ec2.Subnet:
    args, name = site.args, site.child(tier, zone)
    # An address of a public subnet's IPv6 block is reachable from outside, so there nothing gets one unasked.
    dual_stack = args.ipv6 and tier in list(Tier)
    return aws.ec2.Subnet(
        name,
        vpc_id=site.vpc.id,
        availability_zone_id=zone,
        cidr_block=_ipv4_block(site, tier, zone),
        ipv6_cidr_block=_ipv6_block(site, Tier(tier), zone) if dual_stack else None,
        assign_ipv6_address_on_creation=tier != Tier.PUBLIC if dual_stack else None,
        enable_dns64=True if dual_stack and args.dns64 and tier == Tier.PRIVATE else None,
        map_public_ip_on_launch=False,
        tags=site.tags(name, subnet_tags(args, tier, zone)),
        opts=site.options(),
    )


def _ipv4_block(site: Site, tier: str, zone: str) -> pulumi.Input[str]:
    """The planned block: known now where the VPC's is, else at `up`, at the same place within what the pool gives."""
    args, layout = site.args, site.args.address_layout
    if tier in args.secondary_cidrs:
        # Through the association, even where the block is known: the subnet must wait for it.
        return site.ipv4_blocks[tier].apply(lambda block: str(secondary_block(IPv4Network(block), zone, layout)))
    if args.cidr is not None:
        return str(plan_addresses(args.cidr, [Tier(tier)], [zone], layout, args.layout.blocks)[Tier(tier), zone])
    return site.ipv4_blocks["vpc"].apply(lambda block: str(subnet_block(IPv4Network(block), Tier(tier), zone, layout)))


def _ipv6_block(site: Site, tier: Tier, zone: str) -> pulumi.Output[str]:
    layout = site.args.address_layout
    return site.vpc.ipv6_cidr_block.apply(lambda block: str(ipv6_subnet_block(IPv6Network(block), tier, zone, layout)))


def create_database_subnet_group(site: Site, subnets: Subnets) -> aws.rds.SubnetGroup | None:
    """Create the RDS subnet group of the database tier, where there is one and it has the two zones that RDS insists on."""
    if len(subnets.ids(Tier.DATABASE)) < DATABASE_ZONES_MIN:
        return None
    name = site.child("database")
    return aws.rds.SubnetGroup(
        name,
        subnet_ids=subnets.ids(Tier.DATABASE),
        description=f"Database tier of {site.name}",
        tags=site.tags(name),
        opts=site.options(),
    )


def create_cache_subnet_group(site: Site, subnets: Subnets) -> aws.elasticache.SubnetGroup | None:
    """Create the ElastiCache subnet group of the cache tier, where there is one."""
    if Tier.CACHE not in subnets.by_tier:
        return None
    name = site.child("cache")
    return aws.elasticache.SubnetGroup(
        name,
        subnet_ids=subnets.ids(Tier.CACHE),
        description=f"Cache tier of {site.name}",
        tags=site.tags(name),
        opts=site.options(),
    )
