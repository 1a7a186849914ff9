"""The Vpc component: what it registers, as a whole and for every profile."""

import json

import pulumi
import pytest

from platform_components.component import public_outputs
from platform_components.errors import DeclarationError
from platform_components.network.addresses import Tier
from platform_components.network.args import PROFILE_DEFAULTS, VpcArgs
from platform_components.network.vpc import Vpc
from platform_components.profile import Profile, with_defaults
from tests.support import deploy
from tests.unit.network_cases import ENDPOINT, FULL, NAT, SUBNET, ZONES, args, build


def test_the_graph_of_a_default_network_is_frozen():
    kinds = {}
    for kind, name in build().shape():
        kinds.setdefault(kind.rpartition(":")[2], []).append(name.removeprefix("prod-"))
    per_zone = ["az1", "az2", "az3"]
    assert {kind: len(names) for kind, names in kinds.items()} == {
        "Vpc": 2,
        "Subnet": 12,
        "RouteTable": 6,
        "RouteTableAssociation": 12,
        "InternetGateway": 1,
        "Eip": 3,
        "NatGateway": 3,
        "Route": 4,
        "VpcEndpoint": 2,
        "NetworkAcl": 1,
        "DefaultNetworkAcl": 1,
        "DefaultRouteTable": 1,
        "DefaultSecurityGroup": 1,
        "SubnetGroup": 1,
        "Key": 1,
        "LogGroup": 1,
        "Role": 1,
        "RolePolicy": 1,
        "FlowLog": 1,
    }
    tiers = ("public", "private", "intra", "database")
    assert kinds["Subnet"] == sorted(f"{tier}-euw1-{zone}" for tier in tiers for zone in per_zone)
    assert kinds["RouteTable"] == [
        "routes-database",
        "routes-intra",
        *(f"routes-private-euw1-{zone}" for zone in per_zone),
        "routes-public",
    ]
    assert kinds["Route"] == [*(f"route-private-euw1-{zone}-nat" for zone in per_zone), "route-public-internet"]


def test_every_child_belongs_to_the_component_and_carries_its_name():
    deployment = build(ipv6=True, endpoints="eks-private", nat="regional")
    component = deployment.one("platform-components:index:Vpc")
    children = [node for node in deployment.graph if node.type.startswith("aws:")]
    assert len(children) > 50
    assert all(node.parent == component.urn for node in children)
    assert all(node.name.startswith("prod-") for node in children)


@pytest.mark.parametrize(
    "given", [{}, FULL, {"nat": "regional"}, {"nat": "none"}, {"cidr": None, "ipam": {"pool_id": "ipam-pool-1", "netmask_length": 18}}]
)
def test_preview_shows_the_graph_that_up_makes(given):
    assert build(preview=True, **given).shape() == build(**given).shape()


def test_two_networks_coexist_in_one_stack():
    deployment = deploy(lambda: [Vpc("blue", args(**FULL)), Vpc("green", args(**{**FULL, "cidr": "10.33.0.0/16"}))])
    urns = [node.urn for node in deployment.graph]
    assert len(urns) == len(set(urns))
    assert len(deployment.names(SUBNET)) == 2 * 6 * 3


def test_all_outputs_are_registered_and_none_is_secret():
    deployment = build(**FULL)
    component = deployment.one("platform-components:index:Vpc")
    assert set(component.outputs) >= set(public_outputs(Vpc)) - {"urn"}
    for name in public_outputs(Vpc):
        assert not deployment.output(name).secret
    assert '"secret": true' not in json.dumps([dict(node.inputs) for node in deployment.graph])


def test_outputs_tell_of_what_was_made():
    deployment = build(tiers=list(Tier), zones=["euw1-az3", "euw1-az1", "euw1-az2"])
    by_zone = deployment.value("subnet_ids_by_zone")
    assert {tier: list(zones) for tier, zones in by_zone.items()} == {tier: list(ZONES) for tier in by_zone}
    assert deployment.value("subnet_ids") == {tier: list(zones.values()) for tier, zones in by_zone.items()}
    assert set(by_zone) == {"public", "private", "intra", "database", "cache"}
    assert deployment.value("cidr") == "10.32.0.0/16"
    assert deployment.value("vpc_id").startswith("vpc-")
    assert len(deployment.value("nat_public_ips")) == 3
    assert list(deployment.value("nat_gateway_ids")) == list(ZONES)
    assert list(deployment.value("endpoint_ids")) == ["s3", "dynamodb"]
    assert deployment.value("database_subnet_group_name")
    assert deployment.value("cache_subnet_group_name")
    assert deployment.value("flow_log_group_name").startswith("prod-flow-logs")
    for absent in ("ipv6_cidr", "endpoint_security_group_id", "query_log_group_name", "transit_gateway_attachment_id"):
        assert deployment.value(absent) is None


