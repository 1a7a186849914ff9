"""What a case of a row of the AWS plugin is (inputs, changed inputs, what a change replaces), and what cases hang on."""

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
    def vault(self) -> str:
        return self.make("aws:backup/vault:Vault", "vault", {}).id

    @cached_property
    def log_bucket(self) -> str:
        name = self.make("aws:s3/bucket:Bucket", "log-bucket", {}).id
        policy = document("s3:PutObject", Principal={"Service": "logging.s3.amazonaws.com"}, Resource=f"arn:aws:s3:::{name}/*")
        self.make("aws:s3/bucketPolicy:BucketPolicy", "log-bucket", {"bucket": name, "policy": policy})
        return name

    @cached_property
    def locked_bucket(self) -> str:
        return self.make("aws:s3/bucket:Bucket", "locked-bucket", {"objectLockEnabled": True}).id

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
    def acl(self) -> str:
        return self._in_vpc("aws:ec2/networkAcl:NetworkAcl", "acl")

    @cached_property
    def endpoint(self) -> str:
        inputs = {"vpcId": self.vpc.id, "serviceName": f"com.amazonaws.{REGION}.sqs", "vpcEndpointType": "Interface"}
        return self.make("aws:ec2/vpcEndpoint:VpcEndpoint", "endpoint", inputs).id

    @cached_property
    def balancer(self) -> str:
        return self.make("aws:lb/loadBalancer:LoadBalancer", "balancer", {"subnets": self.subnets[:2]}).id

    @cached_property
    def targets(self) -> str:
        inputs = {"port": 8080, "protocol": "HTTP", "vpcId": self.vpc.id, "targetType": "ip"}
        return self.make("aws:lb/targetGroup:TargetGroup", "targets", inputs).id

    @cached_property
    def listener(self) -> str:
        actions = [{"type": "forward", "targetGroupArn": self.targets}]
        inputs = {"loadBalancerArn": self.balancer, "port": 8443, "protocol": "HTTP", "defaultActions": actions}
        return self.make("aws:lb/listener:Listener", "listener", inputs).id

    @cached_property
    def certificate(self) -> str:
        inputs = {"domainName": "world.example.com", "validationMethod": "DNS"}
        return self.make("aws:acm/certificate:Certificate", "certificate", inputs).id

    @cached_property
    def repository(self) -> str:
        return self.make("aws:ecr/repository:Repository", "repository", {}).id

    @cached_property
    def user(self) -> str:
        return self.make("aws:iam/user:User", "user", {}).id

    @cached_property
    def database_cluster(self) -> str:
        inputs = {"engine": "aurora-postgresql", "masterUsername": "shop", "manageMasterUserPassword": True}
        return self.make("aws:rds/cluster:Cluster", "database", inputs).id

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
