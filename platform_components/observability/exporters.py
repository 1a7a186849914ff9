"""Where telemetry goes beside the stores of the cluster: one list, whoever the vendor. What an environment file may say of it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from platform_components.args import Args
from platform_components.observability.receivers import NAME, SecretKey


class Signal(StrEnum):
    """A kind of telemetry."""

    TRACES = "traces"
    METRICS = "metrics"
    LOGS = "logs"


ALL = (Signal.TRACES, Signal.METRICS, Signal.LOGS)


class _Exporter(Args):
    name: str = Field(pattern=NAME, max_length=40, description="A name of your own, unique in the list. Required.")


class Datadog(_Exporter):
    """Datadog."""

    kind: Literal["datadog"] = Field(description="`datadog`.")
    api_key: SecretKey = Field(description="Where its API key lies. Required.")
    site: str = Field(default="datadoghq.com", pattern=r"^[a-z0-9.]+$", description="Its site. Omitted: datadoghq.com.")
    signals: tuple[Signal, ...] = Field(default=ALL, min_length=1, description="What is sent. Omitted: everything.")


class Elasticsearch(_Exporter):
    """Elasticsearch or OpenSearch."""

    kind: Literal["elasticsearch"] = Field(description="`elasticsearch`.")
    endpoints: tuple[Annotated[str, Field(pattern=r"^https://\S+$")], ...] = Field(min_length=1, description="Its addresses. Required.")
    api_key: SecretKey = Field(description="Where its API key lies, base64 of `id:key`. Required.")
    signals: tuple[Signal, ...] = Field(default=(Signal.LOGS,), min_length=1, description="What is sent. Omitted: logs.")


class CloudWatchLogs(_Exporter):
    """CloudWatch Logs."""

    kind: Literal["awscloudwatchlogs"] = Field(description="`awscloudwatchlogs`.")
    log_group: str = Field(pattern=r"^[A-Za-z0-9_/.#-]{1,512}$", description="Log group; it exists already. Required.")


class CloudWatchMetrics(_Exporter):
    """CloudWatch metrics, by way of the embedded metric format."""

    kind: Literal["awsemf"] = Field(description="`awsemf`.")
    namespace: str = Field(pattern=r"^[A-Za-z0-9_/.#:-]{1,255}$", description="Namespace of the metrics. Required.")
    log_group: str = Field(pattern=r"^[A-Za-z0-9_/.#-]{1,512}$", description="Log group they pass through; it exists already. Required.")


class Otlp(_Exporter):
    """Anything that takes OTLP over gRPC."""

    kind: Literal["otlp"] = Field(description="`otlp`.")
    endpoint: str = Field(pattern=r"^[a-z0-9.-]+:[0-9]{2,5}$", description="Host and port; always with TLS. Required.")
    headers: Mapping[str, SecretKey] = Field(default={}, description="Headers whose values lie in Secrets. Omitted: none.")
    signals: tuple[Signal, ...] = Field(default=ALL, min_length=1, description="What is sent. Omitted: everything.")


class OtlpHttp(_Exporter):
    """Anything that takes OTLP over HTTP."""

    kind: Literal["otlphttp"] = Field(description="`otlphttp`.")
    endpoint: str = Field(pattern=r"^https://\S+$", description="Its address, without /v1/traces and the like. Required.")
    headers: Mapping[str, SecretKey] = Field(default={}, description="Headers whose values lie in Secrets. Omitted: none.")
    signals: tuple[Signal, ...] = Field(default=ALL, min_length=1, description="What is sent. Omitted: everything.")


Exporter = Annotated[
    Datadog | Elasticsearch | CloudWatchLogs | CloudWatchMetrics | Otlp | OtlpHttp,
    Field(discriminator="kind"),
]
"""One place that telemetry is sent to."""
