"""Synthetic checks: what is asked for, how, and what is told when nobody answers. Pure.

Sources: https://prometheus-operator.dev/docs/api-reference/api/ (Probe), and the blackbox exporter's CONFIGURATION.md.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from platform_components.charts.records.prometheus_blackbox_exporter import ADDRESS
from platform_components.observability.alerts import PLATFORM_TEAM, Alert, Group, Links, Severity, rule_spec
from platform_components.observability.rules.workloads import owned

DEFAULT: Final = "http_2xx"
"""Module of what says nothing of its own."""
INGRESSES: Final = "ingresses"
"""Probe of every host of every Ingress."""
DASHBOARD: Final = "platform-overview"

Spec = dict[str, Any]


def modules(entries: Mapping[str, Any]) -> dict[str, Spec]:
    """How to ask: as most want it, and one more for every entry that wants it otherwise."""
    own = {name: _module(entry.status, entry.contains) for name, entry in entries.items() if entry.status or entry.contains}
    return {DEFAULT: _module((), None), **own}


def probes(entries: Mapping[str, Any], interval_seconds: int) -> dict[str, Spec]:
    """Specs of the Probes, by name."""
    found: dict[str, Spec] = {INGRESSES: _ingresses(interval_seconds)}
    for name, entry in entries.items():
        module = name if entry.status or entry.contains else DEFAULT
        labels = {"entry": name, "team": entry.team or PLATFORM_TEAM}
        targets = {"staticConfig": {"static": [entry.url], "labels": labels}}
        found[f"entry-{name}"] = _probe(module, targets, interval_seconds)
    return found


def rules(certificate_days: int, links: Links) -> Spec:
    """Alerts on entries; they go to the entry's team, or to that of the Ingress's namespace."""
    alerts = (
        Alert(
            "PublicEntryDown",
            _of_owners("avg_over_time(probe_success{{{of}}}[3m]) == 0"),
            Severity.PAGE,
            "{{ $labels.instance }} does not answer as it should, asked from inside {{ $labels.cluster }}",
            DASHBOARD,
            lasting="1m",
            team="",
        ),
        Alert(
            "PublicEntryFlapping",
            _of_owners("avg_over_time(probe_success{{{of}}}[1h]) < 0.95"),
            Severity.TICKET,
            "{{ $labels.instance }} answered {{ $value | humanizePercentage }} of the checks of the last hour",
            DASHBOARD,
            lasting="15m",
            team="",
        ),
        Alert(
            "PublicCertificateExpires",
            _of_owners("probe_ssl_earliest_cert_expiry{{{of}}} - time() < " + str(certificate_days * 86_400)),
            Severity.TICKET,
            "The certificate of {{ $labels.instance }} is valid for another {{ $value | humanizeDuration }} only",
            DASHBOARD,
            lasting="1h",
            team="",
        ),
        Alert(
            "PublicEntriesUnchecked",
            'absent(up{job=~"probe/.+"} == 1)',
            Severity.TICKET,
            "No synthetic check runs: nobody would notice that a public entry is down",
            DASHBOARD,
            lasting="15m",
        ),
    )
    return rule_spec([Group("public-entries", alerts)], links)


def _of_owners(expression: str) -> str:
    """An expression on entries, each with its team: that of the entry, or for an Ingress that of its namespace."""
    return f"""({expression.format(of='team!=""')}) or {owned(expression.format(of='team=""'))}"""


def _module(status: tuple[int, ...], contains: str | None) -> Spec:
    http: Spec = {
        "fail_if_not_ssl": True,
        "follow_redirects": True,
        "preferred_ip_protocol": "ip4",
        "valid_http_versions": ["HTTP/1.1", "HTTP/2.0"],
    }
    if status:
        http["valid_status_codes"] = list(status)
    if contains:
        re.compile(contains)
        http["fail_if_body_not_matches_regexp"] = [contains]
    return {"prober": "http", "timeout": "10s", "http": http}


def _ingresses(interval_seconds: int) -> Spec:
    targets = {
        "ingress": {
            "namespaceSelector": {"any": True},
            "selector": {},
            # An entry answers over TLS, whatever its object says of plain text.
            "relabelingConfigs": [
                {
                    "sourceLabels": ["__meta_kubernetes_ingress_host", "__meta_kubernetes_ingress_path"],
                    "separator": "",
                    "regex": "(.+)",
                    "targetLabel": "__param_target",
                    "replacement": "https://${1}",
                },
                {"sourceLabels": ["__param_target"], "targetLabel": "instance"},
                {"sourceLabels": ["__meta_kubernetes_namespace"], "targetLabel": "namespace"},
            ],
        }
    }
    return _probe(DEFAULT, targets, interval_seconds)


def _probe(module: str, targets: Spec, interval_seconds: int) -> Spec:
    return {
        "prober": {"url": ADDRESS},
        "module": module,
        "interval": f"{interval_seconds}s",
        "scrapeTimeout": f"{min(interval_seconds, 15)}s",
        "targets": targets,
    }
