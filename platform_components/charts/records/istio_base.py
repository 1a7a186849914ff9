"""istio-base: the kinds of Istio, and the webhook that checks them.

Chart and values: istio/istio, manifests/charts/base at 1.30.3. Its definitions are templates: Helm deletes them, and every object of
theirs, with the release. It has no pods.
"""

from platform_components.charts.addon import Addon, Definitions, PodSecurity, Values
from platform_components.charts.records.istiod import KUBERNETES, NAMESPACE, REPOSITORY, VERSION, Istio
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic


def values(site: Site, istio: Istio | None = None) -> Values:
    """The definitions, and which revision answers for what names none.

    Args:
        site: the cluster.
        istio: the revision that everything follows which names none. None: the record's version.
    """
    del site
    istio = istio or Istio()
    return {
        "defaultRevision": istio.revision,
        # An account that may read every service and pod is for other clusters' control planes.
        "global": {"istioNamespace": NAMESPACE, "enableReaderRBAC": istio.network is not None},
    }


ADDON = Addon(
    name="istio-base",
    role="istio-base",
    chart="base",
    repository=REPOSITORY,
    version=VERSION,
    app_version=VERSION,
    kubernetes=KUBERNETES,
    namespace=NAMESPACE,
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(outside=()),
    images=(),
    values=values,
    definitions=Definitions(
        ("networking.istio.io", "security.istio.io", "telemetry.istio.io", "extensions.istio.io"),
        upgraded=True,
        source="the chart's templates, deleted with the release",
    ),
    optional=True,
)
