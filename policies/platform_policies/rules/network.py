"""Rules of the network: flow logs, default security groups, subnets, network ACLs, endpoints."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from platform_policies.checks import all_of, any_of, flag, items, related, text, truth, verdict
from platform_policies.documents import Statement, allows_action, has_condition, principals_public, statements
from platform_policies.firewall import DEFAULT_GROUP, Entry, acl_entries, group_openings, shadowed, world
from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from platform_policies.rule import PASS, Answer, Severity, Verdict, fail, is_unknown, rule, unknown
from platform_policies.types import canonical
from platform_policies.verdicts import settle, stands

VPC = "aws:ec2/vpc:Vpc"
DEFAULT_VPC = "aws:ec2/defaultVpc:DefaultVpc"
SUBNET = "aws:ec2/subnet:Subnet"
DEFAULT_SUBNET = "aws:ec2/defaultSubnet:DefaultSubnet"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
ENDPOINT_POLICY = "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy"
ACL = "aws:ec2/networkAcl:NetworkAcl"
DEFAULT_ACL = "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl"
ACL_RULE = "aws:ec2/networkAclRule:NetworkAclRule"
GROUP_RULE_TYPES = (
    "aws:ec2/securityGroupRule:SecurityGroupRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
)

ADMIN_PORTS = (22, 3389)

WITHOUT_POLICY = ("eks-auth", "ssmmessages", "ec2messages")
"""Services whose endpoints take no policy (AWS PrivateLink guide, "AWS services that integrate", column of endpoint policies)."""


@rule(
    "aws-vpc-flow-logs-enabled",
    title="Every VPC keeps flow logs of refused traffic at least",
    severity=Severity.MEDIUM,
    types=(VPC, DEFAULT_VPC),
    fix="Add an aws.ec2.FlowLog with vpcId of the VPC and trafficType ALL or REJECT",
    defaults={"traffic": ["ALL", "REJECT"]},
)
def flow_logs(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Without flow logs nobody can say afterwards who talked to whom."""
    logs = related(node, graph, FLOW_LOG, "vpcId")
    kinds = [text(log, "trafficType") for log in logs.nodes]
    enough = logs.any(None if kind is None else kind in settings["traffic"] for kind in kinds)
    if logs.nodes:
        return verdict(enough, "", f"of its flow log, {stands(logs.nodes[0], 'trafficType', 'none')}: refused traffic is left out")
    return verdict(enough, "", "no flow log has the vpcId of this VPC")


