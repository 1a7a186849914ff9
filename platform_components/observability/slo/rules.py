"""The rules of one objective: what is recorded for every window, and the alerts on it. Pure.

Names of what is recorded are those of Sloth (https://sloth.dev), which dashboards of others know. The windows of pages are taken from the
counters themselves, since minutes count there; longer ones are summed from what the five-minute rules recorded, at a cost that does not
grow with the number of series, and weighted by events: an hour at night does not count as one at noon.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from platform_components.observability.alerts import Alert, Group, Record, Severity
from platform_components.observability.slo.args import SloSettings
from platform_components.observability.slo.budget import REMAINING, STATE, BudgetPolicy, matching
from platform_components.observability.slo.burn import MINUTES_A_DAY, STEP, Burn, burns, plain, tolerance_of, window

DASHBOARD = "platform-slo"
"""Uid of the dashboard of objectives."""
UNMEASURED_FOR = "1h"
"""How long nothing may be measured before somebody is told."""

BUDGET_INTERVAL = "2m"
"""How often long windows are summed: as rarely as leaves no gaps, for Prometheus forgets a sample after five minutes."""

BURNS = {
    Severity.PAGE: ("ErrorBudgetBurnFast", "fails so often that its error budget is gone within {days} days"),
    Severity.TICKET: ("ErrorBudgetBurnSlow", "fails more often than its objective allows"),
}
"""Name of the alert of each severity, and what it says of the service."""
UNMEASURED = "ServiceLevelUnmeasured"


def identity(name: str, slo: SloSettings) -> dict[str, str]:
    """Labels of everything that is recorded of an objective."""
    return {"slo": name, "service": slo.service, "team": slo.team}


def budget_policy(name: str, slo: SloSettings) -> BudgetPolicy:
    """What delivery does as the budget of an objective goes."""
    settings = slo.budget_policy
    return BudgetPolicy(identity(name, slo), plain(settings.slow_percent / 100), plain(settings.freeze_percent / 100))


def groups(name: str, slo: SloSettings) -> tuple[Group, Group]:
    """Every rule of an objective: what a page needs, as often as Prometheus looks, and what may wait, at a pace of its own."""
    labels, conditions = identity(name, slo), burns(slo.objective, slo.period_days)
    counted = sorted({size for burn in conditions if burn.severity == Severity.PAGE for size in (burn.long, burn.short)} | {STEP})
    summed = sorted({size for burn in conditions for size in (burn.long, burn.short)} - set(counted) | {slo.period_days * MINUTES_A_DAY})
    return (
        Group(f"slo-{name}", [*_counted(slo, labels, counted), _burn_alert(name, slo, Severity.PAGE)]),
        Group(
            f"slo-{name}-budget",
            [*_summed(name, slo, labels, summed), _burn_alert(name, slo, Severity.TICKET), _unmeasured(name, slo)],
            interval=BUDGET_INTERVAL,
        ),
    )


def _counted(slo: SloSettings, labels: Mapping[str, str], sizes: Sequence[int]) -> Iterator[Record]:
    """Windows that are taken from the counters."""
    here, tolerance, measured = matching(labels), tolerance_of(slo.objective), slo.indicator.measured()
    for kind, expression in (("events", measured.events(window(STEP))), ("errors", measured.errors(window(STEP)))):
        yield Record(f"slo:{kind}:rate{window(STEP)}", expression, labels)
    yield _ratio(STEP, f"slo:errors:rate{window(STEP)}{here}", labels)
    for size in sizes[1:]:
        yield Record(f"slo:events:rate{window(size)}", measured.events(window(size)), labels)
        # A sum over counters has no labels yet, what was recorded has them all: one series each.
        yield _ratio(size, measured.errors(window(size)), labels, " ignoring(slo,service,team)")
    yield Record("slo:objective:ratio", f"vector({plain(slo.objective / 100)})", labels)
    yield Record("slo:error_budget:ratio", f"vector({tolerance})", labels)
    yield Record("slo:current_burn_rate:ratio", f"slo:sli_error:ratio_rate{window(STEP)}{here} / {tolerance}", labels)


def _summed(name: str, slo: SloSettings, labels: Mapping[str, str], sizes: Sequence[int]) -> Iterator[Record]:
    """Windows that are summed from what was recorded, the period last, and what follows from it."""
    here, tolerance = matching(labels), tolerance_of(slo.objective)
    for size in sizes:
        errors, events = (
            f"avg_over_time(slo:{kind}:rate{window(STEP)}{here}[{window(size)}:{window(STEP)}])" for kind in ("errors", "events")
        )
        yield Record(f"slo:events:rate{window(size)}", events, labels)
        yield _ratio(size, errors, labels)
    left = f"1 - slo:sli_error:ratio_rate{window(sizes[-1])}{here} / {tolerance}"
    yield Record(REMAINING, left, labels)
    yield Record(STATE, budget_policy(name, slo).state_expression, labels)


def _ratio(size: int, errors: str, labels: Mapping[str, str], matched: str = "") -> Record:
    """Errors of a window by its events; nothing where there were none."""
    events = f"slo:events:rate{window(size)}{matching(labels)}"
    return Record(f"slo:sli_error:ratio_rate{window(size)}", f"{errors} /{matched} ({events} > 0)", labels)


def _burn_alert(name: str, slo: SloSettings, severity: Severity) -> Alert:
    labels, (alert, says) = identity(name, slo), BURNS[severity]
    ours = [burn for burn in burns(slo.objective, slo.period_days) if burn.severity == severity]
    days = max(burn.exhausted_after for burn in ours).total_seconds() / 86400
    good = f"{plain(slo.objective)} % of them must be good over {slo.period_days} days"
    return Alert(
        name=alert,
        expression="\nor\n".join(condition(burn, matching(labels), slo.minimum_events) for burn in ours),
        severity=severity,
        summary=f"{slo.service} ({name}) {says.format(days=round(days))}",
        dashboard=_dashboard(name, slo),
        team=slo.team,
        description=f"{{{{ $value | humanizePercentage }}}} of its events failed; {good}.",
        labels=_beside_team(labels),
    )


def _unmeasured(name: str, slo: SloSettings) -> Alert:
    labels = identity(name, slo)
    return Alert(
        name=UNMEASURED,
        expression=f"absent(slo:errors:rate{window(STEP)}{matching(labels)})",
        severity=Severity.TICKET,
        summary=f"{slo.service} ({name}): nothing is measured, so no alert on its objective can fire",
        dashboard=_dashboard(name, slo),
        lasting=UNMEASURED_FOR,
        team=slo.team,
        labels=_beside_team(labels),
    )


def _dashboard(name: str, slo: SloSettings) -> str:
    return f"{DASHBOARD}?var-slo={name}&var-team={slo.team}"


def _beside_team(labels: Mapping[str, str]) -> dict[str, str]:
    return {label: value for label, value in labels.items() if label != "team"}


def condition(burn: Burn, here: str, minimum: int) -> str:
    """A condition as PromQL, of what is recorded under these labels, with at least so many events in its long window."""
    parts = [f"slo:sli_error:ratio_rate{window(size)}{here} > {plain(burn.threshold)}" for size in (burn.long, burn.short)]
    if minimum:
        parts.append(f"slo:events:rate{window(burn.long)}{here} * {burn.long * 60} >= {Decimal(minimum)}")
    return f"({' and '.join(parts)})"
