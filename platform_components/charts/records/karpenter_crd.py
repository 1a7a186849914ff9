"""karpenter-crd: the kinds of Karpenter, in templates, so that an upgrade of the release upgrades them.

Chart and values: aws/karpenter-provider-aws, charts/karpenter-crd at v1.14.1. It has no pods.
"""

from platform_components.charts.addon import Addon, Definitions, PodSecurity, Values
from platform_components.charts.records.karpenter import KUBERNETES, VERSION
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic


def values(site: Site) -> Values:
    """Nothing to set: a chart of definitions only."""
    del site
    return {}


ADDON = Addon(
    name="karpenter-crd",
    role="karpenter-crds",
    chart="karpenter-crd",
    repository="oci://public.ecr.aws/karpenter",
    version=VERSION,
    app_version=VERSION,
    kubernetes=KUBERNETES,
    namespace="kube-system",
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(outside=()),
    images=(),
    values=values,
    definitions=Definitions(("karpenter.sh", "karpenter.k8s.aws", "autoscaling.x-k8s.io"), upgraded=True, source="the chart's templates"),
)
