"""What says of a team who it is: labels, annotations, tags, its entry in a catalogue. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from platform_components.labels import DOMAINS, INGRESS, NODE_POOL, PUBLIC_LOAD_BALANCERS, owned
from platform_components.mesh.namespaces import ANNOTATIONS, LABELS
from platform_components.tags import MANAGED_BY, merge_tags

TEAM_LABEL: Final = "platform-components/team"
"""Label of a namespace: the team that owns it. OpenCost and Prometheus allocate by it."""

POD_SECURITY_MODES: Final = ("enforce", "audit", "warn")

CONTEXT: Final = "tenant"
"""Name of the ConfigMap that tells a team's programs what the team has."""


def namespace_metadata(
    name: str, team: str, tier: str, mesh: str | None, domains: list[str], *, ingress: bool, public: bool, node_pool: str | None = None
) -> dict[str, Any]:
    """Metadata of a team's namespace: how its pods are held, and what it may have."""
    labels = {
        **{f"pod-security.kubernetes.io/{mode}": "restricted" for mode in POD_SECURITY_MODES},
        "app.kubernetes.io/managed-by": MANAGED_BY,
        TEAM_LABEL: team,
        "platform-components/tier": tier,
        **({INGRESS: "true"} if ingress else {}),
        **(LABELS[mesh] if mesh else {}),
    }
    annotations = {
        **(ANNOTATIONS[mesh] if mesh else {}),
        **({DOMAINS: ",".join(domains)} if domains else {}),
        **({PUBLIC_LOAD_BALANCERS: "true"} if public else {}),
        **({NODE_POOL: node_pool} if node_pool else {}),
    }
    return {"name": name, "labels": owned(labels), "annotations": annotations}


def cost_tags(team: str, namespace: str, service: str | None = None, *, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Tags by which costs are told apart."""
    return merge_tags(more or {}, {"Team": team, "Tenant": namespace}, {"Service": service} if service else {})


@dataclass(frozen=True, slots=True)
class CatalogueService:
    """A service, as the catalogue shows it."""

    name: str
    tier: str
    lifecycle: str
    needs: tuple[str, ...] = ()
    """Claims of data."""


def catalogue_entities(
    team: str, owners: Sequence[str], tier: str, services: Sequence[CatalogueService], claims: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The team, its services and its data as entities of Backstage's catalogue.

    Args:
        team: the team.
        owners: who answers for it.
        tier: how much depends on it.
        services: what it runs.
        claims: kinds of what it keeps data in, by name.

    Source: https://backstage.io/docs/features/software-catalog/descriptor-format.
    """
    owner = f"group:{team}"
    labels = {"tier": tier}
    annotations = {"platform-components/owners": ",".join(owners)}
    group = {"metadata": {"name": team, "labels": labels, "annotations": annotations}, "spec": {"type": "team", "children": []}}
    return [
        {**_HEAD, "kind": "Group", **group},
        *(
            {
                **_HEAD,
                "kind": "Component",
                "metadata": {
                    "name": f"{team}-{service.name}",
                    "labels": {"tier": service.tier},
                    "annotations": {"backstage.io/kubernetes-label-selector": f"app.kubernetes.io/name={service.name}"},
                },
                "spec": {
                    "type": "service",
                    "lifecycle": service.lifecycle,
                    "owner": owner,
                    "dependsOn": [f"resource:{team}-{claim}" for claim in service.needs],
                },
            }
            for service in services
        ),
        *(
            {**_HEAD, "kind": "Resource", "metadata": {"name": f"{team}-{claim}"}, "spec": {"type": kind, "owner": owner}}
            for claim, kind in claims.items()
        ),
    ]


_HEAD: Final = {"apiVersion": "backstage.io/v1alpha1"}
