"""Whose field is whose: managers of server-side apply, as pure functions on `metadata.managedFields`."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

Entry = Mapping[str, Any]

PREFIX: Final = "pulumi-kubernetes"
_SUFFIX_LENGTH: Final = 8
MANAGER: Final = "__fieldManager"
"""Output that keeps the manager of an object, under the name the Pulumi provider gives it."""
FORCE: Final = "pulumi.com/patchForce"
_NAMED: Final = "pulumi.com/patchFieldManager"
_INHERITED: Final = frozenset(
    {
        ("kubectl", "Apply"),
        ("kubectl", "Update"),
        ("before-first-apply", "Update"),
        (PREFIX, "Update"),
        ("pulumi-kubernetes.exe", "Update"),
        ("pulumi-resource-kubernetes", "Update"),
    }
)
"""Managers whose fields the Pulumi provider takes over at an update (pulumi-kubernetes, provider/pkg/await/await.go)."""


def manager_of(urn: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any] | None = None) -> str:
    """The manager of a resource's fields: as annotated, as before, or one that belongs to the URN."""
    named = annotation(inputs, _NAMED) or (outputs or {}).get(MANAGER)
    return str(named) if named else f"{PREFIX}-{hashlib.sha256(urn.encode()).hexdigest()[:_SUFFIX_LENGTH]}"


def annotation(inputs: Mapping[str, Any], key: str) -> str | None:
    """The value of an annotation, if it is known."""
    metadata = inputs.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    value = annotations.get(key) if isinstance(annotations, Mapping) else None
    return value if isinstance(value, str) else None


def managers(live: Mapping[str, Any]) -> set[str]:
    """Everybody who manages fields of an object, its status apart."""
    return {str(entry.get("manager")) for entry in _entries(live) if not entry.get("subresource")}


def taken_over(live: Mapping[str, Any], manager: str) -> list[dict[str, Any]] | None:
    """The list in which what our create wrote, and what the provider inherits, is applied by `manager`; None if it is so already."""
    ours: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for entry in _entries(live):
        key = str(entry.get("manager")), str(entry.get("operation"))
        inherited = not entry.get("subresource") and (key in _INHERITED or key[0] == manager)
        (ours if inherited else others).append(dict(entry))
    if not ours or [(entry["manager"], entry["operation"]) for entry in ours] == [(manager, "Apply")]:
        return None
    newest = max(ours, key=lambda entry: str(entry.get("time")))
    fields: dict[str, Any] = {}
    for entry in ours:
        fields = _union(fields, entry.get("fieldsV1") or {})
    return [*others, {**newest, "manager": manager, "operation": "Apply", "fieldsV1": fields}]


def _entries(live: Mapping[str, Any]) -> Sequence[Entry]:
    return (live.get("metadata") or {}).get("managedFields") or ()


def _union(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _union(one.get(key, {}), other.get(key, {})) for key in {**one, **other}}


def without_others(document: Mapping[str, Any], live: Mapping[str, Any], manager: str, paths: Sequence[str]) -> dict[str, Any]:
    """A document without those of the paths that others manage and we do not, so that applying it leaves them alone."""
    result = dict(document)
    for path in paths:
        keys = _keys(path)
        if keys and _owned(live, keys, lambda other: other != manager) and not _owned(live, keys, lambda other: other == manager):
            result = _removed(result, keys)
    return result


def _keys(path: str) -> list[str]:
    """The keys of a path through objects; none if it goes through lists or wildcards, which no entry of managedFields answers to."""
    if re.search(r"\[\d+\]|\*", path):
        return []
    return [quoted or plain for quoted, plain in re.findall(r'\["((?:[^"\\]|\\.)*)"\]|([^.\[\]]+)', path)]


def _owned(live: Mapping[str, Any], keys: Sequence[str], who: Callable[[str], bool]) -> bool:
    for entry in _entries(live):
        fields: Any = entry.get("fieldsV1") or {}
        for key in keys:
            fields = fields.get(f"f:{key}") if isinstance(fields, Mapping) else None
        if fields is not None and who(str(entry.get("manager"))):
            return True
    return False


def _removed(value: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    first, *rest = keys
    inner = value.get(first)
    if rest and isinstance(inner, Mapping):
        return {**value, first: _removed(inner, rest)}
    return {key: item for key, item in value.items() if rest or key != first}
