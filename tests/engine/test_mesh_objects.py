"""Every object of a mesh, of each kind, is taken by a real API server with the definitions that the projects publish.

The component runs offline; namespaces are made for good, everything else as a dry run that knows no field it is not told of. What a chart
renders to is judged where the chart is: `tests/charts` holds its values.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from platform_components.mesh.namespaces import network_policy_exceptions, own_namespace
from platformctl.sandbox import lifecycle
from platformctl.sandbox.kubernetes import definitions
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
    groups = {one["apiVersion"].rpartition("/")[0] for mesh in MESHES.values() for one in objects(mesh)}
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
        assert found.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM}}).admitted
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
