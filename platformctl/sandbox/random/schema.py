"""The resource types of the random provider, as data: their inputs, what is generated, and what an import id means."""

import base64
import binascii
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from platformctl.sandbox.random import generate
from platformctl.sandbox.random.generate import Generated


@dataclass(frozen=True, slots=True)
class Input:
    """One input property."""

    kind: type
    required: bool = False
    default: Any = None
    """Value that an omitted input stands for; None: it stays absent."""
    minimum: int | None = None


def _no_rule(inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    del inputs
    return []


@dataclass(frozen=True, slots=True)
class RandomType:
    """One resource type."""

    inputs: Mapping[str, Input]
    generate: Callable[[Mapping[str, Any]], Generated]
    generated: tuple[str, ...]
    """Outputs that are not known before the resource is made."""
    secret: frozenset[str] = frozenset()
    """Outputs that are always secret."""
    rule: Callable[[Mapping[str, Any]], list[tuple[str, str]]] = _no_rule
    """Pairs of property and problem for combinations of known inputs, defaults filled in."""
    parse: Callable[[str], tuple[dict[str, Any], Generated]] | None = None
    """Inputs and values of an import id; ValueError if it is none. None: cannot be imported."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Deprecated names of inputs."""


_KEEPERS: Final = {"keepers": Input(dict)}
_TEXT: Final = {
    **_KEEPERS,
    "length": Input(int, required=True, minimum=1),
    **{name: Input(bool, default=True) for name in ("upper", "lower", "numeric", "special")},
    **{name: Input(int, default=0, minimum=0) for name in ("minUpper", "minLower", "minNumeric", "minSpecial")},
    "overrideSpecial": Input(str),
}


def _text_rule(inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    problems = []
    minimums = {name: inputs.get(name) for name in ("minUpper", "minLower", "minNumeric", "minSpecial")}
    length = inputs.get("length")
    total = sum(value for value in minimums.values() if isinstance(value, int))
    if isinstance(length, int) and length < total:
        demanded = " + ".join(f"{name} {value}" for name, value in minimums.items() if value)
        problems.append(("length", f"length {length} is less than {demanded}; make it at least {total}"))
    if not any(inputs.get(name, True) for name in ("upper", "lower", "numeric", "special")):
        problems.append(("special", "at least one of upper, lower, numeric and special must be true"))
    return problems


def _range_rule(inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    low, high = inputs.get("min"), inputs.get("max")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        return [("min", f"min {low} is greater than max {high}")]
    return []


def _parse_string(value: str) -> tuple[dict[str, Any], Generated]:
    inputs = {"length": len(value)}
    return inputs, Generated(value, {"result": value, "number": True})


def _parse_password(value: str) -> tuple[dict[str, Any], Generated]:
    return {"length": len(value)}, generate.password_of(value, {"numeric": True})


def _parse_id(value: str) -> tuple[dict[str, Any], Generated]:
    prefix, _, encoded = value.rpartition(",")
    data = _decode(encoded + "=" * (-len(encoded) % 4), base64.urlsafe_b64decode)
    return {"byteLength": len(data), **({"prefix": prefix} if prefix else {})}, generate.id_of(data, prefix)


def _parse_bytes(value: str) -> tuple[dict[str, Any], Generated]:
    data = _decode(value, base64.b64decode)
    return {"length": len(data)}, generate.bytes_of(data)


def _decode(value: str, decoder: Callable[[str], bytes]) -> bytes:
    try:
        data = decoder(value)
    except binascii.Error as error:
        raise ValueError(f"it is not base64 ({error})") from None
    if not data:
        raise ValueError("it is empty")
    return data


def _parse_integer(value: str) -> tuple[dict[str, Any], Generated]:
    parts = value.split(",", 3)
    if len(parts) < 3:  # noqa: PLR2004 -- result,min,max[,seed]
        raise ValueError("it must be result,min,max or result,min,max,seed")
    result, low, high = map(int, parts[:3])
    seed = {"seed": parts[3]} if parts[3:] else {}
    return {"min": low, "max": high, **seed}, Generated(str(result), {"result": result})


def _parse_uuid(value: str) -> tuple[dict[str, Any], Generated]:
    return {}, generate.uuid_of(str(uuid.UUID(value)))


_NUMBER_ALIAS: Final = {"number": "numeric"}

TYPES: Final[Mapping[str, RandomType]] = {
    "random:index/randomString:RandomString": RandomType(
        _TEXT, generate.random_string, ("result",), rule=_text_rule, parse=_parse_string, aliases=_NUMBER_ALIAS
    ),
    "random:index/randomPassword:RandomPassword": RandomType(
        _TEXT,
        generate.random_password,
        ("result", "bcryptHash"),
        secret=frozenset({"result", "bcryptHash"}),
        rule=_text_rule,
        parse=_parse_password,
        aliases=_NUMBER_ALIAS,
    ),
    "random:index/randomId:RandomId": RandomType(
        {**_KEEPERS, "byteLength": Input(int, required=True, minimum=1), "prefix": Input(str)},
        generate.random_id,
        ("b64Std", "b64Url", "dec", "hex"),
        parse=_parse_id,
    ),
    "random:index/randomBytes:RandomBytes": RandomType(
        {**_KEEPERS, "length": Input(int, required=True, minimum=1)},
        generate.random_bytes,
        ("base64", "hex"),
        secret=frozenset({"base64", "hex"}),
        parse=_parse_bytes,
    ),
    "random:index/randomInteger:RandomInteger": RandomType(
        {**_KEEPERS, "min": Input(int, required=True), "max": Input(int, required=True), "seed": Input(str)},
        generate.random_integer,
        ("result",),
        rule=_range_rule,
        parse=_parse_integer,
    ),
    "random:index/randomShuffle:RandomShuffle": RandomType(
        {**_KEEPERS, "inputs": Input(list, required=True), "resultCount": Input(int, minimum=0), "seed": Input(str)},
        generate.random_shuffle,
        ("results", "resultCount"),
    ),
    "random:index/randomPet:RandomPet": RandomType(
        {**_KEEPERS, "length": Input(int, default=2, minimum=1), "separator": Input(str, default="-"), "prefix": Input(str)},
        generate.random_pet,
        (),
    ),
    "random:index/randomUuid:RandomUuid": RandomType(_KEEPERS, generate.random_uuid4, ("result",), parse=_parse_uuid),
    "random:index/randomUuid4:RandomUuid4": RandomType(_KEEPERS, generate.random_uuid4, ("result",), parse=_parse_uuid),
    "random:index/randomUuid7:RandomUuid7": RandomType(_KEEPERS, generate.random_uuid7, ("result",), parse=_parse_uuid),
}
