"""Mutation run: change a rule module in one place after the other, and see whether its cases notice.

`python -m tests.policies.mutation [MODULE...]` prints the rate of each module and the changes nobody noticed.
"""

import ast
import copy
import importlib
import pkgutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from platform_policies import catalogue
from platform_policies import rules as rule_modules
from platform_policies.rule import Rule

from tests.policies.cases import Case, judge

FLIPPED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
"""Each comparison by what it becomes: equalities turn round, bounds move by one."""


@dataclass
class Outcome:
    """What the cases made of a module's mutants."""

    module: str
    killed: int = 0
    survivors: list[str] = field(default_factory=list)

    def add(self, what: str, *, noticed: bool) -> None:
        if noticed:
            self.killed += 1
        else:
            self.survivors.append(f"{self.module} {what}")

    @property
    def total(self) -> int:
        return self.killed + len(self.survivors)

    @property
    def rate(self) -> float:
        return self.killed / self.total if self.total else 1.0


def case_modules() -> Iterator[tuple[str, Sequence[Case]]]:
    """Test modules that hold cases of rules, with their cases."""
    for found in sorted(Path(__file__).parent.glob("test_*_rules.py")):
        module = importlib.import_module(f"tests.policies.{found.stem}")
        yield found.stem, module.CASES


def rule_module_names() -> list[str]:
    """Modules of rules."""
    found = (one.name for one in pkgutil.iter_modules(rule_modules.__path__))
    return sorted(name for name in found if hasattr(importlib.import_module(f"{rule_modules.__name__}.{name}"), "RULES"))


def helper_module_names() -> list[str]:
    """Modules whose functions rules are made of."""
    return ["checks", "documents", "escalation", "firewall", "pod_security", "pods", "verdicts"]


def mutants(tree: ast.Module) -> Iterator[tuple[str, ast.Module]]:
    """Every changed copy of a module, each with one change inside a function, and what was changed."""
    spots = [spot for function in ast.walk(tree) if isinstance(function, ast.FunctionDef) for spot in _spots(function)]
    seen: set[tuple[int, int, str]] = set()
    for node, change in spots:
        key = (node.lineno, node.col_offset, f"{type(node).__name__}{change}")
        if key in seen:
            continue
        seen.add(key)
        # The tree is changed in place, copied, and changed back: copying first would lose track of the spot.
        undo = _apply(node, change)
        yield f"line {node.lineno}: {ast.unparse(node)}", copy.deepcopy(tree)
        undo()


def _spots(function: ast.FunctionDef) -> Iterator[tuple[Any, int]]:
    for statement in function.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Compare):
                yield from ((node, index) for index in range(len(node.ops)))
            elif _is_flippable(node):
                yield node, 0


def _is_flippable(node: ast.AST) -> bool:
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not)
    return isinstance(node, ast.BoolOp) or (isinstance(node, ast.Constant) and isinstance(node.value, bool))


def _apply(node: Any, change: int) -> Any:
    if isinstance(node, ast.Compare):
        before = node.ops[change]
        node.ops[change] = FLIPPED[type(before)]()
        return lambda: node.ops.__setitem__(change, before)
    if isinstance(node, ast.UnaryOp):
        operator = node.op
        node.op = ast.UAdd()
        operand = node.operand
        node.operand = ast.Call(func=ast.Name(id="bool", ctx=ast.Load()), args=[operand], keywords=[])
        ast.fix_missing_locations(node)

        def back() -> None:
            node.op, node.operand = operator, operand

        return back
    if isinstance(node, ast.BoolOp):
        joined = node.op
        node.op = ast.And() if isinstance(joined, ast.Or) else ast.Or()
        return lambda: setattr(node, "op", joined)
    value = node.value
    node.value = not value
    return lambda: setattr(node, "value", value)


