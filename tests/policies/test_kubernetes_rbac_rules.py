"""Kubernetes RBAC rules, case by case."""

from typing import Any

import pytest
from platform_policies.graph import SECRET, UNKNOWN
from platform_policies.rule import Status
from platform_policies.rules import kubernetes_rbac as rbac

from tests.policies.cases import Case, node
from tests.policies.table import Table, case_id, prove

CASES: list[Case] = []

ROLE = "kubernetes:rbac.authorization.k8s.io/v1:Role"
CLUSTER_ROLE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
BINDING = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
GROUP = "rbac.authorization.k8s.io"


def role(groups: Any = ("",), resources: Any = ("pods",), verbs: Any = ("get",), **more: Any) -> dict[str, Any]:
    lists = {"apiGroups": groups, "resources": resources, "verbs": verbs}
    return {"rules": [{key: list(value) if isinstance(value, tuple) else value for key, value in lists.items()} | more]}


def _wildcards() -> None:
    table = Table(CASES, "k8s-rbac-no-wildcards", ROLE)
    table.passing(role())
    table.failing(role(verbs=("get", "*")), "verbs", at="rules.0.verbs")
    table.failing(role(groups=("*",)), "groups", at="rules.0.apiGroups")
    table.failing(role(resources=("*",)), "resources", at="rules.0.resources", of=CLUSTER_ROLE)
    table.failing(role(resources=("*/scale",)), "subresources of everything", at="rules.0.resources")
    table.failing({"rules": [{"nonResourceURLs": ["*"], "verbs": ["get"]}]}, "URLs", at="rules.0.nonResourceURLs")
    table.passing({"rules": [{"nonResourceURLs": ["/healthz/*"], "verbs": ["get"]}]}, "URLs below one")
    table.failing({"rules": [*role()["rules"], *role(verbs=("*",))["rules"]]}, "second", at="rules.1.verbs")
    table.absent(Status.PASS)
    table.unknown(role(verbs=UNKNOWN), at="rules.0.verbs")
    table.unknown(role(verbs=("get", UNKNOWN)), "one verb", at="rules.0.verbs")
    table.unknown(role(verbs=("get", SECRET)), "a secret verb", at="rules.0.verbs")
    table.unknown({"rules": UNKNOWN}, "all", at="rules.apiGroups")
    table.failing(role(verbs=("*", UNKNOWN)), "a wildcard beside an unknown one")


def binding(name: Any = "cluster-admin", kind: Any = "ClusterRole", subjects: Any = None) -> dict[str, Any]:
    return {"roleRef": {"apiGroup": GROUP, "kind": kind, "name": name}, "subjects": subjects}


def _cluster_admin() -> None:
    table, path = Table(CASES, "k8s-rbac-no-cluster-admin", BINDING), "roleRef.name"
    table.passing(binding("view"))
    table.failing(binding(subjects=[{"kind": "Group", "name": "everyone"}]), at=path)
    table.failing(binding(), "of one namespace", of="kubernetes:rbac.authorization.k8s.io/v1beta1:RoleBinding")
    table.passing(binding(kind="Role"), "a role of that name")
    table.absent(Status.PASS)
    table.unknown(binding(UNKNOWN), at=path)
    table.unknown(binding(kind=UNKNOWN), "kind", at="roleRef.kind")
    table.passing(binding("view", UNKNOWN), "another name of unknown kind")
    table.passing(binding(UNKNOWN), "role of the program", others=[node(CLUSTER_ROLE, "own", {})], refers={"roleRef": ["own"]})
    table.unknown(binding(UNKNOWN), "not a role", others=[node("aws:ssm/parameter:Parameter", "p", {})], refers={"roleRef": ["p"]})


def _secrets() -> None:
    table, path = Table(CASES, "k8s-rbac-no-secrets-read", ROLE), "rules.0.resources"
    table.passing(role())
    for verb in ("get", "list", "watch", "*"):
        table.failing(role(resources=("pods", "secrets"), verbs=(verb,)), verb, at=path)
    table.failing(role(groups=("*",), resources=("*",), verbs=("list",)), "wildcards")
    table.passing(role(resources=("secrets",), verbs=("create",)), "writes only")
    table.passing(role(groups=("apps",), resources=("secrets",)), "another group's")
    table.passing(role(resources=("secrets",), resourceNames=["tls"]), "one secret by name")
    table.failing(role(resources=("secrets",), resourceNames=[]), "no name")
    table.absent(Status.PASS)
    table.unknown(role(resources=UNKNOWN), at=path)
    table.unknown(role(resources=("secrets",), verbs=UNKNOWN), "verbs")
    table.unknown(role(groups=UNKNOWN, resources=("secrets",)), "groups")
    table.unknown(role(resources=("secrets",), resourceNames=UNKNOWN), "names", at="rules.0.resourceNames")
    table.passing(role(resources=("pods",), resourceNames=UNKNOWN), "names of something else")
    table.passing(role(resources=("pods",), resourceNames=["a"]), "named pods")
    table.unknown({"rules": UNKNOWN}, "all")


def _escalation() -> None:
    table, path = Table(CASES, "k8s-rbac-no-bind-escalate-impersonate", CLUSTER_ROLE), "rules.0.verbs"
    table.passing(role((GROUP,), ("roles",), ("get", "create")))
    for verb, group, resource in (
        ("bind", GROUP, "clusterroles"),
        ("bind", GROUP, "rolebindings"),
        ("escalate", GROUP, "roles"),
        ("impersonate", "", "users"),
        ("impersonate", "", "serviceaccounts"),
        ("impersonate", "authentication.k8s.io", "userextras"),
        ("*", GROUP, "roles"),
    ):
        table.failing(role((group,), (resource,), (verb,)), f"{verb} {resource}", at=path)
    table.passing(role(("",), ("pods",), ("bind", "escalate", "impersonate")), "on pods")
    table.passing(role((GROUP,), ("rolebindings",), ("escalate",)), "escalate on bindings")
    table.passing(role((GROUP,), ("clusterroles",), ("bind",), resourceNames=["view"]), "one role by name")
    table.failing(role((GROUP,), ("clusterroles",), ("bind",), resourceNames=[]), "no name")
    table.absent(Status.PASS)
    table.unknown(role((GROUP,), ("clusterroles",), UNKNOWN), at=path)
    table.unknown(role((GROUP,), ("clusterroles",), ("bind",), resourceNames=UNKNOWN), "names", at=path)
    table.unknown({"rules": UNKNOWN}, "all")


_wildcards()
_cluster_admin()
_secrets()
_escalation()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_case(case: Case) -> None:
    prove(rbac.RULES, case)
