"""Every example is a complete project that previews offline, passes the SDK's own types, and says what its reader needs."""

from pathlib import Path

import pytest

from platformctl.project import find_project
from platformctl.readers.mock_run import run_stack
from platformctl.sdk_types import check_inputs

EXAMPLES = sorted(path.parent for path in (Path(__file__).parents[2] / "examples").glob("*/Pulumi.yaml"))
SECTIONS = ("## Deploy", "## Validate", "## Destroy", "## Cost")


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: path.name)
def test_an_example_previews_offline(folder: Path) -> None:
    run = run_stack(find_project(folder), "demo")
    assert run.outputs, "an example exports what its reader goes on with"
    assert not run.warnings
    problems = [f"{node.urn}: {problem}" for node in run.graph if node.custom for problem in check_inputs(node.type, node.inputs)]
    assert not problems


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: path.name)
def test_an_example_says_what_its_reader_needs(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    positions = [text.index(section) for section in SECTIONS]
    assert positions == sorted(positions)
