"""Benchmarks at sizes that say nothing of speed, only that they still run."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "benchmarks"


def figures(name: str, *options: str) -> Any:
    """What a benchmark prints; one that misses its aim, as small sizes may well do, exits 1 and has figures all the same."""
    command = [sys.executable, "-W", "ignore", str(FOLDER / f"{name}.py"), *options]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode in (0, 1), finished.stderr[-2000:]
    return json.loads(finished.stdout)
