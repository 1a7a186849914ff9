"""`pulumi preview --json` into a graph: what counts of each step, and what is refused with one line."""

import json
from pathlib import Path
from typing import Any

import pytest
from platform_policies.graph import SECRET, UNKNOWN, ResourceGraph

from platform_components.errors import DeclarationError
from platformctl.readers.exported import own_line, value
from platformctl.readers.preview_json import read_preview

STACK = "urn:pulumi:dev.network::own::pulumi:pulumi:Stack::own-dev.network"
BUCKET = "urn:pulumi:dev.network::own::aws:s3/bucket:Bucket::logs"
POLICY = "urn:pulumi:dev.network::own::aws:s3/bucketPolicy:BucketPolicy::logs"


def state(urn: str, **more: Any) -> dict[str, Any]:
    return {"urn": urn, "type": urn.split("::")[2].rpartition("$")[2], "custom": True, "parent": STACK, **more}


def step(operation: str, urn: str = BUCKET, old: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"op": operation, "urn": urn, "newState": state(urn, **more), **({"oldState": old} if old else {})}


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def make(content: Any) -> ResourceGraph:
        path = tmp_path / "preview.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return read_preview(path)

    return make


def test_what_is_said_of_a_resource(read: Any) -> None:
    policy = step(
        "create",
        POLICY,
        inputs={"bucket": UNKNOWN, "policy": "[secret]", "__defaults": ["x"], "list": [f"arn:{UNKNOWN}/*", {"__defaults": [], "a": 1.0}]},
        dependencies=[STACK, BUCKET],
        propertyDependencies={"bucket": [BUCKET], "policy": []},
        provider="urn:pulumi:dev.network::own::pulumi:providers:aws::main::id",
    )
    graph = read({"steps": [step("create", STACK), step("same", id="logs-1", outputs={"arn": "arn:aws:s3:::logs-1"}), policy]})
    assert [node.name for node in graph] == ["own-dev.network", "logs", "logs"]
    node = graph.by_urn[POLICY]
    assert (node.type, node.parent, node.layer, node.custom, node.external) == (
        "aws:s3/bucketPolicy:BucketPolicy",
        STACK,
        "network",
        True,
        False,
    )
    assert node.inputs == {"bucket": UNKNOWN, "policy": SECRET, "list": [UNKNOWN, {"a": 1}]}
    assert node.dependencies == (BUCKET, STACK)
    assert node.property_dependencies == {"bucket": (BUCKET,)}
    assert node.provider.endswith("::main::id")
    assert graph.by_urn[BUCKET].outputs == {"arn": "arn:aws:s3:::logs-1", "id": "logs-1"}
    assert graph.referring(graph.by_urn[BUCKET], "aws:s3/bucketPolicy:BucketPolicy", "bucket") == [node]


@pytest.mark.parametrize("operation", ["delete", "delete-replaced", "discard", "remove-pending-replace"])
def test_what_goes_is_left_out(read: Any, operation: str) -> None:
    gone = {"op": operation, "urn": POLICY, "oldState": state(POLICY)}
    assert [node.urn for node in read({"steps": [step("same", STACK), gone]})] == [STACK]


def test_a_replacement_is_read_as_what_comes(read: Any) -> None:
    old = state(BUCKET, inputs={"bucket": "old"})
    steps = [
        step("same", STACK),
        step("create-replacement", old=old, inputs={"bucket": "new"}),
        step("replace", old=old, inputs={"bucket": "new"}),
        {"op": "delete-replaced", "urn": BUCKET, "oldState": old},
    ]
    graph = read({"steps": steps})
    assert len(graph) == 2
    assert graph.by_urn[BUCKET].inputs == {"bucket": "new"}


def test_a_state_that_waits_for_deletion_is_left_out(read: Any) -> None:
    assert [node.urn for node in read({"steps": [step("same", STACK), step("same", delete=True)]})] == [STACK]


def test_an_id_that_is_not_known_yet_is_no_output(read: Any) -> None:
    assert read({"steps": [step("create", id=UNKNOWN)]}).by_urn[BUCKET].outputs == {}


def test_what_is_only_read_is_someone_elses(read: Any) -> None:
    assert read({"steps": [step("read", external=True)]}).by_urn[BUCKET].external


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        (["project:///stacks/network.py#12,3"], "stacks/network.py:12"),
        (
            ["project:///.venv/lib/python3.11/site-packages/pulumi_aws/provider.py#8", "project:///my%20stack/main.py#14"],
            "my stack/main.py:14",
        ),
        (["project:///node_modules/@pulumi/aws/x.js#1", "project:///../lib/index.ts#4", "project:///index.ts#4,1"], "index.ts:4"),
        (["project:///../elsewhere.py#1"], ""),
        (["nonsense"], ""),
        ([], ""),
    ],
)
def test_the_source_is_the_programs_own_innermost_line(read: Any, frames: list[str], expected: str) -> None:
    trace = [{"sourcePosition": frame} for frame in frames]
    position = {"sourcePosition": frames[0]} if frames else {}
    assert read({"steps": [step("create", **position, stackTrace=[*trace, {}])]}).by_urn[BUCKET].source == expected
    assert read({"steps": [step("create", STACK, **position, stackTrace=trace)]}).by_urn[STACK].source == ""


