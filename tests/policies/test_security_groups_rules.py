from collections.abc import Mapping
from typing import Any

import pytest
from platform_policies.firewall import DEFAULT_GROUP, EGRESS_RULE, GROUP, GROUP_RULE, INGRESS_RULE, block_is_world
from platform_policies.graph import UNKNOWN, Node
from platform_policies.rule import Status
from platform_policies.rules.security_groups import RULES

from tests.policies.cases import Case, Kind, judge, node

PASS, FAIL, UNSURE = Status.PASS, Status.FAIL, Status.UNKNOWN
WORLD = "0.0.0.0/0"
PREFIX_LIST = "aws:ec2/managedPrefixList:ManagedPrefixList"
PREFIX_ENTRY = "aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry"


def port(first: Any, last: Any = None, protocol: Any = "tcp", block: Any = WORLD, **more: Any) -> dict[str, Any]:
    return {"protocol": protocol, "fromPort": first, "toPort": first if last is None else last, "cidrBlocks": [block], **more}


def single(first: Any, last: Any = None, protocol: Any = "tcp", **more: Any) -> dict[str, Any]:
    return {"ipProtocol": protocol, "fromPort": first, "toPort": first if last is None else last, **more}


def case(rule: str, kind: Kind, name: str, expect: Status | None, inputs: Mapping[str, Any], type_: str = GROUP, **more: Any) -> Case:
    return Case(rule, kind, type_, inputs, expect, name=name, **more)


