"""The README says what is true: its program runs, its files are the files, its commands exist."""

import re
import textwrap
from pathlib import Path

from typer.testing import CliRunner

from platformctl.__main__ import build_app
from platformctl.project import find_project
from platformctl.readers.mock_run import run_stack

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_program_runs(tmp_path: Path) -> None:
    block = re.search(r"^    import platform_components as platform\n(?:(?:    .*)?\n)+", README, re.MULTILINE)
    assert block
    (tmp_path / "Pulumi.yaml").write_text("name: own\nruntime: python\nconfig:\n  aws:region: eu-west-1\n", encoding="utf-8")
    (tmp_path / "__main__.py").write_text(textwrap.dedent(block.group(0)), encoding="utf-8")
    graph = run_stack(find_project(tmp_path), "demo").graph
    assert {"Vpc", "EksCluster", "WorkloadIdentity"} <= {node.type.rsplit(":", 1)[1] for node in graph if not node.custom}


def test_the_environment_shown_is_the_file() -> None:
    file = (ROOT / "stacks" / "environments" / "prod.yaml").read_text(encoding="utf-8").split("\n", 1)[1]
    assert textwrap.indent(file.rstrip("\n"), "    ") in README


def test_every_command_shown_exists() -> None:
    shown = set(re.findall(r"platformctl ([a-z]+)", README))
    assert {"up", "drift", "destroy", "preview", "sandbox"} <= shown
    listed = CliRunner().invoke(build_app(), ["--help"]).output
    unknown = {name for name in shown if not re.search(rf"^\W*{name}\b", listed, re.MULTILINE)}
    assert not unknown


def test_every_link_leads_somewhere() -> None:
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in target]
    assert targets
    assert not [target for target in targets if not (ROOT / target).exists()]
