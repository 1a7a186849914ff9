"""Cost rules, case by case."""

from dataclasses import replace
from typing import Any

import pytest
from platform_policies.evaluate import STACK_TYPE, evaluate
from platform_policies.graph import UNKNOWN, Node, ResourceGraph, stack_of
from platform_policies.rule import Pack, Settings, Status
from platform_policies.rules import cost
from platform_policies.rules.cost import (
    BUDGET,
    CACHE,
    CACHE_GROUP,
    CLUSTER,
    DATABASE,
    DATABASE_CLUSTER,
    INSTANCE,
    NAT,
    NODE_CLASS,
    NODE_GROUP,
    PROVIDER,
    RULES,
    TEMPLATE,
    VOLUME,
)

from tests.policies.cases import Case, node
from tests.policies.table import Table, case_id, prove

CASES: list[Case] = []

TODAY = "2026-11-23"
US = node(PROVIDER, "us", {"region": "us-east-1"})
GATEWAY = node(NAT, "nat", {"tags": {}})  # 32.85 a month
GROUP = node(NODE_GROUP, "pool", {"scalingConfig": {"minSize": UNKNOWN}})
DISK = node(VOLUME, "disk", {"size": 10, "type": "gp2"})  # 1.00 a month
NO_PRICE = node("aws:redshift/cluster:Cluster", "dw", {})
FAR = node(PROVIDER, "far", {"region": "eu-north-1"})


def _other_stack(one: Node) -> Node:
    return Node(one.urn.replace("test.stack", "other.stack"), one.type, one.name, one.inputs)


def _unpriceable(table: Table, settings: dict[str, Any]) -> None:
    """What every rule says that prices a stack, where it cannot."""
    table.unknown({}, "no region", others=(GATEWAY,), settings=settings, at="region")
    table.unknown({}, "region of a provider", others=(GATEWAY, node(PROVIDER, "p", {"region": UNKNOWN})), settings=settings, at="region")
    table.unknown({}, "two regions", others=(GATEWAY, US, FAR), settings=settings, at="region")
    table.unknown({}, "a region without prices", others=(GATEWAY, FAR), settings=settings, at="region")


def _maximum() -> None:
    table = Table(CASES, "cost-stack-monthly-max", STACK_TYPE)
    table.passing({}, "exactly", others=(US, GATEWAY), settings={"max_usd": 32.85})
    table.passing({}, "nothing of another stack", others=(US, GATEWAY, _other_stack(GATEWAY)), settings={"max_usd": 32.85})
    table.passing({}, "in the region of the setting", others=(FAR, GATEWAY), settings={"max_usd": 32.85, "region": "us-east-1"})
    table.passing({}, "nothing unknown", others=(US, node(NODE_GROUP, "p", {"scalingConfig": {"minSize": 1}})), settings={"max_usd": 99})
    table.failing({}, "by a cent", others=(US, GATEWAY), settings={"max_usd": 32.84})
    table.failing({}, "zero", others=(US, GATEWAY), settings={"max_usd": 0})
    table.failing({}, "already, whatever is unknown", others=(US, GATEWAY, GROUP), settings={"max_usd": 1})
    used = {GATEWAY.urn: {"monthly_data_processed_gb": 1}}
    table.failing({}, "by usage", others=(US, GATEWAY), settings={"max_usd": 32.85, "usage": used})
    old = node(CLUSTER, "c", {"version": "1.33"})
    table.passing({}, "on the day", others=(US, old), settings={"max_usd": 73, "today": "2026-07-29"})
    table.failing({}, "of another day", others=(US, old), settings={"max_usd": 73, "today": "2026-07-30"})
    table.absent(None, others=(US, GATEWAY))
    cluster = node(CLUSTER, "c", {"version": UNKNOWN})
    table.unknown({}, "a version", others=(US, cluster), settings={"max_usd": 999}, at="c.version")
    _unpriceable(table, {"max_usd": 999})


