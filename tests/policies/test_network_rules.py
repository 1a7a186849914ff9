import json
from typing import Any

import pytest
from platform_policies.graph import UNKNOWN, Node
from platform_policies.rule import Status
from platform_policies.rules.network import (
    ACL,
    ACL_RULE,
    DEFAULT_ACL,
    DEFAULT_GROUP,
    DEFAULT_SUBNET,
    DEFAULT_VPC,
    ENDPOINT,
    ENDPOINT_POLICY,
    FLOW_LOG,
    RULES,
    SUBNET,
    VPC,
)

from tests.policies.cases import Case, node
from tests.policies.table import Table, case_id, prove

CASES: list[Case] = []
WORLD = "0.0.0.0/0"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"


def of_vpc(type_: str, name: str = "other", **inputs: Any) -> Node:
    return node(type_, name, inputs, {"vpcId": ["subject"]})


def flow_logs() -> None:
    t = Table(CASES, "aws-vpc-flow-logs-enabled", VPC)
    t.passing({}, "all", others=[of_vpc(FLOW_LOG, trafficType="ALL")])
    t.passing({}, "refused", others=[of_vpc(FLOW_LOG, trafficType="REJECT")])
    t.passing({}, "one of two", others=[of_vpc(FLOW_LOG, trafficType="ACCEPT"), of_vpc(FLOW_LOG, "b", trafficType="ALL")])
    t.passing({}, "by id", outputs={"id": "vpc-1"}, others=[node(FLOW_LOG, "log", {"vpcId": "vpc-1", "trafficType": "ALL"})])
    t.passing({}, "default VPC", of=DEFAULT_VPC, others=[of_vpc(FLOW_LOG, trafficType="ALL")])
    t.failing({}, "accepted only", others=[of_vpc(FLOW_LOG, trafficType="ACCEPT")])
    t.failing({}, "of a subnet", others=[node(FLOW_LOG, "log", {"trafficType": "ALL"}, {"subnetId": ["subject"]})])
    t.failing({}, "of another", outputs={"id": "vpc-1"}, others=[node(FLOW_LOG, "log", {"vpcId": "vpc-2", "trafficType": "ALL"})])
    t.failing({}, "setting", others=[of_vpc(FLOW_LOG, trafficType="REJECT")], settings={"traffic": ["ALL"]})
    t.absent(Status.FAIL)
    t.unknown({}, "traffic", others=[of_vpc(FLOW_LOG, trafficType=UNKNOWN)])
    t.unknown({}, "of which VPC", others=[node(FLOW_LOG, "log", {"vpcId": UNKNOWN, "trafficType": "ALL"})])


def default_group() -> None:
    t = Table(CASES, "aws-vpc-default-sg-closed", VPC)
    group = Table(CASES, t.rule, DEFAULT_GROUP)
    t.passing({}, "taken over", others=[of_vpc(DEFAULT_GROUP)])
    t.failing({}, "rule", others=[of_vpc(DEFAULT_GROUP), node(RULE, "rule", {}, {"securityGroupId": ["subject"]})])
    t.absent(Status.FAIL)
    t.unknown({}, "which VPC", others=[node(DEFAULT_GROUP, "other", {"vpcId": UNKNOWN})])
    group.passing({"ingress": [], "egress": []}, "group")
    group.failing({"ingress": [{"protocol": "-1", "self": True}]}, "group in", at="ingress", says="(all protocols)")
    several = [{"protocol": "tcp", "fromPort": first, "toPort": last} for first, last in ((22, 22), (80, 90), (UNKNOWN, 9))]
    group.failing({"ingress": [*several, {"protocol": UNKNOWN}]}, "what", says="(tcp 22, tcp 80-90, tcp, a protocol not known yet)")
    group.failing({"egress": [{"protocol": "-1", "cidrBlocks": [WORLD]}]}, "group out", at="egress")
    group.failing({}, "group's rule", others=[node(GROUP_RULE, "rule", {}, {"securityGroupId": ["subject"]})])
    group.absent(Status.PASS, {}, "group")
    group.unknown({"ingress": UNKNOWN}, "group", at="ingress")


