"""Kubernetes RBAC: roles and bindings."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from platform_policies.pods import dig, items, opaque
from platform_policies.rule import PASS, Answer, Severity, Verdict, fail, rule, unknown
from platform_policies.types import canonical
from platform_policies.verdicts import settle

GROUP = "rbac.authorization.k8s.io"
CLUSTER_ROLE = f"kubernetes:{GROUP}:ClusterRole"
ROLES = (f"kubernetes:{GROUP}:Role", CLUSTER_ROLE)
BINDINGS = (f"kubernetes:{GROUP}:RoleBinding", f"kubernetes:{GROUP}:ClusterRoleBinding")


class Grant(NamedTuple):
    """One rule of a role."""

    path: str
    body: Any

    def words(self, key: str) -> tuple[Any, ...]:
        """Entries of a list; what cannot be read is `UNKNOWN`."""
        return tuple(UNKNOWN if opaque(one) else one for one in items(dig(self.body, key)))

    def holds(self, key: str, wanted: Collection[str]) -> bool | None:
        """Whether a list has one of these entries, or the wildcard; None where that cannot be said."""
        words = self.words(key)
        if any(word == "*" or word in wanted for word in words):
            return True
        return None if UNKNOWN in words else False


def _grants(node: Node) -> Iterator[Grant]:
    listed = dig(node.inputs, "rules")
    if listed == UNKNOWN:
        yield Grant("rules", UNKNOWN)
        return
    for index, body in enumerate(items(listed)):
        yield Grant(f"rules.{index}", body)


def _all(*answers: bool | None) -> bool | None:
    """Whether all hold; None where one decides that cannot be said."""
    if False in answers:
        return False
    return None if None in answers else True


@rule(
    "k8s-rbac-no-wildcards",
    title="Roles name what they allow: no wildcards",
    severity=Severity.HIGH,
    types=ROLES,
    fix="List the apiGroups, resources and verbs that are used in place of *",
)
def no_wildcards(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:  # noqa: ARG001 -- the signature of a rule
    """A wildcard also grants what is installed tomorrow: new resources, new verbs, new groups."""
    return settle(_wildcards(node))


def _wildcards(node: Node) -> Iterator[Verdict]:
    for grant in _grants(node):
        for key in ("apiGroups", "resources", "verbs", "nonResourceURLs"):
            words, path = grant.words(key), f"{grant.path}.{key}"
            bad = [word for word in words if word == "*" or (key == "resources" and "*" in str(word))]
            if bad:
                yield fail(path, f"{key} holds the wildcard {bad[0]}")
            elif UNKNOWN in words:
                yield unknown(path)


@rule(
    "k8s-rbac-no-cluster-admin",
    title="Nobody is bound to cluster-admin",
    severity=Severity.CRITICAL,
    types=BINDINGS,
    fix="Bind a role that holds only the rights needed in place of cluster-admin",
)
def no_cluster_admin(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:  # noqa: ARG001 -- the signature of a rule
    """cluster-admin may do anything to any resource, secrets and nodes included, and cannot be narrowed."""
    name = node.value("roleRef.name")
    kind = node.value("roleRef.kind")
    if kind not in ("ClusterRole", UNKNOWN):
        return PASS
    if name == UNKNOWN:
        # A role that the program itself makes is judged by what it grants.
        own = any(canonical(one.type) in ROLES for one in graph.referred(node, "roleRef.name"))
        return PASS if own else unknown("roleRef.name")
    if name != "cluster-admin":
        return PASS
    if kind == UNKNOWN:
        return unknown("roleRef.kind")
    return fail("roleRef.name", "roleRef.name is cluster-admin: its subjects may do anything in the cluster")


@rule(
    "k8s-rbac-no-secrets-read",
    title="Roles do not read secrets at large",
    severity=Severity.HIGH,
    types=ROLES,
    fix="Take secrets out of the rule's resources, or name the secrets that are needed in resourceNames",
)
def no_secrets_read(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:  # noqa: ARG001 -- the signature of a rule
    """Whoever reads every secret of a namespace holds the credentials of everything that runs in it."""
    return settle(_secret_reads(node))


def _secret_reads(node: Node) -> Iterator[Verdict]:
    for grant in _grants(node):
        read = _all(grant.holds("apiGroups", [""]), grant.holds("resources", ["secrets"]), grant.holds("verbs", ["get", "list", "watch"]))
        if read is False or grant.words("resourceNames"):
            if read is not False and UNKNOWN in grant.words("resourceNames"):
                yield unknown(f"{grant.path}.resourceNames")
            continue
        if read is None:
            yield unknown(f"{grant.path}.resources")
        else:
            yield fail(f"{grant.path}.resources", "resources hold secrets, and verbs that read them, without resourceNames")


POWERS: Mapping[str, tuple[Collection[str], Collection[str]]] = {
    "bind": ((GROUP,), ("roles", "clusterroles", "rolebindings", "clusterrolebindings")),
    "escalate": ((GROUP,), ("roles", "clusterroles")),
    "impersonate": (("", "authentication.k8s.io"), ("users", "groups", "serviceaccounts", "userextras", "uids")),
}
"""Verbs by which a role's holder gains rights the role does not list: (groups, resources) they work on."""


@rule(
    "k8s-rbac-no-bind-escalate-impersonate",
    title="Roles cannot be used to gain other rights",
    severity=Severity.CRITICAL,
    types=ROLES,
    fix="Take bind, escalate and impersonate out of the rule's verbs, or name what they may be used on in resourceNames",
)
def no_escalation(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:  # noqa: ARG001 -- the signature of a rule
    """Who may bind or widen any role, or act as anybody, is cluster-admin by another name."""
    return settle(_escalations(node))


def _escalations(node: Node) -> Iterator[Verdict]:
    for grant in _grants(node):
        named = grant.words("resourceNames")
        for verb, (groups, resources) in POWERS.items():
            power = _all(grant.holds("apiGroups", groups), grant.holds("resources", resources), grant.holds("verbs", [verb]))
            if power is False or (named and UNKNOWN not in named):
                continue
            if power is None or named:
                yield unknown(f"{grant.path}.verbs")
            else:
                yield fail(f"{grant.path}.verbs", f"verbs allow {verb} on {', '.join(map(str, grant.words('resources')))}")


RULES = (no_wildcards, no_cluster_admin, no_secrets_read, no_escalation)
