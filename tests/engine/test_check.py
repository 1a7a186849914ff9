"""The engine's own previews and states, read back: the same graph and the same findings as the offline run of the same program."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from platform_policies.graph import ResourceGraph

from platformctl.project import find_project
from platformctl.readers.mock_run import run_stack
from platformctl.readers.preview_json import read_preview
from platformctl.readers.state import read_state
from tests.engine.conftest import Repository, copy_repository

STACK = "dev.network"
STRICT = "environments: {dev: mandatory}\n"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Repository, Path, Path]]:
    """A repository, and what the plain CLI says of one of its stacks: before `up` and after it."""
    copy = copy_repository(tmp_path_factory.mktemp("check") / "platform")
    preview, state = copy.root / "preview.json", copy.root / "state.json"
    copy.platformctl("sandbox", "start")
    copy.pulumi("stack", "init", STACK)
    preview.write_text(copy.pulumi("preview", "--json", "-s", STACK).stdout, encoding="utf-8")
    copy.platformctl("up", STACK, "--sandbox", "--yes")
    copy.pulumi("stack", "export", "-s", STACK, "--file", str(state))
    yield copy, preview, state
    copy.platformctl("sandbox", "stop", check=None)


def shape(graph: ResourceGraph) -> dict[str, tuple[str, str, str, str, bool, bool, str]]:
    """Everything that must be the same, by URN."""
    return {node.urn: (node.type, node.name, node.parent, node.layer, node.custom, node.external, node.source) for node in graph}


def findings(repository: Repository, *arguments: str) -> dict[str, set[tuple[str, str, str, str]]]:
    """What `check` finds, by status."""
    (repository.root / "strict.yaml").write_text(STRICT, encoding="utf-8")
    result: dict[str, Any] = json.loads(
        repository.platformctl("check", *arguments, "--settings", "strict.yaml", "--json", check=None).stdout
    )
    found: dict[str, set[tuple[str, str, str, str]]] = {"fail": set(), "unknown": set()}
    for one in result["findings"]:
        found[one["status"]].add((one["rule"], one["sub_id"], one["urn"], one["source"] or ""))
    assert result["summary"]["passed"]
    return found


def test_the_graph_is_the_same(exported: tuple[Repository, Path, Path]) -> None:
    repository, preview, state = exported
    offline = shape(run_stack(find_project(repository.root), STACK).graph)
    assert shape(read_preview(preview)) == offline
    assert shape(read_state(state)) == offline
    assert {place.partition(":")[0] for *_, place in offline.values()} == {"", "stacks/layers/network.py", "stacks/providers.py"}


def test_dependencies_are_the_same(exported: tuple[Repository, Path, Path]) -> None:
    repository, preview, _ = exported
    offline = run_stack(find_project(repository.root), STACK).graph
    engine = read_preview(preview).by_urn
    for node in offline:
        assert engine[node.urn].dependencies == node.dependencies
        for key, urns in node.property_dependencies.items():
            assert set(engine[node.urn].property_dependencies.get(key, ())) == set(urns)


def test_the_findings_are_the_same(exported: tuple[Repository, Path, Path]) -> None:
    repository, preview, state = exported
    offline = findings(repository, STACK)
    assert offline["fail"], "the stack has something to find, or this test shows nothing"
    assert findings(repository, "--preview-json", str(preview)) == offline
    after = findings(repository, "--state", str(state))
    # What nobody knew before `up` is decided now, one way or the other; what was decided stays.
    assert after["unknown"] <= offline["unknown"]
    assert offline["fail"] <= after["fail"] <= offline["fail"] | offline["unknown"]


def test_no_secret_is_kept(exported: tuple[Repository, Path, Path]) -> None:
    _, _, state = exported
    assert "ciphertext" not in json.dumps(read_state(state).to_json())
