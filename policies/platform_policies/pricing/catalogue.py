"""Prices of one region as data: each with its unit, its source and the source's date. What has no source is not here."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

PRICES = Path(__file__).parent / "prices"

OLD_AFTER_DAYS = 180
"""Age at which a price is worth checking again."""


class PricingError(ValueError):
    """What was asked for cannot be priced; its text is one line that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Price:
    """One price, and who says so."""

    sku: str
    """Key in this catalogue: `nat.hour`, `ec2.m7g.large`."""
    unit: str
    usd: Decimal
    """US dollars for one unit."""
    source: str
    source_date: date
    """Date of the source: the price is no older than this, and nobody has looked since."""
    confidence: Literal["primary", "secondary"]
    """Primary: taken by a tool from AWS's own price list. Secondary: quoted by somebody."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every price of one region."""

    region: str
    currency: str
    compiled: date
    """Day the sources were looked through."""
    prices: Mapping[str, Price]

    def get(self, sku: str) -> Price | None:
        """The price of a key; None where no source was found."""
        return self.prices.get(sku)


def regions() -> Sequence[str]:
    """Regions that have a price file, sorted."""
    return sorted(path.stem for path in PRICES.glob("*.json"))


@cache
def load(region: str) -> Catalogue:
    """Prices of a region.

    Args:
        region: an AWS region.

    Raises:
        PricingError: there is no price file for it. The prices of another region are never used in its place.
    """
    if region not in regions():
        raise PricingError(f"there are no prices for region {region!r}; there are for: {', '.join(regions())}")
    content = json.loads((PRICES / f"{region}.json").read_text(encoding="utf-8"), parse_float=Decimal, parse_int=Decimal)
    prices = {
        sku: Price(sku, row["unit"], row["usd"], row["source"], date.fromisoformat(row["source_date"]), row["confidence"])
        for sku, row in content["prices"].items()
    }
    return Catalogue(content["region"], content["currency"], date.fromisoformat(content["compiled"]), prices)
