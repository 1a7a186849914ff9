"""Advice: what could cost less, with the saving where both prices are known. Never a number that has no source."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from platform_policies.graph import Node, ResourceGraph, stack_of
from platform_policies.pricing import compute
from platform_policies.pricing.catalogue import Catalogue
from platform_policies.pricing.compute import disks_of, disks_of_instance, launch_template, types_of
from platform_policies.pricing.estimate import NO_USAGE, Estimate
from platform_policies.pricing.need import MONTH, Context, number, text

GRAVITON = {
    "t3": "t4g",
    "t3a": "t4g",
    "m5": "m6g",
    "m5a": "m6g",
    "m6i": "m7g",
    "m6a": "m7g",
    "m7i": "m7g",
    "m7a": "m7g",
    "c5": "c6g",
    "c6i": "c7g",
    "c7i": "c7g",
    "r5": "r6g",
    "r6i": "r7g",
    "r7i": "r7g",
}
"""The Graviton family of the same shape for each x86 family."""

DATABASES = {
    "aws:rds/instance:Instance": ("rds.{}.", "instanceClass"),
    "aws:rds/clusterInstance:ClusterInstance": ("rds.{}.", "instanceClass"),
    "aws:elasticache/cluster:Cluster": ("cache.", "nodeType"),
}
"""How the prices of a data store's machines are named, `{}` being its engine, and the input that says which machine it is."""
_MACHINE = re.compile(r"(?P<head>((db|cache)\.)?)(?P<family>[a-z0-9-]+)\.(?P<size>[a-z0-9]+)")

PRODUCTION = ("prod", "production", "live")
"""Environments in which advice trades no availability for money."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that could cost less."""

    node: Node
    title: str
    saving: Decimal | None
    """US dollars a month; None where a price or a quantity for it is not known."""

    def to_json(self) -> dict[str, Any]:
        """The advice as `--json` prints it."""
        saving = None if self.saving is None else float(round(self.saving, 10))
        return {"urn": self.node.urn, "type": self.node.type, "name": self.node.name, "advice": self.title, "saving": saving}


def advise(graph: ResourceGraph, priced: Estimate) -> Sequence[Advice]:
    """All advice, the greatest saving first, and what has no number at the end."""
    context = Context(graph, NO_USAGE, priced.today)
    found: list[Advice] = []
    for node in graph:
        if node.type == "aws:eks/nodeGroup:NodeGroup":
            found += _node_group(node, context, priced.catalogue)
        elif node.type == "aws:ec2/instance:Instance":
            found += _instance(node, priced.catalogue)
        elif node.type in DATABASES:
            found += _database(node, priced.catalogue)
        elif node.type == "aws:ebs/volume:Volume" and text(node.value("type"), "gp2") == "gp2":
            found.append(_gp3(node, number(node.value("size"))[0], priced.catalogue))
        elif node.type == "aws:eks/cluster:Cluster" and compute.extended_support(node, context):
            found.append(
                Advice(node, "upgrade Kubernetes out of extended support", _hourly(priced.catalogue, "eks.extended", "eks.standard"))
            )
    found += _network(graph, priced)
    return sorted(found, key=lambda advice: -(advice.saving or Decimal(-1)))


def environment_of(node: Node) -> str:
    """The environment a resource belongs to: its stack's name up to the dot."""
    return stack_of(node.urn).partition(".")[0]


def _node_group(node: Node, context: Context, catalogue: Catalogue) -> Iterator[Advice]:
    count, _ = number(node.value("scalingConfig.minSize"))
    template = launch_template(node, context)
    types = types_of(node, template)
    spot = text(node.value("capacityType")) == "SPOT"
    if types and not spot:
        yield from _graviton(node, types[0], "ec2.{}", catalogue, count)
        wanted, _ = number(node.value("scalingConfig.desiredSize"), count)
        price = catalogue.get(f"ec2.{types[0]}")
        if wanted > count:
            extra = wanted - count
            saving = price.usd * MONTH * extra if price else None
            yield Advice(node, f"right-size: {extra} more nodes are started than the minimum of {count}", saving)
        if environment_of(node) not in PRODUCTION:
            yield Advice(node, "spot instances; their price changes by the hour, so no saving is stated", None)
    yield from _disks(node, disks_of(template.inputs if template else {}), catalogue, count)


