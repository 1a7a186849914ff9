"""Charts and definitions by pure functions: what a chart renders to, what it brings, and what nobody can check."""

import pytest

from platform_components.charts.records import ADDONS
from platformctl.sandbox.kubernetes import helm, known, permissive
from platformctl.sandbox.kubernetes.kinds import Kind, is_namespaced
from platformctl.sandbox.plugin import ProviderError

MANIFEST = """---
# Source: shop/crds/widgets.yaml
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
---
# Source: shop/templates/list.yaml
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Secret, metadata: {name: a, annotations: {helm.sh/resource-policy: keep}}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: b, annotations: {since: 2026-01-01}}}
---
# Source: shop/templates/hooks.yaml
apiVersion: batch/v1
kind: Job
metadata:
  name: late
  annotations: {helm.sh/hook: "pre-install, pre-upgrade", helm.sh/hook-weight: "5", helm.sh/hook-delete-policy: "hook-succeeded"}
---
apiVersion: batch/v1
kind: Job
metadata: {name: early, annotations: {helm.sh/hook: pre-install, helm.sh/hook-weight: "-1"}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: after, annotations: {helm.sh/hook: post-upgrade}}
---
apiVersion: v1
kind: Pod
metadata: {name: try, annotations: {helm.sh/hook: test}}
"""


def names(parts):
    return [part.document["metadata"]["name"] for part in parts]


def test_a_manifest_is_made_in_the_order_of_helm():
    parts = helm.parts(MANIFEST)
    assert names(helm.in_order(parts, upgrade=False)) == ["widgets.example.com", "early", "late", "a", "b"]
    assert names(helm.in_order(parts, upgrade=True)) == ["widgets.example.com", "late", "a", "b", "after"]
    assert names(helm.in_order(parts, upgrade=False, hooks=False)) == ["widgets.example.com", "a", "b"]


def test_what_stays_and_what_passes_is_told_by_the_chart():
    parts = {part.document["metadata"]["name"]: part for part in helm.parts(MANIFEST)}
    assert {name for name, part in parts.items() if part.stays} == {"widgets.example.com", "a"}
    assert {name for name, part in parts.items() if part.passing} == {"late"}
    assert parts["b"].document["metadata"]["annotations"] == {"since": "2026-01-01"}  # a date is text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# Source: x/templates/a.yaml\na: [", "x/templates/a.yaml renders to what is no manifest: the text is not YAML"),
        ("kind: X", "the chart renders to what is no manifest: document 1 of the YAML text is no Kubernetes object"),
    ],
)
def test_what_is_no_manifest_is_refused(text, message):
    with pytest.raises(ProviderError, match=message):
        helm.parts(text)


def test_the_command_says_what_the_release_says():
    inputs = {
        "name": "shop",
        "namespace": "apps",
        "chart": "shop",
        "version": "1.2.3",
        "repositoryOpts": {"repo": "https://charts.example", "password": "secret"},
        "skipCrds": True,
    }
    line = helm.command("helm", inputs, ["v.json"], ["v1"], upgrade=True)
    assert line[:6] == ["helm", "template", "shop", "shop", "--namespace", "apps"]
    assert "secret" not in line
    assert "--include-crds" not in line
    assert line[line.index("--repo") + 1] == "https://charts.example"
    assert line[-5:] == ["--is-upgrade", "--values", "v.json", "--api-versions", "v1"]
    assert "--repo" not in helm.command("helm", {**inputs, "chart": "oci://x/shop"}, [], [], upgrade=False)


# -- what charts bring


class Published:
    """One definition a kind, of the kinds named."""

    def __init__(self, *kinds):
        self.kinds = [Kind(*kind) for kind in kinds]

    def of_group(self, group):
        return [
            {"spec": {"group": group, "names": {"kind": kind.kind}, "versions": [{"name": kind.version}]}}
            for kind in self.kinds
            if kind.group == group
        ]


APPLICATION, ROLLOUT = ("argoproj.io/v1alpha1", "Application"), ("argoproj.io/v1alpha1", "Rollout")
CERTIFICATE, POOL = ("cert-manager.io/v1", "Certificate"), ("karpenter.sh/v1", "NodePool")
KNOWN = known.Known(Published(APPLICATION, ROLLOUT, CERTIFICATE, POOL))


