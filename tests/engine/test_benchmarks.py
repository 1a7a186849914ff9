"""The benchmarks of the engine still run."""

from pathlib import Path

import pytest

from tests.benchmarks import figures


@pytest.mark.parametrize(("name", "smallest", "shown"), [("shards", ("--teams", "2"), "faster"), ("engine", ("--rounds", "1"), "ratio")])
def test_a_benchmark_still_runs(name: str, smallest: tuple[str, ...], shown: str, kubernetes_programs: dict[str, Path]) -> None:
    assert figures(name, *smallest)[shown] > 0
