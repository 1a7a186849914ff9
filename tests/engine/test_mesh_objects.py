"""Every object of a mesh and of a release, of each kind, is taken by a real API server with the definitions that the projects publish.

The component runs offline; namespaces are made for good, everything else as a dry run that knows no field it is not told of. What a chart
renders to is judged where the chart is: `tests/charts` holds its values.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from platform_components.delivery.rollout_args import Engine
from platform_components.mesh.namespaces import network_policy_exceptions, own_namespace
from platformctl.sandbox import lifecycle
from platformctl.sandbox.kubernetes import definitions
from tests.engine import release_cases as releases
from tests.engine.kubernetes_api import Answer, Api, Object, eventually
from tests.engine.test_sandbox_control_plane import api_of, make_cluster
from tests.unit.test_mesh import KINDS, NEXT, ROOT_PEM, built

SHARED: Final = {"authority": {"kind": "secret", "secret": "mesh-root"}, "domain": "shop.example.com"}
TRACED: Final = {"endpoint": "collector.monitoring.svc.cluster.local:4317", "sampling_percent": 2.5}
MESHES: Final[Mapping[str, Mapping[str, Any]]] = {
    **{kind: {"kind": kind} for kind in KINDS},
    "ambient with everything": {
        "kind": "istio-ambient",
        "revisions": {"canary": NEXT},
        "data_plane": {"cni": "canary", "ztunnel": "canary"},
        "trust": SHARED,
        "multi_cluster": {"mesh_id": "shop", "network": "euw1"},
        "tracing": TRACED,
    },
    "linkerd under a private authority": {
        "kind": "linkerd",
        "trust": {"authority": {"kind": "acm-pca", "root_certificate": ROOT_PEM}},
        "tracing": TRACED,
    },
}
TEAM: Final = "payments"


def objects(mesh: Mapping[str, Any]) -> list[Object]:
    """What the component registers, but for releases; namespaces first, as they are needed."""
    found = [
        dict(node.inputs)
        for node in built(mesh=dict(mesh)).graph
        if node.custom and "apiVersion" in node.inputs and "helm.sh" not in node.type
    ]
    assert len(found) > 15
    return sorted(found, key=lambda one: one["kind"] != "Namespace")


def of_a_team(kind: str) -> Iterator[Object]:
    """What tenants get from the mesh."""
    for name, spec in network_policy_exceptions(kind).items():
        yield {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}
    if kind != "linkerd":
        yield {
            "apiVersion": "security.istio.io/v1",
            "kind": "AuthorizationPolicy",
            "metadata": {"name": "allow-inside"},
            "spec": own_namespace(TEAM),
        }


@pytest.fixture(scope="module")
def api(kubernetes_programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API server with the definitions of every group that the objects are of, and a team's namespace."""
    groups = {one["apiVersion"].rpartition("/")[0] for mesh in MESHES.values() for one in objects(mesh)} | releases.GROUPS
    published = definitions.at_hand()
    with lifecycle.temporary(tmp_path_factory.mktemp("root"), "mesh", lambda _: None) as sandbox:
        place = api_of(sandbox, make_cluster(sandbox, "mesh")["endpoint"])
        found = Api(place.server, place.authority, str(place.token))
        for definition in (one for group in sorted(groups) for one in published.of_group(group)):
            answer = found.create(definition)
            assert answer.code in (201, 409), answer.message
        for mesh in MESHES.values():
            for made in objects(mesh):
                eventually(lambda made=made: found.serves(made), f"{made['apiVersion']} {made['kind']} is served")  # type: ignore[misc]
        for name in (TEAM, releases.NAMESPACE):
            metadata = {"name": name, "labels": {"platform-components/team": name}}
            assert found.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}).admitted
        yield found
        found.close()


def judged(api: Api, made: Object) -> Answer:
    """An object as `up` would apply it; only namespaces stay."""
    namespace = made["metadata"].get("namespace", TEAM)
    dry = {} if made["kind"] == "Namespace" else {"dryRun": "All"}
    options = {"fieldManager": "test", "force": "true", "fieldValidation": "Strict", **dry}
    return api.request("PATCH", api.path(made, namespace, named=True), made, content_type="application/apply-patch+yaml", **options)


@pytest.mark.parametrize("mesh", MESHES)
def test_every_object_is_accepted(api: Api, mesh: str) -> None:
    refused = []
    for made in [*objects(MESHES[mesh]), *of_a_team(str(MESHES[mesh]["kind"]))]:
        answer = judged(api, made)
        if not answer.admitted or answer.warnings:
            refused.append(f"{made['kind']} {made['metadata']['name']}: {answer.code} {answer.message} {answer.warnings}")
    assert refused == []