def world_cases(rule: str, number: int, protocol: str) -> list[Case]:
    """What holds for each rule that keeps the world from one port."""
    return [
        case(rule, "passing", "known network", PASS, {"ingress": [port(number, block="10.0.0.0/8")]}),
        case(rule, "passing", "private IPv6", PASS, {"ingress": [port(number, block="10.0.0.0/8", ipv6CidrBlocks=["fd00::/8"])]}),
        case(rule, "passing", "port before", PASS, {"ingress": [port(number - 1, number - 1)]}),
        case(rule, "passing", "port after", PASS, {"ingress": [port(number + 1, number + 1)]}),
        case(rule, "passing", "port 0 alone", PASS, {"ingress": [port(0)]}),
        case(rule, "passing", "IPv6 network", PASS, {"ingress": [{**port(number, block="10.0.0.0/8"), "ipv6CidrBlocks": ["2001::/16"]}]}),
        case(rule, "passing", "block with host bits", PASS, {"ingress": [port(number, block="10.1.2.3/8")]}),
        case(rule, "passing", "ping", PASS, {"ingress": [port(-1, protocol="icmp")]}),
        case(rule, "passing", "other protocol by number", PASS, {"ingress": [port(0, protocol=50)]}),
        case(rule, "passing", "rule", PASS, {"type": "ingress", **port(number, block="10.0.0.0/8")}, GROUP_RULE),
        case(rule, "passing", "egress is none of it", None, {"type": "egress", **port(number)}, GROUP_RULE),
        case(rule, "passing", "single rule", PASS, single(number, cidrIpv4="10.0.0.0/8"), INGRESS_RULE),
        case(rule, "passing", "group as source", PASS, single(number, referencedSecurityGroupId=UNKNOWN), INGRESS_RULE),
        case(rule, "failing", "world", FAIL, {"ingress": [port(number)]}, property="ingress.0.cidrBlocks"),
        case(rule, "failing", "second", FAIL, {"ingress": [port(443), port(number)]}, DEFAULT_GROUP, property="ingress.1.cidrBlocks"),
        case(rule, "failing", "half the world", FAIL, {"ingress": [port(number, block="128.0.0.0/1")]}),
        case(rule, "failing", "all protocols", FAIL, {"ingress": [port(0, protocol="-1")]}),
        case(rule, "failing", "protocol as number", FAIL, {"ingress": [port(number, protocol=6 if protocol == "tcp" else 17)]}),
        case(rule, "failing", "range from", FAIL, {"ingress": [port(number, number + 9, protocol)]}),
        case(rule, "failing", "range to", FAIL, {"ingress": [port(number - 9, number, protocol)]}),
        case(rule, "failing", "ports as text", FAIL, {"ingress": [port(str(number), protocol=protocol)]}),
        case(rule, "failing", "all ports", FAIL, {"ingress": [port(-1, protocol=protocol)]}),
        case(rule, "failing", "known beside unknown", FAIL, {"ingress": [UNKNOWN, port(number)]}),
        case(rule, "failing", "rule", FAIL, {"type": "ingress", **port(number)}, GROUP_RULE, property="cidrBlocks"),
        case(rule, "failing", "IPv6", FAIL, {"ingress": [{**port(number), "cidrBlocks": [], "ipv6CidrBlocks": ["::/0"]}]}),
        case(rule, "failing", "single rule", FAIL, single(number, cidrIpv4=WORLD), INGRESS_RULE, property="cidrIpv4"),
        case(rule, "failing", "single IPv6", FAIL, single(number, cidrIpv6="2000::/3"), INGRESS_RULE, property="cidrIpv6"),
        case(rule, "failing", "single, no ports", FAIL, {"ipProtocol": "-1", "cidrIpv4": WORLD}, INGRESS_RULE),
        case(
            rule,
            "failing",
            "prefix list",
            FAIL,
            single(number),
            INGRESS_RULE,
            refers={"prefixListId": ["list"]},
            others=[node(PREFIX_LIST, "list", {"entries": [{"cidr": "10.0.0.0/8"}, {"cidr": WORLD}]})],
        ),
        case(
            rule,
            "failing",
            "prefix list entry",
            FAIL,
            single(number),
            INGRESS_RULE,
            refers={"prefixListId": ["list"]},
            others=[node(PREFIX_LIST, "list", {}), node(PREFIX_ENTRY, "entry", {"cidr": WORLD}, {"prefixListId": ["list"]})],
        ),
        case(
            rule,
            "passing",
            "prefix list",
            PASS,
            single(number),
            INGRESS_RULE,
            refers={"prefixListId": ["list"]},
            others=[node(PREFIX_LIST, "list", {"entries": [{"cidr": "10.0.0.0/8"}]})],
        ),
        case(rule, "absent", "no rules", PASS, {}),
        case(rule, "absent", "no source", PASS, {"ingress": [{"protocol": "tcp", "fromPort": number, "toPort": number}]}),
        case(rule, "unknown", "rules", UNSURE, {"ingress": UNKNOWN}, property="ingress"),
        case(rule, "unknown", "one rule", UNSURE, {"ingress": [UNKNOWN]}, property="ingress.0"),
        case(rule, "unknown", "block", UNSURE, {"ingress": [port(number, block=UNKNOWN)]}, property="ingress.0.cidrBlocks"),
        case(rule, "unknown", "blocks", UNSURE, {"ingress": [{**port(number), "cidrBlocks": UNKNOWN}]}),
        case(rule, "unknown", "port", UNSURE, {"ingress": [port(UNKNOWN)]}, property="ingress.0"),
        case(rule, "unknown", "port of a rule", UNSURE, {"type": "ingress", **port(UNKNOWN)}, GROUP_RULE, property="fromPort"),
        case(rule, "unknown", "protocol", UNSURE, {"ingress": [port(443, protocol=UNKNOWN)]}),
        case(rule, "unknown", "odd block", UNSURE, {"ingress": [port(number, block=7)]}),
        case(rule, "failing", "world with host bits", FAIL, {"ingress": [port(number, block="1.2.3.4/0")]}),
        case(rule, "unknown", "no block at all", UNSURE, {"ingress": [port(number, block="any")]}),
        case(rule, "unknown", "direction", UNSURE, {"type": UNKNOWN, **port(number)}, GROUP_RULE, property="type"),
        case(rule, "unknown", "single rule", UNSURE, single(number, cidrIpv4=UNKNOWN), INGRESS_RULE, property="cidrIpv4"),
        case(rule, "unknown", "prefix list of others", UNSURE, single(number, prefixListId="pl-1"), INGRESS_RULE),
        case(
            rule,
            "unknown",
            "prefix lists of others",
            UNSURE,
            {"ingress": [{**port(number, block="10.0.0.0/8"), "prefixListIds": ["pl-1"]}]},
        ),
        case(
            rule,
            "unknown",
            "prefix list's entries",
            UNSURE,
            single(number),
            INGRESS_RULE,
            refers={"prefixListId": ["list"]},
            others=[node(PREFIX_LIST, "list", {"entries": UNKNOWN})],
        ),
    ]


ALL = "aws-sg-no-world-all-ports"
RISK = "aws-sg-no-world-high-risk-ports"
EGRESS = "aws-sg-unrestricted-egress"
TEXT = "aws-sg-rule-description"
USED = "aws-sg-attached"
SAID = {"description": "web"}


def user(type_: str, path: str) -> Node:
    return node(type_, "user", {}, {path: ["subject"]})


