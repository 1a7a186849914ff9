"""Configurations of the collectors: agents on the nodes, the gateway that everybody sends to, and the samplers of traces. Pure.

A pipeline that takes from the network begins with the memory limiter, and one that sends begins its last step with the batch; what is not
sent yet lies on disk. What an application says of its own namespace is not believed: the address it sends from tells.

Sources: https://opentelemetry.io/docs/collector/configuration/, and the READMEs of the components in opentelemetry-collector-contrib 0.158.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from platform_components.charts.records.opentelemetry_collector import AGENTS, METRICS, NAMESPACE, OTLP_GRPC, OTLP_HTTP, STORAGE, ZIPKIN
from platform_components.charts.traffic import MONITORING

Configuration = dict[str, Any]

GATEWAY: Final = "gateway"
SAMPLER: Final = "sampler"
AGENT: Final = "agent"
PLATFORM: Final = "platform"
"""Tenant of whatever is no team's."""

_QUEUE: Final = {"enabled": True, "storage": "file_storage", "queue_size": 2000}
_RETRY: Final = {"enabled": True, "max_elapsed_time": "0s"}
"""Until it is taken: the queue, not the clock, says when something is given up."""
_NAMESPACE: Final = "k8s.namespace.name"
_METADATA: Final = (
    _NAMESPACE,
    "k8s.pod.name",
    "k8s.pod.uid",
    "k8s.node.name",
    "k8s.deployment.name",
    "k8s.statefulset.name",
    "k8s.daemonset.name",
    "k8s.cronjob.name",
    "k8s.job.name",
)

