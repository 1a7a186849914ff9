"""Rules of Kubernetes namespaces, case by case."""

from dataclasses import replace
from typing import Any

import pytest
from platform_policies.graph import SECRET, UNKNOWN, Node, ResourceGraph
from platform_policies.rule import Status
from platform_policies.rules import kubernetes_namespaces as namespaces

from tests.policies.cases import Case, node, urn
from tests.policies.table import Table, case_id, prove

CASES: list[Case] = []

NAMESPACE = "kubernetes:core/v1:Namespace"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
APP = {"metadata": {"name": "app"}}
PROVIDER = "pulumi:providers:kubernetes"


def inside(kind: str, spec: Any, namespace: str = "app") -> Node:
    """A resource in a namespace named by its name."""
    return node(kind, "other", {"metadata": {"namespace": namespace}, "spec": spec})


def _labels() -> None:
    table = Table(CASES, "k8s-namespace-psa-labels", NAMESPACE)
    path = "metadata.labels.pod-security.kubernetes.io/enforce"

    def labelled(level: Any, name: str = "app") -> dict[str, Any]:
        return {"metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": level}}}

    table.passing(labelled("restricted"))
    table.passing(labelled("baseline"), "baseline")
    table.failing(labelled("privileged"), at=path)
    table.failing(labelled("restrictd"), "no level", at=path)
    table.failing(labelled("baseline"), "setting", settings={"levels": ["restricted"]})
    table.absent(Status.FAIL, APP, at=path)
    table.unknown(labelled(UNKNOWN), at=path)
    table.unknown({"metadata": {"labels": UNKNOWN}}, "labels")
    table.skipped(labelled("privileged", "kube-system"), "Kubernetes' own")
    table.failing(labelled("privileged", "kube-system"), "not exempt", settings={"exempt": []})
    own = {"metadata": {"name": "kube-system"}}
    table.skipped({"metadata": {"name": UNKNOWN}}, "Kubernetes' own, by the name the cluster gave", outputs=own)
    table.skipped({"metadata": {"name": ""}}, "Kubernetes' own, where the program gave an empty name", outputs=own)
    table.skipped({"metadata": {}}, "Kubernetes' own, where the program gave none", outputs=own)


