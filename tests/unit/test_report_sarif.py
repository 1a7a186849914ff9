"""SARIF: valid against the schema OASIS publishes, and saying of each finding what code scanning shows."""

import json
from functools import cache
from typing import Any

import jsonschema
import pytest
from platform_policies import catalogue
from platform_policies.enforcement import Level
from platform_policies.graph import Node, ResourceGraph
from platform_policies.rule import Answer, Severity, fail, rule

from platformctl.report.model import Judges, judge
from platformctl.report.sarif import FINGERPRINT, to_sarif
from tests.go_modules import module_folder
from tests.report_cases import BUCKET_TYPE, GRAPH, TODAY, bucket, report, urn

MODULE = "github.com/owenrumney/go-sarif/v3@v3.3.1"
"""Carries the schema that OASIS publishes, unchanged, as text in its Go source."""
SUM = "h1:bKY8YnWcY8zYTiGVObC5wZLlfEvMkCxK9XMGXBbzEtQ="
PUBLISHED = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


@cache
def schema() -> dict[str, Any]:
    source = (module_folder(MODULE, SUM) / "pkg" / "report" / "v210" / "sarif" / "schema.go").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(source[source.index("`") + 1 : source.rindex("`")])
    assert found["id"] == PUBLISHED
    return found


def problems(log: dict[str, Any]) -> list[str]:
    validator = jsonschema.Draft4Validator(schema(), format_checker=jsonschema.FormatChecker())
    return [f"{list(error.absolute_path)}: {error.message[:200]}" for error in validator.iter_errors(json.loads(json.dumps(log)))]


@pytest.fixture
def results() -> dict[str, dict[str, Any]]:
    (run,) = to_sarif(report())["runs"]
    return {result["properties"]["urn"].rpartition("::")[2]: result for result in run["results"]}


@pytest.mark.parametrize("level", list(Level))
def test_it_is_valid(level: Level) -> None:
    assert problems(to_sarif(report(level), {"aws-s3-locked": ["CIS AWS 6.0: 3.1.4"]})) == []


def test_the_schema_would_see_a_fault() -> None:
    log = to_sarif(report())
    log["runs"][0]["results"][0]["kind"] = "maybe"
    log["runs"][0]["results"][1]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert len(problems(log)) == 2


def test_every_rule_of_the_catalogue_is_valid_metadata() -> None:
    log = to_sarif(judge(GRAPH, Judges(catalogue.rules()), TODAY))
    assert problems(log) == []
    assert len(log["runs"][0]["tool"]["driver"]["rules"]) == len(catalogue.rules()) + 3


def test_a_failure(results: dict[str, Any]) -> None:
    found = results["open"]
    assert (found["ruleId"], found["kind"], found["level"]) == ("aws-s3-locked", "fail", "error")
    assert found["message"]["text"] == "open [front]: front is ajar. Set lock to true"
    (location,) = found["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "own/app/store.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 7},
    }
    assert location["logicalLocations"][0]["fullyQualifiedName"] == urn("open")
    assert found["suppressions"] == []
    assert results["messy"]["level"] == "note"
    assert results["messy"]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "own/app/my%20store.py"


def test_what_is_not_decided_is_open(results: dict[str, Any]) -> None:
    assert (results["later"]["kind"], results["later"]["level"]) == ("open", "none")
    assert results["later"]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "own/Pulumi.yaml"


def test_what_is_waived_is_suppressed_with_its_reason(results: dict[str, Any]) -> None:
    (suppression,) = results["excused"]["suppressions"]
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
    assert suppression["justification"] == "kept for <audit> (data-team, DATA-1, until 2027-01-31)"


def test_rules_are_found_by_their_index() -> None:
    (run,) = to_sarif(report(), {"aws-s3-locked": ["CIS AWS 6.0: 3.1.4"]})["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    locked = next(rule for rule in rules if rule["id"] == "aws-s3-locked")
    assert locked["fullDescription"]["text"] == "Open buckets leak."
    assert locked["help"]["text"] == "Set lock to true"
    assert locked["properties"]["security-severity"] == "9.5"
    assert locked["properties"]["tags"] == ["CIS AWS 6.0: 3.1.4", "security"]


def fingerprints(*nodes: Node) -> list[str]:
    return [result["partialFingerprints"][FINGERPRINT] for result in to_sarif(report(graph=ResourceGraph(nodes)))["runs"][0]["results"]]


def test_a_fingerprint_stays_where_the_line_moves() -> None:
    assert fingerprints(bucket("a", "x.py:1", front="ajar")) == fingerprints(bucket("a", "y.py:99", front="wide open"))


def test_fingerprints_tell_faults_apart() -> None:
    found = fingerprints(bucket("a", front="ajar", back="ajar", mess="m"), bucket("b", front="ajar"))
    assert len(set(found)) == len(found) == 4


def test_two_faults_of_one_property_are_told_apart() -> None:
    @rule("aws-s3-twice", title="Twice", severity=Severity.LOW, types=[BUCKET_TYPE], fix="Fix both")
    def twice(node: Node, graph: ResourceGraph, settings: object) -> Answer:
        return [fail("rules", "the first is wrong"), fail("rules", "the second is wrong")]

    found = to_sarif(judge(ResourceGraph((bucket("a"),)), Judges([twice]), TODAY))["runs"][0]["results"]
    assert len({result["partialFingerprints"][FINGERPRINT] for result in found}) == 2
