"""What values a chart takes, read from the chart itself: its values file, its schema, and what its templates refer to.

The description of each record's chart lies in `tests/charts/fixtures/<add-on>.json`; it holds names and types, no text of the chart.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from platform_components.errors import DeclarationError, Problem

OPEN: Final = frozenset({"any", "list", "map"})
"""Types below which nothing is known: whatever stands there is taken."""

_FREE_FORM: Final = re.compile(
    r"(annotations|labels|nodeSelector|resources|securityContext|affinity|tolerations|selector|matchLabels|requests|limits)$", re.IGNORECASE
)
"""Names of values that hold a piece of a Kubernetes object: their keys are Kubernetes' own, whatever sample the chart gives."""
_WRAPPER: Final = "_internal_defaults_do_not_set."
"""Where the charts of Istio keep their defaults: they are set without it."""
_REFERENCE: Final = re.compile(r"\.Values((?:\.[A-Za-z_][A-Za-z0-9_-]*)+)")


@dataclass(frozen=True, slots=True)
class Description:
    """The values of one chart at one version."""

    chart: str
    version: str
    app_version: str
    source: str
    """Where the chart was read: repository, tag and folder."""
    keys: Mapping[str, str]
    """Dotted path of every value, and its type: bool, int, number, str, list, map (any keys), any (unknown, or null by default)."""
    containers: Mapping[str, str] = field(default_factory=dict)
    """Every container of the chart's pods, as `<workload>/<container>`, and the path of its resources among the values."""
    unchecked: tuple[str, ...] = ()
    """Subcharts whose values could not be read: below these names anything is taken."""
    open: Mapping[str, str] = field(default_factory=dict)
    """Paths at and below which the chart takes anything, whatever samples its values file gives, and what that is."""
    no_resources: Mapping[str, str] = field(default_factory=dict)
    """Containers that the chart gives no way to size, and why that is borne."""

    @classmethod
    def load(cls, path: Path) -> "Description":
        """Read a description."""
        data = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{**data, "unchecked": tuple(data.get("unchecked", ()))})

    def text(self) -> str:
        """As it is kept in a file."""
        data = {
            "chart": self.chart,
            "version": self.version,
            "app_version": self.app_version,
            "source": self.source,
            "containers": dict(sorted(self.containers.items())),
            "no_resources": dict(sorted(self.no_resources.items())),
            "open": dict(sorted(self.open.items())),
            "unchecked": sorted(self.unchecked),
            "keys": dict(sorted(self.keys.items())),
        }
        return json.dumps({name: value for name, value in data.items() if value or name in {"app_version", "keys"}}, indent=1) + "\n"

    def unknown(self, values: Mapping[str, Any]) -> list[str]:
        """Paths of values that the chart does not know."""
        return sorted(".".join(path) for path in _leaves(values) if not self._knows(path))

    def _knows(self, path: tuple[str, ...]) -> bool:
        if path[0] in ("global", *self.unchecked):
            return True
        if any(".".join(path[:length]) in self.open for length in range(1, len(path) + 1)):
            return True
        for length in range(len(path), 0, -1):
            kind = self.keys.get(".".join(path[:length]))
            if kind is not None:
                return length == len(path) or kind in OPEN or bool(_FREE_FORM.search(path[length - 1]))
            if _FREE_FORM.search(path[length - 1]) and any(key.startswith(".".join(path[:length]) + ".") for key in self.keys):
                return True
        return False


def describe(folder: Path, source: str) -> Description:
    """Describe the chart in a folder, with the subcharts that lie in its `charts/`.

    Raises:
        DeclarationError: there is no chart.
    """
    try:
        chart = yaml.safe_load((folder / "Chart.yaml").read_text(encoding="utf-8"))
    except OSError:
        raise DeclarationError([Problem("holds no chart: there is no Chart.yaml", file=str(folder))]) from None
    keys = {"enabled": "bool", **_keys_of(folder)} if folder.parent.name == "charts" else _keys_of(folder)
    unchecked = []
    for dependency in chart.get("dependencies") or ():
        name = dependency.get("alias") or dependency["name"]
        below = folder / "charts" / dependency["name"]
        if below.is_dir():
            inner = describe(below, source)
            keys |= {f"{name}.{path}": kind for path, kind in inner.keys.items()}
        else:
            unchecked.append(name)
    return Description(chart["name"], str(chart["version"]), str(chart.get("appVersion", "")), source, keys, unchecked=tuple(unchecked))


def _keys_of(folder: Path) -> dict[str, str]:
    """Every value's path and type; what only templates or the schema name is `any`, unless the values file tells more."""
    keys: dict[str, str] = {}
    for template in sorted(path for chart in (folder, *_libraries(folder)) for path in (chart / "templates").rglob("*") if path.is_file()):
        text = template.read_text(encoding="utf-8", errors="replace")
        keys |= {match.lstrip("."): "any" for match in _REFERENCE.findall(text)}
    schema = folder / "values.schema.json"
    if schema.is_file():
        keys |= dict(_schema_keys(json.loads(schema.read_text(encoding="utf-8")), ""))
    values = folder / "values.yaml"
    if values.is_file():
        found = _value_keys(yaml.safe_load(values.read_text(encoding="utf-8")) or {}, "")
        keys |= {path.removeprefix(_WRAPPER): kind for path, kind in found}
    # A template that hands a whole block on (`toYaml .Values.x`) refers to x; that says nothing against the keys known below it.
    inner = {path[:end] for path in keys for end in _dots(path)}
    return {path: kind for path, kind in keys.items() if not (kind == "any" and path in inner)}


def _libraries(folder: Path) -> Iterator[Path]:
    """Subcharts without values of their own: their templates are filled in with those of the chart around them."""
    for values in (folder / "charts").glob("*/values.yaml"):
        if not yaml.safe_load(values.read_text(encoding="utf-8")):
            yield values.parent


def _dots(path: str) -> Iterator[int]:
    return (position for position, letter in enumerate(path) if letter == ".")


def _value_keys(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, below in value.items():
            yield from _value_keys(below, f"{path}.{key}" if path else str(key))
    elif path:
        yield path, _type_of(value)


def _schema_keys(schema: Any, path: str) -> Iterator[tuple[str, str]]:
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if isinstance(properties, Mapping) and properties:
        for key, below in properties.items():
            yield from _schema_keys(below, f"{path}.{key}" if path else str(key))
    elif path:
        yield path, "any"


def _type_of(value: Any) -> str:
    for kind, name in ((bool, "bool"), (int, "int"), (float, "number"), (str, "str"), (list, "list"), (Mapping, "map")):
        if isinstance(value, kind):
            return name
    return "any"


def _leaves(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*path, str(key)))
        else:
            yield (*path, str(key))
