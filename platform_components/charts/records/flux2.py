"""flux2: keeps the cluster as Git says, with every team's own rights.

Chart and values: fluxcd-community/helm-charts, charts/flux2 at flux2-2.18.3. Locked down for many teams: no references across namespaces,
and whoever names no service account acts as one without rights (https://fluxcd.io/flux/installation/configuration/multitenancy/).
"""

from platform_components.charts.addon import Addon, Definitions, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, priority, resources
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

PARTS = {
    "helmController": (Image("ghcr.io", "fluxcd/helm-controller", "v1.5.3"), resources(100, 256, 1024)),
    "kustomizeController": (Image("ghcr.io", "fluxcd/kustomize-controller", "v1.8.3"), resources(100, 256, 1024)),
    "sourceController": (Image("ghcr.io", "fluxcd/source-controller", "v1.8.2"), resources(100, 256, 1024)),
    "notificationController": (Image("ghcr.io", "fluxcd/notification-controller", "v1.8.3"), resources(50, 64, 256)),
}
CLI = Image("ghcr.io", "fluxcd/flux-cli", "v2.8.5")
NO_RIGHTS = "default"
"""Service account of whatever names none: it has no rights."""


def values(site: Site) -> Values:
    """Four controllers; those of images stay out, for what runs is decided in Git."""
    cli = mirrored(CLI, site.mirror)
    return {
        "installCRDs": True,
        "multitenancy": {"enabled": True, "defaultServiceAccount": NO_RIGHTS, "privileged": True},
        "cli": {
            "image": f"{cli.registry}/{cli.repository}",
            "tag": cli.tag,
            "resources": resources(20, 64, 128),
            "tolerations": list(site.tolerations),
        },
        **{name: _controller(site, image, size) for name, (image, size) in PARTS.items()},
        "imageAutomationController": {"create": False},
        "imageReflectionController": {"create": False},
        # The chart's own would allow every way out; the namespace has closed ones.
        "policies": {"create": False},
        "rbac": {"create": True, "createAggregation": False},
        "prometheus": {"podMonitor": {"create": site.monitors}},
    }


def _controller(site: Site, image: Image, size: Values) -> Values:
    pulled = mirrored(image, site.mirror)
    return {
        "create": True,
        "image": f"{pulled.registry}/{pulled.repository}",
        "tag": pulled.tag,
        "resources": size,
        "securityContext": container_security(uid=65534),
        "tolerations": list(site.tolerations),
        "nodeSelector": dict(site.node_selector or {}),
        **priority(site.priority_class),
    }


ADDON = Addon(
    name="flux2",
    role="flux",
    chart="flux2",
    repository="https://fluxcd-community.github.io/helm-charts",
    version="2.18.3",
    app_version="2.8.5",
    kubernetes=KubernetesRange("1.32", "1.36", "https://fluxcd.io/flux/installation/#prerequisites"),
    namespace="flux-system",
    pod_security=PodSecurity.RESTRICTED,
    # Port 9292 takes webhooks, which are signed.
    traffic=Traffic(metrics=(8080,), public=(9292,), outside=(22, 443)),
    images=(*(image for image, _ in PARTS.values()), CLI),
    values=values,
    definitions=Definitions(
        (
            "source.toolkit.fluxcd.io",
            "kustomize.toolkit.fluxcd.io",
            "helm.toolkit.fluxcd.io",
            "notification.toolkit.fluxcd.io",
        ),
        upgraded=True,
        source="the chart's templates, installCRDs",
    ),
    needs=("prometheus-operator-crds",),
    optional=True,
    exceptions={
        "replicas": "the chart runs each controller once",
        "podDisruptionBudget": "the chart has none",
        "topologySpread": "one replica",
    },
)
