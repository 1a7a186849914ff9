"""What an alert of this library is: who answers, how soon, what it means, and where to look. Pure.

Rules, objectives and components all make theirs from these, so that none can lack an owner or a runbook.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from platform_components.errors import DeclarationError, Problem

Spec = dict[str, Any]

PLATFORM_TEAM = "platform"
"""Owner of every alert of the platform itself."""

_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")
_DURATION = re.compile(r"0|([0-9]+(ms|[smhdwy]))+")


class Severity(StrEnum):
    """How soon somebody has to act: what Alertmanager routes by."""

    PAGE = "page"
    """Now, at night too: users are hurt, or will be before the morning."""
    TICKET = "ticket"
    """In working hours."""
    NONE = "none"
    """Nobody: it is there to be seen by machines, such as the dead man's switch."""


RUNBOOKS = "docs/runbooks"
"""Where the runbooks lie in this repository."""


def grafana_address(domain: str | None) -> str:
    """Address of Grafana in an environment; empty where that has no domain, so that a link is a path on whatever Grafana there is."""
    return f"https://grafana.{domain}" if domain else ""


@dataclass(frozen=True, slots=True)
class Links:
    """Where people are sent from an alert."""

    runbooks: str = RUNBOOKS
    """Folder or address under which every alert has a page of its name."""
    dashboards: str = ""
    """Address of Grafana, without a slash at its end. As it stands: none, so that the link is a path on whatever Grafana there is."""

    def runbook(self, alert: str) -> str:
        """The page of an alert."""
        return f"{self.runbooks.rstrip('/')}/{alert}.md"

    def dashboard(self, path: str) -> str:
        """A dashboard by its uid, which variables may follow: `platform-cluster?var-namespace=shop`."""
        return f"{self.dashboards.rstrip('/')}/d/{path}"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alerting rule. Summary and description may use Prometheus' templates (`{{ $labels.node }}`)."""

    name: str
    """Name in upper camel case, also that of its runbook."""
    expression: str
    severity: Severity
    summary: str
    """What is wrong, in one line that names the thing."""
    dashboard: str
    """Uid of the dashboard to open, with variables where that helps."""
    lasting: str = "0s"
    """How long it must hold before it fires."""
    team: str = PLATFORM_TEAM
    """Who answers; empty where the expression itself brings a label `team`."""
    description: str = ""
    """What the summary has no room for. Empty: none."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Further labels, such as the objective an alert belongs to."""
    runbook: str = ""
    """Name of its page where several alerts share one. Empty: the alert's own."""

    def __post_init__(self) -> None:
        wrong = [
            Problem(field=f"alert {self.name}", message=message)
            for fails, message in (
                (not _NAME.fullmatch(self.name), "the name must be letters and digits in upper camel case"),
                (not self.expression.strip(), "has no expression"),
                (not self.summary.strip(), "has no summary"),
                ("\n" in self.summary, "the summary must be one line"),
                (not self.dashboard.strip(), "has no dashboard"),
                (not _DURATION.fullmatch(self.lasting), f"lasting {self.lasting!r} is no duration such as 5m"),
                (bool({"severity", "team"} & self.labels.keys()), "severity and team are fields, not labels"),
            )
            if fails
        ]
        if wrong:
            raise DeclarationError(wrong)

    def rule(self, links: Links) -> Spec:
        """The rule, as Prometheus and the operator's PrometheusRule take it."""
        team = {"team": self.team} if self.team else {}
        described = {"description": self.description} if self.description else {}
        return {
            "alert": self.name,
            "expr": self.expression,
            "for": self.lasting,
            "labels": {"severity": str(self.severity), **team, **self.labels},
            "annotations": {
                "summary": self.summary,
                **described,
                "runbook_url": links.runbook(self.runbook or self.name),
                "dashboard_url": links.dashboard(self.dashboard),
            },
        }


@dataclass(frozen=True, slots=True)
class Record:
    """A recording rule; its name follows `level:metric:operations`."""

    name: str
    expression: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def rule(self, links: Links) -> Spec:  # noqa: ARG002 -- asked like an alert
        """The rule, as Prometheus and the operator's PrometheusRule take it."""
        return {"record": self.name, "expr": self.expression, **({"labels": dict(self.labels)} if self.labels else {})}


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated one after the other, so that later ones see what earlier ones recorded."""

    name: str
    rules: Sequence[Alert | Record]
    interval: str = ""
    """How often. Empty: as Prometheus is set."""

    def spec(self, links: Links) -> Spec:
        """The group, as Prometheus and the operator's PrometheusRule take it."""
        return {
            "name": self.name,
            **({"interval": self.interval} if self.interval else {}),
            "rules": [rule.rule(links) for rule in self.rules],
        }


def rule_spec(groups: Sequence[Group], links: Links) -> Spec:
    """Groups as the spec of one PrometheusRule, which is also a rule file of Prometheus.

    Args:
        groups: the rules.
        links: where their alerts send people: what a component that installs charts is told (`args.links`).
    """
    return {"groups": [group.spec(links) for group in groups]}
