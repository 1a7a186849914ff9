"""Rules of security groups: who may come in, where to, and what for."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from platform_policies.checks import all_of, any_of, related
from platform_policies.firewall import (
    DEFAULT_GROUP,
    EGRESS_RULE,
    GROUP,
    GROUP_RULE,
    INGRESS_RULE,
    Opening,
    group_openings,
    world,
)
from platform_policies.graph import Node, ResourceGraph
from platform_policies.rule import PASS, Answer, Severity, Verdict, fail, is_unknown, rule, unknown
from platform_policies.verdicts import settle

INGRESS_TYPES = (GROUP, DEFAULT_GROUP, GROUP_RULE, INGRESS_RULE)
EGRESS_TYPES = (GROUP, DEFAULT_GROUP, GROUP_RULE, EGRESS_RULE)

HIGH_RISK_PORTS = (
    *(20, 21, 23, 25, 110, 111, 135, 139, 143, 445, 1433, 1434, 1521, 2049, 2375, 2376, 2379, 2380, 2181, 3306, 4333, 5432, 5439),
    *(5500, 5601, 5672, 5900, 5984, 5985, 5986, 6379, 6380, 7000, 7001, 7199, 8020, 8086, 8088, 9042, 9092, 9094, 9096, 9098, 9160),
    *(9200, 9300, 10250, 10255, 11211, 15672, 27017, 27018, 27019, 50070, 61616),
)
"""Ports of data stores, caches, queues, node agents, file shares and clear text logins: AWS Security Hub control EC2.19, and the defaults
of Kafka, etcd, Redis, Memcached, Cassandra, Elasticsearch, MongoDB, kubelet, Docker, WinRM and VNC."""

ATTACHMENTS = (
    ("aws:ec2/instance:Instance", "vpcSecurityGroupIds"),
    ("aws:ec2/networkInterface:NetworkInterface", "securityGroups"),
    ("aws:ec2/networkInterfaceSecurityGroupAttachment:NetworkInterfaceSecurityGroupAttachment", "securityGroupId"),
    ("aws:ec2/launchTemplate:LaunchTemplate", "vpcSecurityGroupIds"),
    ("aws:ec2/launchTemplate:LaunchTemplate", "networkInterfaces"),
    ("aws:ec2/launchConfiguration:LaunchConfiguration", "securityGroups"),
    ("aws:ec2/spotInstanceRequest:SpotInstanceRequest", "vpcSecurityGroupIds"),
    ("aws:ec2/vpcEndpoint:VpcEndpoint", "securityGroupIds"),
    ("aws:ec2/securityGroupAssociation:SecurityGroupAssociation", "securityGroupId"),
    ("aws:lb/loadBalancer:LoadBalancer", "securityGroups"),
    ("aws:elb/loadBalancer:LoadBalancer", "securityGroups"),
    ("aws:eks/cluster:Cluster", "vpcConfig.securityGroupIds"),
    ("aws:eks/nodeGroup:NodeGroup", "remoteAccess.sourceSecurityGroupIds"),
    ("aws:rds/instance:Instance", "vpcSecurityGroupIds"),
    ("aws:rds/cluster:Cluster", "vpcSecurityGroupIds"),
    ("aws:rds/proxy:Proxy", "vpcSecurityGroupIds"),
    ("aws:elasticache/cluster:Cluster", "securityGroupIds"),
    ("aws:elasticache/replicationGroup:ReplicationGroup", "securityGroupIds"),
    ("aws:elasticache/serverlessCache:ServerlessCache", "securityGroupIds"),
    ("aws:lambda/function:Function", "vpcConfig.securityGroupIds"),
    ("aws:ecs/service:Service", "networkConfiguration.securityGroups"),
    ("aws:efs/mountTarget:MountTarget", "securityGroups"),
    ("aws:msk/cluster:Cluster", "brokerNodeGroupInfo.securityGroups"),
    ("aws:msk/serverlessCluster:ServerlessCluster", "vpcConfigs"),
    ("aws:opensearch/domain:Domain", "vpcOptions.securityGroupIds"),
    ("aws:docdb/cluster:Cluster", "vpcSecurityGroupIds"),
    ("aws:neptune/cluster:Cluster", "vpcSecurityGroupIds"),
    ("aws:redshift/cluster:Cluster", "vpcSecurityGroupIds"),
    ("aws:memorydb/cluster:Cluster", "securityGroupIds"),
    ("aws:dax/cluster:Cluster", "securityGroupIds"),
    ("aws:mq/broker:Broker", "securityGroups"),
    ("aws:codebuild/project:Project", "vpcConfig.securityGroupIds"),
    ("aws:sagemaker/notebookInstance:NotebookInstance", "securityGroups"),
    ("aws:transfer/server:Server", "endpointDetails.securityGroupIds"),
    ("aws:apigatewayv2/vpcLink:VpcLink", "securityGroupIds"),
    ("aws:route53/resolverEndpoint:ResolverEndpoint", "securityGroupIds"),
    ("aws:batch/computeEnvironment:ComputeEnvironment", "computeResources.securityGroupIds"),
)
"""Where a group can be put to work: type and input. Other parts of the same block, such as subnets, say nothing of groups."""

Reaches = Callable[[Opening], bool | None]


def _closed_to_world(node: Node, graph: ResourceGraph, reaches: Reaches, danger: str) -> Answer:
    """No rule lets the world reach something."""
    openings = group_openings(node, graph, "ingress")
    if openings is None:
        return unknown("type" if node.type == GROUP_RULE else "ingress")
    return settle(_let_in(opening, reaches, danger) for opening in openings) if openings or _has_rules(node) else None


def _has_rules(node: Node) -> bool:
    """A group may have rules; a rule of the other direction is none of this one."""
    return node.type in {GROUP, DEFAULT_GROUP}


def _let_in(opening: Opening, reaches: Reaches, danger: str) -> Verdict:
    anyone, path, block = world(opening)
    reached = reaches(opening)
    bad = all_of((anyone, reached))
    if bad is None:
        return unknown(path if anyone is None else opening.path or "fromPort")
    return fail(path, f"{path} {block} lets the Internet reach {opening.label()}: {danger}") if bad else PASS


@rule(
    "aws-sg-no-world-ssh",
    title="No security group lets the Internet reach SSH",
    severity=Severity.HIGH,
    types=INGRESS_TYPES,
    fix="Name the networks or security groups that need port 22, or use Session Manager and no port at all",
)
def world_ssh(node: Node, graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """An open SSH port is scanned within minutes; one weak key or one flaw of the daemon is a shell inside the network."""
    return _closed_to_world(node, graph, lambda opening: opening.reaches(22, "tcp"), "port 22 (SSH) is among them")


@rule(
    "aws-sg-no-world-rdp",
    title="No security group lets the Internet reach Remote Desktop",
    severity=Severity.HIGH,
    types=INGRESS_TYPES,
    fix="Name the networks that need port 3389, or use Fleet Manager and no port at all",
)
def world_rdp(node: Node, graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """Remote Desktop open to the Internet is the usual way in of ransomware: guessed passwords, and flaws before the login."""
    return _closed_to_world(node, graph, lambda opening: opening.reaches(3389, "tcp", "udp"), "port 3389 (Remote Desktop) is among them")


@rule(
    "aws-sg-no-world-all-ports",
    title="No security group lets the Internet reach every port",
    severity=Severity.CRITICAL,
    types=INGRESS_TYPES,
    fix="Name the ports that are served, and the networks that need them",
)
def world_all_ports(node: Node, graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """A group that is open to all on all ports is no firewall: whatever listens behind it, now or later, is public."""
    return _closed_to_world(node, graph, Opening.whole, "every port is")


@rule(
    "aws-sg-no-world-high-risk-ports",
    title="No security group lets the Internet reach ports of data stores, queues, node agents or clear text logins",
    severity=Severity.HIGH,
    types=INGRESS_TYPES,
    fix="Name the networks or security groups that need the port; only load balancers serve the Internet",
    defaults={"ports": list(HIGH_RISK_PORTS)},
)
def world_high_risk_ports(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Databases, caches and brokers often trust their network; one that the Internet reaches is copied or wiped by robots."""
    ports = [int(port) for port in settings["ports"]]

    def reaches(opening: Opening) -> bool | None:
        return any_of(opening.reaches(port, "tcp", "udp") for port in ports)

    openings = group_openings(node, graph, "ingress") or []
    hit = sorted({port for opening in openings for port in ports if opening.reaches(port, "tcp", "udp")})
    return _closed_to_world(node, graph, reaches, f"high-risk ports ({', '.join(map(str, hit[:8]))}) are among them")


