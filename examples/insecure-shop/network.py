"""Two networks: one that grew, and one that nobody remembers."""

import pulumi_aws as aws
from common import ANYWHERE, REGION, TAGS

main = aws.ec2.Vpc("main", cidr_block="10.0.0.0/16", enable_dns_hostnames=True)
legacy = aws.ec2.Vpc("legacy", cidr_block="10.1.0.0/16")

gateway = aws.ec2.InternetGateway("gateway", vpc_id=main.id)
public_routes = aws.ec2.RouteTable("public-routes", vpc_id=main.id, routes=[{"cidr_block": ANYWHERE, "gateway_id": gateway.id}])
public = aws.ec2.Subnet(
    "public-subnet", vpc_id=main.id, cidr_block="10.0.0.0/24", availability_zone=f"{REGION}a", map_public_ip_on_launch=True
)
nodes = aws.ec2.Subnet("nodes-subnet", vpc_id=main.id, cidr_block="10.0.1.0/24", availability_zone=f"{REGION}a")
for subnet, name in ((public, "public-routing"), (nodes, "nodes-routing")):
    aws.ec2.RouteTableAssociation(name, subnet_id=subnet.id, route_table_id=public_routes.id)

for number in ("one", "two"):
    address = aws.ec2.Eip(f"nat-address-{number}", domain="vpc", tags=TAGS)
    aws.ec2.NatGateway(f"nat-{number}", subnet_id=public.id, allocation_id=address.id, tags=TAGS)

aws.ec2.DefaultSecurityGroup(
    "default-group",
    vpc_id=main.id,
    ingress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "self": True, "description": "each other"}],
)
acl = aws.ec2.NetworkAcl(
    "open-acl",
    vpc_id=main.id,
    subnet_ids=[public.id],
    ingress=[{"rule_no": 100, "action": "allow", "protocol": "-1", "from_port": 0, "to_port": 0, "cidr_block": ANYWHERE}],
)
aws.ec2.NetworkAclRule(
    "acl-remote-desktop",
    network_acl_id=acl.id,
    rule_number=90,
    rule_action="allow",
    protocol="tcp",
    from_port=3389,
    to_port=3389,
    cidr_block=ANYWHERE,
)

aws.ec2.VpcEndpoint("s3-endpoint", vpc_id=main.id, service_name=f"com.amazonaws.{REGION}.s3", route_table_ids=[public_routes.id])
queue_endpoint = aws.ec2.VpcEndpoint(
    "sqs-endpoint",
    vpc_id=main.id,
    service_name=f"com.amazonaws.{REGION}.sqs",
    vpc_endpoint_type="Interface",
    subnet_ids=[nodes.id],
    tags=TAGS,
)
aws.ec2.VpcEndpointPolicy(
    "sqs-endpoint-policy",
    vpc_endpoint_id=queue_endpoint.id,
    policy='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}',
)

# Security groups: rules inside, and rules of their own, in both of AWS's shapes.
web = aws.ec2.SecurityGroup(
    "web-group",
    vpc_id=main.id,
    description="Web servers",
    ingress=[
        {"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": [ANYWHERE], "description": "customers"},
        {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": [ANYWHERE], "description": "admins at home"},
    ],
)
desktop = aws.ec2.SecurityGroup(
    "desktop-group",
    vpc_id=main.id,
    description="Back office",
    ingress=[{"protocol": "tcp", "from_port": 3300, "to_port": 3400, "ipv6_cidr_blocks": ["::/0"], "description": "back office"}],
    egress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": [ANYWHERE], "description": "updates"}],
)
aws.ec2.SecurityGroup("forgotten-group", vpc_id=legacy.id)

database = aws.ec2.SecurityGroup("database-group", vpc_id=main.id, description="Databases and caches")
aws.ec2.SecurityGroupRule(
    "database-from-anywhere",
    security_group_id=database.id,
    type="ingress",
    protocol="tcp",
    from_port=5432,
    to_port=5432,
    cidr_blocks=[ANYWHERE],
    description="reporting tool",
)
aws.ec2.SecurityGroupRule(
    "database-everything",
    security_group_id=database.id,
    type="ingress",
    protocol="-1",
    from_port=0,
    to_port=0,
    cidr_blocks=[ANYWHERE],
    description="while we debug",
)
aws.vpc.SecurityGroupIngressRule(
    "cache-from-anywhere", security_group_id=database.id, ip_protocol="tcp", from_port=6379, to_port=6379, cidr_ipv6="::/0"
)
aws.vpc.SecurityGroupIngressRule(
    "tunnel-from-anywhere",
    security_group_id=database.id,
    ip_protocol="tcp",
    from_port=22,
    to_port=22,
    cidr_ipv4=ANYWHERE,
    description="tunnel",
)
aws.vpc.SecurityGroupEgressRule(
    "database-to-anywhere", security_group_id=database.id, ip_protocol="-1", cidr_ipv4=ANYWHERE, description="replication"
)