@pytest.mark.parametrize("mesh", MESHES)
def test_the_same_objects_are_refused_with_a_field_too_many(api: Api, mesh: str) -> None:
    """Else the test above would prove nothing."""
    for made in objects(MESHES[mesh]):
        wrong = json.loads(json.dumps(made))
        part = wrong["webhooks"][0] if "webhooks" in wrong else wrong.setdefault("spec", {})
        part["misspelt"] = True
        assert not judged(api, wrong).admitted, f"{made['kind']} {made['metadata']['name']}"


def test_what_only_the_project_knows_is_held_by_its_definition(api: Api) -> None:
    """Values, not only names: modes, ports and hosts that Istio and the Gateway API do not have."""
    made = {one["metadata"]["name"]: one for one in objects(MESHES["istio-ambient"])}
    kinds = {one["kind"]: one for one in objects(MESHES["istio-ambient"])}
    assert not judged(api, {**kinds["PeerAuthentication"], "spec": {"mtls": {"mode": "STRICTER"}}}).admitted
    gateway = json.loads(json.dumps(made["ingress"] if made["ingress"]["kind"] == "Gateway" else kinds["Gateway"]))
    gateway["spec"]["listeners"][0]["port"] = 0
    assert not judged(api, gateway).admitted
    telemetry = json.loads(json.dumps(kinds["Telemetry"]))
    telemetry["spec"]["tracing"] = [{"randomSamplingPercentage": 101}]
    assert not judged(api, telemetry).admitted


# --- releases


def test_every_object_of_a_release_is_accepted(api: Api) -> None:
    refused, kinds = [], set()
    platforms = [(str(engine), releases.of_platform(engine)) for engine in Engine]
    for case, made in [*platforms, *releases.of_releases().items()]:
        for one in made:
            eventually(lambda one=one: api.serves(one), f"{one['kind']} is served")  # type: ignore[misc]
            answer = judged(api, one)
            kinds.add(one["kind"])
            if not answer.admitted or answer.warnings:
                refused.append(f"{case}: {one['kind']} {one['metadata']['name']}: {answer.code} {answer.message} {answer.warnings}")
    assert refused == []
    assert kinds >= {"Rollout", "AnalysisTemplate", "ClusterAnalysisTemplate", "Canary", "MetricTemplate", "HTTPRoute", "VirtualService"}


def test_the_same_releases_are_refused_with_a_field_too_many(api: Api) -> None:
    for case, made in releases.of_releases().items():
        for one in made:
            wrong = json.loads(json.dumps(one))
            wrong["spec"]["misspelt"] = True
            assert not judged(api, wrong).admitted, f"{case}: {one['kind']}"


@pytest.fixture(scope="module")
def guarded(api: Api) -> Api:
    """The API server with the policies of both controllers in force, for developers who may do everything else."""
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    people = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "developers"}
    binding = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "developers"}}
    assert api.create({**binding, "roleRef": role, "subjects": [people]}).admitted
    for engine in Engine:
        for one in releases.of_platform(engine):
            if one["kind"].startswith("ValidatingAdmissionPolicy"):
                answer = api.create(one)
                assert answer.code in (201, 409), answer.message
    bare = next(releases.past_the_gates(releases.of_kind("Rollout")))[1]
    wide = next(releases.canaries_past_the_gates(releases.of_kind("Canary", Engine.FLAGGER)))[1]
    deployment = releases.of_kind("Deployment", Engine.FLAGGER)
    for one in (bare, wide, deployment):
        eventually(lambda one=one: not tried(api, one).admitted, f"policies for {one['kind']} are in force")  # type: ignore[misc]
    return api


def tried(api: Api, made: Object) -> Answer:
    """An object as a developer would create it; nothing stays."""
    return api.create(made, releases.NAMESPACE, dryRun="All", **releases.DEVELOPER)


