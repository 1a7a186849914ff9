"""Pydantic's errors in the words of the file: one plain line each, located where the value stands."""

import difflib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Network
from typing import Any, get_args

from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from platform_components.declarations.document import Document, FieldPath
from platform_components.errors import Problem

SHOWN_LENGTH = 60
"""Longest piece of a file repeated in a message, in characters."""

LISTED_CHOICES = 16
"""Most choices listed in one message."""


def translate(errors: Iterable[ErrorDetails], data: Mapping[str, Any], document: Document, schema: Mapping[str, Any]) -> list[Problem]:
    """Turn validation errors into problems.

    Args:
        errors: what pydantic found.
        data: what was validated: the file's data, with defaults laid under.
        document: the file.
        schema: JSON Schema of the model, for the keys known at a place and what they mean.
    """
    problems: dict[Problem, None] = {}
    branches: dict[FieldPath, dict[str, None]] = {}
    for error in errors:
        if _is_late_branch(error):
            continue
        path, in_union = _locate(error, data)
        message = _message(error, path, document, schema)
        if in_union:
            branches.setdefault(path, {})[message] = None
        else:
            problems[document.problem(path, message)] = None
    # Each branch of a union has its own complaint about one and the same value.
    return [*problems, *(document.problem(path, "; or ".join(messages)) for path, messages in branches.items())]


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    lowered = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.6)
    return lowered[close[0]] if close else None


def choices(known: Sequence[str]) -> str:
    """Known words in a line."""
    more = len(known) - LISTED_CHOICES
    return ", ".join(known[:LISTED_CHOICES]) + (f" and {more} more" if more > 0 else "")


def quoted(value: Any) -> str:
    """A value as JSON, short and on one line."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 4] + "..." + (text[-1] if text[-1] in '"]}' else "")


def _is_late_branch(error: ErrorDetails) -> bool:
    """Whether the complaint is that a value is no Output: true, and of no interest to a file's author."""
    return error["type"] == "is_instance_of" and "Output" in str(error["loc"][-1:])


def _locate(error: ErrorDetails, data: Mapping[str, Any]) -> tuple[FieldPath, bool]:
    """Follow an error's location through the data; parts that are not in it name union branches. Also says whether there were any."""
    location = [part for part in error["loc"] if part != "[key]"]
    path: list[str | int] = []
    current: Any = data
    for part in location:
        if isinstance(current, Mapping) and part in current:
            current = current[str(part)]
            path.append(part)
        elif isinstance(current, list) and isinstance(part, int) and part < len(current):
            current = current[part]
            path.append(part)
    # What is missing, and what a rule of ours names, need not be in the file; where it is, only names of branches were passed over.
    if error["type"] == "missing" or (error["type"] not in _BUILT_IN and path[-1:] != location[-1:] and _looks_like_a_field(location)):
        path.append(location[-1])
    return tuple(path), len(path) < len(location) and error["type"] in _BUILT_IN


def _looks_like_a_field(location: list[int | str]) -> bool:
    # Branch names that pydantic invents carry brackets: `function-after[...]`, `is-instance[Output]`.
    return bool(location) and isinstance(location[-1], str) and "[" not in location[-1]


def _message(error: ErrorDetails, path: FieldPath, document: Document, schema: Mapping[str, Any]) -> str:
    value = error["input"]
    if error["loc"] and error["loc"][-1] == "[key]":
        message = _describe(error, path, document, schema)
        return f"the key {message}" if message.startswith(quoted(value)) else f"the key {quoted(value)}: {message}"
    if value is None and error["type"] in _BUILT_IN - {"missing", "extra_forbidden"}:
        return "has no value; give it one, or leave the key out"
    return _describe(error, path, document, schema)


def _describe(error: ErrorDetails, path: FieldPath, document: Document, schema: Mapping[str, Any]) -> str:
    kind = error["type"]
    if kind == "missing":
        meaning = _description(schema, path)
        return f"is required{': ' + meaning if meaning else ''}"
    if kind == "extra_forbidden":
        return _unknown_key(str(path[-1]) if path else "", known_keys(schema, path[:-1]))
    if kind == "string_type" and isinstance(error["input"], (bool, int, float)):
        text = document.written.get(path, str(error["input"]))
        return f'{text} is read as {_KINDS[type(error["input"])]} here and text is wanted; quote it: "{text}"'
    if kind not in _BUILT_IN or kind in ("value_error", "assertion_error"):
        return _one_line(re.sub(r"^(Value error|Assertion failed), ", "", error["msg"]))
    return _wanted(error)