CASES = [
    *world_cases("aws-sg-no-world-ssh", 22, "tcp"),
    case("aws-sg-no-world-ssh", "passing", "UDP", PASS, {"ingress": [port(22, protocol="udp")]}),
    *world_cases("aws-sg-no-world-rdp", 3389, "tcp"),
    case("aws-sg-no-world-rdp", "failing", "UDP", FAIL, {"ingress": [port(3389, protocol="udp")]}),
    *world_cases(RISK, 6379, "tcp")[:2],
    case(RISK, "passing", "HTTPS", PASS, {"ingress": [port(443)]}),
    case(RISK, "passing", "not in the setting", PASS, {"ingress": [port(6379)]}, settings={"ports": [1]}),
    case(RISK, "failing", "in the setting", FAIL, {"ingress": [port(1)]}, settings={"ports": [1]}),
    case(RISK, "failing", "Redis", FAIL, {"ingress": [port(6379)]}),
    case(RISK, "failing", "UDP", FAIL, {"ingress": [port(11211, protocol="udp")]}),
    case(RISK, "failing", "Kafka in a range", FAIL, single(9000, 9100, cidrIpv6="::/0"), INGRESS_RULE),
    case(RISK, "absent", "no rules", PASS, {}),
    case(RISK, "unknown", "block", UNSURE, {"ingress": [port(5432, block=UNKNOWN)]}),
    case(RISK, "unknown", "rules", UNSURE, {"ingress": UNKNOWN}),
    case(ALL, "passing", "not the first", PASS, {"ingress": [port(2, 65535)]}),
    case(ALL, "passing", "not the last", PASS, {"ingress": [port(0, 65534)]}),
    case(ALL, "passing", "known network", PASS, {"ingress": [port(0, protocol="-1", block="10.0.0.0/8")]}),
    case(ALL, "failing", "all protocols", FAIL, {"ingress": [port(0, protocol="-1")]}),
    case(ALL, "failing", "all, by name", FAIL, {"type": "ingress", **port(0, protocol="all")}, GROUP_RULE),
    case(ALL, "failing", "TCP", FAIL, {"ingress": [port(0, 65535)]}),
    case(ALL, "failing", "TCP from 1", FAIL, {"ingress": [port(1, 65535)]}),
    case(ALL, "failing", "UDP", FAIL, {"ingress": [port(0, 65535, "udp")]}),
    case(ALL, "absent", "no rules", PASS, {}),
    case(ALL, "unknown", "protocol", UNSURE, {"ingress": [port(0, protocol=UNKNOWN)]}),
    case(ALL, "unknown", "end", UNSURE, {"ingress": [port(0, UNKNOWN)]}),
    case(TEXT, "passing", "described", PASS, {**SAID, "ingress": [port(443, description="HTTPS")], "egress": [port(443, description="x")]}),
    case(TEXT, "passing", "no rules", PASS, SAID),
    case(TEXT, "passing", "rule", PASS, {"type": "egress", **port(1), **SAID}, GROUP_RULE),
    case(TEXT, "passing", "single", PASS, single(1, **SAID), EGRESS_RULE),
    case(TEXT, "passing", "default group", PASS, {}, DEFAULT_GROUP),
    case(TEXT, "failing", "provider's", FAIL, {"description": "Managed by Pulumi"}, property="description"),
    case(TEXT, "failing", "ingress", FAIL, {**SAID, "ingress": [port(443)]}, property="ingress.0.description"),
    case(TEXT, "failing", "egress", FAIL, {**SAID, "egress": [port(443, description="")]}, property="egress.0.description"),
    case(TEXT, "failing", "default group", FAIL, {"egress": [port(443)]}, DEFAULT_GROUP),
    case(TEXT, "absent", "group", FAIL, {}),
    case(TEXT, "absent", "rule", FAIL, {"type": "ingress", **port(1)}, GROUP_RULE, property="description"),
    case(TEXT, "absent", "ingress rule", FAIL, single(1), INGRESS_RULE),
    case(TEXT, "absent", "egress rule", FAIL, single(1), EGRESS_RULE),
    case(TEXT, "unknown", "group", UNSURE, {"description": UNKNOWN}),
    case(TEXT, "unknown", "rule", UNSURE, {**SAID, "ingress": [port(1, description=UNKNOWN)]}, property="ingress.0.description"),
    case(TEXT, "unknown", "rules", UNSURE, {**SAID, "egress": UNKNOWN}, property="egress"),
    case(EGRESS, "passing", "HTTPS", PASS, {"egress": [port(443)]}),
    case(EGRESS, "passing", "own network", PASS, {"egress": [port(0, protocol="-1", block="10.0.0.0/8")]}),
    case(EGRESS, "passing", "ingress is none of it", None, {"type": "ingress", **port(0, protocol="-1")}, GROUP_RULE),
    case(EGRESS, "passing", "single", PASS, single(443, cidrIpv4=WORLD), EGRESS_RULE),
    case(EGRESS, "failing", "all", FAIL, {"egress": [port(0, protocol="-1")]}, property="egress.0.cidrBlocks"),
    case(EGRESS, "failing", "rule", FAIL, {"type": "egress", **port(0, protocol="-1")}, GROUP_RULE),
    case(EGRESS, "failing", "single", FAIL, {"ipProtocol": "-1", "cidrIpv6": "::/0"}, EGRESS_RULE),
    case(EGRESS, "absent", "the provider removes AWS' own rule", PASS, {}),
    case(EGRESS, "unknown", "rules", UNSURE, {"egress": UNKNOWN}, property="egress"),
    case(EGRESS, "unknown", "block", UNSURE, {"egress": [port(0, protocol="-1", block=UNKNOWN)]}),
    case(EGRESS, "unknown", "ports", UNSURE, {"egress": [port(UNKNOWN)]}, property="egress.0"),
    case(EGRESS, "unknown", "ports of a rule", UNSURE, {"type": "egress", **port(UNKNOWN)}, GROUP_RULE, property="fromPort"),
    case(EGRESS, "unknown", "block's path", UNSURE, {"egress": [port(0, protocol="-1", block=UNKNOWN)]}, property="egress.0.cidrBlocks"),
    case(EGRESS, "unknown", "direction", UNSURE, {"type": UNKNOWN, **port(1)}, GROUP_RULE),
    case(USED, "passing", "instance", PASS, {}, others=[user("aws:ec2/instance:Instance", "vpcSecurityGroupIds")]),
    case(USED, "passing", "old balancer's name", PASS, {}, others=[user("aws:alb/loadBalancer:LoadBalancer", "securityGroups")]),
    case(
        USED,
        "passing",
        "by id",
        PASS,
        {},
        outputs={"id": "sg-1"},
        others=[node("aws:lambda/function:Function", "user", {"vpcConfig": {"securityGroupIds": ["sg-1"]}})],
    ),
    case(USED, "failing", "only its own rules", FAIL, {}, others=[user(INGRESS_RULE, "securityGroupId")]),
    case(
        USED,
        "failing",
        "another group's user",
        FAIL,
        {},
        outputs={"id": "sg-1"},
        others=[node("aws:ec2/instance:Instance", "user", {"vpcSecurityGroupIds": ["sg-2"]})],
    ),
    case(
        USED,
        "failing",
        "a cluster's subnets are not known, and it names no group",
        FAIL,
        {},
        others=[node("aws:eks/cluster:Cluster", "user", {"vpcConfig": {"subnetIds": [UNKNOWN]}})],
    ),
    case(
        USED,
        "unknown",
        "a cluster's group",
        UNSURE,
        {},
        others=[node("aws:eks/cluster:Cluster", "user", {"vpcConfig": {"securityGroupIds": [UNKNOWN]}})],
    ),
    case(USED, "absent", "alone", FAIL, {}),
    case(USED, "unknown", "perhaps", UNSURE, {}, others=[node("aws:ec2/instance:Instance", "user", {"vpcSecurityGroupIds": [UNKNOWN]})]),
]


