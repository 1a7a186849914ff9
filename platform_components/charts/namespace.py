"""A namespace of the platform: labelled, bounded and closed before the first pod is in it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from platform_components.charts.addon import PodSecurity
from platform_components.charts.traffic import LIMITS, PODS, Traffic, network_policies, quota
from platform_components.component import PlatformComponent
from platform_components.labels import owned
from platform_components.names import child_name
from platform_components.tags import MANAGED_BY


def create_namespace(
    component: PlatformComponent,
    name: str,
    namespace: str,
    level: PodSecurity,
    traffic: Traffic,
    *,
    labels: Mapping[str, str] | None = None,
    pods: int = PODS,
    depends_on: Sequence[pulumi.Resource] = (),
) -> k8s.core.v1.Namespace:
    """Create a namespace with its Pod Security level, NetworkPolicies, limits and quota.

    Args:
        component: its parent.
        name: the component's own name.
        namespace: name of the namespace; fixed, for people and policies go by it.
        level: what its pods are held to: enforced, audited and warned of.
        traffic: what its pods may be reached at and may reach.
        labels: further labels, such as a mesh's.
        pods: the most pods it may hold.
        depends_on: what has to be there first.
    """
    labelled: dict[str, Any] = {f"pod-security.kubernetes.io/{mode}": level.value for mode in ("enforce", "audit", "warn")}
    metadata: Any = {"name": namespace, "labels": owned({**labelled, "app.kubernetes.io/managed-by": MANAGED_BY, **(labels or {})})}
    made = k8s.core.v1.Namespace(
        child_name(name, "namespace", namespace),
        metadata=metadata,
        opts=component.child_options(depends_on=list(depends_on)),
    )
    for policy, spec in network_policies(traffic).items():
        k8s.networking.v1.NetworkPolicy(
            child_name(name, namespace, policy), metadata=_named(policy, made), spec=spec, opts=component.child_options()
        )
    k8s.core.v1.LimitRange(
        child_name(name, namespace, "limits"), metadata=_named("platform", made), spec=LIMITS, opts=component.child_options()
    )
    k8s.core.v1.ResourceQuota(
        child_name(name, namespace, "quota"), metadata=_named("platform", made), spec=quota(pods), opts=component.child_options()
    )
    return made


def _named(name: str, namespace: k8s.core.v1.Namespace) -> Any:
    """Metadata of an object in a namespace, which it then comes after."""
    return {"name": name, "namespace": namespace.metadata.name, "labels": owned()}
