"""Many verdicts of one resource into what is worth saying."""

from collections.abc import Iterable
from typing import Any

from platform_policies.graph import Node
from platform_policies.rule import Status, Verdict, passed


def settle(verdicts: Iterable[Verdict], *, sub_id: str = "") -> list[Verdict]:
    """Every failure; without one, the first thing that is not known; without that, one pass."""
    found = list(verdicts)
    failures = list(dict.fromkeys(one for one in found if one.status is Status.FAIL))
    doubts = [one for one in found if one.status is Status.UNKNOWN]
    return failures or doubts[:1] or [passed(sub_id=sub_id)]


def stands(node: Node, path: str, default: Any) -> str:
    """What stands at an input, as a message says it: `version is 1.29`, or that it is absent and what the default is."""
    value = node.value(path)
    return f"{path} is absent, which means {_said(default)}" if value is None else f"{path} is {_said(value)}"


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
