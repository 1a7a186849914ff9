"""The insecure example: every fault that was planted is found, and what else is found is declared as its consequence."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from platform_policies import catalogue

from platformctl.__main__ import run

SHOP = Path(__file__).parents[2] / "examples" / "insecure-shop"
Fault = tuple[str, str, str]
"""Rule, sub_id and the name of the resource."""


def declared(part: str) -> list[Fault]:
    """What `faults.yaml` declares, in its order."""
    listed = yaml.safe_load((SHOP / "faults.yaml").read_text(encoding="utf-8"))[part]
    assert all(entry["what"].strip() for entries in listed.values() for entry in entries)
    return [(entry["rule"], entry.get("sub_id", ""), name) for name, entries in listed.items() for entry in entries]


@pytest.fixture
def findings(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What the command line finds, by the example's own settings."""
    assert run(["check", "demo", "--program", str(SHOP), "--json"]) == 1
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["findings"]
    return found


def test_what_is_found_is_what_was_planted(findings: list[dict[str, Any]]) -> None:
    planted, consequences = declared("planted"), declared("consequences")
    assert len({*planted, *consequences}) == len(planted) + len(consequences), "each stands there once"
    found = {(one["rule"], one["sub_id"], one["urn"].rpartition("::")[2]) for one in findings}
    assert found == {*planted, *consequences}


def test_every_finding_is_decided_blocks_unless_it_is_a_hint_and_says_where_and_what_to_do(findings: list[dict[str, Any]]) -> None:
    rules = catalogue.by_id()
    for one in findings:
        assert one["status"] == "fail", one
        assert one["blocks"] is not rules[one["rule"]].advisory, one
        assert one["message"], one
        assert one["fix"], one
        # The stack itself has no line in the program, nor have objects of a manifest.
        assert one["source"] or one["resource_type"] == "pulumi:pulumi:Stack" or ":ConfigGroup$" in one["urn"], one


def test_every_rule_has_a_planted_fault_and_every_case_of_one_is_there() -> None:
    planted, consequences = declared("planted"), declared("consequences")
    assert len(planted) >= 60
    assert {rule.id for rule in catalogue.rules()} <= {rule for rule, *_ in planted}
    cases = {(rule.id, sub_id) for rule in catalogue.rules() for sub_id in rule.sub_ids or ("",)}
    assert cases <= {(rule, sub_id) for rule, sub_id, _ in (*planted, *consequences)}
