"""What is counted: events, and those of them that failed, as PromQL over any window. Pure.

Rates are taken of every series by itself and summed then, so that a counter that starts again counts as what it counted since.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol, Self

from platform_components.observability.slo.selectors import selector, split


class Measured(Protocol):
    """How events and errors are had."""

    def events(self, window: str) -> str:
        """Events a second, on average over a window."""
        ...

    def errors(self, window: str) -> str:
        """Failed ones of them; 0, not nothing, where there are events and none failed."""
        ...

    def among(self, matchers: str) -> Self:
        """The same, counted only where these matchers hold as well: in the pods of a new version."""
        ...


def _among(series: str, matchers: str) -> str:
    metric, own = split(series)
    return selector(metric, own, matchers)


@dataclass(frozen=True, slots=True)
class BadCounters:
    """A counter of everything, and one of what failed; often the same, by a label."""

    total: str
    """Selector."""
    bad: str
    """Selector."""

    def events(self, window: str) -> str:
        """See Measured."""
        return f"sum(rate({self.total}[{window}]))"

    def errors(self, window: str) -> str:
        """See Measured. Many servers have no series of failures before the first one."""
        return f"(sum(rate({self.bad}[{window}])) or 0 * {self.events(window)})"

    def among(self, matchers: str) -> Self:
        """See Measured."""
        return replace(self, total=_among(self.total, matchers), bad=_among(self.bad, matchers))


@dataclass(frozen=True, slots=True)
class GoodCounters:
    """A counter of everything, and one of what went well."""

    total: str
    """Selector."""
    good: str
    """Selector."""
    always: bool = False
    """Whether the good ones have a series wherever the total has: a bucket of a histogram. Where that is missing there is no such bucket,
    which must not look like failure; a status code that is missing has never been answered, which must."""

    def events(self, window: str) -> str:
        """See Measured."""
        return f"sum(rate({self.total}[{window}]))"

    def errors(self, window: str) -> str:
        """See Measured."""
        good = f"sum(rate({self.good}[{window}]))"
        return f"clamp_min({self.events(window)} - {good if self.always else f'({good} or 0 * {self.events(window)})'}, 0)"

    def among(self, matchers: str) -> Self:
        """See Measured."""
        return replace(self, total=_among(self.total, matchers), good=_among(self.good, matchers))


@dataclass(frozen=True, slots=True)
class NativeHistogram:
    """A native histogram: how many observations lie above a bound is interpolated within one bucket."""

    selector: str
    within: Decimal

    def events(self, window: str) -> str:
        """See Measured."""
        return f"histogram_count(sum(rate({self.selector}[{window}])))"

    def errors(self, window: str) -> str:
        """See Measured. Of no observations the fraction is not a number, which must not get into sums."""
        rate, count = f"sum(rate({self.selector}[{window}]))", self.events(window)
        return f"({count} * (1 - histogram_fraction(-Inf, {self.within}, {rate})) >= 0 or 0 * {count})"

    def among(self, matchers: str) -> Self:
        """See Measured."""
        return replace(self, selector=_among(self.selector, matchers))
