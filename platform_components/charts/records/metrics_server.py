"""metrics-server: CPU and memory of pods and nodes for autoscalers and `kubectl top`.

Chart and values: kubernetes-sigs/metrics-server, charts/metrics-server at 3.13.1. Size: 100m and 200Mi serve 100 nodes
(https://github.com/kubernetes-sigs/metrics-server#scaling).
"""

from platform_components.charts.addon import Addon, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, resources, spread
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

IMAGE = Image("registry.k8s.io", "metrics-server/metrics-server", "v0.8.1")
LABELS = {"app.kubernetes.io/name": "metrics-server", "app.kubernetes.io/instance": "metrics-server"}


def values(site: Site) -> Values:
    """Two replicas behind a disruption budget where that is wanted, and metrics of its own where somebody scrapes them."""
    image = mirrored(IMAGE, site.mirror)
    return {
        "image": {"repository": f"{image.registry}/{image.repository}", "tag": image.tag},
        "replicas": site.replicas,
        "podDisruptionBudget": {"enabled": site.highly_available, "maxUnavailable": 1},
        "podSecurityContext": pod_security(),
        "securityContext": container_security(uid=1000),
        "resources": resources(100, 200, 400),
        "topologySpreadConstraints": spread(LABELS),
        "tolerations": list(site.tolerations),
        "nodeSelector": dict(site.node_selector or {}),
        "metrics": {"enabled": site.monitors},
        "serviceMonitor": {"enabled": site.monitors},
    }


ADDON = Addon(
    name="metrics-server",
    role="metrics-server",
    chart="metrics-server",
    repository="https://kubernetes-sigs.github.io/metrics-server",
    version="3.13.1",
    app_version="0.8.1",
    kubernetes=KubernetesRange("1.31", "1.36", "README of 0.8: Kubernetes 1.31 and newer"),
    namespace="metrics-server",
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(webhooks=(10250,), metrics=(10250,), outside=(443, 10250)),
    images=(IMAGE,),
    values=values,
    needs=("prometheus-operator-crds",),
    exceptions={"priorityClass": "system-cluster-critical, as the chart has it"},
)
