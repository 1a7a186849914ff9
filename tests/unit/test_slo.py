"""Objectives: arithmetic held against the published figures, what is refused and why, the rules' shape, and the object in the cluster."""

import json
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from platform_components.observability.alerts import Links, rule_spec
from platform_components.observability.slo.args import SloSettings
from platform_components.observability.slo.budget import BudgetState
from platform_components.observability.slo.burn import burns, plain, tolerance_of, window
from platform_components.observability.slo.rules import budget_policy, groups

AVAILABILITY = {"kind": "availability", "metric": "requests_total", "selector": 'job="shop"', "errors": 'code=~"5.."'}
SHOP: dict[str, Any] = {"service": "shop", "indicator": AVAILABILITY, "objective": "99.9", "period_days": 30}


def slo(**changes: Any) -> SloSettings:
    return SloSettings.model_validate({**SHOP, **changes})


def rules(settings: SloSettings) -> list[dict[str, Any]]:
    return [rule for made in rule_spec(groups("checkout", settings), Links())["groups"] for rule in made["rules"]]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        # The workbook's table, and what it becomes: severity, factor, long and short window.
        (30, [("page", "14.4", "1h", "5m"), ("page", "6", "6h", "30m"), ("ticket", "3", "1d", "2h"), ("ticket", "1", "3d", "6h")]),
        (
            28,
            [("page", "13.44", "1h", "5m"), ("page", "5.6", "6h", "30m"), ("ticket", "2.8", "1d", "2h"), ("ticket", "1", "4032m", "336m")],
        ),
        (7, [("page", "3.36", "1h", "5m"), ("page", "1.4", "6h", "30m"), ("ticket", "1", "1008m", "84m")]),
        (90, [("page", "43.2", "1h", "5m"), ("page", "18", "6h", "30m"), ("ticket", "9", "1d", "2h"), ("ticket", "1", "9d", "18h")]),
    ],
)
def test_windows_and_factors(days: int, expected: list[tuple[str, str, str, str]]) -> None:
    found = burns(Decimal("99.9"), days)
    assert [(str(burn.severity), str(burn.factor), window(burn.long), window(burn.short)) for burn in found] == expected
    for burn in found:
        # The definition: the part of the budget that is gone is the rate times the part of the period.
        assert burn.factor * burn.long == burn.budget * days * 1440


def test_figures_that_are_published() -> None:
    quick, slow, *_ = burns(Decimal("99.9"), 30)
    assert quick.detected_after() == timedelta(seconds=51.84)
    assert slow.detected_after() == timedelta(seconds=129.6)
    assert quick.exhausted_after == timedelta(hours=50)
    assert str(quick.threshold) == "0.0144"
    assert quick.detected_after(Decimal("0.0144")) is None
    assert quick.detected_after(Decimal("0.0288")) == timedelta(minutes=30)


