"""Cost: what a stack costs in a month at the least, and what is paid for that brings nothing."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from platform_policies.checks import any_of, day_of, items, present, verdict
from platform_policies.evaluate import STACK_TYPE
from platform_policies.graph import UNKNOWN, Node, ResourceGraph, stack_of
from platform_policies.pricing.catalogue import PricingError
from platform_policies.pricing.compute import extended_support
from platform_policies.pricing.estimate import NO_USAGE, Estimate, estimate
from platform_policies.pricing.need import Context
from platform_policies.pricing.quantities import QUANTITIES, extended_database
from platform_policies.pricing.usage import parse_usage
from platform_policies.rule import Answer, Pack, Severity, Status, Verdict, is_unknown, passed, rule, unknown
from platform_policies.tagging import PROVIDER, tags_of
from platform_policies.types import canonical

NAT = "aws:ec2/natGateway:NatGateway"
CLUSTER = "aws:eks/cluster:Cluster"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
INSTANCE = "aws:ec2/instance:Instance"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
CONFIGURATION = "aws:ec2/launchConfiguration:LaunchConfiguration"
VOLUME = "aws:ebs/volume:Volume"
NODE_CLASS = "kubernetes:karpenter.k8s.aws:EC2NodeClass"
DATABASE, DATABASE_CLUSTER = "aws:rds/instance:Instance", "aws:rds/cluster:Cluster"
CACHE, CACHE_GROUP = "aws:elasticache/cluster:Cluster", "aws:elasticache/replicationGroup:ReplicationGroup"
BUDGET = "aws:budgets/budget:Budget"

PRICED: Mapping[str, Any] = {"region": "", "today": "", "usage": {}}
"""Settings of rules that price a stack: region (its provider's where empty), day (the clock's) and usage by URN and key."""

QUANTITY_INPUTS: Mapping[str, Sequence[str]] = {
    CLUSTER: ("version",),
    NODE_GROUP: ("scalingConfig.minSize",),
    "aws:autoscaling/group:Group": ("minSize",),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("subnetIds",),
    VOLUME: ("size",),
    DATABASE: ("allocatedStorage",),
    CACHE: ("numCacheNodes",),
    CACHE_GROUP: ("numCacheClusters", "numNodeGroups", "replicasPerNodeGroup"),
    "aws:route53/resolverEndpoint:ResolverEndpoint": ("ipAddresses",),
}
"""Inputs that decide how much of something there is."""

PREVIOUS = ("a1", "c1", "c3", "c4", "g2", "g3", "i2", "m1", "m2", "m3", "m4", "p2", "r3", "r4", "t1")
"""Families AWS lists as previous generation (EC2 user guide, "Previous generation instances")."""

MACHINES: Mapping[str, str] = {
    INSTANCE: "instanceType",
    TEMPLATE: "instanceType",
    CONFIGURATION: "instanceType",
    NODE_GROUP: "instanceTypes",
    DATABASE: "instanceClass",
    CACHE: "nodeType",
    CACHE_GROUP: "nodeType",
}
"""Where a type says what machine it is."""

UNTAGGABLE = ("aws:cloudwatch/dashboard:Dashboard",)
TAGGED = tuple(kind for kind in QUANTITIES if kind.startswith("aws:") and kind not in UNTAGGABLE)


@rule(
    "cost-stack-monthly-max",
    title="A stack's lower bound of monthly cost is within its budget",
    severity=Severity.HIGH,
    types=(),
    fix="Remove or shrink what the cost report lists first, or raise max_usd",
    pack=Pack.COST,
    defaults={"max_usd": None, **PRICED},
)
def monthly_max(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """What is over its budget before a single request is served will not come in under it."""
    limit = settings["max_usd"]
    if limit is None:
        return None
    priced = price_of_stack(node, graph, settings)
    if not isinstance(priced, Estimate):
        return priced
    message = f"at least ${priced.monthly:.2f} a month, over the budget of ${Decimal(str(limit)):.2f}"
    return _within(priced, priced.monthly <= Decimal(str(limit)), message)


@rule(
    "cost-diff-absolute",
    title="A change adds no more to the monthly cost than is allowed",
    severity=Severity.MEDIUM,
    types=(),
    fix="Have the increase agreed and raise max_increase_usd, or split the change",
    pack=Pack.COST,
    defaults={"baseline_usd": None, "max_increase_usd": None, **PRICED},
)
def increase(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A jump in cost is cheapest to question before it is built."""
    before, limit = _before(node, settings), settings["max_increase_usd"]
    if before is None or limit is None:
        return None
    priced = price_of_stack(node, graph, settings)
    if not isinstance(priced, Estimate):
        return priced
    added = priced.monthly - before
    message = f"at least ${added:.2f} a month more than ${before:.2f}; ${Decimal(str(limit)):.2f} is allowed"
    return _within(priced, added <= Decimal(str(limit)), message)