def _wanted(error: ErrorDetails) -> str:
    """What pydantic wanted, in our words where there are some and the details they need."""
    kind, context = error["type"], error.get("ctx", {})
    if kind in _WANTED and (kind not in _NEEDS or any(key in context for key in _NEEDS[kind])):
        return _WANTED[kind](error["input"], context)
    message = re.sub(r"^\w+ should ", "must ", _one_line(error["msg"]))
    return message if ", not " in message else f"{message}, not {quoted(error['input'])}"


_KINDS: Mapping[type, str] = {bool: "true or false", int: "a number", float: "a number"}


def _unknown_key(key: str, known: Sequence[str]) -> str:
    if guess := nearest(key, known):
        return f"unknown key; did you mean {guess}?"
    return f"unknown key; known here: {choices(known)}" if known else "unknown key; nothing can be set here"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _choose(value: Any, context: Mapping[str, Any]) -> str:
    # Where a validator wrapped the error anew, the choices are left in its message only.
    expected = str(context.get("expected") or context.get("message", ""))
    known = re.findall(r"'([^']*)'", expected) or [expected]
    guess = nearest(value, known) if isinstance(value, str) and len(known) > 1 else None
    return f"{quoted(value)} is not one of {choices(known)}{f'; did you mean {guess}?' if guess else ''}"


def _kind(wanted: str) -> Callable[[Any, Mapping[str, Any]], str]:
    def describe(value: Any, _: Mapping[str, Any]) -> str:
        return f"must be {wanted}, not {quoted(value)}{_hint(value, wanted)}"

    return describe


def _hint(value: Any, wanted: str) -> str:
    """What was probably meant."""
    if wanted == _BLOCK and isinstance(value, str):
        with suppress(ValueError):
            return f"; did you mean {IPv4Network(value, strict=False)}?"
    if wanted == _TRUE_OR_FALSE and isinstance(value, str) and value.lower() in ("yes", "no", "on", "off"):
        return f"; write {'true' if value.lower() in ('yes', 'on') else 'false'}"
    if isinstance(value, str) and value and wanted == _LIST:
        return f"; for one item write [{value}]" if len(value) <= SHOWN_LENGTH else ""
    if isinstance(value, str) and wanted in (_WHOLE, _NUMBER) and re.fullmatch(r"[-+]?[0-9.]+", value):
        return "; remove the quotes"
    return ""


def _limit(words: str, key: str) -> Callable[[Any, Mapping[str, Any]], str]:
    def describe(value: Any, context: Mapping[str, Any]) -> str:
        limit = context.get(key)
        return f"must be {words} {f'{limit:g}' if isinstance(limit, float) else limit}, not {quoted(value)}"

    return describe


def _length(value: Any, context: Mapping[str, Any]) -> str:
    bounds = [f"at {side} {context[key]}" for key, side in (("min_length", "least"), ("max_length", "most")) if key in context]
    unit = "characters long" if isinstance(value, str) else "entries"
    actual = len(value) if isinstance(value, (str, list, dict)) else context.get("actual_length")
    verb = "must be" if isinstance(value, str) else "must have"
    return f"{verb} {' and '.join(bounds)} {unit}, not {actual}"


def _tag(_: Any, context: Mapping[str, Any]) -> str:
    key = str(context.get("discriminator", "")).strip("'")
    if "tag" not in context:
        return f"needs the key {key}, which says what kind of thing this is"
    return f"{key}: {_choose(context['tag'], {'expected': context.get('expected_tags', '')})}"


_TRUE_OR_FALSE = "true or false"
_WHOLE = "a whole number"
_NUMBER = "a number"
_LIST = "a list"
_BLOCK = "an IPv4 block such as 10.0.0.0/16"
_MAPPING = "a mapping (`key: value` lines)"

