"""Ways to other networks: Transit Gateway and peering, and the routes there."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network

import pulumi
import pulumi_aws as aws

from platform_components.network.link_options import Peering, TransitGateway
from platform_components.network.site import Site
from platform_components.network.subnets import Subnets, table_keys


def create_transit_gateway_attachment(site: Site, subnets: Subnets, transit: TransitGateway) -> aws.ec2transitgateway.VpcAttachment:
    """Attach the VPC, then route to the gateway; routes wait, as AWS refuses one to a gateway that is not attached."""
    name = site.child("transit")
    attachment = aws.ec2transitgateway.VpcAttachment(
        name,
        transit_gateway_id=transit.id,
        vpc_id=site.vpc.id,
        subnet_ids=subnets.ids(transit.tier),
        dns_support="enable",
        ipv6_support="enable" if site.args.ipv6 else "disable",
        appliance_mode_support="enable" if transit.appliance_mode else "disable",
        security_group_referencing_support="enable" if transit.security_group_references else "disable",
        transit_gateway_default_route_table_association=transit.default_association,
        transit_gateway_default_route_table_propagation=transit.default_propagation,
        tags=site.tags(name),
        opts=site.options(),
    )
    options = site.options(depends_on=[attachment])
    _create_routes(site, subnets, "transit", transit.destinations, transit.route_tiers, options, transit_gateway_id=transit.id)
    return attachment


def create_peering(site: Site, subnets: Subnets, key: str, peering: Peering) -> aws.ec2.VpcPeeringConnection:
    """Ask for a peering connection and route to it. Accepted here where both ends are ours, else by the other side."""
    name = site.child("peering", key)
    ours = peering.account_id is None and peering.region is None
    connection = aws.ec2.VpcPeeringConnection(
        name,
        vpc_id=site.vpc.id,
        peer_vpc_id=peering.vpc_id,
        peer_owner_id=peering.account_id,
        peer_region=peering.region,
        auto_accept=True if ours else None,
        tags=site.tags(name),
        opts=site.options(),
    )
    if peering.dns_resolution:
        aws.ec2.PeeringConnectionOptions(
            name,
            vpc_peering_connection_id=connection.id,
            requester=aws.ec2.PeeringConnectionOptionsRequesterArgs(allow_remote_vpc_dns_resolution=True),
            opts=site.options(),
        )
    role = f"peering-{key}"
    _create_routes(site, subnets, role, peering.destinations, peering.route_tiers, site.options(), vpc_peering_connection_id=connection.id)
    return connection


def _create_routes(
    site: Site,
    subnets: Subnets,
    role: str,
    destinations: Iterable[IPv4Network | IPv6Network],
    tiers: tuple[str, ...],
    options: pulumi.ResourceOptions,
    **target: pulumi.Input[str],
) -> None:
    """Create a route per destination and route table, named after both."""
    for key in table_keys(site.args, tiers):
        for destination in destinations:
            # "::" would end the name inside a URN.
            name = site.child("route", key, role, str(destination).replace("::", "..").replace("/", "-"))
            field = "destination_ipv6_cidr_block" if isinstance(destination, IPv6Network) else "destination_cidr_block"
            aws.ec2.Route(name, route_table_id=subnets.tables[key].id, opts=options, **{field: str(destination)}, **target)
