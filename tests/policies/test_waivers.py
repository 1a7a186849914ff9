"""Waivers: what they cover, until when, and what is said of bad ones."""

import time
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_policies import catalogue, waivers
from platform_policies.errors import PolicyInputError
from platform_policies.evaluate import Judgement, evaluate
from platform_policies.graph import Node, ResourceGraph
from platform_policies.rule import Rule, Severity, Status, fail
from platform_policies.waivers import Waiver, Waivers, matches

TODAY = date(2026, 11, 23)
STACK = Node("urn:pulumi:dev.network::platform::pulumi:pulumi:Stack::platform-dev.network", "pulumi:pulumi:Stack", "s", {})
THING = Node("urn:pulumi:dev.network::platform::test:a/thing:Thing::one", "test:a/thing:Thing", "one", {}, parent=STACK.urn)
OTHER = Node("urn:pulumi:dev.network::platform::test:a/thing:Thing::two", "test:a/thing:Thing", "two", {}, parent=STACK.urn)
GRAPH = ResourceGraph((STACK, THING, OTHER))
RULE = Rule("no-things", "There is no thing", Severity.LOW, ("test:a/thing:Thing",), "Remove it", lambda *_: fail("", "a thing"))

GOOD = f"""\
waivers:
  - rule: no-things
    urn: "*::one"
    reason: it is only one
    owner: me
    ticket: T-1
    expires: {TODAY}
"""


def judged() -> Judgement:
    return evaluate(GRAPH, [RULE])


def read(text: str) -> Waivers:
    return waivers.parse(text, [RULE], "w.yaml")


def test_a_waiver_takes_its_finding_apart_and_no_other() -> None:
    outcome = waivers.apply(judged(), read(GOOD), GRAPH, TODAY)
    assert [finding.urn for finding in outcome.findings] == [OTHER.urn]
    assert [(finding.urn, waiver.ticket) for finding, waiver in outcome.waived] == [(THING.urn, "T-1")]
    assert (outcome.passed, outcome.resources) == (0, 3)


def test_the_last_day_counts() -> None:
    assert not waivers.apply(judged(), read(GOOD), GRAPH, TODAY).findings[1:]
    after = waivers.apply(judged(), read(GOOD), GRAPH, TODAY + timedelta(days=1))
    assert not after.waived
    assert [(finding.rule.id, finding.status, finding.source) for finding in after.findings] == [
        ("no-things", Status.FAIL, ""),
        ("no-things", Status.FAIL, ""),
        ("waiver-expired", Status.FAIL, "w.yaml:2"),
    ]
    assert after.findings[2].urn == STACK.urn
    assert "2026-11-23" in after.findings[2].message


@pytest.mark.parametrize(
    ("line", "replacement", "said"),
    [
        ("    reason: it is only one\n", "", "reason is missing"),
        ("    reason: it is only one\n", "    reason: ''\n", "reason is missing"),
        ("    reason: it is only one\n", "    reason: '  '\n", "reason '  ' must be text"),
        ("    owner: me\n", "    owner: [me, you]\n", "owner ['me', 'you'] must be text"),
        ("    ticket: T-1\n", "    ticket: 17\n", "ticket 17 must be text; put it in quotes"),
        ("    ticket: T-1\n", "    ticket: T-1\n    until: never\n", "until is unknown"),
        ("rule: no-things", "rule: no-thing", "rule 'no-thing' does not exist"),
        ("*::one", "one", "urn 'one' covers no URN; it begins with urn:pulumi: or a *"),
        ("*::one", "urn:aws:*", "urn 'urn:aws:*' covers no URN"),
        ("*::one", "urn:pulumi", "urn 'urn:pulumi' covers no URN"),
        (f"expires: {TODAY}", "expires: never", "expires 'never' is no day"),
        (f"expires: {TODAY}", "expires: 2027-02-30", "expires '2027-02-30' is no day"),
        (f"expires: {TODAY}", "expires: 2027-02-03 10:00:00", "is no day"),
        (f"expires: {TODAY}", "expires:", "expires is missing"),
    ],
)
def test_a_malformed_waiver_waives_nothing_and_is_a_finding(line: str, replacement: str, said: str) -> None:
    assert line in GOOD
    outcome = waivers.apply(judged(), read(GOOD.replace(line, replacement)), GRAPH, TODAY)
    assert not outcome.waived
    (finding,) = [finding for finding in outcome.findings if finding.rule.id == "waiver-malformed"]
    assert said in finding.message
    assert finding.source == "w.yaml:2"
    assert len(outcome.findings) == 3


