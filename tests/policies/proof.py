"""Whether a rule's cases prove it: one that passes, one that fails, one where what decides is not there, one where it is not known."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from platform_policies.graph import SECRET, UNKNOWN
from platform_policies.rule import Rule, Status

from tests.policies.cases import Case, Kind, holds


def lacking(rule: Rule, cases: Sequence[Case]) -> list[str]:
    """What is missing for a proof, in words; empty where nothing is. A case that the rule does not bear out is no proof of anything."""
    by_kind = {kind: [case for case in cases if case.kind == kind] for kind in get_args(Kind)}
    wrong = [f"{case.kind} {case.name}: the rule does not say what the case expects" for case in cases if not holds(rule, case)]
    missing = [f"{kind}: no case of this kind" for kind, found in by_kind.items() if not found]
    decided = [case for kind in ("passing", "failing") for case in by_kind[kind]]
    telling = {
        "passing: no case passes": (case.expect is Status.PASS for case in by_kind["passing"]),
        "failing: no case fails": (case.expect is Status.FAIL for case in by_kind["failing"]),
        "unknown: no case is undecided for want of a value": (
            case.expect is Status.UNKNOWN and _has_unknown(case) for case in by_kind["unknown"]
        ),
        "absent: no case lacks what another has": (_lacks(case, decided) for case in by_kind["absent"]),
    }
    return [*missing, *(said for said, found in telling.items() if by_kind[_kind(said)] and not any(found)), *wrong]


def _kind(said: str) -> Kind:
    return next(kind for kind in get_args(Kind) if said.startswith(f"{kind}:"))


def _has_unknown(case: Case) -> bool:
    """Whether anything in the graph, or a setting, is not known: a value, or a secret's."""
    return any(value in (UNKNOWN, SECRET) for _, value in _leaves(case))


def _lacks(case: Case, others: Sequence[Case]) -> bool:
    """Whether the case lacks a property, a resource or a setting that a case with a decision has, and is not itself one of those."""
    own = dict(_leaves(case))
    return all(own != dict(_leaves(other)) for other in others) and any(set(dict(_leaves(other))) - set(own) for other in others)


def _leaves(case: Case) -> Iterator[tuple[str, Any]]:
    """Every value of the graph and the settings, by the path it stands at."""
    yield "type", case.type
    yield from _flat("inputs", case.inputs)
    yield from _flat("outputs", case.outputs)
    yield from _flat("settings", case.settings)
    yield from ((f"refers.{key}", UNKNOWN) for key in case.refers)
    for index, other in enumerate(case.others):
        yield f"others.{index}", other.type
        yield from _flat(f"others.{index}.inputs", other.inputs)
        yield from _flat(f"others.{index}.outputs", other.outputs)


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value and value != SECRET:
        for key, item in value.items():
            yield from _flat(f"{path}.{key}", item)
    elif isinstance(value, (list, tuple)) and value:
        for index, item in enumerate(value):
            yield from _flat(f"{path}.{index}", item)
    else:
        yield path, value
