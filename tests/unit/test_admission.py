"""AdmissionPolicies: the objects it makes, offline. What they do is for tests/engine/test_admission.py, on an API server."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from platform_policies.graph import Node, ResourceGraph
from pydantic import ValidationError

from platform_components.admission import tenancy_policies
from platform_components.admission.admission_policies import AdmissionPolicies
from platform_components.admission.args import AdmissionPoliciesArgs
from platform_components.admission.catalogue import POLICIES
from platform_components.admission.policy import SYSTEM_GROUPS, Mode, Policy, message_expression
from platform_components.admission.registries import registries
from platform_components.admission.templates import TEMPLATES
from platform_components.declarations.environment import load_environment
from platform_components.errors import DeclarationError
from platform_components.labels import OWNED, PLATFORM_GROUP
from platform_components.names import CHILD_ROLE_MAX
from platformctl.project import find_project
from platformctl.readers.mock_run import run_stack
from platformctl.sdk_types import check_inputs
from tests.support import Deployment, deploy
from tests.unit.test_stacks_programs import below, exports, preview

POLICY = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"
BINDING = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding"
REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


def made(**arguments: Any) -> Deployment[AdmissionPolicies]:
    args = {"registries": [REGISTRY], **arguments}
    return deploy(lambda: AdmissionPolicies("dev", AdmissionPoliciesArgs(**args)))


def specs(deployment: Deployment[AdmissionPolicies], kind: str) -> dict[str, Any]:
    """Specs by the name of the object in the cluster, without its prefix."""
    return {node.inputs["metadata"]["name"].removeprefix("platform-"): node.inputs["spec"] for node in deployment.graph.of_type(kind)}


def variables(spec: Mapping[str, Any]) -> dict[str, str]:
    return {variable["name"]: variable["expression"] for variable in spec["variables"]}


def test_each_policy_is_one_policy_and_one_binding_that_comes_after_it() -> None:
    deployment = made()
    assert sorted(specs(deployment, POLICY)) == sorted(specs(deployment, BINDING)) == sorted(POLICIES)
    for node in deployment.graph.of_type(BINDING):
        assert [urn.rsplit("::", 1)[1] for urn in node.dependencies if f"{POLICY}::" in urn] == [node.name]


def test_properties_have_the_names_and_types_of_the_sdk() -> None:
    nodes: list[Node] = [node for node in made().graph if node.custom]
    assert len(nodes) >= 2 * len(POLICIES)
    assert [fault for node in nodes for fault in check_inputs(node.type, node.inputs)] == []


@pytest.mark.parametrize(("mode", "actions"), [("enforce", ["Deny"]), ("audit", ["Warn", "Audit"])])
def test_a_mode_says_what_happens_to_what_is_found(mode: str, actions: list[str]) -> None:
    deployment = made(mode=mode)
    assert {tuple(spec["validationActions"]) for spec in specs(deployment, BINDING).values()} == {tuple(actions)}
    assert set(deployment.value("modes").values()) == {mode}


def test_enforce_is_the_default() -> None:
    assert AdmissionPoliciesArgs(registries=[]).mode is Mode.ENFORCE


def test_one_policy_may_have_another_mode_or_none() -> None:
    deployment = made(policies={"host-names": "audit", "node-port-services": "disabled"})
    bindings = specs(deployment, BINDING)
    assert bindings["host-names"]["validationActions"] == ["Warn", "Audit"]
    assert bindings["image-tags"]["validationActions"] == ["Deny"]
    assert set(POLICIES) - set(bindings) == set(POLICIES) - set(specs(deployment, POLICY)) == {"node-port-services"}
    modes = deployment.value("modes")
    assert (modes["host-names"], modes["node-port-services"], modes["image-tags"]) == ("audit", "disabled", "enforce")


def test_a_policy_that_does_not_exist_is_refused_with_the_choices() -> None:
    with pytest.raises(ValidationError, match=r"no admission policy 'image-tag'; choose from image-registries, image-tags"):
        AdmissionPoliciesArgs(registries=[], policies={"image-tag": "audit"})


@pytest.mark.parametrize("registry", ["https://registry.example.com", "registry.example.com/", "registry.example.com/Shop", "a b"])
def test_a_registry_that_no_image_could_begin_with_is_refused(registry: str) -> None:
    with pytest.raises(ValidationError, match="registries"):
        AdmissionPoliciesArgs(registries=[registry])


def test_whatever_cannot_be_judged_is_refused() -> None:
    assert {spec["failurePolicy"] for spec in specs(made(), POLICY).values()} == {"Fail"}


def test_namespaces_are_exempt_by_the_label_that_the_api_server_sets() -> None:
    bindings = specs(made(exempt_namespaces=["argocd", "kube-system"]), BINDING)
    expected = {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system", "argocd"]}]}
    selectors = {name: spec.get("matchResources", {}).get("namespaceSelector") for name, spec in bindings.items()}
    # Of namespaces themselves none is exempt, or the platform's would be; nor are its own objects anywhere.
    assert selectors.pop("namespaces") is selectors.pop("owned-objects") is None
    assert {str(selector) for selector in selectors.values()} == {str(expected)}


def test_names_of_exempt_namespaces_and_of_operators_cannot_be_taken() -> None:
    policy = specs(made(exempt_namespaces=["argocd"], identities={"operators": ["vault"]}), POLICY)["namespaces"]
    assert variables(policy)["platform_namespaces"] == '["kube-system", "argocd", "vault"]'


def test_registries_may_arrive_late() -> None:
    def build() -> AdmissionPolicies:
        arn = pulumi.Output.from_input("arn:aws:eks:eu-west-1:123456789012:cluster/dev")
        late = arn.apply(lambda at: registries(at, "eu-west-1", "mirror.example.com/all", ["ghcr.io/acme"]))
        return AdmissionPolicies("dev", AdmissionPoliciesArgs(registries=late))

    policy = specs(deploy(build), POLICY)["image-registries"]
    assert variables(policy)["registries"] == f'["{REGISTRY}", "mirror.example.com/all", "ghcr.io/acme"]'


@pytest.mark.parametrize(
    ("arn", "region", "mirror", "more", "expected"),
    [
        ("arn:aws:eks:eu-west-1:123456789012:cluster/a", "eu-west-1", None, [], [REGISTRY]),
        ("arn:aws:eks:eu-west-1:123456789012:cluster/a", "eu-west-1", REGISTRY, ["b.io"], [REGISTRY, "b.io"]),
        ("arn:aws-cn:eks:cn-north-1:123456789012:cluster/a", "cn-north-1", None, [], ["123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"]),
    ],
)
def test_the_accounts_own_registry_comes_first(arn: str, region: str, mirror: str | None, more: list[str], expected: list[str]) -> None:
    assert registries(arn, region, mirror, more) == expected


def test_settings_are_compiled_in() -> None:
    policies = specs(
        made(
            require_digests=True,
            pull_digests=True,
            external_names_outside=True,
            reserved_priority_classes=["gold"],
            guarded_ranges=["10.0.0.0/8", "fc00::/7"],
        ),
        POLICY,
    )
    assert variables(policies["image-tags"])["require_digests"] == "true"
    assert variables(policies["image-pull-policy"])["pull_digests"] == "true"
    assert variables(policies["external-name-services"])["external_names_outside"] == "true"
    assert variables(policies["priority-classes"])["reserved_priority_classes"] == '["gold"]'
    assert variables(policies["open-network-policies"])["guarded_ranges"] == '["10.0.0.0/8", "fc00::/7"]'


def test_identities_are_those_given_and_kubernetes_itself() -> None:
    given = {"groups": ["sso-platform"], "users": ["dana"], "operators": ["cert-manager"]}
    conditions = specs(made(identities=given), POLICY)["owned-objects"]["matchConditions"]
    (identities,) = (condition["expression"] for condition in conditions if condition["name"] == "not-the-platform")
    for expected in ("sso-platform", "dana", "system:serviceaccounts:cert-manager", *SYSTEM_GROUPS):
        assert f'"{expected}"' in identities
    assert PLATFORM_GROUP not in identities
    by_default = specs(made(), POLICY)["owned-objects"]["matchConditions"]
    assert f'"{PLATFORM_GROUP}"' in by_default[0]["expression"]


def test_only_where_a_permission_is_meant_the_platform_is_let_through() -> None:
    policies = specs(made(), POLICY)
    through = {name for name, spec in policies.items() if any(rule["name"] == "not-the-platform" for rule in spec["matchConditions"])}
    assert through == {"owned-objects", "template-labels", "namespaces", "bindings-to-everyone", "open-network-policies"}


def test_an_update_that_changes_nothing_that_is_judged_passes() -> None:
    for name, spec in specs(made(), POLICY).items():
        ratchets = [rule["expression"] for rule in spec["matchConditions"] if rule["name"] == "changed"]
        # The platform's own objects are held whole.
        assert len(ratchets) == (0 if name == "owned-objects" else 1)
        assert all("oldObject" in ratchet for ratchet in ratchets)


def test_the_platforms_objects_are_found_by_their_label_before_or_after_the_change() -> None:
    constraints = specs(made(), POLICY)["owned-objects"]["matchConstraints"]
    assert constraints["objectSelector"] == {"matchExpressions": [{"key": OWNED, "operator": "Exists"}]}
    assert constraints["resourceRules"][0]["operations"] == ["CREATE", "UPDATE", "DELETE"]


def test_policies_carry_the_platforms_label() -> None:
    assert {node.inputs["metadata"]["labels"][OWNED] for node in made().graph if node.custom} == {"platform"}


def test_every_kind_that_makes_pods_is_matched_wherever_pods_are() -> None:
    kinds = {kind for template in TEMPLATES for kind in template.kinds}
    assert kinds == {
        *("Pod", "CronJob", "DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "Rollout", "StatefulSet"),
    }
    resources = {resource for template in TEMPLATES for rule in template.resources for resource in rule.resources}
    assert len(resources) == len(kinds)
    for policy in POLICIES.values():
        matched = {resource for rule in policy.target.resources for resource in rule.resources}
        assert "pods" not in matched or resources <= matched


def _references(policy: Policy) -> Iterator[str]:
    for check in policy.checks:
        yield from re.findall(r"variables\.(\w+)", f"{check.finds} {message_expression(check)}")
    for _, expression in policy.variables:
        yield from re.findall(r"variables\.(\w+)", expression)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=lambda policy: policy.name)
def test_a_row_is_sound(policy: Policy) -> None:
    assert re.fullmatch(r"[a-z][a-z-]*[a-z]", policy.name)
    assert len(policy.name) <= CHILD_ROLE_MAX
    defined = {*policy.settings, *(name for name, _ in policy.variables), *(check.name for check in policy.checks)}
    assert set(_references(policy)) <= defined
    assert "\n" not in policy.refuses
    for check in policy.checks:
        assert f"{{{check.name}}}" in check.says, "the message says what was found"


# --- in the platform layer

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = sorted(path.stem for path in (ROOT / "stacks" / "environments").glob("*.yaml"))


def platform_layer(environment: str) -> ResourceGraph:
    return preview(environment, "platform").graph


def ours(graph: ResourceGraph, kind: str) -> dict[str, Node]:
    """Objects of the component, by policy."""
    return {node.name.partition("-")[2]: node for node in graph.of_type(kind) if "AdmissionPolicies$" in node.urn}


@pytest.mark.parametrize(("environment", "actions"), [("dev", ["Warn", "Audit"]), ("staging", ["Deny"]), ("prod", ["Deny"])])
def test_dev_is_warned_and_the_others_are_refused(environment: str, actions: list[str]) -> None:
    bindings = ours(platform_layer(environment), BINDING)
    assert set(bindings) == set(POLICIES)
    walls = {*(policy.name for policy in tenancy_policies.POLICIES), "node-name", "tolerations"}
    for name, node in bindings.items():
        assert node.value("spec.validationActions") == (["Deny"] if name in walls else actions), "the walls between teams stand everywhere"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_platforms_own_namespaces_are_exempt(environment: str) -> None:
    graph = platform_layer(environment)
    binding = ours(graph, BINDING)["image-registries"]
    (expression,) = binding.value("spec.matchResources.namespaceSelector.matchExpressions")
    made = {node.value("metadata.name") for node in graph.of_type("kubernetes:core/v1:Namespace")}
    assert made
    assert made <= set(expression["values"]), (
        "a namespace of the platform that is in no add-on's record: exempt it in stacks/layers/platform.py"
    )


def test_images_come_from_the_accounts_own_registry() -> None:
    cluster = {**exports("prod", "cluster"), "cluster_arn": "arn:aws:eks:eu-west-1:123456789012:cluster/prod"}
    upstream = {**below("prod", "platform"), "prod.cluster": cluster}
    graph = run_stack(find_project(ROOT), "prod.platform", upstream=upstream).graph
    assert variables(ours(graph, POLICY)["image-registries"].inputs["spec"])["registries"] == f'["{REGISTRY}"]'


def test_what_holds_the_platforms_namespaces_carries_its_label() -> None:
    graph = platform_layer("prod")
    kinds = ("core/v1:Namespace", "core/v1:ResourceQuota", "core/v1:LimitRange", "networking.k8s.io/v1:NetworkPolicy")
    nodes = [node for kind in kinds for node in graph.of_type(f"kubernetes:{kind}")]
    assert len({node.type for node in nodes}) == len(kinds)
    assert [node.name for node in nodes if node.value("metadata.labels", default={}).get(OWNED) != "platform"] == []


def test_a_policy_that_the_file_misnames_is_told_where_it_stands(tmp_path: Path) -> None:
    declared = yaml.safe_load((ROOT / "stacks" / "environments" / "dev.yaml").read_text(encoding="utf-8"))
    text = yaml.safe_dump({**declared, "platform": {"admission": {"policies": {"node-ports": "audit"}}}}, sort_keys=False)
    (tmp_path / "dev.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError) as error:
        load_environment(tmp_path / "dev.yaml", "dev.yaml")
    (problem,) = error.value.problems
    assert text.splitlines()[problem.line - 1].strip() == "node-ports: audit"
    assert "there is no admission policy 'node-ports'; choose from image-registries" in problem.message