def _differences() -> None:
    table = Table(CASES, "cost-diff-absolute", STACK_TYPE)
    table.passing({}, "exactly", others=(US, GATEWAY), settings={"baseline_usd": 30, "max_increase_usd": 2.85})
    table.passing({}, "less", others=(US,), settings={"baseline_usd": 30, "max_increase_usd": 0})
    table.failing({}, "by a cent", others=(US, GATEWAY), settings={"baseline_usd": 30, "max_increase_usd": 2.84})
    table.failing({}, "from nothing", others=(US, GATEWAY), settings={"baseline_usd": 0, "max_increase_usd": 0})
    table.absent(None, name="baseline", others=(US, GATEWAY), settings={"max_increase_usd": 0})
    table.absent(None, name="limit", others=(US, GATEWAY), settings={"baseline_usd": 0})
    table.absent(
        None, name="amount of a stack that is new", others=(US, GATEWAY), settings={"baseline_usd": {"other": 0}, "max_increase_usd": 0}
    )
    table.unknown({}, "an endpoint's zones", others=(US, _endpoint()), settings={"baseline_usd": 0, "max_increase_usd": 99})
    _unpriceable(table, {"baseline_usd": 0, "max_increase_usd": 999})
    table = Table(CASES, "cost-diff-percent", STACK_TYPE)
    table.passing({}, "exactly", others=(US, DISK), settings={"baseline_usd": 0.8, "max_increase_percent": 25})
    table.passing({}, "less", others=(US, DISK), settings={"baseline_usd": 2, "max_increase_percent": 0})
    table.failing({}, "by a little", others=(US, DISK), settings={"baseline_usd": 0.8, "max_increase_percent": 24.9})
    table.failing({}, "from nothing", others=(US, DISK), settings={"baseline_usd": 0, "max_increase_percent": 500})
    table.absent(None, name="baseline", others=(US, DISK), settings={"max_increase_percent": 0})
    table.absent(None, name="limit", others=(US, DISK), settings={"baseline_usd": 0.5})
    table.unknown({}, "a minimum", others=(US, _cache()), settings={"baseline_usd": 999, "max_increase_percent": 1})
    _unpriceable(table, {"baseline_usd": 99, "max_increase_percent": 10})


def _endpoint() -> Node:
    return node("aws:ec2/vpcEndpoint:VpcEndpoint", "e", {"vpcEndpointType": "Interface", "subnetIds": UNKNOWN})


def _cache() -> Node:
    return node(CACHE, "cache", {"nodeType": "cache.m4.large", "numCacheNodes": UNKNOWN})


def _share() -> None:
    table, half = Table(CASES, "cost-unpriced-resource-share", STACK_TYPE), {"max_percent": 50}
    table.passing({}, "all", others=(US, GATEWAY), settings=half)
    table.passing({}, "half", others=(US, GATEWAY, NO_PRICE), settings=half)
    table.failing({}, "half", others=(US, GATEWAY, NO_PRICE), settings={"max_percent": 49.9})
    table.failing({}, "all", others=(US, NO_PRICE), settings=half)
    table.passing({}, "all may", others=(US, NO_PRICE), settings={"max_percent": 100})
    table.absent(None, name="limit", others=(US, NO_PRICE))
    table.absent(None, name="nothing of AWS", settings=half)
    table.absent(None, name="nothing of AWS in this stack", others=(_other_stack(GATEWAY),), settings=half)
    table.absent(None, name="nothing that costs", others=(US, node("aws:ec2/vpc:Vpc", "v", {})), settings=half)
    _unpriceable(table, half)


def _nat() -> None:
    table = Table(CASES, "cost-nat-per-az-in-nonprod", NAT)
    second = (node(NAT, "the-second", {}),)
    table.passing({"tags": {"Environment": "dev"}}, "the first", others=second)
    table.passing({"tags": {"Environment": "prod"}}, "production", others=second)
    table.absent(Status.PASS, name="no tags, the only one")
    table.absent(Status.PASS, name="no tags, another stack's", others=(_other_stack(GATEWAY),))
    table.failing({"tags": {"Environment": "dev"}}, "more than none", settings={"most": 0}, at="subnetId")
    table.failing({}, "of the stack's environment", settings={"most": 0})
    table.passing({}, "production by the stack's name", settings={"most": 0, "production": ["test"]})
    table.passing({"tags": {"Environment": "live"}}, "live", settings={"most": 0})
    table.unknown({"tags": {"Environment": UNKNOWN}}, at="tags")
    table.unknown({"tags": UNKNOWN}, "tags", at="tags")


