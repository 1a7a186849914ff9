"""The defaults of a VPC, closed, and the network ACLs in their place.

AWS gives every VPC a security group, a network ACL and a route table that new things fall to. They are emptied, so that nothing works by
accident.
"""

from collections.abc import Iterator
from ipaddress import IPv6Network
from typing import Any

import pulumi
import pulumi_aws as aws

from platform_components.network.addresses import Tier
from platform_components.network.site import Site
from platform_components.network.subnets import Subnets

_PRIMARY_RULE, _IPV6_RULE, _SECONDARY_RULES, _ALLOWED_RULES = 100, 101, 110, 120
"""Rule numbers: a block keeps its own when another kind is added."""


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
    """Create the ACLs: one for each tier that is closed to all but the VPC, and an open one for the others (the default one is closed)."""
    closed = site.args.network_acls.tiers
    for tier in closed:
        rules = list(_vpc_only_rules(site))
        _create_acl(site, tier, rules, subnets.ids(tier))
    anywhere: list[dict[str, Any]] = [{"cidr_block": "0.0.0.0/0"}, {"ipv6_cidr_block": "::/0"}]
    rules = [(_PRIMARY_RULE + index, block) for index, block in enumerate(anywhere)]
    open_subnets = [subnet for tier in subnets.by_tier if tier not in closed for subnet in subnets.ids(tier)]
    if open_subnets:
        _create_acl(site, "open", rules, open_subnets)


def _create_acl(site: Site, role: str, rules: list[tuple[int, dict[str, Any]]], subnet_ids: list[pulumi.Output[str]]) -> None:
    name = site.child("network-acl", role)
    common: dict[str, Any] = {"protocol": "-1", "from_port": 0, "to_port": 0, "action": "allow"}
    aws.ec2.NetworkAcl(
        name,
        vpc_id=site.vpc.id,
        subnet_ids=subnet_ids,
        ingress=[aws.ec2.NetworkAclIngressArgs(rule_no=number, **common, **block) for number, block in rules],
        egress=[aws.ec2.NetworkAclEgressArgs(rule_no=number, **common, **block) for number, block in rules],
        tags=site.tags(name),
        opts=site.options(),
    )


def _vpc_only_rules(site: Site) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every block of the VPC, and those allowed by name."""
    for index, (key, block) in enumerate(site.ipv4_blocks.items()):
        yield (_PRIMARY_RULE if key == "vpc" else _SECONDARY_RULES + index), {"cidr_block": block}
    if site.args.ipv6:
        yield _IPV6_RULE, {"ipv6_cidr_block": site.vpc.ipv6_cidr_block}
    for index, allowed in enumerate(site.args.network_acls.allowed_cidrs):
        yield _ALLOWED_RULES + index, {"ipv6_cidr_block" if isinstance(allowed, IPv6Network) else "cidr_block": str(allowed)}


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