def subnets() -> None:
    t = Table(CASES, "aws-subnet-no-auto-public-ip", SUBNET)
    t.passing({"mapPublicIpOnLaunch": False})
    t.passing({"mapPublicIpOnLaunch": False}, "default subnet", of=DEFAULT_SUBNET)
    t.failing({"mapPublicIpOnLaunch": True}, at="mapPublicIpOnLaunch")
    t.failing({"mapPublicIpOnLaunch": "true"}, "text")
    t.absent(Status.PASS)
    t.absent(Status.FAIL, {}, "default subnet", of=DEFAULT_SUBNET)
    t.unknown({"mapPublicIpOnLaunch": UNKNOWN})


def entry(number: Any, action: Any, first: Any, last: Any, block: Any = WORLD, protocol: Any = "tcp") -> dict[str, Any]:
    family = "ipv6CidrBlock" if isinstance(block, str) and ":" in block else "cidrBlock"
    return {"ruleNo": number, "action": action, "fromPort": first, "toPort": last, family: block, "protocol": protocol}


def rule_entry(number: Any, action: Any, first: Any, last: Any, **more: Any) -> dict[str, Any]:
    ports = {"fromPort": first, "toPort": last, "cidrBlock": WORLD, "protocol": "tcp"}
    return {"ruleNumber": number, "ruleAction": action, **ports, **more}


