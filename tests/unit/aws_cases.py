"""One case for each row of the AWS plugin's table: inputs, changed inputs, and what a change replaces."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from platformctl.sandbox.aws.provider import AwsProvider
from tests.unit.aws_sandbox import REGION, Resource

ACCOUNT = "123456789012"
A, B = {"a": "b"}, {"a": "c", "d": "e"}


def document(*actions: str, **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}]})


TRUST = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
)
READ, WRITE = document("s3:Get*"), document("s3:Put*")
EVERYONE_READ, EVERYONE_WRITE = document("s3:Get*", Principal="*"), document("s3:Put*", Principal="*")


class World:
    """What the cases hang on, made when first asked for."""

    def __init__(self, aws: AwsProvider) -> None:
        self.aws = aws

    def make(self, token: str, name: str, inputs: Mapping[str, Any]) -> Resource:
        return Resource(self.aws, token, f"world-{name}").create(inputs)

    @cached_property
    def vpc(self) -> Resource:
        return self.make("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.0.0.0/16", "assignGeneratedIpv6CidrBlock": True})

    @cached_property
    def other_vpc(self) -> Resource:
        return self.make("aws:ec2/vpc:Vpc", "other", {"cidrBlock": "10.1.0.0/16"})

    @cached_property
    def subnets(self) -> list[str]:
        made = []
        for index, zone in enumerate("abc"):
            inputs = {"vpcId": self.vpc.id, "cidrBlock": f"10.0.{100 + index}.0/24", "availabilityZone": f"{REGION}{zone}"}
            made.append(self.make("aws:ec2/subnet:Subnet", f"subnet-{zone}", inputs).id)
        return made

    def _in_vpc(self, token: str, name: str) -> str:
        return self.make(token, name, {"vpcId": self.vpc.id}).id

    @cached_property
    def gateway(self) -> str:
        return self._in_vpc("aws:ec2/internetGateway:InternetGateway", "gateway")

    @cached_property
    def egress_gateway(self) -> str:
        return self._in_vpc("aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway", "egress")

    @cached_property
    def table(self) -> str:
        return self._in_vpc("aws:ec2/routeTable:RouteTable", "table")

    @cached_property
    def other_table(self) -> str:
        return self._in_vpc("aws:ec2/routeTable:RouteTable", "other-table")

    @cached_property
    def group(self) -> str:
        return self._in_vpc("aws:ec2/securityGroup:SecurityGroup", "group")

    @cached_property
    def eip(self) -> str:
        return self.make("aws:ec2/eip:Eip", "eip", {"domain": "vpc"}).id

    @cached_property
    def other_eip(self) -> str:
        return self.make("aws:ec2/eip:Eip", "other-eip", {"domain": "vpc"}).id

    @cached_property
    def nat(self) -> str:
        return self.make("aws:ec2/natGateway:NatGateway", "nat", {"subnetId": self.subnets[0], "allocationId": self.eip}).id

    @cached_property
    def dhcp(self) -> str:
        return self.make("aws:ec2/vpcDhcpOptions:VpcDhcpOptions", "dhcp", {"domainName": "x.example"}).id

    @cached_property
    def transit(self) -> Resource:
        return self.make("aws:ec2transitgateway/transitGateway:TransitGateway", "transit", {})

    @cached_property
    def attachment(self) -> str:
        inputs = {"transitGatewayId": self.transit.id, "vpcId": self.other_vpc.id, "subnetIds": self.subnets[:1]}
        return self.make("aws:ec2transitgateway/vpcAttachment:VpcAttachment", "attachment", inputs).id

    @cached_property
    def peering(self) -> str:
        inputs = {"vpcId": self.vpc.id, "peerVpcId": self.other_vpc.id}
        return self.make("aws:ec2/vpcPeeringConnection:VpcPeeringConnection", "peering", inputs).id

    @cached_property
    def role(self) -> Resource:
        return self.make("aws:iam/role:Role", "role", {"assumeRolePolicy": TRUST})

    @cached_property
    def role_arn(self) -> str:
        return str(self.role.outputs["arn"])

    @cached_property
    def key(self) -> Resource:
        return self.make("aws:kms/key:Key", "key", {})

    @cached_property
    def log_group(self) -> str:
        return str(self.make("aws:cloudwatch/logGroup:LogGroup", "logs", {}).outputs["arn"])

    @cached_property
    def rule(self) -> str:
        return self.make("aws:cloudwatch/eventRule:EventRule", "rule", {"eventPattern": '{"source": ["aws.ec2"]}'}).id

    @cached_property
    def queue(self) -> str:
        return self.make("aws:sqs/queue:Queue", "queue", {}).id

    @cached_property
    def topic(self) -> str:
        return self.make("aws:sns/topic:Topic", "topic", {}).id

    @cached_property
    def bucket(self) -> str:
        return self.make("aws:s3/bucket:Bucket", "bucket", {}).id

    @cached_property
    def signing_key(self) -> str:
        inputs = {"region": "us-east-1", "keyUsage": "SIGN_VERIFY", "customerMasterKeySpec": "ECC_NIST_P256"}
        return str(self.make("aws:kms/key:Key", "signing", inputs).outputs["arn"])

    @cached_property
    def dns_log_group(self) -> str:
        inputs = {"name": "/aws/route53/world.example.com", "region": "us-east-1"}
        return str(self.make("aws:cloudwatch/logGroup:LogGroup", "dns-logs", inputs).outputs["arn"])

    @cached_property
    def zone(self) -> str:
        return self.make("aws:route53/zone:Zone", "zone", {"name": "world.example.com"}).id

    @cached_property
    def private_zone(self) -> str:
        return self.make("aws:route53/zone:Zone", "private", {"name": "in.example.com", "vpcs": [{"vpcId": self.vpc.id}]}).id

    @cached_property
    def cluster(self) -> str:
        return self.make("aws:eks/cluster:Cluster", "cluster", {"roleArn": self.role_arn, "vpcConfig": {"subnetIds": self.subnets[:2]}}).id

    @cached_property
    def entry(self) -> str:
        made = self.make("aws:eks/accessEntry:AccessEntry", "entry", {"clusterName": self.cluster, "principalArn": self.role_arn})
        return str(made.inputs["principalArn"])

    @cached_property
    def domain_list(self) -> str:
        return self.make("aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList", "domains", {"domains": ["bad.example."]}).id

    @cached_property
    def rule_group(self) -> str:
        return self.make("aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup", "group", {}).id

    @cached_property
    def query_log(self) -> str:
        inputs = {"destinationArn": self.log_group}
        return self.make("aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig", "queries", inputs).id


Inputs = Callable[[World], dict[str, Any]]


@dataclass(frozen=True)
class Case:
    type: str
    inputs: Inputs
    change: Inputs
    """What is different after a change; None takes an input away."""
    replaces: tuple[str, ...] = ()
    stays: bool = False
    """There after delete: AWS's own, or a setting that cannot be taken away."""

    def __str__(self) -> str:
        return self.type.rpartition(":")[2] + "-" + self.type.split(":")[1].split("/")[0]


