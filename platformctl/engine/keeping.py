"""What an update would take away of what must be kept, read from the events of a preview, which changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pulumi.automation.events import EngineEvent, OpType, StepEventMetadata

from platformctl.engine.drift import urn_name, urn_type

_TAKEN: Final = {
    OpType.REPLACE: "replaced",
    OpType.CREATE_REPLACEMENT: "replaced",
    OpType.DELETE_REPLACED: "replaced",
    OpType.DELETE: "deleted",
}


@dataclass(frozen=True, slots=True)
class Loss:
    """One resource that must be kept and would not be."""

    urn: str
    fate: str
    """`replaced` or `deleted`."""
    properties: tuple[str, ...] = ()
    """The inputs whose change needs a new resource."""

    def as_json(self) -> dict[str, Any]:
        """Ordinary data for `--json`."""
        return {"urn": self.urn, "type": urn_type(self.urn), "fate": self.fate, "properties": list(self.properties)}

    def __str__(self) -> str:
        why = f" since {', '.join(self.properties)} would change" if self.properties else ""
        return f"{urn_type(self.urn)} {urn_name(self.urn)} is protected and would be {self.fate}{why}: {self.urn}"


class LossReader:
    """Collects what would be lost from the events of one preview.

    Kept is what is protected in the state. What the new program says counts for nothing: it may have been changed in the same breath.
    """

    def __init__(self) -> None:
        self._steps: dict[str, StepEventMetadata] = {}

    def __call__(self, event: EngineEvent) -> None:
        """Take one event."""
        before = event.resource_pre_event
        if before is None or before.metadata.op not in _TAKEN:
            return
        step = before.metadata
        if step.old is not None and step.old.protect:
            # A replacement is three steps of one resource; the first that names properties tells why.
            known = self._steps.get(step.urn)
            if known is None or not known.keys:
                self._steps[step.urn] = step

    def result(self) -> list[Loss]:
        """The losses, by resource."""
        return [Loss(urn, _TAKEN[step.op], tuple(sorted(step.keys or ()))) for urn, step in sorted(self._steps.items())]


def unnamed(losses: Mapping[str, Sequence[Loss]], named: Sequence[str]) -> list[Loss]:
    """The losses that nobody has named."""
    return [loss for found in losses.values() for loss in found if loss.urn not in named]