@pytest.mark.parametrize("given", CASES, ids=lambda given: f"{given.rule}-{given.kind}-{given.name}")
def test_cases(given: Case) -> None:
    rule = next(one for one in RULES if one.id == given.rule)
    status, verdicts = judge(rule, given)
    assert status is given.expect
    if given.property is not None:
        assert given.property in {verdict.property for verdict in verdicts}


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("0.0.0.0/0", True),
        ("8.0.0.0/7", True),
        ("8.0.0.0/8", False),
        ("::/0", True),
        ("2000::/15", True),
        ("2000::/16", False),
        ("fc00::/7", False),
        ("fc00::/6", True),
        ("10.1.2.3/0", True),
        (UNKNOWN, None),
        ("sg-1", None),
        (7, None),
    ],
)
def test_the_world(block: Any, expected: bool | None) -> None:
    assert block_is_world(block) is expected


def test_one_finding_for_each_opening() -> None:
    rule = RULES[0]
    _, verdicts = judge(rule, case(rule.id, "failing", "", FAIL, {"ingress": [port(22), port(20, 30, ipv6CidrBlocks=["::/0"])]}))
    assert [verdict.message for verdict in verdicts] == [
        "ingress.0.cidrBlocks 0.0.0.0/0 lets the Internet reach tcp 22: port 22 (SSH) is among them",
        "ingress.1.cidrBlocks 0.0.0.0/0 lets the Internet reach tcp 20-30: port 22 (SSH) is among them",
    ]