def _budget(limit: str, percent: int) -> dict[str, Any]:
    notification = {"notificationType": "ACTUAL", "comparisonOperator": "GREATER_THAN", "threshold": percent, "thresholdType": "PERCENTAGE"}
    told = {"subscriberEmailAddresses": ["a@example.com"], "subscriberSnsTopicArns": [f"arn:aws:sns:{REGION}:{ACCOUNT}:told"]}
    return {
        "budgetType": "COST",
        "timeUnit": "MONTHLY",
        "limitAmount": limit,
        "limitUnit": "USD",
        "notifications": [{**notification, **told}],
    }


def _monitored(value: str) -> str:
    tags = {"Key": "Environment", "MatchOptions": None, "Values": [value]}
    return json.dumps({"And": None, "Dimensions": None, "Not": None, "Or": None, "Tags": tags})


def _subscription(world: "World", impact: str) -> dict[str, Any]:
    dimension = {"key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE", "matchOptions": ["GREATER_THAN_OR_EQUAL"], "values": [impact]}
    return {
        "frequency": "IMMEDIATE",
        "monitorArnLists": [f"arn:aws:ce::{ACCOUNT}:anomalymonitor/1"],
        "subscribers": [{"type": "SNS", "address": world.topic}],
        "thresholdExpression": {"dimension": dimension},
    }


