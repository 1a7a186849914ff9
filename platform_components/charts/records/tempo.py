"""Tempo: traces on S3.

Chart and values: grafana-community/helm-charts, charts/tempo at tempo-2.2.4: one program. The distributed chart of the same project needs
Kafka from its version 3 on.
"""

from dataclasses import dataclass
from typing import Any

from platform_components.charts.addon import Addon, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, priority, resources
from platform_components.charts.site import Site
from platform_components.charts.traffic import MONITORING, Traffic

APP_VERSION = "2.10.8"
TEMPO = Image("docker.io", "grafana/tempo", APP_VERSION)
ACCOUNT = "tempo"
OTLP_PORT = 4317


@dataclass(frozen=True, slots=True)
class Traces:
    """What one installation is told beyond its cluster."""

    bucket: Any = "traces"
    retention_days: int = 14
    storage_gib: int = 20
    storage_class: str | None = None
    memory_mib: int = 2048


def values(site: Site, traces: Traces | None = None) -> Values:
    """Traces by OTLP from the collectors alone, kept in a bucket.

    Args:
        site: the cluster.
        traces: bucket and sizes. None: those of a small production cluster.
    """
    traces = traces or Traces()
    image = mirrored(TEMPO, site.mirror)
    endpoint = site.region.apply(_endpoint) if hasattr(site.region, "apply") else _endpoint(site.region)
    return {
        "fullnameOverride": "tempo",
        "replicas": 1,
        "tempo": {
            "registry": image.registry,
            "repository": image.repository,
            "tag": image.tag,
            "reportingEnabled": False,
            "retention": f"{traces.retention_days * 24}h",
            "resources": resources(100, traces.memory_mib * 3 // 4, traces.memory_mib),
            "securityContext": container_security(uid=10001),
            "storage": {
                "trace": {
                    "backend": "s3",
                    # No key: the pod has an identity.
                    "s3": {"bucket": traces.bucket, "region": site.region, "endpoint": endpoint},
                    "wal": {"path": "/var/tempo/wal"},
                }
            },
            "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"0.0.0.0:{OTLP_PORT}"}}}},
        },
        "securityContext": pod_security(10001, fs_group=10001),
        "serviceAccount": {"create": True, "name": ACCOUNT},
        "persistence": {
            "enabled": True,
            "size": f"{traces.storage_gib}Gi",
            **({"storageClassName": traces.storage_class} if traces.storage_class else {}),
        },
        "serviceMonitor": {"enabled": site.monitors},
        "tolerations": list(site.tolerations),
        "nodeSelector": dict(site.node_selector or {}),
        **priority(site.priority_class),
    }


def _endpoint(region: str) -> str:
    return f"s3.{region}.amazonaws.com"


ADDON = Addon(
    name="tempo",
    role="traces",
    chart="tempo",
    repository="https://grafana-community.github.io/helm-charts",
    version="2.2.4",
    app_version="2.10.8",
    kubernetes=KubernetesRange("1.25", "1.36", "the chart names none; it uses apps/v1 and v1 only"),
    namespace=MONITORING,
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(metrics=(3200,)),
    images=(TEMPO,),
    values=values,
    service_account=ACCOUNT,
    needs=("prometheus-operator-crds",),
    exceptions={"replicas": "one program with one volume; while it restarts, collectors keep traces in their queues on disk"},
)
