"""What a provider computes: ids and outputs that stand in for the ones a cloud would choose, by resource type. Data first.

Templates may use: `{id}`, `{name}` (the physical name), `{hex}` (17 hexadecimal digits, the same for one resource in every run), `{uuid}`,
`{number}`, `{account}`, `{partition}`, `{region}`, `{suffix}` (the partition's DNS suffix), `{mark}` (empty, or what marks a stand-in),
`{address}`, `{vpc_block}` and `{service_block}` (IPv4), and `{in[property]}` for a text input. A nested mapping is laid under the input of
the same name. A list of mappings is given as it is.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from platformctl.readers.wire import STAND_IN_ADDRESSES, STAND_IN_NETWORK, is_secret

ACCOUNT = "123456789012"
"""The account every offline run plays in."""

DNS_SUFFIXES = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com"}
"""DNS suffix by partition."""


@dataclass(frozen=True, slots=True)
class When:
    """An output that exists only where an input is set (and not false)."""

    input: str
    output: Any


@dataclass(frozen=True, slots=True)
class Type:
    """What one resource type computes."""

    id: str
    outputs: Mapping[str, Any]
    named: str = ""
    """Input that holds the physical name; the provider makes one up where it is left out."""


def _ec2(prefix: str, path: str, **outputs: Any) -> Type:
    return Type(
        f"{prefix}-{{hex}}", {"arn": f"arn:{{partition}}:ec2:{{region}}:{{account}}:{path}/{{id}}", "ownerId": "{account}", **outputs}
    )


def _attached(prefix: str, **outputs: Any) -> Type:
    return Type(f"{prefix}-{{hex}}", outputs)


def _by_name(arn: str, *, named: str = "name", **outputs: Any) -> Type:
    return Type("{name}", {"arn": arn, **outputs}, named)


_ADDRESSES = {"address": "203.0.113.10", "vpc_block": "10.0.0.0/16", "service_block": "172.20.0.0/16"}
_MARKED_ADDRESSES = {
    "address": f"{STAND_IN_ADDRESSES}254.10",
    "vpc_block": f"{STAND_IN_ADDRESSES}0.0/16",
    "service_block": f"{STAND_IN_ADDRESSES}0.0/16",
}
_CLUSTER = "arn:{partition}:eks:{region}:{account}"
_CREATED = "2026-01-01T00:00:00Z{mark}"
_CERTIFICATE = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=={mark}"

AWS: Mapping[str, Type] = {
    "aws:ec2/vpc:Vpc": _ec2(
        "vpc",
        "vpc",
        defaultSecurityGroupId="sg-{hex}",
        defaultNetworkAclId="acl-{hex}",
        defaultRouteTableId="rtb-{hex}",
        mainRouteTableId="rtb-{hex}",
        dhcpOptionsId="dopt-{hex}",
        cidrBlock=When("ipv4IpamPoolId", "{vpc_block}"),
        ipv6CidrBlock=When("assignGeneratedIpv6CidrBlock", STAND_IN_NETWORK + "{byte}00::/56"),
        ipv6AssociationId=When("assignGeneratedIpv6CidrBlock", "vpc-cidr-assoc-{hex}"),
    ),
    "aws:ec2/subnet:Subnet": _ec2("subnet", "subnet", availabilityZone="{region}a"),
    "aws:ec2/internetGateway:InternetGateway": _ec2("igw", "internet-gateway"),
    "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": _attached("eigw"),
    "aws:ec2/natGateway:NatGateway": _attached(
        "nat",
        networkInterfaceId="eni-{hex}",
        publicIp="{address}",
        privateIp="{address}",
        associationId="eipassoc-{hex}",
        routeTableId="rtb-{hex}",
    ),
    "aws:ec2/eip:Eip": _ec2("eipalloc", "elastic-ip", allocationId="{id}", publicIp="{address}", publicDns="ec2-{hex}.compute.{suffix}"),
    "aws:ec2/routeTable:RouteTable": _ec2("rtb", "route-table"),
    "aws:ec2/defaultRouteTable:DefaultRouteTable": _ec2("rtb", "route-table", vpcId="vpc-{hex}"),
    "aws:ec2/route:Route": _attached("r", state="active", origin="CreateRoute"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _attached("rtbassoc"),
    "aws:ec2/networkAcl:NetworkAcl": _ec2("acl", "network-acl"),
    "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl": _ec2("acl", "network-acl", vpcId="vpc-{hex}"),
    "aws:ec2/securityGroup:SecurityGroup": Type(
        "sg-{hex}", {"arn": "arn:{partition}:ec2:{region}:{account}:security-group/{id}", "ownerId": "{account}"}, "name"
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _ec2("sg", "security-group", name="default"),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _ec2("sgr", "security-group-rule", securityGroupRuleId="{id}"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _ec2("sgr", "security-group-rule", securityGroupRuleId="{id}"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _ec2(
        "vpce",
        "vpc-endpoint",
        state="available",
        prefixListId="pl-{hex}",
        networkInterfaceIds=["eni-{hex}"],
        dnsEntries=[{"dnsName": "{hex}.vpce.{suffix}", "hostedZoneId": "Z{hex}"}],
    ),
    "aws:ec2/flowLog:FlowLog": _ec2("fl", "vpc-flow-log"),
    "aws:ec2/launchTemplate:LaunchTemplate": Type(
        "lt-{hex}",
        {"arn": "arn:{partition}:ec2:{region}:{account}:launch-template/{id}", "latestVersion": 1, "defaultVersion": 1},
        "name",
    ),
    "aws:ec2/vpcDhcpOptions:VpcDhcpOptions": _ec2("dopt", "dhcp-options"),
    "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": _attached("vpc-cidr-assoc"),
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": _attached("pcx", acceptStatus="pending-acceptance"),
    "aws:ec2transitgateway/vpcAttachment:VpcAttachment": _attached(
        "tgw-attach", arn="arn:{partition}:ec2:{region}:{account}:transit-gateway-attachment/{id}", vpcOwnerId="{account}"
    ),
    "aws:route53/zone:Zone": Type(
        "Z{HEX}",
        {
            "arn": "arn:{partition}:route53:::hostedzone/{id}",
            "zoneId": "{id}",
            "primaryNameServer": "ns-1.example",
            "nameServers": ["ns-1.example"],
        },
    ),
    "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList": Type(
        "rslvr-fdl-{hex}", {"arn": "arn:{partition}:route53resolver:{region}:{account}:firewall-domain-list/{id}"}, "name"
    ),
    "aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup": Type(
        "rslvr-frg-{hex}",
        {
            "arn": "arn:{partition}:route53resolver:{region}:{account}:firewall-rule-group/{id}",
            "shareStatus": "NOT_SHARED",
            "ownerId": "{account}",
        },
        "name",
    ),
    "aws:amp/workspace:Workspace": Type(
        "ws-{uuid}",
        {
            "arn": "arn:{partition}:aps:{region}:{account}:workspace/{id}",
            "prometheusEndpoint": "https://aps-workspaces.{region}.{suffix}/workspaces/{id}/",
        },
    ),
    "aws:cloudwatch/logGroup:LogGroup": _by_name("arn:{partition}:logs:{region}:{account}:log-group:{name}"),
    "aws:cloudwatch/eventRule:EventRule": _by_name("arn:{partition}:events:{region}:{account}:rule/{name}"),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": _by_name("arn:{partition}:rds:{region}:{account}:cluster-pg:{name}"),
    "aws:rds/parameterGroup:ParameterGroup": _by_name("arn:{partition}:rds:{region}:{account}:pg:{name}"),
    "aws:rds/instance:Instance": Type(
        "db-{HEX}",
        {
            "arn": "arn:{partition}:rds:{region}:{account}:db:{name}",
            "address": "{name}.{hex}.{region}.rds.{suffix}",
            "resourceId": "{id}",
            "masterUserSecrets": [{"secretArn": "arn:{partition}:secretsmanager:{region}:{account}:secret:rds!db-{hex}"}],
        },
        "identifier",
    ),
    "aws:rds/cluster:Cluster": Type(
        "{name}",
        {
            "arn": "arn:{partition}:rds:{region}:{account}:cluster:{name}",
            "endpoint": "{name}.cluster-{hex}.{region}.rds.{suffix}",
            "readerEndpoint": "{name}.cluster-ro-{hex}.{region}.rds.{suffix}",
            "clusterResourceId": "cluster-{HEX}",
            "masterUserSecrets": [{"secretArn": "arn:{partition}:secretsmanager:{region}:{account}:secret:rds!cluster-{hex}"}],
        },
        "clusterIdentifier",
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": Type(
        "{name}",
        {
            "arn": "arn:{partition}:elasticache:{region}:{account}:replicationgroup:{name}",
            "memberClusters": ["{name}-{hex}"],
            "primaryEndpointAddress": "master.{name}.{hex}.cache.{suffix}",
            "configurationEndpointAddress": "clustercfg.{name}.{hex}.cache.{suffix}",
        },
        "replicationGroupId",
    ),
    "aws:elasticache/serverlessCache:ServerlessCache": _by_name(
        "arn:{partition}:elasticache:{region}:{account}:serverlesscache:{name}",
        endpoints=[{"address": "{name}.serverless.{hex}.cache.{suffix}", "port": 6379}],
    ),
    "aws:elasticache/user:User": _by_name("arn:{partition}:elasticache:{region}:{account}:user:{name}", named="userId"),
    "aws:kinesis/stream:Stream": Type(
        "arn:{partition}:kinesis:{region}:{account}:stream/{name}",
        {"arn": "arn:{partition}:kinesis:{region}:{account}:stream/{name}"},
        "name",
    ),
    "aws:msk/serverlessCluster:ServerlessCluster": Type(
        "arn:{partition}:kafka:{region}:{account}:cluster/{name}/{uuid}-s1",
        {
            "arn": "arn:{partition}:kafka:{region}:{account}:cluster/{name}/{uuid}-s1",
            "bootstrapBrokersSaslIam": "boot-{hex}.c1.kafka-serverless.{region}.{suffix}:9098",
        },
        "clusterName",
    ),
    "aws:sqs/queue:Queue": Type(
        "https://sqs.{region}.{suffix}/{account}/{name}",
        {"arn": "arn:{partition}:sqs:{region}:{account}:{name}", "url": "{id}"},
        "name",
    ),
    "aws:sns/topic:Topic": Type("arn:{partition}:sns:{region}:{account}:{name}", {"arn": "{id}", "owner": "{account}"}, "name"),
    "aws:budgets/budget:Budget": Type(
        "{account}:{name}", {"arn": "arn:{partition}:budgets::{account}:budget/{name}", "accountId": "{account}"}, "name"
    ),
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": Type("arn:{partition}:ce::{account}:anomalymonitor/{uuid}", {"arn": "{id}"}, "name"),
    "aws:costexplorer/anomalySubscription:AnomalySubscription": Type(
        "arn:{partition}:ce::{account}:anomalysubscription/{uuid}", {"arn": "{id}", "accountId": "{account}"}, "name"
    ),
    "aws:costexplorer/costAllocationTag:CostAllocationTag": Type("{in[tagKey]}", {"type": "UserDefined{mark}"}),
    "aws:s3/bucket:Bucket": _by_name(
        "arn:{partition}:s3:::{name}",
        named="bucket",
        bucketDomainName="{name}.s3.{suffix}",
        bucketRegionalDomainName="{name}.s3.{region}.{suffix}",
    ),
    "aws:ecr/repository:Repository": _by_name(
        "arn:{partition}:ecr:{region}:{account}:repository/{name}",
        repositoryUrl="{account}.dkr.ecr.{region}.{suffix}/{name}",
        registryId="{account}",
    ),
    "aws:codeartifact/domain:Domain": Type(
        "arn:{partition}:codeartifact:{region}:{account}:domain/{in[domain]}", {"arn": "{id}", "owner": "{account}"}
    ),
    "aws:codeartifact/repository:Repository": Type(
        "arn:{partition}:codeartifact:{region}:{account}:repository/{in[domain]}/{in[repository]}", {"arn": "{id}"}
    ),
    "aws:kms/key:Key": Type("{uuid}", {"arn": "arn:{partition}:kms:{region}:{account}:key/{id}", "keyId": "{id}"}),
    "aws:kms/alias:Alias": _by_name(
        "arn:{partition}:kms:{region}:{account}:{name}", targetKeyArn="arn:{partition}:kms:{region}:{account}:key/{uuid}"
    ),
    "aws:iam/role:Role": _by_name("arn:{partition}:iam::{account}:role/{name}", uniqueId="AROA{HEX}", createDate=_CREATED),
    "aws:iam/policy:Policy": Type(
        "arn:{partition}:iam::{account}:policy/{name}", {"arn": "{id}", "policyId": "ANPA{HEX}", "attachmentCount": 0}, "name"
    ),
    "aws:iam/instanceProfile:InstanceProfile": _by_name(
        "arn:{partition}:iam::{account}:instance-profile/{name}", uniqueId="AIPA{HEX}", createDate=_CREATED
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": Type(
        "arn:{partition}:iam::{account}:oidc-provider/oidc.eks.{region}.{suffix}/id/{HEX}", {"arn": "{id}"}
    ),
    "aws:eks/cluster:Cluster": _by_name(
        _CLUSTER + ":cluster/{name}",
        endpoint="https://{HEX}.gr7.{region}.eks.{suffix}",
        platformVersion="eks.1{mark}",
        status="ACTIVE",
        createdAt=_CREATED,
        clusterId="",
        certificateAuthority={"data": _CERTIFICATE},
        certificateAuthorities=[{"data": _CERTIFICATE}],
        identities=[{"oidcs": [{"issuer": "https://oidc.eks.{region}.{suffix}/id/{HEX}"}]}],
        vpcConfig={"clusterSecurityGroupId": "sg-{hex}", "vpcId": "vpc-{hex}"},
        kubernetesNetworkConfig={"serviceIpv4Cidr": "{service_block}"},
    ),
    "aws:eks/nodeGroup:NodeGroup": Type(
        "{in[clusterName]}:{name}",
        {
            "arn": _CLUSTER + ":nodegroup/{in[clusterName]}/{name}/{uuid}",
            "status": "ACTIVE",
            "resources": [{"autoscalingGroups": [{"name": "eks-{name}-{hex}"}]}],
        },
        "nodeGroupName",
    ),
    "aws:eks/fargateProfile:FargateProfile": Type(
        "{in[clusterName]}:{name}",
        {"arn": _CLUSTER + ":fargateprofile/{in[clusterName]}/{name}/{uuid}", "status": "ACTIVE"},
        "fargateProfileName",
    ),
    "aws:eks/addon:Addon": Type(
        "{in[clusterName]}:{in[addonName]}",
        {
            "arn": _CLUSTER + ":addon/{in[clusterName]}/{in[addonName]}/{uuid}",
            "addonVersion": "v1.0.0-eksbuild.1{mark}",
            "createdAt": _CREATED,
        },
    ),
    "aws:eks/accessEntry:AccessEntry": Type(
        "{in[clusterName]}:{in[principalArn]}",
        {"accessEntryArn": _CLUSTER + ":access-entry/{in[clusterName]}/{uuid}", "userName": "{in[principalArn]}"},
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": Type(
        "a-{hex}",
        {
            "associationId": "{id}",
            "associationArn": _CLUSTER + ":podidentityassociation/{in[clusterName]}/{id}",
            "externalId": "{uuid}",
        },
    ),
    "aws:ssm/parameter:Parameter": _by_name("arn:{partition}:ssm:{region}:{account}:parameter/{name}", version=1),
    "aws:secretsmanager/secret:Secret": Type(
        "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-AbCdEf", {"arn": "{id}"}, "name"
    ),
}
"""AWS types whose outputs this library, and programs like it, read."""

OTHERS: Mapping[str, Type] = {
    "random:index/randomPassword:RandomPassword": Type("none", {"result": "Stand-in-{hex}", "bcryptHash": "$2a$10${hex}"}),
    "random:index/randomString:RandomString": Type("{hex}", {"result": "{hex}"}),
    "random:index/randomUuid:RandomUuid": Type("{uuid}", {"result": "{uuid}"}),
    "random:index/randomId:RandomId": Type("{hex}", {"hex": "{hex}", "dec": "{number}", "b64Std": "{hex}", "b64Url": "{hex}"}),
    "random:index/randomPet:RandomPet": Type("{hex}", {}),
    "random:index/randomInteger:RandomInteger": Type("{number}", {"result": 1}),
    "kubernetes:helm.sh/v3:Release": Type(
        "{in[namespace]}/{name}",
        {"status": {"name": "{name}", "namespace": "{in[namespace]}", "status": "deployed", "revision": 1}},
        "name",
    ),
}
"""Types of the other providers that compute more than an id."""

_DEFAULTS: Mapping[str, Type] = {
    "aws": Type("{kind}-{hex}", {"arn": "arn:{partition}:{service}:{region}:{account}:{kind}/{id}"}),
    "kubernetes": Type("{namespaced}", {"metadata": {"name": "{name}", "namespace": "default", "uid": "{uuid}", "resourceVersion": "1"}}),
    "pulumi": Type("{uuid}", {}),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a resource is made: what its ARNs say."""

    region: str
    partition: str = "aws"
    account: str = ACCOUNT
    mark: str = ""
    """Put into every text that stands in for a cloud's choice; empty for plain-looking ones."""


