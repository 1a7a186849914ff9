"""prometheus-operator-crds: the kinds ServiceMonitor, PodMonitor, PrometheusRule and so on, before the charts that make such objects.

Chart and values: prometheus-community/helm-charts, charts/prometheus-operator-crds, tag prometheus-operator-crds-31.0.1. It has no pods.
"""

from platform_components.charts.addon import Addon, Definitions, KubernetesRange, PodSecurity, Values
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic


def values(site: Site) -> Values:
    """Nothing to set: a chart of definitions only."""
    del site
    return {}


ADDON = Addon(
    name="prometheus-operator-crds",
    role="monitoring-crds",
    chart="prometheus-operator-crds",
    repository="https://prometheus-community.github.io/helm-charts",
    version="31.0.1",
    app_version="v0.93.1",
    kubernetes=KubernetesRange("1.25", "1.36", "kubeVersion of the chart; the definitions use nothing newer"),
    namespace="monitoring",
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(outside=()),
    images=(),
    values=values,
    # Grafana comes into this namespace later.
    routed=True,
    definitions=Definitions(("monitoring.coreos.com",), upgraded=True, source="the chart's templates"),
)
