"""Cases of networks, addresses, gateways and machines."""

from tests.unit.aws_cases import EVERYONE_READ, EVERYONE_WRITE, A, B, Case
from tests.unit.aws_sandbox import REGION

NACL_RULE = {"protocol": "-1", "ruleNo": 100, "action": "allow", "cidrBlock": "0.0.0.0/0", "fromPort": 0, "toPort": 0}
HTTPS = {"protocol": "tcp", "fromPort": 443, "toPort": 443}
TEMPLATE = {
    "blockDeviceMappings": [
        {"deviceName": "/dev/xvda", "ebs": {"encrypted": "true", "volumeSize": 50, "volumeType": "gp3", "deleteOnTermination": "true"}}
    ],
    "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1, "httpEndpoint": "enabled"},
    "vpcSecurityGroupIds": ["sg-1"],
    "tagSpecifications": [{"resourceType": "instance", "tags": {"Name": "n"}}],
    "monitoring": {"enabled": True},
    "userData": "Zm9v",
    "ebsOptimized": "true",
    "updateDefaultVersion": True,
    "tags": A,
}

NETWORK = [
    Case(
        "aws:ec2/vpc:Vpc",
        lambda _: {"cidrBlock": "10.9.0.0/16", "assignGeneratedIpv6CidrBlock": True, "enableDnsHostnames": True, "tags": A},
        lambda _: {"enableDnsHostnames": False, "enableNetworkAddressUsageMetrics": True, "tags": B},
    ),
    Case(
        "aws:ec2/subnet:Subnet",
        lambda w: {
            "vpcId": w.vpc.id,
            "cidrBlock": "10.0.1.0/24",
            "ipv6CidrBlock": w.vpc.outputs["ipv6CidrBlock"].replace("/56", "/64"),
            "availabilityZoneId": "euw1-az1",
            "mapPublicIpOnLaunch": True,
            "assignIpv6AddressOnCreation": True,
            "enableDns64": True,
            "tags": A,
        },
        lambda _: {"mapPublicIpOnLaunch": False, "enableDns64": False, "privateDnsHostnameTypeOnLaunch": "resource-name", "tags": None},
    ),
    Case("aws:ec2/internetGateway:InternetGateway", lambda w: {"vpcId": w.other_vpc.id, "tags": A}, lambda _: {"tags": B}),
    Case(
        "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway",
        lambda w: {"vpcId": w.vpc.id, "tags": A},
        lambda w: {"vpcId": w.other_vpc.id},
        ("vpcId",),
    ),
    Case(
        "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation",
        lambda w: {"vpcId": w.vpc.id, "cidrBlock": "100.64.0.0/16"},
        lambda _: {"cidrBlock": "100.65.0.0/16"},
        ("cidrBlock",),
    ),
    Case(
        "aws:ec2/vpcDhcpOptions:VpcDhcpOptions",
        lambda _: {"domainName": "x.com", "domainNameServers": ["10.0.0.2", "10.0.0.1"], "tags": A},
        lambda _: {"domainNameServers": ["10.0.0.1", "10.0.0.2"]},
        ("domainNameServers[0]", "domainNameServers[1]"),
    ),
    Case(
        "aws:ec2/vpcDhcpOptionsAssociation:VpcDhcpOptionsAssociation",
        lambda w: {"vpcId": w.vpc.id, "dhcpOptionsId": w.dhcp},
        lambda _: {"dhcpOptionsId": "dopt-1"},
        ("dhcpOptionsId",),
    ),
    Case(
        "aws:ec2/routeTable:RouteTable",
        lambda w: {"vpcId": w.vpc.id, "routes": [{"cidrBlock": "0.0.0.0/0", "gatewayId": w.gateway}], "tags": A},
        lambda w: {"routes": [{"ipv6CidrBlock": "::/0", "egressOnlyGatewayId": w.egress_gateway}], "tags": B},
    ),
    Case(
        "aws:ec2/defaultRouteTable:DefaultRouteTable",
        lambda w: {"defaultRouteTableId": w.vpc.outputs["defaultRouteTableId"], "tags": A},
        lambda w: {"routes": [{"cidrBlock": "10.77.0.0/16", "gatewayId": w.gateway}]},
        stays=True,
    ),
    Case(
        "aws:ec2/route:Route",
        lambda w: {"routeTableId": w.table, "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": w.nat},
        lambda w: {"natGatewayId": None, "gatewayId": w.gateway},
    ),
    Case(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        lambda w: {"routeTableId": w.table, "subnetId": w.subnets[0]},
        lambda w: {"routeTableId": w.other_table},
    ),
    Case(
        "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation",
        lambda w: {"routeTableId": w.table, "vpcId": w.vpc.id},
        lambda w: {"routeTableId": w.other_table},
        stays=True,
    ),
    Case("aws:ec2/eip:Eip", lambda _: {"domain": "vpc", "tags": A}, lambda _: {"tags": B}),
    Case(
        "aws:ec2/natGateway:NatGateway",
        lambda w: {"subnetId": w.subnets[0], "allocationId": w.other_eip, "tags": A},
        lambda w: {"subnetId": w.subnets[1]},
        ("subnetId",),
    ),
    Case(
        "aws:ec2/natGateway:NatGateway",
        lambda w: {"vpcId": w.vpc.id, "availabilityMode": "regional", "tags": A},
        lambda _: {"tags": B},
    ),
    Case(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda w: {
            "vpcId": w.vpc.id,
            "serviceName": f"com.amazonaws.{REGION}.s3",
            "routeTableIds": [w.table],
            "policy": EVERYONE_READ,
            "tags": A,
        },
        lambda w: {"routeTableIds": [w.other_table], "policy": EVERYONE_WRITE, "tags": B},
    ),
    Case(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda w: {
            "vpcId": w.vpc.id,
            "serviceName": f"com.amazonaws.{REGION}.ecr.api",
            "vpcEndpointType": "Interface",
            "subnetIds": w.subnets[:1],
            "securityGroupIds": [w.group],
            "privateDnsEnabled": True,
            "ipAddressType": "dualstack",
            "dnsOptions": {"dnsRecordIpType": "dualstack"},
        },
        lambda w: {"subnetIds": w.subnets, "privateDnsEnabled": False, "ipAddressType": "ipv4"},
    ),
    Case(
        "aws:ec2/flowLog:FlowLog",
        lambda w: {
            "vpcId": w.vpc.id,
            "trafficType": "ALL",
            "logDestination": w.log_group,
            "iamRoleArn": w.role_arn,
            "maxAggregationInterval": 60,
            "tags": A,
        },
        lambda _: {"trafficType": "REJECT"},
        ("trafficType",),
    ),
    Case(
        "aws:ec2/flowLog:FlowLog",
        lambda w: {
            "vpcId": w.vpc.id,
            "trafficType": "REJECT",
            "logDestinationType": "s3",
            "logDestination": f"arn:aws:s3:::{w.bucket}/flows/",
            "destinationOptions": {"fileFormat": "parquet", "perHourPartition": True},
        },
        lambda _: {"tags": A},
    ),
    Case(
        "aws:ec2/securityGroup:SecurityGroup",
        lambda w: {
            "vpcId": w.vpc.id,
            "ingress": [
                {**HTTPS, "cidrBlocks": ["10.0.0.0/16", "10.1.0.0/16"], "description": "x"},
                {"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True},
            ],
            "egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"], "ipv6CidrBlocks": ["::/0"]}],
            "tags": A,
        },
        lambda w: {"ingress": [{**HTTPS, "securityGroups": [w.group]}], "egress": [], "tags": B},
    ),
    Case(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        lambda w: {"vpcId": w.vpc.id, "tags": A},
        lambda _: {"ingress": [{**HTTPS, "cidrBlocks": ["10.0.0.0/16"]}], "tags": B},
        stays=True,
    ),
    Case(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        lambda w: {"securityGroupId": w.group, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/8", "tags": A},
        lambda _: {"toPort": 444, "description": "y", "tags": B},
    ),
    Case(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        lambda w: {"securityGroupId": w.group, "ipProtocol": "-1", "referencedSecurityGroupId": w.group},
        lambda _: {"securityGroupId": "sg-1"},
        ("securityGroupId",),
    ),
    Case(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        lambda w: {"securityGroupId": w.group, "ipProtocol": "-1", "cidrIpv6": "::/0"},
        lambda _: {"description": "y"},
    ),
    Case(
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        lambda w: {
            "securityGroupId": w.group,
            "type": "ingress",
            "protocol": "tcp",
            "fromPort": 80,
            "toPort": 80,
            "cidrBlocks": ["10.0.0.0/8"],
        },
        lambda _: {"toPort": 81},
        ("toPort",),
    ),
    Case(
        "aws:ec2/networkAcl:NetworkAcl",
        lambda w: {
            "vpcId": w.vpc.id,
            "subnetIds": w.subnets[:1],
            "ingress": [NACL_RULE],
            "egress": [NACL_RULE, {**NACL_RULE, **HTTPS, "ruleNo": 110}],
            "tags": A,
        },
        lambda w: {
            "subnetIds": w.subnets[1:2],
            "ingress": [{**NACL_RULE, "ruleNo": 101, "cidrBlock": None, "ipv6CidrBlock": "::/0"}],
            "tags": B,
        },
    ),
    Case(
        "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
        lambda w: {"defaultNetworkAclId": w.vpc.outputs["defaultNetworkAclId"]},
        lambda _: {"ingress": [NACL_RULE], "tags": A},
        stays=True,
    ),
    Case(
        "aws:ec2transitgateway/transitGateway:TransitGateway",
        lambda _: {"description": "x", "tags": A},
        lambda _: {"description": "y", "tags": B},
    ),
    Case(
        "aws:ec2transitgateway/vpcAttachment:VpcAttachment",
        lambda w: {"transitGatewayId": w.transit.id, "vpcId": w.vpc.id, "subnetIds": w.subnets[:2], "ipv6Support": "enable", "tags": A},
        lambda w: {"subnetIds": w.subnets, "tags": B},
    ),
    Case(
        "aws:ec2transitgateway/route:Route",
        lambda w: {
            "destinationCidrBlock": "10.9.0.0/16",
            "transitGatewayRouteTableId": w.transit.outputs["associationDefaultRouteTableId"],
            "transitGatewayAttachmentId": w.attachment,
        },
        lambda _: {"destinationCidrBlock": "10.8.0.0/16"},
        ("destinationCidrBlock",),
    ),
    Case(
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
        lambda w: {"vpcId": w.other_vpc.id, "peerVpcId": w.vpc.id, "autoAccept": True, "tags": A},
        lambda _: {"tags": B},
    ),
    Case(
        "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter",
        lambda w: {"vpcPeeringConnectionId": w.peering, "autoAccept": True, "tags": A},
        lambda _: {"tags": B},
        stays=True,
    ),
    Case(
        "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions",
        lambda w: {"vpcPeeringConnectionId": w.peering, "requester": {"allowRemoteVpcDnsResolution": True}},
        lambda _: {"requester": {"allowRemoteVpcDnsResolution": False}},
        stays=True,
    ),
    Case(
        "aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions",
        lambda _: {"internetGatewayBlockMode": "block-ingress"},
        lambda _: {"internetGatewayBlockMode": "block-bidirectional"},
    ),
    Case(
        "aws:ec2/vpcBlockPublicAccessExclusion:VpcBlockPublicAccessExclusion",
        lambda w: {"internetGatewayExclusionMode": "allow-egress", "vpcId": w.vpc.id, "tags": A},
        lambda w: {"vpcId": None, "subnetId": w.subnets[0]},
        ("subnetId", "vpcId"),
    ),
    Case(
        "aws:ec2/vpcIpamPoolCidrAllocation:VpcIpamPoolCidrAllocation",
        lambda _: {"ipamPoolId": "ipam-pool-1", "netmaskLength": 24},
        lambda _: {"netmaskLength": 25},
        ("netmaskLength",),
    ),
    Case(
        "aws:ec2/launchTemplate:LaunchTemplate",
        lambda _: TEMPLATE,
        lambda _: {"imageId": "ami-1", "metadataOptions": {"httpTokens": "optional"}, "tags": B},
    ),
]
