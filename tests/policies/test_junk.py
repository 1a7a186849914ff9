"""No input breaks a rule: whatever a program or an old state holds, a rule answers."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from platform_policies import catalogue
from platform_policies.graph import SECRET, UNKNOWN

from tests.policies.cases import Case, judge
from tests.policies.mutation import case_modules

JUNK: tuple[Any, ...] = (
    None,
    UNKNOWN,
    SECRET,
    7,
    True,
    "x",
    [None],
    [UNKNOWN],
    [SECRET],
    [["x"]],
    {"x": [1]},
    {"Statement": [{"Action": {}}]},
)


def _spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place inside a value."""
    if path:
        yield path
    for key, item in value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ():
        yield from _spots(item, (*path, key))


def _put(value: Any, path: tuple[Any, ...], junk: Any) -> Any:
    """A copy with junk in one place."""
    if not path:
        return junk
    changed = dict(value) if isinstance(value, Mapping) else list(value)
    changed[path[0]] = _put(value[path[0]], path[1:], junk)
    return changed


def _variants(case: Case) -> Iterator[Case]:
    for path in _spots(case.inputs):
        yield from (replace(case, inputs=_put(case.inputs, path, junk)) for junk in JUNK)
    for path in _spots(case.outputs):
        yield from (replace(case, outputs=_put(case.outputs, path, junk)) for junk in JUNK)
    for index, other in enumerate(case.others):
        for path in _spots(other.inputs):
            for junk in JUNK:
                changed = replace(other, inputs=_put(other.inputs, path, junk))
                yield replace(case, others=[*case.others[:index], changed, *case.others[index + 1 :]])


@pytest.mark.parametrize("module", [name for name, _ in case_modules()])
def test_no_input_breaks_a_rule(module: str) -> None:
    cases = dict(case_modules())[module]
    rules = catalogue.by_id()
    for case in cases[::3]:
        for variant in _variants(case):
            judge(rules[case.rule], variant)
