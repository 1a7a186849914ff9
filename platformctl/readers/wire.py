"""Wire values: the protobuf form a program's properties travel in, and the plain form a graph keeps."""

import re
from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2
from platform_policies.graph import SECRET, UNKNOWN

# Signatures that tell special objects from ordinary maps; pulumi/sdk/go/common/resource/properties.go.
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 -- a signature, not a secret
RESOURCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e"
ASSET_SIGNATURE = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE_SIGNATURE = "0def7320c3a5731c473e5ecbe6d01bc7"

STAND_IN_NETWORK = "2001:db8:5afe:"
"""First groups of every IPv6 block that stands in for one AWS would choose: documentation space, so it can be told from a real one."""

STAND_IN_ADDRESSES = "240.90."
"""First bytes of every IPv4 address that stands in for one AWS would choose: reserved space, which no network uses."""

_STAND_IN_ADDRESS = re.compile(rf"(?<![\d.]){re.escape(STAND_IN_ADDRESSES)}")


def is_stand_in(text: str) -> bool:
    """Whether a text was made from a stand-in: it is unknown before `up`, whatever the program made of it."""
    if UNKNOWN in text or STAND_IN_NETWORK in text:
        return True
    return STAND_IN_ADDRESSES in text and _STAND_IN_ADDRESS.search(text) is not None


def secret(value: Any) -> dict[str, Any]:
    """A value as the wire carries a secret."""
    return {SIGNATURE: SECRET_SIGNATURE, "value": value}


def is_secret(value: Any) -> bool:
    """Whether a raw wire value is a secret."""
    return isinstance(value, Mapping) and value.get(SIGNATURE) == SECRET_SIGNATURE


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Plain values as a protobuf Struct."""
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct


def raw(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A Struct as plain Python, special objects (secrets, references) kept as the wire has them."""
    return {key: _raw_value(value) for key, value in struct.fields.items()}


def _raw_value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "struct_value":
        return raw(value.struct_value)
    if kind == "list_value":
        return [_raw_value(item) for item in value.list_value.values]
    return _scalar(kind, value)


def plain(struct: struct_pb2.Struct, *, collapse: bool) -> dict[str, Any]:
    """A Struct as a graph keeps it: secrets without their value, resource references as the id or URN they stand for.

    Args:
        struct: the properties.
        collapse: turn each string made from a stand-in into the unknown sentinel.
    """
    return {key: _plain_value(value, collapse) for key, value in struct.fields.items()}


def _plain_value(value: struct_pb2.Value, collapse: bool) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if collapse and is_stand_in(text) else text
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE in fields:
            return _special(value.struct_value, collapse)
        return {key: _plain_value(item, collapse) for key, item in fields.items()}
    if kind == "list_value":
        return [_plain_value(item, collapse) for item in value.list_value.values]
    return _scalar(kind, value)


def _special(struct: struct_pb2.Struct, collapse: bool) -> Any:
    signature = struct.fields[SIGNATURE].string_value
    if signature == SECRET_SIGNATURE:
        return dict(SECRET)
    if signature == RESOURCE_SIGNATURE:
        if "id" in struct.fields:
            # A custom resource stands for its id, which is empty until it is known.
            return _plain_value(struct.fields["id"], collapse) or UNKNOWN
        return struct.fields["urn"].string_value
    kept = {key: _plain_value(item, collapse) for key, item in struct.fields.items() if key != SIGNATURE}
    if signature in (ASSET_SIGNATURE, ARCHIVE_SIGNATURE):
        return {"asset" if signature == ASSET_SIGNATURE else "archive": kept}
    return kept


def _scalar(kind: str | None, value: struct_pb2.Value) -> Any:
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    return None
