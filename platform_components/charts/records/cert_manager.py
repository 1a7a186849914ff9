"""cert-manager: certificates from issuers, renewed before they expire.

Chart and values: cert-manager/cert-manager, deploy/charts/cert-manager at v1.21.1. Its definitions stay when the release goes
(`crds.keep`), for Helm would delete every Certificate with them.
"""

from platform_components.charts.addon import Addon, Definitions, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, priority, resources, spread
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

VERSION = "v1.21.1"
NAMESPACE = "cert-manager"
IMAGES = tuple(
    Image("quay.io", f"jetstack/cert-manager-{part}", VERSION)
    for part in ("controller", "webhook", "cainjector", "acmesolver", "startupapicheck")
)


def values(site: Site) -> Values:
    """Three controllers, each with its own size; certificates are signed by issuers alone, so nothing here is random."""
    image = mirrored(IMAGES[0], site.mirror)
    return {
        "imageRegistry": image.registry,
        "imageNamespace": image.repository.rpartition("/")[0],
        "crds": {"enabled": True, "keep": True},
        # Elections in kube-system would want rights in a namespace that is not its own.
        "global": {"leaderElection": {"namespace": NAMESPACE}, **priority(site.priority_class)},
        **_part(site, "controller", resources(50, 128, 512)),
        "webhook": _part(site, "webhook", resources(20, 48, 128)),
        "cainjector": _part(site, "cainjector", resources(20, 96, 384)),
        "startupapicheck": {
            "resources": resources(20, 48),
            "securityContext": pod_security(),
            "containerSecurityContext": container_security(),
            "tolerations": list(site.tolerations),
        },
        # What it says of a certificate keeps the certificate's own namespace; else the alerts on it would never match.
        "prometheus": {"enabled": True, "servicemonitor": {"enabled": site.monitors, "honorLabels": True}},
    }


def _part(site: Site, component: str, size: Values) -> Values:
    labels = {"app.kubernetes.io/instance": ADDON.role, "app.kubernetes.io/component": component}
    return {
        "replicaCount": site.replicas,
        "podDisruptionBudget": {"enabled": site.highly_available},
        "resources": size,
        "securityContext": pod_security(),
        "containerSecurityContext": container_security(),
        "topologySpreadConstraints": spread(labels),
        "tolerations": list(site.tolerations),
        "nodeSelector": {"kubernetes.io/os": "linux", **(site.node_selector or {})},
        "networkPolicy": {"enabled": True},
    }


ADDON = Addon(
    name="cert-manager",
    role="cert-manager",
    chart="cert-manager",
    repository="oci://quay.io/jetstack/charts",
    version=VERSION,
    app_version=VERSION,
    kubernetes=KubernetesRange("1.32", "1.36", "https://cert-manager.io/docs/releases/, supported releases"),
    namespace=NAMESPACE,
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(webhooks=(10250,), metrics=(9402,), outside=(53, 443)),
    images=IMAGES,
    values=values,
    definitions=Definitions(("cert-manager.io", "acme.cert-manager.io"), upgraded=True, source="the chart's templates, crds.enabled"),
    service_account="cert-manager",
    needs=("prometheus-operator-crds",),
)
