"""Usage files: what nobody can read from a program, such as gigabytes through a NAT gateway. Keys are those of infracost's usage file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from platform_policies.pricing.catalogue import PricingError

VERSION = 1


@dataclass(frozen=True, slots=True)
class Usage:
    """Amounts per month by URN, then by key."""

    amounts: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)

    def get(self, urn: str, key: str) -> Decimal | None:
        """The amount of one resource; None where the file says nothing of it."""
        return self.amounts.get(urn, {}).get(key)

    def unknown_urns(self, urns: frozenset[str]) -> list[str]:
        """URNs the file has and the graph has not: mistyped, or gone."""
        return sorted(set(self.amounts) - urns)


def parse_usage(content: Any, name: str = "usage file") -> Usage:
    """Read a usage file's content: `{version: 1, resource_usage: {URN: {key: amount}}}`; nested keys are joined with a dot.

    Args:
        content: as YAML or JSON gives it.
        name: what messages call the file.

    Raises:
        PricingError: it has another form, or an amount is no number of zero or more.
    """
    if not isinstance(content, Mapping) or content.get("version") != VERSION:
        raise PricingError(f"{name}: must be a mapping with `version: {VERSION}` and `resource_usage`")
    unknown = sorted(str(key) for key in content if key not in ("version", "resource_usage"))
    if unknown:
        raise PricingError(f"{name}: {unknown[0]} is no key of a usage file; it has version and resource_usage")
    resources = content.get("resource_usage")
    if not isinstance(resources, Mapping) or not all(isinstance(keys, Mapping) for keys in resources.values()):
        raise PricingError(f"{name}: resource_usage must map URNs to keys and amounts")
    return Usage({str(urn): dict(_flat(keys, "", f"{name}: {urn}")) for urn, keys in resources.items()})


def _flat(keys: Mapping[Any, Any], prefix: str, where: str) -> list[tuple[str, Decimal]]:
    found: list[tuple[str, Decimal]] = []
    for key, value in keys.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found += _flat(value, f"{path}.", where)
            continue
        found.append((path, _amount(value, f"{where}: {path}")))
    return found


def _amount(value: Any, where: str) -> Decimal:
    try:
        amount = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise PricingError(f"{where} must be a number of zero or more, not {value!r}")
    return amount
