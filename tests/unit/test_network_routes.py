"""The ways out of a network, and the addresses of its subnets."""

import pytest
from platform_policies.graph import UNKNOWN

from platform_components.network.addresses import Tier
from tests.unit.network_cases import FULL, NAT, ROUTE, SUBNET, ZONES, build, routes


def test_nat_per_zone_routes_each_zone_through_its_own_gateway():
    found = routes(build())
    assert found == {
        ("prod-routes-public", "0.0.0.0/0", "prod-internet"),
        *((f"prod-routes-private-{zone}", "0.0.0.0/0", f"prod-nat-{zone}") for zone in ZONES),
    }


@pytest.mark.parametrize(("nat_zone", "gateway"), [(None, "prod-nat-euw1-az1"), ("euw1-az2", "prod-nat-euw1-az2")])
def test_nat_single_routes_all_zones_through_one_gateway(nat_zone, gateway):
    deployment = build(nat="single", nat_zone=nat_zone)
    assert deployment.names(NAT) == deployment.names("aws:ec2/eip:Eip") == [gateway]
    assert {target for table, _, target in routes(deployment) if "private" in table} == {gateway}


def test_nat_none_has_no_gateway_and_keeps_the_zone_tables():
    deployment = build(nat="none")
    assert deployment.names(NAT) == deployment.names("aws:ec2/eip:Eip") == []
    assert deployment.names(ROUTE) == ["prod-route-public-internet"]
    assert "prod-routes-private-euw1-az2" in deployment.names("aws:ec2/routeTable:RouteTable")


def test_nat_regional_is_one_gateway_of_the_vpc_that_needs_no_public_tier():
    deployment = build(nat="regional", tiers=["private"])
    gateway = deployment.one(NAT)
    assert gateway.inputs["availabilityMode"] == "regional"
    assert "vpcId" in gateway.inputs
    assert not {"subnetId", "allocationId", "availabilityZoneAddresses"} & set(gateway.inputs)
    assert deployment.names("aws:ec2/eip:Eip") == []
    assert deployment.one("aws:ec2/internetGateway:InternetGateway").urn in gateway.dependencies
    assert {target for _, _, target in routes(deployment)} == {"prod-nat-regional"}


def test_addresses_of_ones_own_are_used_for_gateways():
    ids = {zone: f"eipalloc-{zone[-1]}" for zone in ZONES}
    zonal = build(nat_eip_ids=ids)
    assert zonal.names("aws:ec2/eip:Eip") == []
    assert {node.name[-8:]: node.inputs["allocationId"] for node in zonal.graph.of_type(NAT)} == ids
    regional = build(nat="regional", nat_eip_ids=ids).one(NAT)
    assert regional.inputs["availabilityZoneAddresses"] == [{"availabilityZoneId": zone, "allocationIds": [ids[zone]]} for zone in ZONES]


def test_gateways_wait_for_the_internet_gateway_and_go_before_it():
    deployment = build()
    internet = deployment.one("aws:ec2/internetGateway:InternetGateway").urn
    assert all(internet in node.dependencies for node in deployment.graph.of_type(NAT, "aws:ec2/eip:Eip"))


def test_ipv6_gives_every_subnet_a_block_and_complete_routes():
    deployment = build(ipv6=True, dns64=True, tiers=list(Tier))
    assert deployment.one("aws:ec2/vpc:Vpc").inputs["assignGeneratedIpv6CidrBlock"] is True
    blocks = [node.inputs["ipv6CidrBlock"] for node in deployment.graph.of_type(SUBNET)]
    assert len(set(blocks)) == 15
    assert all(block.endswith("::/64") for block in blocks)
    six = {(table, destination, target) for table, destination, target in routes(deployment) if ":" in destination}
    assert six == {
        ("prod-routes-public", "::/0", "prod-internet"),
        *((f"prod-routes-private-{zone}", "::/0", "prod-egress6") for zone in ZONES),
        *((f"prod-routes-private-{zone}", "64:ff9b::/96", f"prod-nat-{zone}") for zone in ZONES),
    }
    dns64 = {node.name for node in deployment.graph.of_type(SUBNET) if node.inputs.get("enableDns64")}
    assert dns64 == {f"prod-private-{zone}" for zone in ZONES}
    assigned = {node.name.split("-")[1] for node in deployment.graph.of_type(SUBNET) if node.inputs["assignIpv6AddressOnCreation"]}
    assert assigned == {"private", "intra", "database", "cache"}


