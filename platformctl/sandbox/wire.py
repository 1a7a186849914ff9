"""Values as the Pulumi engine puts them on the wire, and as plain Python values."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, TypeAlias

import google.protobuf.struct_pb2 as _struct_pb2

_messages: Any = _struct_pb2

Struct: TypeAlias = Any
"""A google.protobuf Struct; protobuf's generated classes are not visible to the type checker."""
Value: TypeAlias = Any
"""A google.protobuf Value."""

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""Key under which a wire object tells that it is more than an object (pulumi/sdk: resource.SigKey)."""
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 -- a type signature
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
UNKNOWN_TEXTS: Final = frozenset(
    {
        UNKNOWN_TEXT,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # an array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)
"""The engine's sentinels for a value that is not known yet, one per kind of value (pulumi/sdk: plugin/rpc.go)."""


class Unknown:
    """The type of UNKNOWN, a value that is not known before `up`."""

    _only: Self | None = None

    def __new__(cls) -> Self:
        """There is one."""
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __copy__(self) -> "Unknown":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Unknown":
        return self


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that must stay secret in the engine's state and output."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(...)"


def decode(struct: Struct) -> dict[str, Any]:
    """A wire object as plain values: secrets unwrapped, unknowns as UNKNOWN, whole numbers as int."""
    return {key: _decode(value) for key, value in struct.fields.items()}


def _decode(value: Value) -> Any:  # noqa: PLR0911 -- one line per kind of value
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text in UNKNOWN_TEXTS else text
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_decode(item) for item in value.list_value.values]
    if kind == "struct_value":
        fields = value.struct_value.fields
        signature = fields[SIGNATURE].string_value if SIGNATURE in fields else ""
        if signature in {SECRET, OUTPUT}:
            return _decode(fields["value"]) if "value" in fields else UNKNOWN
        return {key: _decode(item) for key, item in fields.items()}
    return None


def encode(values: Mapping[str, Any]) -> Struct:
    """Plain values as a wire object."""
    struct: Struct = _messages.Struct()
    for key, value in values.items():
        _encode(value, struct.fields[key])
    return struct


def _encode(value: Any, into: Value) -> None:
    if value is None:
        into.null_value = 0
    elif isinstance(value, Unknown):
        into.string_value = UNKNOWN_TEXT
    elif isinstance(value, Secret):
        fields = into.struct_value.fields
        fields[SIGNATURE].string_value = SECRET
        _encode(value.value, fields["value"])
    elif isinstance(value, bool):
        into.bool_value = value
    elif isinstance(value, (int, float)):
        into.number_value = value
    elif isinstance(value, str):
        into.string_value = value
    elif isinstance(value, Mapping):
        fields = into.struct_value.fields
        into.struct_value.SetInParent()
        for key, item in value.items():
            _encode(item, fields[key])
    else:
        into.list_value.SetInParent()
        for item in value:
            _encode(item, into.list_value.values.add())


def has_unknown(value: Any) -> bool:
    """Whether a plain value is, or holds, UNKNOWN."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(has_unknown(item) for item in value)
    return isinstance(value, Unknown)


def secret_keys(struct: Struct) -> frozenset[str]:
    """Top-level properties that are, or hold, a secret."""
    return frozenset(key for key, value in struct.fields.items() if _is_secret(value))


def _is_secret(value: Value) -> bool:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE in fields and fields[SIGNATURE].string_value == SECRET:
            return True
        return any(_is_secret(item) for item in fields.values())
    return kind == "list_value" and any(_is_secret(item) for item in value.list_value.values)


_SHORTEST_SECRET: Final = 4
"""A shorter text stands in too many messages by chance."""


def redact(text: str, structs: Iterable[Struct]) -> str:
    """A message without the secret texts in these wire objects, plain or in base64: servers quote what they refuse."""
    hidden = {secret for struct in structs for value in struct.fields.values() for secret in _secret_texts(value, inside=False)}
    encoded = {base64.b64encode(secret.encode()).decode() for secret in hidden}
    for secret in sorted({secret for secret in hidden | encoded if len(secret) >= _SHORTEST_SECRET}, key=len, reverse=True):
        text = text.replace(secret, "[secret]")
    return text


def _secret_texts(value: Value, *, inside: bool) -> Iterator[str]:
    kind = value.WhichOneof("kind")
    if kind == "string_value" and inside:
        yield value.string_value
    elif kind == "list_value":
        for item in value.list_value.values:
            yield from _secret_texts(item, inside=inside)
    elif kind == "struct_value":
        fields = value.struct_value.fields
        marked = SIGNATURE in fields and fields[SIGNATURE].string_value == SECRET
        for key, item in fields.items():
            if key != SIGNATURE:
                yield from _secret_texts(item, inside=inside or marked)


def remark(values: Mapping[str, Any], marks: Struct) -> dict[str, Any]:
    """Mark as secret in the values what is secret in the wire object; where the shape changed, the whole property."""
    return {key: _remark(value, marks.fields[key]) if key in marks.fields else value for key, value in values.items()}


def _remark(value: Any, mark: Value) -> Any:
    if isinstance(value, Secret) or not _is_secret(mark):
        return value
    if mark.WhichOneof("kind") == "struct_value":
        fields = mark.struct_value.fields
        if SIGNATURE not in fields and isinstance(value, Mapping):
            return {key: _remark(item, fields[key]) if key in fields else item for key, item in value.items()}
    elif isinstance(value, list) and len(value) == len(mark.list_value.values):
        return [_remark(item, inner) for item, inner in zip(value, mark.list_value.values, strict=True)]
    return Secret(value)


def decode_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Provider configuration, in which the wire carries every nested value, number and boolean as JSON text."""
    return {key: _config_value(value) for key, value in config.items()}


def _config_value(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value[:1] not in {"{", "["} and value not in {"true", "false"}:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
