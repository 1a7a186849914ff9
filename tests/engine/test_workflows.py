"""Workflows for GitHub, judged by actionlint, which knows their syntax, the types of expressions, and what shellcheck says of scripts."""

import subprocess
import sys
from pathlib import Path

from tests.pipeline_cases import workflows

SHELLCHECK = Path(sys.executable).parent / "shellcheck"


def lint(actionlint: Path, *files: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([actionlint, "-shellcheck", SHELLCHECK, *files], capture_output=True, text=True, check=False, timeout=120)


def test_actionlint_finds_nothing_in_workflows_and_finds_what_is_planted(actionlint: Path, tmp_path: Path) -> None:
    files = workflows(tmp_path)
    answer = lint(actionlint, *files)
    assert answer.returncode == 0, answer.stdout
    text = files[0].read_text()
    planted = {
        "an output nobody sets": (text.replace("steps.build.outputs.digest", "steps.built.outputs.digest"), "built"),
        "a job that is not there": (text.replace("needs: [test, gate]", "needs: [test, gates]"), "gates"),
        "a permission that is none": (text.replace("id-token: write", "id-tokens: write"), "id-tokens"),
        "an unquoted variable": (text.replace('pulumi up --stack "$STACK"', "pulumi up --stack $STACK"), "SC2086"),
    }
    for flaw, (flawed, word) in planted.items():
        files[0].write_text(flawed)
        answer = lint(actionlint, files[0])
        assert answer.returncode == 1, flaw
        assert word in answer.stdout, flaw
