"""The random provider: checks inputs against the types' data and generates values. Every change makes a new resource."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

from platformctl.sandbox.plugin import (
    UNKNOWN,
    Checked,
    Created,
    Difference,
    Failure,
    Provider,
    ProviderError,
    ReadState,
    Secret,
    Subject,
    Unknown,
    property_changes,
)
from platformctl.sandbox.random.generate import Generated
from platformctl.sandbox.random.schema import TYPES, Input, RandomType

Values = Mapping[str, Any]
_KIND_NAMES: Final[Mapping[type, str]] = {int: "a whole number", bool: "true or false", str: "a string", dict: "an object", list: "a list"}


class RandomProvider(Provider):
    """Generates values with the operating system's generator; keeps nothing but what the engine's state keeps."""

    name = "random"
    version = "4.21.4"

    def configure(self, config: Values) -> None:
        """There is nothing to configure."""

    def check(self, subject: Subject, olds: Values, news: Values) -> Checked:
        """Refuse unknown names, wrong types, and combinations that no value can satisfy. Inputs stay as written."""
        del olds
        kind = _type(subject)
        failures = [Failure(name, problem) for name, problem in _problems(kind, news)]
        if not failures:
            failures = [Failure(name, problem) for name, problem in kind.rule(_with_defaults(kind, news))]
        return Checked(news, failures)

    def diff(self, subject: Subject, old_inputs: Values, old_outputs: Values, news: Values) -> Difference:
        """Whatever changed replaces. Spelling a default out, or a deprecated name anew, is no change."""
        del old_outputs
        kind = _type(subject)
        changes = property_changes(_with_defaults(kind, old_inputs), _with_defaults(kind, news))
        return Difference(changes, replaces=list(changes))

    def create(self, subject: Subject, inputs: Values, *, preview: bool) -> Created:
        """Generate; a preview only tells which values will be there."""
        kind = _type(subject)
        filled = _with_defaults(kind, inputs)
        if preview:
            return Created("", _outputs(kind, filled, dict.fromkeys(kind.generated, UNKNOWN)))
        made = kind.generate(filled)
        return Created(made.id, _outputs(kind, filled, made.values))

    def read(self, subject: Subject, inputs: Values, outputs: Values) -> ReadState:
        """The state is the resource; an import takes the value out of the id."""
        kind = _type(subject)
        if outputs:
            return ReadState(subject.id, inputs, _outputs(kind, outputs, {}))
        imported, made = _parse(kind, subject)
        return ReadState(made.id, imported, _outputs(kind, _with_defaults(kind, imported), made.values))

    def update(self, subject: Subject, old_inputs: Values, old_outputs: Values, news: Values, *, preview: bool) -> NoReturn:
        """Never asked for: every change replaces."""
        del old_inputs, old_outputs, news, preview
        raise ProviderError(f"{subject.type} cannot be updated, only replaced")

    def delete(self, subject: Subject, inputs: Values, outputs: Values) -> None:
        """Nothing exists outside the state."""

    def invoke(self, token: str, args: Values, *, preview: bool) -> NoReturn:
        """The provider has no functions."""
        del args, preview
        raise ProviderError(f"the random provider has no function {token}")


def _type(subject: Subject) -> RandomType:
    kind = TYPES.get(subject.type)
    if kind is None:
        raise ProviderError(f"the sandbox's random provider has no type {subject.type}")
    return kind


def _parse(kind: RandomType, subject: Subject) -> tuple[dict[str, Any], Generated]:
    if kind.parse is None:
        raise ProviderError(f"{subject.type} cannot be imported")
    try:
        return kind.parse(subject.id)
    except ValueError as error:
        raise ProviderError(f"{subject.type} cannot be imported from {subject.id!r}: {error}") from None


def _with_defaults(kind: RandomType, inputs: Values) -> dict[str, Any]:
    """Inputs under their present names, with what omitted ones stand for."""
    named = {kind.aliases.get(name, name): value for name, value in inputs.items() if value is not None}
    defaults = {name: spec.default for name, spec in kind.inputs.items() if spec.default is not None}
    return {**defaults, **named}


def _outputs(kind: RandomType, inputs: Values, values: Values) -> dict[str, Any]:
    merged = {**inputs, **values}
    return {name: Secret(value) if name in kind.secret else value for name, value in merged.items()}


def _problems(kind: RandomType, news: Values) -> Iterator[tuple[str, str]]:
    known = {**kind.inputs, **{alias: kind.inputs[name] for alias, name in kind.aliases.items()}}
    for name, value in news.items():
        if name not in known:
            yield name, f"there is no input {name}; there are {', '.join(kind.inputs)}"
        elif value is not None:
            yield from ((name, problem) for problem in _value_problems(name, value, known[name]))
    for alias, name in kind.aliases.items():
        if news.get(alias) is not None and news.get(name) is not None and news[alias] != news[name]:
            yield alias, f"{alias} is the deprecated name of {name} and contradicts it; leave {alias} out"
    for name, spec in kind.inputs.items():
        if spec.required and news.get(name) is None:
            yield name, f"{name} is required"


def _value_problems(name: str, value: Any, spec: Input) -> Iterator[str]:
    if isinstance(value, Unknown):
        return
    kind = type(value)
    if kind is not spec.kind:  # not isinstance: a boolean is no number here
        yield f"{name} must be {_KIND_NAMES[spec.kind]}, not {_KIND_NAMES.get(kind, kind.__name__)}"
    elif spec.minimum is not None and value < spec.minimum:
        yield f"{name} is {value}; it must be at least {spec.minimum}"
    elif spec.kind in {dict, list}:
        items = value.values() if spec.kind is dict else value
        if not all(isinstance(item, (str, Unknown)) for item in items):
            yield f"{name} must hold strings only"
