"""What a namespace may use at most: quota classes, and the ResourceQuota and LimitRange made of them. Pure.

Sources: https://kubernetes.io/docs/concepts/policy/resource-quotas/ and https://kubernetes.io/docs/concepts/policy/limit-range/.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

Spec = dict[str, Any]


@dataclass(frozen=True, slots=True)
class QuotaClass:
    """The size of a namespace. Requests are what the scheduler reserves; limits may reach twice as much."""

    vcpu: int
    """Most vCPUs that all pods together may request."""
    memory_gib: int
    """Most memory that all pods together may request, in GiB."""
    ephemeral_gib: int
    """Most local disk that all pods together may request, in GiB."""
    storage_gib: int
    """Most that all volumes together may hold, in GiB."""
    pods: int
    load_balancers: int
    """Load balancers of its own; the way in is the platform's gateway."""


QUOTA_CLASSES: Final[Mapping[str, QuotaClass]] = MappingProxyType(
    {
        "small": QuotaClass(vcpu=4, memory_gib=16, ephemeral_gib=20, storage_gib=50, pods=30, load_balancers=0),
        "medium": QuotaClass(vcpu=12, memory_gib=48, ephemeral_gib=60, storage_gib=200, pods=80, load_balancers=0),
        "large": QuotaClass(vcpu=32, memory_gib=128, ephemeral_gib=160, storage_gib=1000, pods=200, load_balancers=1),
        "huge": QuotaClass(vcpu=96, memory_gib=384, ephemeral_gib=480, storage_gib=4000, pods=500, load_balancers=2),
    }
)
"""Quota classes by name, the smallest first."""

OVERCOMMIT: Final = 2
"""How far limits may go beyond requests."""


def quota_spec(size: QuotaClass) -> Spec:
    """Spec of the ResourceQuota. It counts itself, and the certificate that Kubernetes puts into every namespace counts as a ConfigMap."""
    requested = {"cpu": str(size.vcpu), "memory": f"{size.memory_gib}Gi", "ephemeral-storage": f"{size.ephemeral_gib}Gi"}
    limited = {
        "cpu": str(size.vcpu * OVERCOMMIT),
        "memory": f"{size.memory_gib * OVERCOMMIT}Gi",
        "ephemeral-storage": f"{size.ephemeral_gib * OVERCOMMIT}Gi",
    }
    counted = {
        "pods": size.pods,
        "services": size.pods,
        "services.loadbalancers": size.load_balancers,
        "services.nodeports": 0,
        "replicationcontrollers": size.pods,
        "resourcequotas": 1,
        "secrets": 2 * size.pods,
        "configmaps": 2 * size.pods,
        "persistentvolumeclaims": size.pods,
        "count/deployments.apps": size.pods,
        "count/statefulsets.apps": size.pods,
        "count/jobs.batch": 4 * size.pods,
        "count/cronjobs.batch": size.pods,
        "count/ingresses.networking.k8s.io": size.pods,
    }
    return {
        "hard": {
            **{f"requests.{key}": value for key, value in requested.items()},
            **{f"limits.{key}": value for key, value in limited.items()},
            "requests.storage": f"{size.storage_gib}Gi",
            **{key: str(value) for key, value in counted.items()},
        }
    }


def limits_spec(size: QuotaClass) -> Spec:
    """Spec of the LimitRange: what a container gets that says nothing, and the most one may ask for.

    Without defaults every pod that names no request would be refused by the quota, and one that names no local disk would pass it.
    """
    return {
        "limits": [
            {
                "type": "Container",
                "defaultRequest": {"cpu": "50m", "memory": "128Mi", "ephemeral-storage": "128Mi"},
                "default": {"cpu": "500m", "memory": "256Mi", "ephemeral-storage": "512Mi"},
                "max": {"cpu": str(size.vcpu), "memory": f"{size.memory_gib}Gi", "ephemeral-storage": f"{size.ephemeral_gib}Gi"},
            },
            {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": f"{size.storage_gib}Gi"}},
        ]
    }