def _instance(node: Node, catalogue: Catalogue) -> Iterator[Advice]:
    kind, spot = text(node.value("instanceType")), node.value("instanceMarketOptions.marketType") == "spot"
    if not spot:
        yield from _graviton(node, kind, "ec2.{}", catalogue)
    yield from _disks(node, disks_of_instance(node), catalogue)


def _database(node: Node, catalogue: Catalogue) -> Iterator[Advice]:
    zones = ".multi-az" if node.value("multiAz") is True else ""
    prefix, machine = DATABASES[node.type]
    yield from _graviton(node, text(node.value(machine)), f"{prefix.format(text(node.value('engine')))}{{}}{zones}", catalogue)


def _graviton(node: Node, kind: str, sku: str, catalogue: Catalogue, count: int = 1) -> Iterator[Advice]:
    """The same size of a Graviton family, unless that is known to cost more."""
    found = _MACHINE.fullmatch(kind)
    if found and found["family"] in GRAVITON:
        better = f"{found['head']}{GRAVITON[found['family']]}.{found['size']}"
        saving = _hourly(catalogue, sku.format(kind), sku.format(better), count)
        if saving is None or saving > 0:
            yield Advice(node, f"{better} (Graviton) in place of {kind}", saving)


def _disks(node: Node, disks: Iterable[tuple[str, int, int, int]], catalogue: Catalogue, count: int = 1) -> Iterator[Advice]:
    return (_gp3(node, size_gb * count, catalogue) for kind, size_gb, _iops, _mbps in disks if kind == "gp2")


def _gp3(node: Node, size: int, catalogue: Catalogue) -> Advice:
    gp2, gp3 = catalogue.get("ebs.gp2.gb"), catalogue.get("ebs.gp3.gb")
    saving = (gp2.usd - gp3.usd) * size if gp2 and gp3 else None
    return Advice(node, f"gp3 in place of gp2 for {size} GB", saving)


def _network(graph: ResourceGraph, priced: Estimate) -> Iterator[Advice]:
    gateways: dict[str, list[Node]] = {}
    for node in graph.of_type("aws:ec2/natGateway:NatGateway"):
        gateways.setdefault(environment_of(node), []).append(node)
    nat, gigabyte = priced.catalogue.get("nat.hour"), priced.catalogue.get("nat.gb")
    for environment, nodes in gateways.items():
        if environment not in PRODUCTION and len(nodes) > 1:
            saving = nat.usd * MONTH * (len(nodes) - 1) if nat else None
            yield Advice(nodes[0], f"one NAT gateway in place of {len(nodes)}: enough where an outage of one zone may be felt", saving)
        services = {
            text(other.value("serviceName")).rpartition(".")[2]
            for other in graph.of_type("aws:ec2/vpcEndpoint:VpcEndpoint")
            if environment_of(other) == environment
        }
        missing = [service for service in ("s3", "dynamodb") if service not in services]
        if missing:
            rate = f" (${gigabyte.usd} for each GB they carry)" if gigabyte else ""
            yield Advice(nodes[0], f"gateway endpoints for {' and '.join(missing)}: free, and past the NAT gateway{rate}", None)


def _hourly(catalogue: Catalogue, now: str, then: str, count: int = 1) -> Decimal | None:
    """What a month saves at one hourly price in place of another; None where one of them is not known."""
    before, after = catalogue.get(now), catalogue.get(then)
    return (before.usd - after.usd) * MONTH * count if before and after else None
