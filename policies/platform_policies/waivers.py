"""Waivers: failures somebody has accepted, for a reason, until a day.

    waivers:
      - rule: aws-eks-endpoint-not-public
        urn: "urn:pulumi:dev.cluster::*::aws:eks/cluster:Cluster::*"    # `*` is any text, `?` any letter
        reason: developers reach the dev cluster from home until the VPN is there
        owner: platform-team
        ticket: PLAT-123
        expires: 2027-01-31                                             # the last day it holds

A waiver that is malformed or expired waives nothing and is itself a finding; one that no resource answers to is reported.
`platformctl` refuses a file with a malformed one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from platform_policies import yaml_lines
from platform_policies.errors import PolicyInputError
from platform_policies.evaluate import Finding, Judgement
from platform_policies.graph import Node, ResourceGraph
from platform_policies.rule import Rule, Severity, Status

FILE = "waivers.yaml"
FIELDS = ("rule", "urn", "reason", "owner", "ticket", "expires")
"""What each waiver must say."""

_URN = "urn:pulumi:"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _nothing(*_: object) -> None:
    return None


MALFORMED = Rule(
    id="waiver-malformed",
    title="Every waiver names its rule, resources, reason, owner, ticket and last day",
    severity=Severity.HIGH,
    types=(),
    fix="Complete or remove the waiver.",
    decide=_nothing,
    why="A waiver nobody can account for is a hole that nobody owns.",
)
EXPIRED = Rule(
    id="waiver-expired",
    title="No waiver has outlived its last day",
    severity=Severity.HIGH,
    types=(),
    fix="Repair what it waived and remove it, or have it accepted anew with a later `expires`.",
    decide=_nothing,
    why="What was accepted for a while must not become permanent by being forgotten.",
)
UNUSED = Rule(
    id="waiver-unused",
    title="Every waiver's URN glob matches a resource",
    severity=Severity.LOW,
    types=(),
    fix="Correct `urn`, or remove the waiver.",
    decide=_nothing,
    advisory=True,
    why="A waiver that matches nothing was mistyped, or its resource is gone; it would waive whatever takes that name next.",
)
RULES = (MALFORMED, EXPIRED, UNUSED)
"""Rules about the waivers themselves; no waiver reaches them."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """One accepted failure."""

    rule: str
    urn: str
    """Glob over URNs."""
    reason: str
    owner: str
    ticket: str
    expires: date
    """Last day on which it holds."""
    line: int = 0
    """1-based line in its file."""

    def holds(self, today: date) -> bool:
        """Whether it still holds; on its last day it does."""
        return today <= self.expires

    def covers(self, rule: str, urn: str) -> bool:
        """Whether it speaks of this rule and this resource, held or not."""
        return self.rule == rule and matches(self.urn, urn)

    def to_json(self) -> dict[str, Any]:
        """The waiver as `--json` prints it."""
        return {**{name: getattr(self, name) for name in FIELDS}, "expires": self.expires.isoformat(), "line": self.line}


@dataclass(frozen=True, slots=True)
class Waivers:
    """A waiver file."""

    waivers: Sequence[Waiver] = ()
    malformed: Sequence[tuple[int, str]] = ()
    """Line and text of each waiver that says too little, or nonsense."""
    file: str = FILE

    def find(self, rule: str, urn: str, today: date) -> Waiver | None:
        """The waiver that holds for a rule and a resource; the one that holds longest where there are several."""
        holding = [one for one in self.waivers if one.holds(today) and one.covers(rule, urn)]
        return max(holding, key=lambda one: one.expires, default=None)

    def own_findings(self, graph: ResourceGraph, today: date) -> list[Finding]:
        """What is wrong with the waivers themselves, those of the graph's own stacks."""
        root = next((node.urn for node in graph if not node.parent), "")
        found = [(MALFORMED, line, message) for line, message in self.malformed]
        found += [
            (EXPIRED, one.line, f"expires {one.expires} is past: the waiver of {one.rule} ({one.owner}, {one.ticket}) holds no more")
            for one in self.waivers
            if not one.holds(today)
        ]
        found += [
            (UNUSED, one.line, f"urn {one.urn!r} of the waiver of {one.rule} ({one.owner}, {one.ticket}) matches no resource")
            for one in self.unused(graph)
            if one.holds(today)
        ]
        place = {"status": Status.FAIL, "urn": root, "resource_type": "", "property": "", "sub_id": ""}
        return [Finding(rule=rule, message=message, source=f"{self.file}:{line}", **place) for rule, line, message in found]  # type: ignore[arg-type]  # one dictionary of texts and a status

    def unused(self, graph: ResourceGraph) -> list[Waiver]:
        """Waivers whose glob matches no resource, of those that can speak of the stacks in the graph."""
        stacks = {stack_of(node) for node in graph}
        return [
            one
            for one in self.waivers
            if any(_may_speak_of(one.urn, stack) for stack in stacks) and not any(matches(one.urn, node.urn) for node in graph)
        ]


