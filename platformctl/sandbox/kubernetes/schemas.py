"""Objects against the JSON Schemas of Kubernetes, and custom resources against the schema of their CustomResourceDefinition.

Strict: a field that the schema does not have is refused, as `kubectl apply` does (fieldValidation=Strict). Unknown values pass wherever a
field may stand. Values never appear in messages: they may be secret.
"""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from platformctl.sandbox.kubernetes.kinds import Kind
from platformctl.sandbox.wire import Unknown

_QUANTITY: Final = r"^[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$"
"""Source: k8s.io/apimachinery/pkg/api/resource, the syntax of Quantity."""
_QUANTITY_DEFINITION: Final = "io.k8s.apimachinery.pkg.api.resource.Quantity"


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """One field that the schema refuses."""

    path: str
    """`spec.containers[0].image`."""
    message: str


@dataclass(frozen=True, slots=True)
class Release:
    """The built-in kinds of one Kubernetes minor version."""

    version: str
    """Minor version, for example `1.34`."""
    definitions: Mapping[str, Any]
    names: Mapping[Kind, str]
    """Name of the definition of each kind."""

    def validator(self, kind: Kind) -> Draft202012Validator | None:
        """Validator of a built-in kind; None if this version has no such kind."""
        name = self.names.get(kind)
        return None if name is None else Draft202012Validator({"$defs": self.definitions, "$ref": f"#/$defs/{name}"})

    @property
    def groups(self) -> frozenset[str]:
        """API groups that are Kubernetes' own."""
        return frozenset(kind.group for kind in self.names)

    def served(self, group: str, kind: str) -> list[str]:
        """The apiVersions under which this version knows a kind."""
        return sorted(known.api_version for known in self.names if (known.group, known.kind) == (group, kind))


def release(version: str | None) -> Release:
    """The newest release not newer than `version` (`1.34`, `v1.34.2`); the newest there is for None, or for a version before all."""
    known = _versions()
    wanted = _minor(version) if version else None
    fitting = [minor for minor in known if wanted is None or minor <= wanted] or list(known)[:1]
    return _load(known[fitting[-1]], ".".join(map(str, fitting[-1])))


def _minor(version: str) -> tuple[int, int] | None:
    match = re.match(r"v?(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else None


@cache
def _versions() -> dict[tuple[int, int], str]:
    folders = [entry.name for entry in _schemas().iterdir() if entry.name.endswith("-local-strict")]
    return dict(sorted((minor, folder) for folder in folders if (minor := _minor(folder)) is not None))


def _schemas() -> Any:
    return resources.files("kubernetes_validate") / "kubernetes-json-schema"


@cache
def _load(folder: str, version: str) -> Release:
    definitions = json.loads((_schemas() / folder / "_definitions.json").read_text(encoding="utf-8"))["$defs"]
    definitions[_QUANTITY_DEFINITION] = {"type": ["string", "number"], "pattern": _QUANTITY}
    names = {}
    for name, definition in definitions.items():
        for entry in definition.get("x-kubernetes-group-version-kind", ()):
            api_version = f"{entry['group']}/{entry['version']}" if entry["group"] else entry["version"]
            names[Kind(api_version, entry["kind"])] = name
    return Release(version, definitions, names)


def custom_validator(definition: Mapping[str, Any], version: str) -> Draft202012Validator | None:
    """Validator of a custom resource from its CustomResourceDefinition; None if the version has no schema.

    Validation rules in CEL are not evaluated.
    """
    for served in definition.get("spec", {}).get("versions", ()):
        if served.get("name") == version:
            schema = (served.get("schema") or {}).get("openAPIV3Schema")
            return Draft202012Validator(_structural(schema, embedded=True)) if schema else None
    return None


_KEPT: Final = (
    "type",
    "required",
    "enum",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
)
_COMBINED: Final = ("allOf", "anyOf", "oneOf")


def _structural(schema: Mapping[str, Any], *, embedded: bool = False, strict: bool = True) -> dict[str, Any]:
    """A structural schema of a CRD as JSON Schema 2020-12 that refuses unknown fields."""
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["string", "integer"]}
    result = _limits(schema)
    if "items" in schema:
        result["items"] = _structural(schema["items"], strict=strict)
    for key in _COMBINED:
        if key in schema:
            result[key] = [_structural(part, strict=False) for part in schema[key]]
    if "not" in schema:
        result["not"] = _structural(schema["not"], strict=False)
    properties = {name: _structural(value, strict=strict) for name, value in schema.get("properties", {}).items()}
    if embedded or schema.get("x-kubernetes-embedded-resource"):
        properties |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    if properties:
        result["properties"] = properties
    more = schema.get("additionalProperties")
    if isinstance(more, Mapping):
        result["additionalProperties"] = _structural(more, strict=strict)
    elif strict and properties and more is not True and not schema.get("x-kubernetes-preserve-unknown-fields"):
        result["additionalProperties"] = False
    return result


