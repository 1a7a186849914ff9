"""Judging and enforcement: what holds for every rule."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from platform_policies import enforcement
from platform_policies.checks import day_of
from platform_policies.enforcement import Enforcement, Level
from platform_policies.errors import PolicyInputError
from platform_policies.evaluate import evaluate
from platform_policies.graph import UNKNOWN, Node, ResourceGraph, environment_of
from platform_policies.rule import PASS, Answer, Settings, Severity, Status, fail, is_unknown, passed, rule, unknown

THING = "test:a/thing:Thing"


@rule("sized", title="Sized", severity=Severity.LOW, types=(THING,), fix="Size it", defaults={"max": 3}, sub_ids=("size",))
def sized(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Large things
    fall over.
    """
    size = node.value("size")
    if size is None:
        return None
    if is_unknown(size):
        return unknown("size", sub_id="size")
    return fail("size", f"size {size} is over {settings['max']}", sub_id="size") if size > settings["max"] else passed(sub_id="size")


@rule("whole", title="Whole", severity=Severity.LOW, types=(), fix="Do", advisory=True)
def whole(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """All of it."""
    return [PASS, fail("", f"{len(graph)} nodes")]


def node(name: str, inputs: Mapping[str, Any], **more: Any) -> Node:
    return Node(f"urn:pulumi:s::p::{THING}::{name}", THING, name, inputs, **more)


def test_findings_come_in_registration_order_and_passes_are_counted() -> None:
    stack = Node("urn:pulumi:s::p::pulumi:pulumi:Stack::p-s", "pulumi:pulumi:Stack", "p-s", {})
    nodes = (stack, node("b", {"size": 9}, source="main.py:3"), node("a", {"size": UNKNOWN}), node("c", {"size": 3}), node("d", {}))
    outcome = evaluate(ResourceGraph(nodes), [sized, whole])
    assert [(one.rule.id, one.urn.rpartition("::")[2], one.status, one.sub_id) for one in outcome.findings] == [
        ("whole", "p-s", Status.FAIL, ""),
        ("sized", "b", Status.FAIL, "size"),
        ("sized", "a", Status.UNKNOWN, "size"),
    ]
    assert (outcome.passed, outcome.resources) == (2, 5)
    assert outcome.findings[1].to_json() == {
        "rule": "sized",
        "sub_id": "size",
        "status": "fail",
        "severity": "low",
        "urn": nodes[1].urn,
        "resource_type": THING,
        "property": "size",
        "message": "size 9 is over 3",
        "fix": "Size it",
        "source": "main.py:3",
    }


def test_settings_are_the_rule_s_own_unless_given() -> None:
    graph = ResourceGraph((node("a", {"size": 4}),))
    assert len(evaluate(graph, [sized]).findings) == 1
    assert evaluate(graph, [sized], Settings({"sized": {"max": 4}})).findings == []
    assert len(evaluate(graph, [sized], Settings({"other": {"max": 4}})).findings) == 1


@rule("fresh", title="Fresh", severity=Severity.LOW, types=(THING,), fix="Renew", defaults={"today": ""})
def fresh(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Old things rot."""
    return fail("", f"judged on {day_of(settings)}")


def test_a_rule_judges_by_the_day_of_the_run_unless_set_to_another() -> None:
    def days(settings: Settings | None) -> str:
        return evaluate(ResourceGraph((node("a", {}),)), [fresh], settings).findings[0].message

    run = Settings().on(date(2031, 5, 7))
    assert days(run) == days(run.within("prod")) == "judged on 2031-05-07"
    assert days(Settings({"fresh": {"today": "2032-01-01"}}).on(date(2031, 5, 7))) == "judged on 2032-01-01"
    assert days(None) == f"judged on {datetime.now(UTC).date()}"
    assert evaluate(ResourceGraph((node("a", {"size": 4}),)), [sized], run).findings, "a rule without a day is asked as ever"


def test_what_is_only_read_is_not_judged() -> None:
    assert evaluate(ResourceGraph((node("a", {"size": 9}, external=True),)), [sized]).findings == []


def test_a_rule_that_breaks_costs_no_other_finding() -> None:
    outcome = evaluate(ResourceGraph((node("a", {"size": "big"}), node("b", {"size": 9}))), [sized])
    assert [one.status for one in outcome.findings] == [Status.UNKNOWN, Status.FAIL]
    assert "TypeError" in outcome.findings[0].message


def test_why_is_the_docstring_in_one_line() -> None:
    assert sized.why == "Large things fall over."


def test_unknown_is_found_however_deep() -> None:
    assert is_unknown({"a": [{"b": UNKNOWN}]})
    assert not is_unknown({"a": [{"b": "x"}], "c": None})


TEXT = """\
environments: {dev: advisory, prod: mandatory}
default: remediate
rules:
  sized:
    enforcement: {dev: disabled}
    settings: {max: 5}
    undecided: advisory
  whole:
    enforcement: mandatory
"""


def test_levels_by_environment_and_rule() -> None:
    found = enforcement.parse(TEXT, [sized, whole])
    assert found.level(sized, "dev") is Level.DISABLED
    assert found.level(sized, "prod") is Level.MANDATORY
    assert found.level(sized, "else") is Level.REMEDIATE
    assert found.level(whole, "prod") is Level.ADVISORY, "a hint never blocks"
    assert found.undecided == {"sized": Level.ADVISORY}
    assert found.settings.values == {"sized": {"max": 5}}


def test_without_a_file_everything_is_mandatory(tmp_path: Path) -> None:
    assert enforcement.read(tmp_path / "none.yaml", []) == Enforcement()
    assert Enforcement().level(sized, "dev") is Level.MANDATORY


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "dev: advisory",
            "dev: maybe",
            "e.yaml:1  environments.dev: 'maybe' is no level; use one of advisory, mandatory, remediate, disabled",
        ),
        ("default: remediate", "default: [1]", "e.yaml:2  default: [1] is no level"),
        (
            "default: remediate",
            "otherwise: remediate",
            "e.yaml:2  otherwise: unknown; it can be environments, default, environment_files, rules",
        ),
        ("sized:", "size:", "e.yaml:4  rules.size: there is no such rule"),
        ("undecided: advisory", "undecided: maybe", "e.yaml:7  rules.sized.undecided: 'maybe' is no level"),
        ("{dev: disabled}", "{dev: off}", "e.yaml:5  rules.sized.enforcement.dev: False is no level"),
        ("max: 5", "min: 5", "e.yaml:6  rules.sized.settings.min: no setting of this rule; it has max"),
        ("    enforcement: mandatory", "    settings: {a: 1}", "e.yaml:9  rules.whole.settings.a: no setting of this rule; it has none"),
        (
            "    enforcement: mandatory",
            "    level: mandatory",
            "e.yaml:9  rules.whole.level: unknown; it can be enforcement, settings, undecided",
        ),
        ("    enforcement: mandatory", "    - mandatory", "e.yaml:8  rules.whole: must be a mapping"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(before: str, after: str, said: str) -> None:
    assert before in TEXT
    with pytest.raises(PolicyInputError) as caught:
        enforcement.parse(TEXT.replace(before, after), [sized, whole], "e.yaml")
    assert str(caught.value).startswith(said)


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(PolicyInputError) as caught:
        enforcement.parse("default: x\nrules: {a: {}, b: {}}", [], "e.yaml")
    assert len(caught.value.problems) == 3


def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PolicyInputError, match="cannot be read"):
        enforcement.read(tmp_path / "e.yaml", [])


DRAWN = """\
environment_files: ../environments
rules:
  sized: {settings: {max: {environment: limits.max}}}
"""


@pytest.fixture
def environments(tmp_path: Path) -> Path:
    """A folder of environment files, and beside it one with the enforcement file that draws on them."""
    files = {"dev": "limits: {max: 5}", "prod": "limits:\n  max: 9\n", "lab": "region: eu-west-1", "empty": ""}
    (tmp_path / "environments").mkdir()
    (tmp_path / "policies").mkdir()
    for name, text in files.items():
        (tmp_path / "environments" / f"{name}.yaml").write_text(text)
    (tmp_path / "policies" / "enforcement.yaml").write_text(DRAWN)
    return tmp_path


def too_large(settings: Settings, stack: str, size: int) -> bool:
    graph = ResourceGraph((Node(f"urn:pulumi:{stack}::p::{THING}::a", THING, "a", {"size": size}),))
    return bool(evaluate(graph, [sized], settings).findings)


def test_a_setting_is_drawn_from_the_environments_own_file(environments: Path) -> None:
    found = enforcement.read(environments / "policies" / "enforcement.yaml", [sized, whole]).settings
    for stack, most in (("dev.network", 5), ("prod.cluster", 9), ("lab.network", 3), ("other.network", 3)):
        assert [too_large(found, stack, most), too_large(found, stack, most + 1)] == [False, True], stack


def test_files_of_environments_are_found_beside_a_linked_folder(environments: Path, tmp_path: Path) -> None:
    (tmp_path / "far" / "deep").mkdir(parents=True)
    (environments / "policies").rename(tmp_path / "far" / "deep" / "policies")
    (environments / "policies").symlink_to(tmp_path / "far" / "deep" / "policies")
    found = enforcement.read(environments / "policies" / "enforcement.yaml", [sized, whole]).settings
    assert found.of("sized", "dev") == {"max": 5}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("environment_files: ../environments\n", "", "enforcement.yaml:2  rules.sized.settings.max: needs environment_files"),
        ("../environments", "../gone", "enforcement.yaml:1  environment_files: there is no folder "),
        ("../environments", "[a]", "enforcement.yaml:1  environment_files: must be the path of a folder"),
        ("limits.max", "limits.most", "enforcement.yaml:3  rules.sized.settings.max: no file in ../environments has limits.most"),
        ("limits.max", "[limits]", "enforcement.yaml:3  rules.sized.settings.max: environment must name a field"),
    ],
)
def test_what_is_wrong_with_a_drawn_setting_is_told(environments: Path, before: str, after: str, said: str) -> None:
    assert before in DRAWN
    path = environments / "policies" / "enforcement.yaml"
    path.write_text(DRAWN.replace(before, after))
    with pytest.raises(PolicyInputError) as caught:
        enforcement.read(path, [sized])
    assert str(caught.value).startswith(f"{path.parent}/{said}")
    assert len(caught.value.problems) == 1


def test_an_environments_file_that_is_no_yaml_is_named(environments: Path) -> None:
    (environments / "environments" / "prod.yaml").write_text("limits: {max: 9")
    with pytest.raises(PolicyInputError, match=r"environments/prod\.yaml:1  no valid YAML"):
        enforcement.read(environments / "policies" / "enforcement.yaml", [sized])


@pytest.mark.parametrize(("stack", "environment"), [("prod.network", "prod"), ("acme/platform/prod.network", "prod"), ("mine", "mine")])
def test_environment_of_a_stack(stack: str, environment: str) -> None:
    assert environment_of(stack) == environment
