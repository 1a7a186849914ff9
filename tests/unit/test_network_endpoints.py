"""The endpoints of a network."""

import json

import pytest

from platform_components.network.addresses import Tier
from platform_components.network.endpoint_services import GATEWAY_SERVICES, PROFILES
from tests.unit.network_cases import ENDPOINT, ROUTE, ZONES, build


def test_an_endpoint_keeps_to_the_zones_that_have_its_service():
    deployment = build(extra_endpoints=["kafka", "sns"], endpoint_settings={"service_zones": {"kafka": ZONES[1:]}})
    behind = {
        node.name: {name for urn in node.property_dependencies.get("subnetIds", ()) if (name := urn.rpartition("::")[2])}
        for node in deployment.graph.of_type(ENDPOINT)
    }
    assert behind["prod-endpoint-kafka"] == {f"prod-private-{zone}" for zone in ZONES[1:]}
    assert behind["prod-endpoint-sns"] == {f"prod-private-{zone}" for zone in ZONES}


@pytest.mark.parametrize("profile", ["minimal", "eks-private"])
def test_an_endpoint_profile_is_its_gateways_and_interfaces(profile):
    deployment = build(endpoints=profile)
    services = {node.inputs["serviceName"]: node.inputs["vpcEndpointType"] for node in deployment.graph.of_type(ENDPOINT)}
    assert services == {
        **{f"com.amazonaws.eu-west-1.{service}": "Gateway" for service in GATEWAY_SERVICES},
        **{f"com.amazonaws.eu-west-1.{service}": "Interface" for service in PROFILES[profile]},
    }
    assert (deployment.value("endpoint_security_group_id") is None) == (profile == "minimal")


def test_an_endpoint_of_a_service_unknown_here_gets_the_policy_where_it_is_said_to_take_one():
    deployment = build(extra_endpoints=["one", "other", "eks-auth"], endpoint_settings={"policy_services": ["one"]})
    policies = {name: deployment.one(ENDPOINT, f"endpoint-{name}").inputs.get("policy") for name in ("one", "other", "eks-auth")}
    assert json.loads(policies["one"])["Statement"][0]["Condition"]["StringEquals"] == {"aws:PrincipalAccount": ["123456789012"]}
    assert policies["other"] is policies["eks-auth"] is None
    unrestricted = build(extra_endpoints=["one"], endpoint_settings={"policy_services": ["one"], "restrict": False})
    assert unrestricted.one(ENDPOINT, "endpoint-one").inputs.get("policy") is None


def test_an_airgapped_network_has_its_endpoints_and_no_gateway_at_all():
    deployment = build(endpoints="airgapped", nat="none", tiers=["private", "intra", "database", "cache"])
    assert len(deployment.names(ENDPOINT)) == len(GATEWAY_SERVICES) + len(PROFILES["airgapped"])
    assert not [node for node in deployment.graph if "Gateway" in node.type]
    assert deployment.names(ROUTE) == []


def test_interfaces_lie_in_their_tier_and_admit_https_from_the_vpc_only():
    deployment = build(
        ipv6=True, extra_endpoints=["kafka"], secondary_cidrs={"pods": {"cidr": "100.64.0.0/16"}}, endpoint_settings={"tier": "intra"}
    )
    endpoint = deployment.one(ENDPOINT, "endpoint-kafka")
    names = {node.urn: node.name for node in deployment.graph}
    assert sorted(names[urn] for urn in set(endpoint.property_dependencies["subnetIds"])) == [f"prod-intra-{zone}" for zone in ZONES]
    assert endpoint.inputs["privateDnsEnabled"] is True
    rules = [node.inputs for node in deployment.graph.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")]
    assert {rule.get("cidrIpv4") or rule["cidrIpv6"] for rule in rules} == {"10.32.0.0/16", "100.64.0.0/16", deployment.value("ipv6_cidr")}
    assert all((rule["ipProtocol"], rule["fromPort"], rule["toPort"]) == ("tcp", 443, 443) for rule in rules)
    assert all(rule["description"].startswith("HTTPS from ") for rule in rules)
    group = deployment.one("aws:ec2/securityGroup:SecurityGroup").inputs
    assert group["description"]
    assert not group.get("egress")
    assert not deployment.names("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")


def test_gateways_stand_on_every_route_table():
    deployment = build(tiers=list(Tier))
    tables = {node.urn for node in deployment.graph.of_type("aws:ec2/routeTable:RouteTable")}
    for service in GATEWAY_SERVICES:
        assert set(deployment.one(ENDPOINT, f"endpoint-{service}").property_dependencies["routeTableIds"]) == tables


def test_endpoints_let_in_identities_of_the_account_where_the_service_takes_a_policy():
    deployment = build(endpoints="eks-private", extra_endpoints=["kafka"])
    policies = {node.name.removeprefix("prod-endpoint-"): node.inputs.get("policy") for node in deployment.graph.of_type(ENDPOINT)}
    assert {service for service, policy in policies.items() if policy is None} == {"eks-auth", "kafka"}
    for policy in filter(None, policies.values()):
        assert json.loads(policy)["Statement"][0]["Condition"] == {"StringEquals": {"aws:PrincipalAccount": ["123456789012"]}}
    assert all("policy" not in node.inputs for node in build(endpoint_settings={"restrict": False}).graph.of_type(ENDPOINT))
