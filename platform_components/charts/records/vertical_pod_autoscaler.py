"""vertical-pod-autoscaler: says what pods should ask for. The recommender alone: nothing here changes or evicts a pod.

Chart and values: kubernetes/autoscaler, vertical-pod-autoscaler/charts at vertical-pod-autoscaler-chart-0.11.0.
"""

from platform_components.charts.addon import Addon, Definitions, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, priority, resources
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

APP_VERSION = "1.7.1"
IMAGE = Image("registry.k8s.io", "autoscaling/vpa-recommender", APP_VERSION)


def values(site: Site) -> Values:
    """Recommendations in the status of VerticalPodAutoscaler objects, for people and for the right-sizing report."""
    image = mirrored(IMAGE, site.mirror)
    return {
        "podSecurityContext": pod_security(65534),
        "containerSecurityContext": container_security(),
        "admissionController": {"enabled": False},
        "updater": {"enabled": False},
        "recommender": {
            "enabled": True,
            "image": {"repository": f"{image.registry}/{image.repository}", "tag": image.tag},
            "replicas": site.replicas,
            "podDisruptionBudget": {"enabled": site.highly_available},
            "resources": resources(50, 512, 1024),
            "tolerations": list(site.tolerations),
            "nodeSelector": dict(site.node_selector or {}),
            **priority(site.priority_class),
        },
    }


ADDON = Addon(
    name="vertical-pod-autoscaler",
    role="vertical-recommender",
    chart="vertical-pod-autoscaler",
    repository="https://kubernetes.github.io/autoscaler",
    version="0.11.0",
    app_version=APP_VERSION,
    kubernetes=KubernetesRange("1.28", "1.36", "vertical-pod-autoscaler/docs/installation.md: VPA 1.x needs Kubernetes 1.28"),
    namespace="vertical-pod-autoscaler",
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(metrics=(8942,)),
    images=(IMAGE,),
    values=values,
    definitions=Definitions(("autoscaling.k8s.io",), upgraded=False, source="the chart's crds/"),
    needs=("metrics-server",),
    exceptions={"topologySpread": "the chart takes none; its own anti-affinity keeps replicas apart"},
)
