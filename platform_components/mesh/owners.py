"""Who installs what only one may: the definitions of the Gateway API, and the versions of Istio's charts. Pure.

Two charts that both own a definition undo each other's upgrades, and the one that goes first takes every route of the cluster with it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from platform_components.charts.records import ADDONS
from platform_components.charts.records.gateway_api_crds import GROUP

GATEWAY_API = "gateway-api-crds"

SWITCHES: Mapping[str, tuple[str, ...]] = {
    "linkerd-crds": ("installGatewayAPI", "enableHttpRoutes", "enableTlsRoutes", "enableTcpRoutes"),
}
"""Values by which a chart brings definitions of the Gateway API, by add-on."""

ISTIO_CHARTS = ("istio-base", "istiod", "istio-cni", "ztunnel", "istio-gateway")
LINKERD_CHARTS = ("linkerd-crds", "linkerd-cni", "linkerd-control-plane")

CHARTS: Mapping[str, tuple[str, ...]] = {
    "istio-ambient": ("istio-base", "istiod", "istio-cni", "ztunnel", "istio-gateway"),
    "istio-sidecar": ("istio-base", "istiod", "istio-cni", "istio-gateway"),
    "linkerd": LINKERD_CHARTS,
}
"""Add-ons of each kind of mesh; those of the Gateway API come beside them."""

AddonPath = tuple[str, ...]
"""Where something stands below an environment's `addons`."""


def gateway_api_problems(
    kind: str, owner: str, values: Mapping[str, Mapping[str, Any]], enabled: Mapping[str, bool]
) -> Iterator[tuple[AddonPath, str]]:
    """Further owners of the Gateway API, as (path below `addons`, reason).

    Args:
        kind: kind of the mesh.
        owner: what the mesh says: `installed` by it, or `existing`.
        values: values that the environment lays over an add-on's, by add-on.
        enabled: what the environment says of an add-on, by add-on.
    """
    whose = f"the mesh installs the Gateway API itself ({GATEWAY_API})" if owner == "installed" else "somebody else owns the Gateway API"
    for addon, switches in SWITCHES.items():
        for switch in switches if addon in CHARTS[kind] or enabled.get(addon) else ():
            if values.get(addon, {}).get(switch) is True:
                yield (addon, "values", switch), f"makes this chart a second owner: {whose}; leave it off"
    for name, record in ADDONS.items():
        brings = record.definitions is not None and GROUP in record.definitions.groups
        if enabled.get(name) and brings and (name != GATEWAY_API or owner == "existing"):
            yield (name, "enabled"), f"makes this chart a second owner: {whose}; leave it off"


def version_problems(kind: str, versions: Mapping[str, str | None]) -> Iterator[tuple[AddonPath, str]]:
    """Charts whose versions are said beside the mesh, as (path below `addons`, reason)."""
    if kind == "linkerd":
        told = {versions.get(addon) for addon in LINKERD_CHARTS}
        for addon in LINKERD_CHARTS if len(told) > 1 else ():
            if versions.get(addon) is not None:
                yield (addon, "version"), f"Linkerd's charts go together; give {', '.join(LINKERD_CHARTS)} one version, or none"
        return
    for addon in ISTIO_CHARTS:
        if versions.get(addon) is not None:
            yield (addon, "version"), "Istio's charts go together, in order and at most one minor version at a time; set mesh.revisions"
