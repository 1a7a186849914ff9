"""reloader: replaces the pods of a workload when a Secret or ConfigMap that it names changes.

Chart and values: stakater/Reloader, deployments/kubernetes/chart/reloader at 2.2.16. A workload asks for it by an annotation, and nobody is
restarted without one. It reads Secrets of every namespace, since it has to see that they change: whoever may run commands in its pod has
them all, so nobody but the platform's own people may, and it reaches nothing but the API server.
"""

from platform_components.charts.addon import Addon, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, priority, resources, spread
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

APP_VERSION = "v1.4.21"
IMAGE = Image("ghcr.io", "stakater/reloader", APP_VERSION)
NAMESPACE = "reloader"
SECRET_ANNOTATION = "secret.reloader.stakater.com/reload"  # noqa: S105 -- a name
"""Of a workload: the Secrets whose change replaces its pods, by commas."""


def values(site: Site) -> Values:
    """Two that agree on a leader where that is wanted; jobs are left alone, which spares it the right to make some."""
    image = mirrored(IMAGE, site.mirror)
    return {
        "fullnameOverride": "reloader",
        "image": {"repository": f"{image.registry}/{image.repository}", "tag": image.tag},
        "reloader": {
            "autoReloadAll": False,
            "ignoreJobs": True,
            "ignoreCronJobs": True,
            # On the pods' template: an environment variable would be taken back by whatever delivers the workload.
            "reloadStrategy": "annotations",
            "logFormat": "json",
            "enableHA": site.highly_available,
            "readOnlyRootFileSystem": True,
            "deployment": {
                "replicas": site.replicas,
                "securityContext": pod_security(65534),
                "containerSecurityContext": container_security(),
                "resources": resources(20, 128, 512),
                **priority(site.priority_class),
                "tolerations": list(site.tolerations),
                "nodeSelector": {"kubernetes.io/os": "linux", **(site.node_selector or {})},
                "topologySpreadConstraints": spread({"app": "reloader"}),
            },
            "podDisruptionBudget": {"enabled": site.highly_available, "maxUnavailable": 1},
            "podMonitor": {"enabled": site.monitors},
        },
    }


ADDON = Addon(
    name="reloader",
    role="reloader",
    chart="reloader",
    repository="https://stakater.github.io/stakater-charts",
    version="2.2.16",
    app_version="v1.4.21",
    kubernetes=KubernetesRange("1.32", "1.36", "https://github.com/stakater/Reloader/blob/v1.4.21/README.md (1.19 or newer)"),
    namespace=NAMESPACE,
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(metrics=(9090,)),
    images=(IMAGE,),
    values=values,
    needs=("prometheus-operator-crds",),
    optional=True,
)
