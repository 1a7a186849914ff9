"""How far a team is kept from the others: isolation classes, and the node pool that is a team's own."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from platform_components.cluster.pools import KarpenterPool
from platform_components.labels import TEAM, TENANT_POOL_PREFIX
from platform_components.tenancy.quotas import OVERCOMMIT, QuotaClass


class Isolation(StrEnum):
    """How far a team is kept from the others in one environment."""

    NAMESPACE = "namespace"
    """A namespace on nodes that all teams share: apart in the API, in the network and in what it may use; one kernel for all."""
    NODE_POOL = "node_pool"
    """The same, and nodes of its own: nobody else's pods run there, and its own run nowhere else."""
    VIRTUAL_CLUSTER = "virtual_cluster"
    """A Kubernetes API of its own in the namespace: kinds, roles and namespaces are its own affair. Nodes and kernel are shared."""


def pool_name(namespace: str) -> str:
    """Name of the pool whose nodes are a namespace's own."""
    return f"{TENANT_POOL_PREFIX}{namespace}"


def model_pool(pools: Mapping[str, Any], wanted: str | None) -> KarpenterPool | None:
    """The pool of a cluster that teams' own are like: the one that is named, else Karpenter's first for everybody; None without one."""
    made = {name: pool for name, pool in pools.items() if isinstance(pool, KarpenterPool)}
    if wanted is not None:
        return made.get(wanted)
    return next((pool for pool in made.values() if not pool.dedicated), None)


def own_pool(model: KarpenterPool, team: str, size: QuotaClass) -> KarpenterPool:
    """A team's pool: nodes like those of a pool of the cluster, dedicated, and no more of them than its quota can fill.

    The ceiling is what the quota lets limits reach: requests fill half of it, and agents of the platform and nodes that are being replaced
    have room in the other half.

    Args:
        model: the pool it is like.
        team: the team.
        size: the quota class of the namespace.
    """
    mine: Mapping[str, object] = {
        "dedicated": True,
        "taints": (),
        "labels": {**model.labels, TEAM: team},
        "limit_vcpu": size.vcpu * OVERCOMMIT,
        "limit_memory_gib": size.memory_gib * OVERCOMMIT,
    }
    return model.model_copy(update=mine)
