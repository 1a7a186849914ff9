"""The table every rule is proven by: a passing, a failing, an absent-property and an unknown case at least."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from platform_policies.rule import Rule, Settings, Status, Verdict

Kind = Literal["passing", "failing", "absent", "unknown"]


@dataclass(frozen=True)
class Case:
    """One resource, what stands around it, and what the rule must say."""

    rule: str
    kind: Kind
    type: str
    inputs: Mapping[str, Any]
    expect: Status | None
    """The worst verdict the rule must give, of `sub_id` where that is set; None: the rule does not concern it."""
    sub_id: str = ""
    others: Sequence[Node] = ()
    """Other resources of the graph; refer to the judged one with `ref("subject")`."""
    property: str | None = None
    """Path the verdict must name; None: any."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    refers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Properties of the judged resource to the names of resources they mean, as in a preview: their values are unknown unless given."""
    name: str = ""
    """Tells cases of one kind apart in the test's id."""
    provider: str = ""
    """Reference to the judged resource's provider."""
    says: str = ""
    """What a message of the worst verdict must contain, where its wording is decided by the code."""


def urn(name: str, type_: str = "test") -> str:
    """URN of a node in a test graph."""
    return f"urn:pulumi:test.stack::platform::{type_}::{name}"


def node(type_: str, name: str, inputs: Mapping[str, Any], refers: Mapping[str, Sequence[str]] | None = None) -> Node:
    """Another resource; `refers` maps its properties to the names of resources they mean (their values are unknown, as in a preview)."""
    links = {key: tuple(urn(target) for target in targets) for key, targets in (refers or {}).items()}
    return Node(
        urn=urn(name),
        type=type_,
        name=name,
        inputs={**inputs, **{key: UNKNOWN for key in links if key not in inputs}},
        dependencies=tuple(target for targets in links.values() for target in targets),
        property_dependencies=links,
    )


SEVERITY_OF_STATUS = {Status.FAIL: 2, Status.UNKNOWN: 1, Status.PASS: 0}


def subject_of(case: Case) -> Node:
    """The judged resource."""
    return replace(node(case.type, "subject", case.inputs, case.refers), outputs=case.outputs, provider=case.provider)


def judge(rule: Rule, case: Case) -> tuple[Status | None, Sequence[Verdict]]:
    """The worst verdict of the case's sub_id, and all of them."""
    subject = subject_of(case)
    graph = ResourceGraph((subject, *case.others))
    verdicts = rule(subject, graph, Settings({rule.id: case.settings}) if case.settings else None)
    relevant = [verdict for verdict in verdicts if not case.sub_id or verdict.sub_id == case.sub_id]
    worst = max(relevant, key=lambda verdict: SEVERITY_OF_STATUS[verdict.status], default=None)
    return (worst.status if worst else None), relevant


def holds(rule: Rule, case: Case) -> bool:
    """Whether the rule says of the case what it must, of the property it must, in the words it must."""
    status, verdicts = judge(rule, case)
    worst = [one for one in verdicts if one.status is status]
    named = case.property is None or any(one.property == case.property for one in worst)
    return status is case.expect and named and (not case.says or any(case.says in one.message for one in worst))
