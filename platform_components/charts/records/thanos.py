"""Thanos: metrics beyond what Prometheus itself holds, read from S3 beside its own.

Chart and values: thanos-community/helm-charts, charts/thanos at thanos-0.38.0. The sidecars that upload are kube-prometheus-stack's.
"""

from dataclasses import dataclass
from typing import Any

from platform_components.charts.addon import Addon, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import pod_security, priority, resources, spread
from platform_components.charts.records.kube_prometheus_stack import NAME, OBJECT_STORE
from platform_components.charts.site import Site
from platform_components.charts.traffic import MONITORING, Traffic

APP_VERSION = "0.42.4"
THANOS = Image("quay.io", "thanos/thanos", f"v{APP_VERSION}")
ACCOUNT = "thanos"
QUERY_URL = f"http://thanos-query.{MONITORING}.svc:9090"
SIDECARS = f"dnssrv+_grpc._tcp.{NAME}-thanos-discovery.{MONITORING}.svc"


@dataclass(frozen=True, slots=True)
class LongTerm:
    """How long metrics are kept, by how many are left."""

    raw_days: int = 30
    five_minute_days: int = 120
    hourly_days: int = 400
    storage_class: str | None = None


def values(site: Site, long_term: LongTerm | None = None) -> Values:
    """One question to Prometheus and the bucket, and one compactor, for two would destroy blocks.

    Args:
        site: the cluster.
        long_term: retention by resolution. None: 30, 120 and 400 days.
    """
    long_term = long_term or LongTerm()
    image = mirrored(THANOS, site.mirror)
    volume: dict[str, Any] = {"storageClass": long_term.storage_class} if long_term.storage_class else {}
    # On each by itself: two of the three have one of their own, which stands over a common one.
    identity = {"podSecurityContext": pod_security(1001, fs_group=1001)}
    common = {**identity, "pdb": {"enabled": site.highly_available, "maxUnavailable": 1}, "serviceMonitor": {"enabled": site.monitors}}

    def spreading(component: str) -> dict[str, Any]:
        labels = {"app.kubernetes.io/name": "thanos", "app.kubernetes.io/component": component}
        return {"topologySpreadConstraints": spread(labels) if site.highly_available else []}

    return {
        "fullnameOverride": "thanos",
        "global": {
            "image": {"registry": image.registry, "repository": image.repository, "tag": image.tag},
            "objstore": {"createSecret": False, "secretName": OBJECT_STORE, "secretKey": "objstore.yml"},
            "serviceAccount": {"create": True, "name": ACCOUNT},
            "tolerations": list(site.tolerations),
            "nodeSelector": dict(site.node_selector or {}),
            **priority(site.priority_class),
        },
        "query": {
            "replicaCount": site.replicas,
            "replicaLabels": ["prometheus_replica"],
            "stores": [SIDECARS],
            "resources": resources(50, 256, 1024),
            **spreading("query"),
            **common,
        },
        "storegateway": {
            "replicaCount": site.replicas,
            "persistence": {"enabled": True, "size": "20Gi", **volume},
            "resources": resources(50, 512, 2048),
            **spreading("storegateway"),
            **common,
        },
        "compactor": {
            **identity,
            "replicaCount": 1,
            "persistence": {"enabled": True, "size": "50Gi", **volume},
            "resources": resources(50, 512, 2048),
            "vpa": {"enabled": False},
            "retention": {
                "resolutionRaw": f"{long_term.raw_days}d",
                "resolution5m": f"{long_term.five_minute_days}d",
                "resolution1h": f"{long_term.hourly_days}d",
            },
            "serviceMonitor": {"enabled": site.monitors},
        },
        **{part: {"enabled": False} for part in ("bucket", "queryFrontend", "receive", "ruler")},
    }


ADDON = Addon(
    name="thanos",
    role="long-term",
    chart="thanos",
    repository="oci://ghcr.io/thanos-community/helm-charts",
    version="0.38.0",
    app_version="v0.42.4",
    kubernetes=KubernetesRange("1.30", "1.36", "kubeVersion of the chart"),
    namespace=MONITORING,
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(metrics=(9090, 10902)),
    images=(THANOS,),
    values=values,
    service_account=ACCOUNT,
    needs=("kube-prometheus-stack",),
    optional=True,
    exceptions={"replicas": "one compactor: two would compact and delete the same blocks"},
)
