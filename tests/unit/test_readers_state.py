"""`pulumi stack export` into a graph, and what is refused with one line."""

import json
from pathlib import Path
from typing import Any

import pytest
from platform_policies.graph import SECRET, ResourceGraph

from platform_components.errors import DeclarationError
from platformctl.readers.state import read_state

STACK = "urn:pulumi:prod.data::own::pulumi:pulumi:Stack::own-prod.data"
TABLE = "urn:pulumi:prod.data::own::team:index:Store$aws:rds/instance:Instance::main"
SECRET_VALUE = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}


def resource(**more: Any) -> dict[str, Any]:
    return {"urn": TABLE, "type": "aws:rds/instance:Instance", "custom": True, "id": "db-1", "parent": STACK, **more}


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def make(content: Any) -> ResourceGraph:
        path = tmp_path / "state.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return read_state(path)

    return make


def exported(*resources: Any, version: Any = 3) -> dict[str, Any]:
    return {"version": version, "deployment": {"manifest": {}, "resources": list(resources)}}


def test_inputs_outputs_and_secrets(read: Any) -> None:
    found = resource(
        inputs={"password": SECRET_VALUE, "nested": {"keys": [SECRET_VALUE]}, "__defaults": []},
        outputs={"arn": "arn:aws:rds:db-1", "endpoint": "x", "token": "plain"},
        additionalSecretOutputs=["token"],
        sourcePosition="project:///main.py#3",
    )
    graph = read(exported({"urn": STACK, "type": "pulumi:pulumi:Stack", "custom": False}, found))
    node = graph.by_urn[TABLE]
    assert node.inputs == {"password": SECRET, "nested": {"keys": [SECRET]}}
    assert node.outputs == {"arn": "arn:aws:rds:db-1", "endpoint": "x", "token": SECRET, "id": "db-1"}
    assert (node.name, node.layer, node.parent, node.source) == ("main", "data", STACK, "main.py:3")
    assert "abc" not in json.dumps(graph.to_json())


def test_what_waits_for_deletion_is_left_out_though_it_has_the_same_urn(read: Any) -> None:
    graph = read(exported(resource(inputs={"a": 1}), resource(inputs={"a": 2}, delete=True)))
    assert [node.inputs for node in graph] == [{"a": 1}]


@pytest.mark.parametrize("resources", [[], None])
def test_an_empty_stack_has_no_resources(read: Any, resources: Any) -> None:
    assert len(read({"version": 3, "deployment": {"resources": resources}})) == 0


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("not json", "is no valid JSON"),
        ("[]", "holds no JSON object"),
        ({"version": 3}, "has no `deployment`"),
        ({"steps": []}, "--preview-json"),
        ({"version": 3, "checkpoint": {"latest": {}}}, "checkpoint file"),
        (exported(version=2), "is a state of version 2; version 3 is read"),
        (exported(version=4), "is a state of version 4"),
        (exported(version="3"), "is a state of version '3'"),
        (exported(version=True), "is a state of version True"),
        ({"deployment": {}}, "is a state of version None"),
        ({"version": 3, "deployment": {"resources": {}}}, "deployment.resources: must be a list"),
        (exported(5), "deployment.resources[0]: is no resource"),
        (exported({"urn": TABLE}), "needs `urn` and `type`"),
        (exported(resource(), resource()), "stands twice"),
    ],
)
def test_what_is_no_state_is_refused_with_one_line(read: Any, content: Any, expected: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        read(content)
    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)
