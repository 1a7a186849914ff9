"""What is scraped of an Istio mesh, as specs of PodMonitors: its charts bring none. Pure."""

from typing import Any

from platform_components.charts.records.istiod import DATA_PLANE, NAMESPACE

Spec = dict[str, Any]

_ENVOY = "/stats/prometheus"


def pod_monitors(*, ambient: bool) -> dict[str, tuple[str, Spec]]:
    """Namespace and spec of every PodMonitor, by name."""
    found = {
        "istiod": (NAMESPACE, _monitor({"matchLabels": {"app": "istiod"}}, "http-monitoring", "/metrics")),
        "istio-cni": (DATA_PLANE, _monitor({"matchLabels": {"k8s-app": "istio-cni-node"}}, "metrics", "/metrics")),
        # Gateways, waypoints and sidecars, wherever they are; no other pod has a port of this name.
        "istio-proxies": (NAMESPACE, {**_monitor({}, "http-envoy-prom", _ENVOY), "namespaceSelector": {"any": True}}),
    }
    if ambient:
        found["ztunnel"] = (DATA_PLANE, _monitor({"matchLabels": {"app": "ztunnel"}}, "ztunnel-stats", "/metrics"))
    return found


def _monitor(selector: Spec, port: str, path: str) -> Spec:
    return {"selector": selector, "podMetricsEndpoints": [{"port": port, "path": path, "interval": "30s"}]}
