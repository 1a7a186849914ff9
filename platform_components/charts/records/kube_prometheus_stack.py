"""kube-prometheus-stack: the Prometheus operator with Prometheus, Alertmanager, Grafana and the exporters of a cluster.

Chart and values: prometheus-community/helm-charts, charts/kube-prometheus-stack at kube-prometheus-stack-88.5.3, with kube-state-metrics
8.4.0, prometheus-node-exporter 4.56.1 and (grafana-community/helm-charts) grafana 12.11.1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from platform_components.charts.addon import Addon, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, priority, resources, spread
from platform_components.charts.records.istio_gateway import NAME as GATEWAY
from platform_components.charts.site import Mirror, Site
from platform_components.charts.traffic import MONITORING, RELEASING, Traffic
from platform_components.observability.scraped import labels_allowlist

APP_VERSION = "0.93.1"
NAME = "platform"
"""Prefix of what the chart makes: Prometheus is `platform-prometheus`, Alertmanager `platform-alertmanager`."""
NODES = "node-telemetry"
"""Namespace of what runs on every node and sees its files; kept apart, so that the rest stays restricted."""

PROMETHEUS_ACCOUNT = "prometheus"
"""Service account that uploads blocks, or writes to Amazon Managed Prometheus."""
GRAFANA_ACCOUNT = "grafana"
"""Service account that reads from Amazon Managed Prometheus."""
GRAFANA_SERVICE, GRAFANA_PORT = "grafana", 3000
"""Grafana's service, which answers at port 80, and the port of its pods."""
ALERTMANAGER_CONFIG = "alertmanager-config"
"""Secret with Alertmanager's configuration, key `alertmanager.yaml`."""
GRAFANA_ADMIN = "grafana-admin"
"""Secret with Grafana's administrator, for the day on which single sign-on is down."""
OBJECT_STORE = "thanos-objstore"
"""Secret with the address of the long-term store, key `objstore.yml`; no credentials, for those come from the pod's identity."""
FOLDER = "grafana_folder"
"""Annotation of a dashboard's ConfigMap: the folder it is shown in."""
DASHBOARD = "grafana_dashboard"
"""Label of a dashboard's ConfigMap."""

OPERATOR = Image("quay.io", "prometheus-operator/prometheus-operator", f"v{APP_VERSION}")
RELOADER = Image("quay.io", "prometheus-operator/prometheus-config-reloader", f"v{APP_VERSION}")
PROMETHEUS = Image("quay.io", "prometheus/prometheus", "v3.14.0-distroless")
ALERTMANAGER = Image("quay.io", "prometheus/alertmanager", "v0.34.0")
THANOS = Image("quay.io", "thanos/thanos", "v0.42.4")
GRAFANA = Image("docker.io", "grafana/grafana", "13.2.0")
SIDECAR = Image("quay.io", "kiwigrid/k8s-sidecar", "2.10.1")
STATE_METRICS = Image("registry.k8s.io", "kube-state-metrics/kube-state-metrics", "v2.20.0")
NODE_EXPORTER = Image("quay.io", "prometheus/node-exporter", "v1.12.1-distroless")

_UNREACHABLE = ("kubeControllerManager", "kubeEtcd", "kubeProxy", "kubeScheduler")
"""Parts of the control plane that EKS does not let anybody scrape, or that listen on the node's loopback only."""
_NO_RULES = ("etcd", "kubeControllerManager", "kubeProxy", "kubeSchedulerAlerting", "kubeSchedulerRecording", "windows")
_NO_ALERTS = (
    "alertmanager", "configReloaders", "general", "kubeApiserverSlos", "kubeStateMetrics", "kubernetesApps", "kubernetesResources",
    "kubernetesStorage", "kubernetesSystem", "network", "node", "nodeExporterAlerting", "prometheus", "prometheusOperator",
)  # fmt: skip
"""Alerts that name no team, runbook of this repository or dashboard; the platform has its own in their place."""