def _eks() -> None:
    table, extended = Table(CASES, "cost-eks-extended-support", CLUSTER), {"upgradePolicy": {"supportType": "EXTENDED"}}
    table.passing({"version": "1.33"}, "on the last day", settings={"today": "2026-07-29"})
    table.failing({"version": "1.33"}, "a day later", settings={"today": "2026-07-30"}, at="version")
    table.failing({"version": "1.33", **extended}, "by policy", settings={"today": "2026-07-30"})
    table.passing({"version": "1.33", "upgradePolicy": {"supportType": "STANDARD"}}, "upgraded by AWS", settings={"today": "2026-07-30"})
    table.failing({"version": "1.20"}, "long gone", settings={"today": TODAY})
    table.failing({"version": "1.20"}, "by the clock")
    table.passing({"version": "1.99"}, "newer than those known", settings={"today": TODAY})
    table.absent(Status.PASS, settings={"today": TODAY})
    table.unknown({"version": UNKNOWN}, settings={"today": TODAY}, at="version")
    table.unknown({"version": "1.20", "upgradePolicy": UNKNOWN}, "policy", settings={"today": TODAY}, at="upgradePolicy")
    table.passing({"version": "1.35", "upgradePolicy": UNKNOWN}, "whatever the policy", settings={"today": TODAY})


def _rds() -> None:
    rule, postgres = "cost-rds-extended-support", {"engine": "postgres", "engineVersion": "13.4"}
    table = Table(CASES, rule, DATABASE)
    table.passing(postgres, "on the last day", settings={"today": "2026-02-28"})
    table.failing(postgres, "a day later", settings={"today": "2026-03-01"}, at="engineVersion")
    table.failing({"engine": "mysql", "engineVersion": "8.0.35"}, "mysql", settings={"today": TODAY})
    table.failing({"engine": "mysql", "engineVersion": "5.7"}, "by the clock")
    table.passing({"engine": "mysql", "engineVersion": "8.4.3"}, "newer mysql", settings={"today": TODAY})
    off = {"engineLifecycleSupport": "open-source-rds-extended-support-disabled"}
    table.passing({**postgres, **off}, "upgraded by AWS", settings={"today": TODAY})
    table.failing({**postgres, "engineLifecycleSupport": "open-source-rds-extended-support"}, "by choice", settings={"today": TODAY})
    table.absent(Status.PASS, {"engine": "postgres"}, settings={"today": TODAY})
    table.absent(Status.PASS, {"engineVersion": "13.4"}, "engine", settings={"today": TODAY})
    table.unknown({**postgres, "engineVersion": UNKNOWN}, settings={"today": TODAY}, at="engineVersion")
    table.unknown({**postgres, "engine": UNKNOWN}, "engine", settings={"today": TODAY}, at="engine")
    table.unknown({**postgres, "engineLifecycleSupport": UNKNOWN}, "choice", settings={"today": TODAY}, at="engineLifecycleSupport")
    table.passing({"engine": "postgres", "engineVersion": "17", "engineLifecycleSupport": UNKNOWN}, "whatever", settings={"today": TODAY})
    table = Table(CASES, rule, DATABASE_CLUSTER)
    table.failing({"engine": "aurora-mysql", "engineVersion": "5.7.mysql_aurora.2.12"}, "aurora", settings={"today": TODAY})
    table.passing({"engine": "aurora-mysql", "engineVersion": "8.0.mysql_aurora.3.05"}, "aurora", settings={"today": TODAY})


def _gp3() -> None:
    rule = "cost-gp2-to-gp3"
    table = Table(CASES, rule, VOLUME)
    table.passing({"type": "gp3"})
    table.passing({"type": "io2"}, "io2")
    table.failing({"type": "gp2"}, at="type")
    table.absent(Status.FAIL, at="type")
    table.unknown({"type": UNKNOWN}, at="type")
    table = Table(CASES, rule, TEMPLATE)
    path = "blockDeviceMappings.1.ebs.volumeType"
    table.failing({"blockDeviceMappings": [{"ebs": {"volumeType": "gp3"}}, {"ebs": {"volumeType": "gp2"}}]}, "template", at=path)
    table.passing({"blockDeviceMappings": [{"ebs": {"volumeType": "gp3"}}]}, "template")
    table.skipped({"blockDeviceMappings": [{"ebs": {}}, {}]}, "template of its image's disks")
    table.skipped({}, "template without disks")
    table.unknown({"blockDeviceMappings": UNKNOWN}, "template", at="blockDeviceMappings")
    table.unknown({"blockDeviceMappings": [UNKNOWN]}, "template's disk")
    table = Table(CASES, rule, INSTANCE)
    table.failing({"rootBlockDevice": {"volumeType": "gp2"}}, "root", at="rootBlockDevice.0.volumeType")
    table.failing({"ebsBlockDevices": [{"volumeType": "gp2"}]}, "disk", at="ebsBlockDevices.0.volumeType")
    table.passing({"rootBlockDevice": {"volumeType": "gp3"}}, "root")
    table.failing({"rootBlockDevice": {"volumeType": "gp2"}}, "configuration", of=cost.CONFIGURATION)
    table = Table(CASES, rule, NODE_CLASS)
    table.failing({"spec": {"blockDeviceMappings": [{"ebs": {"volumeType": "gp2"}}]}}, "karpenter")
    table.passing({"spec": {"blockDeviceMappings": [{"ebs": {"volumeType": "gp3"}}]}}, "karpenter")


