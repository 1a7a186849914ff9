"""Runbooks: each alert has its page, each page its alert, and what a page tells people to type exists."""

import re
import shlex
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.session import get_session

from platformctl.__main__ import COMMANDS
from tests.rule_files import contract_problems, log_rules, objective_rules, rules

FOLDER = Path(__file__).parents[2] / "docs" / "runbooks"
ALERTS = {rule["alert"]: rule for rule in (*rules(), *objective_rules(), *log_rules()) if "alert" in rule}
SECTIONS = ("What it means", "Impact", "First look", "Fix", "Escalate")

SUBCOMMANDS: Mapping[str, frozenset[str]] = {
    "kubectl": frozenset(["create", "delete", "describe", "drain", "get", "logs", "rollout", "top"]),
    "istioctl": frozenset({"analyze", "proxy-status"}),
    "promtool": frozenset({"check"}),
    "amtool": frozenset({"check-config"}),
}
"""What the tools themselves know, as far as pages use it: https://kubernetes.io/docs/reference/kubectl/generated/ and
https://istio.io/latest/docs/reference/commands/istioctl/."""
CUSTOM_OPERATIONS = {("logs", "tail")}
"""Commands of the AWS CLI that are no operation of an API."""


def pages() -> Mapping[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}


def commands(text: str) -> Iterator[str]:
    """Lines of code blocks, and pieces of text that begin with a tool's name."""
    tools = (*SUBCOMMANDS, "platformctl", "aws")
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        yield from block.strip().splitlines()
    for piece in re.findall(r"`([^`\n]+)`", text):
        if piece.split()[0] in tools and " " in piece:
            yield piece


@cache
def operations(service: str) -> frozenset[str]:
    return frozenset(xform_name(name, "-") for name in get_session().get_service_model(service).operation_names)


def problem(command: str) -> str | None:
    """Why nobody can type a command, or None."""
    tool, *words = shlex.split(command)
    if tool == "platformctl":
        known = {(group, name) if group else (name,) for group, name, _ in COMMANDS}
        return None if tuple(words[:2]) in known or tuple(words[:1]) in known else f"platformctl has no {' '.join(words[:2])}"
    if tool == "aws":
        if tuple(words[:2]) in CUSTOM_OPERATIONS:
            return None
        if words[0] not in get_session().get_available_services():
            return f"AWS has no {words[0]}"
        return None if words[1] in operations(words[0]) else f"{words[0]} has no {words[1]}"
    if tool not in SUBCOMMANDS:
        return f"{tool} is no tool that is known"
    return None if words[0] in SUBCOMMANDS[tool] else f"{tool} has no {words[0]}"


def test_each_alert_has_its_page_and_each_page_its_alert() -> None:
    assert set(pages()) == set(ALERTS)


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_a_page_says_what_whom_and_how(alert: str) -> None:
    rule, text = ALERTS[alert], pages()[alert]
    lines = text.splitlines()
    assert lines[0] == f"# {alert}"
    team = rule["labels"].get("team", "the namespace's")
    assert lines[2] == f"Severity `{rule['labels']['severity']}`, team {team}."
    assert tuple(re.findall(r"^## (.*)$", text, re.MULTILINE)) == SECTIONS
    for section in SECTIONS:
        body = text.partition(f"## {section}\n")[2].partition("\n## ")[0].strip()
        assert len(body.split()) >= 1, section
    assert re.search(r"^- ", text.partition("## Fix\n")[2], re.MULTILINE)


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_what_a_page_tells_people_to_type_exists(alert: str) -> None:
    written = list(commands(pages()[alert]))
    assert written
    assert [found for command in written if (found := problem(command))] == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("platformctl kapacity", "platformctl has no kapacity"),
        ("aws ec3 describe-instances", "AWS has no ec3"),
        ("aws ec2 describe-instanzes", "ec2 has no describe-instanzes"),
        ("kubectl gett pods", "kubectl has no gett"),
        ("kubectx dev", "kubectx is no tool that is known"),
    ],
)
def test_what_does_not_exist_is_found(command: str, said: str) -> None:
    assert problem(command) == said


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_an_alert_keeps_its_contract(alert: str) -> None:
    assert contract_problems(ALERTS[alert]) == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("severity", "warning", "severity 'warning'"),
        ("team", "", "nobody answers"),
        ("summary", "", "no summary"),
        ("runbook_url", "docs/runbooks/NodesNotReady.md", "the runbook 'docs/runbooks/NodesNotReady.md' is no address"),
        ("runbook_url", "https://git.example.com/docs/runbooks/Missing.md", "no page Missing.md"),
        ("dashboard_url", "/d/platform-cluster", "the dashboard '/d/platform-cluster' is no address"),
        ("dashboard_url", "https://grafana.example.com/d/other", "no dashboard other"),
    ],
)
def test_what_breaks_the_contract_is_found(field: str, value: str, said: str) -> None:
    rule = deepcopy(dict(ALERTS["NodesNotReady"]))
    rule["labels" if field in rule["labels"] else "annotations"][field] = value
    assert contract_problems(rule) == [said]