@rule(
    "aws-sg-rule-description",
    title="Every security group and rule says what it is for",
    severity=Severity.LOW,
    types=(GROUP, DEFAULT_GROUP, GROUP_RULE, INGRESS_RULE, EGRESS_RULE),
    fix="Set description to who needs the rule and for what",
)
def rule_description(node: Node, graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """A rule that nobody can explain is a rule that nobody dares to remove."""
    return settle(_descriptions(node, graph))


def _descriptions(node: Node, graph: ResourceGraph) -> Iterator[Verdict]:
    if node.type == GROUP:
        yield _described("description", node.value("description"))
    for direction in ("ingress", "egress"):
        openings = group_openings(node, graph, direction)
        if openings is None:
            yield unknown("type" if node.type == GROUP_RULE else direction)
        for opening in openings or ():
            yield _described(opening.at("description"), opening.described)


def _described(path: str, value: Any) -> Verdict:
    if is_unknown(value):
        return unknown(path)
    if not value or str(value).lower().startswith("managed by "):
        shown = f"is {value!r}, the provider's own" if value else "is empty"
        return fail(path, f"{path} {shown}: nobody can tell what the rule is for")
    return PASS


@rule(
    "aws-sg-unrestricted-egress",
    title="No security group lets everything out to everywhere",
    severity=Severity.LOW,
    types=EGRESS_TYPES,
    fix="Name the ports and networks that are needed: HTTPS, DNS, the database's group",
    advisory=True,
)
def unrestricted_egress(node: Node, graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """What runs behind an open way out can fetch an attacker's tools and send data anywhere."""
    openings = group_openings(node, graph, "egress")
    if openings is None:
        return unknown("type" if node.type == GROUP_RULE else "egress")
    return settle(_let_out(opening) for opening in openings) if openings or _has_rules(node) else None


def _let_out(opening: Opening) -> Verdict:
    anywhere, path, block = world(opening)
    bad = all_of((anywhere, opening.whole()))
    if bad is None:
        return unknown(path if anywhere is None else opening.path or "fromPort")
    return fail(path, f"{path} {block} lets out {opening.label()} to the Internet") if bad else PASS


@rule(
    "aws-sg-attached",
    title="Every security group is in use",
    severity=Severity.LOW,
    types=(GROUP,),
    fix="Attach the group to what it protects, or remove it",
    advisory=True,
)
def attached(node: Node, graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """Groups that protect nothing pile up, and one day a wrong one of them is attached."""
    answers = [related(node, graph, kind, path) for kind, path in ATTACHMENTS]
    if any(one.nodes for one in answers):
        return PASS
    if any(one.more for one in answers):
        return unknown("")
    return fail("", "no resource of the program uses this security group")


RULES = (
    world_ssh,
    world_rdp,
    world_all_ports,
    world_high_risk_ports,
    rule_description,
    unrestricted_egress,
    attached,
)
