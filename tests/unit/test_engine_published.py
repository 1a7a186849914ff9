"""Definitions out of Go modules: what is kept of them, what is refused, and what happens where one cannot be had."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from platformctl.engine.cli import find_tool, install_tool
from platformctl.engine.definitions import DEFINITIONS, ModuleFiles
from platformctl.engine.obtain import CannotError, RefusedError
from platformctl.engine.progress import Progress
from platformctl.engine.published import INDEX, from_modules, write_definitions
from platformctl.engine.toolbox import CUSTOM_RESOURCES, KUBERNETES, TOOLS, Tool
from platformctl.sandbox.kubernetes.definitions import Published

WIDGETS = ModuleFiles("example.test/widgets", "v1.0.0", "h1:widgets=", ("crd/*.yaml",))
GADGETS = ModuleFiles("example.test/gadgets", "v2.0.0", "h1:gadgets=", ("crds.yaml",))
TOOL = Tool(name="things", version="1", minimum=(0, 0, 0), version_command=(), what="things", modules=(WIDGETS, GADGETS))


def definition(plural: str, group: str, more: str = "") -> str:
    return f"""apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {plural}.{group}}}
spec:
  group: {group}
  conversion: {{strategy: Webhook, webhook: {{conversionReviewVersions: [v1]}}}}
{more}"""


@pytest.fixture
def modules(tmp_path: Path) -> dict[str, Path]:
    folders = {str(module): tmp_path / "modules" / module.module.rsplit("/", 1)[-1] for module in TOOL.modules}
    (folders[str(WIDGETS)] / "crd").mkdir(parents=True)
    (folders[str(GADGETS)]).mkdir()
    exact = "  names: {kind: Widget}\n  description: {since: 2024-01-02, operators: [=, '!=']}\n"
    (folders[str(WIDGETS)] / "crd" / "widgets.yaml").write_text(definition("widgets", "a.test", exact))
    (folders[str(WIDGETS)] / "crd" / "kustomization.yaml").write_text("kind: Kustomization\nresources: [widgets.yaml]\n")
    (folders[str(WIDGETS)] / "elsewhere.yaml").write_text(definition("others", "a.test"))
    both = "\n---\n".join((definition("gadgets", "a.test"), "null", definition("gizmos", "b.test")))
    (folders[str(GADGETS)] / "crds.yaml").write_text(both)
    return folders


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "path").mkdir()
    return {"PATH": str(tmp_path / "path"), "PLATFORMCTL_CACHE_DIR": str(tmp_path / "cache"), "HOME": str(tmp_path)}


def go(environ: dict[str, str], answers: dict[str, dict[str, str]]) -> None:
    """A `go` that answers `go mod download -json MODULE`."""
    cases = "".join(f"{name}) echo '{json.dumps(answer)}';;\n" for name, answer in answers.items())
    path = Path(environ["PATH"]) / "go"
    path.write_text(f'#!/bin/sh\ncase "$4" in\n{cases}esac\n')
    path.chmod(0o755)


def progress() -> Progress:
    return Progress(Console(file=io.StringIO(), width=400))


def test_every_definition_is_kept_and_nothing_else(modules: dict[str, Path], tmp_path: Path) -> None:
    index = write_definitions(TOOL.modules, lambda module: modules[str(module)], tmp_path)
    assert index == {
        "definitions": {"widgets.a.test": str(WIDGETS), "gadgets.a.test": str(GADGETS), "gizmos.b.test": str(GADGETS)},
        "missing": {},
    }
    assert json.loads((tmp_path / INDEX).read_text()) == index
    found = Published(tmp_path)
    assert {group: [item["metadata"]["name"] for item in found.of_group(group)] for group in ("a.test", "b.test", "c.test")} == {
        "a.test": ["gadgets.a.test", "widgets.a.test"],
        "b.test": ["gizmos.b.test"],
        "c.test": [],
    }
    assert found.sources == index["definitions"]


def test_dates_and_a_lone_equals_sign_stay_text(modules: dict[str, Path], tmp_path: Path) -> None:
    write_definitions([WIDGETS], lambda module: modules[str(module)], tmp_path)
    (widget,) = Published(tmp_path).of_group("a.test")
    assert widget["spec"]["description"] == {"since": "2024-01-02", "operators": ["=", "!="]}


def test_no_webhook_is_asked_to_convert(modules: dict[str, Path], tmp_path: Path) -> None:
    write_definitions(TOOL.modules, lambda module: modules[str(module)], tmp_path)
    assert "Webhook" in (tmp_path / "a.test" / "widgets.json").read_text()
    assert all("conversion" not in item["spec"] for item in Published(tmp_path).of_group("a.test"))


def test_nothing_installed_is_nothing_at_hand() -> None:
    assert (Published(None).groups, Published(None).of_group("a.test"), Published(None).sources) == ([], [], {})


def test_a_module_that_is_not_served_is_left_out_and_tried_again(modules: dict[str, Path], environ: dict[str, str]) -> None:
    widgets = {"Dir": str(modules[str(WIDGETS)]), "Sum": WIDGETS.sum}
    go(environ, {str(WIDGETS): widgets, str(GADGETS): {"Error": "403 Forbidden"}})
    said = io.StringIO()
    found = install_tool(TOOL, Progress(Console(file=said, width=400)), environ=environ)
    assert f"left out: {GADGETS}: 403 Forbidden" in said.getvalue()
    assert Published(found.path.parent).groups == ["a.test"]
    assert find_tool(TOOL, environ=environ) is not None

    go(environ, {str(WIDGETS): widgets, str(GADGETS): {"Dir": str(modules[str(GADGETS)]), "Sum": GADGETS.sum}})
    assert Published(install_tool(TOOL, progress(), environ=environ).path.parent).groups == ["a.test", "b.test"]

    go(environ, {})
    assert Published(install_tool(TOOL, progress(), environ=environ).path.parent).groups == ["a.test", "b.test"], "what is whole stays"


def test_a_module_with_another_sum_is_refused(modules: dict[str, Path], environ: dict[str, str]) -> None:
    go(environ, {str(WIDGETS): {"Dir": str(modules[str(WIDGETS)]), "Sum": "h1:others="}})
    with pytest.raises(
        RefusedError, match=r"example\.test/widgets@v1\.0\.0 was refused: its sum is h1:others= and h1:widgets= is published"
    ):
        install_tool(TOOL, progress(), environ=environ)
    assert find_tool(TOOL, environ=environ) is None


def test_nothing_served_is_a_failure(environ: dict[str, str]) -> None:
    go(environ, {})
    with pytest.raises(CannotError, match="no Go module could be downloaded"):
        install_tool(TOOL, progress(), environ=environ)
    assert find_tool(TOOL, environ=environ) is None


def test_without_go_it_says_so(environ: dict[str, str]) -> None:
    with pytest.raises(CannotError, match="no `go` on PATH"):
        from_modules(TOOL.modules, progress(), environ)


def test_the_list_is_sound() -> None:
    assert len({module.module for module in DEFINITIONS}) == len(DEFINITIONS)
    assert all(module.sum.startswith("h1:") and module.version.startswith("v") and module.files for module in DEFINITIONS)
    assert all(name in TOOLS for name in KUBERNETES.brings)
    assert TOOLS["definitions"] is CUSTOM_RESOURCES