def test_one_that_is_no_mapping() -> None:
    assert read("waivers: [all]").malformed == [(1, "a waiver is a mapping with rule, urn, reason, owner, ticket, expires")]


def test_a_day_in_quotes_is_a_day() -> None:
    assert read(GOOD.replace(f"expires: {TODAY}", f"expires: '{TODAY}'")).waivers[0].expires == TODAY


def test_one_that_matches_nothing_is_reported_and_does_not_block() -> None:
    outcome = waivers.apply(judged(), read(GOOD.replace("*::one", "urn:pulumi:dev.*::three")), GRAPH, TODAY)
    (finding,) = [finding for finding in outcome.findings if finding.rule.id == "waiver-unused"]
    assert finding.rule.advisory
    assert "matches no resource" in finding.message


def test_one_of_another_stack_is_not_missed_here() -> None:
    found = read(GOOD.replace("*::one", "urn:pulumi:prod.network::*::one"))
    assert found.unused(GRAPH) == []
    assert found.find("no-things", THING.urn, TODAY) is None


def test_the_longest_of_several_holds() -> None:
    base = read(GOOD).waivers[0]
    later = Waiver(base.rule, "*", base.reason, base.owner, "T-2", TODAY + timedelta(days=9))
    assert Waivers([base, later]).find(RULE.id, THING.urn, TODAY) is later
    assert Waivers([later, base]).find(RULE.id, THING.urn, TODAY) is later


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("waivers: {a: 1}", "w.yaml:1  must be a mapping with one key"),
        ("- rule: x", "w.yaml:1  must be a mapping with one key"),
        ("waivers: []\nmore: 1", "w.yaml:1  must be a mapping with one key"),
        ("waivers: [", "w.yaml:1  no valid YAML"),
        ("waivers: []\nwaivers: []", "w.yaml:2  waivers is written twice"),
        ("waivers: &a\n  - rule: no-things\n    urn: *a", "w.yaml:1  an anchor that contains itself"),
        ("waivers: &a [*a]", "w.yaml:1  an anchor that contains itself"),
    ],
)
def test_what_is_no_waiver_file_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(PolicyInputError) as caught:
        read(text)
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "# nothing yet", "waivers:", "waivers: []"])
def test_an_empty_file_waives_nothing(text: str) -> None:
    assert read(text) == Waivers(file="w.yaml", waivers=[] if "waivers" in text else (), malformed=[] if "waivers" in text else ())


def test_a_file_that_is_not_there_waives_nothing(tmp_path: Path) -> None:
    assert not waivers.read(tmp_path / "waivers.yaml", [RULE]).waivers


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "waivers.yaml"
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(PolicyInputError, match="cannot be read"):
        waivers.read(path, [RULE])


def test_the_repository_s_own_waivers_are_well_formed() -> None:
    assert not waivers.read(Path(__file__).parents[2] / "policies" / waivers.FILE, catalogue.rules()).malformed


@pytest.mark.parametrize(
    ("glob", "text", "covered"),
    [
        ("*", "", True),
        ("", "", True),
        ("", "a", False),
        ("a*c", "abbc", True),
        ("a*c", "abcb", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("?", "", False),
        ("*b*b", "abab", True),
        ("a[b]", "a[b]", True),
        ("a[b]", "ab", False),
        ("A", "a", False),
    ],
)
def test_globs(glob: str, text: str, covered: bool) -> None:
    assert matches(glob, text) is covered


@given(st.text("ab", max_size=12), st.lists(st.integers(0, 12), max_size=4))
def test_a_text_with_parts_starred_out_covers_the_text(text: str, cuts: list[int]) -> None:
    edges = sorted(min(cut, len(text)) for cut in cuts)
    glob = "*".join(text[start:end] for start, end in zip([0, *edges], [*edges, len(text)], strict=True))
    assert matches(glob, text)
    assert matches("?" * len(text), text)


def test_a_glob_of_stars_takes_no_time() -> None:
    began = time.perf_counter()
    assert not matches("*a" * 40 + "b", "a" * 2000)
    assert time.perf_counter() - began < 5
