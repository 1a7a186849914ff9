"""The benchmarks of the engine still run: at sizes that say nothing of speed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.parametrize(("name", "smallest", "shown"), [("shards", ("--teams", "2"), "faster"), ("engine", ("--rounds", "1"), "ratio")])
def test_a_benchmark_still_runs(name: str, smallest: tuple[str, ...], shown: str, kubernetes_programs: dict[str, Path]) -> None:
    finished = subprocess.run([sys.executable, str(BENCHMARKS / f"{name}.py"), *smallest], capture_output=True, text=True, check=False)
    # 1 is a missed aim, which sizes like these may well do.
    assert finished.returncode in (0, 1), finished.stderr[-2000:]
    assert json.loads(finished.stdout)[shown] > 0