def _policy_settings() -> list[Case]:
    def of(kind: str, inputs: dict[str, Any], change: dict[str, Any], *, stays: bool = False) -> Case:
        token = f"aws:s3/{kind[:1].lower()}{kind[1:]}:{kind}"
        return Case(token, lambda w: {"bucket": w.bucket, **inputs}, lambda _: change, stays=stays)

    return [
        of("BucketPolicy", {"policy": EVERYONE_READ}, {"policy": EVERYONE_WRITE}),
        of("BucketPublicAccessBlock", {"blockPublicAcls": True}, {"blockPublicPolicy": True}),
        of(
            "BucketVersioning",
            {"versioningConfiguration": {"status": "Enabled"}},
            {"versioningConfiguration": {"status": "Suspended"}},
            stays=True,
        ),
        of(
            "BucketServerSideEncryptionConfiguration",
            {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}, "bucketKeyEnabled": True}]},
            {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        ),
        of("BucketOwnershipControls", {"rule": {"objectOwnership": "BucketOwnerEnforced"}}, {"rule": {"objectOwnership": "ObjectWriter"}}),
        of(
            "BucketLifecycleConfiguration",
            {"rules": [{"id": "a", "status": "Enabled", "expiration": {"days": 3}, "filter": {"prefix": "x/"}}]},
            {"rules": [{"id": "a", "status": "Enabled", "expiration": {"days": 4}, "filter": {"prefix": "x/"}}]},
        ),
    ]


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

