"""Drift: where the cloud differs from what is declared, read from the events of `pulumi preview --refresh`, which changes nothing."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pulumi.automation.events import EngineEvent, OpType, StepEventMetadata

_STEP = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[\]]+)')

ABSENT = None
"""Stands for a property that is not there."""


class Kind(StrEnum):
    """In which way a resource differs."""

    CHANGED = "changed"
    """A property was changed outside the declaration, or the declaration changed since the last `up`."""
    DELETED = "deleted"
    """It was there, and somebody removed it."""
    MISSING = "missing"
    """It is declared and has never been brought up."""
    UNDECLARED = "undeclared"
    """It is there and no longer declared."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference. Values of secrets arrive masked."""

    urn: str
    type: str
    name: str
    kind: Kind
    property: str = ""
    """Path of the property; empty where the whole resource differs."""
    declared: Any = ABSENT
    actual: Any = ABSENT
    replaces: bool = False
    """Whether `up` would have to replace the resource."""

    def as_json(self) -> dict[str, Any]:
        """Ordinary data for `--json`."""
        plain = {"urn": self.urn, "type": self.type, "name": self.name, "kind": str(self.kind), "property": self.property}
        return {**plain, "declared": self.declared, "actual": self.actual, "replaces": self.replaces}

    def __str__(self) -> str:
        """One line: resource, property, declared and actual value."""
        who = f"{self.type} {self.name}"
        match self.kind:
            case Kind.DELETED:
                return f"- {who} is gone: deleted outside this repository"
            case Kind.MISSING:
                return f"+ {who} is declared and not there"
            case Kind.UNDECLARED:
                return f"- {who} is there and no longer declared"
            case _:
                replaced = "  (up replaces it)" if self.replaces else ""
                return f"~ {who}  {self.property}: declared {show(self.declared)}, actual {show(self.actual)}{replaced}"


class DriftReader:
    """Collects the differences from the events of one preview with refresh."""

    def __init__(self) -> None:
        self._gone: set[str] = set()
        self._steps: dict[str, StepEventMetadata] = {}

    def __call__(self, event: EngineEvent) -> None:
        """Take one event."""
        before, after = event.resource_pre_event, event.res_outputs_event
        if after and after.metadata.op == OpType.REFRESH:
            if after.metadata.new is None:
                self._gone.add(after.metadata.urn)
        elif before and before.metadata.op not in (OpType.REFRESH, OpType.SAME):
            # A replacement is three steps of one resource; the first says which properties.
            self._steps.setdefault(before.metadata.urn, before.metadata)

    def result(self) -> list[Drift]:
        """The differences, by resource and property. Components and providers have none of their own."""
        found = [drift for urn, step in self._steps.items() if _counts(step) for drift in _differences(step, gone=urn in self._gone)]
        undone = [urn for urn in self._gone if urn not in self._steps]
        found += [Drift(urn, urn_type(urn), urn_name(urn), Kind.DELETED) for urn in undone]
        return sorted(found, key=lambda drift: (drift.urn, drift.property))


def urn_type(urn: str) -> str:
    """Type token of a URN's resource."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def urn_name(urn: str) -> str:
    """Name of a URN's resource."""
    return urn.split("::", 3)[3]


def value_at(properties: Mapping[str, Any] | None, path: str) -> Any:
    """The value at a property path such as `ingress[0].cidrBlocks` or `tags["a.b"]`; None where there is none."""
    value: Any = properties
    for quoted, index, key in _STEP.findall(path):
        if isinstance(value, list) and index:
            value = value[int(index)] if int(index) < len(value) else ABSENT
        elif isinstance(value, Mapping):
            value = value.get(quoted or key or index, ABSENT)
        else:
            return ABSENT
    return value


def show(value: Any) -> str:
    """A value as it is printed in one line."""
    text = "nothing" if value is ABSENT else str(value).lower() if isinstance(value, bool) else str(value)
    limit = 120
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def _counts(step: StepEventMetadata) -> bool:
    state = step.new or step.old
    return bool(state and state.custom) and not step.type.startswith("pulumi:")


def _differences(step: StepEventMetadata, *, gone: bool) -> Iterator[Drift]:
    name = urn_name(step.urn)
    if step.op == OpType.CREATE:
        yield Drift(step.urn, step.type, name, Kind.DELETED if gone else Kind.MISSING)
        return
    if step.op == OpType.DELETE:
        yield Drift(step.urn, step.type, name, Kind.UNDECLARED)
        return
    old, new = step.old, step.new
    paths = sorted(step.detailed_diff or ()) or sorted(step.diffs or step.keys or ())
    for path in paths or [""]:
        declared = value_at(new.inputs, path) if new else ABSENT
        actual = value_at(old.inputs, path) if old else ABSENT
        if actual is ABSENT and old:
            actual = value_at(old.outputs, path)
        kind = (step.detailed_diff or {}).get(path)
        replaces = kind.diff_kind.value.endswith("-replace") if kind else step.op != OpType.UPDATE
        yield Drift(step.urn, step.type, name, Kind.CHANGED, path, declared, actual, replaces)
