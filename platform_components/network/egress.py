"""Ways out: internet gateway, NAT, egress-only gateway, and the routes to them. Each route is a resource of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from platform_components.network.addresses import Tier
from platform_components.network.options import Nat
from platform_components.network.site import Site
from platform_components.network.subnets import Subnets, table_keys

ANYWHERE_IPV4 = "0.0.0.0/0"
ANYWHERE_IPV6 = "::/0"
NAT64_PREFIX = "64:ff9b::/96"
"""Where DNS64 maps IPv4 addresses to (RFC 6052); a NAT gateway translates back."""

REGIONAL = "regional"
"""Key of the regional gateway, which belongs to no zone."""


@dataclass(frozen=True)
class Egress:
    """What was made: gateways by zone (or `regional`), and the addresses the outside sees."""

    nat_gateways: Mapping[str, aws.ec2.NatGateway]
    public_ips: pulumi.Output[Sequence[str]]


def create_egress(site: Site, subnets: Subnets) -> Egress:
    """Create the ways out that the args ask for."""
    args = site.args
    internet = _create_internet_gateway(site) if Tier.PUBLIC in args.tiers or args.nat is not Nat.NONE else None
    if internet is not None and Tier.PUBLIC in args.tiers:
        table = subnets.tables[Tier.PUBLIC]
        _route(site, "public-internet", table, destination_cidr_block=ANYWHERE_IPV4, gateway_id=internet.id)
        if args.ipv6:
            _route(site, "public-internet6", table, destination_ipv6_cidr_block=ANYWHERE_IPV6, gateway_id=internet.id)
    gateways = _create_nat(site, subnets, internet) if internet is not None else {}
    _create_private_routes(site, subnets, gateways)
    return Egress(gateways, _public_ips(gateways))


def nat_zones(site: Site) -> tuple[str, ...]:
    """Zones that get a gateway of their own."""
    args = site.args
    if args.nat is Nat.SINGLE:
        return (args.nat_zone or args.ordered_zones[0],)
    return args.ordered_zones if args.nat is Nat.PER_ZONE else ()


def _create_internet_gateway(site: Site) -> aws.ec2.InternetGateway:
    name = site.child("internet")
    return aws.ec2.InternetGateway(name, vpc_id=site.vpc.id, tags=site.tags(name), opts=site.options())


def _create_nat(site: Site, subnets: Subnets, internet: aws.ec2.InternetGateway) -> dict[str, aws.ec2.NatGateway]:
    """Create the gateways. They wait for the internet gateway, and it outlives them: AWS does not detach it while addresses are mapped."""
    if site.args.nat is Nat.REGIONAL:
        return {REGIONAL: _create_regional_nat(site, internet)}
    return {zone: _create_zonal_nat(site, subnets, zone, internet) for zone in nat_zones(site)}


def _create_zonal_nat(site: Site, subnets: Subnets, zone: str, internet: aws.ec2.InternetGateway) -> aws.ec2.NatGateway:
    name = site.child("nat", zone)
    allocation = site.args.nat_eip_ids.get(zone)
    if allocation is None:
        allocation = aws.ec2.Eip(name, domain="vpc", tags=site.tags(name), opts=site.options(depends_on=[internet])).id
    return aws.ec2.NatGateway(
        name,
        subnet_id=subnets.by_tier[Tier.PUBLIC][zone].id,
        allocation_id=allocation,
        tags=site.tags(name),
        opts=site.options(depends_on=[internet]),
    )


def _create_regional_nat(site: Site, internet: aws.ec2.InternetGateway) -> aws.ec2.NatGateway:
    """One gateway over all zones. Without addresses of ours it follows the zones in use by itself."""
    name = site.child("nat", REGIONAL)
    addresses = [
        aws.ec2.NatGatewayAvailabilityZoneAddressArgs(availability_zone_id=zone, allocation_ids=[site.args.nat_eip_ids[zone]])
        for zone in site.args.ordered_zones
        if zone in site.args.nat_eip_ids
    ]
    return aws.ec2.NatGateway(
        name,
        availability_mode="regional",
        vpc_id=site.vpc.id,
        availability_zone_addresses=addresses or None,
        tags=site.tags(name),
        opts=site.options(depends_on=[internet]),
    )


def _create_private_routes(site: Site, subnets: Subnets, gateways: Mapping[str, aws.ec2.NatGateway]) -> None:
    """Route the zone tables out: IPv4 through the zone's gateway or the one there is, IPv6 through the egress-only gateway."""
    args = site.args
    keys = [key for key in table_keys(args, (Tier.PRIVATE,)) if key in subnets.tables]
    egress_only = _create_egress_only_gateway(site) if args.ipv6 and args.ipv6_egress and Tier.PRIVATE in args.tiers else None
    for key, zone in zip(keys, args.ordered_zones, strict=False):
        table = subnets.tables[key]
        if gateways:
            gateway = gateways.get(zone) or next(iter(gateways.values()))
            _route(site, f"{key}-nat", table, destination_cidr_block=ANYWHERE_IPV4, nat_gateway_id=gateway.id)
            if args.dns64:
                _route(site, f"{key}-nat64", table, destination_ipv6_cidr_block=NAT64_PREFIX, nat_gateway_id=gateway.id)
        if egress_only is not None:
            _route(site, f"{key}-egress6", table, destination_ipv6_cidr_block=ANYWHERE_IPV6, egress_only_gateway_id=egress_only.id)


def _create_egress_only_gateway(site: Site) -> aws.ec2.EgressOnlyInternetGateway:
    name = site.child("egress6")
    return aws.ec2.EgressOnlyInternetGateway(name, vpc_id=site.vpc.id, tags=site.tags(name), opts=site.options())


def _route(site: Site, role: str, table: aws.ec2.RouteTable, **target: pulumi.Input[str]) -> None:
    """Create a route. Its name says whence and by what kind of way, not which gateway: a change of gateway updates it in place."""
    aws.ec2.Route(site.child("route", role), route_table_id=table.id, opts=site.options(), **target)


def _public_ips(gateways: Mapping[str, aws.ec2.NatGateway]) -> pulumi.Output[Sequence[str]]:
    """Addresses the outside sees, in zone order; those of a regional gateway as far as it has spread when it was last read."""
    if REGIONAL in gateways:
        return gateways[REGIONAL].regional_nat_gateway_addresses.apply(
            lambda found: [address.public_ip for address in found or () if address.public_ip]
        )
    return pulumi.Output.all(*(gateway.public_ip for gateway in gateways.values())).apply(list)