@dataclass(frozen=True, slots=True)
class Waived:
    """A judgement after the waivers."""

    findings: Sequence[Finding]
    """What is left, and what is wrong with the waivers."""
    waived: Sequence[tuple[Finding, Waiver]]
    """What was waived, and by which: counted apart, never as passed."""
    passed: int
    resources: int


def apply(judgement: Judgement, waivers: Waivers, graph: ResourceGraph, today: date) -> Waived:
    """Take what is waived out of a judgement, and add what is wrong with the waivers.

    Args:
        judgement: the findings.
        waivers: the waiver file.
        graph: what was judged.
        today: the day to judge expiry by.
    """
    left: list[Finding] = []
    waived: list[tuple[Finding, Waiver]] = []
    for finding in judgement.findings:
        waiver = waivers.find(finding.rule.id, finding.urn, today)
        if waiver is None:
            left.append(finding)
        else:
            waived.append((finding, waiver))
    return Waived([*left, *waivers.own_findings(graph, today)], waived, judgement.passed, judgement.resources)


def read(path: Path, rules: Iterable[Rule]) -> Waivers:
    """The waiver file at a path; where there is none, nothing is waived."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Waivers(file=str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyInputError([f"{path}  cannot be read: {error}"]) from None
    return replace(parse(text, rules, str(path)), file=str(path))


def parse(text: str, rules: Iterable[Rule], file: str = FILE) -> Waivers:
    """Read a waiver file. A waiver that says too little is kept apart as malformed; only a file that is none at all is refused.

    Raises:
        PolicyInputError: no YAML, or no list of waivers.
    """
    found, lines = yaml_lines.load(text, file)
    if found is None:
        return Waivers(file=file)
    if not isinstance(found, Mapping) or set(found) != {"waivers"} or not isinstance(found["waivers"] or [], list):
        raise PolicyInputError([f"{file}:1  must be a mapping with one key, `waivers`, that holds a list"])
    known = {rule.id for rule in rules}
    good: list[Waiver] = []
    bad: list[tuple[int, str]] = []
    for index, entry in enumerate(found["waivers"] or []):
        line = lines[("waivers", index)]
        faults = _faults(entry, known)
        if faults:
            bad.append((line, "; ".join(faults)))
        else:
            texts = {name: entry[name].strip() for name in FIELDS if name != "expires"}
            good.append(Waiver(**texts, expires=_day(entry["expires"]) or date.min, line=line))
    return Waivers(good, bad, file)


def matches(glob: str, text: str) -> bool:
    """Whether a glob (`*`, `?`) covers a whole text; in time proportional to the product of their lengths, whatever the glob."""
    at, star, resume, position = 0, -1, 0, 0
    while position < len(text):
        if at < len(glob) and glob[at] == "*":
            star, resume = at, position
            at += 1
        elif at < len(glob) and glob[at] in ("?", text[position]):
            at, position = at + 1, position + 1
        elif star >= 0:
            resume += 1
            at, position = star + 1, resume
        else:
            return False
    return not glob[at:].strip("*")


def stack_of(node: Node) -> str:
    """The stack a resource belongs to, from its URN."""
    return node.urn.removeprefix("urn:pulumi:").partition("::")[0]


def _may_speak_of(glob: str, stack: str) -> bool:
    if not glob.startswith("urn:pulumi:"):
        return True
    return matches(glob.removeprefix("urn:pulumi:").partition("::")[0], stack)


def _faults(entry: Any, known: set[str]) -> list[str]:
    if not isinstance(entry, Mapping):
        return [f"a waiver is a mapping with {', '.join(FIELDS)}"]
    faults = [f"{name} is missing" for name in FIELDS if entry.get(name) in (None, "")]
    faults += [f"{name} is unknown; a waiver has {', '.join(FIELDS)}" for name in entry if name not in FIELDS]
    for name in FIELDS:
        value = entry.get(name)
        if name != "expires" and value not in (None, "") and not (isinstance(value, str) and value.strip()):
            faults.append(f"{name} {value!r} must be text; put it in quotes")
    rule = entry.get("rule")
    if isinstance(rule, str) and rule and rule not in known:
        faults.append(f"rule {rule!r} does not exist; `platformctl policy list` names them all")
    glob = entry.get("urn")
    if isinstance(glob, str) and glob.strip() and not _may_cover_an_urn(glob.strip()):
        faults.append(f"urn {glob!r} covers no URN; it begins with {_URN} or a *")
    expires = entry.get("expires")
    if expires not in (None, "") and _day(expires) is None:
        faults.append(f"expires {expires!r} is no day; write it as 2027-01-31")
    return faults


def _may_cover_an_urn(glob: str) -> bool:
    """Whether what a glob begins with can be the beginning of a URN; the name of a resource alone never is."""
    literal, wild, _ = glob.replace("?", "*").partition("*")
    return literal.startswith(_URN) or (bool(wild) and _URN.startswith(literal))


def _day(value: Any) -> date | None:
    """A day as YAML reads it, or as text; a time of day is none."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
