"""Rule: one pure function over (resource, graph, settings), and everything people need to know about it.

A rule answers pass, fail or unknown for each resource of its types, or nothing at all where it does not concern the resource. Unknown is
never counted as pass: what cannot be decided in a preview is said, and decided at `up`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any, TypeAlias

from platform_policies.graph import UNKNOWN, Node, ResourceGraph, environment_of, stack_of


class Severity(StrEnum):
    """How much harm a failure can do; `level` of SARIF follows from it."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Pack(StrEnum):
    """The policy pack a rule belongs to."""

    SECURITY = "security"
    COST = "cost"


class Status(StrEnum):
    """What a rule can say of a resource."""

    PASS = "pass"  # noqa: S105 -- a verdict
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says of one resource, or of one case of it."""

    status: Status
    property: str = ""
    """Dotted path of the input that decided, in wire names; empty where the lack of another resource decided."""
    message: str = ""
    """What is there and why it is wrong, in one line without a full stop; names property and value. Empty for a pass."""
    sub_id: str = ""
    """Tells the cases of one rule apart; empty where it has one."""


PASS = Verdict(Status.PASS)


def fail(path: str, message: str, *, sub_id: str = "") -> Verdict:
    """The resource breaks the rule."""
    return Verdict(Status.FAIL, path, message, sub_id)


def unknown(path: str, *, sub_id: str = "") -> Verdict:
    """The input that decides is not known before `up`."""
    return Verdict(Status.UNKNOWN, path, f"{path or 'the answer'} is not known before `up`", sub_id)


def passed(*, sub_id: str = "") -> Verdict:
    """The resource, or one case of it, is as it should be."""
    return Verdict(Status.PASS, sub_id=sub_id) if sub_id else PASS


Answer: TypeAlias = Verdict | Iterable[Verdict] | None
"""One verdict, several (cases), or None where the rule does not concern this resource."""


@dataclass(frozen=True)
class Settings:
    """Settings of the rules: by rule id, then by key. What is not set has the rule's own default."""

    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    environments: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    """What is different in one environment: by rule id, environment and key."""
    today: date | None = None
    """The day for rules that judge by one and are not set to another; None: the clock's."""

    def of(self, rule: str, environment: str) -> Mapping[str, Any]:
        """What is set of a rule in an environment."""
        common = self.values.get(rule, {})
        own = self.environments[rule].get(environment) if rule in self.environments else None
        return {**common, **own} if own else common

    def within(self, environment: str) -> "Settings":
        """The same, for one environment only."""
        return Settings({rule: self.of(rule, environment) for rule in {**self.values, **self.environments}}, today=self.today)

    def on(self, today: date) -> "Settings":
        """The same, on a day."""
        return replace(self, today=today)


Decide: TypeAlias = Callable[[Node, ResourceGraph, Mapping[str, Any]], Answer]


@dataclass(frozen=True)
class Rule:
    """A rule as the catalogue, the packs and the reports know it."""

    id: str
    title: str
    """What holds when the rule passes: a statement, not a demand."""
    severity: Severity
    types: tuple[str, ...]
    """Canonical type tokens (see types.py) of the resources it judges; empty: judged once per graph, with the stack's root as the node."""
    fix: str
    """What to change, in one sentence that names the property."""
    decide: Decide
    pack: Pack = Pack.SECURITY
    advisory: bool = False
    """Never blocks, in any environment: a hint."""
    sub_ids: tuple[str, ...] = ()
    """The cases it tells apart; empty: one."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Its settings and their defaults; a setting that is not here is refused."""
    why: str = ""
    """The risk, from the function's docstring."""

    def __call__(self, node: Node, graph: ResourceGraph, settings: Settings | None = None) -> tuple[Verdict, ...]:
        """Judge one resource."""
        given = settings.of(self.id, environment_of(stack_of(node.urn))) if settings else {}
        if settings and settings.today and "today" in self.defaults and not given.get("today"):
            given = {**given, "today": settings.today.isoformat()}
        answer = self.decide(node, graph, {**self.defaults, **given} if given else self.defaults)
        if answer is None:
            return ()
        return (answer,) if isinstance(answer, Verdict) else tuple(answer)


def rule(  # noqa: PLR0913 -- what a catalogue says of a rule
    identifier: str,
    *,
    title: str,
    severity: Severity,
    types: Sequence[str],
    fix: str,
    pack: Pack = Pack.SECURITY,
    advisory: bool = False,
    sub_ids: Sequence[str] = (),
    defaults: Mapping[str, Any] | None = None,
) -> Callable[[Decide], Rule]:
    """Make a rule of a function `(node, graph, settings) -> Verdict`; its docstring says why it matters."""

    def make(decide: Decide) -> Rule:
        why = " ".join((decide.__doc__ or "").split())
        return Rule(identifier, title, severity, tuple(types), fix, decide, pack, advisory, tuple(sub_ids), defaults or {}, why)

    return make


def is_unknown(value: Any) -> bool:
    """Whether a value, or anything inside it, is not known before `up`."""
    if isinstance(value, Mapping):
        return any(is_unknown(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(is_unknown(item) for item in value)
    return isinstance(value, str) and value == UNKNOWN
