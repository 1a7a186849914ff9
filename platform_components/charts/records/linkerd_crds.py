"""linkerd-crds: the kinds of Linkerd. Those of the Gateway API come from a chart of their own.

Chart and values: linkerd/linkerd2, charts/linkerd-crds at edge-26.8.3. Its definitions are templates: Helm deletes them, and every object
of theirs, with the release. It has no pods.
"""

from platform_components.charts.addon import Addon, Definitions, PodSecurity, Values
from platform_components.charts.records.linkerd_control_plane import KUBERNETES, NAMESPACE, REPOSITORY, VERSION
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic


def values(site: Site) -> Values:
    """Linkerd's own definitions."""
    del site
    return {"installGatewayAPI": False}


ADDON = Addon(
    name="linkerd-crds",
    role="linkerd-crds",
    chart="linkerd-crds",
    repository=REPOSITORY,
    version=VERSION,
    # The chart names none.
    app_version="",
    kubernetes=KUBERNETES,
    namespace=NAMESPACE,
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(outside=()),
    images=(),
    values=values,
    definitions=Definitions(
        ("linkerd.io", "policy.linkerd.io", "workload.linkerd.io"), upgraded=True, source="the chart's templates, deleted with the release"
    ),
    optional=True,
)