def acls() -> None:
    t = Table(CASES, "aws-nacl-no-world-admin-ports", ACL)
    deny = node(ACL_RULE, "deny", rule_entry(1, "deny", 3389, 3389), {"networkAclId": ["subject"]})
    ephemeral = entry(100, "allow", 1024, 65535)
    t.passing({"ingress": [entry(100, "allow", 443, 443)]}, "served")
    t.passing({"ingress": [entry(100, "allow", 0, 65535, "10.0.0.0/8")]}, "known network")
    t.passing({"ingress": [entry(100, "deny", 22, 22)]}, "deny")
    t.passing({"ingress": [entry(100, "allow", 22, 22, protocol="udp")]}, "UDP")
    t.passing({"ingress": [entry(99, "deny", 3389, 3389), ephemeral]}, "denied before")
    t.passing({"ingress": [entry(99, "deny", 0, 0, protocol="-1"), ephemeral]}, "all denied before")
    t.passing({"ingress": [ephemeral]}, "denied before by a rule", others=[deny])
    t.failing({"ingress": [entry(100, "allow", 22, 22)]}, "SSH", at="ingress.0.cidrBlock")
    t.failing({"ingress": [entry(100, "allow", 22, 22)]}, "default ACL", of=DEFAULT_ACL)
    t.failing({"ingress": [entry(100, "Allow", 3389, 3389, "::/0", 6)]}, "RDP, IPv6", at="ingress.0.ipv6CidrBlock")
    t.failing({"ingress": [entry(100, "allow", 0, 0, protocol="-1")]}, "all protocols")
    t.failing({"ingress": [ephemeral, entry(101, "deny", 3389, 3389)]}, "denied too late")
    t.failing({"ingress": [ephemeral, entry(100, "deny", 3389, 3389)]}, "denied at the same number")
    t.failing({"ingress": [entry(99, "deny", 3389, 3389, "::/0"), ephemeral]}, "denied to the other family")
    t.failing({"ingress": [entry(99, "deny", 22, 22), ephemeral]}, "another port denied")
    t.failing({"ingress": [entry(99, "deny", 3389, 3389, "10.0.0.0/8"), ephemeral]}, "denied to some")
    t.failing({"ingress": [entry(99, "deny", UNKNOWN, 3389), ephemeral]}, "perhaps denied")
    t.absent(Status.PASS)
    t.unknown({"ingress": UNKNOWN}, "entries", at="ingress")
    t.unknown({"ingress": [UNKNOWN]}, "entry", at="ingress.0")
    t.unknown({"ingress": [entry(1, UNKNOWN, 22, 22)]}, "action")
    t.unknown({"ingress": [entry(1, "allow", 22, 22, UNKNOWN)]}, "block", at="ingress.0.cidrBlock")
    t.unknown({"ingress": [entry(1, "allow", UNKNOWN, 22)]}, "port", at="ingress.0")
    rule = Table(CASES, t.rule, ACL_RULE)
    rule.passing(rule_entry(1, "allow", 443, 443), "rule")
    rule.skipped(rule_entry(1, "allow", 22, 22, egress=True), "rule of the way out")
    rule.passing(
        rule_entry(5, "allow", 22, 22),
        "rule denied before",
        refers={"networkAclId": ["acl"]},
        others=[node(ACL, "acl", {}), node(ACL_RULE, "deny", rule_entry(4, "deny", 22, 22), {"networkAclId": ["acl"]})],
    )
    rule.passing(
        rule_entry(5, "allow", 22, 22),
        "rule denied inline",
        refers={"networkAclId": ["acl"]},
        others=[node(ACL, "acl", {"ingress": [entry(4, "deny", 22, 22)]})],
    )
    rule.failing(
        rule_entry(5, "allow", 22, 22),
        "rule denied the way out",
        refers={"networkAclId": ["acl"]},
        others=[node(ACL, "acl", {}), node(ACL_RULE, "deny", rule_entry(4, "deny", 22, 22, egress=True), {"networkAclId": ["acl"]})],
    )
    rule.failing(rule_entry(1, "allow", 22, 22, egress=False), "rule", at="cidrBlock")
    rule.absent(Status.PASS, {**rule_entry(1, "allow", 22, 22), "cidrBlock": None}, "rule without a block")
    rule.unknown(rule_entry(1, "allow", UNKNOWN, 22), "rule's port", at="protocol")
    rule.unknown(rule_entry(1, "allow", 22, 22, egress=UNKNOWN), "rule's direction", at="egress")
    rule.passing(rule_entry(1, "allow", 443, 443, egress=UNKNOWN), "rule's direction does not matter")


def gateways() -> None:
    for service in ("s3", "dynamodb"):
        t = Table(CASES, "aws-vpc-gateway-endpoints-s3-dynamodb", VPC, service)
        name = f"com.amazonaws.eu-west-1.{service}"
        other = "dynamodb" if service == "s3" else "s3"
        t.passing({}, others=[of_vpc(ENDPOINT, serviceName=name)])
        t.passing({}, "type", others=[of_vpc(ENDPOINT, serviceName=name, vpcEndpointType="Gateway")])
        t.failing({}, "interface", others=[of_vpc(ENDPOINT, serviceName=name, vpcEndpointType="Interface")])
        t.failing({}, "the other", others=[of_vpc(ENDPOINT, serviceName=f"com.amazonaws.eu-west-1.{other}")])
        t.absent(Status.FAIL)
        t.unknown({}, "service", others=[of_vpc(ENDPOINT, serviceName=UNKNOWN)])
        t.unknown({}, "type", others=[of_vpc(ENDPOINT, serviceName=name, vpcEndpointType=UNKNOWN)])
        t.unknown({}, "VPC", others=[node(ENDPOINT, "other", {"vpcId": UNKNOWN, "serviceName": name})])


