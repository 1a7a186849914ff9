"""Ceilings: what Karpenter's node pools may cost at most at their limits. Shown apart, never added to the lower bound."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from platform_policies.graph import Node, ResourceGraph
from platform_policies.pricing.catalogue import Catalogue, Price
from platform_policies.pricing.need import MONTH, listed
from platform_policies.rule import is_unknown
from platform_policies.types import canonical

FAMILY = "karpenter.k8s.aws/instance-family"
SIZES = {"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "8xlarge": 32, "12xlarge": 48, "16xlarge": 64}
"""vCPU by size, the same in every family (https://docs.aws.amazon.com/ec2/latest/instancetypes/)."""


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most a node pool's instances cost, if its limit is reached all month and nothing comes from spot."""

    node: Node
    vcpu: Decimal | None
    monthly: Decimal | None
    """None where it cannot be said; `reason` says why."""
    price: Price | None = None
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """The ceiling as `--json` prints it."""
        return {
            "urn": self.node.urn,
            "name": self.node.name,
            "vcpu": None if self.vcpu is None else float(self.vcpu),
            "monthly": None if self.monthly is None else float(round(self.monthly, 10)),
            "basis": self.price.sku if self.price else None,
            "source": self.price.source if self.price else None,
            "reason": self.reason or None,
        }


def ceilings(graph: ResourceGraph, catalogue: Catalogue) -> Sequence[Ceiling]:
    """The ceiling of every node pool, in registration order."""
    return tuple(_ceiling(node, catalogue) for node in graph if canonical(node.type) == "kubernetes:karpenter.sh:NodePool")


def _ceiling(node: Node, catalogue: Catalogue) -> Ceiling:
    vcpu = _quantity(node.value("spec.limits.cpu"))
    if vcpu is None:
        return Ceiling(node, None, None, reason="it has no limit of vCPU that is known")
    families = _families(node)
    if not families:
        return Ceiling(node, vcpu, None, reason="its instance families are open")
    rates = {family: _per_vcpu(family, catalogue) for family in families}
    missing = [family for family, rate in rates.items() if rate is None]
    if missing:
        return Ceiling(node, vcpu, None, reason=f"no source for prices of {', '.join(missing)} in {catalogue.region}")
    usd, price = max((rate for rate in rates.values() if rate), key=lambda rate: rate[0])
    return Ceiling(node, vcpu, vcpu * usd * MONTH, price)


def _per_vcpu(family: str, catalogue: Catalogue) -> tuple[Decimal, Price] | None:
    """What a vCPU of a family costs by the hour, by the smallest size that has a price."""
    for size, vcpu in SIZES.items():
        price = catalogue.get(f"ec2.{family}.{size}")
        if price:
            return price.usd / vcpu, price
    return None


def _families(node: Node) -> Sequence[str]:
    """The families a pool is held to; none where it is held to none, or they are not known."""
    found: list[str] = []
    for requirement in _requirements(node):
        if requirement.get("key") == FAMILY and requirement.get("operator") == "In":
            values = listed(requirement.get("values")) or ()
            if is_unknown(values):
                return ()
            found += [str(value) for value in values]
    return found


def _requirements(node: Node) -> Iterator[Mapping[str, Any]]:
    for requirement in listed(node.value("spec.template.spec.requirements")) or ():
        if isinstance(requirement, Mapping):
            yield requirement


def _quantity(value: Any) -> Decimal | None:
    """A Kubernetes quantity of CPU: `32`, `32000m`."""
    text = str(value)
    try:
        amount = Decimal(text.removesuffix("m"))
    except InvalidOperation:
        return None
    if not amount.is_finite():
        return None
    return amount / 1000 if text.endswith("m") else amount
