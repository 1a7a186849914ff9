"""Pods that would leave the nodes of their own tenant, or get onto those of another, each with the one flaw that would do it."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from platform_components.charts.records import vcluster
from platform_components.charts.site import Mirror, Site
from platform_components.labels import DEDICATED_KEY, POOL_LABEL
from tests.engine.admission_cases import REGISTRY, named
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


# --- a virtual cluster: the pods that its chart and its syncer make, from the values they are given

SYNCER: Mapping[str, Any] = {
    "user": "system:serviceaccount:kube-system:statefulset-controller",
    "groups": ("system:serviceaccounts:kube-system",),
}
"""Who makes them on the host."""

_SITE = Site("prod", "judge", "eu-west-1", "vpc-1", replicas=2, mirror=Mirror(REGISTRY, f"oci://{REGISTRY}/charts"), tolerations=())
_VALUES = vcluster.values(_SITE)["controlPlane"]


def _container(name: str, place: Mapping[str, Any], security: Object) -> Object:
    image = place["image"]
    return {
        "name": name,
        "image": f"{image['registry']}/{image['repository']}:{image['tag']}",
        "imagePullPolicy": place["imagePullPolicy"],
        "resources": place["resources"],
        "securityContext": security,
    }


def _plane() -> Object:
    kubernetes, syncer = _VALUES["distro"]["k8s"], _VALUES["statefulSet"]
    spec = {
        "securityContext": syncer["security"]["podSecurityContext"],
        "initContainers": [_container("kubernetes", kubernetes, kubernetes["securityContext"])],
        "containers": [_container("syncer", syncer, syncer["security"]["containerSecurityContext"])],
        "volumes": [{"name": "data", "emptyDir": {}}],
    }
    return named("v1", "Pod", spec, name=vcluster.POD, labels=vcluster.LABELS)


def _resolver() -> Object:
    (deployed,) = [one for one in yaml.safe_load_all(_VALUES["coredns"]["overwriteManifests"]) if one["kind"] == "Deployment"]
    spec = {key: value for key, value in deployed["spec"]["template"]["spec"].items() if key != "serviceAccountName"}
    return named("v1", "Pod", spec, name=vcluster.host_name("coredns", "kube-system"))


CONTROL_PLANE: Mapping[str, Object] = {"control plane": _plane(), "resolver": _resolver()}


def as_root(pod: Object) -> Object:
    """The same, with the user that the chart would give it."""
    made = copy.deepcopy(pod)
    made["spec"].pop("securityContext")
    made["spec"]["containers"][0]["securityContext"] = {"allowPrivilegeEscalation": False, "runAsUser": 0}
    return made
