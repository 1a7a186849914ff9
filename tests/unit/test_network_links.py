"""Names in a network, and its links to others."""

import pulumi_aws as aws
import pytest

from tests.unit.network_cases import FULL, ROUTE, build


def test_private_zones_are_associated_and_authorised():
    deployment = build(**FULL)
    zone = deployment.one("aws:route53/zone:Zone")
    assert zone.inputs["name"] == "internal.example"
    assert len(zone.inputs["vpcs"]) == 1
    assert deployment.one("aws:route53/zoneAssociation:ZoneAssociation").inputs["vpcId"] == "vpc-2"
    assert deployment.one("aws:route53/vpcAssociationAuthorization:VpcAssociationAuthorization").inputs["vpcId"] == "vpc-3"
    assert list(deployment.value("private_zone_ids")) == ["internal.example"]


def test_the_dns_firewall_has_rules_in_a_fixed_order():
    firewall = {
        "allowed_domains": ["*.good.example"],
        "blocked_domains": ["bad.example"],
        "managed_lists": {"malware": {"id": "rslvr-fdl-1", "priority": 7}},
        "allow_only_listed": True,
    }
    deployment = build(dns_firewall=firewall)
    rules = sorted(
        (node.inputs["priority"], node.name.removeprefix("prod-dns-"), node.inputs["action"])
        for node in deployment.graph.of_type("aws:route53/resolverFirewallRule:ResolverFirewallRule")
    )
    assert rules == [
        (100, "allowed", "ALLOW"),
        (200, "blocked", "BLOCK"),
        (307, "list-malware", "BLOCK"),
        (500, "dga", "BLOCK"),
        (501, "dns-tunneling", "BLOCK"),
        (900, "rest", "BLOCK"),
    ]
    for node in deployment.graph.of_type("aws:route53/resolverFirewallRule:ResolverFirewallRule"):
        assert node.inputs["name"] == node.name.removeprefix("prod-dns-")
    followed = {
        node.name.removeprefix("prod-dns-"): node.inputs.get("firewallDomainRedirectionAction")
        for node in deployment.graph.of_type("aws:route53/resolverFirewallRule:ResolverFirewallRule")
    }
    assert followed.pop("allowed") == "TRUST_REDIRECTION_DOMAIN"
    assert set(followed.values()) == {None}
    assert deployment.one("aws:route53/resolverFirewallConfig:ResolverFirewallConfig").inputs["firewallFailOpen"] == "DISABLED"
    assert (
        deployment.one("aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation").inputs["mutationProtection"]
        == "DISABLED"
    )
    alert = build(dns_firewall={"action": "ALERT"})
    assert all("blockResponse" not in node.inputs for node in alert.graph.of_type("aws:route53/resolverFirewallRule:ResolverFirewallRule"))


def test_a_rule_gives_its_priority_up_before_its_successor_takes_it(monkeypatch):
    seen = []
    original = aws.route53.ResolverFirewallRule.__init__

    def spy(self, resource_name, /, *given, **kwargs):
        seen.append(kwargs["opts"].delete_before_replace)
        original(self, resource_name, *given, **kwargs)

    monkeypatch.setattr(aws.route53.ResolverFirewallRule, "__init__", spy)
    build(dns_firewall={"blocked_domains": ["bad.example"]})
    assert seen == [True] * 3


def test_a_transit_gateway_is_attached_before_anything_is_routed_to_it():
    deployment = build(**FULL)
    attachment = deployment.one("aws:ec2transitgateway/vpcAttachment:VpcAttachment")
    assert attachment.inputs["ipv6Support"] == "enable"
    to_transit = [node for node in deployment.graph.of_type(ROUTE) if "transitGatewayId" in node.inputs]
    assert len(to_transit) == (3 + 1) * 2
    assert all(attachment.urn in node.dependencies for node in to_transit)
    assert "prod-route-database-transit-2001:db8..-32" in {node.name for node in to_transit}


@pytest.mark.parametrize(("other", "accepted"), [({}, True), ({"account_id": "210987654321"}, None), ({"region": "us-east-1"}, None)])
def test_a_peering_is_accepted_here_where_both_ends_are_ours(other, accepted):
    peering = {"vpc_id": "vpc-2", "destinations": ["10.64.0.0/16"], "dns_resolution": True, **other}
    deployment = build(peerings={"shared": peering})
    assert deployment.one("aws:ec2/vpcPeeringConnection:VpcPeeringConnection").inputs.get("autoAccept") is accepted
    assert len([node for node in deployment.graph.of_type(ROUTE) if "vpcPeeringConnectionId" in node.inputs]) == 3
    assert deployment.one("aws:ec2/peeringConnectionOptions:PeeringConnectionOptions")
    assert list(deployment.value("peering_ids")) == ["shared"]


def test_dhcp_options_are_tied_to_the_vpc():
    deployment = build(**FULL)
    options = deployment.one("aws:ec2/vpcDhcpOptions:VpcDhcpOptions").inputs
    assert options == {**options, "domainName": "internal.example", "domainNameServers": ["AmazonProvidedDNS"]}
    assert deployment.one("aws:ec2/vpcDhcpOptionsAssociation:VpcDhcpOptionsAssociation")
