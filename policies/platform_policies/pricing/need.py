"""What a resource needs of the price list: a key and a quantity, without any price yet."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from platform_policies.pricing.usage import Usage
from platform_policies.rule import is_unknown

MONTH = Decimal(730)
"""Hours of a month, as infracost and AWS's calculator count them."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that a resource is charged for."""

    component: str
    """What it is, in a few words."""
    sku: str
    """Key in the catalogue; empty where no catalogue could have it, and `reason` says why."""
    quantity: Decimal | None
    """Units a month; None where only a usage file could tell."""
    usage_key: str = ""
    """Key of the usage file that gives the quantity; empty where the program does."""
    at_least: bool = False
    """The program leaves the quantity to `up` or to AWS: this is the least it can be."""
    reason: str = ""
    """Why no price can be had, where that is known."""


@dataclass(frozen=True, slots=True)
class Context:
    """What quantities are read from, beside the resource itself."""

    graph: ResourceGraph
    usage: Usage
    today: date
    """The day versions are judged from."""

    def used(self, node: Node, component: str, sku: str, key: str, per: int = 1) -> Need:
        """A charge for what a usage file says; `per`: how many make one unit of the price."""
        amount = self.usage.get(node.urn, key)
        return Need(component, sku, None if amount is None else amount / per, usage_key=key)


Quantities: TypeAlias = Callable[[Node, Context], Iterator[Need]]


def hours(component: str, sku: str, count: int = 1, *, at_least: bool = False) -> Need:
    """Something that is charged for every hour it exists, this many of them."""
    return Need(component, sku, MONTH * count, at_least=at_least)


def unpriced(component: str, reason: str) -> Need:
    """A charge that no catalogue could hold."""
    return Need(component, "", None, reason=reason)


def text(value: Any, default: str = "") -> str:
    """A text that is known, else the default."""
    return value if isinstance(value, str) and value != UNKNOWN else default


def number(value: Any, default: int = 0) -> tuple[int, bool]:
    """A whole number and whether it is known; an absent one is the default, an unknown one the default as the least."""
    if is_unknown(value):
        return default, False
    if isinstance(value, str):
        return (int(value), True) if value.isdigit() else (default, False)
    return (int(value), True) if isinstance(value, (int, float)) and not isinstance(value, bool) else (default, True)


def listed(value: Any) -> Sequence[Any] | None:
    """A list whose length is known, though its items may not be; None where the list as a whole is unknown."""
    if value is None:
        return ()
    return value if isinstance(value, (list, tuple)) else None


def volume(component: str, kind: str, size: int, iops: int = 0, mbps: int = 0, *, at_least: bool = False) -> Iterator[Need]:
    """What an EBS volume is charged for: its size, and performance beyond what the type includes."""
    yield Need(f"{component} ({kind}, {size} GB)", f"ebs.{kind}.gb", Decimal(size), at_least=at_least)
    if kind in ("io1", "io2"):
        yield Need(f"{component} (IOPS)", f"ebs.{kind}.iops", Decimal(iops), at_least=at_least)
    if kind == "gp3":
        # A gp3 volume includes 3,000 IOPS and 125 MB/s (https://aws.amazon.com/ebs/pricing/).
        if iops > 3000:  # noqa: PLR2004 -- see above
            yield Need(f"{component} (IOPS above 3,000)", "ebs.gp3.iops", Decimal(iops - 3000), at_least=at_least)
        if mbps > 125:  # noqa: PLR2004 -- see above
            yield Need(f"{component} (throughput above 125 MB/s)", "ebs.gp3.mbps", Decimal(mbps - 125), at_least=at_least)
