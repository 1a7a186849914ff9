"""The generators, as functions from checked inputs to values. The names of inputs and values are the provider's wire names.

With a seed the values are the same each time, but not those of the real provider, whose generator is Go's.
"""

import base64
import random
import secrets
import string
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import bcrypt

from platformctl.sandbox.random.words import ADJECTIVES, ADVERBS, NAMES

SPECIAL: Final = "!@#$%&*()-_=+[]{}<>:?"
"""Special characters where overrideSpecial names no others."""
BCRYPT_BYTES: Final = 72
"""bcrypt reads no further."""
_BCRYPT_COST: Final = 10

Inputs = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Generated:
    """A new resource: its id, and the outputs beyond its inputs."""

    id: str
    values: Mapping[str, Any]


def text(inputs: Inputs) -> str:
    """Characters of the chosen classes, at least the demanded number of each, in random order."""
    special = inputs.get("overrideSpecial") or SPECIAL
    classes = (
        ("upper", "minUpper", string.ascii_uppercase),
        ("lower", "minLower", string.ascii_lowercase),
        ("numeric", "minNumeric", string.digits),
        ("special", "minSpecial", special),
    )
    characters: list[str] = []
    for _, minimum, alphabet in classes:
        # The minimum counts even where the class is switched off, as in the real provider.
        characters += [secrets.choice(alphabet) for _ in range(inputs[minimum])]
    alphabet = "".join(alphabet for enabled, _, alphabet in classes if inputs[enabled])
    characters += [secrets.choice(alphabet) for _ in range(inputs["length"] - len(characters))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def random_string(inputs: Inputs) -> Generated:
    """RandomString: the result is the id."""
    result = text(inputs)
    return Generated(result, {"result": result, "number": inputs["numeric"]})


def random_password(inputs: Inputs) -> Generated:
    """RandomPassword: never its own id."""
    return password_of(text(inputs), inputs)


def password_of(result: str, inputs: Inputs) -> Generated:
    """The outputs of a given password."""
    hashed = bcrypt.hashpw(result.encode()[:BCRYPT_BYTES], bcrypt.gensalt(_BCRYPT_COST)).decode()
    return Generated("none", {"result": result, "bcryptHash": hashed, "number": inputs["numeric"]})


def random_id(inputs: Inputs) -> Generated:
    """RandomId."""
    return id_of(secrets.token_bytes(inputs["byteLength"]), inputs.get("prefix") or "")


def id_of(data: bytes, prefix: str) -> Generated:
    """The forms of given bytes; the prefix is part of every form but not of the id."""
    url = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    forms = {"b64Std": base64.b64encode(data).decode(), "b64Url": url, "dec": str(int.from_bytes(data, "big")), "hex": data.hex()}
    return Generated(url, {name: prefix + form for name, form in forms.items()})


def random_bytes(inputs: Inputs) -> Generated:
    """RandomBytes."""
    return bytes_of(secrets.token_bytes(inputs["length"]))


def bytes_of(data: bytes) -> Generated:
    """The forms of given bytes."""
    encoded = base64.b64encode(data).decode()
    return Generated(encoded, {"base64": encoded, "hex": data.hex()})


def random_integer(inputs: Inputs) -> Generated:
    """RandomInteger: both ends of the range are possible."""
    result = _source(inputs).randint(inputs["min"], inputs["max"])
    return Generated(str(result), {"result": result})


def random_shuffle(inputs: Inputs) -> Generated:
    """RandomShuffle: permutation after permutation until there are enough."""
    source, items = _source(inputs), inputs["inputs"]
    count = inputs.get("resultCount")
    wanted = len(items) if count is None else count
    results: list[str] = []
    while items and len(results) < wanted:
        results += source.sample(items, len(items))
    return Generated("-", {"results": results[:wanted], "resultCount": wanted})


def random_pet(inputs: Inputs) -> Generated:
    """RandomPet: a name; before it an adjective; before that adverbs."""
    length = inputs["length"]
    words = [*_choose(ADVERBS, length - 2), *_choose(ADJECTIVES, min(length - 1, 1)), *_choose(NAMES, 1)]
    name = inputs["separator"].join([inputs["prefix"], *words] if inputs.get("prefix") else words)
    return Generated(name, {})


def _choose(words: Sequence[str], count: int) -> list[str]:
    return [secrets.choice(words) for _ in range(count)]


def random_uuid4(inputs: Inputs) -> Generated:
    """RandomUuid and RandomUuid4."""
    del inputs
    return uuid_of(str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)))


def random_uuid7(inputs: Inputs) -> Generated:
    """RandomUuid7 (RFC 9562): 48 bits of milliseconds, then random bits around version and variant."""
    del inputs
    data = bytearray((time.time_ns() // 1_000_000).to_bytes(6, "big") + secrets.token_bytes(10))
    data[6] = (data[6] & 0x0F) | 0x70
    data[8] = (data[8] & 0x3F) | 0x80
    return uuid_of(str(uuid.UUID(bytes=bytes(data))))


def uuid_of(result: str) -> Generated:
    """The outputs of a given UUID."""
    return Generated(result, {"result": result})


def _source(inputs: Inputs) -> random.Random:
    seed = inputs.get("seed")
    return random.Random(seed) if seed else secrets.SystemRandom()  # noqa: S311 -- a seed asks for repeatable values
