"""How fast an error budget may burn before somebody is told, and how soon they are. Exact: decimals only. Pure.

The budget fractions, and the windows of a period of 30 days, are those of the SRE Workbook (chapter 5, table 5-8):
https://sre.google/workbook/alerting-on-slos/. For another period the factors of pages and of the quick ticket are scaled, since what
they ask is how many days are left, which is the same for people whatever the period; the window of the slow ticket is scaled instead, so
that exactly a burn that the period cannot bear opens one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from platform_components.observability.alerts import Severity

MINUTES_A_DAY: Final = 1440
SHORT: Final = 12
"""A long window is this many short ones: the short one ends an alert soon after its cause has gone."""
STEP: Final = 5
"""Minutes from one recorded sample to the next that long windows are summed from, and the window of each of them."""


@dataclass(frozen=True, slots=True)
class Base:
    """A row of the table: which part of the budget may go in which time before an alert."""

    severity: Severity
    budget: Decimal
    """Part of the period's error budget."""
    minutes: int | None
    """Long window. None: as long as the budget part lasts at a burn rate of 1."""


TABLE: Final[Sequence[Base]] = (
    Base(Severity.PAGE, Decimal("0.02"), 60),
    Base(Severity.PAGE, Decimal("0.05"), 360),
    Base(Severity.TICKET, Decimal("0.1"), MINUTES_A_DAY),
    Base(Severity.TICKET, Decimal("0.1"), None),
)


@dataclass(frozen=True, slots=True)
class Burn:
    """A condition: the budget burns this many times faster than it may, over a long and over a short window."""

    severity: Severity
    factor: Decimal
    """Burn rate: 1 uses up the budget exactly at the end of the period."""
    long: int
    """Minutes."""
    short: int
    """Minutes."""
    budget: Decimal
    """Part of the period's budget that is gone when it fires, had nothing failed before."""
    tolerance: Decimal
    """The objective's error ratio: 0.001 for 99.9 %."""

    @property
    def threshold(self) -> Decimal:
        """Error ratio above which it holds."""
        return self.factor * self.tolerance

    @property
    def possible(self) -> bool:
        """Whether any error ratio is above it."""
        return self.threshold < 1

    @property
    def exhausted_after(self) -> timedelta:
        """When the whole budget is gone at this rate."""
        return timedelta(minutes=self.long) / float(self.budget)

    def detected_after(self, error_ratio: Fraction | Decimal | int = 1) -> timedelta | None:
        """How long errors of this ratio, after none, last before it holds; None where it never does. Exact to the microsecond."""
        if Fraction(error_ratio) <= Fraction(self.threshold):
            return None
        return timedelta(microseconds=round(Fraction(self.threshold) / Fraction(error_ratio) * self.long * 60_000_000))


def burns(objective: Decimal, period_days: int) -> tuple[Burn, ...]:
    """Every condition of an objective, the most urgent first.

    A row whose factor would not be above 1 is left out: the slow ticket opens for that burn already.

    Args:
        objective: percentage of events that must be good.
        period_days: over how many days.
    """
    return tuple(_burns(tolerance_of(objective), period_days * MINUTES_A_DAY))


def _burns(tolerance: Decimal, period: int) -> Iterator[Burn]:
    for row in TABLE:
        long = row.minutes or int(row.budget * period)
        factor = Decimal(1) if row.minutes is None else row.budget * period / row.minutes
        if row.minutes is None or factor > 1:
            yield Burn(row.severity, plain(factor), long, long // SHORT, row.budget, tolerance)


def tolerance_of(objective: Decimal) -> Decimal:
    """Part of all events that may fail: 0.001 for 99.9 %."""
    return plain((100 - objective) / 100)


def possible_above(period_days: int) -> Decimal:
    """The objective that must be exceeded for every alert to be able to fire, in percent."""
    worst = max(burn.factor for burn in burns(Decimal(99), period_days))
    return 100 - 100 / worst


def plain(number: Decimal) -> Decimal:
    """The same number without zeros at its end or an exponent."""
    return Decimal(f"{number.normalize():f}")


def window(minutes: int) -> str:
    """Minutes as PromQL writes them, in the largest unit that is whole: 5m, 1h, 3d."""
    for size, unit in ((MINUTES_A_DAY, "d"), (60, "h")):
        if minutes % size == 0:
            return f"{minutes // size}{unit}"
    return f"{minutes}m"
