"""What `pulumi preview --json` and `pulumi stack export` have in common: how the engine writes a resource down as JSON."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from platform_policies.evaluate import STACK_TYPE
from platform_policies.graph import SECRET, UNKNOWN, Node

from platform_components.errors import DeclarationError, Problem
from platformctl.readers import wire

OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
"""An output that travels with its secretness and its dependencies; pulumi/sdk/go/common/resource/sig."""

MASKED = "[secret]"
"""What the engine prints where a secret stood."""

BOOKKEEPING = frozenset({"__defaults", "__internal"})
"""Keys that bridged providers add to inputs for themselves."""

_POSITION = re.compile(r"(?P<path>.*?)#(?P<line>\d+)(,\d+)?")
_FOREIGN = ("site-packages", "dist-packages", "node_modules", ".venv", "venv")
_URN = re.compile(r"urn:pulumi:[^:]+::[^:]+::.+?::.+", re.DOTALL)


def load(path: Path, what: str) -> Mapping[str, Any]:
    """The JSON object in a file.

    Args:
        path: the file; `-` is standard input.
        what: what it should be, for messages.

    Raises:
        DeclarationError: it cannot be read, or holds something else.
    """
    import sys  # noqa: PLC0415 -- looked up when called: tests and the command line replace its streams

    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise refused(path, f"cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise refused(path, f"is no text; {what} is expected") from None
    if not text.strip():
        raise refused(path, f"is empty; {what} is expected")
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and text.lstrip().startswith("{"):
            reason = "holds more than one JSON value; unset PULUMI_ENABLE_STREAMING_JSON_PREVIEW and write only stdout to the file"
            raise refused(path, reason, error.lineno) from None
        raise refused(path, f"is no valid JSON ({error.msg}); {what} is expected", error.lineno) from None
    except RecursionError:
        raise refused(path, "is nested too deeply to be read") from None
    if not isinstance(content, dict):
        raise refused(path, f"holds no JSON object; {what} is expected")
    return content


def node(state: Any, path: Path, place: str) -> Node:
    """One resource as the engine writes its state.

    Args:
        state: the state.
        path: the file it stands in, for messages.
        place: where in the file, for messages.

    Raises:
        DeclarationError: it is no resource's state.
    """
    if not isinstance(state, Mapping):
        raise refused(path, f"{place}: is no resource")
    urn, kind = state.get("urn"), state.get("type")
    if not isinstance(urn, str) or not isinstance(kind, str) or not _URN.fullmatch(urn):
        raise refused(path, f"{place}: is no resource; it needs `urn` and `type`")
    inputs, outputs = _properties(state, "inputs", path, place), _properties(state, "outputs", path, place)
    identity = state.get("id")
    if isinstance(identity, str) and identity and identity != UNKNOWN:
        outputs = {**outputs, "id": identity}
    return Node(
        urn=urn,
        type=kind,
        name=urn.split("::", 3)[3],
        inputs=inputs,
        parent=_text(state.get("parent")),
        layer=layer_of(urn),
        custom=bool(state.get("custom")),
        provider=_text(state.get("provider")),
        dependencies=_urns(state.get("dependencies")),
        property_dependencies=_by_property(state.get("propertyDependencies")),
        source="" if kind == STACK_TYPE else source(state),
        outputs=outputs,
        external=bool(state.get("external")),
    )


def layer_of(urn: str) -> str:
    """The layer of a stack `ENV.LAYER`, from the URN of one of its resources."""
    return urn.partition("::")[0].removeprefix("urn:pulumi:").rpartition("/")[2].partition(".")[2]


def source(state: Mapping[str, Any]) -> str:
    """`file:line` of the program's own line that asked for a resource; empty where the engine was not told.

    The innermost frame in the project's folder that is not in a package installed there: what a person can change.
    """
    frames = state.get("stackTrace")
    positions = [frame.get("sourcePosition") for frame in frames if isinstance(frame, Mapping)] if isinstance(frames, list) else []
    return own_line(_relative(position) for position in (state.get("sourcePosition"), *positions) if isinstance(position, str))


def own_line(places: Iterable[str]) -> str:
    """The first `file:line`, relative to the project, that lies in none of its installed packages nor outside it; empty where none does."""
    for place in places:
        parts = Path(place.rpartition(":")[0]).parts
        if parts and parts[0] not in ("..", "/") and not any(part in _FOREIGN for part in parts):
            return place
    return ""


def value(item: Any) -> Any:
    """A property as a graph keeps it: secrets without their value, references as what they stand for, unknowns as the sentinel."""
    if isinstance(item, Mapping):
        if isinstance(item.get(wire.SIGNATURE), str):
            return _special(item)
        return {key: value(inner) for key, inner in item.items() if key not in BOOKKEEPING}
    if isinstance(item, list):
        return [value(inner) for inner in item]
    if isinstance(item, str):
        return dict(SECRET) if item == MASKED else UNKNOWN if UNKNOWN in item else item
    return int(item) if isinstance(item, float) and item.is_integer() else item


def _special(item: Mapping[str, Any]) -> Any:
    signature = item[wire.SIGNATURE]
    if signature == wire.SECRET_SIGNATURE:
        return dict(SECRET)
    if signature == wire.RESOURCE_SIGNATURE:
        return value(item["id"]) or UNKNOWN if "id" in item else item.get("urn")
    if signature == OUTPUT_SIGNATURE:
        return dict(SECRET) if item.get("secret") else value(item.get("value", UNKNOWN))
    kept = {key: value(inner) for key, inner in item.items() if key != wire.SIGNATURE}
    if signature in (wire.ASSET_SIGNATURE, wire.ARCHIVE_SIGNATURE):
        return {"asset" if signature == wire.ASSET_SIGNATURE else "archive": kept}
    return kept


def _properties(state: Mapping[str, Any], key: str, path: Path, place: str) -> dict[str, Any]:
    found = state.get(key)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise refused(path, f"{place}.{key}: must be an object")
    secrets = state.get("additionalSecretOutputs") if key == "outputs" else None
    hidden = frozenset(secrets) if isinstance(secrets, list) else frozenset()
    return {name: dict(SECRET) if name in hidden else value(item) for name, item in found.items() if name not in BOOKKEEPING}


def _relative(position: str) -> str:
    """A position as the engine writes it, `project:///stacks/network.py#12,3`, as `file:line`."""
    match = _POSITION.fullmatch(unquote(position.removeprefix("project:///")))
    return f"{match['path']}:{match['line']}" if match else ""


def _by_property(found: Any) -> dict[str, Sequence[str]]:
    if not isinstance(found, Mapping):
        return {}
    return {key: urns for key, listed in sorted(found.items()) if (urns := _urns(listed))}


def _urns(found: Any) -> tuple[str, ...]:
    return tuple(sorted(item for item in found if isinstance(item, str))) if isinstance(found, list) else ()


def _text(found: Any) -> str:
    return found if isinstance(found, str) else ""


def refused(path: Path, reason: str, line: int = 0) -> DeclarationError:
    """A file is not what it should be, in one line."""
    return DeclarationError([Problem(reason, file="standard input" if str(path) == "-" else str(path), line=line)])
