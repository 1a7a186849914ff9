"""The benchmarks' arithmetic and their workload, that they run, and that the page of figures is what was recorded."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from platformctl.readers.preview_json import read_preview
from tests.benchmarks import FOLDER, figures


def script(name: str) -> ModuleType:
    """A benchmark, under a name that nothing else has."""
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


policies, record, workload = map(script, ("policies", "record", "workload"))
SMALLEST = {
    "preview": ("--counts", "20,40", "--rounds", "1"),
    "tenants": ("--counts", "1,2", "--rounds", "1"),
    "rotation": ("--services", "200", "--hours", "2"),
}


def sizes(*seconds: float) -> list[dict[str, float]]:
    return [{"resources": 1000.0 * (index + 1), "cpu_seconds": taken} for index, taken in enumerate(seconds)]


def test_start_up_is_not_part_of_what_one_resource_more_takes() -> None:
    assert policies.marginal(sizes(5, 6)) == pytest.approx(1)
    assert policies.growth(sizes(5, 6, 7)) == pytest.approx(1)
    assert policies.growth(sizes(5, 6, 9)) == pytest.approx(3)


@pytest.mark.parametrize("kind", ["kubernetes", "mixed"])
def test_a_workload_is_of_its_size_and_the_same_each_time(kind: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        workload.WRITERS[kind](301, tmp_path / name)
    graph = read_preview(tmp_path / "a")
    assert len(graph) == 302, "and the stack"
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert all(target in graph.by_urn for node in graph for target in node.dependencies)


def test_both_sides_judge_the_same_objects(tmp_path: Path) -> None:
    workload.WRITERS["manifests"](301, tmp_path / "m")
    workload.WRITERS["kubernetes"](301, tmp_path / "p")
    manifests = sum(path.read_text(encoding="utf-8").count("apiVersion: ") for path in (tmp_path / "m").iterdir())
    assert manifests == 301 == len(read_preview(tmp_path / "p")) - 1


@pytest.mark.parametrize("name", SMALLEST)
def test_a_benchmark_still_runs_and_has_what_the_page_shows(name: str) -> None:
    found = figures(name, *SMALLEST[name])
    assert all(record.at(found, path) is not None for path in record.RATIOS[name])


def test_the_page_is_what_was_recorded() -> None:
    assert record.PAGE.read_text(encoding="utf-8") == record.page(), "write it with benchmarks/record.py"