def _generation() -> None:
    rule, old, few = "cost-previous-gen-instance", "previous-generation", "allowlist"
    for kind, path, good, bad in [
        (INSTANCE, "instanceType", "m7g.large", "m4.large"),
        (TEMPLATE, "instanceType", "c7g.large", "c4.large"),
        (cost.CONFIGURATION, "instanceType", "t3.large", "t1.micro"),
        (DATABASE, "instanceClass", "db.m7g.large", "db.m4.large"),
        (CACHE, "nodeType", "cache.m7g.large", "cache.m4.large"),
        (CACHE_GROUP, "nodeType", "cache.r7g.large", "cache.r3.large"),
    ]:
        table, name = Table(CASES, rule, kind, old), kind.partition(":")[2]
        table.passing({path: good}, name)
        table.failing({path: bad}, name, at=path)
        table.absent(None, name=name)
        table.unknown({path: UNKNOWN}, name, at=path)
    table = Table(CASES, rule, NODE_GROUP, old)
    table.failing({"instanceTypes": ["m7g.large", "m4.large"]}, "one of several", at="instanceTypes")
    table.passing({"instanceTypes": ["m7g.large"]}, "group")
    table.absent(None, name="group")
    table.unknown({"instanceTypes": ["m7g.large", UNKNOWN]}, "one of several", at="instanceTypes")
    table.passing({"instanceTypes": ["m4.large"]}, "own list", settings={"previous": ["m5"]})
    table = Table(CASES, rule, NODE_GROUP, few)
    only = {"allowed": ["m7g.*", "t4g.medium"]}
    table.passing({"instanceTypes": ["m7g.large", "t4g.medium"]}, settings=only)
    table.failing({"instanceTypes": ["m7g.large", "t4g.large"]}, settings=only, at="instanceTypes")
    table.absent(None, {"instanceTypes": ["x9.huge"]}, "no list")
    table.unknown({"instanceTypes": UNKNOWN}, settings=only, at="instanceTypes")
    CASES.append(Case(rule, "unknown", NODE_GROUP, {"instanceTypes": UNKNOWN}, None, few, name="no list"))


def _tags() -> None:
    rule = "cost-required-tags"
    table = Table(CASES, rule, NAT, "required-tags")
    both = {"required": ["Environment", "Owner"]}
    table.passing({"tags": {"Environment": "dev"}})
    table.passing({"tagsAll": {"Environment": "dev"}}, "of the provider, as a state has them")
    table.failing({"tags": {"environment": "dev"}}, "another letter", at="tags")
    table.failing({"tags": {"Environment": "dev"}}, "one of two", settings=both)
    table.passing({"tags": {"Environment": UNKNOWN, "Owner": "x"}}, "whatever the value", settings=both)
    table.absent(Status.FAIL, at="tags")
    table.absent(Status.PASS, name="none required", settings={"required": []})
    table.unknown({"tags": UNKNOWN}, at="tags")
    default = {"tags": {"Environment": "dev"}}
    for name, tags, expect in [
        ("object", default, "passing"),
        ("JSON", '{"tags": {"Environment": "dev"}}', "passing"),
        ("other tags", {"tags": {"Owner": "x"}}, "failing"),
        ("no JSON", "{", "failing"),
        ("unknown", UNKNOWN, "unknown"),
        ("unknown tags", {"tags": UNKNOWN}, "unknown"),
    ]:
        getattr(table, expect)({}, f"default provider, {name}", others=(node(PROVIDER, "default_7", {"defaultTags": tags}),))
    mine = node(PROVIDER, "mine", {"defaultTags": default})
    table.failing({}, "tags of a provider that is not its own", others=(mine,))
    for reference in (f"{mine.urn}::id", mine.urn):
        table.passing({}, f"tags of its own provider {reference}", others=(mine,), provider=reference)
    group = "aws:autoscaling/group:Group"
    table.passing({"tags": [{"key": "Environment", "value": "dev"}]}, "of an autoscaling group", of=group)
    table.failing({"tags": [{"key": "Owner", "value": "dev"}]}, "of an autoscaling group", of=group)
    notice, told = {"threshold": 80}, {"threshold": 80, "subscriberEmailAddresses": ["a@example.com"]}
    table = Table(CASES, rule, BUDGET, "budget-present-with-notification")
    table.passing({"notifications": [notice, told]})
    table.passing({"notifications": [{"subscriberSnsTopicArns": ["arn:aws:sns:eu-west-1:123456789012:t"]}]}, "topic")
    table.failing({"notifications": [notice]}, at="notifications")
    table.absent(Status.FAIL, at="notifications")
    table.unknown({"notifications": UNKNOWN}, at="notifications")
    table.unknown({"notifications": [UNKNOWN]}, "one")
    table.unknown({"notifications": [{"subscriberSnsTopicArns": UNKNOWN}]}, "topic")
    table = Table(CASES, rule, STACK_TYPE, "budget-present-with-notification")
    wanted = {"require_budget": True}
    table.passing({}, "there", others=(node(BUDGET, "b", {"notifications": [told]}),), settings=wanted)
    table.failing({}, "one that tells nobody", others=(node(BUDGET, "b", {}),), settings=wanted)
    table.absent(Status.FAIL, name="none", settings=wanted)
    table.absent(None, name="none is required")
    table.unknown({}, "there", others=(node(BUDGET, "b", {"notifications": UNKNOWN}),), settings=wanted)
    table.absent(None, name="none in a stack of another layer", settings={"require_budget": "platform"})


