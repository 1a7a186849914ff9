"""PromQL as Prometheus itself reads it: many expressions are judged in one process, by the parser of promtool."""

import json
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from platformctl.engine.cli import find_tool
from platformctl.engine.toolbox import PROMTOOL
from platformctl.errors import ToolError

SECONDS: Final = 600
"""Patience with promtool: it reads thousands of expressions in one second, and evaluates a day of rules in some more."""

_FAILED: Final = re.compile(r'group "expressions", rule (?P<number>\d+), "[^"]*": (?P<what>.*)')


def promtool() -> Path:
    """The promtool on PATH or in the tool cache.

    Raises:
        ToolError: there is none.
    """
    found = find_tool(PROMTOOL)
    if found is None:
        raise ToolError("promtool is not installed: run `platformctl tools install promtool`")
    return found.path


def refused_expressions(expressions: Mapping[str, str]) -> dict[str, str]:
    """What Prometheus' parser says of the expressions that it refuses, by the names they are given under; empty where all are well.

    Args:
        expressions: PromQL by a name of the caller's choice. Variables of a dashboard must be replaced by values.

    Raises:
        ToolError: promtool is not there, or failed for another reason than an expression.
    """
    if not expressions:
        return {}
    names = list(expressions)
    rules = [{"record": f"expression:{number}", "expr": expressions[name]} for number, name in enumerate(names, start=1)]
    with tempfile.TemporaryDirectory(prefix="platformctl-") as scratch:
        file = Path(scratch) / "expressions.yaml"
        # JSON is YAML, and nothing in an expression needs a second look at how YAML quotes it.
        file.write_text(json.dumps({"groups": [{"name": "expressions", "rules": rules}]}))
        run = run_promtool("check", "rules", "--lint=none", str(file))
    refused = {names[int(match["number"]) - 1]: match["what"].strip() for match in _FAILED.finditer(run.stdout + run.stderr)}
    if run.returncode and not refused:
        raise ToolError(f"promtool check rules failed: {(run.stderr or run.stdout).strip()}")
    return refused


def run_promtool(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run promtool to its end and give what it printed; its exit code is the caller's to judge.

    Raises:
        ToolError: it is not there, or does not end.
    """
    try:
        return subprocess.run([promtool(), *arguments], capture_output=True, text=True, check=False, timeout=SECONDS, cwd=cwd)
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"promtool {' '.join(arguments[:2])} did not end within {SECONDS} s") from error