_WANTED: Mapping[str, Callable[[Any, Mapping[str, Any]], str]] = {
    "enum": _choose,
    "literal_error": _choose,
    "string_type": _kind("text"),
    "bool_type": _kind(_TRUE_OR_FALSE),
    "bool_parsing": _kind(_TRUE_OR_FALSE),
    "int_type": _kind(_WHOLE),
    "int_parsing": _kind(_WHOLE),
    "int_parsing_size": _kind(_WHOLE),
    "int_from_float": _kind(_WHOLE),
    "float_type": _kind(_NUMBER),
    "float_parsing": _kind(_NUMBER),
    "finite_number": _kind(_NUMBER),
    "list_type": _kind(_LIST),
    "tuple_type": _kind(_LIST),
    "set_type": _kind(_LIST),
    "frozen_set_type": _kind(_LIST),
    "dict_type": _kind(_MAPPING),
    "mapping_type": _kind(_MAPPING),
    "model_type": _kind(_MAPPING),
    "model_attributes_type": _kind(_MAPPING),
    "dataclass_type": _kind(_MAPPING),
    "greater_than": _limit("more than", "gt"),
    "greater_than_equal": _limit("at least", "ge"),
    "less_than": _limit("less than", "lt"),
    "less_than_equal": _limit("at most", "le"),
    "multiple_of": _limit("a multiple of", "multiple_of"),
    "string_pattern_mismatch": lambda value, context: f"{quoted(value)} does not have the form {context.get('pattern')}",
    "string_too_short": _length,
    "string_too_long": _length,
    "too_short": _length,
    "too_long": _length,
    "union_tag_invalid": _tag,
    "union_tag_not_found": _tag,
    "ip_v4_network": _kind(_BLOCK),
    "ip_any_network": _kind(_BLOCK),
    "date_from_datetime_parsing": _kind("a date such as 2027-03-31"),
    "date_parsing": _kind("a date such as 2027-03-31"),
    "date_type": _kind("a date such as 2027-03-31"),
}


_BUILT_IN = frozenset(
    (*get_args(ErrorType), *(f"ip_{version}_{kind}" for version in ("v4", "v6", "any") for kind in ("address", "network")))
)
"""Pydantic's own error types; any other is raised by a rule of ours, in words meant for people."""

_NEEDS: Mapping[str, Sequence[str]] = {
    "enum": ("expected", "message"),
    "literal_error": ("expected", "message"),
    "greater_than": ("gt",),
    "greater_than_equal": ("ge",),
    "less_than": ("lt",),
    "less_than_equal": ("le",),
    "multiple_of": ("multiple_of",),
    "string_pattern_mismatch": ("pattern",),
    "string_too_short": ("min_length",),
    "string_too_long": ("max_length",),
    "too_short": ("min_length",),
    "too_long": ("max_length",),
    "union_tag_invalid": ("tag",),
    "union_tag_not_found": ("discriminator",),
}
"""Details a wording needs; a validator that wraps errors anew may have lost them, and pydantic's own message must do."""


def known_keys(schema: Mapping[str, Any], path: FieldPath) -> list[str]:
    """Keys a model knows at a place, in the order of the model."""
    keys: dict[str, None] = {}
    for place in _places(schema, path):
        keys.update(dict.fromkeys(place.get("properties", ())))
    return list(keys)


def _description(schema: Mapping[str, Any], path: FieldPath) -> str:
    """First sentence of a field's description, without the full stop."""
    parent, key = path[:-1], path[-1]
    for place in _places(schema, parent):
        text = place.get("properties", {}).get(key, {}).get("description", "")
        if text:
            return _one_line(re.split(r"(?<=[.;])\s", str(text))[0]).rstrip(".;")
    return ""


def _places(schema: Mapping[str, Any], path: FieldPath) -> list[Mapping[str, Any]]:
    """The sub-schemas that may describe a place; several where a union stands."""
    places = list(_expand(schema, schema))
    for part in path:
        inner: list[Mapping[str, Any]] = []
        for place in places:
            for candidate in _step(place, part):
                inner.extend(_expand(candidate, schema))
        places = inner
    return places


def _step(place: Mapping[str, Any], part: str | int) -> Iterator[Mapping[str, Any]]:
    if isinstance(part, int):
        candidates = [place.get("items")]
    elif part in place.get("properties", {}):
        candidates = [place["properties"][part]]
    else:
        candidates = [place.get("additionalProperties"), *place.get("patternProperties", {}).values()]
    return (candidate for candidate in candidates if isinstance(candidate, Mapping))


def _expand(place: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Resolve references and open unions."""
    if "$ref" in place:
        yield from _expand(root["$defs"][str(place["$ref"]).rsplit("/", 1)[-1]], root)
        return
    yield place
    for union in ("anyOf", "oneOf", "allOf"):
        for branch in place.get(union, ()):
            yield from _expand(branch, root)
