"""flagger: canary, blue/green and A/B releases of ordinary Deployments, watched by what Prometheus measures.

Chart and values: fluxcd/flagger, charts/flagger at v1.44.0.
"""

from typing import Any

from platform_components.charts.addon import Addon, Definitions, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, priority, resources
from platform_components.charts.site import Site
from platform_components.charts.traffic import MONITORING, RELEASING, Traffic

VERSION = "1.44.0"
FLAGGER = Image("ghcr.io", "fluxcd/flagger", VERSION)
NAMESPACE = RELEASING[1]


def values(site: Site, prometheus_url: Any = "") -> Values:
    """The controller; a Canary names its router itself, the Gateway API is what it has unless it does.

    Args:
        site: the cluster.
        prometheus_url: address of Prometheus; may be late.
    """
    image = mirrored(FLAGGER, site.mirror)
    return {
        "image": {"repository": f"{image.registry}/{image.repository}", "tag": image.tag},
        "metricsServer": prometheus_url,
        "meshProvider": "gatewayapi:v1",
        # Pods of the platform's controllers are in no mesh.
        "podAnnotations": {"linkerd.io/inject": "disabled", "prometheus.io/scrape": "false"},
        "leaderElection": {"enabled": site.highly_available, "replicaCount": site.replicas},
        "podDisruptionBudget": {"enabled": site.highly_available, "minAvailable": 1},
        "podMonitor": {"enabled": site.monitors, "honorLabels": True},
        "securityContext": {"enabled": True, "context": container_security(uid=10001)},
        "resources": resources(50, 64, 512),
        **{f"podP{key[1:]}": name for key, name in priority(site.priority_class).items()},
        "tolerations": list(site.tolerations),
        "nodeSelector": dict(site.node_selector or {}),
        # Of templates in other namespaces only the platform's gate is used, and an admission policy holds which.
        "noCrossNamespaceRefs": False,
    }


ADDON = Addon(
    name="flagger",
    role="flagger",
    chart="flagger",
    repository="oci://ghcr.io/fluxcd/charts",
    version="1.44.0",
    app_version="1.44.0",
    kubernetes=KubernetesRange("1.31", "1.36", "kubeVersion of the chart: 1.19 and newer"),
    namespace=NAMESPACE,
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(metrics=(8080,), used={MONITORING: (9090,)}),
    images=(FLAGGER,),
    values=values,
    definitions=Definitions(("flagger.app",), upgraded=False, source="the chart's crds/ folder"),
    needs=("prometheus-operator-crds",),
    optional=True,
    exceptions={"topologySpread": "the chart spreads its replicas over nodes by an affinity"},
)