def test_no_release_leaves_a_gate_out(guarded: Api) -> None:
    """The record is there, so that only the gates are judged."""
    record(guarded, releases.DIGEST)
    rollout, canary = releases.of_kind("Rollout"), releases.of_kind("Canary", Engine.FLAGGER)
    for strategy in ("canary", "blue-green", "a/b"):
        made = releases.of_kind("Rollout", Engine.ARGO_ROLLOUTS, strategy)
        eventually(lambda made=made: tried(guarded, made).admitted, f"{strategy} is admitted: {tried(guarded, made).message}")  # type: ignore[misc]
    assert tried(guarded, canary).admitted
    for how, made in [*releases.past_the_gates(rollout), *releases.canaries_past_the_gates(canary)]:
        answer = tried(guarded, made)
        assert (answer.admitted, answer.reason) == (False, "Forbidden"), how
        assert "does not ask" in answer.message, how
    before = releases.of_kind("Rollout", Engine.ARGO_ROLLOUTS, "blue-green")
    del before["spec"]["strategy"]["blueGreen"]["prePromotionAnalysis"]
    assert "delivery-window, delivery-budget" in tried(guarded, before).message
    # In an emergency a Rollout still asks, and the gates open; a Canary may leave them out.
    assert not tried(guarded, releases.emergency(next(releases.past_the_gates(rollout))[1], "INC-7")).admitted
    assert tried(guarded, releases.of_kind("Canary", Engine.FLAGGER, emergency="INC-7")).admitted
    assert "it burns is none" in tried(guarded, releases.emergency(rollout, "it burns")).message


def record(api: Api, *digests: str) -> None:
    """What has been promoted; by whoever may."""
    made = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "promotions", "labels": {"platform-components/owned-by": "platform"}},
    }
    change = {**made, "data": {"checkout": " ".join(digests)}}
    path = api.path(made, releases.NAMESPACE, named=True)
    options = {"fieldManager": "promotion", "force": "true"}
    assert api.request("PATCH", path, change, content_type="application/apply-patch+yaml", **options).admitted


def test_what_has_not_come_through_the_environment_before_does_not_run(guarded: Api) -> None:
    rollout, deployment = releases.of_kind("Rollout"), releases.of_kind("Deployment", Engine.FLAGGER)
    other = "sha256:" + "b" * 64
    record(guarded, other)
    for made in (rollout, deployment):
        eventually(lambda made=made: not tried(guarded, made).admitted, "the other record counts")  # type: ignore[misc]
        answer = tried(guarded, made)
        assert answer.reason == "Forbidden"
        assert "platformctl promotion approve" in answer.message
        assert tried(guarded, releases.emergency(made, "INC-7")).admitted
        by_tag = json.loads(json.dumps(made))
        by_tag["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example.com/checkout:1.2.3"
        assert not tried(guarded, by_tag).admitted
    record(guarded, other, releases.DIGEST)
    for made in (rollout, deployment):
        eventually(lambda made=made: tried(guarded, made).admitted, "it has been promoted")  # type: ignore[misc]
    # Where nothing has ever been promoted there is no record, and nothing runs.
    answer = guarded.create(deployment | {"metadata": {"name": "checkout", "namespace": TEAM}}, TEAM, dryRun="All", **releases.DEVELOPER)
    assert not answer.admitted


def test_nobody_but_the_controller_goes_past_a_gate(guarded: Api) -> None:
    record(guarded, releases.DIGEST)
    rollout = releases.of_kind("Rollout")
    eventually(lambda: tried(guarded, rollout).admitted, "it has been promoted")
    assert guarded.create(rollout, releases.NAMESPACE).admitted
    path = f"{guarded.path(rollout, releases.NAMESPACE, named=True)}/status"

    def status(who: Mapping[str, Any], **change: Any) -> Answer:
        return guarded.request("PATCH", path, {"status": change}, content_type="application/merge-patch+json", **who)

    assert status(releases.CONTROLLER, currentStepIndex=0).admitted
    for change, said in (
        ({"promoteFull": True}, "every step"),
        ({"currentStepIndex": 1}, "a gate"),
        ({"currentStepIndex": 6}, "a gate, more than one step"),
    ):
        answer = status(releases.DEVELOPER, **change)
        assert (answer.admitted, answer.reason) == (False, "Forbidden")
        assert f"this would go past {said}" in answer.message
    assert status(releases.DEVELOPER, abort=True).admitted
    assert status(releases.DEVELOPER, abort=False, pauseConditions=None).admitted
    assert status(releases.CONTROLLER, currentStepIndex=1).admitted
    assert not status(releases.DEVELOPER, currentStepIndex=2).admitted
    assert status(releases.CONTROLLER, currentStepIndex=3).admitted
    # A step that knew too little, and that somebody has looked at.
    assert status(releases.DEVELOPER, currentStepIndex=4, pauseConditions=None, controllerPause=False).admitted
    assert not status(releases.DEVELOPER, currentStepIndex=6).admitted
    assert guarded.patch(rollout, releases.emergency({"metadata": {}}, "INC-7"), releases.NAMESPACE, **releases.DEVELOPER).admitted
    assert status(releases.DEVELOPER, promoteFull=True).admitted