def test_a_position_without_a_trace_is_enough(read: Any) -> None:
    assert read({"steps": [step("create", sourcePosition="project:///a.py#2")]}).by_urn[BUCKET].source == "a.py:2"
    assert own_line(["/usr/lib/x.py:1", "venv/x.py:2", "own.py:3"]) == "own.py:3"


SIGNATURE = "4dabf18193072939515e22adb298388d"


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ({SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}, SECRET),
        ({SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"hunter2"'}, SECRET),
        ({SIGNATURE: "5cf8f73096256a8f31e491e813e4eb8e", "urn": BUCKET, "id": "b-1"}, "b-1"),
        ({SIGNATURE: "5cf8f73096256a8f31e491e813e4eb8e", "urn": BUCKET, "id": ""}, UNKNOWN),
        ({SIGNATURE: "5cf8f73096256a8f31e491e813e4eb8e", "urn": BUCKET}, BUCKET),
        ({SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "text": "x"}, {"asset": {"text": "x"}}),
        ({SIGNATURE: "0def7320c3a5731c473e5ecbe6d01bc7", "path": "."}, {"archive": {"path": "."}}),
        ({SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4", "value": 4, "dependencies": []}, 4),
        ({SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4"}, UNKNOWN),
        ({SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4", "value": 4, "secret": True}, SECRET),
        ([None, True, 1.5, 2.0], [None, True, 1.5, 2]),
    ],
)
def test_special_values(wire: Any, expected: Any) -> None:
    assert value(wire) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", "is no valid JSON"),
        ("", "is empty; what `pulumi preview --json` prints is expected"),
        (" \n", "is empty"),
        ("[]", "holds no JSON object"),
        ("{}", "has no list of `steps`"),
        ('{"steps": 3}', "has no list of `steps`"),
        ('{"version": 3, "deployment": {}}', "--state"),
        ('{"sequence": 1}\n{"sequence": 2}', "PULUMI_ENABLE_STREAMING_JSON_PREVIEW"),
        ({"steps": ["x"]}, "steps[0]: is no step"),
        ({"steps": [{"op": "create", "urn": BUCKET}]}, "needs `newState`"),
        ({"steps": [{"op": "create", "newState": 3}]}, "steps[0]: is no resource"),
        ({"steps": [{"op": "create", "newState": {"urn": "x", "type": "y"}}]}, "needs `urn` and `type`"),
        ({"steps": [step("create", inputs=[1])]}, "steps[0].inputs: must be an object"),
        ({"steps": []}, "holds no resource"),
        ({"changeSummary": {}}, "holds no resource"),
        ({"steps": [step("create")], "diagnostics": [{"severity": "error", "message": "boom\nand more"}]}, "had failed, so its resources"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_preview_is_refused_with_one_line(read: Any, tmp_path: Path, content: Any, expected: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        read(content)
    assert expected in str(refused.value)
    assert str(tmp_path / "preview.json") in str(refused.value)
    assert "\n" not in str(refused.value)


def test_default_providers_have_the_configuration_of_the_stack(read: Any) -> None:
    default, own = (f"urn:pulumi:dev.network::own::pulumi:providers:aws::{name}" for name in ("default_7_51_1", "main"))
    config = {"aws:region": "eu-west-1", "aws:secretKey": "[secret]", "own:size": "3"}
    steps = [step("create", provider=f"{default}::1"), step("create", POLICY, provider=f"{own}::2"), step("create", own)]
    graph = read({"steps": steps, "config": config})
    assert graph.by_urn[default].inputs == {"region": "eu-west-1", "secretKey": SECRET}
    assert graph.by_urn[default].layer == "network"
    assert not graph.by_urn[own].inputs, "a provider that the program makes has its own settings only"
    assert not read({"steps": steps}).by_urn[default].inputs


def test_what_policy_packs_refused_is_read_as_it_would_have_been(read: Any) -> None:
    refusal = {"severity": "error", "message": "error: preview failed\n"}
    content = {"steps": [step("create")], "diagnostics": [refusal]}
    assert [node.urn for node in read(content).nodes] == [BUCKET]
    with pytest.raises(DeclarationError, match="not all there: boom"):
        read({**content, "diagnostics": [{"severity": "error", "message": "boom"}, refusal]})


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for path, expected in (
        (tmp_path / "none", "cannot be read: No such file"),
        (tmp_path, "cannot be read"),
        (tmp_path / "binary", "is no text"),
    ):
        with pytest.raises(DeclarationError, match=expected):
            read_preview(path)
