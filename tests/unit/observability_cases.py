"""An ObservabilityStack for tests, and whom its alerts are for."""

from typing import Any

import platform_components as platform
from tests.support import Deployment, deploy

CLUSTER = platform.ClusterRef(name="c", arn="arn:aws:eks:eu-west-1:123456789012:cluster/c")


def key(name: str, entry: str = "key") -> dict[str, str]:
    """A reference to a Secret."""
    return {"name": name, "key": entry}


ALERTING: dict[str, Any] = {
    "page": [{"kind": "pagerduty", "routing_key": key("pagerduty", "platform")}],
    "ticket": [{"kind": "slack", "webhook": key("slack", "platform"), "channel": "#platform"}],
    "dead_mans_switch": key("dead-mans-switch", "url"),
}
TEAMS: dict[str, Any] = {
    "payments": {
        "namespaces": ["payments", "payments-jobs"],
        "page": [{"kind": "opsgenie", "api_key": key("opsgenie", "payments"), "api_url": "https://api.eu.opsgenie.com/"}],
        "ticket": [{"kind": "slack", "webhook": key("slack", "payments"), "channel": "#payments"}],
        "log_retention_days": 90,
    },
    # Nobody of theirs is woken: the platform's on-call is.
    "ledger": {"namespaces": ["ledger"], "ticket": [{"kind": "webhook", "url": key("ledger", "url")}]},
    # Begins like another team, in name and namespace.
    "payments-eu": {"namespaces": ["payments-eu"], "page": [{"kind": "pagerduty", "routing_key": key("pagerduty", "payments-eu")}]},
    "search": {"log_mb_per_second": 20},
}

EXPORTERS: list[dict[str, Any]] = [
    {"kind": "datadog", "name": "dd", "api_key": key("datadog"), "site": "datadoghq.eu"},
    {"kind": "elasticsearch", "name": "elk", "endpoints": ["https://logs.example.com:9200"], "api_key": key("elastic")},
    {"kind": "awscloudwatchlogs", "name": "cloudwatch", "log_group": "/platform/logs"},
    {"kind": "awsemf", "name": "metrics", "namespace": "platform", "log_group": "/platform/metrics"},
    {"kind": "otlp", "name": "honeycomb", "endpoint": "api.honeycomb.io:443", "headers": {"x-honeycomb-team": key("honeycomb")}},
    {
        "kind": "otlphttp",
        "name": "vendor",
        "endpoint": "https://otlp.example.com",
        "headers": {"authorization": key("vendor")},
        "signals": ["traces"],
    },
]


AROUND: dict[str, Any] = {"cluster": CLUSTER, "environment": "dev", "region": "eu-west-1", "vpc_id": "vpc-1", "domain": "dev.example.com"}


def built(*, preview: bool = False, **args: Any) -> Deployment[platform.ObservabilityStack]:
    """A deployed ObservabilityStack named `shop`."""
    given = {**AROUND, **args}
    return deploy(lambda: platform.ObservabilityStack("shop", platform.ObservabilityStackArgs(**given)), preview=preview)
