"""Loki: logs on S3, each team's apart from all others'.

Chart and values: grafana-community/helm-charts, charts/loki at loki-18.11.0. One program in as many replicas as are needed: enough for some
tens of gigabytes a day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from platform_components.charts.addon import Addon, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import priority, resources, spread
from platform_components.charts.site import Site
from platform_components.charts.traffic import MONITORING, Traffic

APP_VERSION = "3.7.6"
LOKI = Image("docker.io", "grafana/loki", APP_VERSION)
CANARY = Image("docker.io", "grafana/loki-canary", APP_VERSION)
ACCOUNT = "loki"
PORT = 3100
RULES = "loki-rules"
"""ConfigMap with a file of rules for each tenant that has some, called as the tenant is."""
_RULES_FOLDER = "/etc/loki/rules"
_ALERTMANAGERS = f"http://_http-web._tcp.alertmanager-operated.{MONITORING}.svc.cluster.local/"
"""Every replica of Alertmanager, as DNS names them: each is told, and they agree among themselves."""
SCHEMA_FROM = "2026-01-01"
"""From which day on the index is written as it is; a change is a further entry, never another date here."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """What differs for one tenant."""

    retention_days: int
    mb_per_second: int = 4


@dataclass(frozen=True, slots=True)
class Logs:
    """What one installation is told beyond its cluster."""

    bucket: Any = "logs"
    retention_days: int = 30
    storage_gib: int = 20
    storage_class: str | None = None
    memory_mib: int = 2048
    tenants: Mapping[str, Tenant] = field(default_factory=dict)
    """Limits by tenant; any other has the common ones."""
    ruled: Sequence[str] = ()
    """Tenants whose rules lie in ConfigMap `RULES`, each under its own name."""


def values(site: Site, logs: Logs | None = None) -> Values:
    """Tenants by header, an index and chunks in one bucket, and a compactor that deletes by age and tenant.

    Args:
        site: the cluster.
        logs: bucket, sizes and tenants. None: those of a small production cluster.
    """
    logs = logs or Logs()
    replicas = 3 if site.highly_available else 1
    image = mirrored(LOKI, site.mirror)
    canary = mirrored(CANARY, site.mirror)
    labels = {"app.kubernetes.io/component": "single-binary", "app.kubernetes.io/name": "loki"}
    return {
        "fullnameOverride": "loki",
        "deploymentMode": "Monolithic",
        "loki": {
            "image": {"registry": image.registry, "repository": image.repository, "tag": image.tag},
            "auth_enabled": True,
            "commonConfig": {"replication_factor": replicas},
            "storage": {
                "type": "s3",
                "bucketNames": {"chunks": logs.bucket, "ruler": logs.bucket},
                # No key: the pod has an identity.
                "s3": {"region": site.region},
            },
            "schemaConfig": {
                "configs": [
                    {
                        "from": SCHEMA_FROM,
                        "store": "tsdb",
                        "object_store": "s3",
                        "schema": "v13",
                        "index": {"prefix": "index_", "period": "24h"},
                    }
                ]
            },
            "limits_config": {
                "retention_period": _hours(logs.retention_days),
                "ingestion_rate_mb": 4,
                "ingestion_burst_size_mb": 8,
                "max_label_names_per_series": 15,
                "max_global_streams_per_user": 10_000,
                "max_query_series": 1000,
                "reject_old_samples_max_age": "168h",
                "allow_structured_metadata": True,
                "volume_enabled": True,
            },
            "runtimeConfig": {"overrides": {name: _limits(tenant) for name, tenant in sorted(logs.tenants.items())}},
            "compactor": {"retention_enabled": True, "delete_request_store": "s3", "working_directory": "/var/loki/compactor"},
            "analytics": {"reporting_enabled": False},
            # One query over several tenants at once, for those who may name them all.
            "querier": {"multi_tenant_queries_enabled": True},
            **({"rulerConfig": _ruler()} if logs.ruled else {}),
        },
        "singleBinary": {
            "replicas": replicas,
            "resources": resources(100, logs.memory_mib * 3 // 4, logs.memory_mib),
            "persistence": {
                "size": f"{logs.storage_gib}Gi",
                **({"storageClass": logs.storage_class} if logs.storage_class else {}),
                # What has not reached S3 yet outlives the pod, and an upgrade that goes wrong.
                "whenScaled": "Retain",
                "whenDeleted": "Retain",
            },
            "sidecar": False,
            "topologySpreadConstraints": spread(labels) if site.highly_available else [],
            "tolerations": list(site.tolerations),
            "nodeSelector": dict(site.node_selector or {}),
            **priority(site.priority_class),
            **_rules(logs.ruled),
        },
        "serviceAccount": {"create": True, "name": ACCOUNT},
        # Writes and reads a line of its own all the time: the one proof that logs arrive.
        "lokiCanary": {
            "kind": "Deployment",
            "image": {"registry": canary.registry, "repository": canary.repository, "tag": canary.tag},
            "resources": resources(10, 32, 128),
            "tolerations": list(site.tolerations),
            "nodeSelector": dict(site.node_selector or {}),
            **priority(site.priority_class),
        },
        **{part: {"replicas": 0} for part in ("write", "read", "backend")},
        # No second way in beside the collectors and Grafana, and no caches that a small Loki does not need.
        **{part: {"enabled": False} for part in ("gateway", "chunksCache", "resultsCache", "test")},
        # In this mode the value adds its configuration and nothing else: the one program evaluates rules itself.
        "ruler": {"enabled": bool(logs.ruled)},
        "sidecar": {"rules": {"enabled": False}},
        "rbac": {"namespaced": True},
        "monitoring": {"serviceMonitor": {"enabled": site.monitors}},
    }


def _ruler() -> Values:
    """Rules are files; replicas share the work, and what each has evaluated lies on its volume."""
    return {
        "storage": {"type": "local", "local": {"directory": _RULES_FOLDER}},
        "rule_path": "/var/loki/rules",
        "alertmanager_url": _ALERTMANAGERS,
        "enable_alertmanager_discovery": True,
        "enable_alertmanager_v2": True,
        "enable_sharding": True,
        "ring": {"kvstore": {"store": "memberlist"}},
    }


def _rules(tenants: Sequence[str]) -> Values:
    """A volume for each tenant: of one for all, Loki would take the folder that Kubernetes swaps for a tenant as well."""
    volumes = [
        {"name": f"rules-{tenant}", "configMap": {"name": RULES, "items": [{"key": f"{tenant}.yaml", "path": "rules.yaml"}]}}
        for tenant in tenants
    ]
    mounts = [{"name": f"rules-{tenant}", "mountPath": f"{_RULES_FOLDER}/{tenant}", "readOnly": True} for tenant in tenants]
    return {"extraVolumes": volumes, "extraVolumeMounts": mounts} if tenants else {}


def _limits(tenant: Tenant) -> Values:
    return {
        "retention_period": _hours(tenant.retention_days),
        "ingestion_rate_mb": tenant.mb_per_second,
        "ingestion_burst_size_mb": tenant.mb_per_second * 2,
    }


def _hours(days: int) -> str:
    return f"{days * 24}h"


ADDON = Addon(
    name="loki",
    role="logs",
    chart="loki",
    repository="https://grafana-community.github.io/helm-charts",
    version="18.11.0",
    app_version="3.7.6",
    kubernetes=KubernetesRange("1.25", "1.36", "kubeVersion of the chart; it uses no API that a newer version removes"),
    namespace=MONITORING,
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(metrics=(PORT,)),
    images=(LOKI, CANARY),
    values=values,
    service_account=ACCOUNT,
    needs=("prometheus-operator-crds",),
)