def test_ipv6_egress_can_be_left_out_and_a_pool_can_give_the_block():
    deployment = build(ipv6=True, ipv6_egress=False)
    assert deployment.names("aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway") == []
    pooled = build(preview=True, ipv6=True, ipv6_pool={"pool_id": "ipam-pool-6"}).one("aws:ec2/vpc:Vpc").inputs
    assert (pooled["ipv6IpamPoolId"], pooled["ipv6NetmaskLength"]) == ("ipam-pool-6", 56)
    assert "assignGeneratedIpv6CidrBlock" not in pooled


def test_no_subnet_gives_public_addresses_by_itself():
    assert all(node.inputs["mapPublicIpOnLaunch"] is False for node in build(**FULL).graph.of_type(SUBNET))


def test_subnets_are_placed_by_zone_id():
    found = {node.name[-8:]: node.inputs["availabilityZoneId"] for node in build().graph.of_type(SUBNET)}
    assert found == {zone: zone for zone in ZONES}


def test_a_secondary_block_is_a_tier_that_waits_for_its_association_and_shares_the_zone_tables():
    deployment = build(secondary_cidrs={"pods": {"cidr": "100.64.0.0/16"}})
    association = deployment.one("aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation")
    pods = [node for node in deployment.graph.of_type(SUBNET) if "-pods-" in node.name]
    assert sorted(node.inputs["cidrBlock"] for node in pods) == ["100.64.0.0/18", "100.64.128.0/18", "100.64.64.0/18"]
    assert all(association.urn in node.property_dependencies["cidrBlock"] for node in pods)
    assert len(deployment.names("aws:ec2/routeTable:RouteTable")) == 6
    assert deployment.value("secondary_cidr_blocks") == {"pods": "100.64.0.0/16"}
    assert len(deployment.value("subnet_ids")["pods"]) == 3


def test_a_pool_s_block_is_planned_at_the_same_places():
    pooled = build(cidr=None, ipam={"pool_id": "ipam-pool-1", "netmask_length": 16})
    vpc = pooled.one("aws:ec2/vpc:Vpc").inputs
    assert (vpc["ipv4IpamPoolId"], vpc["ipv4NetmaskLength"]) == ("ipam-pool-1", 16)
    assert "cidrBlock" not in vpc
    block = pooled.value("cidr")
    plain = build(cidr=block)
    cidrs = [{node.name: node.inputs["cidrBlock"] for node in one.graph.of_type(SUBNET)} for one in (pooled, plain)]
    assert cidrs[0] == cidrs[1]


def test_a_secondary_block_may_come_from_a_pool():
    deployment = build(preview=True, secondary_cidrs={"pods": {"ipam": {"pool_id": "ipam-pool-1", "netmask_length": 18}}})
    association = deployment.one("aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation").inputs
    assert (association["ipv4IpamPoolId"], association["ipv4NetmaskLength"]) == ("ipam-pool-1", 18)
    assert deployment.one(SUBNET, "pods-euw1-az1").inputs["cidrBlock"] == UNKNOWN


def test_blocks_set_by_hand_are_used():
    deployment = build(layout={"blocks": {"public": {"euw1-az1": "10.32.255.0/24"}}})
    assert deployment.one(SUBNET, "public-euw1-az1").inputs["cidrBlock"] == "10.32.255.0/24"
    assert deployment.one(SUBNET, "public-euw1-az2").inputs["cidrBlock"] == "10.32.136.0/21"