@rule(
    "cost-diff-percent",
    title="A change raises the monthly cost by no greater share than is allowed",
    severity=Severity.MEDIUM,
    types=(),
    fix="Have the increase agreed and raise max_increase_percent, or split the change",
    pack=Pack.COST,
    defaults={"baseline_usd": None, "max_increase_percent": None, **PRICED},
)
def increase_percent(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A small stack that doubles is seen in no total, and sets the habit."""
    before, limit = _before(node, settings), settings["max_increase_percent"]
    if before is None or limit is None:
        return None
    priced = price_of_stack(node, graph, settings)
    if not isinstance(priced, Estimate):
        return priced
    message = f"at least ${priced.monthly:.2f} a month after ${before:.2f}: more than {limit} % above it"
    return _within(priced, (priced.monthly - before) * 100 <= Decimal(str(limit)) * before, message)


@rule(
    "cost-unpriced-resource-share",
    title="Most of what a stack is charged for has a price",
    severity=Severity.LOW,
    types=(),
    fix="Add the prices named in the cost report, with source and date, or raise max_percent",
    pack=Pack.COST,
    defaults={"max_percent": None, **PRICED},
)
def unpriced_share(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A budget that is met because nothing could be priced is no budget."""
    limit = settings["max_percent"]
    if limit is None or not any(canonical(other.type).startswith("aws:") for other in _of_stack(node, graph)):
        return None
    priced = price_of_stack(node, graph, settings)
    if not isinstance(priced, Estimate):
        return priced
    if not priced.billable_types:
        return None
    named = ", ".join(priced.unpriced_types)
    message = f"{priced.unpriced_percent:.0f} % of the resource types have no price, {limit} % may: {named}"
    return verdict(priced.unpriced_percent <= Decimal(str(limit)), "", message)


@rule(
    "cost-nat-per-az-in-nonprod",
    title="An environment that is not production has one NAT gateway",
    severity=Severity.LOW,
    types=(NAT,),
    fix="Route the private subnets of every zone through one NAT gateway (nat: single)",
    pack=Pack.COST,
    defaults={"production": ["prod", "production", "live"], "most": 1},
)
def one_nat(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A NAT gateway in each zone buys an availability that a test environment does not sell."""
    environment = _environment(node)
    if environment is None:
        return unknown("tags")
    if environment in settings["production"]:
        return passed()
    # By name: gateways that wait for nothing but their own address register in whichever order these are answered.
    others = sorted(other.urn for other in _of_stack(node, graph).of_type(NAT))
    position = others.index(node.urn) + 1
    message = f"NAT gateway {position} of {environment}, where {settings['most']} is enough"
    return verdict(position <= settings["most"], "subnetId", message)


@rule(
    "cost-eks-extended-support",
    title="A cluster runs a Kubernetes version in standard support",
    severity=Severity.MEDIUM,
    types=(CLUSTER,),
    fix="Upgrade version to one in standard support, one minor version at a time",
    pack=Pack.COST,
    defaults={"today": ""},
)
def eks_support(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A control plane in extended support costs six times as much for the same cluster."""
    extended = extended_support(node, Context(graph, NO_USAGE, day_of(settings)))
    if extended is None:
        return unknown("version")
    if extended and is_unknown(node.value("upgradePolicy")):
        return unknown("upgradePolicy")
    return verdict(not extended, "version", f"version {node.value('version')} is in extended support, at six times the price")


@rule(
    "cost-rds-extended-support",
    title="A database runs a version in standard support",
    severity=Severity.MEDIUM,
    types=(DATABASE, DATABASE_CLUSTER),
    fix="Upgrade engineVersion, or set engineLifecycleSupport to open-source-rds-extended-support-disabled",
    pack=Pack.COST,
    defaults={"today": ""},
)
def rds_support(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Extended support is charged for every vCPU of a database, every hour."""
    extended = extended_database(node, Context(graph, NO_USAGE, day_of(settings)))
    if extended is None:
        return unknown("engineVersion" if is_unknown(node.value("engineVersion")) else "engine")
    if extended and is_unknown(node.value("engineLifecycleSupport")):
        return unknown("engineLifecycleSupport")
    version = f"{node.value('engine')} {node.value('engineVersion')}"
    return verdict(not extended, "engineVersion", f"{version} is in extended support, charged for every vCPU")


@rule(
    "cost-gp2-to-gp3",
    title="General purpose disks are of type gp3",
    severity=Severity.LOW,
    types=(VOLUME, TEMPLATE, INSTANCE, CONFIGURATION, NODE_CLASS),
    fix="Set the volume's type to gp3; the change is made while it is in use",
    pack=Pack.COST,
)
def gp3(node: Node, _graph: ResourceGraph, _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """A gp3 disk costs a fifth less than gp2, and is no slower."""
    for path, kind in _disks(node):
        yield verdict(None if is_unknown(kind) else kind != "gp2", path, f"{path} is gp2; gp3 costs less and is no slower")


@rule(
    "cost-previous-gen-instance",
    title="Machines are of a current generation, and of those allowed",
    severity=Severity.LOW,
    types=tuple(MACHINES),
    fix="Choose a current family of the same size (m7g, c7g, r7g), or one of the list",
    pack=Pack.COST,
    sub_ids=("previous-generation", "allowlist"),
    defaults={"previous": list(PREVIOUS), "allowed": []},
)
def generation(node: Node, _graph: ResourceGraph, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """An old generation does less for the same money; a family nobody planned for is in no commitment."""
    path = MACHINES[canonical(node.type)]
    kinds = items(node.value(path))
    if kinds is None or is_unknown(kinds):
        yield unknown(path, sub_id="previous-generation")
        if settings["allowed"]:
            yield unknown(path, sub_id="allowlist")
        return
    if not kinds:
        return
    old = [kind for kind in kinds if _family(kind) in settings["previous"]]
    yield verdict(not old, path, f"{path} {', '.join(map(str, old))} is of a previous generation", sub_id="previous-generation")
    if settings["allowed"]:
        other = [kind for kind in kinds if not any(fnmatchcase(str(kind), pattern) for pattern in settings["allowed"])]
        message = f"{path} {', '.join(map(str, other))} is none of {', '.join(settings['allowed'])}"
        yield verdict(not other, path, message, sub_id="allowlist")


@rule(
    "cost-required-tags",
    title="What costs money is tagged, and somebody is told when a budget is used up",
    severity=Severity.LOW,
    types=(STACK_TYPE, BUDGET, *TAGGED),
    fix="Add the tags (or the provider's defaultTags), and give each Budget notifications with a subscriber",
    pack=Pack.COST,
    sub_ids=("required-tags", "budget-present-with-notification"),
    defaults={"required": ["Environment"], "require_budget": False},
)
def required_tags(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A cost that carries no tag belongs to nobody, and a budget that tells nobody is a number."""
    kind = canonical(node.type)
    if kind == STACK_TYPE:
        # True: somewhere in what is judged. The name of a layer: in its stacks, where one layer has the budget for all.
        wanted = settings["require_budget"]
        return _budget_present(graph) if wanted is True or (wanted and wanted == node.layer) else None
    if kind == BUDGET:
        told = _told(node)
        return verdict(told, "notifications", "the budget tells nobody: it has no notification with a subscriber", sub_id=_BUDGET)
    tags = tags_of(node, graph)
    if tags is None:
        return unknown("tags", sub_id="required-tags")
    missing = [tag for tag in settings["required"] if tag not in tags]
    return verdict(not missing, "tags", f"tag {', '.join(missing)} is missing", sub_id="required-tags")


_BUDGET = "budget-present-with-notification"


def _before(node: Node, settings: Mapping[str, Any]) -> Decimal | None:
    """What the stack cost before: baseline_usd is one amount, or one by stack, where a stack that is new has none."""
    given = settings["baseline_usd"]
    if isinstance(given, Mapping):
        given = given.get(stack_of(node.urn))
    return None if given is None else Decimal(str(given))


def price_of_stack(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Estimate | Verdict:
    """The estimate of the stack a root belongs to, or why there is none."""
    own = _of_stack(node, graph)
    region = settings["region"] or _region(own)
    if region in ("", UNKNOWN):
        return unknown("region")
    try:
        usage = parse_usage({"version": 1, "resource_usage": settings["usage"]}, "setting usage")
        return estimate(own, region, usage=usage, today=day_of(settings))
    except PricingError as error:
        return Verdict(Status.UNKNOWN, "region", str(error))


def _within(priced: Estimate, holds: bool, message: str) -> Verdict:
    """A lower bound that is too high is too high; one that may still grow at `up` decides nothing."""
    if holds:
        for line in priced.lines:
            for path in QUANTITY_INPUTS.get(canonical(line.node.type), ()) if line.at_least else ():
                if is_unknown(line.node.value(path)):
                    return unknown(f"{line.node.name}.{path}")
    return verdict(holds, "", message)


def _of_stack(node: Node, graph: ResourceGraph) -> ResourceGraph:
    return graph.by_stack[stack_of(node.urn)]


def _region(graph: ResourceGraph) -> str:
    """The region of the stack's AWS providers, where they agree on one."""
    regions = {region for provider in graph.of_type(PROVIDER) if isinstance(region := provider.value("region"), str)}
    return regions.pop() if len(regions) == 1 else ""


def _environment(node: Node) -> str | None:
    """The environment by tag, else by the stack's name; None where the tag is not known."""
    tags = node.value("tags")
    tag = tags.get("Environment") if isinstance(tags, Mapping) else tags
    if is_unknown(tag):
        return None
    return tag if isinstance(tag, str) else stack_of(node.urn).partition(".")[0]


def _family(kind: Any) -> str:
    """The family of an instance type: `m4` of `m4.large`, `db.m4.large` and `cache.m4.large`."""
    return str(kind).removeprefix("db.").removeprefix("cache.").partition(".")[0]


def _disks(node: Node) -> Iterator[tuple[str, Any]]:
    """Path and type of each disk; one that names no type takes its image's, but for a volume by itself, which is then gp2."""
    kind = canonical(node.type)
    if kind == VOLUME:
        yield "type", node.value("type", "gp2")
        return
    prefix = "spec.blockDeviceMappings" if kind == NODE_CLASS else "blockDeviceMappings"
    paths = [prefix] if kind in (TEMPLATE, NODE_CLASS) else ["rootBlockDevice", "ebsBlockDevices"]
    for path in paths:
        blocks = items(node.value(path))
        if blocks is None:
            yield path, UNKNOWN
            continue
        for position, block in enumerate(blocks):
            inner = "ebs.volumeType" if path == prefix else "volumeType"
            found = Node("", "", "", block).value(inner) if isinstance(block, Mapping) else block
            if found is not None:
                yield f"{path}.{position}.{inner}", found


def _told(budget: Node) -> bool | None:
    """Whether a budget has a notification that reaches somebody."""
    found = items(budget.value("notifications"))
    if found is None:
        return None
    keys = ("subscriberEmailAddresses", "subscriberSnsTopicArns")
    return any_of(present(one.get(key)) if isinstance(one, Mapping) else None for one in found for key in keys)


def _budget_present(graph: ResourceGraph) -> Verdict:
    told = any_of(_told(budget) for budget in graph.of_type(BUDGET))
    return verdict(told, "", "there is no Budget with a notification", sub_id=_BUDGET)


INCREASES = (increase, increase_percent)
"""The rules that hold a stack's cost against what it cost before."""

RULES = (
    monthly_max,
    increase,
    increase_percent,
    unpriced_share,
    one_nat,
    eks_support,
    rds_support,
    gp3,
    generation,
    required_tags,
)
