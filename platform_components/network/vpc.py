"""Vpc: a network whose subnets are keyed by tier and zone. Wiring only; the address plan is in addresses.py, documents in documents.py.

Does not build: VPN, Direct Connect, the other side of a peering, IPv6-only subnets, AWS Network Firewall.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from platform_components.component import PlatformComponent
from platform_components.names import child_name
from platform_components.network.args import VpcArgs
from platform_components.network.dns import create_dhcp_options, create_dns_firewall, create_private_zones
from platform_components.network.egress import create_egress
from platform_components.network.endpoints import create_endpoints
from platform_components.network.links import create_peering, create_transit_gateway_attachment
from platform_components.network.lockdown import close_defaults, create_block_public_access, create_network_acls
from platform_components.network.logs import create_logs
from platform_components.network.reference import VpcRef
from platform_components.network.site import Site, resource_tags
from platform_components.network.subnets import Subnets, create_cache_subnet_group, create_database_subnet_group, create_subnets


class Vpc(PlatformComponent):
    """A VPC whose subnets are keyed by tier and zone, so that growing it replaces nothing.

        network = Vpc("prod", VpcArgs(cidr="10.32.0.0/16", zones=["euw1-az1", "euw1-az2", "euw1-az3"], ipv6=True, endpoints="eks-private"))
        cluster = EksCluster("prod", EksClusterArgs(network=network.ref(), ...))

    Addresses: a subnet's block depends on its tier and zone alone. Room for 4 zones and every tier is kept from the start, in use or not.

    Closed unless opened: nothing gets a public IPv4 address by itself; the default security group, network ACL and route table let nothing
    through; isolated tiers (intra, database, cache) have no way out; endpoints let in only identities of this account.

    Changes that replace nothing: adding or removing a zone, a tier, a secondary block, an endpoint, a route, IPv6; and a change of `nat`,
    though connections through a gateway that goes away are cut. Changes that replace subnets: `cidr`, `layout`.

    Of a subnet outside this component in the same VPC: it falls to the default network ACL, which is closed; give it one of its own.

    Does not build: VPN, Direct Connect, the accepting side of a peering, IPv6-only subnets, AWS Network Firewall.
    """

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    vpc_arn: pulumi.Output[str]
    """ARN of the VPC."""
    cidr: pulumi.Output[str]
    """Primary IPv4 block."""
    secondary_cidr_blocks: pulumi.Output[Mapping[str, str]]
    """Secondary IPv4 blocks by name, once they are associated."""
    ipv6_cidr: pulumi.Output[str | None]
    """IPv6 block; None without ipv6."""
    subnet_ids: pulumi.Output[Mapping[str, Sequence[str]]]
    """Subnet ids by tier, in zone order."""
    subnet_ids_by_zone: pulumi.Output[Mapping[str, Mapping[str, str]]]
    """Subnet ids by tier and zone id."""
    route_table_ids: pulumi.Output[Mapping[str, str]]
    """Route table ids by key: `public`, `private-ZONE`, `intra`, `database`, `cache`."""
    nat_gateway_ids: pulumi.Output[Mapping[str, str]]
    """NAT gateway ids by zone id, or under `regional`."""
    nat_public_ips: pulumi.Output[Sequence[str]]
    """Addresses that the outside sees, in zone order: for allow lists."""
    endpoint_ids: pulumi.Output[Mapping[str, str]]
    """VPC endpoint ids by short service name."""
    endpoint_security_group_id: pulumi.Output[str | None]
    """Security group of the interface endpoints; None where there are none."""
    default_security_group_id: pulumi.Output[str]
    """The VPC's default security group, which has no rules."""
    database_subnet_group_name: pulumi.Output[str | None]
    """RDS subnet group of the database tier (its id is its name); None without the tier, or with one zone: RDS wants two."""
    cache_subnet_group_name: pulumi.Output[str | None]
    """ElastiCache subnet group of the cache tier (its id is its name); None without the tier."""
    flow_log_group_name: pulumi.Output[str | None]
    """Log group of the flow logs; None where they go elsewhere."""
    query_log_group_name: pulumi.Output[str | None]
    """Log group of the DNS queries; None where they are not recorded."""
    logs_key_arn: pulumi.Output[str | None]
    """KMS key that this network made for its log groups; None where it made none."""
    private_zone_ids: pulumi.Output[Mapping[str, str]]
    """Private hosted zone ids by domain."""
    transit_gateway_attachment_id: pulumi.Output[str | None]
    """Transit Gateway attachment; None without one."""
    peering_ids: pulumi.Output[Mapping[str, str]]
    """Peering connection ids by name: what the other side accepts."""

    def __init__(self, name: str, args: VpcArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Build the network.

        Raises:
            DeclarationError: the name is too long or has other characters than lower-case letters, digits and hyphens.
        """
        super().__init__(name, args, opts)
        site = self._create_vpc(name, args)
        default_group = close_defaults(site)
        subnets = create_subnets(site)
        create_network_acls(site, subnets)
        create_block_public_access(site, subnets)
        egress = create_egress(site, subnets)
        endpoints = create_endpoints(site, subnets)
        logs = create_logs(site)
        zones = create_private_zones(site)
        if args.dns_firewall is not None:
            create_dns_firewall(site, args.dns_firewall)
        create_dhcp_options(site)
        transit = create_transit_gateway_attachment(site, subnets, args.transit_gateway) if args.transit_gateway else None
        peerings = {key: create_peering(site, subnets, key, peering) for key, peering in args.peerings.items()}
        database_group, cache_group = create_database_subnet_group(site, subnets), create_cache_subnet_group(site, subnets)

        self._set_subnet_outputs(site, subnets)
        self.nat_gateway_ids = _ids(egress.nat_gateways)
        self.nat_public_ips = egress.public_ips
        self.endpoint_ids = _ids(endpoints.by_service)
        self.endpoint_security_group_id = _optional(endpoints.security_group, "id")
        self.default_security_group_id = default_group.id
        self.database_subnet_group_name = _optional(database_group, "id")
        self.cache_subnet_group_name = _optional(cache_group, "id")
        self.flow_log_group_name = _optional(logs.flow_log_group, "name")
        self.query_log_group_name = _optional(logs.query_log_group, "name")
        self.logs_key_arn = _optional(logs.key, "arn")
        self.private_zone_ids = _ids(zones)
        self.transit_gateway_attachment_id = _optional(transit, "id")
        self.peering_ids = _ids(peerings)
        self.register()

    def ref(self) -> VpcRef:
        """This network, as other components take it."""
        return VpcRef(vpc_id=self.vpc_id, cidr=self.cidr, subnet_ids=self.subnet_ids)

    def _create_vpc(self, name: str, args: VpcArgs) -> Site:
        """Create the VPC and its secondary blocks."""
        vpc = aws.ec2.Vpc(
            child_name(name, "vpc"),
            cidr_block=str(args.cidr) if args.cidr else None,
            ipv4_ipam_pool_id=args.ipam.pool_id if args.ipam else None,
            ipv4_netmask_length=args.ipam.netmask_length if args.ipam else None,
            assign_generated_ipv6_cidr_block=True if args.ipv6 and args.ipv6_pool is None else None,
            ipv6_ipam_pool_id=args.ipv6_pool.pool_id if args.ipv6_pool else None,
            ipv6_netmask_length=args.ipv6_pool.netmask_length if args.ipv6_pool else None,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            enable_network_address_usage_metrics=args.address_usage_metrics,
            tags=resource_tags(args, name),
            opts=self.child_options(),
        )
        blocks = {"vpc": vpc.cidr_block}
        for key, secondary in args.secondary_cidrs.items():
            association = aws.ec2.VpcIpv4CidrBlockAssociation(
                child_name(name, "cidr", key),
                vpc_id=vpc.id,
                cidr_block=str(secondary.cidr) if secondary.cidr else None,
                ipv4_ipam_pool_id=secondary.ipam.pool_id if secondary.ipam else None,
                ipv4_netmask_length=secondary.ipam.netmask_length if secondary.ipam else None,
                opts=self.child_options(),
            )
            blocks[key] = association.cidr_block
        return Site(self, name, args, vpc, blocks)

    def _set_subnet_outputs(self, site: Site, subnets: Subnets) -> None:
        """Set the outputs that tell of the VPC itself and its subnets."""
        self.vpc_id, self.vpc_arn, self.cidr = site.vpc.id, site.vpc.arn, site.vpc.cidr_block
        self.secondary_cidr_blocks = _mapping({key: block for key, block in site.ipv4_blocks.items() if key != "vpc"})
        self.ipv6_cidr = _optional(site.vpc if site.args.ipv6 else None, "ipv6_cidr_block")
        self.subnet_ids = _mapping({tier: subnets.ids(tier) for tier in subnets.by_tier})
        self.subnet_ids_by_zone = _mapping({tier: {zone: one.id for zone, one in zones.items()} for tier, zones in subnets.by_tier.items()})
        self.route_table_ids = _ids(subnets.tables)


def _mapping(values: Mapping[str, Any]) -> pulumi.Output[Any]:
    """A mapping with Outputs inside, as an Output of plain data."""
    return pulumi.Output.from_input({str(key): value for key, value in values.items()})


def _ids(resources: Mapping[str, Any]) -> pulumi.Output[Mapping[str, str]]:
    """Ids of resources by their keys."""
    return _mapping({key: resource.id for key, resource in resources.items()})


def _optional(resource: pulumi.CustomResource | None, attribute: str) -> pulumi.Output[str | None]:
    """An output of a resource, or None where there is no resource."""
    return getattr(resource, attribute) if resource is not None else pulumi.Output.from_input(None)
