"""From the exporters of an environment to what collectors are told. Pure: secrets become variables, which pods get from Secrets."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from platform_components.observability.collectors import Target
from platform_components.observability.exporters import CloudWatchLogs, CloudWatchMetrics, Datadog, Elasticsearch, Otlp, OtlpHttp
from platform_components.observability.receivers import SecretKey

_QUEUE: Final = {"enabled": True, "storage": "file_storage", "queue_size": 2000}

Settings = dict[str, Any]


def targets(exporters: Sequence[Any], region: Any) -> tuple[Target, ...]:
    """What the gateway sends to, in the order of the list.

    Args:
        exporters: the list.
        region: AWS region of CloudWatch.
    """
    return tuple(_target(exporter, region) for exporter in exporters)


def log_groups(exporters: Sequence[Any]) -> tuple[str, ...]:
    """Log groups of CloudWatch that the gateway writes to, sorted."""
    return tuple(sorted({exporter.log_group for exporter in exporters if isinstance(exporter, (CloudWatchLogs, CloudWatchMetrics))}))


def _target(exporter: Any, region: Any) -> Target:
    secrets = _Secrets(exporter.name)
    signals, settings = _BUILDERS[type(exporter)](exporter, secrets, region)
    return Target(f"{exporter.kind}/{exporter.name}", settings, tuple(signals), tuple(secrets.environment()))


class _Secrets:
    """The variables of one exporter."""

    def __init__(self, exporter: str) -> None:
        self._prefix = f"EXPORTER_{exporter.upper().replace('-', '_')}"
        self._keys: dict[str, SecretKey] = {}

    def variable(self, what: str, key: SecretKey) -> str:
        """A reference to a secret, as the configuration has it."""
        name = f"{self._prefix}_{what.upper().replace('-', '_')}"
        self._keys[name] = key
        return f"${{env:{name}}}"

    def environment(self) -> Iterator[Mapping[str, Any]]:
        for name, key in self._keys.items():
            yield {"name": name, "valueFrom": {"secretKeyRef": {"name": key.name, "key": key.key}}}


def _datadog(exporter: Datadog, secrets: _Secrets, region: Any) -> tuple[Sequence[str], Settings]:
    del region
    return exporter.signals, {
        "api": {"key": secrets.variable("key", exporter.api_key), "site": exporter.site},
        "sending_queue": dict(_QUEUE),
    }


def _elasticsearch(exporter: Elasticsearch, secrets: _Secrets, region: Any) -> tuple[Sequence[str], Settings]:
    del region
    return exporter.signals, {
        "endpoints": list(exporter.endpoints),
        "api_key": secrets.variable("key", exporter.api_key),
        "sending_queue": dict(_QUEUE),
    }


def _cloudwatch_logs(exporter: CloudWatchLogs, secrets: _Secrets, region: Any) -> tuple[Sequence[str], Settings]:
    del secrets
    return ("logs",), {
        "log_group_name": exporter.log_group,
        "log_stream_name": "${env:OTEL_K8S_POD_NAME}",
        "region": region,
        "sending_queue": dict(_QUEUE),
    }


def _cloudwatch_metrics(exporter: CloudWatchMetrics, secrets: _Secrets, region: Any) -> tuple[Sequence[str], Settings]:
    del secrets
    # It has no queue of its own.
    return ("metrics",), {
        "namespace": exporter.namespace,
        "log_group_name": exporter.log_group,
        "log_stream_name": "${env:OTEL_K8S_POD_NAME}",
        "region": region,
    }


def _otlp(exporter: Otlp | OtlpHttp, secrets: _Secrets, region: Any) -> tuple[Sequence[str], Settings]:
    del region
    headers = {name: secrets.variable(name, key) for name, key in exporter.headers.items()}
    return exporter.signals, {
        "endpoint": exporter.endpoint,
        **({"headers": headers} if headers else {}),
        "sending_queue": dict(_QUEUE),
    }


_BUILDERS: Final[Mapping[type, Any]] = {
    Datadog: _datadog,
    Elasticsearch: _elasticsearch,
    CloudWatchLogs: _cloudwatch_logs,
    CloudWatchMetrics: _cloudwatch_metrics,
    Otlp: _otlp,
    OtlpHttp: _otlp,
}
