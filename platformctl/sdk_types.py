"""Wire inputs against the provider SDK's own types: names and types of every property, at any depth.

The engine passes a misspelt nested key to the provider, and a provider may drop it in silence. The SDK knows better: each resource class
has an Args class with the wire name and the type of every property. Here those are read once per type and kept.
"""

import collections.abc
import difflib
import importlib
import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal, Union

import pulumi
from platform_policies.graph import UNKNOWN
from pulumi import _types as pulumi_types
from pulumi.runtime.rpc import get_resource_module

from platformctl.readers.wire import SIGNATURE

PACKAGES: Mapping[str, str] = {"aws": "pulumi_aws", "kubernetes": "pulumi_kubernetes", "random": "pulumi_random", "vault": "pulumi_vault"}
"""Provider SDKs by the package name of their type tokens. Resources of other packages are not judged."""

_PROVIDERS = "pulumi:providers:"

Checker = Callable[[Any, str], Iterator[str]]
"""From a value and its path to what is wrong with it."""


def check_inputs(type_token: str, inputs: Mapping[str, Any], *, required: bool = False) -> list[str]:
    """Say what is wrong with a resource's inputs: unknown property names and wrong types, at any depth.

    Unknown values (the engine's sentinel), secrets (`{"secret": true}` or the wire's own form) and absent values (None) pass. So does
    whatever the SDK leaves open: chart values, the body of a custom resource. Values of enumerations are not judged.

    Args:
        type_token: resource type, as the engine sees it.
        inputs: inputs in wire names.
        required: flag required properties that are missing, too.

    Returns:
        One line per fault, `path: what is wrong`; none for a type of a package whose SDK is not known here (PACKAGES).
    """
    package = type_token.removeprefix(_PROVIDERS) if type_token.startswith(_PROVIDERS) else type_token.split(":", 1)[0]
    if package not in PACKAGES:
        return []
    args = _args_class(type_token)
    if args is None:
        if _is_custom_resource(type_token):
            return list(_custom_resource(inputs, required))
        return [f"{type_token}: no such resource type{_suggestion(type_token, _tokens_beside(type_token))}"]
    # The engine hands a provider's own settings over as JSON text.
    given = (
        {key: None if isinstance(value, str) else value for key, value in inputs.items()} if type_token.startswith(_PROVIDERS) else inputs
    )
    return list(_check_object(_shape(args), given, "", required))


def property_types(type_token: str) -> Mapping[str, Any]:
    """The SDK's type of every input property of a resource type, by wire name; empty for a type it does not know."""
    package = type_token.split(":", 1)[0]
    args = _args_class(type_token) if package in PACKAGES else None
    return _shape(args).properties if args else {}


@dataclass(frozen=True, slots=True)
class _Shape:
    """The properties of one Args class."""

    properties: Mapping[str, Any]
    """Type by wire name."""
    required: frozenset[str]
    """Wire names of those that must be given."""


def _check_object(shape: _Shape, value: Mapping[str, Any], path: str, required: bool) -> Iterator[str]:
    for key, item in value.items():
        if key not in shape.properties:
            # Names with two underscores are the engine's bookkeeping (`__defaults`).
            if not key.startswith("__"):
                yield f"{_join(path, key)}: no such property{_suggestion(key, shape.properties)}"
        elif not _is_open(item):
            yield from _check(shape.properties[key], item, _join(path, key), required)
    if required:
        yield from (f"{_join(path, key)}: required, and missing" for key in sorted(shape.required) if value.get(key) is None)


def _check(kind: Any, value: Any, path: str, required: bool) -> Iterator[str]:
    """Judge a value by its type; unions pass if one of their members does."""
    alternatives = _alternatives(kind)
    if not alternatives or _is_open(value):
        return
    best: list[str] | None = None
    for alternative in alternatives:
        faults = list(_check_one(alternative, value, path, required))
        if not faults:
            return
        # A member of the value's own kind says most about what is wrong: its faults lie deeper.
        if best is None or not faults[0].startswith(f"{path}: must be"):
            best = faults
    yield from best or ()


def _check_one(kind: Any, value: Any, path: str, required: bool) -> Iterator[str]:
    origin = typing.get_origin(kind)
    if origin in (list, collections.abc.Sequence, collections.abc.MutableSequence):
        if not isinstance(value, (list, tuple)):
            yield _wrong(path, "a list", value)
            return
        element = typing.get_args(kind)[0]
        for index, item in enumerate(value):
            yield from _check(element, item, f"{path}[{index}]", required)
    elif origin in (dict, collections.abc.Mapping, collections.abc.MutableMapping):
        if not isinstance(value, Mapping):
            yield _wrong(path, "a map", value)
            return
        element = typing.get_args(kind)[1]
        for key, item in value.items():
            yield from _check(element, item, f"{path}[{key!r}]", required)
    elif origin is Literal:
        if value not in typing.get_args(kind):
            yield f"{path}: must be {' or '.join(map(repr, typing.get_args(kind)))}, not {value!r}"
    elif isinstance(kind, type) and pulumi_types.is_input_type(kind):
        if isinstance(value, Mapping):
            yield from _check_object(_shape(kind), value, path, required)
        else:
            yield _wrong(path, "an object", value)
    elif isinstance(kind, type):
        yield from _check_scalar(kind, value, path)


