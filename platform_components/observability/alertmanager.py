"""Alertmanager's configuration: who gets which alert, when, and what hides what. Pure.

Sources: https://prometheus.io/docs/alerting/latest/configuration/, and for the severities the alert contract in docs/alerts.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from platform_components.charts.records import kube_prometheus_stack
from platform_components.observability.receivers import AlertingSettings, Opsgenie, PagerDuty, Receivers, SecretKey, Slack, Teams, Webhook

SECRETS: Final = kube_prometheus_stack.ALERTMANAGER_SECRETS
PLATFORM: Final = "platform"
"""Team that everything belongs to which is nobody else's."""
NOBODY: Final = "nobody"
"""Receiver of what nobody has to do anything about."""
DEAD_MANS_SWITCH: Final = "dead-mans-switch"

PAGE: Final = 'severity=~"page|critical"'
"""What wakes somebody: the platform's own word, and that of the rules of others."""
QUIET: Final = 'severity=~"info|none"'
_LESS: Final = 'severity=~"ticket|warning|info"'

_DOWN: Final = "KubeAPIDown|NodesNotReady"
_PARTS: Final = "(Kube|Node|Pod|Deployment|StatefulSet|DaemonSet|Job|Volume|Target).*"
"""Alerts on parts of a cluster. Never an objective of a service: that it is broken is news, whatever broke it."""
_NODE_DOWN: Final = "NodeNotReady|KubeNodeNotReady|KubeNodeUnreachable"

_TIMES: Final[Mapping[str, Mapping[str, str]]] = {
    "page": {"group_wait": "30s", "group_interval": "5m", "repeat_interval": "4h"},
    "ticket": {"group_wait": "5m", "group_interval": "30m", "repeat_interval": "72h"},
}
"""How long alerts are gathered, and when they are told again. Alertmanager remembers for 120 hours what it has told."""

Configuration = dict[str, Any]


def configuration(alerting: AlertingSettings, teams: Teams) -> Configuration:
    """The whole configuration, as the file has it.

    An alert goes to the team of its label `team`; without one, to the team whose namespace it is of; else to the platform. A team that has
    no receiver of a kind has the platform's.
    """
    return {
        "global": {"resolve_timeout": "5m"},
        "route": _route(alerting, teams),
        "inhibit_rules": inhibitions(),
        "receivers": list(_receivers(alerting, teams)),
    }


def secret_keys(alerting: AlertingSettings, teams: Teams) -> tuple[tuple[str, str], ...]:
    """Secret and key of everything that receivers read, sorted."""
    keys = [key for receivers in (alerting, *teams.values()) for kind in ("page", "ticket") for key in _keys(getattr(receivers, kind))]
    keys += [alerting.dead_mans_switch] if alerting.dead_mans_switch else []
    return tuple(sorted({(key.name, key.key) for key in keys}))


def receiver_of(team: str, kind: str, teams: Teams) -> str:
    """Name of the receiver of a team's pages or tickets: its own, or the platform's."""
    own = teams.get(team)
    return f"{team}-{kind}" if own is not None and getattr(own, kind) else f"{PLATFORM}-{kind}"


def inhibitions() -> list[Configuration]:
    """What is not told because something worse is told already.

    A label that neither alert has counts as equal, so targets must carry what they are compared by.
    """
    same = ["cluster", "namespace", "alertname", "service", "slo"]
    return [
        {"source_matchers": [PAGE], "target_matchers": [_LESS], "equal": same},
        {
            "source_matchers": [f'alertname=~"{_DOWN}"', PAGE],
            "target_matchers": [f'alertname=~"{_PARTS}"', f'alertname!~"{_DOWN}"'],
            "equal": ["cluster"],
        },
        {
            "source_matchers": [f'alertname=~"{_NODE_DOWN}"', 'node=~".+"'],
            "target_matchers": [f'alertname=~"{_PARTS}"', f'alertname!~"{_NODE_DOWN}"', 'node=~".+"'],
            "equal": ["cluster", "node"],
        },
    ]


def _route(alerting: AlertingSettings, teams: Teams) -> Configuration:
    watchdog = {
        "matchers": ['alertname="Watchdog"'],
        "receiver": DEAD_MANS_SWITCH if alerting.dead_mans_switch else NOBODY,
        "group_by": ["cluster"],
        "group_wait": "0s",
        "group_interval": "1m",
        "repeat_interval": "50s",
    }
    return {
        "receiver": f"{PLATFORM}-ticket",
        "group_by": ["cluster", "namespace", "alertname", "service"],
        **_TIMES["ticket"],
        "routes": [
            watchdog,
            {"matchers": [QUIET], "receiver": NOBODY},
            *(_team([f'team="{team}"'], team, teams) for team in sorted(teams)),
            *(_team(_namespaces(teams[team].namespaces), team, teams) for team in sorted(teams) if teams[team].namespaces),
            {"matchers": [PAGE], "receiver": f"{PLATFORM}-page", **_TIMES["page"]},
        ],
    }


