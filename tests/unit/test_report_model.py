"""What becomes of a finding: its level, its waiver, its place."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from platform_policies import catalogue
from platform_policies.enforcement import Enforcement, Level
from platform_policies.graph import Node, ResourceGraph
from platform_policies.waivers import Waivers

from platformctl.report.model import Judges, Places, judge
from tests.report_cases import GRAPH, PLACES, RULES, STACK, TODAY, WAIVER, bucket, report


def test_what_blocks_comes_first_and_what_is_waived_last() -> None:
    found = [(entry.name, entry.rule.id, entry.finding.sub_id, entry.status, entry.blocks) for entry in report().entries]
    assert found == [
        ("open", "aws-s3-locked", "front", "fail", True),
        ("messy", "aws-s3-tidy", "", "fail", False),
        ("later", "aws-s3-locked", "front", "unknown", False),
        ("excused", "aws-s3-old", "", "waived", False),
    ]


def test_versions_are_judged_by_the_day_of_the_report() -> None:
    cluster = Node("urn:pulumi:prod.cluster::p::aws:eks/cluster:Cluster::c", "aws:eks/cluster:Cluster", "c", {"version": "1.34"})
    judges = Judges([rule for rule in catalogue.rules() if rule.id in ("aws-eks-supported-version", "cost-eks-extended-support")])
    found = {day: {entry.rule.id for entry in judge(ResourceGraph((cluster,)), judges, date(2026, 12, day)).entries} for day in (2, 3)}
    assert found == {2: set(), 3: {rule.id for rule in judges.rules}}


def test_the_worse_comes_first_whatever_was_registered_first() -> None:
    graph = ResourceGraph((bucket("a", age=9), bucket("b", front="ajar")))
    assert [entry.rule.id for entry in report(graph=graph).entries] == ["aws-s3-locked", "aws-s3-old"]


def test_the_counts() -> None:
    summary = report().summary()
    assert {key: summary[key] for key in ("resources", "passed", "failed", "blocking", "unknown", "waived")} == {
        "resources": 7,
        "passed": 12,
        "failed": 2,
        "blocking": 1,
        "unknown": 1,
        "waived": 1,
    }
    assert summary["by_severity"] == {"critical": 1, "high": 0, "medium": 0, "low": 1}
    assert summary["stacks"] == ["prod.data"]
    assert report().passed_by_rule == {"aws-s3-locked": 8, "aws-s3-tidy": 4}


@pytest.mark.parametrize(
    ("level", "strict", "blocking"),
    [
        (Level.MANDATORY, False, {"open"}),
        (Level.REMEDIATE, False, {"open"}),
        (Level.MANDATORY, True, {"open", "later"}),
        (Level.ADVISORY, False, set()),
        (Level.ADVISORY, True, set()),
        (Level.DISABLED, True, set()),
    ],
)
def test_the_level_of_the_environment_decides_what_blocks(level: Level, strict: bool, blocking: set[str]) -> None:
    found = report(level, strict=strict)
    assert {entry.name for entry in found.entries if entry.blocks} == blocking
    assert found.blocked == bool(blocking)


def test_a_disabled_rule_is_not_asked() -> None:
    found = report(Level.DISABLED)
    assert (list(found.entries), found.passed) == ([], 0)


def test_each_resource_has_the_level_of_its_own_environment() -> None:
    other = [replace(node, urn=node.urn.replace("prod.data", "dev.data"), parent=node.parent.replace("prod", "dev")) for node in GRAPH]
    rules = Enforcement(environments={"dev": Level.DISABLED, "prod": Level.MANDATORY})
    found = judge(ResourceGraph((*GRAPH, *other)), Judges(RULES, rules), TODAY)
    assert {entry.stack for entry in found.entries} == {"prod.data"}
    assert found.stacks == ["prod.data", "dev.data"]


def test_an_expired_waiver_waives_nothing_and_is_a_finding_that_blocks() -> None:
    waivers = Waivers([replace(WAIVER, expires=TODAY.replace(day=22))], file="/r/own/policies/waivers.yaml")
    found = judge(GRAPH, Judges(RULES, waivers=waivers), TODAY, PLACES)
    blocking = {entry.rule.id: entry for entry in found.entries if entry.blocks}
    assert set(blocking) == {"aws-s3-locked", "aws-s3-old", "waiver-expired"}
    assert (blocking["waiver-expired"].file, blocking["waiver-expired"].line) == ("own/policies/waivers.yaml", 4)
    assert blocking["waiver-expired"].name == ""


def test_components_and_places() -> None:
    entries = {entry.name: entry for entry in report().entries}
    assert (entries["open"].component, entries["open"].file, entries["open"].line) == ("main (shop:index:Store)", "own/app/store.py", 7)
    assert entries["messy"].component == "stack"
    assert (entries["later"].file, entries["later"].line, entries["later"].located) == ("own/Pulumi.yaml", 1, False)
    assert entries["open"].to_json()["source"] == "own/app/store.py:7"
    assert entries["later"].to_json()["source"] is None
    waived = entries["excused"].to_json()
    assert (waived["status"], waived["waiver"]["ticket"]) == ("waived", "DATA-1")


@pytest.mark.parametrize(
    ("places", "source", "expected"),
    [
        (Places(), "a/b.py:3", ("a/b.py", 3)),
        (Places(), "", ("Pulumi.yaml", 1)),
        (Places(), "odd", ("Pulumi.yaml", 1)),
        (Places(), "a.py:0", ("a.py", 1)),
        (Places(Path("/r/p"), Path("/r")), "a.py:3", ("p/a.py", 3)),
        (Places(Path("/r/p"), Path("/r")), "/r/x.yaml:3", ("x.yaml", 3)),
        (Places(Path("/r/p"), Path("/r")), "/elsewhere/x.yaml:3", ("/elsewhere/x.yaml", 3)),
        (Places(None, Path("/r")), "a.py:3", ("a.py", 3)),
    ],
)
def test_where_a_finding_points(places: Places, source: str, expected: tuple[str, int]) -> None:
    assert places.locate(source) == expected


def test_parents_that_go_in_a_circle_end() -> None:
    one = replace(bucket("one", front="ajar"), parent=bucket("two").urn)
    two = replace(bucket("two"), parent=one.urn)
    assert report(graph=ResourceGraph((one, two))).entries[0].component == "stack"
    assert STACK in GRAPH.by_urn