IDENTITY = [
    Case(
        "aws:iam/role:Role",
        lambda _: {
            "assumeRolePolicy": TRUST,
            "description": "d",
            "managedPolicyArns": ["arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"],
            "inlinePolicies": [{"name": "x", "policy": READ}],
            "tags": A,
        },
        lambda _: {
            "assumeRolePolicy": TRUST.replace("eks", "ec2"),
            "maxSessionDuration": 7200,
            "managedPolicyArns": ["arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"],
            "permissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess",
            "inlinePolicies": [{"name": "x", "policy": WRITE}],
            "tags": B,
        },
    ),
    Case("aws:iam/rolePolicy:RolePolicy", lambda w: {"role": w.role.id, "policy": READ}, lambda _: {"policy": WRITE}),
    Case(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        lambda w: {"role": w.role.id, "policyArn": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"},
        lambda _: {"policyArn": "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"},
        ("policyArn",),
    ),
    Case("aws:iam/policy:Policy", lambda _: {"policy": READ, "tags": A}, lambda _: {"policy": WRITE, "tags": B}),
    Case("aws:iam/instanceProfile:InstanceProfile", lambda w: {"role": w.role.id, "tags": A}, lambda _: {"role": None, "tags": B}),
    Case(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        lambda _: {"url": f"https://oidc.eks.{REGION}.amazonaws.com/id/ABC", "clientIdLists": ["sts.amazonaws.com"], "tags": A},
        lambda _: {"clientIdLists": ["x"], "thumbprintLists": ["9e99a48a9960b14926bb7f3b02e22da2b0ab7281"], "tags": B},
    ),
    Case(
        "aws:kms/key:Key",
        lambda _: {"enableKeyRotation": True, "deletionWindowInDays": 7, "policy": EVERYONE_READ, "tags": A},
        lambda _: {"rotationPeriodInDays": 180, "policy": EVERYONE_WRITE, "description": "z", "enableKeyRotation": False, "tags": B},
    ),
    Case("aws:kms/alias:Alias", lambda w: {"targetKeyId": w.key.outputs["arn"]}, lambda w: {"targetKeyId": w.key.id}),
    Case(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda w: {"name": "/aws/x", "retentionInDays": 7, "kmsKeyId": w.key.outputs["arn"], "tags": A},
        lambda _: {"retentionInDays": 14, "kmsKeyId": None, "tags": B},
    ),
    Case(
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        lambda _: {"policyName": "p", "policyDocument": READ},
        lambda _: {"policyDocument": WRITE},
    ),
    Case(
        "aws:cloudwatch/eventRule:EventRule",
        lambda _: {"eventPattern": '{"source": ["aws.ec2"]}', "description": "x", "tags": A},
        lambda _: {"eventPattern": '{"source": ["aws.s3"]}', "state": "DISABLED", "tags": B},
    ),
    Case(
        "aws:cloudwatch/eventTarget:EventTarget",
        lambda w: {
            "rule": w.rule,
            "arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q",
            "deadLetterConfig": {"arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"},
            "retryPolicy": {"maximumRetryAttempts": 2, "maximumEventAgeInSeconds": 60},
        },
        lambda _: {"arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:r", "retryPolicy": None},
    ),
]

EKS = [
    Case(
        "aws:eks/cluster:Cluster",
        lambda w: {
            "roleArn": w.role_arn,
            "version": "1.35",
            "vpcConfig": {"subnetIds": w.subnets[:2], "endpointPrivateAccess": True, "endpointPublicAccess": False},
            "enabledClusterLogTypes": ["api", "audit"],
            "encryptionConfig": {"provider": {"keyArn": w.key.outputs["arn"]}, "resources": ["secrets"]},
            "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
            "bootstrapSelfManagedAddons": False,
            "upgradePolicy": {"supportType": "STANDARD"},
            "zonalShiftConfig": {"enabled": True},
            "kubernetesNetworkConfig": {"ipFamily": "ipv4", "serviceIpv4Cidr": "172.20.0.0/16", "elasticLoadBalancing": {"enabled": False}},
            "computeConfig": {"enabled": False},
            "storageConfig": {"blockStorage": {"enabled": False}},
            "deletionProtection": True,
            "tags": A,
        },
        lambda w: {
            "version": "1.36",
            "vpcConfig": {
                "subnetIds": w.subnets,
                "endpointPrivateAccess": True,
                "endpointPublicAccess": True,
                "publicAccessCidrs": ["192.0.2.0/24"],
            },
            "enabledClusterLogTypes": ["api"],
            "deletionProtection": False,
            "tags": B,
        },
    ),
    Case(
        "aws:eks/nodeGroup:NodeGroup",
        lambda w: {
            "clusterName": w.cluster,
            "nodeRoleArn": w.role_arn,
            "subnetIds": w.subnets,
            "scalingConfig": {"minSize": 1, "maxSize": 3, "desiredSize": 1},
            "instanceTypes": ["m7g.large"],
            "amiType": "AL2023_ARM_64_STANDARD",
            "capacityType": "SPOT",
            "labels": {"x": "y"},
            "taints": [{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}],
            "updateConfig": {"maxUnavailablePercentage": 33},
            "nodeRepairConfig": {"enabled": True},
            "version": "1.35",
            "tags": A,
        },
        lambda _: {
            "version": "1.36",
            "scalingConfig": {"minSize": 1, "maxSize": 5, "desiredSize": 2},
            "labels": {"x": "z", "n": "m"},
            "taints": [],
            "updateConfig": {"maxUnavailable": 1},
            "tags": B,
        },
    ),
    Case(
        "aws:eks/fargateProfile:FargateProfile",
        lambda w: {
            "clusterName": w.cluster,
            "podExecutionRoleArn": w.role_arn,
            "selectors": [{"namespace": "kube-system", "labels": {"a": "b"}}],
            "subnetIds": w.subnets,
            "tags": A,
        },
        lambda _: {"tags": B},
    ),
    Case(
        "aws:eks/addon:Addon",
        lambda w: {
            "clusterName": w.cluster,
            "addonName": "vpc-cni",
            "configurationValues": "{}",
            "resolveConflictsOnCreate": "OVERWRITE",
            "podIdentityAssociations": [{"serviceAccount": "aws-node", "roleArn": w.role_arn}],
        },
        lambda _: {"addonVersion": "v1.21.0-eksbuild.1", "tags": A},
    ),
    Case(
        "aws:eks/accessEntry:AccessEntry",
        lambda w: {"clusterName": w.cluster, "principalArn": f"arn:aws:iam::{ACCOUNT}:role/someone", "kubernetesGroups": ["x"]},
        lambda _: {"kubernetesGroups": ["y"]},
    ),
    Case(
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        lambda w: {
            "clusterName": w.cluster,
            "principalArn": w.entry,
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
            "accessScope": {"type": "namespace", "namespaces": ["a"]},
        },
        lambda _: {"accessScope": {"type": "cluster"}},
        ("accessScope.namespaces", "accessScope.type"),
    ),
    Case(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        lambda w: {"clusterName": w.cluster, "namespace": "n", "serviceAccount": "s", "roleArn": w.role_arn, "targetRoleArn": w.role_arn},
        lambda _: {"targetRoleArn": None},
    ),
    Case(
        "aws:eks/identityProviderConfig:IdentityProviderConfig",
        lambda w: {
            "clusterName": w.cluster,
            "oidc": {"clientId": "c", "identityProviderConfigName": "n", "issuerUrl": "https://x.example"},
        },
        lambda _: {"oidc": {"clientId": "d", "identityProviderConfigName": "n", "issuerUrl": "https://x.example"}},
        ("oidc.clientId",),
    ),
]

DNS = [
    Case(
        "aws:route53/zone:Zone",
        lambda w: {"name": "x.example.com", "vpcs": [{"vpcId": w.vpc.id}], "forceDestroy": True, "tags": A},
        lambda w: {"vpcs": [{"vpcId": w.vpc.id}, {"vpcId": w.other_vpc.id}], "comment": "c", "tags": B},
    ),
    Case(
        "aws:route53/zoneAssociation:ZoneAssociation",
        lambda w: {"zoneId": w.private_zone, "vpcId": w.other_vpc.id},
        lambda w: {"vpcId": w.vpc.id},
        ("vpcId",),
    ),
    Case(
        "aws:route53/record:Record",
        lambda w: {"zoneId": w.zone, "name": "www", "type": "A", "ttl": 60, "records": ["192.0.2.1", "192.0.2.2"]},
        lambda _: {"ttl": 30, "records": ["192.0.2.1"]},
    ),
    Case(
        "aws:route53/record:Record",
        lambda w: {"zoneId": w.zone, "name": "world.example.com", "type": "TXT", "ttl": 60, "records": ["v=spf1 -all"]},
        lambda _: {"name": "other.world.example.com"},
        ("name",),
    ),
    Case(
        "aws:route53/record:Record",
        lambda w: {
            "zoneId": w.zone,
            "name": "",
            "type": "A",
            "aliases": [{"name": "lb.example.com", "zoneId": "Z1", "evaluateTargetHealth": True}],
        },
        lambda _: {"aliases": [{"name": "lb2.example.com", "zoneId": "Z1", "evaluateTargetHealth": False}]},
    ),
    Case(
        "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList",
        lambda _: {"domains": ["x.example."], "tags": A},
        lambda _: {"domains": ["y.example."], "tags": B},
    ),
    Case("aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup", lambda _: {"tags": A}, lambda _: {"name": "n"}, ("name",)),
    Case(
        "aws:route53/resolverFirewallRule:ResolverFirewallRule",
        lambda w: {
            "action": "BLOCK",
            "blockResponse": "NODATA",
            "firewallDomainListId": w.domain_list,
            "firewallRuleGroupId": w.rule_group,
            "priority": 100,
        },
        lambda _: {"action": "ALERT", "blockResponse": None},
    ),
    Case(
        "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation",
        lambda w: {"firewallRuleGroupId": w.rule_group, "priority": 101, "vpcId": w.vpc.id},
        lambda _: {"priority": 102},
    ),
    Case(
        "aws:route53/resolverFirewallConfig:ResolverFirewallConfig",
        lambda w: {"resourceId": w.vpc.id, "firewallFailOpen": "ENABLED"},
        lambda _: {"firewallFailOpen": "DISABLED"},
    ),
    Case(
        "aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig",
        lambda w: {"destinationArn": w.log_group},
        lambda _: {"destinationArn": "arn:aws:s3:::b"},
        ("destinationArn",),
    ),
    Case(
        "aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation",
        lambda w: {"resourceId": w.vpc.id, "resolverQueryLogConfigId": w.query_log},
        lambda w: {"resourceId": w.other_vpc.id},
        ("resourceId",),
    ),
]

ZONES = [
    Case(
        "aws:route53/queryLog:QueryLog",
        lambda w: {"zoneId": w.zone, "cloudwatchLogGroupArn": w.dns_log_group},
        lambda w: {"zoneId": w.private_zone},
        ("zoneId",),
    ),
    Case(
        "aws:route53/keySigningKey:KeySigningKey",
        lambda w: {"hostedZoneId": w.zone, "keyManagementServiceArn": w.signing_key, "name": "platform"},
        lambda _: {"status": "INACTIVE"},
    ),
    Case(
        "aws:route53/hostedZoneDnsSec:HostedZoneDnsSec",
        lambda w: {"hostedZoneId": w.zone},
        lambda _: {"signingStatus": "NOT_SIGNING"},
    ),
    Case(
        "aws:wafv2/webAcl:WebAcl",
        lambda _: {
            "scope": "REGIONAL",
            "defaultAction": {"allow": {}},
            "visibilityConfig": {"cloudwatchMetricsEnabled": True, "metricName": "m", "sampledRequestsEnabled": False},
            "rules": [
                {
                    "name": "limit",
                    "priority": 0,
                    "action": {"block": {}},
                    "statement": {"rateBasedStatement": {"aggregateKeyType": "IP", "limit": 100}},
                    "visibilityConfig": {"cloudwatchMetricsEnabled": True, "metricName": "l", "sampledRequestsEnabled": False},
                }
            ],
            "tags": A,
        },
        lambda _: {"defaultAction": {"block": {}}, "tags": B},
    ),
]

STORES = [
    Case(
        "aws:rds/subnetGroup:SubnetGroup", lambda w: {"subnetIds": w.subnets[:2], "tags": A}, lambda w: {"subnetIds": w.subnets, "tags": B}
    ),
    Case(
        "aws:elasticache/subnetGroup:SubnetGroup",
        lambda w: {"subnetIds": w.subnets[:2], "tags": A},
        lambda w: {"subnetIds": w.subnets, "tags": B},
    ),
    Case(
        "aws:budgets/budget:Budget",
        lambda _: {**_budget("600", 80), "tags": A},
        lambda _: {**_budget("700", 90), "costFilters": [{"name": "TagKeyValue", "values": ["user:Environment$dev"]}], "tags": B},
    ),
    Case("aws:budgets/budget:Budget", lambda _: {**_budget("1", 80), "name": "one"}, lambda _: {"name": "two"}, ("name",)),
    Case(
        "aws:costexplorer/anomalyMonitor:AnomalyMonitor",
        lambda _: {"monitorType": "CUSTOM", "monitorSpecification": _monitored("dev"), "tags": A},
        lambda _: {"tags": B},
    ),
    Case(
        "aws:costexplorer/anomalyMonitor:AnomalyMonitor",
        lambda _: {"monitorType": "CUSTOM", "monitorSpecification": _monitored("dev")},
        lambda _: {"monitorSpecification": _monitored("prod")},
        ("monitorSpecification",),
    ),
    Case(
        "aws:costexplorer/anomalySubscription:AnomalySubscription",
        lambda w: {**_subscription(w, "100"), "tags": A},
        lambda w: {**_subscription(w, "250"), "tags": B},
    ),
    Case(
        "aws:costexplorer/costAllocationTag:CostAllocationTag",
        lambda _: {"tagKey": "Environment", "status": "Active"},
        lambda _: {"status": "Inactive"},
    ),
    Case(
        "aws:sns/topic:Topic",
        lambda w: {"policy": EVERYONE_READ, "kmsMasterKeyId": w.key.outputs["arn"], "displayName": "one", "tags": A},
        lambda _: {"policy": EVERYONE_WRITE, "kmsMasterKeyId": None, "displayName": "two", "signatureVersion": 2, "tags": B},
    ),
    Case("aws:sns/topic:Topic", lambda _: {"fifoTopic": True}, lambda _: {"fifoTopic": False}, ("fifoTopic",)),
    Case(
        "aws:sns/topicSubscription:TopicSubscription",
        lambda w: {"topic": w.topic, "protocol": "https", "endpoint": "https://example.com/a"},
        lambda _: {"rawMessageDelivery": True},
    ),
    Case(
        "aws:sns/topicSubscription:TopicSubscription",
        lambda w: {"topic": w.topic, "protocol": "email", "endpoint": "a@example.com"},
        lambda _: {"endpoint": "b@example.com"},
        ("endpoint",),
    ),
    Case(
        "aws:sqs/queue:Queue",
        lambda _: {"messageRetentionSeconds": 300, "sqsManagedSseEnabled": True, "tags": A},
        lambda _: {"messageRetentionSeconds": 600, "visibilityTimeoutSeconds": 60, "tags": B},
    ),
    Case(
        "aws:sqs/queue:Queue",
        lambda _: {"fifoQueue": True, "contentBasedDeduplication": True},
        lambda _: {"fifoQueue": False},
        ("fifoQueue",),
    ),
    Case("aws:sqs/queuePolicy:QueuePolicy", lambda w: {"queueUrl": w.queue, "policy": EVERYONE_READ}, lambda _: {"policy": EVERYONE_WRITE}),
    Case(
        "aws:ssm/parameter:Parameter",
        lambda _: {"name": "/a/b", "type": "SecureString", "value": "x", "tags": A},
        lambda _: {"value": "y", "description": "d", "tags": B},
    ),
    Case("aws:s3/bucket:Bucket", lambda _: {"forceDestroy": True, "tags": A}, lambda _: {"tags": B}),
    *_policy_settings(),
]

CASES = [*NETWORK, *IDENTITY, *EKS, *DNS, *ZONES, *STORES]
