"""What the people and pipelines of a team may do in its namespace. Pure.

The roles are written out, not Kubernetes' own: its `edit` and `admin` include impersonation and tokens of every service account of the
namespace. Nothing here is of the cluster, and no role may bind or escalate beyond itself, so that the API server's own check of
escalation bounds every role a team makes.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from platform_components.charts.records import vcluster

Spec = dict[str, Any]

READ: Final = ("get", "list", "watch")
WRITE: Final = ("create", "update", "patch", "delete", "deletecollection")
ALL: Final = (*READ, *WRITE)


class TeamRole(StrEnum):
    """What somebody is to a team."""

    ADMIN = "team-admin"
    """Whatever a developer may, and roles, bindings, NetworkPolicies and rules of the mesh."""
    DEVELOPER = "developer"
    """Workloads, configuration, logs, shells and port-forwards; writes secrets and reads none."""
    VIEWER = "viewer"
    """Sees everything but secrets, and changes nothing."""
    CI = "ci"
    """What a pipeline delivers: workloads and configuration; no shells."""


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str]) -> Spec:
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}


_WORKLOADS: Final[Sequence[tuple[str, Sequence[str]]]] = (
    ("apps", ("deployments", "deployments/scale", "replicasets", "replicasets/scale", "statefulsets", "statefulsets/scale")),
    ("batch", ("cronjobs", "jobs")),
    ("autoscaling", ("horizontalpodautoscalers",)),
    ("policy", ("poddisruptionbudgets",)),
    ("", ("configmaps", "persistentvolumeclaims", "replicationcontrollers", "replicationcontrollers/scale", "serviceaccounts", "services")),
    ("networking.k8s.io", ("ingresses",)),
    ("gateway.networking.k8s.io", ("grpcroutes", "httproutes")),
    ("networking.istio.io", ("destinationrules", "virtualservices")),
    ("external-secrets.io", ("externalsecrets",)),
    # The status too: promoting, aborting and retrying are written there, and a policy holds what may not be.
    ("argoproj.io", ("analysisruns", "analysistemplates", "rollouts", "rollouts/status")),
    ("flagger.app", ("canaries", "metrictemplates")),
    ("keda.sh", ("scaledjobs", "scaledobjects")),
    ("cert-manager.io", ("certificates",)),
    ("monitoring.coreos.com", ("podmonitors", "probes", "prometheusrules", "servicemonitors")),
)
"""What is delivered, by API group."""

_SEEN: Final[Sequence[tuple[str, Sequence[str]]]] = (
    ("", ("endpoints", "events", "limitranges", "pods", "pods/log", "pods/status", "resourcequotas", "resourcequotas/status")),
    ("apps", ("controllerrevisions",)),
    ("discovery.k8s.io", ("endpointslices",)),
    ("events.k8s.io", ("events",)),
    ("metrics.k8s.io", ("pods",)),
    ("networking.k8s.io", ("networkpolicies",)),
    ("security.istio.io", ("authorizationpolicies", "requestauthentications")),
    ("rbac.authorization.k8s.io", ("rolebindings", "roles")),
)
"""What is seen by everybody and delivered by nobody."""

_VIEW: Final = [_rule(group, resources, READ) for group, resources in (*_WORKLOADS, *_SEEN)]
_EDIT: Final = [_rule(group, resources, ALL) for group, resources in _WORKLOADS]
_HANDS: Final = [
    # Written and not read: who needs a secret is its workload. (A deleted collection is answered with its contents.)
    _rule("", ("secrets",), ("create", "delete", "patch", "update")),
    _rule("", ("pods",), ("create", "delete", "deletecollection", "patch", "update")),
    _rule("", ("pods/eviction",), ("create",)),
    # `get` too: that is what a WebSocket's upgrade is asked as.
    _rule("", ("pods/attach", "pods/exec", "pods/portforward"), ("create", "get")),
    # A debug container is a pod's container to Pod Security and to the admission policies.
    _rule("", ("pods/ephemeralcontainers",), ("get", "patch", "update")),
]
_WALLS: Final = [
    _rule("rbac.authorization.k8s.io", ("rolebindings", "roles"), ALL),
    _rule("networking.k8s.io", ("networkpolicies",), ALL),
    _rule("security.istio.io", ("authorizationpolicies", "requestauthentications"), ALL),
]
_PIPELINE: Final = [_rule("", ("secrets",), ("create", "delete", "patch", "update")), _rule("", ("pods",), ("delete",))]

RULES: Final[Mapping[TeamRole, Sequence[Spec]]] = MappingProxyType(
    {
        TeamRole.ADMIN: (*_VIEW, *_EDIT, *_HANDS, *_WALLS),
        TeamRole.DEVELOPER: (*_VIEW, *_EDIT, *_HANDS),
        TeamRole.VIEWER: (*_VIEW,),
        TeamRole.CI: (*_VIEW, *_EDIT, *_PIPELINE),
    }
)
"""Rules of each role, in the namespace of the team and nowhere else."""


_ROUTES: Final = _rule("gateway.networking.k8s.io", ("grpcroutes", "httproutes"), ALL)


def host_rules(role: TeamRole) -> list[Spec]:
    """Rules of a role in the namespace of a team with a virtual cluster: to see, and to get into that; the rest is for roles in there.

    Nobody reads another role's kubeconfig, and whoever may see only writes no routes.
    """
    key = {**_rule("", ("secrets",), ("get",)), "resourceNames": [vcluster.kubeconfig_secret(role.value)]}
    door = {**_rule("", ("pods/portforward",), ("create", "get")), "resourceNames": [vcluster.POD]}
    return [*_VIEW, *([] if role is TeamRole.VIEWER else [_ROUTES]), key, door]


def access_group(team: str, role: TeamRole) -> str:
    """Kubernetes group of whoever has a role in a team by way of an EKS access entry; the prefix keeps it from any group of a login."""
    return f"platform-components:{team}:{role.value}"


def subjects(team: str, role: TeamRole, groups: Sequence[str], prefix: str) -> list[Spec]:
    """Whom a role is bound to.

    Args:
        team: the team.
        role: the role.
        groups: the team's own groups, as the login calls them.
        prefix: what the cluster puts before the names of groups.
    """
    names = (access_group(team, role), *(f"{prefix}{group}" for group in groups))
    return [{"kind": "Group", "name": name, "apiGroup": "rbac.authorization.k8s.io"} for name in names]
