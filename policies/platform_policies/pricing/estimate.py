"""The estimate: what a graph costs in a month at the least, line by line, and what of it has no price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from platform_policies.pricing.catalogue import OLD_AFTER_DAYS, Catalogue, Price, PricingError, load
from platform_policies.pricing.free import is_free
from platform_policies.pricing.need import Context, Need
from platform_policies.pricing.quantities import QUANTITIES
from platform_policies.pricing.usage import Usage
from platform_policies.tagging import provider_of
from platform_policies.types import canonical

NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class Line:
    """One charge of one resource."""

    node: Node
    component: str
    quantity: Decimal | None
    """Units a month; None where only a usage file could tell and none does."""
    price: Price
    region: str
    usage_key: str = ""
    at_least: bool = False

    @property
    def monthly(self) -> Decimal | None:
        """US dollars a month; None where it depends on usage that nobody stated."""
        return None if self.quantity is None else self.quantity * self.price.usd

    def to_json(self) -> dict[str, Any]:
        """The line as `--json` prints it."""
        return {
            "urn": self.node.urn,
            "type": self.node.type,
            "name": self.node.name,
            "component": self.component,
            "quantity": _number(self.quantity),
            "at_least": self.at_least,
            "unit": self.price.unit,
            "unit_price": _number(self.price.usd),
            "monthly": _number(self.monthly),
            "region": self.region,
            "usage_key": self.usage_key or None,
            "source": self.price.source,
            "source_date": self.price.source_date.isoformat(),
            "confidence": self.price.confidence,
        }


@dataclass(frozen=True, slots=True)
class Gap:
    """A charge without a price."""

    node: Node
    component: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        """The gap as `--json` prints it."""
        return {
            "urn": self.node.urn,
            "type": self.node.type,
            "name": self.node.name,
            "component": self.component,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Estimate:
    """What a graph costs in a month, as far as it has prices."""

    catalogue: Catalogue
    lines: Sequence[Line]
    gaps: Sequence[Gap]
    today: date
    warnings: Sequence[str] = field(default=())

    @property
    def monthly(self) -> Decimal:
        """The lower bound: every line that has a quantity."""
        return sum((line.monthly for line in self.lines if line.monthly is not None), Decimal(0))

    @property
    def is_complete(self) -> bool:
        """Whether every charge has a price and a quantity that `up` cannot raise."""
        return not self.gaps and not any(line.at_least for line in self.lines)

    @property
    def billable_types(self) -> Sequence[str]:
        """Types in the graph that cost something, or may."""
        return sorted({canonical(node.type) for node in (*(line.node for line in self.lines), *(gap.node for gap in self.gaps))})

    @property
    def unpriced_types(self) -> Sequence[str]:
        """Types of which something has no price."""
        return sorted({canonical(gap.node.type) for gap in self.gaps})

    @property
    def coverage(self) -> str:
        """How much of what costs has a price, in words."""
        return f"{len(self.billable_types) - len(self.unpriced_types)} of {len(self.billable_types)} resource types priced"

    @property
    def unpriced_percent(self) -> Decimal:
        """Share of the billable types of which something has no price, in percent."""
        return Decimal(100) * len(self.unpriced_types) / len(self.billable_types) if self.billable_types else Decimal(0)

    def to_json(self) -> dict[str, Any]:
        """The estimate as `--json` prints it."""
        return {
            "currency": self.catalogue.currency,
            "region": self.catalogue.region,
            "monthly": _number(self.monthly),
            "lower_bound": True,
            "coverage": {
                "priced_types": len(self.billable_types) - len(self.unpriced_types),
                "types": len(self.billable_types),
                "unpriced_types": list(self.unpriced_types),
            },
            "catalogue": {"compiled": self.catalogue.compiled.isoformat(), "oldest_source": _iso(self.oldest_source)},
            "lines": [line.to_json() for line in self.lines],
            "unpriced": [gap.to_json() for gap in self.gaps],
            "warnings": list(self.warnings),
        }

    @property
    def oldest_source(self) -> date | None:
        """Date of the oldest price that a line uses."""
        return min((line.price.source_date for line in self.lines), default=None)


@dataclass(frozen=True, slots=True)
class Change:
    """What one resource costs more or less."""

    urn: str
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class Difference:
    """What separates two estimates."""

    before: Decimal
    after: Decimal
    changes: Sequence[Change]
    """Resources whose cost differs, the greatest difference first."""

    @property
    def absolute(self) -> Decimal:
        """US dollars a month more; negative for less."""
        return self.after - self.before

    @property
    def percent(self) -> Decimal | None:
        """The same in percent of what was before; None where that was nothing."""
        return self.absolute * 100 / self.before if self.before else None

    def to_json(self) -> dict[str, Any]:
        """The difference as `--json` prints it."""
        return {
            "before": _number(self.before),
            "after": _number(self.after),
            "absolute": _number(self.absolute),
            "percent": _number(self.percent),
            "changes": [{"urn": change.urn, "before": _number(change.before), "after": _number(change.after)} for change in self.changes],
        }


def estimate(
    graph: ResourceGraph, region: str, *, usage: Usage = NO_USAGE, today: date | None = None, everywhere: bool = False
) -> Estimate:
    """Price a graph.

    Args:
        graph: the resources.
        region: region of every resource that names no other, by its own `region` or its provider's.
        usage: what a usage file says.
        today: the day that versions and the age of prices are judged from; the clock's where left out.
        everywhere: price everything as if it were in that region, whatever it or its provider names.

    Raises:
        PricingError: there are no prices for the region.
    """
    catalogue = load(region)
    day = today or datetime.now(UTC).date()
    context = Context(graph, usage, day)
    lines: list[Line] = []
    gaps: list[Gap] = []
    for node in graph:
        if not node.custom or node.external:
            continue
        for need in _needs(node, context):
            entry = _priced(node, need, region if everywhere else _region_of(node, graph, region))
            if isinstance(entry, Line):
                lines.append(entry)
            else:
                gaps.append(entry)
    return Estimate(catalogue, tuple(lines), tuple(gaps), day, tuple(_warnings(lines, day, usage, graph)))


def difference(before: Estimate, after: Estimate) -> Difference:
    """What the second estimate has more than the first, resource by resource."""
    old, new = _by_urn(before), _by_urn(after)
    changes = [Change(urn, old.get(urn, Decimal(0)), new.get(urn, Decimal(0))) for urn in dict.fromkeys((*old, *new))]
    differing = [change for change in changes if change.before != change.after]
    return Difference(before.monthly, after.monthly, sorted(differing, key=lambda change: -abs(change.after - change.before)))


def _needs(node: Node, context: Context) -> Sequence[Need]:
    kind = canonical(node.type)
    measure = QUANTITIES.get(kind)
    if measure:
        return tuple(measure(node, context))
    return () if is_free(kind) else (Need("", "", None, reason="nothing is known here of what this type costs"),)


def _priced(node: Node, need: Need, region: str) -> Line | Gap:
    if not need.sku:
        return Gap(node, need.component, need.reason)
    try:
        price = load(region).get(need.sku)
    except PricingError as error:
        return Gap(node, need.component, str(error))
    if price is None:
        return Gap(node, need.component, f"no source for the price {need.sku} in {region}")
    return Line(node, need.component, need.quantity, price, region, need.usage_key, need.at_least)


def _region_of(node: Node, graph: ResourceGraph, default: str) -> str:
    """A resource's own region (pulumi-aws 7), else its provider's."""
    for owner in (node, provider_of(node, graph)):
        region = owner.value("region") if owner else None
        if isinstance(region, str) and region not in ("", UNKNOWN):
            return region
    return default


def _warnings(lines: Sequence[Line], day: date, usage: Usage, graph: ResourceGraph) -> Sequence[str]:
    old = {line.price.sku: line.price.source_date for line in lines if (day - line.price.source_date).days > OLD_AFTER_DAYS}
    warnings = []
    if old:
        count = f"{len(old)} of the prices used {'is' if len(old) == 1 else 'are'}"
        warnings.append(f"{count} older than {OLD_AFTER_DAYS} days, the oldest of {min(old.values())}: look at the sources again")
    unknown = usage.unknown_urns(frozenset(graph.by_urn))
    warnings += [f"the usage file speaks of {urn}, which is not there" for urn in unknown]
    return warnings


def _by_urn(priced: Estimate) -> Mapping[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for line in priced.lines:
        sums[line.node.urn] = sums.get(line.node.urn, Decimal(0)) + (line.monthly or Decimal(0))
    return sums


def _number(value: Decimal | None) -> float | None:
    """A number for JSON; ten decimals, so that no digit of a price is lost and none is made up."""
    return None if value is None else float(round(value, 10))


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
