"""Mutation run: change a rule module in one place after the other, and see whether its cases notice.

`python -m tests.policies.mutation [MODULE...]` prints the rate of each module and the changes nobody noticed.
"""

import ast
import copy
import importlib
import pkgutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from platform_policies import rules as rule_modules

from tests.policies.cases import Case, holds

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
    return ["checks", "documents", "escalation", "firewall", "pod_security", "pods", "tagging", "types", "verdicts"]


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
    for what, tree in mutants(ast.parse(_source(module))):
        outcome.add(what, noticed=_noticed_by_rules([(module, compile(tree, str(module.__file__), "exec"))], cases))
    return outcome


def run_helper(name: str, cases: Mapping[str, Sequence[Case]]) -> Outcome:
    """Run every mutant of a module that rules are made of against the cases of the rules made of it, which are made anew each time."""
    module = importlib.import_module(f"platform_policies.{name}")
    made_of_it = [(each, compile(_source(each), str(each.__file__), "exec")) for each in _made_of(module)]
    outcome = Outcome(name)
    for what, tree in mutants(ast.parse(_source(module))):
        code = compile(tree, str(module.__file__), "exec")
        outcome.add(what, noticed=_noticed_by_rules([(module, code), *made_of_it], cases))
    return outcome


def _made_of(module: ModuleType) -> list[ModuleType]:
    """Modules that import a module, or one that does, each after those it imports; the catalogue only lists what is among them."""
    found = [importlib.import_module(f"{rule_modules.__name__}.{name}") for name in rule_module_names()]
    found = [importlib.import_module(f"platform_policies.{name}") for name in helper_module_names()] + found
    imports = {each: {node.module for node in ast.walk(ast.parse(_source(each))) if isinstance(node, ast.ImportFrom)} for each in found}
    reached, grown = {module.__name__}, True
    while grown:
        more = {each.__name__ for each in found if imports[each] & reached} - reached
        reached, grown = reached | more, bool(more)
    waiting = [each for each in found if each.__name__ in reached and each is not module]
    ordered: list[ModuleType] = []
    while waiting:
        names = {each.__name__ for each in waiting}
        ready = [each for each in waiting if not imports[each] & names]
        ordered += ready
        waiting = [each for each in waiting if each not in ready]
    return ordered


def _source(module: ModuleType) -> str:
    return Path(str(module.__file__)).read_text(encoding="utf-8")


def _noticed_by_rules(codes: Sequence[tuple[ModuleType, CodeType]], cases: Mapping[str, Sequence[Case]]) -> bool:
    before = {original.__name__: original for original, _ in codes}
    try:
        made = [_made(original, code) for original, code in codes]
        rules = [rule for module in made for rule in getattr(module, "RULES", ())]
        return any(not holds(rule, case) for rule in rules for case in cases.get(rule.id, ()))
    except Exception:  # noqa: BLE001 -- a mutant that breaks is noticed
        return True
    finally:
        sys.modules.update(before)


def _made(original: ModuleType, code: CodeType) -> ModuleType:
    """A module of its own name made anew; classes look for their module while they are made, and it stays until its name is given back."""
    mutant = ModuleType(original.__name__)
    mutant.__file__ = original.__file__
    sys.modules[original.__name__] = mutant
    exec(code, mutant.__dict__)  # noqa: S102 -- our own source, one place of it changed
    return mutant


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
    outcomes += [run_helper(name, cases) for name in helper_module_names() if not named or name in named]
    for outcome in outcomes:
        print(f"{outcome.module:<28} {outcome.killed:>4} of {outcome.total:>4}  {outcome.rate:.1%}")
        for survivor in outcome.survivors:
            print(f"    {survivor}")
    killed, total = sum(one.killed for one in outcomes), sum(one.total for one in outcomes)
    print(f"{'all':<28} {killed:>4} of {total:>4}  {killed / max(total, 1):.1%}")


if __name__ == "__main__":
    main()
