"""Networks that the tests of the Vpc component build and what they read in them."""

from platform_components.network.addresses import Tier
from platform_components.network.args import VpcArgs
from platform_components.network.vpc import Vpc
from tests.support import deploy

ZONES = ("euw1-az1", "euw1-az2", "euw1-az3")
SUBNET = "aws:ec2/subnet:Subnet"
ROUTE = "aws:ec2/route:Route"
NAT = "aws:ec2/natGateway:NatGateway"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
ACL = "aws:ec2/networkAcl:NetworkAcl"

# Inputs that list what there is: a new zone or tier joins them, and AWS updates them in place.
LISTS = {
    "aws:ec2/networkAcl:NetworkAcl": {"subnetIds", "ingress"},
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"subnetIds", "routeTableIds"},
    "aws:rds/subnetGroup:SubnetGroup": {"subnetIds"},
    "aws:elasticache/subnetGroup:SubnetGroup": {"subnetIds"},
    "aws:ec2transitgateway/vpcAttachment:VpcAttachment": {"subnetIds"},
    "platform-components:index:Vpc": {
        "zones",
        "tiers",
        "nat",
        "ipv6",
        "nat_zone",
        "endpoints",
        "secondary_cidrs",
        "peerings",
        "extra_endpoints",
    },
}


def args(**given):
    return VpcArgs.model_validate({"cidr": "10.32.0.0/16", "zones": ZONES, **given})


def build(preview=False, name="prod", **given):
    return deploy(lambda: Vpc(name, args(**given)), preview=preview)


def inputs_by_urn(deployment):
    return {
        node.urn: {key: value for key, value in node.inputs.items() if key not in LISTS.get(node.type, ())} for node in deployment.graph
    }


def assert_grows(before, after, *, but=()):
    """Every resource of the first graph stands in the second with the same inputs, lists aside."""
    old, new = inputs_by_urn(before), inputs_by_urn(after)
    for urn, inputs in old.items():
        if not any(part in urn for part in but):
            assert new.get(urn) == inputs, urn
    for acl in before.graph.of_type(ACL):
        assert all(rule in after.graph.by_urn[acl.urn].inputs["ingress"] for rule in acl.inputs["ingress"]), acl.urn


def routes(deployment):
    """Each route as (table, destination, kind of target)."""
    names = {node.urn: node.name for node in deployment.graph}
    found = set()
    for node in deployment.graph.of_type(ROUTE):
        target = next(key for key in node.inputs if key not in ("routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock"))
        (table,) = node.property_dependencies["routeTableId"]
        behind = node.property_dependencies.get(target, ())
        to = names[behind[0]] if behind else node.inputs[target]
        found.add((names[table], node.inputs.get("destinationCidrBlock") or node.inputs["destinationIpv6CidrBlock"], to))
    return found


FULL = {
    "tiers": list(Tier),
    "ipv6": True,
    "dns64": True,
    "endpoints": "eks-private",
    "extra_endpoints": ["kafka"],
    "secondary_cidrs": {"pods": {"cidr": "100.64.0.0/16"}},
    "query_logs": {"enabled": True},
    "logs_encryption": {"owned_key": True},
    "network_acls": {"tiers": ["database", "cache"], "allowed_cidrs": ["192.168.0.0/16"]},
    "dns_firewall": {"blocked_domains": ["bad.example"], "allowed_domains": ["*.good.example"], "allow_only_listed": True},
    "private_zones": {
        "internal.example": {"associated_vpcs": {"shared": {"vpc_id": "vpc-2"}, "audit": {"vpc_id": "vpc-3", "other_account": True}}}
    },
    "transit_gateway": {"id": "tgw-1", "destinations": ["172.16.0.0/12", "2001:db8::/32"], "route_tiers": ["private", "database"]},
    "peerings": {"shared": {"vpc_id": "vpc-2", "destinations": ["10.64.0.0/16"]}},
    "block_public_access": {"account_mode": "block-ingress", "exempt": "public"},
    "dhcp": {"domain_name": "internal.example"},
    "karpenter_discovery": "prod",
}
