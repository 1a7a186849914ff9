"""How a new version is judged: by the objectives of its service, from their own counters and rules.

A version is bad when it fails so often that, as the whole of the service, it would page: its error ratio is above that of the slowest page
of its objective. Fewer events than `least_events` say nothing, neither good nor bad.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from platform_components.observability.alerts import Severity
from platform_components.observability.slo.args import SloSettings
from platform_components.observability.slo.budget import matching
from platform_components.observability.slo.burn import Burn, burns, plain
from platform_components.observability.slo.rules import condition, identity

FALSE_ALARM: Final = 0.001
"""How likely one measurement may call a version bad that fails exactly as often as its objective allows."""

Spec = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Measure:
    """One question to Prometheus, and the answer up to which all is well."""

    name: str
    query: str
    bound: Decimal
    """Above it the version is refused."""
    of_service: bool = False
    """Whether it is about the whole service and not about the new version: an emergency does not wait for that to be well."""


def judged_by(slo: SloSettings) -> Burn:
    """The burn above which a version is bad: of the slowest page, for what is slower than that is no reason to wake anybody."""
    return min((burn for burn in burns(slo.objective, slo.period_days) if burn.severity is Severity.PAGE), key=lambda burn: burn.factor)


def least_events(slo: SloSettings) -> int:
    """Events that a verdict takes: as many as the objective asks of its alerts, and so many that chance hardly ever makes a good one bad.

    Failures of a version that is as good as its objective are rare and independent, so their number has a Poisson distribution.
    """
    burn = judged_by(slo)
    borne = tolerated_failures(float(burn.factor))
    return max(slo.minimum_events, math.ceil(Fraction(borne) / Fraction(burn.threshold)))


def tolerated_failures(factor: float) -> int:
    """The smallest number of failures that a verdict has to bear, so that one more is no chance.

    Args:
        factor: how many times more than its objective allows a version must fail to be bad.
    """
    borne = 0
    # One failure more than borne is bad, and is the likeliest just before so many events that it would be borne as well.
    while poisson_tail(borne + 1, (borne + 1) / factor) > FALSE_ALARM:
        borne += 1
    return borne


def poisson_tail(count: int, mean: float) -> float:
    """How likely at least so many of something rare are, where fewer are expected."""
    # By logarithms: of thousands the single terms are too small to be numbers.
    term = math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))
    tail = 0.0
    while term > tail * 1e-12:
        tail += term
        count += 1
        term *= mean / count
    return tail


def of_version(name: str, slo: SloSettings, matchers: str, minutes: str, *, otherwise: bool = False) -> Measure:
    """The error ratio of the new version alone.

    Args:
        name: the objective.
        slo: what it says.
        matchers: what tells the version's series from others.
        minutes: over how many minutes; a number, or a place that the controller fills in.
        otherwise: answer 0 where there are too few events, for a controller that takes no answer as a bad one.
    """
    measured = slo.indicator.measured().among(matchers)
    span = f"{minutes}m"
    events = measured.events(span)
    ratio = f"({measured.errors(span)}) / ({events} > 0) and {events} * 60 * {minutes} >= {least_events(slo)}"
    return Measure(name, f"({ratio}) or vector(0)" if otherwise else ratio, plain(judged_by(slo).threshold))


def of_service(name: str, slo: SloSettings) -> Measure:
    """1 where the whole service pages by what its objective records, 0 where it does not, nothing where nothing is recorded."""
    here = matching(identity(name, slo))
    pages = [burn for burn in burns(slo.objective, slo.period_days) if burn.severity is Severity.PAGE]
    burning = " or ".join(condition(burn, here, slo.minimum_events) for burn in pages)
    # The budget is recorded wherever the rules are; so silence is no health.
    return Measure(f"{name}-service", f"max(count({burning}) or 0 * slo:error_budget:ratio{here})", Decimal(0), of_service=True)


def measures(objectives: Mapping[str, SloSettings], matchers: str, minutes: str, *, otherwise: bool = False) -> tuple[Measure, ...]:
    """Everything that a new version is asked, objective by objective."""
    return tuple(
        measure
        for name, slo in objectives.items()
        for measure in (of_version(name, slo, matchers, minutes, otherwise=otherwise), of_service(name, slo))
    )
