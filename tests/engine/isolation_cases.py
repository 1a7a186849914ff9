"""Pods that would leave the nodes of their own tenant, or get onto those of another, each with the one flaw that would do it."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from platform_components.labels import DEDICATED_KEY, POOL_LABEL
from tests.engine.admission_cases import named
from tests.engine.multi_tenancy import Object, with_pod

NODES: Mapping[str, Any] = {
    "pool": {"capacity": "karpenter", "families": ["m7g"], "limit_vcpu": 320},
    "instance_profile_name": "nodes",
    "security_group_id": "sg-1",
    "subnet_ids": ["subnet-1", "subnet-2"],
}
"""What nodes of a tenant's own stand on."""


def toleration(pool: str, **fields: str) -> Object:
    return {"key": DEDICATED_KEY, "operator": "Equal", "value": pool, "effect": "NoSchedule", **fields}


def at_home(pool: str) -> Object:
    """A pod on the nodes of a tenant's own."""
    return with_pod(nodeSelector={POOL_LABEL: pool}, tolerations=[toleration(pool)])


def _changed(**fields: Any) -> Callable[[str], Object]:
    """That pod with some fields of its spec changed; None takes one out."""

    def change(pool: str) -> Object:
        made = copy.deepcopy(at_home(pool))
        made["spec"].update(fields)
        made["spec"] = {key: value for key, value in made["spec"].items() if value is not None}
        return made

    return change


def _preferring(pool: str) -> Object:
    """Says by affinity, which may be a mere wish, what a selector has to say."""
    wish = {"weight": 1, "preference": {"matchExpressions": [{"key": POOL_LABEL, "operator": "In", "values": [pool]}]}}
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [wish]}}
    return _changed(nodeSelector=None, affinity=affinity)(pool)


ESCAPES: Mapping[str, Callable[[str], Object]] = {
    "no selector": _changed(nodeSelector=None),
    "another pool": _changed(nodeSelector={POOL_LABEL: "general"}),
    "no toleration": _changed(tolerations=None),
    "a toleration of something else": lambda pool: _changed(tolerations=[toleration(pool, effect="NoExecute")])(pool),
    "an affinity for a selector": _preferring,
}
"""Ways out."""

INTRUSIONS: Mapping[str, Callable[[str], tuple[Object, str]]] = {
    "its taint tolerated": lambda pool: (with_pod(tolerations=[toleration(pool)]), "node-pools"),
    "its taint tolerated with every effect": lambda pool: (with_pod(tolerations=[{"key": DEDICATED_KEY, "value": pool}]), "node-pools"),
    "every dedicated pool tolerated": lambda _: (with_pod(tolerations=[{"key": DEDICATED_KEY, "operator": "Exists"}]), "node-pools"),
    "everything tolerated": lambda _: (with_pod(tolerations=[{"operator": "Exists"}]), "tolerations"),
    "a node by its name": lambda _: (with_pod(nodeName="ip-10-0-1-7"), "node-name"),
    "its selector and its taint": lambda pool: (at_home(pool), "node-pools"),
}
"""Ways in, and the policy that closes each."""


def deployment(pod: Object) -> Object:
    labels = {"app": "probe"}
    template = {"metadata": {"labels": labels}, "spec": pod["spec"]}
    return named("apps/v1", "Deployment", {"selector": {"matchLabels": labels}, "template": template})
