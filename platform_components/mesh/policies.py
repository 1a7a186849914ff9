"""Rules and telemetry of an Istio mesh, as specs of its objects. Pure.

Nothing is said of probes: the kubelet's reach a pod past ztunnel (from an address of their own), and past a sidecar by its agent.
Sources: https://istio.io/latest/docs/reference/config/security/authorization-policy/ and https://istio.io/latest/docs/reference/config/telemetry/.
"""

from collections.abc import Sequence
from typing import Any

from platform_components.charts.records.istio_gateway import LABELS, NAME
from platform_components.charts.records.istiod import TRACING_PROVIDER
from platform_components.charts.traffic import MONITORING

Spec = dict[str, Any]

_WAYPOINTS = [{"group": "gateway.networking.k8s.io", "kind": "GatewayClass", "name": "istio-waypoint"}]
"""Policies without a target do not reach waypoints."""


def peer_authentication() -> Spec:
    """Nothing is taken in plain text, anywhere in the mesh."""
    return {"mtls": {"mode": "STRICT"}}


def authorization_policies(trust_domain: str, metrics_ports: Sequence[int], *, ambient: bool, gateway: bool) -> dict[str, Spec]:
    """Specs of the policies of the root namespace, by name: they hold in every namespace.

    Args:
        trust_domain: beginning of the gateway's identity.
        metrics_ports: what may be scraped.
        ambient: whether there may be waypoints, which take policies that name them only.
        gateway: whether the platform's gateway is there.
    """
    rules: dict[str, list[Spec]] = {"allow-nothing": [], "allow-metrics": [_metrics(metrics_ports)]}
    if gateway:
        rules["allow-gateway"] = [{"from": [{"source": {"principals": [f"{trust_domain}/ns/{NAME}/sa/{NAME}"]}}]}]
    specs: dict[str, Spec] = {name: {"action": "ALLOW", **({"rules": found} if found else {})} for name, found in rules.items()}
    waypoints: dict[str, Spec] = {f"waypoint-{name}": {"targetRefs": _WAYPOINTS, **spec} for name, spec in specs.items()}
    return {**specs, **(waypoints if ambient else {})}


def gateway_clients() -> Spec:
    """Whoever reaches the gateway may use what its routes serve; who that is, the load balancer decides."""
    return {"action": "ALLOW", "selector": {"matchLabels": dict(LABELS)}, "rules": [{}]}


def telemetry(*, access_logs: bool, sampling_percent: float | None) -> Spec:
    """Access logs, and spans of a share of all requests; none of them where nothing is asked for.

    Args:
        access_logs: whether every request is logged.
        sampling_percent: share of requests. None: no spans.
    """
    spec: Spec = {"metrics": [{"providers": [{"name": "prometheus"}]}]}
    if access_logs:
        spec["accessLogging"] = [{"providers": [{"name": "envoy"}]}]
    if sampling_percent is not None:
        spec["tracing"] = [{"providers": [{"name": TRACING_PROVIDER}], "randomSamplingPercentage": sampling_percent}]
    return spec


def _metrics(ports: Sequence[int]) -> Spec:
    return {
        "from": [{"source": {"namespaces": [MONITORING]}}],
        "to": [{"operation": {"ports": [str(port) for port in ports]}}],
    }
