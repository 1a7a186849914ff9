"""opentelemetry-collector: takes telemetry, and sends it on. One chart, installed once for every part that a collector plays.

Chart and values: open-telemetry/opentelemetry-helm-charts, charts/opentelemetry-collector at opentelemetry-collector-0.170.0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from platform_components.charts.addon import Addon, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, priority, resources, spread
from platform_components.charts.site import Site
from platform_components.charts.traffic import MONITORING, Traffic

APP_VERSION = "0.158.0"
IMAGE = Image("ghcr.io", "open-telemetry/opentelemetry-collector-releases/opentelemetry-collector-contrib", APP_VERSION)
NAMESPACE = "telemetry"
"""Namespace of the collectors that applications send to; those that read nodes are with the node exporter."""
UID = 10001

OTLP_GRPC, OTLP_HTTP, ZIPKIN, AGENTS, METRICS = 4317, 4318, 9411, 4319, 8888
"""Ports: of applications, of the agents on the nodes, and of the collector's own metrics."""
STORAGE = "/var/lib/otelcol"
"""Where a collector keeps what it has not sent yet."""

_PORTS = ("otlp", "otlp-http", "jaeger-compact", "jaeger-thrift", "jaeger-grpc", "zipkin")
"""Ports that the chart opens by itself."""
_SERVED = {"otlp": OTLP_GRPC, "otlp-http": OTLP_HTTP, "zipkin": ZIPKIN, "agents": AGENTS}


@dataclass(frozen=True, slots=True)
class Collector:
    """One part that a collector plays."""

    name: str = "gateway"
    config: Mapping[str, Any] = field(default_factory=dict)
    """The whole configuration: nothing of the chart's own is in it."""
    on_nodes: bool = False
    """Whether one runs on every node and reads its logs, else replicas with a volume each."""
    served: Sequence[str] = ("otlp", "otlp-http", "zipkin", "agents")
    """Names of the ports it takes telemetry at."""
    headless: bool = False
    """Whether its service answers with every pod's address, for whoever chooses one himself."""
    memory_mib: int = 512
    storage_gib: int = 10
    storage_class: str | None = None
    environment: Sequence[Mapping[str, Any]] = ()
    """Variables that come out of Secrets."""
    sees: Sequence[Mapping[str, Any]] = ()
    """Rules of its ClusterRole."""


def values(site: Site, collector: Collector | None = None) -> Values:
    """A collector with the configuration given, a queue on disk, and no port that nobody uses.

    Args:
        site: the cluster.
        collector: the part it plays. None: a gateway without configuration.
    """
    collector = collector or Collector()
    image = mirrored(IMAGE, site.mirror)
    return {
        "fullnameOverride": collector.name,
        "mode": "daemonset" if collector.on_nodes else "statefulset",
        "image": {"repository": f"{image.registry}/{image.repository}", "tag": image.tag},
        "command": {"name": "otelcol-contrib"},
        "alternateConfig": dict(collector.config),
        "serviceAccount": {"create": True, "name": collector.name},
        "clusterRole": {"create": bool(collector.sees), "name": f"telemetry-{collector.name}", "rules": list(collector.sees)},
        "ports": {
            **{name: {"enabled": False} for name in _PORTS},
            **{name: _port(_SERVED[name]) for name in collector.served},
            "metrics": _port(METRICS),
        },
        "resources": resources(100, collector.memory_mib * 3 // 4, collector.memory_mib),
        "extraEnvs": list(collector.environment),
        "podMonitor": {"enabled": site.monitors},
        "terminationGracePeriodSeconds": 60,
        **priority(site.priority_class),
        **(_node() if collector.on_nodes else _replicas(site, collector)),
    }


def _port(number: int) -> Values:
    return {"enabled": True, "containerPort": number, "servicePort": number, "protocol": "TCP"}


def _node() -> Values:
    """Reads the node's logs: as root, for nobody else may, and without any right beyond that."""
    return {
        "podSecurityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "securityContext": {
            "runAsUser": 0,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"], "add": ["DAC_READ_SEARCH"]},
        },
        "tolerations": [{"operator": "Exists"}],
        "extraVolumes": [
            {"name": "logs", "hostPath": {"path": "/var/log/pods"}},
            {"name": "storage", "hostPath": {"path": STORAGE, "type": "DirectoryOrCreate"}},
        ],
        "extraVolumeMounts": [
            {"name": "logs", "mountPath": "/var/log/pods", "readOnly": True},
            {"name": "storage", "mountPath": STORAGE},
        ],
    }


def _replicas(site: Site, collector: Collector) -> Values:
    claim: Values = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": f"{collector.storage_gib}Gi"}}}
    if collector.storage_class:
        claim["storageClassName"] = collector.storage_class
    labels = {"app.kubernetes.io/instance": collector.name}
    return {
        "replicaCount": site.replicas,
        "podSecurityContext": pod_security(UID, fs_group=UID),
        "securityContext": container_security(uid=UID),
        # A set and not a deployment: each keeps its own queue, also over a restart.
        "statefulset": {"volumeClaimTemplates": [{"metadata": {"name": "storage"}, "spec": claim}]},
        "extraVolumeMounts": [{"name": "storage", "mountPath": STORAGE}],
        "podDisruptionBudget": {"enabled": site.highly_available, "maxUnavailable": 1},
        "topologySpreadConstraints": spread(labels) if site.highly_available else [],
        "tolerations": list(site.tolerations),
        "nodeSelector": dict(site.node_selector or {}),
        **({"service": {"clusterIP": "None"}} if collector.headless else {}),
    }


ADDON = Addon(
    name="opentelemetry-collector",
    role="gateway",
    chart="opentelemetry-collector",
    repository="https://open-telemetry.github.io/opentelemetry-helm-charts",
    version="0.170.0",
    app_version="0.158.0",
    kubernetes=KubernetesRange("1.24", "1.36", "README of the chart: Kubernetes 1.24 or newer"),
    namespace=NAMESPACE,
    pod_security=PodSecurity.RESTRICTED,
    # Anybody's telemetry is taken; what the agents send is believed, so their port is not for everybody.
    traffic=Traffic(
        public=(OTLP_GRPC, OTLP_HTTP, ZIPKIN),
        metrics=(METRICS,),
        served={"node-telemetry": (AGENTS,)},
        used={MONITORING: (3100, OTLP_GRPC, 9090)},
    ),
    images=(IMAGE,),
    values=values,
    needs=("prometheus-operator-crds",),
    exceptions={"podSecurity": "the agent reads the logs of its node as root, with no capability but that; it is in node-telemetry"},
)
