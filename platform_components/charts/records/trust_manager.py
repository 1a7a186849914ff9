"""trust-manager: copies bundles of certificate authorities into namespaces.

Chart and values: cert-manager/trust-manager, deploy/charts/trust-manager at v0.24.0. Without its package of public authorities:
images bring their own, and only authorities of the platform are distributed.
"""

from platform_components.charts.addon import Addon, Definitions, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, priority, resources, spread
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

VERSION = "v0.24.0"
IMAGE = Image("quay.io", "jetstack/trust-manager", VERSION)
LABELS = {"app": "trust-manager"}


def values(site: Site) -> Values:
    """Reads sources in the namespace of cert-manager, writes ConfigMaps only: no right over anybody's Secrets."""
    image = mirrored(IMAGE, site.mirror)
    return {
        "imageRegistry": image.registry,
        "imageNamespace": image.repository.rpartition("/")[0],
        "crds": {"enabled": True, "keep": True},
        "replicaCount": site.replicas,
        "podDisruptionBudget": {"enabled": site.highly_available},
        "defaultPackage": {"enabled": False},
        "secretTargets": {"enabled": False},
        "resources": resources(20, 64, 256),
        "podSecurityContext": pod_security(),
        "topologySpreadConstraints": spread(LABELS),
        "tolerations": list(site.tolerations),
        "nodeSelector": {"kubernetes.io/os": "linux", **(site.node_selector or {})},
        **priority(site.priority_class),
        "app": {
            "securityContext": container_security(),
            "metrics": {"service": {"servicemonitor": {"enabled": site.monitors}}},
        },
    }


ADDON = Addon(
    name="trust-manager",
    role="trust-manager",
    chart="trust-manager",
    repository="oci://quay.io/jetstack/charts",
    version=VERSION,
    app_version=VERSION,
    kubernetes=KubernetesRange("1.25", "1.36", "kubeVersion of the chart"),
    namespace="cert-manager",
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(webhooks=(6443,), metrics=(9402,)),
    images=(IMAGE,),
    values=values,
    definitions=Definitions(("trust.cert-manager.io",), upgraded=True, source="the chart's templates, crds.enabled"),
    needs=("cert-manager",),
    exceptions={"networkPolicy": "the chart has none"},
)