SEES: Final[Sequence[Mapping[str, Any]]] = (
    {"apiGroups": [""], "resources": ["pods", "namespaces"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["apps"], "resources": ["replicasets"], "verbs": ["get", "list", "watch"]},
)
"""What it takes to know whose pod has an address."""


@dataclass(frozen=True, slots=True)
class Target:
    """One more place that the gateway sends to, ready for a pipeline."""

    id: str
    """Id of the exporter, `type/name`."""
    settings: Mapping[str, Any]
    signals: Sequence[str]
    environment: Sequence[Mapping[str, Any]] = ()
    """Variables that its settings name, out of Secrets."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the collectors are to do."""

    cluster: str
    """Name of the environment, on everything that is sent."""
    prometheus: Sequence[str] = ()
    """Address of every Prometheus: each of them gets every sample, as if it had scraped it."""
    logs: bool = True
    """Whether Loki is there."""
    traces: bool = True
    """Whether Tempo is there, and traces are taken."""
    tenants: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Namespaces of every team."""
    targets: Sequence[Target] = ()
    sampled_percent: float = 10
    slow_ms: int = 1000
    decision_seconds: int = 10
    in_memory: int = 50_000

    def sent(self, signal: str) -> list[str]:
        """Exporters of the list that take a signal."""
        return [target.id for target in self.targets if signal in target.signals]

    @property
    def collects_logs(self) -> bool:
        """Whether logs go anywhere."""
        return self.logs or bool(self.sent("logs"))


def agent(plan: Plan) -> Configuration:
    """On every node: reads the logs of its pods, says whose they are, and sends them to the gateway."""
    files: Configuration = {
        "include": ["/var/log/pods/*/*/*.log"],
        # Its own would feed themselves.
        "exclude": [f"/var/log/pods/node-telemetry_{AGENT}-*/*/*.log"],
        "start_at": "beginning",
        "include_file_path": True,
        "include_file_name": False,
        "storage": "file_storage",
        "retry_on_failure": {"enabled": True},
        "operators": [{"type": "container", "id": "container-parser"}],
    }
    return _collector(
        receivers={"filelog": files},
        processors={
            "memory_limiter": _memory(),
            "k8sattributes": {
                **_attributes(),
                "filter": {"node_from_env_var": "OTEL_K8S_NODE_NAME"},
                "pod_association": [{"sources": [{"from": "resource_attribute", "name": "k8s.pod.uid"}]}],
            },
            "resource": _resource(plan.cluster),
            "batch": _batch(),
        },
        exporters={
            "otlp": {
                "endpoint": f"{GATEWAY}.{NAMESPACE}.svc:{AGENTS}",
                "tls": {"insecure": True},
                "sending_queue": dict(_QUEUE),
                "retry_on_failure": dict(_RETRY),
            }
        },
        pipelines={
            "logs": {
                "receivers": ["filelog"],
                "processors": ["memory_limiter", "k8sattributes", "resource", "batch"],
                "exporters": ["otlp"],
            }
        },
    )


def gateway(plan: Plan) -> Configuration:
    """Takes everybody's telemetry, says whose it is, and sends it where it belongs."""
    pipelines: Configuration = {}
    exporters: Configuration = {target.id: dict(target.settings) for target in plan.targets if target.signals != ["traces"]}
    connectors: Configuration = {}
    owned = ["memory_limiter", "resource/claims", "k8sattributes", "resource"]
    if plan.prometheus or plan.sent("metrics"):
        exporters |= {f"otlphttp/prometheus-{index}": _prometheus(address) for index, address in enumerate(plan.prometheus)}
        stores = [f"otlphttp/prometheus-{index}" for index in range(len(plan.prometheus))]
        pipelines["metrics"] = {"receivers": ["otlp"], "processors": [*owned, "batch"], "exporters": [*stores, *plan.sent("metrics")]}
    if plan.traces:
        exporters["loadbalancing"] = _balancing()
        pipelines["traces"] = {"receivers": ["otlp", "zipkin"], "processors": owned, "exporters": ["loadbalancing"]}
    if plan.collects_logs:
        found = _logs(plan, owned)
        pipelines |= found["pipelines"]
        exporters |= found["exporters"]
        connectors |= found["connectors"]
    named = {name for pipeline in pipelines.values() for name in pipeline["exporters"]}
    return _collector(
        receivers={
            "otlp": _otlp({"grpc": OTLP_GRPC, "http": OTLP_HTTP}),
            **({"otlp/agents": _otlp({"grpc": AGENTS})} if plan.collects_logs else {}),
            **({"zipkin": {"endpoint": f":{ZIPKIN}"}} if plan.traces else {}),
        },
        processors={
            "memory_limiter": _memory(),
            "resource/claims": {"attributes": [{"key": key, "action": "delete"} for key in (*_METADATA, "k8s.cluster.name", "team")]},
            "k8sattributes": {**_attributes(), "pod_association": [{"sources": [{"from": "connection"}]}]},
            "resource": _resource(plan.cluster),
            "batch": _batch(),
        },
        exporters={name: settings for name, settings in exporters.items() if name in named},
        pipelines=pipelines,
        connectors=connectors,
    )


def sampler(plan: Plan) -> Configuration:
    """Sees all of a trace, for the gateways send all its spans to one of these, and decides when it is complete."""
    policies = [
        {"name": "failed", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}},
        {"name": "slow", "type": "latency", "latency": {"threshold_ms": plan.slow_ms}},
        {"name": "some", "type": "probabilistic", "probabilistic": {"sampling_percentage": plan.sampled_percent}},
    ]
    targets = {target.id: dict(target.settings) for target in plan.targets if "traces" in target.signals}
    tempo = {
        "endpoint": f"tempo.{MONITORING}.svc:{OTLP_GRPC}",
        "tls": {"insecure": True},
        "sending_queue": dict(_QUEUE),
        "retry_on_failure": dict(_RETRY),
    }
    return _collector(
        receivers={"otlp": _otlp({"grpc": OTLP_GRPC})},
        processors={
            "memory_limiter": _memory(),
            "tail_sampling": {
                "decision_wait": f"{plan.decision_seconds}s",
                "num_traces": plan.in_memory,
                "decision_cache": {"sampled_cache_size": plan.in_memory * 2, "non_sampled_cache_size": plan.in_memory * 2},
                "policies": policies,
            },
            "batch": _batch(),
        },
        exporters={"otlp/tempo": tempo, **targets},
        pipelines={
            "traces": {
                "receivers": ["otlp"],
                "processors": ["memory_limiter", "tail_sampling", "batch"],
                "exporters": ["otlp/tempo", *targets],
            }
        },
    )