@given(st.integers(1, 99_999), st.integers(7, 90))
def test_thresholds_are_exact(thousandths: int, days: int) -> None:
    """No `0.0009999999999999432`: as many digits as the declaration has, and what they say times the factor."""
    objective = Decimal(thousandths) / 1000
    tolerance = tolerance_of(objective)
    assert tolerance * 100 + objective == 100
    for burn in burns(objective, days):
        assert plain(burn.threshold) == burn.factor * tolerance
        assert "E" not in str(plain(burn.threshold))
        assert len(str(plain(burn.threshold))) <= 16


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"objective": "93", "period_days": 30}, "objective", "14.4 x 0.07 = 1.008"),
        ({"objective": "93.05", "period_days": 30}, "objective", "above 93.06"),
        ({"objective": "97", "period_days": 90}, "objective", "43.2 times"),
        ({"objective": 100}, "objective", "less than 100"),
        ({"objective": 0}, "objective", "greater than 0"),
        ({"objective": "9.9999999"}, "objective", "6 decimal places"),
        ({"objective": "nan"}, "objective", "finite"),
        ({"period_days": 6}, "period_days", "greater than or equal to 7"),
        ({"period_days": 91}, "period_days", "less than or equal to 90"),
        ({"service": "Shop"}, "service", "pattern"),
        ({"minimum_events": -1}, "minimum_events", "greater than or equal to 0"),
        ({"indicator": {**AVAILABILITY, "errors": ""}}, "indicator.availability.errors", "at least 1"),
        ({"indicator": {**AVAILABILITY, "errors": "code=5"}}, "indicator.availability.errors", "cannot be read from 'code=5'"),
        ({"indicator": {**AVAILABILITY, "errors": 'code=~"5.."  x="y"'}}, "indicator.availability.errors", "a comma is missing"),
        ({"indicator": {**AVAILABILITY, "errors": 'code=~"(?!2)"'}}, "indicator.availability.errors", "lack"),
        ({"indicator": {**AVAILABILITY, "errors": 'code=~"("'}}, "indicator.availability.errors", "is none"),
        ({"indicator": {**AVAILABILITY, "selector": '__name__="x"'}}, "indicator.availability.selector", "__name__"),
        ({"indicator": {"kind": "latency", "metric": "s", "within": 0}}, "indicator.latency.within", "0.0001"),
        ({"indicator": {"kind": "latency", "metric": "s", "within": 1, "selector": 'le="1"'}}, "indicator.latency", "`within`"),
        ({"indicator": {"kind": "ratio", "total": "a"}}, "indicator.ratio", "either good or bad"),
        ({"indicator": {"kind": "ratio", "total": "a", "good": "b", "bad": "c"}}, "indicator.ratio", "either good or bad"),
        ({"indicator": {"kind": "ratio", "total": "rate(a[5m])", "bad": "c"}}, "indicator.ratio.total", "without a rate"),
        ({"budget_policy": {"slow_percent": 10, "freeze_percent": 10}}, "budget_policy", "must be below"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        slo(**changes)
    (error,) = caught.value.errors()
    assert ".".join(map(str, error["loc"])) == field
    assert reason in error["msg"]


def test_every_alert_keeps_the_contract() -> None:
    alerts = [rule for rule in rules(slo(team="shop")) if "alert" in rule]
    assert {alert["alert"]: alert["labels"]["severity"] for alert in alerts} == {
        "ErrorBudgetBurnFast": "page",
        "ErrorBudgetBurnSlow": "ticket",
        "ServiceLevelUnmeasured": "ticket",
    }
    for alert in alerts:
        assert alert["labels"] == {"severity": alert["labels"]["severity"], "team": "shop", "slo": "checkout", "service": "shop"}
        assert set(alert["annotations"]) >= {"summary", "runbook_url", "dashboard_url"}


def test_a_guard_counts_the_events_of_the_long_window() -> None:
    (page,) = [rule["expr"] for rule in rules(slo(minimum_events=50)) if rule.get("alert") == "ErrorBudgetBurnFast"]
    assert 'slo:events:rate1h{slo="checkout",service="shop",team="platform"} * 3600 >= 50' in page
    assert 'slo:events:rate6h{slo="checkout",service="shop",team="platform"} * 21600 >= 50' in page
    assert ">=" not in "".join(rule["expr"] for rule in rules(slo()) if "alert" in rule)


def test_nothing_is_recorded_twice_and_everything_asked_for_is_recorded() -> None:
    for days in (7, 28, 30, 90):
        made = rules(slo(period_days=days, minimum_events=1))
        recorded = [rule["record"] for rule in made if "record" in rule]
        assert len(recorded) == len(set(recorded))
        seen: set[str] = set()
        for rule in made:
            assert set(re.findall(r"slo:[a-z0-9_:]+", rule["expr"])) <= seen
            seen.add(rule.get("record", ""))


def test_the_budget_policy() -> None:
    policy = budget_policy("checkout", slo(budget_policy={"slow_percent": 50, "freeze_percent": 10}))
    assert [policy.state(Decimal(text)) for text in ("1", "0.5", "0.4999", "0.1", "-3")] == [
        BudgetState.HEALTHY,
        BudgetState.HEALTHY,
        BudgetState.SLOW,
        BudgetState.FREEZE,
        BudgetState.FREEZE,
    ]
    document = policy.document()
    assert document["remaining"] == 'slo:period_error_budget_remaining:ratio{slo="checkout",service="shop",team="platform"}'
    assert json.loads(json.dumps(document)) == document
