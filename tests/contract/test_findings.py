"""Our own environments and examples under our own rules: what they find is exactly what findings.yaml lists, each with its reason."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from platform_policies.graph import ResourceGraph
from platform_policies.rule import Status

from platformctl.commands.preview import preview_layers
from platformctl.judging import judges_of
from platformctl.project import find_project
from platformctl.readers.mock_run import run_stack
from platformctl.report.model import Report, judge

ROOT = Path(__file__).parents[2]
LISTED: Mapping[str, Any] = yaml.safe_load((Path(__file__).parent / "findings.yaml").read_text(encoding="utf-8"))
ENVIRONMENTS = find_project(ROOT).environments()
EXAMPLES = tuple(
    # One that declares faults of its own is held to them by test_insecure_shop.py.
    sorted(path.parent.name for path in (ROOT / "examples").glob("*/Pulumi.yaml") if not (path.parent / "faults.yaml").exists())
)
PLACES = (*ENVIRONMENTS, *EXAMPLES)

TODAY = date(2026, 11, 27)
"""Fixed: a version that leaves support is found by whoever runs `check`, not by this test."""


@cache
def report(place: str) -> Report:
    """What `check` says of an environment, or of an example in its own folder."""
    if place in ENVIRONMENTS:
        project = find_project(ROOT)
        graph = ResourceGraph.union([run.graph for run in preview_layers(project, project.stacks_of(place)).values()])
    else:
        project = find_project(ROOT / "examples" / place)
        graph = run_stack(project, "demo").graph
    assert len(graph) > 2
    return judge(graph, judges_of(project.root), TODAY)


@pytest.mark.parametrize("place", PLACES)
def test_what_fails_is_what_is_listed(place: str) -> None:
    """What is waived counts as failing here: a waiver does not repair anything."""
    found = defaultdict(set)
    for entry in report(place).entries:
        if entry.status != Status.UNKNOWN:
            found[entry.rule.id].add(entry.name)
    assert found == {rule: set(row["found"][place]) for rule, row in LISTED["failures"].items() if place in row["found"]}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_blocks_in_an_environment(environment: str) -> None:
    assert [(entry.rule.id, entry.name) for entry in report(environment).entries if entry.blocks] == []


@pytest.mark.parametrize("place", PLACES)
def test_what_is_undecided_is_what_is_listed(place: str) -> None:
    listed = {(rule, path) for rule, row in LISTED["undecided"].items() for path in row["inputs"]}
    assert {(entry.rule.id, entry.finding.property) for entry in report(place).entries if entry.status == Status.UNKNOWN} <= listed


def test_nothing_is_listed_that_is_not_found() -> None:
    undecided = {entry.rule.id for place in PLACES for entry in report(place).entries if entry.status == Status.UNKNOWN}
    assert undecided == set(LISTED["undecided"])
    assert {place for row in LISTED["failures"].values() for place in row["found"]} <= set(PLACES)
    assert all(row["because"] for section in LISTED.values() for row in section.values())
