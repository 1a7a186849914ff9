"""VPC endpoints: gateways on every route table, interfaces behind one security group, each with a policy where the service takes one."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from platform_components.network.documents import endpoint_policy, to_json
from platform_components.network.endpoint_services import GATEWAY_SERVICES, service_name, takes_policy
from platform_components.network.site import Site
from platform_components.network.subnets import Subnets

HTTPS = 443


@dataclass(frozen=True)
class Endpoints:
    """Endpoints by short service name, and the security group of the interfaces, where there are any."""

    by_service: Mapping[str, aws.ec2.VpcEndpoint]
    security_group: aws.ec2.SecurityGroup | None


def create_endpoints(site: Site, subnets: Subnets) -> Endpoints:
    """Create the gateways, and the interfaces of the profile and of the extra services."""
    by_service = {service: _create_gateway(site, subnets, service) for service in GATEWAY_SERVICES}
    services = site.args.interface_endpoints
    if not services:
        return Endpoints(by_service, None)
    group = _create_security_group(site)
    by_service.update({service: _create_interface(site, subnets, group, service) for service in services})
    return Endpoints(by_service, group)


def _create_gateway(site: Site, subnets: Subnets, service: str) -> aws.ec2.VpcEndpoint:
    name = site.child("endpoint", service)
    return aws.ec2.VpcEndpoint(
        name,
        vpc_id=site.vpc.id,
        vpc_endpoint_type="Gateway",
        service_name=_full_name(site, service),
        route_table_ids=[table.id for table in subnets.tables.values()],
        policy=_policy(site, service),
        tags=site.tags(name),
        opts=site.options(),
    )


def _create_interface(site: Site, subnets: Subnets, group: aws.ec2.SecurityGroup, service: str) -> aws.ec2.VpcEndpoint:
    name = site.child("endpoint", service)
    return aws.ec2.VpcEndpoint(
        name,
        vpc_id=site.vpc.id,
        vpc_endpoint_type="Interface",
        service_name=_full_name(site, service),
        subnet_ids=_subnet_ids(site, subnets, service),
        security_group_ids=[group.id],
        private_dns_enabled=True,
        policy=_policy(site, service),
        tags=site.tags(name),
        opts=site.options(),
    )


def _subnet_ids(site: Site, subnets: Subnets, service: str) -> list[pulumi.Output[str]]:
    """One subnet in each zone that has the service: AWS refuses a second one in a zone, and a zone that lacks the service."""
    settings = site.args.endpoint_settings
    zones = settings.service_zones.get(service, site.args.zones)
    return [subnet.id for zone, subnet in subnets.by_tier[settings.tier].items() if zone in zones]


def _full_name(site: Site, service: str) -> str:
    return service_name(site.args.region_name, service, site.args.endpoint_settings.service_names)


def _policy(site: Site, service: str) -> pulumi.Output[str] | None:
    settings = site.args.endpoint_settings
    if not settings.restrict or not (takes_policy(service) or service in settings.policy_services):
        return None
    return site.document(
        lambda account: to_json(
            endpoint_policy(
                service,
                partition=site.partition,
                region=site.args.region_name,
                accounts=(account, *settings.account_ids),
                organization=settings.organization_id,
            )
        )
    )


def _create_security_group(site: Site) -> aws.ec2.SecurityGroup:
    """Create the group of all interfaces: HTTPS from the VPC's own blocks comes in, nothing goes out."""
    name = site.child("endpoints")
    group = aws.ec2.SecurityGroup(
        name,
        vpc_id=site.vpc.id,
        description=f"Interface endpoints of {site.name}",
        tags=site.tags(name),
        opts=site.options(),
    )
    for key, block in site.ipv4_blocks.items():
        _admit(site, group, key, cidr_ipv4=block)
    if site.args.ipv6:
        _admit(site, group, "ipv6", cidr_ipv6=site.vpc.ipv6_cidr_block)
    return group


def _admit(site: Site, group: aws.ec2.SecurityGroup, key: str, **block: pulumi.Input[str]) -> None:
    name = site.child("endpoints", key)
    aws.vpc.SecurityGroupIngressRule(
        name,
        security_group_id=group.id,
        description=f"HTTPS from {'the VPC' if key == 'vpc' else key}",
        ip_protocol="tcp",
        from_port=HTTPS,
        to_port=HTTPS,
        tags=site.tags(name),
        opts=site.options(),
        **block,
    )