def computed_type(token: str) -> Type:
    """What a resource type computes; a default per provider where the tables do not list it."""
    found = AWS.get(token) or OTHERS.get(token)
    return found or _DEFAULTS.get(token.split(":", 1)[0], Type("{kind}-{hex}", {}))


def stand_ins(token: str, urn: str, inputs: Mapping[str, Any], place: Place) -> tuple[str, dict[str, Any]]:
    """The id and the outputs of a resource after an `up`, inputs included.

    Args:
        token: resource type.
        urn: URN; what is made up follows from it, so that each run makes up the same.
        inputs: inputs in wire names, as the wire has them.
        place: where it is made.
    """
    kind = computed_type(token)
    words = _words(token, urn, inputs, place, kind.named)
    words["id"] = identity = kind.id.format_map(words)
    outputs = dict(inputs)
    if kind.named and not outputs.get(kind.named):
        outputs[kind.named] = words["name"]
    for key, template in kind.outputs.items():
        value = _fill(template, words, inputs)
        if value is not None:
            outputs[key] = _under(value, outputs.get(key))
    return identity, outputs


def nested_unknowns(token: str, unknown: str) -> dict[str, dict[str, str]]:
    """The computed properties inside blocks that are inputs too (`vpcConfig.clusterSecurityGroupId`), unknown before `up`."""
    return {
        key: dict.fromkeys(template, unknown) for key, template in computed_type(token).outputs.items() if isinstance(template, Mapping)
    }


