"""prometheus-blackbox-exporter: asks for public addresses as their users do.

Chart and values: prometheus-community/helm-charts, charts/prometheus-blackbox-exporter at prometheus-blackbox-exporter-11.17.2.
"""

from collections.abc import Mapping
from typing import Any

from platform_components.charts.addon import Addon, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, priority, resources, spread
from platform_components.charts.site import Site
from platform_components.charts.traffic import MONITORING, Traffic

APP_VERSION = "0.28.0"
IMAGE = Image("quay.io", "prometheus/blackbox-exporter", f"v{APP_VERSION}")
NAME = "blackbox"
ADDRESS = f"{NAME}.{MONITORING}.svc:9115"


def values(site: Site, modules: Mapping[str, Any] | None = None) -> Values:
    """A prober with the modules that the checks name.

    Args:
        site: the cluster.
        modules: how to ask, by name. None: a page that answers over TLS.
    """
    image = mirrored(IMAGE, site.mirror)
    return {
        "fullnameOverride": NAME,
        "image": {"registry": image.registry, "repository": image.repository, "tag": image.tag},
        "replicas": site.replicas,
        "config": {"modules": dict(modules or {"http_2xx": {"prober": "http", "timeout": "10s", "http": {"fail_if_not_ssl": True}}})},
        "resources": resources(10, 32, 128),
        "podSecurityContext": pod_security(1000),
        "securityContext": container_security(uid=1000),
        "topologySpreadConstraints": spread({"app.kubernetes.io/name": "prometheus-blackbox-exporter"}) if site.highly_available else [],
        "podDisruptionBudget": {"maxUnavailable": 1} if site.highly_available else {},
        "serviceMonitor": {"selfMonitor": {"enabled": site.monitors}},
        "tolerations": list(site.tolerations),
        "nodeSelector": dict(site.node_selector or {}),
        **priority(site.priority_class),
    }


ADDON = Addon(
    name="prometheus-blackbox-exporter",
    role="probes",
    chart="prometheus-blackbox-exporter",
    repository="https://prometheus-community.github.io/helm-charts",
    version="11.17.2",
    app_version="v0.28.0",
    kubernetes=KubernetesRange("1.21", "1.36", "kubeVersion of the chart"),
    namespace=MONITORING,
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(metrics=(9115,)),
    images=(IMAGE,),
    values=values,
    needs=("prometheus-operator-crds",),
)