_VPC_CNI: Mapping[str, Any] = {
    "name": "aws-node",
    "namespaceSelector": {"matchNames": ["kube-system"]},
    "selector": {"matchLabels": {"k8s-app": "aws-node"}},
    "podMetricsEndpoints": [
        {"port": "metrics", "relabelings": [{"sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "node"}]}
    ],
}
"""The CNI, which EKS installs without a monitor: addresses that a node holds and has refused."""

ALERTMANAGER_SECRETS = "/etc/alertmanager/secrets"
"""Where Alertmanager finds the keys of its receivers: SECRET/KEY."""
_PROMOTED = ("service.name", "service.namespace", "service.instance.id", "k8s.namespace.name", "k8s.pod.name", "team")
"""Attributes of a resource that become labels of its metrics."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """What one installation is told beyond its cluster."""

    retention_days: int = 15
    storage_gib: int = 100
    """Volume of each Prometheus; blocks are dropped when they fill four fifths of it."""
    storage_class: str | None = None
    memory_mib: int = 4096
    sample_limit: int = 50_000
    label_limit: int = 64
    exemplars: int = 100_000
    remote_write: Sequence[Mapping[str, Any]] = ()
    thanos: bool = True
    """Whether a sidecar uploads blocks to the long-term store."""
    secrets: Sequence[tuple[str, str]] = ()
    """Secret and key of everything that Alertmanager's receivers read."""
    grafana_ini: Mapping[str, Any] = field(default_factory=dict)
    grafana_environment: Mapping[str, Any] = field(default_factory=dict)
    """Environment of Grafana that comes out of Secrets."""
    grafana_replicas: int = 1
    data_sources: Sequence[Mapping[str, Any]] = ()
    sigv4: bool = False
    """Whether Grafana signs what it asks, as Amazon Managed Service for Prometheus wants."""
    issuer: Any = None
    """`issuerRef` of the webhook's certificate. None: an issuer of the chart's own."""


def values(site: Site, metrics: Metrics | None = None) -> Values:
    """Everything that watches, with nothing that a managed control plane cannot answer.

    Args:
        site: the cluster.
        metrics: sizes, retention and the long-term store. None: those of a small production cluster.
    """
    metrics = metrics or Metrics()
    return {
        "fullnameOverride": NAME,
        # They are another add-on's, which upgrades them.
        "crds": {"enabled": False},
        "defaultRules": {"create": True, "rules": dict.fromkeys((*_NO_RULES, *_NO_ALERTS), False)},
        **{part: {"enabled": False} for part in _UNREACHABLE},
        "prometheusOperator": _operator(site, metrics),
        "prometheus": _prometheus(site, metrics),
        "alertmanager": _alertmanager(site, metrics),
        "grafana": _grafana(site, metrics),
        "kube-state-metrics": {
            "fullnameOverride": "kube-state-metrics",
            "image": _image(STATE_METRICS, site.mirror),
            "resources": resources(20, 128, 512),
            # Ownership, by which cost and alerts find the team of a namespace.
            "metricLabelsAllowlist": labels_allowlist(),
            "securityContext": pod_security(65534, fs_group=65534),
            **_placement(site),
        },
        "prometheus-node-exporter": {
            "fullnameOverride": "node-exporter",
            "namespaceOverride": NODES,
            "image": {**_image(NODE_EXPORTER, site.mirror), "tag": NODE_EXPORTER.tag.removesuffix("-distroless")},
            "resources": resources(20, 32, 128),
            "securityContext": pod_security(65534, fs_group=65534),
            "containerSecurityContext": container_security(),
            "tolerations": [{"operator": "Exists"}],
            **priority(site.priority_class),
        },
    }


def _operator(site: Site, metrics: Metrics) -> Values:
    webhooks: Values = {
        # By cert-manager and not by jobs: no hook runs, and the certificate is renewed.
        "certManager": {"enabled": True, **({"issuerRef": metrics.issuer} if metrics.issuer is not None else {})},
        "patch": {"enabled": False},
    }
    return {
        "image": _image(OPERATOR, site.mirror),
        "prometheusConfigReloader": {"image": _image(RELOADER, site.mirror), "resources": resources(10, 32, 64)},
        "thanosImage": _image(THANOS, site.mirror),
        "resources": resources(50, 128, 512),
        "admissionWebhooks": webhooks,
        **_placement(site),
    }


def _prometheus(site: Site, metrics: Metrics) -> Values:
    names = ("rule", "serviceMonitor", "podMonitor", "probe", "scrapeConfig")
    specification: Values = {
        "image": _image(PROMETHEUS, site.mirror),
        "replicas": site.replicas,
        "retention": f"{metrics.retention_days}d",
        "retentionSize": f"{metrics.storage_gib * 4 // 5}GiB",
        "storageSpec": _volume(metrics.storage_gib, metrics.storage_class),
        "resources": resources(200, metrics.memory_mib * 3 // 4, metrics.memory_mib),
        # Whoever runs a workload may bring its monitors and rules, in whatever namespace.
        **{f"{name}SelectorNilUsesHelmValues": False for name in names},
        "enforcedSampleLimit": metrics.sample_limit,
        "enforcedLabelLimit": metrics.label_limit,
        "enforcedLabelNameLengthLimit": 256,
        "enforcedLabelValueLengthLimit": 2048,
        "enforcedTargetLimit": 2000,
        "enforcedKeepDroppedTargets": 100,
        "enforcedBodySizeLimit": "64MB",
        "exemplars": {"maxSize": metrics.exemplars},
        "enableFeatures": ["exemplar-storage"],
        # The gateway collector writes what applications send; late, where a queue had to wait.
        "enableOTLPReceiver": True,
        "otlp": {"promoteResourceAttributes": list(_PROMOTED)},
        "tsdb": {"outOfOrderTimeWindow": "30m"},
        "externalLabels": {"cluster": site.environment},
        "replicaExternalLabelName": "prometheus_replica",
        "remoteWrite": list(metrics.remote_write),
        "podAntiAffinity": "hard" if site.highly_available else "soft",
        "topologySpreadConstraints": spread({"app.kubernetes.io/name": "prometheus"}) if site.highly_available else [],
        **_placement(site),
    }
    if metrics.thanos:
        secret = {"existingSecret": {"name": OBJECT_STORE, "key": "objstore.yml"}}
        specification["thanos"] = {"objectStorageConfig": secret, "resources": resources(50, 128, 512)}
        # The compactor of the long-term store compacts; two would fight over the same blocks.
        specification["disableCompaction"] = True
    return {
        "serviceAccount": {"create": True, "name": PROMETHEUS_ACCOUNT},
        "thanosService": {"enabled": metrics.thanos},
        "thanosServiceMonitor": {"enabled": metrics.thanos},
        "podDisruptionBudget": {"enabled": site.highly_available, "minAvailable": 1},
        "additionalPodMonitors": [_VPC_CNI],
        "prometheusSpec": specification,
    }


def _alertmanager(site: Site, metrics: Metrics) -> Values:
    return {
        "podDisruptionBudget": {"enabled": site.highly_available, "minAvailable": 1},
        "alertmanagerSpec": {
            "image": _image(ALERTMANAGER, site.mirror),
            # Three, so that one may be away and the others still agree on what was sent.
            "replicas": 3 if site.highly_available else 1,
            "useExistingSecret": True,
            "configSecret": ALERTMANAGER_CONFIG,
            **_receiver_secrets(metrics.secrets),
            "storage": _volume(2, metrics.storage_class),
            "resources": resources(20, 64, 256),
            "podAntiAffinity": "hard" if site.highly_available else "soft",
            **_placement(site),
        },
    }


def _receiver_secrets(keys: Sequence[tuple[str, str]]) -> Values:
    """The keys of receivers, as files. All are optional: where one is not there yet its receiver fails, and nobody else's."""
    if not keys:
        return {}
    sources = [
        {"secret": {"name": name, "optional": True, "items": [{"key": key, "path": f"{name}/{key}"} for of, key in keys if of == name]}}
        for name in sorted({name for name, _ in keys})
    ]
    mount = {"name": "receivers", "mountPath": ALERTMANAGER_SECRETS, "readOnly": True}
    return {"volumes": [{"name": "receivers", "projected": {"sources": sources}}], "volumeMounts": [mount]}


def _grafana(site: Site, metrics: Metrics) -> Values:
    return {
        "fullnameOverride": GRAFANA_SERVICE,
        "image": _image(GRAFANA, site.mirror),
        "replicas": metrics.grafana_replicas,
        "headlessService": metrics.grafana_replicas > 1,
        "podDisruptionBudget": {"minAvailable": 1} if metrics.grafana_replicas > 1 else {},
        "admin": {"existingSecret": GRAFANA_ADMIN, "userKey": "user", "passwordKey": "password"},
        "serviceAccount": {"create": True, "name": GRAFANA_ACCOUNT},
        # Its sidecars read ConfigMaps of their own namespace, and no Secret anywhere.
        "rbac": {"namespaced": True},
        "resources": resources(50, 192, 512),
        "securityContext": pod_security(472, fs_group=472),
        "containerSecurityContext": container_security(),
        "initChownData": {"enabled": False},
        "testFramework": {"enabled": False},
        "defaultDashboardsEditable": False,
        **({"grafana.ini": dict(metrics.grafana_ini)} if metrics.grafana_ini else {}),
        "env": {"AWS_SDK_LOAD_CONFIG": "true", "GF_AUTH_SIGV4_AUTH_ENABLED": "true"} if metrics.sigv4 else {},
        "envValueFrom": dict(metrics.grafana_environment),
        "additionalDataSources": list(metrics.data_sources),
        "sidecar": {
            "image": _image(SIDECAR, site.mirror),
            "resources": resources(10, 64, 192),
            "securityContext": container_security(),
            "datasources": {
                "resource": "configmap",
                "alertmanager": {"enabled": True},
                "exemplarTraceIdDestinations": {"datasourceUid": "tempo", "traceIdLabelName": "trace_id"},
            },
            "dashboards": {
                "resource": "configmap",
                "searchNamespace": MONITORING,
                "label": DASHBOARD,
                "annotations": {FOLDER: "Kubernetes"},
                "folderAnnotation": FOLDER,
                "provider": {"foldersFromFilesStructure": True, "allowUiUpdates": False},
            },
        },
        **_placement(site),
    }


def _volume(gib: int, storage_class: str | None) -> Values:
    specification: Values = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": f"{gib}Gi"}}}
    if storage_class:
        specification["storageClassName"] = storage_class
    return {"volumeClaimTemplate": {"spec": specification}}


def _image(image: Image, mirror: Mirror | None) -> Values:
    found = mirrored(image, mirror)
    return {"registry": found.registry, "repository": found.repository, "tag": found.tag}


def _placement(site: Site) -> Values:
    return {"tolerations": list(site.tolerations), "nodeSelector": dict(site.node_selector or {}), **priority(site.priority_class)}


ADDON = Addon(
    name="kube-prometheus-stack",
    role="metrics",
    chart="kube-prometheus-stack",
    repository="https://prometheus-community.github.io/helm-charts",
    version="88.5.3",
    app_version="v0.93.1",
    kubernetes=KubernetesRange("1.25", "1.36", "kubeVersion of the chart; operator v0.93 is built with client-go 0.36"),
    namespace=MONITORING,
    pod_security=PodSecurity.RESTRICTED,
    # Prometheus has to reach every pod, and on nodes the kubelet and the node exporter; controllers of releases ask it, and people reach
    # Grafana through the gateway.
    traffic=Traffic(
        webhooks=(10250,),
        served={**dict.fromkeys(RELEASING, (9090,)), GATEWAY: (GRAFANA_PORT,)},
        everywhere=True,
        outside=(443, 9100, 10250),
    ),
    images=(OPERATOR, RELOADER, PROMETHEUS, ALERTMANAGER, THANOS, GRAFANA, SIDECAR, STATE_METRICS, NODE_EXPORTER),
    values=values,
    service_account=PROMETHEUS_ACCOUNT,
    needs=("prometheus-operator-crds", "cert-manager"),
    exceptions={"podSecurity": f"the node exporter sees its node: host network, processes and root, read-only; it is alone in {NODES}"},
)
