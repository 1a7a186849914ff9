"""Objectives: error budgets, burn rates, and how they came about. Reads what the rules of `Slo` record."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.building import Graph, Row, Stat, Table, dashboard, variable
from platform_components.observability.dashboards import SLO

_IN = 'team=~"$team",slo=~"$slo"'
_BY = "service, slo"
_LEGEND = "{{service}} {{slo}}"


def build() -> Dashboard:
    """The dashboard."""
    return dashboard(
        SLO,
        "Objectives of services: the budget that is left, how fast it burns, and what burns it.",
        [_now(), _budgets()],
        variables=[variable("slo", "Objective", 'label_values(slo:objective:ratio{team=~"$team"}, slo)')],
    )


def _now() -> Row:
    return Row(
        "Now",
        [
            Stat(
                title="Objectives",
                description="Objectives of the chosen teams.",
                unit="short",
                queries=[(f"count(slo:objective:ratio{{{_IN}}})", "")],
                width=6,
            ),
            Stat(
                title="Budgets spent",
                description="Objectives whose error budget for the period is gone: releases of these services should wait.",
                unit="short",
                queries=[(f"count(slo:period_error_budget_remaining:ratio{{{_IN}}} <= 0) or vector(0)", "")],
                steps=[(1, "red")],
                width=6,
            ),
            Stat(
                title="Least budget left",
                description="Of the worst objective.",
                unit="percentunit",
                queries=[(f"min(slo:period_error_budget_remaining:ratio{{{_IN}}})", "")],
                steps=[(0, "orange"), (0.25, "green")],
                base="red",
                lowest=None,
                width=6,
            ),
            Stat(
                title="Fastest burn",
                description="1 spends the budget exactly within the period.",
                unit="short",
                queries=[(f"max(slo:current_burn_rate:ratio{{{_IN}}})", "")],
                steps=[(1, "orange"), (6, "red")],
                decimals=2,
                width=6,
            ),
        ],
    )


def _budgets() -> Row:
    return Row(
        "Budgets",
        [
            Table(
                title="Budget left",
                description="By objective, the worst first; below nothing the objective is missed.",
                unit="percentunit",
                queries=[(f"sort(min by (team, {_BY}) (slo:period_error_budget_remaining:ratio{{{_IN}}}))", "")],
                steps=[(0, "orange"), (0.25, "green")],
                base="red",
                lowest=None,
            ),
            Graph(
                title="Budget left over time",
                description="A straight line down to nothing at the period's end spends it exactly.",
                unit="percentunit",
                queries=[(f"min by ({_BY}) (slo:period_error_budget_remaining:ratio{{{_IN}}})", _LEGEND)],
                steps=[(0, "green")],
                base="red",
                lowest=None,
            ),
            Graph(
                title="Burn rate",
                description="Budget spent per budget of the same time; at 1 it lasts for the period.",
                unit="short",
                queries=[(f"max by ({_BY}) (slo:current_burn_rate:ratio{{{_IN}}})", _LEGEND)],
                steps=[(1, "orange")],
            ),
            Graph(
                title="Share of bad events, five minutes",
                description="What the short windows of the alerts see.",
                unit="percentunit",
                queries=[(f"max by ({_BY}) (slo:sli_error:ratio_rate5m{{{_IN}}})", _LEGEND)],
            ),
        ],
    )
