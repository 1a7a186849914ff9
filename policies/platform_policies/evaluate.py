"""Judging: rules over a graph, into findings."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from platform_policies.graph import Node, ResourceGraph
from platform_policies.rule import Rule, Settings, Status, Verdict

STACK_TYPE = "pulumi:pulumi:Stack"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that fails or cannot be decided; passes are counted, not listed."""

    rule: Rule
    sub_id: str
    status: Status
    urn: str
    resource_type: str
    property: str
    message: str
    source: str = ""
    """`file:line` of the program, where the graph knows it."""

    def to_json(self) -> dict[str, Any]:
        """The finding as `--json` prints it."""
        return {
            "rule": self.rule.id,
            "sub_id": self.sub_id,
            "status": str(self.status),
            "severity": str(self.rule.severity),
            "urn": self.urn,
            "resource_type": self.resource_type,
            "property": self.property,
            "message": self.message,
            "fix": self.rule.fix,
            "source": self.source or None,
        }


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of judging a graph."""

    findings: Sequence[Finding]
    passed: int
    """Verdicts that were a pass."""
    resources: int
    passed_by_rule: Mapping[str, int] = field(default_factory=dict)
    """The same, by rule: a rule that is not here has passed nowhere."""


def judge(rule: Rule, node: Node, graph: ResourceGraph, settings: Settings | None = None) -> tuple[Verdict, ...]:
    """What one rule says of one resource. A rule that breaks on what it finds has not decided: that is unknown, never a pass."""
    try:
        return rule(node, graph, settings)
    except Undecidable:
        raise
    except Exception as error:  # noqa: BLE001 -- a program may hold anything; one odd value must not cost every other finding
        return (Verdict(Status.UNKNOWN, "", f"the rule could not read this resource ({type(error).__name__}: {error})"),)


class Undecidable(Exception):  # noqa: N818 -- not an error: an answer
    """Raised by a graph that cannot be looked at yet."""


def evaluate(graph: ResourceGraph, rules: Iterable[Rule], settings: Settings | None = None) -> Judgement:
    """Judge every resource by every rule of its type, in registration order; what is only read is looked at, not judged."""
    by_type: dict[str, list[Rule]] = {}
    for one in rules:
        for kind in one.types or (STACK_TYPE,):
            by_type.setdefault(kind, []).append(one)
    findings: list[Finding] = []
    passes: Counter[str] = Counter()
    for kind, nodes in graph.by_canonical_type.items():
        for one in by_type.get(kind, ()):
            for node in nodes:
                if node.external:
                    continue  # only read here: judged where it is managed
                for verdict in judge(one, node, graph, settings):
                    if verdict.status is Status.PASS:
                        passes[one.id] += 1
                        continue
                    findings.append(
                        Finding(one, verdict.sub_id, verdict.status, node.urn, node.type, verdict.property, verdict.message, node.source)
                    )
    order = {node.urn: position for position, node in enumerate(graph.nodes)}
    findings.sort(key=lambda finding: (order.get(finding.urn, 0), finding.rule.id, finding.sub_id))
    return Judgement(findings, passes.total(), len(graph), passes)
