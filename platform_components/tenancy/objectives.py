"""Objectives that a team's services are held to without anybody writing one: by tier, measured where their callers come in. Pure.

Names of the metrics: https://istio.io/latest/docs/reference/config/metrics/ and, of applications that send OTLP,
https://opentelemetry.io/docs/specs/semconv/http/http-metrics/.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from platform_components.args import Args
from platform_components.mesh.namespaces import AMBIENT, SIDECAR

SHORTEST_DAYS: Final = 7
LONGEST_DAYS: Final = 28


class Tier(StrEnum):
    """How much depends on a team's services."""

    CRITICAL = "critical"
    """Customers notice within minutes; somebody is woken."""
    STANDARD = "standard"
    """Customers notice within hours; somebody is woken."""
    INTERNAL = "internal"
    """Colleagues notice; a ticket is opened."""


PERCENT: Final[Mapping[Tier, Decimal | None]] = MappingProxyType(
    {Tier.CRITICAL: Decimal("99.9"), Tier.STANDARD: Decimal("99.5"), Tier.INTERNAL: None}
)
"""Objective of a service that says nothing of its own: the least that fits the tier's promise. Of an internal one nobody is woken."""

WithinMs = Literal[5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000]
"""Milliseconds that are a bound of a bucket with the gateway and with OpenTelemetry's own histogram alike."""

Percent = Annotated[Decimal, Field(gt=90, lt=100, max_digits=7, decimal_places=4)]


class ServiceObjective(Args):
    """What a service is held to."""

    percent: Percent | None = Field(
        default=None,
        description="Percentage of requests that must be answered without a fault of the service, and in time. Omitted: by tier: critical "
        "99.9, standard 99.5, internal no objective.",
    )
    within_ms: WithinMs | None = Field(
        default=None, description="What is in time, in milliseconds: a bound of the histograms' buckets. Omitted: however long it takes."
    )


@dataclass(frozen=True, slots=True)
class Source:
    """Where requests are counted."""

    total: str
    """Counter of all requests; the histogram is called like it is in `buckets`."""
    buckets: str
    selector: str
    """Matchers of one service's requests: {namespace} and {service} stand for its own."""
    fault: str
    """Matcher of those that failed by the service's own fault."""
    sound: str
    """Matcher of all others."""
    per_ms: Decimal
    """Unit of the histogram's bounds in one millisecond."""


GATEWAY: Final = Source(
    total="istio_requests_total",
    buckets="istio_request_duration_milliseconds_bucket",
    selector='reporter="source",source_workload="istio-ingress",destination_service_namespace="{namespace}",'
    'destination_service_name="{service}"',
    fault='response_code=~"5.."',
    sound='response_code!~"5.."',
    per_ms=Decimal(1),
)
"""The platform's gateway: what comes from outside, whatever the application measures of itself."""

APPLICATION: Final = Source(
    total="http_server_request_duration_seconds_count",
    buckets="http_server_request_duration_seconds_bucket",
    selector='k8s_namespace_name="{namespace}",service_name="{service}"',
    fault='http_response_status_code=~"5.."',
    sound='http_response_status_code!~"5.."',
    per_ms=Decimal("0.001"),
)
"""The application itself, by OTLP."""

GATEWAYS: Final = (AMBIENT, SIDECAR)
"""Kinds of mesh whose gateway counts."""


def percent_of(objective: ServiceObjective | None, tier: Tier, *, public: bool, written: bool) -> Decimal | None:
    """What a service is held to; None where to nothing.

    Args:
        objective: what it says; None where it wants none.
        tier: how much depends on it.
        public: whether callers come in by a gateway that counts them.
        written: whether the team wrote an objective. One that says nothing has the tier's only where the gateway counts: of any other
            service nothing is counted unless its program does it.
    """
    if objective is None or not (public or written):
        return None
    return objective.percent or PERCENT[tier]


def indicator(namespace: str, service: str, within_ms: int | None, *, public: bool) -> dict[str, Any]:
    """The indicator of an Slo: requests of one service, and of them those that were good, or those that failed."""
    source = GATEWAY if public else APPLICATION
    of = source.selector.format(namespace=namespace, service=service)
    if within_ms is None:
        return {"kind": "ratio", "total": f"{source.total}{{{of}}}", "bad": f"{source.total}{{{of},{source.fault}}}"}
    bound = f"{(within_ms * source.per_ms).normalize():f}"
    # Since Prometheus 3 whole bounds are written 1.0, before as the program writes them.
    bounds = f'le="{bound}"' if "." in bound else f'le=~"{bound}([.]0)?"'
    count = f"{source.buckets.removesuffix('_bucket')}_count"
    return {"kind": "ratio", "total": f"{count}{{{of}}}", "good": f"{source.buckets}{{{of},{source.sound},{bounds}}}"}


def period_days(retention_days: int) -> int | None:
    """Days of a period: whole weeks, as many as Prometheus remembers, four at most; None where it remembers less than one."""
    days = min(LONGEST_DAYS, retention_days // SHORTEST_DAYS * SHORTEST_DAYS)
    return days if days >= SHORTEST_DAYS else None
