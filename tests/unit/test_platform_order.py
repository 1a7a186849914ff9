"""Teardown is the reverse of the dependencies: nothing is left Terminating because the controller that must let go of it went first."""

import json
from functools import cache

import pytest
from platform_policies.graph import Node, ResourceGraph

from platform_components.charts.records import ADDONS
from platformctl.commands.preview import preview_layers
from platformctl.project import find_project
from tests.unit.test_stacks_programs import NAMES, ROOT

DEFINED = [(group, addon.chart) for addon in ADDONS.values() if addon.definitions for group in addon.definitions.groups]
BY_GROUP = {group: {chart for other, chart in DEFINED if other == group} for group, _ in DEFINED}
"""Charts by the API group of what they define; Argo CD and Argo Rollouts share one, and only one of them is in a layer."""
RELEASE = "kubernetes:helm.sh/v3:Release"


@cache
def graph(environment: str) -> ResourceGraph:
    stack = f"{environment}.platform"
    return preview_layers(find_project(ROOT), [stack])[stack].graph


def before(graph: ResourceGraph, node: Node) -> set[str]:
    """URNs of everything that is there before a resource, and goes after it."""
    found: set[str] = set()
    waiting = [node.urn]
    while waiting:
        current = graph.by_urn[waiting.pop()]
        # Whatever a component waits for, its children wait for; whoever waits for a component, waits for its children.
        nearest = [*current.dependencies, *([current.parent] if current.parent else [])]
        nearest += [one.urn for urn in current.dependencies if not graph.by_urn[urn].custom for one in graph if one.parent == urn]
        waiting += [urn for urn in nearest if urn in graph.by_urn and urn not in found]
        found.update(nearest)
    return found


def chart(node: Node) -> str:
    return str(node.inputs.get("chart", "")).rpartition("/")[2]


@pytest.mark.parametrize("environment", NAMES)
def test_every_custom_resource_goes_before_the_chart_that_knows_its_kind(environment: str) -> None:
    found = graph(environment)
    seen: set[str] = set()
    for node in found:
        group = str(node.inputs.get("apiVersion", "")).rpartition("/")[0] if node.custom else ""
        if group not in BY_GROUP:
            continue
        knowing = BY_GROUP[group]
        seen |= knowing
        charts = {chart(found.by_urn[urn]) for urn in before(found, node) if urn in found.by_urn and found.by_urn[urn].type == RELEASE}
        assert knowing & charts, f"{node.urn} may outlive {' and '.join(sorted(knowing))}, which has to let go of it"
    assert {"cert-manager", "karpenter-crd", "prometheus-operator-crds"} <= seen


@pytest.mark.parametrize("environment", NAMES)
def test_pools_go_before_their_controller(environment: str) -> None:
    found = graph(environment)
    pools = list(found.of_type("kubernetes:karpenter.sh:NodePool"))
    assert pools
    for pool in pools:
        assert "karpenter" in {chart(found.by_urn[urn]) for urn in before(found, pool) if found.by_urn[urn].type == RELEASE}


@pytest.mark.parametrize("environment", NAMES)
def test_a_release_comes_after_what_its_record_needs(environment: str) -> None:
    found = graph(environment)
    releases = {chart(node): node for node in found.of_type(RELEASE)}
    for addon in ADDONS.values():
        if addon.chart in releases:
            earlier = {chart(found.by_urn[urn]) for urn in before(found, releases[addon.chart]) if found.by_urn[urn].type == RELEASE}
            assert {ADDONS[name].chart for name in addon.needs} & set(releases) <= earlier, addon.name


@pytest.mark.parametrize("environment", NAMES)
def test_a_release_goes_before_its_namespace(environment: str) -> None:
    found = graph(environment)
    namespaces = {node.inputs["metadata"]["name"]: node.urn for node in found.of_type("kubernetes:core/v1:Namespace")}
    for release in found.of_type(RELEASE):
        if release.inputs["namespace"] in namespaces:
            assert namespaces[release.inputs["namespace"]] in before(found, release)


@pytest.mark.parametrize("environment", NAMES)
def test_whose_pods_name_a_priority_class_comes_after_it(environment: str) -> None:
    found = graph(environment)
    (platform,) = (node for node in found.of_type("kubernetes:scheduling.k8s.io/v1:PriorityClass") if node.name.endswith("-platform"))
    named = [node for node in found.of_type(RELEASE) if '"priorityClassName": "platform"' in json.dumps(node.inputs["values"])]
    assert {"cert-manager", "keda", "istiod", "argo-cd"} <= {chart(node) for node in named}
    assert all(platform.urn in before(found, node) for node in named), "Kubernetes refuses a pod whose class is not there"