for build in (_maximum, _differences, _share, _nat, _eks, _rds, _gp3, _generation, _tags):
    build()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_case(case: Case) -> None:
    prove(RULES, case)


def test_the_pack() -> None:
    assert {one.pack for one in RULES} == {Pack.COST}


def test_of_several_nat_gateways_all_but_the_first_are_too_many() -> None:
    names = ["a", "b", "c"]
    found = evaluate(ResourceGraph(tuple(node(NAT, name, {}) for name in names)), [cost.one_nat])
    assert [finding.urn.rpartition("::")[2] for finding in found.findings] == ["b", "c"]
    allowed = evaluate(
        ResourceGraph(tuple(node(NAT, name, {}) for name in names)), [cost.one_nat], Settings({cost.one_nat.id: {"most": 2}})
    )
    assert [finding.urn.rpartition("::")[2] for finding in allowed.findings] == ["c"]


def test_which_gateways_are_too_many_does_not_hang_on_the_order_in_which_they_registered() -> None:
    found = evaluate(ResourceGraph(tuple(node(NAT, name, {}) for name in ("b", "c", "a"))), [cost.one_nat])
    assert sorted((finding.urn.rpartition("::")[2], finding.message) for finding in found.findings) == [
        ("b", "NAT gateway 2 of test, where 1 is enough"),
        ("c", "NAT gateway 3 of test, where 1 is enough"),
    ]


def test_an_increase_is_counted_from_what_its_own_stack_cost() -> None:
    graph = ResourceGraph((node(STACK_TYPE, "s", {}), US, GATEWAY))
    stack = stack_of(GATEWAY.urn)
    limits = {cost.increase.id: {"max_increase_usd": 2}, cost.increase_percent.id: {"max_increase_percent": 5}}

    def found(before: float) -> list[str]:
        settings = Settings({rule: {**given, "baseline_usd": {stack: before, "other": 1000}} for rule, given in limits.items()})
        return [one.message for one in evaluate(graph, [cost.increase, cost.increase_percent], settings).findings]

    assert found(30.85) == ["at least $32.85 a month after $30.85: more than 5 % above it"]
    assert found(32.85) == []


def test_a_layer_has_the_budget_of_all() -> None:
    roots = [replace(node(STACK_TYPE, name, {}), layer=name) for name in ("network", "platform")]
    settings = Settings({cost.required_tags.id: {"require_budget": "platform"}})
    found = evaluate(ResourceGraph(tuple(roots)), [cost.required_tags], settings).findings
    assert [(one.urn.rpartition("::")[2], one.sub_id) for one in found] == [("platform", "budget-present-with-notification")]


def test_messages_name_amounts() -> None:
    graph = ResourceGraph((node(STACK_TYPE, "s", {}), US, GATEWAY))
    settings = Settings({"cost-stack-monthly-max": {"max_usd": 30}})
    assert [finding.message for finding in evaluate(graph, [cost.monthly_max], settings).findings] == [
        "at least $32.85 a month, over the budget of $30.00"
    ]