def _limits(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords that need no descent."""
    result: dict[str, Any] = {key: schema[key] for key in _KEPT if key in schema}
    for key, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if schema.get(key) is True and limit in result:  # boolean in OpenAPI 3.0, a number in JSON Schema 2020-12
            result[key] = result.pop(limit)
    if "pattern" in schema and _compiles(schema["pattern"]):
        result["pattern"] = schema["pattern"]
    return result


def _compiles(pattern: str) -> bool:
    """Go's expressions are nearly Python's; one that is not cannot be checked here."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def problems(validator: Draft202012Validator, document: Mapping[str, Any], *, partial: bool = False) -> list[SchemaProblem]:
    """What the schema refuses in a document, in the order of the fields' paths. A partial document need not have every required field."""
    errors = (error for error in validator.iter_errors(document) if not partial or error.validator != "required")
    found = {problem: None for error in errors for problem in _explain(error)}
    return sorted(found, key=lambda problem: problem.path)


def _explain(error: ValidationError) -> Iterator[SchemaProblem]:
    if isinstance(error.instance, Unknown):
        return
    path = join(error.absolute_path)
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        for name in error.instance:
            if name not in known:
                yield SchemaProblem(join([*error.absolute_path, name]), f"there is no such field{_suggest(name, known)}")
    elif error.validator == "required":
        for name in error.validator_value:
            if name not in error.instance:
                yield SchemaProblem(join([*error.absolute_path, name]), "is required")
    elif error.validator == "type":
        yield SchemaProblem(path, f"must be {_type_names(error.validator_value)}, not {_type_name(error.instance)}")
    elif error.validator == "enum":
        yield SchemaProblem(path, "must be one of " + ", ".join(map(str, error.validator_value)))
    elif error.validator in _COMBINED:
        types = [part.get("type") for part in error.validator_value]
        plain = all(types) and not isinstance(error.instance, (Mapping, list))
        names = [name for kind in types for name in ([kind] if isinstance(kind, str) else kind or ())]
        yield SchemaProblem(path, f"must be {_type_names(names)}, not {_type_name(error.instance)}" if plain else "fits no allowed form")
    elif error.validator_value == _QUANTITY:
        yield SchemaProblem(path, "must be a quantity, such as 500m, 2 or 1Gi")
    else:
        yield SchemaProblem(path, f"breaks the rule {error.validator} {json.dumps(error.validator_value)}")


def join(parts: Iterable[str | int]) -> str:
    """A path as people write it: `spec.containers[0].image`; keys with dots in brackets."""
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        elif "." in part or "/" in part:
            text += f'["{part}"]'
        else:
            text += f".{part}" if text else part
    return text


def _suggest(name: str, known: Iterable[str]) -> str:
    """`; did you mean X?`, or nothing. Case counts little: most mistakes are spellings like `servicePort` for `serviceport`."""
    by_lower = {candidate.lower().replace("_", ""): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower().replace("_", ""), by_lower, n=1, cutoff=0.75)
    return f"; did you mean {by_lower[close[0]]}?" if close else ""


_TYPE_NAMES: Final = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}


def _type_names(types: str | Sequence[str]) -> str:
    names = [types] if isinstance(types, str) else [name for name in dict.fromkeys(types) if name != "null"]
    return " or ".join(_TYPE_NAMES.get(name, name) for name in names)


def _type_name(value: Any) -> str:
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"), (Mapping, "object")):
        if isinstance(value, kind):
            return _TYPE_NAMES[name]
    return "null" if value is None else type(value).__name__
