"""The defaults of a VPC, closed, and the network ACLs in their place.

AWS gives every VPC a security group, a network ACL and a route table that new things fall to. They are emptied, so that nothing works by
accident.
"""

import itertools
from collections.abc import Iterator, Sequence
from ipaddress import IPv6Network
from typing import Any

import pulumi
import pulumi_aws as aws

from platform_components.network.addresses import Tier
from platform_components.network.site import Site
from platform_components.network.subnets import Subnets

_PRIMARY_RULE, _IPV6_RULE, _SECONDARY_RULES, _ALLOWED_RULES = 100, 101, 110, 120
"""Rule numbers: a block keeps its own when another kind is added."""

_BEFORE_REFUSALS, _REFUSALS = 90, 90
"""In the open ACL the blocks of the VPC come 90 before their numbers, then what is refused from 90 on; 100 and 101 stay what they were."""

ADMIN_PORTS = (22, 3389)
"""SSH and Remote Desktop, by TCP."""

_ANYWHERE: tuple[dict[str, Any], ...] = ({"cidr_block": "0.0.0.0/0"}, {"ipv6_cidr_block": "::/0"})
_ALL_TRAFFIC: dict[str, Any] = {"protocol": "-1", "from_port": 0, "to_port": 0, "action": "allow"}
_TCP = "6"  # by number, as AWS gives it back: a name would show as a change

_Entries = list[tuple[int, dict[str, Any]]]


def close_defaults(site: Site) -> aws.ec2.DefaultSecurityGroup:
    """Take every rule and route from the VPC's defaults; return the default security group."""
    group, acl, table = (site.child("default", what) for what in ("security-group", "network-acl", "routes"))
    aws.ec2.DefaultNetworkAcl(
        acl,
        default_network_acl_id=site.vpc.default_network_acl_id,
        tags=site.tags(acl),
        # Subnets fall to it by themselves, those that others make in this VPC too, and cannot be taken off it: drift that no `up` repairs
        # (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/default_network_acl).
        opts=site.options(ignore_changes=["subnetIds"]),
    )
    aws.ec2.DefaultRouteTable(
        table, default_route_table_id=site.vpc.default_route_table_id, routes=[], tags=site.tags(table), opts=site.options()
    )
    return aws.ec2.DefaultSecurityGroup(group, vpc_id=site.vpc.id, tags=site.tags(group), opts=site.options())


def create_network_acls(site: Site, subnets: Subnets) -> None:
    """Create the ACLs: one for each tier that is closed to all but the VPC, and an open one for the others (the default one is closed).

    The open one comes first. An ACL lets a subnet go by handing it to the default one, whoever holds it by then: were a tier that closes
    taken over before the open ACL has let it go, it would end in the default one. So it is there, and cut off, for a moment; a tier that
    opens is not, for its own ACL goes last.
    """
    closed = site.args.network_acls.tiers
    anywhere = [(_PRIMARY_RULE + index, {**_ALL_TRAFFIC, **block}) for index, block in enumerate(_ANYWHERE)]
    refused = list(_admin_port_rules(site)) if site.args.network_acls.refuse_admin_ports else []
    open_subnets = [subnet for tier in subnets.by_tier if tier not in closed for subnet in subnets.ids(tier)]
    first = [_create_acl(site, "open", [*refused, *anywhere], anywhere, open_subnets)] if open_subnets else []
    for tier in closed:
        rules = list(_vpc_only_rules(site))
        _create_acl(site, tier, rules, rules, subnets.ids(tier), first)


def _create_acl(
    site: Site, role: str, ingress: _Entries, egress: _Entries, subnet_ids: list[pulumi.Output[str]], after: Sequence[pulumi.Resource] = ()
) -> aws.ec2.NetworkAcl:
    name = site.child("network-acl", role)
    return aws.ec2.NetworkAcl(
        name,
        vpc_id=site.vpc.id,
        subnet_ids=subnet_ids,
        ingress=[aws.ec2.NetworkAclIngressArgs(rule_no=number, **entry) for number, entry in ingress],
        egress=[aws.ec2.NetworkAclEgressArgs(rule_no=number, **entry) for number, entry in egress],
        tags=site.tags(name),
        opts=site.options(depends_on=list(after)),
    )


def _vpc_only_rules(site: Site) -> Iterator[tuple[int, dict[str, Any]]]:
    """Everything from every block of the VPC, and from those allowed by name."""
    for index, (key, block) in enumerate(site.ipv4_blocks.items()):
        yield (_PRIMARY_RULE if key == "vpc" else _SECONDARY_RULES + index), {**_ALL_TRAFFIC, "cidr_block": block}
    if site.args.ipv6:
        yield _IPV6_RULE, {**_ALL_TRAFFIC, "ipv6_cidr_block": site.vpc.ipv6_cidr_block}
    for index, allowed in enumerate(site.args.network_acls.allowed_cidrs):
        family = "ipv6_cidr_block" if isinstance(allowed, IPv6Network) else "cidr_block"
        yield _ALLOWED_RULES + index, {**_ALL_TRAFFIC, family: str(allowed)}


def _admin_port_rules(site: Site) -> Iterator[tuple[int, dict[str, Any]]]:
    """What stands before the rules that let everyone in: the first that fits decides."""
    for number, entry in _vpc_only_rules(site):
        yield number - _BEFORE_REFUSALS, entry
    for index, (port, block) in enumerate(itertools.product(ADMIN_PORTS, _ANYWHERE)):
        yield _REFUSALS + index, {"protocol": _TCP, "from_port": port, "to_port": port, "action": "deny", **block}


def create_block_public_access(site: Site, subnets: Subnets) -> None:
    """Set the account's mode, where this network is to own it, and exempt what is to be exempt."""
    block = site.args.block_public_access
    if block.account_mode is not None:
        aws.ec2.VpcBlockPublicAccessOptions(
            site.child("block-public-access"), internet_gateway_block_mode=block.account_mode, opts=site.options()
        )
    if block.exempt == "vpc":
        name = site.child("exempt", "vpc")
        aws.ec2.VpcBlockPublicAccessExclusion(
            name,
            vpc_id=site.vpc.id,
            internet_gateway_exclusion_mode=block.exempt_mode,
            tags=site.tags(name),
            opts=site.options(),
        )
    if block.exempt == "public":
        for zone, subnet in subnets.by_tier[Tier.PUBLIC].items():
            name = site.child("exempt", Tier.PUBLIC, zone)
            aws.ec2.VpcBlockPublicAccessExclusion(
                name,
                subnet_id=subnet.id,
                internet_gateway_exclusion_mode=block.exempt_mode,
                tags=site.tags(name),
                opts=site.options(),
            )
