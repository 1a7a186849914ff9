"""The pod of a job, the same whoever runs it: its nodes, its size, and what it may not do. Pure."""

from collections.abc import Mapping
from typing import Any

from platform_components.ci.args import RunnerPool
from platform_components.labels import DEDICATED_KEY, POOL_LABEL

Spec = dict[str, Any]
Mounts = Mapping[str, str]
"""Secrets, and where a job finds each."""

DO_NOT_DISRUPT: Mapping[str, str] = {"karpenter.sh/do-not-disrupt": "true"}
"""Karpenter neither consolidates nor replaces a node under a job; a spot node that EC2 takes back goes all the same."""

POOL = "platform-components/ci-pool"
"""Label of a job's pod: its pool."""

GRACE_SECONDS = 3600
"""How long a job may go on where its node has to go: most end within it."""


def node_selector(pool: RunnerPool) -> dict[str, str]:
    """Nodes of its pool only."""
    return {POOL_LABEL: pool.node_pool, **({"kubernetes.io/arch": pool.architecture} if pool.architecture else {})}


def tolerations(pool: RunnerPool) -> list[Spec]:
    """That nothing else may use."""
    return [{"key": DEDICATED_KEY, "operator": "Equal", "value": pool.node_pool, "effect": "NoSchedule"}]


def size(pool: RunnerPool) -> Spec:
    """Requests, and limits of what cannot be shared out: a job that needs more fails by itself and takes no neighbour with it."""
    memory, disk = f"{round(pool.memory_gib * 1024)}Mi", f"{pool.disk_gib}Gi"
    return {
        "requests": {"cpu": f"{round(pool.vcpu * 1000)}m", "memory": memory, "ephemeral-storage": disk},
        "limits": {"memory": memory, "ephemeral-storage": disk},
    }


def pod(name: str, pool: RunnerPool) -> Spec:
    """Metadata and spec of a job's pod, without its containers."""
    return {
        "metadata": {"labels": {POOL: name}, "annotations": dict(DO_NOT_DISRUPT)},
        "spec": {
            "nodeSelector": node_selector(pool),
            "tolerations": tolerations(pool),
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": GRACE_SECONDS,
        },
    }


def volumes(secrets: Mounts) -> list[Spec]:
    """Volumes of Secrets."""
    return [{"name": secret, "secret": {"secretName": secret}} for secret in secrets]


def mounts(secrets: Mounts) -> list[Spec]:
    """Where a container has them."""
    return [{"name": secret, "mountPath": path, "readOnly": True} for secret, path in secrets.items()]