def run(name: str, cases: Mapping[str, Sequence[Case]]) -> Outcome:
    """Run every mutant of a rule module against the cases of its rules."""
    module = importlib.import_module(f"{rule_modules.__name__}.{name}")
    outcome = Outcome(name)
    for what, tree in mutants(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
        outcome.add(what, noticed=_noticed(tree, module, cases))
    return outcome


def run_helper(name: str, rules: Sequence[Rule], cases: Mapping[str, Sequence[Case]]) -> Outcome:
    """Run every mutant of a module that rules are made of against all cases; functions change in place, since others hold them by name."""
    module = importlib.import_module(f"platform_policies.{name}")
    outcome = Outcome(name)
    for what, tree in mutants(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
        mutant = ModuleType(module.__name__)
        mutant.__file__ = module.__file__
        sys.modules[module.__name__] = mutant
        try:
            exec(compile(tree, str(module.__file__), "exec"), mutant.__dict__)  # noqa: S102 -- as below
        finally:
            sys.modules[module.__name__] = module
        with _exchanged(module, mutant):
            outcome.add(what, noticed=not all(_safely_holds(rule, case) for rule in rules for case in cases.get(rule.id, ())))
    return outcome


@contextmanager
def _exchanged(module: ModuleType, mutant: ModuleType) -> Iterator[None]:
    """The functions and methods of a module with the code of those of another."""
    before = [(one, one.__code__) for one in _functions(module)]
    caches = [one for one in vars(module).values() if hasattr(one, "cache_clear")]
    for (one, _), other in zip(before, _functions(mutant), strict=True):
        one.__code__ = other.__code__
    for cache in caches:
        cache.cache_clear()
    try:
        yield
    finally:
        for one, code in before:
            one.__code__ = code
        for cache in caches:
            cache.cache_clear()


def _functions(module: ModuleType) -> list[Any]:
    found: list[Any] = []
    for holder in (module, *(one for one in vars(module).values() if isinstance(one, type) and one.__module__ == module.__name__)):
        for one in vars(holder).values():
            plain = getattr(one, "fget", None) or getattr(one, "__wrapped__", one)
            if isinstance(plain, FunctionType) and plain.__module__ == module.__name__ and plain.__code__.co_filename == module.__file__:
                found.append(plain)
    return found


def _safely_holds(rule: Rule, case: Case) -> bool:
    try:
        return _holds(rule, case)
    except Exception:  # noqa: BLE001 -- a mutant that breaks is noticed
        return False


def _noticed(tree: ast.Module, original: ModuleType, cases: Mapping[str, Sequence[Case]]) -> bool:
    mutant = ModuleType(original.__name__)
    mutant.__file__ = original.__file__
    # Classes look for their module while they are made.
    sys.modules[original.__name__] = mutant
    try:
        exec(compile(tree, str(original.__file__), "exec"), mutant.__dict__)  # noqa: S102 -- our own source, one comparison turned round
        return any(not _holds(rule, case) for rule in mutant.RULES for case in cases.get(rule.id, ()))
    except Exception:  # noqa: BLE001 -- a mutant that breaks is noticed
        return True
    finally:
        sys.modules[original.__name__] = original


def _holds(rule: Rule, case: Case) -> bool:
    status, verdicts = judge(rule, case)
    if status is not case.expect:
        return False
    return case.property is None or any(one.property == case.property for one in verdicts if one.status is status)


def all_cases() -> dict[str, list[Case]]:
    """Every case by its rule."""
    found: dict[str, list[Case]] = {}
    for _, cases in case_modules():
        for case in cases:
            found.setdefault(case.rule, []).append(case)
    return found


def main() -> None:
    """Print the rate of each module, and the survivors."""
    cases = all_cases()
    named = sys.argv[1:]
    outcomes = [run(name, cases) for name in rule_module_names() if not named or name in named]
    rules = catalogue.rules()
    outcomes += [run_helper(name, rules, cases) for name in helper_module_names() if not named or name in named]
    for outcome in outcomes:
        print(f"{outcome.module:<28} {outcome.killed:>4} of {outcome.total:>4}  {outcome.rate:.1%}")
        for survivor in outcome.survivors:
            print(f"    {survivor}")
    killed, total = sum(one.killed for one in outcomes), sum(one.total for one in outcomes)
    print(f"{'all':<28} {killed:>4} of {total:>4}  {killed / max(total, 1):.1%}")


if __name__ == "__main__":
    main()