DENY = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def _default_deny() -> None:
    for direction, other in (("ingress", "egress"), ("egress", "ingress")):
        table = Table(CASES, "k8s-netpol-default-deny-per-namespace", NAMESPACE, direction)
        title = direction.title()

        def held(name: str, expect: Status, spec: Any, table: Table = table) -> None:
            add = {Status.PASS: table.passing, Status.FAIL: table.failing, Status.UNKNOWN: table.unknown}[expect]
            add(APP, name, others=[inside(POLICY, spec)])

        held("", Status.PASS, DENY)
        held("this direction", Status.PASS, {"podSelector": {}, "policyTypes": [title]})
        held("no selector", Status.PASS, {"policyTypes": [title]})
        table.passing(APP, "of its former group", others=[inside("kubernetes:extensions/v1beta1:NetworkPolicy", DENY)])
        held("empty selector", Status.PASS, {**DENY, "podSelector": {"matchLabels": {}, "matchExpressions": []}})
        held("no rules", Status.PASS, {**DENY, direction: []})
        held("rules of the other direction", Status.PASS, {**DENY, other: [{}]})
        held("", Status.FAIL, {"podSelector": {}, "policyTypes": [other.title()]})
        held("rules", Status.FAIL, {**DENY, direction: [{}]})
        held("some pods", Status.FAIL, {**DENY, "podSelector": {"matchLabels": {"a": "b"}}})
        held("some pods by expression", Status.FAIL, {**DENY, "podSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}})
        held("unknown rules of some pods", Status.FAIL, {**DENY, "podSelector": {"matchLabels": {"a": "b"}}, direction: UNKNOWN})
        held("no types", Status.PASS if direction == "ingress" else Status.FAIL, {"podSelector": {}})
        held("rules", Status.UNKNOWN, {**DENY, direction: UNKNOWN})
        held("types", Status.UNKNOWN, {"podSelector": {}, "policyTypes": UNKNOWN})
        held("a type", Status.UNKNOWN, {"podSelector": {}, "policyTypes": [other.title(), UNKNOWN]})
        held("selector", Status.UNKNOWN, {**DENY, "podSelector": UNKNOWN})
        held("labels of the selector", Status.UNKNOWN, {**DENY, "podSelector": {"matchLabels": UNKNOWN}})
        held("spec", Status.UNKNOWN, UNKNOWN)
        table.absent(Status.FAIL, APP)
        table.failing(APP, "in another namespace", others=[inside(POLICY, DENY, "elsewhere")])
        table.unknown(APP, "in a namespace not known", others=[inside(POLICY, DENY, UNKNOWN)])
        table.passing(APP, "beside one not known", others=[inside(POLICY, DENY), inside(POLICY, DENY, UNKNOWN)])
        table.passing(APP, "beside one that does not", others=[inside(POLICY, {**DENY, direction: [{}]}), inside(POLICY, DENY)])
        table.passing(APP, "by dependency", others=[node(POLICY, "other", inside(POLICY, DENY, UNKNOWN).inputs, {"metadata": ["subject"]})])
        far = node(POLICY, "other", inside(POLICY, DENY, UNKNOWN).inputs, {"metadata": ["far"]})
        table.failing(APP, "by dependency elsewhere", others=[node(NAMESPACE, "far", {}), far])
        table.skipped({"metadata": {"name": "kube-public"}}, "Kubernetes' own")
        table.skipped(APP, "setting", settings={"directions": [other]})


def _other_cluster() -> None:
    table = Table(CASES, "k8s-netpol-default-deny-per-namespace", NAMESPACE, "ingress")
    elsewhere = replace(node(NAMESPACE, "twin", APP), provider="urn:east::1")
    policy = inside(POLICY, DENY)
    table.passing(APP, "of the same cluster", others=[elsewhere, policy])
    table.failing(APP, "of another cluster", others=[elsewhere, replace(policy, provider="urn:east::1")])
    table.failing(APP, "of a third cluster", others=[elsewhere, replace(policy, provider="urn:west::1")])
    table.passing(APP, "of a provider of another stack", others=[replace(policy, provider="urn:west::1")])


def _quota() -> None:
    for kind, field, value, sub_id in (
        ("ResourceQuota", "hard", {"pods": "10"}, "quota"),
        ("LimitRange", "limits", [{"type": "Container"}], "limitrange"),
    ):
        table, token = Table(CASES, "k8s-quota", NAMESPACE, sub_id), f"kubernetes:core/v1:{kind}"
        table.passing(APP, others=[inside(token, {field: value})])
        table.failing(APP, others=[inside(token, {})])
        table.absent(Status.FAIL, APP)
        table.unknown(APP, others=[inside(token, {field: UNKNOWN})])
        table.unknown(APP, "secret", others=[inside(token, {field: SECRET})])
        table.skipped({"metadata": {"name": "kube-node-lease"}}, "Kubernetes' own")


def _default_namespace() -> None:
    table, path = Table(CASES, "k8s-no-default-namespace", "kubernetes:core/v1:ConfigMap"), "metadata.namespace"
    table.passing({"metadata": {"namespace": "app"}})
    table.failing({"metadata": {"namespace": "default"}}, at=path)
    table.failing({"metadata": {"namespace": ""}}, "empty")
    table.absent(Status.FAIL, at=path)
    table.unknown({"metadata": {"namespace": UNKNOWN}}, at=path)
    ours = {"others": [node(NAMESPACE, "ours", {})], "refers": {"metadata": ["ours"]}}
    table.passing({"metadata": {"namespace": UNKNOWN}}, "a namespace of the program", **ours)
    theirs = {"others": [node(NAMESPACE, "theirs", {"metadata": {"name": "default"}})], "refers": {"metadata": ["theirs"]}}
    table.unknown({"metadata": {"namespace": UNKNOWN}}, "the default one, adopted", **theirs)
    release = "kubernetes:helm.sh/v3:Release"
    table.passing({"namespace": "app"}, "release", of=release)
    table.failing({"chart": "x"}, "release", of=release, at="namespace")
    table.unknown({"namespace": UNKNOWN}, "release", of=release, at="namespace")


_labels()
_default_deny()
_other_cluster()
_quota()
_default_namespace()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_case(case: Case) -> None:
    prove(namespaces.RULES, case)


@pytest.mark.parametrize(
    ("inputs", "expect"),
    [
        ({"namespace": "app"}, Status.PASS),
        ({"namespace": "default"}, Status.FAIL),
        ({"namespace": UNKNOWN}, Status.UNKNOWN),
        ({}, Status.FAIL),
    ],
)
def test_the_providers_namespace_is_that_of_what_names_none(inputs: dict[str, Any], expect: Status) -> None:
    provider = node(PROVIDER, "provider", inputs)
    subject = replace(node("kubernetes:core/v1:Secret", "subject", {}), provider=f"{urn('provider')}::id")
    graph = ResourceGraph((provider, subject))
    (verdict,) = namespaces.no_default_namespace(subject, graph)
    assert verdict.status is expect