def test_a_ref_carries_what_other_components_need():
    def program():
        ref = Vpc("prod", args()).ref()
        return {"cidr": ref.cidr, "private": ref.subnets("private"), "none": ref.subnets("cache")}

    deployment = deploy(program)
    assert deployment.value("cidr") == "10.32.0.0/16"
    assert len(deployment.value("private")) == 3
    assert deployment.value("none") == []


def test_the_caller_s_options_stay_with_the_component():
    deployment = deploy(lambda: Vpc("prod", args(), pulumi.ResourceOptions(protect=True, aliases=[pulumi.Alias(name="old")])))
    assert deployment.one("aws:ec2/vpc:Vpc").parent == deployment.one("platform-components:index:Vpc").urn


@pytest.mark.parametrize("name", ["x" * 33, "Prod", "prod_1"])
def test_a_bad_name_is_refused_before_anything_is_registered(name):
    with pytest.raises(DeclarationError, match="the name"):
        deploy(lambda: Vpc(name, args()))


def test_subnets_are_tagged_for_load_balancers_and_karpenter_and_as_the_user_says():
    deployment = build(
        karpenter_discovery="prod",
        tags={"CostCenter": "42"},
        tier_tags={"private": {"team": "platform", "kubernetes.io/role/internal-elb": "0"}},
        zone_tags={"euw1-az1": {"rack": "1"}},
    )
    tags = {node.name.removeprefix("prod-"): node.inputs["tags"] for node in deployment.graph.of_type(SUBNET)}
    base = {"ManagedBy": "platform-components", "CostCenter": "42"}
    assert tags["public-euw1-az2"] == {**base, "Name": "prod-public-euw1-az2", "Tier": "public", "kubernetes.io/role/elb": "1"}
    assert tags["private-euw1-az1"] == {
        **base,
        "Name": "prod-private-euw1-az1",
        "Tier": "private",
        "kubernetes.io/role/internal-elb": "0",
        "karpenter.sh/discovery": "prod",
        "team": "platform",
        "rack": "1",
    }
    assert not [key for key in tags["intra-euw1-az1"] if "/" in key]
    plain = build(load_balancer_tags=False)
    assert not [key for node in plain.graph.of_type(SUBNET) for key in node.inputs["tags"] if "/" in key]


def test_everything_that_takes_tags_has_a_name_and_the_users_tags():
    tagless = {
        "aws:ec2/route:Route", "aws:ec2/routeTableAssociation:RouteTableAssociation", "aws:iam/rolePolicy:RolePolicy",
        "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation", "aws:ec2/vpcDhcpOptionsAssociation:VpcDhcpOptionsAssociation",
        "aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions", "aws:route53/resolverFirewallRule:ResolverFirewallRule",
        "aws:route53/resolverFirewallConfig:ResolverFirewallConfig", "aws:route53/zoneAssociation:ZoneAssociation",
        "aws:route53/vpcAssociationAuthorization:VpcAssociationAuthorization",
        "aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation",
    }  # fmt: skip
    for node in build(**FULL, tags={"CostCenter": "42"}).graph:
        if node.type.startswith("aws:") and node.type not in tagless:
            assert node.inputs["tags"].items() >= {"CostCenter": "42", "ManagedBy": "platform-components"}.items(), node.urn
            assert node.inputs["tags"]["Name"].startswith("prod"), node.urn


@pytest.mark.parametrize("profile", Profile)
def test_every_profile_builds_a_network_from_a_block_and_zones_alone(profile):
    given = with_defaults(PROFILE_DEFAULTS[profile], {"cidr": "10.32.0.0/16", "zones": list(ZONES)})
    deployment = deploy(lambda: Vpc("prod", VpcArgs.model_validate(given)))
    gateways = {Profile.DEV: 1, Profile.PRODUCTION: 3, Profile.REGULATED: 3}
    retention = {Profile.DEV: 14, Profile.PRODUCTION: 90, Profile.REGULATED: 400}
    assert len(deployment.names(NAT)) == gateways[profile]
    groups = list(deployment.graph.of_type("aws:cloudwatch/logGroup:LogGroup"))
    assert {group.inputs["retentionInDays"] for group in groups} == {retention[profile]}
    regulated = profile is Profile.REGULATED
    assert bool(deployment.names("aws:kms/key:Key")) is (profile is not Profile.DEV)
    assert bool(deployment.names("aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup")) is regulated
    assert (len(deployment.names(ENDPOINT)) > 2) is regulated


def test_the_models_own_defaults_are_those_of_production():
    production = with_defaults(PROFILE_DEFAULTS[Profile.PRODUCTION], {"cidr": "10.32.0.0/16", "zones": list(ZONES)})
    assert VpcArgs.model_validate(production) == args()
