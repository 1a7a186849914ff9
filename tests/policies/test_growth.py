"""Judging takes time in proportion to the resources: no rule looks through all others for each one.

What is counted is steps of the interpreter over copies of a rule's own cases, side by side in one graph: the same on every machine.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest
from platform_policies import catalogue
from platform_policies.evaluate import evaluate
from platform_policies.graph import IDENTITIES, UNKNOWN, Node, ResourceGraph
from platform_policies.rule import Rule, Settings, Severity
from platform_policies.types import canonical

from tests.policies import mutation
from tests.policies.cases import Case, subject_of

CASES = mutation.all_cases()
FEW, MANY, CHOSEN = 2, 8, 20
LINEAR = 1.5
"""Most that the steps for each copy may grow from few to many."""

SETTINGS_OF_AN_ACCOUNT = frozenset(
    {
        "aws:backup/selection:Selection",
        "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration",
        "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
        # A zone has one, however many there are of all else.
        "aws:ec2/natGateway:NatGateway",
    }
)
"""Kinds of which an account has a few: a rule may look through all of them."""


def copies(cases: list[Case], count: int, *, whole: bool) -> ResourceGraph:
    """So many copies of every case in one graph, of stacks of their own where `whole`; what a copy means by a name or a URN lies in it."""
    nodes: dict[str, Node] = {}
    for number, case in enumerate(cases):
        subject = subject_of(case)
        for copy in range(count):
            for original, one in zip(
                (subject, *case.others), renamed((subject, *case.others), f"-{number}-{copy}", whole=whole), strict=True
            ):
                if copy == 0 or whole or canonical(original.type) not in SETTINGS_OF_AN_ACCOUNT:
                    nodes[one.urn] = one
    return ResourceGraph(tuple(nodes.values()))


def renamed(nodes: Sequence[Node], suffix: str, *, whole: bool) -> Iterator[Node]:
    """Resources under names of their own, which they also call each other by."""
    texts = [holder.get(key) for one in nodes for holder in (one.inputs, one.outputs) for key in IDENTITIES]
    texts += [one.value("metadata.name") for one in nodes]
    new = {text: f"{text}{suffix}" for text in texts if isinstance(text, str) and text not in ("", UNKNOWN)}
    for one in nodes:
        stack, rest = one.urn.split("::", 1)
        new[one.urn] = f"{stack}{suffix}::{rest}" if whole else f"{one.urn}{suffix}"

    def again(value: Any) -> Any:
        if isinstance(value, str):
            return new.get(value, value)
        if isinstance(value, Mapping):
            return {key: again(item) for key, item in value.items()}
        return type(value)(map(again, value)) if isinstance(value, (list, tuple)) else value

    for one in nodes:
        links = {
            name: again(getattr(one, name)) for name in ("urn", "parent", "inputs", "outputs", "dependencies", "property_dependencies")
        }
        yield replace(one, **links)


def steps(rule: Rule, graph: ResourceGraph, settings: Settings) -> int:
    """Steps of the interpreter that judging takes."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        evaluate(graph, [rule], settings)
    finally:
        sys.settrace(before)
    return count


def growth(rule: Rule, cases: Sequence[Case]) -> float:
    """How much more steps a copy takes where there are many."""
    telling = sorted(cases, key=lambda case: -len(case.others))[:CHOSEN]
    settings = Settings({rule.id: next((case.settings for case in cases if case.settings), {})})
    few, many = (steps(rule, copies(telling, count, whole=not rule.types), settings) / count for count in (FEW, MANY))
    return many / few


@pytest.mark.parametrize("rule", catalogue.rules(), ids=lambda rule: rule.id)
def test_judging_grows_with_the_resources_and_no_faster(rule: Rule) -> None:
    assert growth(rule, CASES[rule.id]) <= LINEAR


def test_a_rule_that_looks_through_all_for_each_is_noticed() -> None:
    def look(node: Node, graph: ResourceGraph, _: Mapping[str, Any]) -> None:
        assert [one for one in graph.of_type(node.type) if one.name == node.name]

    rule = Rule("square", "Square", Severity.LOW, ("t:t:T",), "", look)
    assert growth(rule, [Case("square", "passing", "t:t:T", {}, None)] * CHOSEN) > LINEAR