def _logs(plan: Plan, owned: list[str]) -> dict[str, Configuration]:
    """Logs by tenant, where there is a store with tenants; else to the list alone."""
    others = plan.sent("logs")
    if not plan.logs:
        shared = {"processors": [*owned, "batch"], "exporters": others}
        return {
            "pipelines": {
                "logs": {"receivers": ["otlp"], **shared},
                "logs/agents": {"receivers": ["otlp/agents"], "processors": ["memory_limiter", "batch"], "exporters": others},
            },
            "exporters": {},
            "connectors": {},
        }
    tenants = [PLATFORM, *sorted(plan.tenants)]
    table = [
        {"context": "resource", "condition": f'attributes["{_NAMESPACE}"] == "{namespace}"', "pipelines": [f"logs/{team}"]}
        for team in sorted(plan.tenants)
        for namespace in sorted(plan.tenants[team])
    ]
    routing = {"default_pipelines": [f"logs/{PLATFORM}"], "error_mode": "ignore", "table": table}
    # A connector without a table is refused: without teams everything is the platform's, with nothing in between.
    taken = {"receivers": ["otlp"], "processors": owned, "exporters": ["routing/tenants"]}
    agents = {"receivers": ["otlp/agents"], "processors": ["memory_limiter"], "exporters": ["routing/tenants"]}
    stores: Configuration = {f"otlphttp/loki-{tenant}": _loki(tenant) for tenant in tenants}
    if not table:
        direct = {"exporters": [f"otlphttp/loki-{PLATFORM}", *others]}
        return {
            "pipelines": {
                "logs": {**taken, "processors": [*owned, "batch"], **direct},
                "logs/agents": {**agents, "processors": ["memory_limiter", "batch"], **direct},
            },
            "exporters": stores,
            "connectors": {},
        }
    sent = {
        f"logs/{tenant}": {
            "receivers": ["routing/tenants"],
            "processors": ["batch"],
            "exporters": [f"otlphttp/loki-{tenant}", *others],
        }
        for tenant in tenants
    }
    return {
        "pipelines": {"logs/in": taken, "logs/agents": agents, **sent},
        "exporters": stores,
        "connectors": {"routing/tenants": routing},
    }


def _collector(
    *,
    receivers: Mapping[str, Any],
    processors: Mapping[str, Any],
    exporters: Mapping[str, Any],
    pipelines: Mapping[str, Any],
    connectors: Mapping[str, Any] | None = None,
) -> Configuration:
    """A whole configuration: what every collector has around its pipelines, and no processor that none of them uses."""
    used = {name for pipeline in pipelines.values() for name in pipeline["processors"]}
    return {
        "extensions": {
            "health_check": {"endpoint": "${env:MY_POD_IP}:13133"},
            "file_storage": {"directory": STORAGE, "compaction": {"on_rebound": True, "directory": STORAGE}},
        },
        "receivers": dict(receivers),
        "processors": {name: settings for name, settings in processors.items() if name in used},
        "exporters": dict(exporters),
        **({"connectors": dict(connectors)} if connectors else {}),
        "service": {
            "extensions": ["health_check", "file_storage"],
            "telemetry": {
                "logs": {"encoding": "json"},
                "metrics": {"readers": [{"pull": {"exporter": {"prometheus": {"host": "${env:MY_POD_IP}", "port": METRICS}}}}]},
            },
            "pipelines": dict(pipelines),
        },
    }


def _otlp(ports: Mapping[str, int]) -> Configuration:
    return {"protocols": {protocol: {"endpoint": f":{port}"} for protocol, port in ports.items()}}


def _memory() -> Configuration:
    return {"check_interval": "1s", "limit_percentage": 80, "spike_limit_percentage": 25}


def _batch() -> Configuration:
    return {"send_batch_size": 8192, "send_batch_max_size": 10_000, "timeout": "1s"}


def _attributes() -> Configuration:
    return {
        "auth_type": "serviceAccount",
        "extract": {
            "metadata": list(_METADATA),
            "labels": [{"tag_name": "team", "key": "team", "from": "namespace"}],
        },
    }


def _resource(cluster: str) -> Configuration:
    return {"attributes": [{"key": "k8s.cluster.name", "value": cluster, "action": "upsert"}]}


def _balancing() -> Configuration:
    """By trace, to the samplers that DNS names: every span of a trace goes to the same."""
    return {
        "routing_key": "traceID",
        "protocol": {"otlp": {"tls": {"insecure": True}, "sending_queue": {"enabled": True, "queue_size": 2000}}},
        "resolver": {"dns": {"hostname": f"{SAMPLER}.{NAMESPACE}.svc.cluster.local", "port": str(OTLP_GRPC), "interval": "5s"}},
        # On its own queue, so that a sampler that went away loses nothing: what it had is sent to those that are left.
        "sending_queue": dict(_QUEUE),
        "retry_on_failure": dict(_RETRY),
    }


def _prometheus(address: str) -> Configuration:
    return {
        "endpoint": f"{address}/api/v1/otlp",
        "sending_queue": dict(_QUEUE),
        "retry_on_failure": dict(_RETRY),
    }


def _loki(tenant: str) -> Configuration:
    return {
        "endpoint": f"http://loki.{MONITORING}.svc:3100/otlp",
        "headers": {"X-Scope-OrgID": tenant},
        "sending_queue": dict(_QUEUE),
        "retry_on_failure": dict(_RETRY),
    }
