"""What moto holds that we made: its resources less those of a fresh account (default networks, machine images, managed policies)."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from moto.core.base_backend import BackendDict, BaseBackend

ACCOUNT_ID: Final = "123456789012"
"""The account every sandbox runs in."""
_FRESH_ACCOUNT: Final = "000000000000"
_BACKENDS: Final[list[Any]] = vars(BackendDict)["_instances"]
"""moto's list of the services in use."""
_DEPTH: Final = 4
"""How deep a backend nests the containers of its resources (region, type, parent, resource)."""
_CONTAINERS: Final = (Mapping, list, tuple, set)
_STATES: Final = ("state", "status", "key_state")
_GONE: Final = frozenset({"deleted", "deleting", "terminated", "pendingdeletion"})
_BOOKKEEPING: Final = frozenset({"AccountSummary"})
"""Models that are no resources."""


def made_by_us() -> dict[str, dict[str, int]]:
    """Resources by `service/region` and moto's name of their kind, without what a fresh account has.

    A default resource that was deleted does not hide one that we made of another kind, but one of its own kind.
    """
    found: dict[str, dict[str, int]] = {}
    for backends in tuple(_BACKENDS):
        if ACCOUNT_ID not in backends:
            continue
        for region, backend in tuple(backends[ACCOUNT_ID].items()):
            made = _count(backend) - _count(backends[_FRESH_ACCOUNT][region])
            if made:
                found[f"{backends.service_name}/{region}"] = dict(sorted(made.items()))
    return dict(sorted(found.items()))


def _count(backend: Any) -> Counter[str]:
    seen: set[int] = set()
    models: list[Any] = []
    for value in tuple(vars(backend).values()):
        if isinstance(value, _CONTAINERS):
            _collect(value, _DEPTH, seen, models)
    return Counter(name for model in models if (name := type(model).__name__) not in _BOOKKEEPING)


def _is_gone(model: Any) -> bool:
    """Whether this is only the trace that AWS shows of a deleted resource for a while."""
    return any(str(getattr(model, name, "")).lower() in _GONE for name in _STATES)


def _collect(value: Any, depth: int, seen: set[int], models: list[Any]) -> None:
    if id(value) in seen:
        return
    if isinstance(value, _CONTAINERS):
        seen.add(id(value))
        for item in tuple(value.values() if isinstance(value, Mapping) else value):
            if depth:
                _collect(item, depth - 1, seen, models)
    elif _is_gone(value):
        return
    elif any(kind.__module__.startswith("moto.") for kind in type(value).__mro__) and not isinstance(value, BaseBackend):
        seen.add(id(value))
        models.append(value)
