"""Every rule there is."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from platform_policies import rules as modules
from platform_policies.rule import Pack, Rule


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, in the order of reports."""
    found: list[Rule] = []
    for module in sorted(pkgutil.iter_modules(modules.__path__), key=lambda one: one.name):
        found.extend(getattr(importlib.import_module(f"{modules.__name__}.{module.name}"), "RULES", ()))
    return tuple(found)


def pack(one: Pack) -> tuple[Rule, ...]:
    """The rules of a pack."""
    return tuple(rule for rule in rules() if rule.pack is one)


@cache
def by_id() -> Mapping[str, Rule]:
    """Every rule by its id."""
    return {rule.id: rule for rule in rules()}
