"""gateway-api-crds: the kinds of the Gateway API, standard channel, v1.5.1: the release that Istio 1.30 is built with.

Chart and values: giantswarm/gateway-api-crds-app, helm/gateway-api-crds at v1.8.1. The project itself publishes no chart. This one's
definitions stay when the release goes, and it fits into the megabyte that Helm keeps a release in; others do not. It has no pods.
"""

from platform_components.charts.addon import Addon, Definitions, KubernetesRange, PodSecurity, Values
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

GROUP = "gateway.networking.k8s.io"


def values(site: Site) -> Values:
    """The standard channel, and the guard against an older or experimental set of definitions over it."""
    del site
    return {"install": {"admissionPolicies": True}}


ADDON = Addon(
    name="gateway-api-crds",
    role="gateway-api",
    chart="gateway-api-crds",
    repository="oci://gsoci.azurecr.io/charts/giantswarm",
    version="1.8.1",
    app_version="gateway-api: v1.5.1, gateway-api-inference-extension: v1.4.0",
    kubernetes=KubernetesRange("1.31", "1.36", "Gateway API v1.5 supports the five newest minor versions at its release, and later ones"),
    namespace="kube-system",
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(outside=()),
    images=(),
    values=values,
    definitions=Definitions((GROUP,), upgraded=True, source="the chart's templates, kept when the release goes"),
    optional=True,
)
