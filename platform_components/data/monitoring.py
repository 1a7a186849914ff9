"""Alarms and dashboards, as data: what to watch of each kind of store, and from which value on it is trouble. Pure.

Thresholds follow https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ABOVE, BELOW = "GreaterThanThreshold", "LessThanThreshold"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm of a store."""

    role: str
    """Last part of its name."""
    metric: str
    statistic: str
    comparison: str
    threshold: float
    why: str
    """What it means and what to do, for whoever is woken."""
    period: int = 300
    """Seconds of one reading."""
    periods: int = 3
    """Readings in a row that must be bad."""
    missing: str = "notBreaching"
    """What no reading counts as."""


def widget(title: str, namespace: str, metrics: Sequence[tuple[str, str]], dimensions: Mapping[str, Any], region: Any, place: int) -> Any:
    """One graph of a dashboard; `place` counts them from the upper left, three in a row."""
    pairs = [part for pair in dimensions.items() for part in pair]
    return {
        "type": "metric",
        "x": place % 3 * 8,
        "y": place // 3 * 6,
        "width": 8,
        "height": 6,
        "properties": {
            "title": title,
            "region": region,
            "view": "timeSeries",
            "period": 60,
            "metrics": [[namespace, metric, *pairs, {"stat": statistic}] for metric, statistic in metrics],
        },
    }


@dataclass(frozen=True, slots=True)
class Watch:
    """What is watched of one kind of store."""

    namespace: str
    alarms: Sequence[Alarm]
    graphs: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    """Title, and metrics with their statistics."""


BUCKET = Watch(
    "AWS/S3",
    (
        Alarm("errors", "5xxErrors", "Average", ABOVE, 0.01, "more than 1 % of requests fail on the side of S3", periods=3),
        Alarm("refused", "4xxErrors", "Average", ABOVE, 0.2, "more than 20 % of requests are refused: a wrong role, or somebody who tries"),
    ),
    (
        ("Requests", (("AllRequests", "Sum"), ("GetRequests", "Sum"), ("PutRequests", "Sum"))),
        ("Errors", (("4xxErrors", "Sum"), ("5xxErrors", "Sum"))),
        ("Time to answer, ms", (("FirstByteLatency", "p99"), ("TotalRequestLatency", "p99"))),
    ),
)