def _words(token: str, urn: str, inputs: Mapping[str, Any], place: Place, named: str) -> dict[str, Any]:
    digest = hashlib.sha256(urn.encode()).hexdigest()
    logical = urn.rsplit("::", 1)[-1]
    metadata = inputs.get("metadata")
    own = metadata.get("name") if isinstance(metadata, Mapping) else inputs.get(named)
    name = own if isinstance(own, str) and own else f"{logical}-{digest[:7]}{place.mark}"
    namespace = metadata.get("namespace") if isinstance(metadata, Mapping) else None
    service, _, kind = token.partition(":")[2].partition("/")
    return {
        "hex": digest[:17] + place.mark,
        "HEX": digest[:20].upper() + place.mark,
        "byte": digest[:2],
        "number": str(int(digest[:8], 16)),
        "uuid": re.sub(r"(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", digest[:32]) + place.mark,
        "name": name,
        "namespaced": f"{namespace}/{name}" if namespace else name,
        "kind": kind.partition(":")[0].lower() or service.lower(),
        "service": service,
        # An account that nobody declared is a stand-in as well: an ARN made with it is unknown.
        "account": place.account + place.mark if place.account == ACCOUNT else place.account,
        "region": place.region,
        "partition": place.partition,
        "suffix": DNS_SUFFIXES.get(place.partition, "amazonaws.com"),
        "mark": place.mark,
        **(_MARKED_ADDRESSES if place.mark else _ADDRESSES),
        "in": _Texts(inputs),
    }


class _Texts(dict[str, Any]):
    """Inputs as words of a template: one that is missing or no text reads as a dash."""

    def __missing__(self, key: str) -> str:
        return "-"


def _fill(template: Any, words: Mapping[str, Any], inputs: Mapping[str, Any]) -> Any:
    if isinstance(template, str):
        return template.format_map(words)
    if isinstance(template, When):
        return _fill(template.output, words, inputs) if inputs.get(template.input) else None
    if isinstance(template, Mapping):
        return {key: _fill(value, words, inputs) for key, value in template.items()}
    if isinstance(template, list):
        return [_fill(value, words, inputs) for value in template]
    return template


def _under(computed: Any, given: Any) -> Any:
    """What was given wins; blocks merge key by key. A secret block stays as it was given."""
    if given is None:
        return computed
    if isinstance(computed, Mapping) and isinstance(given, Mapping) and not is_secret(given):
        return {**computed, **{key: value for key, value in given.items() if value is not None}}
    return given
