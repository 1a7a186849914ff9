"""Flux's objects: sources, what is applied from them, and each team's own identity. Pure.

Sources: https://fluxcd.io/flux/components/kustomize/kustomizations/, https://fluxcd.io/flux/installation/configuration/multitenancy/.
"""

from typing import Any

from platform_components.delivery.args import Delivery, Flux
from platform_components.observability import dashboards
from platform_components.observability.alerts import Alert, Group, Links, Severity, rule_spec

PLATFORM = "platform"
"""Source and Kustomization of the platform itself."""
PLATFORM_ACCOUNT = "kustomize-controller"
"""The controller's own account: the platform's objects are everywhere."""
TEAM_ACCOUNT = "flux-deployer"
"""Account in a team's namespace that its objects are applied as."""
TEAM_ROLE = "edit"
"""What that account may do in its namespace: neither quotas nor roles nor policies."""

Spec = dict[str, Any]


def address(repository: str) -> str:
    """A repository as Flux takes it: an address, never the short form of ssh (`git@host:path`)."""
    host, colon, path = repository.partition(":")
    return f"ssh://{host}/{path}" if colon and not path.startswith("//") else repository


def source(repository: str, branch: str, minutes: int, credentials: str | None = None) -> Spec:
    """A GitRepository."""
    return {
        "url": address(repository),
        "ref": {"branch": branch},
        "interval": f"{minutes}m",
        "timeout": "60s",
        **({"secretRef": {"name": credentials}} if credentials else {}),
    }


def platform_kustomization(engine: Flux) -> Spec:
    """What the platform applies, as the controller itself."""
    return _kustomization(engine.path, engine.interval_minutes, PLATFORM, PLATFORM_ACCOUNT)


def team_kustomization(delivery: Delivery, minutes: int, namespace: str) -> Spec:
    """What a team applies: into its namespace whatever the objects say, with the rights of its own account."""
    return {**_kustomization(delivery.path, minutes, "team", TEAM_ACCOUNT), "targetNamespace": namespace}


def _kustomization(path: str, minutes: int, origin: str, account: str) -> Spec:
    return {
        "interval": f"{minutes}m",
        "retryInterval": "2m",
        "timeout": "10m",
        "path": f"./{path.removeprefix('./')}" if path != "." else "./",
        "prune": True,
        "wait": True,
        "sourceRef": {"kind": "GitRepository", "name": origin},
        "serviceAccountName": account,
    }


def alerts(links: Links) -> Spec:
    """Reconciliations that keep failing: for longer than a retry takes."""
    rule = Alert(
        "ReconciliationFails",
        'sum by (controller) (rate(controller_runtime_reconcile_errors_total{namespace="flux-system"}[10m])) > 0',
        Severity.TICKET,
        "Flux's {{ $labels.controller }} keeps failing; `flux get all -A --status-selector ready=false` says where",
        dashboard=dashboards.OVERVIEW,
        lasting="15m",
    )
    return rule_spec([Group("gitops", [rule])], links)
