"""The CustomResourceDefinitions at hand, as their projects publish them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platformctl.engine.cli import find_tool
from platformctl.engine.published import INDEX
from platformctl.engine.toolbox import CUSTOM_RESOURCES


@dataclass(frozen=True)
class Published:
    """Definitions by API group, read when first asked for."""

    folder: Path | None
    """Where they lie; None where none were installed."""
    _read: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def groups(self) -> list[str]:
        """API groups that there are definitions of."""
        return sorted(path.name for path in self.folder.iterdir() if path.is_dir()) if self.folder else []

    @property
    def sources(self) -> Mapping[str, str]:
        """Module and version that each definition is from, by its name."""
        if self.folder is None:
            return {}
        sources: Mapping[str, str] = json.loads((self.folder / INDEX).read_text(encoding="utf-8"))["definitions"]
        return sources

    def of_group(self, group: str) -> list[dict[str, Any]]:
        """All of an API group, by name. Versions are converted by nothing: the webhooks that would do it do not run in a sandbox."""
        if group not in self._read:
            paths = sorted((self.folder / group).glob("*.json")) if self.folder and group in self.groups else []
            self._read[group] = [_without_webhook(json.loads(path.read_text(encoding="utf-8"))) for path in paths]
        return self._read[group]


def at_hand() -> Published:
    """What this machine has."""
    found = find_tool(CUSTOM_RESOURCES)
    return Published(found.path.parent if found else None)


def _without_webhook(definition: dict[str, Any]) -> dict[str, Any]:
    spec = {name: value for name, value in definition["spec"].items() if name != "conversion"}
    return {**definition, "spec": spec}
