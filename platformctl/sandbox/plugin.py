"""A Pulumi provider in Python: a `Provider` on plain values.

A provider sees ordinary dictionaries. What the engine's wire format adds is handled by the server: a value that is not known yet is
`UNKNOWN`, a secret is unwrapped on the way in and marked again on the way out (an output that has the name of a secret input stays secret;
other secrets are returned as `Secret(value)`), assets and archives pass through as the dictionaries they are on the wire.
"""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from platformctl.sandbox.components import Child
from platformctl.sandbox.wire import SECRET, UNKNOWN, Secret, Unknown, decode_config, has_unknown

__all__ = [
    "SECRET",
    "UNKNOWN",
    "Checked",
    "Created",
    "Difference",
    "Failure",
    "PartialCreateError",
    "Provider",
    "ProviderError",
    "ReadState",
    "Secret",
    "Subject",
    "Unknown",
    "Values",
    "decode_config",
    "has_unknown",
    "property_changes",
]

Values = Mapping[str, Any]


class ProviderError(Exception):
    """An operation failed for a reason that its user should read; the text is shown as it is."""


class PartialCreateError(ProviderError):
    """A resource was made but not finished: the engine keeps it in its state, and the next `up` carries on with it."""

    def __init__(self, message: str, resource_id: str, outputs: Values) -> None:
        super().__init__(message)
        self.resource_id = resource_id
        self.outputs = outputs


@dataclass(frozen=True, slots=True)
class Subject:
    """The resource a request is about."""

    urn: str
    type: str
    name: str
    """Logical name in the program."""
    id: str = ""
    """Provider's id; empty before it is created."""
    timeout: float = 0.0
    """The resource's custom timeout for this operation, in seconds; 0 where it has none."""
    ignored: tuple[str, ...] = ()
    """Property paths under ignoreChanges."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One input that is refused."""

    property: str
    """Wire name of the property; empty for the resource as a whole."""
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What Check answers: the inputs with defaults and names filled in, and what is wrong with them."""

    inputs: Values
    failures: Sequence[Failure] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """What Diff answers. `changes` maps a property path (`tags.Name`, `rules[0].port`) to add, delete or update."""

    changes: Mapping[str, str] = field(default_factory=dict)
    replaces: Sequence[str] = ()
    """The paths among the changes that need a new resource."""
    stables: Sequence[str] = ()
    """Outputs that an update never changes; during preview their old values stay known."""
    delete_before_replace: bool = False


@dataclass(frozen=True, slots=True)
class Created:
    """What Create answers; during preview the id is empty."""

    id: str
    outputs: Values


@dataclass(frozen=True, slots=True)
class ReadState:
    """What Read answers for a resource that exists."""

    id: str
    inputs: Values
    outputs: Values


class Provider(ABC):
    """A provider on plain Python values. Methods run on several threads at once."""

    name: str
    """Package name, for example `aws`."""
    version: str = "0.0.0"

    def check_config(self, config: Values) -> Sequence[Failure]:
        """Problems of the provider's own configuration; none by default."""
        del config
        return ()

    @abstractmethod
    def configure(self, config: Values) -> None:
        """Take the configuration; nested values that the wire carries as JSON text are decoded already."""

    @abstractmethod
    def check(self, subject: Subject, olds: Values, news: Values) -> Checked:
        """Fill defaults and names in, refuse what is wrong. `olds` are the previous inputs; empty on create and on replace."""

    @abstractmethod
    def diff(self, subject: Subject, old_inputs: Values, old_outputs: Values, news: Values) -> Difference:
        """Compare checked inputs with the state; properties under ignoreChanges hold their old values already."""

    @abstractmethod
    def create(self, subject: Subject, inputs: Values, *, preview: bool) -> Created:
        """Create; during preview only tell the outputs, with `UNKNOWN` for what is not known before."""

    @abstractmethod
    def read(self, subject: Subject, inputs: Values, outputs: Values) -> ReadState | None:
        """Read the resource as it is now; None if it is gone. Inputs and outputs are empty on import."""

    @abstractmethod
    def update(self, subject: Subject, old_inputs: Values, old_outputs: Values, news: Values, *, preview: bool) -> Values:
        """Update in place and return the outputs."""

    @abstractmethod
    def delete(self, subject: Subject, inputs: Values, outputs: Values) -> None:
        """Delete; a resource that is gone already is no error."""

    def delete_unfinished(self, subject: Subject, inputs: Values) -> None:  # noqa: B027 -- optional: most make nothing outside the state
        """Delete what a create that was cut off may have made; the subject's id says nothing. Nothing to delete is no error.

        A later create of the same resource in this run may have taken it over, and it must be left alone then.
        """

    @abstractmethod
    def invoke(self, token: str, args: Values, *, preview: bool) -> Values:
        """Answer a function call; raise ProviderError for an unknown token."""

    def children(self, resource_type: str, name: str, inputs: Values, *, hidden: bool) -> Sequence[Child]:
        """The children of a component that the provider builds; `hidden` says that there are secrets among its inputs."""
        del name, inputs, hidden
        raise ProviderError(f"the sandbox has no component {resource_type}")

    def error_text(self, error: Exception) -> str | None:
        """The user's text for an exception of the provider's own client library; None if it is not one of those."""
        del error
        return None

    def cancel(self) -> None:  # noqa: B027 -- optional: most requests are short
        """End what waits: the engine is told to stop."""

    def close(self) -> None:  # noqa: B027 -- optional: most providers hold nothing
        """Give back what configure took; called once, after the last request."""


def property_changes(old: Values, new: Values) -> dict[str, str]:
    """Changed property paths from old to new: add, delete or update; lists and dictionaries are descended into."""
    return dict(_changes(old, new, ""))


def _changes(old: Any, new: Any, path: str) -> Iterator[tuple[str, str]]:
    if old is None or new is None:
        if old is not new:
            yield path, "add" if old is None else "delete"
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from _changes(old.get(key), new.get(key), _join(path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index, (before, after) in enumerate(itertools.zip_longest(old, new)):
            yield from _changes(before, after, f"{path}[{index}]")
    elif isinstance(old, Unknown) or isinstance(new, Unknown) or old != new:
        yield path, "update"


def _join(path: str, key: str) -> str:
    if "." in key or "[" in key or '"' in key:
        escaped = key.replace("\\", "\\\\").replace('"', '\\"')
        return f'{path}["{escaped}"]'
    return f"{path}.{key}" if path else key