def brought(chart, values=None, repository="", skip_folder=False):
    found = KNOWN.brought(chart, repository, values or {}, skip_folder=skip_folder)
    return [(one.definition["spec"]["names"]["kind"], one.folder, one.keep) for one in found]


@pytest.mark.parametrize(
    ("chart", "values", "expected"),
    [
        ("oci://public.ecr.aws/karpenter/karpenter-crd", {}, [("NodePool", False, False)]),
        ("karpenter", {}, [("NodePool", True, False)]),
        ("argo/argo-cd", {}, [("Application", False, True)]),
        ("argo-cd", {"crds": {"keep": False}}, [("Application", False, False)]),
        ("argo-cd", {"crds": {"install": False}}, []),
        ("argo-rollouts", {}, [("Rollout", False, True)]),
        ("cert-manager", {}, []),
        ("cert-manager", {"crds": {"enabled": True}}, [("Certificate", False, True)]),
        ("cert-manager", {"installCRDs": True, "crds": "odd"}, [("Certificate", False, True)]),
        ("somebodys-own", {}, []),
    ],
)
def test_a_release_brings_what_its_chart_and_values_say(chart, values, expected):
    assert brought(chart, values) == expected


def test_a_chart_of_a_common_name_is_told_by_its_address():
    istio = known.Known(Published(("networking.istio.io/v1", "Gateway")))
    for repository, count in (("https://istio-release.storage.googleapis.com/charts", 1), ("https://else.example", 0)):
        assert len(list(istio.brought("base", repository, {}, skip_folder=False))) == count


def test_crds_of_the_folder_can_be_skipped():
    assert brought("karpenter", skip_folder=True) == []
    assert brought("karpenter-crd", skip_folder=True) == [("NodePool", False, False)]


def test_a_kind_is_missing_with_the_chart_that_brings_it():
    assert KNOWN.charts(Kind(*POOL)) == ["karpenter-crd", "karpenter"]
    assert KNOWN.charts(Kind(*APPLICATION)) == ["argo-cd"]
    assert KNOWN.charts(Kind("karpenter.sh/v1beta1", "NodePool")) == []  # not a version that is published
    assert KNOWN.charts(Kind("example.com/v1", "Widget")) == []


def test_every_addon_with_definitions_is_in_the_table():
    for addon in ADDONS.values():
        if addon.definitions is not None:
            groups = {entry.partition("/")[0] for brings in known.CHARTS.get(addon.chart, ()) for entry in brings.groups}
            wanted = set(addon.definitions.groups)
            assert wanted <= groups, addon.chart
            assert {brings.folder for brings in known.CHARTS[addon.chart]} == {not addon.definitions.upgraded}, addon.chart


# -- what nobody can check


@pytest.mark.parametrize(
    ("kind", "plural"),
    [
        ("Widget", "widgets"),
        ("Policy", "policies"),
        ("Gateway", "gateways"),
        ("Ingress", "ingresses"),
        ("NodeClass", "nodeclasses"),
        ("ServiceEndpoints", "serviceendpoints"),
    ],
)
def test_a_plural_is_guessed_as_kubernetes_does(kind, plural):
    assert permissive.plural_of(kind) == plural


def test_a_made_up_definition_is_known_as_such_and_takes_further_versions():
    made = permissive.permissive_definition(Kind("x.k8s.io/v1", "Widget"), namespaced=False)
    assert permissive.is_permissive(made)
    assert made["spec"]["scope"] == "Cluster"
    assert "api-approved.kubernetes.io" in made["metadata"]["annotations"]
    assert [version["storage"] for version in permissive.with_version(made, "v2")["spec"]["versions"]] == [True, False]
    assert not permissive.is_permissive({"metadata": {"name": "x"}})


def test_the_scope_is_what_the_object_says_else_the_table_else_a_namespace():
    assert not is_namespaced(Kind("karpenter.sh/v1", "NodePool"), {"metadata": {"name": "x"}})
    assert is_namespaced(Kind("karpenter.sh/v1", "NodePool"), {"metadata": {"namespace": "x"}})
    assert is_namespaced(Kind("example.com/v1", "Widget"), {})
    assert not is_namespaced(Kind("constraints.gatekeeper.sh/v1", "K8sAnything"), {})
