"""gha-runner-scale-set-controller: makes a runner of GitHub Actions for every job that waits, and takes it away after.

Chart and values: actions/actions-runner-controller, charts/gha-runner-scale-set-controller at gha-runner-scale-set-0.14.2. A listener for
each scale set runs beside the controller, so that the two namespaces of credentials and of jobs are apart.
"""

from platform_components.charts.addon import Addon, Definitions, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import HOST, container_security, pod_security, priority, resources
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

VERSION = "0.14.2"
IMAGE = Image("ghcr.io", "actions/gha-runner-scale-set-controller", VERSION)
KUBERNETES = KubernetesRange("1.29", "1.36", "built with client-go 0.36; the charts use rbac/v1, apps/v1 and v1 only")
NAMESPACE = "arc-systems"
SERVICE_ACCOUNT = "gha-rs-controller"
METRICS_PORT = 8080
LABELS = {"app.kubernetes.io/part-of": "gha-rs-controller", "app.kubernetes.io/component": "controller-manager"}
"""Labels of the controller's pods."""


def values(site: Site) -> Values:
    """The controller, sized and quiet; the chart's own image is also that of the listeners."""
    image = mirrored(IMAGE, site.mirror)
    return {
        "replicaCount": site.replicas,
        "image": {"repository": f"{image.registry}/{image.repository}", "tag": image.tag},
        "serviceAccount": {"create": True, "name": SERVICE_ACCOUNT},
        "resources": resources(100, 256, 512),
        "podSecurityContext": pod_security(),
        "securityContext": container_security(),
        "metrics": {"controllerManagerAddr": f":{METRICS_PORT}", "listenerAddr": f":{METRICS_PORT}", "listenerEndpoint": "/metrics"},
        # The chart's two runners at a time are not enough where fifty jobs begin with one push.
        "flags": {"logLevel": "info", "logFormat": "json", "runnerMaxConcurrentReconciles": 10, "healthProbeBindAddress": ":8081"},
        "affinity": _apart() if site.highly_available else {},
        "nodeSelector": dict(site.node_selector or {}),
        "tolerations": list(site.tolerations),
        **priority(site.priority_class),
    }


def _apart() -> Values:
    """One replica for each node, where there are nodes."""
    term = {"labelSelector": {"matchLabels": LABELS}, "topologyKey": HOST}
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]}}


ADDON = Addon(
    name="gha-runner-scale-set-controller",
    role="arc",
    chart="gha-runner-scale-set-controller",
    repository="oci://ghcr.io/actions/actions-runner-controller-charts",
    version="0.14.2",
    app_version="0.14.2",
    kubernetes=KUBERNETES,
    namespace=NAMESPACE,
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(metrics=(METRICS_PORT,)),
    images=(IMAGE,),
    values=values,
    definitions=Definitions(("actions.github.com",), upgraded=False, source="the chart's crds/ folder"),
    needs=("prometheus-operator-crds",),
    optional=True,
)