@rule(
    "aws-vpc-default-sg-closed",
    title="The default security group of every VPC lets nothing in or out",
    severity=Severity.MEDIUM,
    types=(VPC, DEFAULT_VPC, DEFAULT_GROUP),
    fix="Add an aws.ec2.DefaultSecurityGroup with the vpcId and no ingress or egress: the provider then removes AWS's own rules",
)
def default_group_closed(node: Node, graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """What names no group gets the default one, which lets its members reach each other and everything outside."""
    if canonical(node.type) != DEFAULT_GROUP:
        kept = related(node, graph, DEFAULT_GROUP, "vpcId")
        message = "no aws.ec2.DefaultSecurityGroup takes over the default group, which lets its members reach each other and the Internet"
        added = [one for kind in GROUP_RULE_TYPES for one in graph.referring(node, kind, "securityGroupId")]
        if added:
            return fail("", f"{added[0].name} adds a rule to the default security group")
        return verdict(kept.any([True] if kept.nodes else []), "", message)
    return settle(_default_group_rules(node, graph))


def _default_group_rules(node: Node, graph: ResourceGraph) -> Iterator[Verdict]:
    for direction in ("ingress", "egress"):
        openings = group_openings(node, graph, direction)
        if openings is None:
            yield unknown(direction)
        elif openings:
            shown = ", ".join(opening.label() for opening in openings)
            yield fail(direction, f"{direction} of the default security group has rules ({shown}): whatever names no group gets them")
    for kind in GROUP_RULE_TYPES:
        for one in graph.referring(node, kind, "securityGroupId"):
            yield fail("", f"{one.name} adds a rule to the default security group")


@rule(
    "aws-subnet-no-auto-public-ip",
    title="No subnet gives its instances public addresses by itself",
    severity=Severity.MEDIUM,
    types=(SUBNET, DEFAULT_SUBNET),
    fix="Set mapPublicIpOnLaunch to false; give public addresses to load balancers and NAT gateways only",
)
def subnet_no_public_ip(node: Node, _graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """A public address that nobody asked for puts an instance on the Internet."""
    default = canonical(node.type) == DEFAULT_SUBNET
    public = flag(node, "mapPublicIpOnLaunch", default)
    path = "mapPublicIpOnLaunch"
    return verdict(None if public is None else not public, path, stands(node, path, default))


@rule(
    "aws-nacl-no-world-admin-ports",
    title="No network ACL lets the Internet reach SSH or Remote Desktop",
    severity=Severity.MEDIUM,
    types=(ACL, DEFAULT_ACL, ACL_RULE),
    fix="Add a deny for ports 22 and 3389 with a lower number than the entry that allows, or allow only the ports that are served",
)
def acl_admin_ports(node: Node, graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """The network ACL is the second lock: it holds when a security group is opened by mistake."""
    if canonical(node.type) == ACL_RULE:
        return _separate_entry(node, graph)
    listed = items(node.value("ingress"))
    if listed is None:
        return unknown("ingress")
    entries = acl_entries(listed, "ingress", ("ruleNo", "action"))
    denials = [*entries, *(entry for one in graph.referring(node, ACL_RULE, "networkAclId") for entry in _rule_entries(one))]
    return settle(_admitted(entry, denials) for entry in entries)


def _rule_entries(node: Node) -> list[Entry]:
    """The entry that an aws.ec2.NetworkAclRule is; none where it is for traffic that goes out."""
    return [] if truth(node.value("egress", False)) else acl_entries([node.inputs], "", ("ruleNumber", "ruleAction"))


def _separate_entry(node: Node, graph: ResourceGraph) -> Answer:
    own = _rule_entries(node)
    if not own:
        return None
    others: list[Entry] = []
    for acl in graph.referred(node, "networkAclId"):
        others.extend(acl_entries(items(acl.value("ingress")) or (), "ingress", ("ruleNo", "action")))
        others.extend(entry for one in graph.referring(acl, ACL_RULE, "networkAclId") for entry in _rule_entries(one))
    answer = _admitted(own[0], others)
    return unknown("egress") if is_unknown(node.value("egress")) and answer is not PASS else answer


def _admitted(entry: Entry, others: Sequence[Entry]) -> Verdict:
    """What one entry lets in, counting the denials that come before it."""
    anyone, path, block = world(entry.opening)
    allows = None if is_unknown(entry.action) else str(entry.action).lower() == "allow"
    answers = []
    for port in ADMIN_PORTS:
        reached = all_of((anyone, allows, entry.opening.reaches(port, "tcp")))
        if reached and not shadowed(entry, others, port, "tcp"):
            return fail(path, f"{path} {block} with {entry.opening.label()} lets the Internet reach port {port}")
        answers.append(reached)
    return unknown(path if anyone is None else entry.opening.path or "protocol") if None in answers else PASS


@rule(
    "aws-vpc-gateway-endpoints-s3-dynamodb",
    title="Every VPC reaches S3 and DynamoDB through gateway endpoints",
    severity=Severity.LOW,
    types=(VPC,),
    fix="Add an aws.ec2.VpcEndpoint of type Gateway for com.amazonaws.REGION.s3 and .dynamodb: it costs nothing",
    sub_ids=("s3", "dynamodb"),
)
def gateway_endpoints(node: Node, graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """Without them this traffic leaves through NAT gateways: no endpoint policy guards it, and every gigabyte is paid for."""
    endpoints = related(node, graph, ENDPOINT, "vpcId")
    return [
        verdict(
            endpoints.any(_is_gateway(one, service) for one in endpoints.nodes),
            "",
            f"no gateway endpoint for {service} has the vpcId of this VPC",
            sub_id=service,
        )
        for service in ("s3", "dynamodb")
    ]


def _is_gateway(node: Node, service: str) -> bool | None:
    name, kind = text(node, "serviceName"), text(node, "vpcEndpointType", "Gateway")
    return all_of((None if name is None else name.endswith(f".{service}"), None if kind is None else kind == "Gateway"))


@rule(
    "aws-vpce-policy-not-wildcard",
    title="The policy of every endpoint limits who passes, or to what",
    severity=Severity.MEDIUM,
    types=(ENDPOINT, ENDPOINT_POLICY),
    fix="Set policy to statements with a condition on aws:PrincipalAccount or aws:PrincipalOrgID, or with named resources",
    defaults={"services_without_policy": list(WITHOUT_POLICY)},
)
def endpoint_policy(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """An endpoint without a policy carries data to any bucket or queue of anybody, with anybody's credentials."""
    service = node.value("serviceName", "")
    if canonical(node.type) == ENDPOINT:
        if text(node, "vpcEndpointType", "Gateway") in {"GatewayLoadBalancer", "Resource", "ServiceNetwork"}:
            return None
        if any(str(service).endswith(f".{name}") for name in settings["services_without_policy"]):
            return None
        if node.value("policy") is None:
            return _separate_policy(node, graph)
    elif node.value("policy") is None:
        return fail("policy", "policy is absent, which is full access")
    return _limits(node.value("policy"))


def _separate_policy(node: Node, graph: ResourceGraph) -> Answer:
    """An endpoint whose policy may be a resource of its own, where it is judged."""
    separate = related(node, graph, ENDPOINT_POLICY, "vpcEndpointId")
    there = separate.any([True] if separate.nodes else [])
    return verdict(there, "policy", "policy is absent, which is full access")


def _limits(policy: Any) -> Verdict:
    listed = statements(policy)
    if listed is None:
        return unknown("policy")
    for statement in listed:
        if _lets_all_pass(statement):
            return fail("policy", f"policy: {statement.label} allows everyone everything on every resource, without a condition")
    return unknown("policy") if any(_lets_all_pass(one) is None for one in listed) else PASS


def _lets_all_pass(statement: Statement) -> bool | None:
    """Whether everyone may do everything a service offers, anywhere."""
    whole_services = [action for action in statement.actions if action.endswith(":*")]
    everywhere = any_of(None if one == UNKNOWN else one == "*" for one in statement.resources)
    narrowed = has_condition(statement, ["*"])
    return all_of(
        (
            any_of(allows_action(statement, action) for action in ("*", *whole_services)),
            principals_public(statement),
            True if statement.not_resources else everywhere,
            None if narrowed is None else not narrowed,
        )
    )


@rule(
    "aws-vpc-subnets-multi-az",
    title="The subnets of every VPC stand in two zones at least",
    severity=Severity.MEDIUM,
    types=(VPC,),
    fix="Add subnets in another availabilityZone",
    defaults={"zones": 2},
)
def subnets_multi_az(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A network in one zone is gone with the zone."""
    subnets = related(node, graph, SUBNET, "vpcId")
    if not subnets.nodes:
        return None
    wanted = int(settings["zones"])
    zones = [[text(one, path) for one in subnets.nodes] for path in ("availabilityZone", "availabilityZoneId")]
    known = max(len(set(names) - {None, ""}) for names in zones)
    if known >= wanted:
        return PASS
    if subnets.more or not any(all(names) for names in zones):
        return unknown("")
    return fail("", f"its {len(subnets.nodes)} subnets stand in {known} availability zones, fewer than {wanted}")


RULES = (
    flow_logs,
    default_group_closed,
    subnet_no_public_ip,
    acl_admin_ports,
    gateway_endpoints,
    endpoint_policy,
    subnets_multi_az,
)
