"""Values of the engine's analyzer protocol, and the plain form a graph keeps of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from platform_policies.graph import SECRET, UNKNOWN

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 -- a signature, not a secret
ASSETS = {"c44067f5952c0a294b673a41bacd8c17": "asset", "0def7320c3a5731c473e5ecbe6d01bc7": "archive"}
"""Signatures that tell special objects from ordinary ones; pulumi/sdk/go/common/resource/properties.go."""

UNKNOWNS = frozenset(
    {
        UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
"""The engine's sentinels for a text, truth value, number, list, asset, archive and object that is not known yet."""

_SHORTEST_SECRET = 4
"""Letters below which a secret is not looked for in messages: `1` stands in too many of them."""


def plain(struct: Any, opened: set[str] | None) -> dict[str, Any]:
    """Properties as a graph keeps them. Secrets stay closed, or are opened and their texts noted where a set is given for that."""
    return {key: _value(value, opened) for key, value in struct.fields.items()}


def _value(value: Any, opened: set[str] | None) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value in UNKNOWNS else value.string_value
    if kind == "list_value":
        return [_value(item, opened) for item in value.list_value.values]
    if kind == "struct_value":
        return _object(value.struct_value, opened)
    if kind == "number_value":
        return int(value.number_value) if value.number_value.is_integer() else value.number_value
    return value.bool_value if kind == "bool_value" else None


def _object(struct: Any, opened: set[str] | None) -> Any:
    signature = struct.fields[SIGNATURE].string_value if SIGNATURE in struct.fields else ""
    if signature == SECRET_SIGNATURE:
        if opened is None:
            return dict(SECRET)
        inner = _value(struct.fields["value"], opened)
        opened.update(text for text in _texts(inner) if len(text) >= _SHORTEST_SECRET and text != UNKNOWN)
        return inner
    found = {key: _value(item, opened) for key, item in struct.fields.items() if key != SIGNATURE}
    return {ASSETS[signature]: found} if signature in ASSETS else found


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _texts(item)


def raw(struct: Any) -> dict[str, Any]:
    """Properties with special objects as the wire has them, to be sent back."""
    return {key: _raw_value(value) for key, value in struct.fields.items()}


def _raw_value(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return raw(value.struct_value)
    if kind == "list_value":
        return [_raw_value(item) for item in value.list_value.values]
    return getattr(value, kind) if kind and kind != "null_value" else None