def _team(matchers: list[str], team: str, teams: Teams) -> Configuration:
    return {
        "matchers": matchers,
        "receiver": receiver_of(team, "ticket", teams),
        **_TIMES["ticket"],
        "routes": [{"matchers": [PAGE], "receiver": receiver_of(team, "page", teams), **_TIMES["page"]}],
    }


def _namespaces(namespaces: Sequence[str]) -> list[str]:
    # Names of namespaces hold no character that means something here, and the matchers' parser refuses an escape that it does not know.
    return ['team=""', f'namespace=~"{"|".join(sorted(namespaces))}"']


def _receivers(alerting: AlertingSettings, teams: Teams) -> Iterator[Configuration]:
    yield {"name": NOBODY}
    if alerting.dead_mans_switch:
        switch = {"url_file": _file(alerting.dead_mans_switch), "send_resolved": False}
        yield {"name": DEAD_MANS_SWITCH, "webhook_configs": [switch]}
    owners: dict[str, Receivers] = {PLATFORM: alerting, **{team: teams[team] for team in sorted(teams)}}
    for owner, receivers in owners.items():
        for kind in ("page", "ticket"):
            chosen = getattr(receivers, kind)
            if chosen or owner == PLATFORM:
                yield {"name": f"{owner}-{kind}", **_integrations(chosen, kind)}


def _integrations(receivers: Iterable[Any], kind: str) -> Configuration:
    found: Configuration = {}
    for receiver in receivers:
        name, built = _BUILDERS[type(receiver)](receiver, kind)
        found.setdefault(name, []).append(built)
    return found


_SUMMARY: Final = "{{ .CommonAnnotations.summary }}"
_TITLE: Final = "{{ .GroupLabels.alertname }}{{ with .GroupLabels.namespace }} in {{ . }}{{ end }} ({{ .CommonLabels.cluster }})"
_LINKS: Final[Mapping[str, str]] = {
    # Rules of others may lack one, and some services refuse a link without an address.
    "runbook": "{{ or .CommonAnnotations.runbook_url .ExternalURL }}",
    "dashboard": "{{ or .CommonAnnotations.dashboard_url .ExternalURL }}",
}
_DETAILS: Final[Mapping[str, str]] = {
    "team": "{{ .CommonLabels.team }}",
    "firing": "{{ .Alerts.Firing | len }}",
    **_LINKS,
}


def _pagerduty(receiver: PagerDuty, kind: str) -> tuple[str, Configuration]:
    return "pagerduty_configs", {
        "routing_key_file": _file(receiver.routing_key),
        "severity": "critical" if kind == "page" else "warning",
        "description": f"{_TITLE}: {_SUMMARY}",
        "component": "{{ .CommonLabels.service }}",
        "group": "{{ .CommonLabels.team }}",
        "details": dict(_DETAILS),
        "links": [{"href": href, "text": text} for text, href in _LINKS.items()],
        "send_resolved": True,
    }


def _opsgenie(receiver: Opsgenie, kind: str) -> tuple[str, Configuration]:
    return "opsgenie_configs", {
        "api_key_file": _file(receiver.api_key),
        **({"api_url": receiver.api_url} if receiver.api_url else {}),
        "message": _TITLE,
        "description": _SUMMARY,
        "priority": "P1" if kind == "page" else "P3",
        "details": dict(_DETAILS),
        "send_resolved": True,
    }


def _slack(receiver: Slack, kind: str) -> tuple[str, Configuration]:
    actions = [{"type": "button", "text": text, "url": url} for text, url in _LINKS.items()]
    return "slack_configs", {
        "api_url_file": _file(receiver.webhook),
        "channel": receiver.channel,
        "color": '{{ if eq .Status "firing" }}' + ("danger" if kind == "page" else "warning") + "{{ else }}good{{ end }}",
        "title": _TITLE,
        "text": "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ end }}",
        "actions": actions,
        "send_resolved": True,
    }


def _webhook(receiver: Webhook, kind: str) -> tuple[str, Configuration]:
    del kind
    return "webhook_configs", {"url_file": _file(receiver.url), "send_resolved": True}


_BUILDERS: Final[Mapping[type, Any]] = {PagerDuty: _pagerduty, Opsgenie: _opsgenie, Slack: _slack, Webhook: _webhook}


def _keys(receivers: Iterable[Any]) -> Iterator[SecretKey]:
    """Every reference to a Secret in receivers, whatever their kind."""
    for receiver in receivers:
        for field in type(receiver).model_fields:
            value = getattr(receiver, field)
            if isinstance(value, SecretKey):
                yield value


def _file(key: SecretKey) -> str:
    return f"{SECRETS}/{key.name}/{key.key}"
