"""What upstream charts leave unsafe, as fragments that every values builder uses in the same way. Pure.

Sources: Pod Security Standards, level restricted (https://kubernetes.io/docs/concepts/security/pod-security-standards/).
"""

from collections.abc import Mapping
from typing import Any

ZONE = "topology.kubernetes.io/zone"
HOST = "kubernetes.io/hostname"

NON_ROOT_UID = 65532
"""User of distroless images and of most controllers; any but 0 satisfies Pod Security."""


def pod_security(uid: int | None = None, *, fs_group: int | None = None) -> dict[str, Any]:
    """A pod's securityContext at level restricted; the image's own user unless one is given."""
    context: dict[str, Any] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    if uid is not None:
        context["runAsUser"] = uid
    if fs_group is not None:
        context["fsGroup"] = fs_group
    return context


def container_security(*, read_only: bool = True, uid: int | None = None) -> dict[str, Any]:
    """A container's securityContext at level restricted, with a root file system that cannot be written."""
    context: dict[str, Any] = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": read_only,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    if uid is not None:
        context["runAsUser"] = uid
    return context


def resources(cpu_millicores: int, memory_mib: int, limit_memory_mib: int | None = None) -> dict[str, Any]:
    """Requests, and a limit of memory (equal to its request unless more is given).

    No limit of CPU: throttling a controller that has work slows what it controls, and requests already share out a busy node.
    """
    requests = {"cpu": f"{cpu_millicores}m", "memory": f"{memory_mib}Mi"}
    return {"requests": requests, "limits": {"memory": f"{limit_memory_mib or memory_mib}Mi"}}


def priority(name: Any) -> dict[str, Any]:
    """The pods' PriorityClass, where one is named."""
    return {} if name is None else {"priorityClassName": name}


def spread(labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Topology spread over zones and nodes; soft, so that a lost zone never keeps a replica from starting."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(labels)},
        }
        for key in (ZONE, HOST)
    ]