def allow(**elements: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", **elements}
    return {"Statement": [{key: value for key, value in statement.items() if value is not None}]}


def endpoint_policies() -> None:
    t = Table(CASES, "aws-vpce-policy-not-wildcard", ENDPOINT)
    condition = {"StringEquals": {"aws:PrincipalAccount": "1"}}
    t.passing({"policy": allow(Condition=condition)}, "condition")
    t.passing({"policy": json.dumps(allow(Principal={"AWS": "arn:aws:iam::1:root"}))}, "principal")
    t.passing({"policy": allow(Action="s3:GetObject")}, "action")
    t.passing({"policy": allow(Resource="arn:aws:s3:::b/*")}, "resource")
    t.passing({"policy": allow(Effect="Deny", Action="s3:*")}, "deny")
    t.passing({}, "a resource of its own", others=[node(ENDPOINT_POLICY, "other", {}, {"vpcEndpointId": ["subject"]})])
    t.skipped({"vpcEndpointType": "GatewayLoadBalancer"}, "has none")
    t.skipped({"serviceName": "com.amazonaws.eu-west-1.odd"}, "setting", settings={"services_without_policy": ["odd"]})
    t.skipped({"serviceName": "com.amazonaws.eu-west-1.eks-auth"}, "takes none")
    t.failing({"serviceName": "com.amazonaws.eu-west-1.eks-auth"}, "setting, none", settings={"services_without_policy": []})
    t.failing({"policy": allow()}, at="policy")
    t.failing({"policy": allow(Action=["s3:*"])}, "whole service")
    t.failing({"policy": allow(Action=None, NotAction="s3:DeleteObject")}, "all but one action")
    t.failing({"policy": allow(Resource=None, NotResource="x")}, "all but one resource")
    t.failing({"policy": allow(Condition={"StringNotEquals": {"aws:PrincipalAccount": "1"}})}, "a condition that narrows nothing")
    t.failing({"policy": allow()}, "policy", of=ENDPOINT_POLICY)
    t.passing({"policy": allow(Condition=condition)}, "policy", of=ENDPOINT_POLICY)
    t.absent(Status.FAIL, {"serviceName": "com.amazonaws.eu-west-1.odd"})
    t.absent(Status.FAIL, {}, "policy", of=ENDPOINT_POLICY, at="policy")
    t.unknown({"policy": UNKNOWN})
    t.unknown({"policy": allow(Condition={"StringEquals": {"aws:PrincipalAccount": UNKNOWN}})}, "condition")
    t.unknown({"policy": allow(Resource=UNKNOWN)}, "resource")
    t.unknown({"policy": allow(Effect=UNKNOWN)}, "effect")
    t.unknown({}, "elsewhere", others=[node(ENDPOINT_POLICY, "other", {"vpcEndpointId": UNKNOWN})])


def zones() -> None:
    t = Table(CASES, "aws-vpc-subnets-multi-az", VPC)

    def placed(*names: Any, path: str = "availabilityZone") -> list[Node]:
        return [of_vpc(SUBNET, f"s{index}", **{path: name}) for index, name in enumerate(names)]

    t.passing({}, others=placed("a", "b"))
    t.passing({}, "ids", others=placed("1", "2", path="availabilityZoneId"))
    t.passing({}, "enough known", others=placed("a", "b", UNKNOWN))
    t.failing({}, others=placed("a", "a"))
    t.failing({}, "one", others=placed("a"))
    t.failing({}, "setting", others=placed("a", "b"), settings={"zones": 3})
    t.passing({}, "setting", others=placed("a"), settings={"zones": 1})
    t.absent(None, {}, "no subnets")
    t.unknown({}, "chosen by AWS", others=placed("a", None))
    t.unknown({}, "zone", others=placed("a", UNKNOWN))
    t.unknown({}, "of which VPC", others=[*placed("a"), node(SUBNET, "other", {"vpcId": UNKNOWN, "availabilityZone": "b"})])
    t.unknown({}, "names and ids", others=[*placed("a"), of_vpc(SUBNET, availabilityZoneId="x")])


for table in (flow_logs, default_group, subnets, acls, gateways, endpoint_policies, zones):
    table()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_cases(case: Case) -> None:
    prove(RULES, case)
