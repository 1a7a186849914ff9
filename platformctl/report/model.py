"""What a report says: every finding with what it does here, who has waived it, and where in the program it stands."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from platform_policies import waivers as waiving
from platform_policies.enforcement import Enforcement, Level
from platform_policies.evaluate import STACK_TYPE, Finding, evaluate
from platform_policies.graph import Node, ResourceGraph, environment_of
from platform_policies.rule import Rule, Severity, Status
from platform_policies.waivers import Waiver, Waivers

SEVERITIES = tuple(Severity)
"""Severities, the worst first."""

WAIVED = "waived"
STATUSES = (str(Status.FAIL), str(Status.UNKNOWN), WAIVED)
"""What a finding can be, in the order of reports."""


@dataclass(frozen=True)
class Judges:
    """What a graph is judged by."""

    rules: Sequence[Rule]
    enforcement: Enforcement = field(default_factory=Enforcement)
    waivers: Waivers = field(default_factory=Waivers)
    strict: bool = False
    """Whether what a mandatory rule cannot decide blocks, too."""


@dataclass(frozen=True)
class Places:
    """Where the program's files lie, so that a finding points at them from the root of the repository."""

    project: Path | None = None
    """Folder that the positions in the graph are relative to."""
    repository: Path | None = None
    """Folder that a report's positions are to be relative to."""
    fallback: str = "Pulumi.yaml"
    """File a finding points at where its line is not known."""

    def locate(self, source: str) -> tuple[str, int]:
        """File (with forward slashes) and line of a position; the fallback's first line where there is none."""
        name, _, line = source.rpartition(":")
        if not name or not line.isdigit():
            name, line = self.fallback, "1"
        path = Path(name)
        if self.repository is not None:
            whole = path if path.is_absolute() else (self.project or self.repository) / path
            path = whole.relative_to(self.repository) if whole.is_relative_to(self.repository) else path
        return path.as_posix(), max(1, int(line))


@dataclass(frozen=True, slots=True)
class Entry:
    """One finding, and what becomes of it."""

    finding: Finding
    status: str
    """`fail`, `unknown` or `waived`."""
    level: Level
    """What its rule does in the environment of its resource."""
    blocks: bool
    """Whether the gate says no because of it."""
    component: str
    """Name and type of the outermost component the resource belongs to; the stack for a resource of no component."""
    stack: str
    name: str
    """Name of the resource; empty where the finding is not about one."""
    file: str
    line: int
    located: bool
    """Whether file and line are the program's own, not a stand-in."""
    waiver: Waiver | None = None

    @property
    def rule(self) -> Rule:
        """The rule."""
        return self.finding.rule

    def to_json(self) -> dict[str, Any]:
        """The finding as `--json` prints it."""
        return {
            **self.finding.to_json(),
            "status": self.status,
            "source": f"{self.file}:{self.line}" if self.located else None,
            "stack": self.stack,
            "component": self.component,
            "enforcement": str(self.level),
            "blocks": self.blocks,
            "waiver": self.waiver.to_json() if self.waiver else None,
        }


@dataclass(frozen=True)
class Report:
    """Everything that is said of one run."""

    entries: Sequence[Entry]
    """Sorted: what blocks first; then failures, what is not decided, and what is waived; each by severity, in registration order."""
    passed: int
    """Verdicts that were a pass."""
    resources: int
    rules: Sequence[Rule]
    """Every rule that was asked, the waivers' own among them."""
    passed_by_rule: Mapping[str, int]
    stacks: Sequence[str]
    today: date

    @property
    def blocked(self) -> bool:
        """Whether the gate says no."""
        return any(entry.blocks for entry in self.entries)

    def summary(self) -> dict[str, Any]:
        """The counts."""
        statuses = Counter(entry.status for entry in self.entries)
        failing = [entry for entry in self.entries if entry.status == Status.FAIL]
        return {
            "resources": self.resources,
            "rules": len(self.rules),
            "passed": self.passed,
            "failed": len(failing),
            "blocking": sum(entry.blocks for entry in self.entries),
            "unknown": statuses[Status.UNKNOWN],
            "waived": statuses[WAIVED],
            "by_severity": {str(one): sum(entry.rule.severity is one for entry in failing) for one in SEVERITIES},
            "stacks": list(self.stacks),
            "date": self.today.isoformat(),
        }

    def to_json(self) -> dict[str, Any]:
        """The result of `check --json`; fields may be added, never renamed."""
        return {"findings": [entry.to_json() for entry in self.entries], "summary": self.summary()}


def judge(graph: ResourceGraph, judges: Judges, today: date, places: Places | None = None) -> Report:
    """Judge a graph: rules, then levels, then waivers.

    Args:
        graph: the resources.
        judges: rules, levels and waivers.
        today: the day that waivers and versions are judged by.
        places: where the program's files lie.
    """
    where = places or Places()
    stacks = list(dict.fromkeys(waiving.stack_of(node) for node in graph))
    environments = {environment_of(stack) for stack in stacks} or {""}
    asked = [rule for rule in judges.rules if any(judges.enforcement.level(rule, one) is not Level.DISABLED for one in environments)]
    judgement = evaluate(graph, asked, judges.enforcement.settings.on(today))
    outcome = waiving.apply(judgement, judges.waivers, graph, today)
    pairs: Iterable[tuple[Finding, Waiver | None]] = [*((one, None) for one in outcome.findings), *outcome.waived]
    entries = [_entry(finding, waiver, graph, judges, where) for finding, waiver in pairs]
    order = {urn: position for position, urn in enumerate(graph.by_urn)}
    kept = sorted(
        (entry for entry in entries if entry.level is not Level.DISABLED),
        key=lambda entry: (
            not entry.blocks,
            STATUSES.index(entry.status),
            SEVERITIES.index(entry.rule.severity),
            order.get(entry.finding.urn, -1),
            entry.rule.id,
            entry.finding.sub_id,
        ),
    )
    return Report(kept, outcome.passed, len(graph), (*asked, *waiving.RULES), judgement.passed_by_rule, stacks, today)


def _entry(finding: Finding, waiver: Waiver | None, graph: ResourceGraph, judges: Judges, places: Places) -> Entry:
    node = graph.by_urn.get(finding.urn)
    stack = waiving.stack_of(node) if node else ""
    level = judges.enforcement.level(finding.rule, environment_of(stack))
    decided = finding.status is Status.FAIL or judges.strict
    file, line = places.locate(finding.source)
    return Entry(
        finding=finding,
        status=WAIVED if waiver else str(finding.status),
        level=level,
        blocks=waiver is None and decided and level in (Level.MANDATORY, Level.REMEDIATE),
        component=component_of(node, graph),
        stack=stack,
        name=node.name if node and finding.resource_type else "",
        file=file,
        line=line,
        located=bool(finding.source),
        waiver=waiver,
    )


def component_of(node: Node | None, graph: ResourceGraph) -> str:
    """Name and type of the outermost component above a resource, or the stack."""
    found = ""
    seen: set[str] = set()
    while node is not None and node.urn not in seen:
        seen.add(node.urn)
        if not node.custom and node.type != STACK_TYPE:
            found = f"{node.name} ({node.type})"
        node = graph.by_urn.get(node.parent)
    return found or "stack"