_SCALARS: Sequence[tuple[type, str, Callable[[Any], bool]]] = (
    (bool, "true or false", lambda value: isinstance(value, bool)),
    (
        int,
        "a whole number",
        lambda value: not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer())),
    ),
    (float, "a number", lambda value: isinstance(value, (int, float)) and not isinstance(value, bool)),
    (str, "text", lambda value: isinstance(value, str)),
    (Enum, "a single value", lambda value: isinstance(value, (str, int, float))),
    (pulumi.Asset, "an asset", lambda value: isinstance(value, (Mapping, pulumi.Asset))),
    (pulumi.Archive, "an archive", lambda value: isinstance(value, (Mapping, pulumi.Archive))),
)
"""Python type, what to call it, and whether a JSON value is one; the first whose type is a base counts."""


def _check_scalar(kind: type, value: Any, path: str) -> Iterator[str]:
    # Enumerations are subclasses of str or int as well; only their being a single value is judged.
    base = Enum if issubclass(kind, Enum) else kind
    for scalar, name, fits in _SCALARS:
        if issubclass(base, scalar):
            if not fits(value):
                yield _wrong(path, name, value)
            return


@cache
def _alternatives(kind: Any) -> tuple[Any, ...]:
    """The plain types behind an input type; none where anything goes."""
    if kind is Any:
        return ()
    origin = typing.get_origin(kind)
    if origin not in (Union, types.UnionType):
        return (kind,)
    found: dict[Any, None] = {}
    for member in typing.get_args(kind):
        # Awaitables and Outputs are how a value may arrive, TypedDicts the same object once more.
        if member is type(None) or typing.get_origin(member) in (collections.abc.Awaitable, pulumi.Output) or typing.is_typeddict(member):
            continue
        below = _alternatives(member)
        if not below:
            return ()
        found.update(dict.fromkeys(below))
    return tuple(found)


@cache
def _shape(args: type) -> _Shape:
    names = pulumi_types.input_type_py_to_pulumi_names(args)
    parameters = inspect.signature(args.__init__).parameters.values()  # type: ignore[misc]
    needed = (
        parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty
    )
    return _Shape(pulumi_types.input_type_types(args), frozenset(names[name] for name in needed if name in names))


@cache
def _args_class(token: str) -> type | None:
    """The Args class of a resource type; None where the SDK has no such type."""
    if token.startswith(_PROVIDERS):
        package = importlib.import_module(f"{PACKAGES[token.removeprefix(_PROVIDERS)]}.provider")
        provider: type = package.ProviderArgs
        return provider
    classes = _classes_beside(token)
    if token not in classes:
        return None
    folder, name = classes[token]
    resource = getattr(importlib.import_module(folder), name)
    home = sys.modules[resource.__module__]
    # Kubernetes objects have an `Args` type of their own for use inside other objects; the resource's is `InitArgs`.
    found: type | None = getattr(home, f"{name}InitArgs", None) or getattr(home, f"{name}Args", None)
    return found


def _classes_beside(token: str) -> dict[str, tuple[str, str]]:
    """Folder and class of every type in the module of a type token."""
    package, _, rest = token.partition(":")
    module = rest.rpartition(":")[0]
    importlib.import_module(PACKAGES[package])
    registered = get_resource_module(package, module, "")
    if registered is None:
        return {}
    information = registered.mod_info  # type: ignore[attr-defined]
    return {known: (information["fqn"], name) for known, name in information["classes"].items()}


def _tokens_beside(token: str) -> list[str]:
    return list(_classes_beside(token))


def _is_custom_resource(token: str) -> bool:
    """Whether a Kubernetes type is one that a cluster's own definitions bring: its API group is a domain the SDK does not have."""
    package, _, rest = token.partition(":")
    return package == "kubernetes" and "." in rest.split("/", 1)[0] and not _classes_beside(token)


def _custom_resource(inputs: Mapping[str, Any], required: bool) -> Iterator[str]:
    """A custom resource's body is free; its metadata is like everybody's."""
    metadata = importlib.import_module("pulumi_kubernetes.meta.v1").ObjectMetaArgs
    for key, kind in (("apiVersion", str), ("kind", str), ("metadata", metadata)):
        value = inputs.get(key)
        if value is not None:
            yield from _check(kind, value, key, required)
        elif required and key != "metadata":
            yield f"{key}: required, and missing"


def _is_open(value: Any) -> bool:
    """Whether a value cannot be judged: absent, unknown, or secret."""
    if value is None or (isinstance(value, str) and value == UNKNOWN):
        return True
    return isinstance(value, Mapping) and (value == {"secret": True} or SIGNATURE in value)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _wrong(path: str, name: str, value: Any) -> str:
    given = "a map" if isinstance(value, Mapping) else "a list" if isinstance(value, (list, tuple)) else repr(value)
    return f"{path}: must be {name}, not {given}"


def _suggestion(name: str, known: collections.abc.Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
