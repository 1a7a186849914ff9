"""Names: private zones, the resolver's firewall, and what DHCP says."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from platform_components.network.link_options import DnsFirewall, PrivateZone
from platform_components.network.site import Site

_ALLOWED, _BLOCKED, _MANAGED, _THREATS, _REST = 100, 200, 300, 500, 900
"""Priorities of the rule kinds: fixed, so that adding one rule renumbers no other."""

_THREAT_PRIORITY: Mapping[str, int] = {"DGA": _THREATS, "DNS_TUNNELING": _THREATS + 1}


def create_private_zones(site: Site) -> dict[str, aws.route53.Zone]:
    """Create the private zones by domain, and their further associations."""
    return {domain: _create_zone(site, domain, zone) for domain, zone in site.args.private_zones.items()}


def _create_zone(site: Site, domain: str, settings: PrivateZone) -> aws.route53.Zone:
    name = site.child("zone", domain)
    zone = aws.route53.Zone(
        name,
        name=domain,
        comment=settings.comment,
        force_destroy=settings.delete_records,
        vpcs=[aws.route53.ZoneVpcArgs(vpc_id=site.vpc.id)],
        tags=site.tags(name),
        # Associations made outside this resource show up in its own list, and would be taken away at the next update
        # (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/route53_zone_association).
        opts=site.options(ignore_changes=["vpcs"] if settings.associated_vpcs else []),
    )
    for key, other in settings.associated_vpcs.items():
        create = aws.route53.VpcAssociationAuthorization if other.other_account else aws.route53.ZoneAssociation
        create(site.child("zone", domain, key), zone_id=zone.zone_id, vpc_id=other.vpc_id, vpc_region=other.region, opts=site.options())
    return zone


def create_dns_firewall(site: Site, firewall: DnsFirewall) -> None:
    """Create the rule group, its lists and rules, and tie it to the VPC."""
    name = site.child("dns-firewall")
    group = aws.route53.ResolverFirewallRuleGroup(name, tags=site.tags(name), opts=site.options())
    block = {"action": firewall.action, "block_response": "NODATA" if firewall.action == "BLOCK" else None}
    if firewall.allowed_domains:
        # Trusted along with whatever they are aliases of: else a name that leads to a CDN would be caught at its second step by the lists
        # below, by `allow_only_listed` above all
        # (https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53resolver_CreateFirewallRule.html).
        _rule(
            site,
            group,
            "allowed",
            _ALLOWED,
            action="ALLOW",
            firewall_domain_list_id=_list(site, "allowed", firewall.allowed_domains),
            firewall_domain_redirection_action="TRUST_REDIRECTION_DOMAIN",
        )
    if firewall.blocked_domains:
        _rule(site, group, "blocked", _BLOCKED, firewall_domain_list_id=_list(site, "blocked", firewall.blocked_domains), **block)
    for key, managed in firewall.managed_lists.items():
        _rule(site, group, f"list-{key}", _MANAGED + managed.priority, firewall_domain_list_id=managed.id, **block)
    for threat in firewall.threats:
        role = threat.lower().replace("_", "-")
        protection = {"dns_threat_protection": threat, "confidence_threshold": firewall.confidence}
        _rule(site, group, role, _THREAT_PRIORITY[threat], **protection, **block)
    if firewall.allow_only_listed:
        _rule(site, group, "rest", _REST, firewall_domain_list_id=_list(site, "rest", ("*",)), **block)
    aws.route53.ResolverFirewallRuleGroupAssociation(
        name,
        firewall_rule_group_id=group.id,
        vpc_id=site.vpc.id,
        priority=firewall.priority,
        mutation_protection="ENABLED" if firewall.deletion_protection else "DISABLED",
        tags=site.tags(name),
        opts=site.options(),
    )
    aws.route53.ResolverFirewallConfig(
        name, resource_id=site.vpc.id, firewall_fail_open="ENABLED" if firewall.fail_open else "DISABLED", opts=site.options()
    )


def _list(site: Site, role: str, domains: tuple[str, ...]) -> pulumi.Output[str]:
    name = site.child("dns", role)
    return aws.route53.ResolverFirewallDomainList(name, domains=list(domains), tags=site.tags(name), opts=site.options()).id


def _rule(site: Site, group: aws.route53.ResolverFirewallRuleGroup, role: str, priority: int, **rule: Any) -> None:
    aws.route53.ResolverFirewallRule(
        site.child("dns", role),
        # Fixed: its group tells it apart already, and a name made of both names and a suffix can pass the 64 characters there are.
        name=role,
        firewall_rule_group_id=group.id,
        priority=priority,
        # A priority is held by one rule at a time, so its successor cannot come first.
        opts=site.options(delete_before_replace=True),
        **rule,
    )


def create_dhcp_options(site: Site) -> None:
    """Create the DHCP options, where there are any, and tie them to the VPC."""
    dhcp = site.args.dhcp
    if dhcp is None:
        return
    name = site.child("dhcp")
    options = aws.ec2.VpcDhcpOptions(
        name,
        domain_name=dhcp.domain_name,
        domain_name_servers=list(dhcp.domain_name_servers),
        ntp_servers=list(dhcp.ntp_servers) or None,
        tags=site.tags(name),
        opts=site.options(),
    )
    aws.ec2.VpcDhcpOptionsAssociation(name, vpc_id=site.vpc.id, dhcp_options_id=options.id, opts=site.options())
