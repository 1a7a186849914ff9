"""The vocabulary of the table: one Row tells how a Pulumi resource type maps to an AWS API.

Parameters are templates. A string `$x` stands for the input `x` (dotted paths reach inside), `$id` for the resource's id, `$out.x` for an
output; an `F` computes from the scope and names the inputs it looks at; every other value is itself. What resolves to None is left out.
Properties read back are JMESPath expressions over what the read call answered, or an `F`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from platformctl.sandbox.plugin import Subject, Values

if TYPE_CHECKING:
    from platformctl.sandbox.aws.session import Region


@dataclass(slots=True)
class Scope:
    """What a template may look at."""

    region: "Region"
    subject: Subject
    new: Values
    """Inputs as wanted (create, update) or as the state has them (read, delete)."""
    old: Values = field(default_factory=dict)
    """Inputs before an update; empty on create."""
    id: str = ""
    out: Values = field(default_factory=dict)
    """Outputs in the state; on create, what is known so far."""
    item: Any = None
    """What the create or read call answered."""

    def get(self, path: str) -> Any:
        """The value at a path of the template language, without its `$`."""
        if path == "id":
            return self.id
        source: Any = self.new
        if path.startswith("out."):
            source, path = self.out, path.removeprefix("out.")
        for part in path.split("."):
            if isinstance(source, list) and source and part == "0":
                source = source[0]
            elif isinstance(source, Mapping):
                source = source.get(part)
            else:
                return None
        return source

    def call(self, service: str, operation: str, **parameters: Any) -> Any:
        """Call AWS directly, for the few steps that do not fit a template."""
        return self.region.call(service, operation, parameters)


@dataclass(frozen=True, slots=True)
class F:
    """A computed template value, with the input properties it reads."""

    compute: Callable[[Scope], Any]
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One AWS API call."""

    operation: str
    """boto3 method, for example `create_vpc`."""
    params: Mapping[str, Any] = field(default_factory=dict)
    service: str = ""
    """boto3 service, where it is not the row's own."""
    at: str = "@"
    """JMESPath to what is wanted of the answer."""
    when: F | None = None
    """Left out when this computes to something false."""


@dataclass(frozen=True, slots=True)
class Update:
    """How a change of some properties reaches AWS."""

    props: tuple[str, ...]
    calls: tuple[Call | Callable[[Scope], Any], ...]
    on_create: bool = False
    """Also run after the create call, if one of the properties is given: the create call cannot take them."""


@dataclass(frozen=True, slots=True)
class Name:
    """Autonaming of a type."""

    prop: str = "name"
    max_length: int = 255
    lower: bool = False
    prefix: str = ""
    """Fixed beginning that AWS demands, for example `alias/`."""
    suffix: Callable[[Values], str] = lambda _: ""
    prefix_prop: str = ""
    """The property with the user's prefix; by default the name's own with `Prefix` behind it."""


@dataclass(frozen=True, slots=True)
class Tags:
    """How a service tags: what a tag list looks like, and the calls that change tags."""

    add: Call
    remove: Call
    read: Call | Callable[[Scope], Any] | None = None
    """Where the resource's own description carries no tags; a call's `at` finds the list or map."""
    at: str = "Tags"
    """JMESPath to the tags in the item read back."""


@dataclass(frozen=True, slots=True)
class Extra:
    """A further read whose answer is laid beside the item under a name."""

    name: str
    call: Call | Callable[[Scope], Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A Pulumi resource type on AWS."""

    type: str
    service: str
    create: Call
    id: str | F
    """JMESPath over the create call's answer, or computed from the inputs."""
    read: Call | None = None
    delete: tuple[Call | Callable[[Scope], Any], ...] = ()
    props: Mapping[str, str | F] = field(default_factory=dict)
    """Output property to where it is found in the item."""
    extras: tuple[Extra, ...] = ()
    updates: tuple[Update, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Filled into the inputs by Check, so that a later change of them in AWS is seen as drift."""
    name: Name | None = None
    tags: Tags | None = None
    force_new: frozenset[str] = frozenset()
    """Recorded properties whose change needs a new resource; of the others, those that no update covers do anyway."""
    local: frozenset[str] = frozenset()
    """Properties that mean something to the provider only (`forceDestroy`, `skipDestroy`)."""
    recorded: frozenset[str] = frozenset()
    """Properties that moto takes and forgets, so that they are kept in the sandbox's recorded store."""
    recorded_on_update: frozenset[str] = frozenset()
    """Properties that moto emulates on create but cannot change: a change is recorded."""
    shared: frozenset[str] = frozenset()
    """Read back only where declared: otherwise they show what other resources added."""
    sticky: frozenset[str] = frozenset()
    """Outputs kept as they were first: later changes come from other resources."""
    from_create: Mapping[str, str] = field(default_factory=dict)
    """Sticky outputs found by JMESPath in the answer of the create call, and nowhere later."""
    added: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Block input to what AWS adds inside it: not known before the resource is made."""
    changing: frozenset[str] = frozenset()
    """Outputs not known before an update is done."""
    parse: Callable[[str], Values] | None = None
    """The inputs that an id given to import tells."""
    after_create: tuple[Call | Callable[[Scope], Any], ...] = ()
    """Steps after the create call, whatever the inputs."""
    variant: "Callable[[Values], Row | None]" = lambda _: None
    """Another row for some inputs, for example for a mode that moto does not know."""
    gone: str = ""
    """JMESPath over the item: true when it is only the shadow of a deleted one."""
    delete_first: bool = False
    """There can be only one: a replacement deletes before it creates."""
    ordered: frozenset[str] = frozenset()
    """Lists whose order means something; all others compare as sets."""
    emulated: bool = True
    """False: moto has no such resource. Inputs are validated against botocore's service model and recorded."""
    update: Call | None = None
    """Of a recorded type: the call that an update is validated against; without it, the create call."""
    needs: tuple[Call | Callable[[Scope], Any], ...] = ()
    """Of a recorded type: calls that fail if what the resource belongs to does not exist."""
    requires: Callable[[Values], str | None] = lambda _: None
    """What is wrong with inputs that are right one by one; None if nothing."""

    def emulated_inputs(self) -> frozenset[str]:
        """Input properties that reach AWS through some call of this row."""
        names = set(_references(self.create.params))
        for update in self.updates:
            names.update(update.props)
        names.update(_references([step.params for step in self.after_create if isinstance(step, Call)]))
        return frozenset(names)

    def updatable(self, prop: str) -> bool:
        """Whether a change of the property is made in place."""
        if prop in self.force_new:
            return False
        if prop in self.local or prop in self.recorded or prop in self.recorded_on_update or prop in {"tags", "tagsAll"}:
            return True
        if any(prop in update.props for update in self.updates):
            return True
        return not self.emulated or prop not in self.emulated_inputs()

    def replaces(self, path: str) -> bool:
        """Whether a change of a property path (`tags.Name`, `rules[0].port`) needs a new resource."""
        plain = re.sub(r"\[[^]]*\]", "", path)
        if not self.updatable(plain.split(".", 1)[0]):
            return True
        return any(
            "." in entry and (plain == entry or plain.startswith(f"{entry}.") or entry.startswith(f"{plain}.")) for entry in self.force_new
        )

    def is_recorded(self, prop: str) -> bool:
        """Whether the property is kept in the recorded store instead of in moto."""
        if prop in self.recorded:
            return True
        known = prop in self.emulated_inputs() or prop in self.local or prop == "region" or (prop == "tags" and self.tags is not None)
        return not known


def _references(template: Any) -> Iterator[str]:
    if isinstance(template, str) and template.startswith("$") and not template.startswith("$out."):
        yield template[1:].split(".", 1)[0]
    elif isinstance(template, F):
        yield from template.reads
    elif isinstance(template, Mapping):
        for value in template.values():
            yield from _references(value)
    elif isinstance(template, (list, tuple)):
        for value in template:
            yield from _references(value)


def resolve(template: Any, scope: Scope) -> Any:
    """A template with its values filled in; what is None is left out of dictionaries and lists."""
    if isinstance(template, str):
        return scope.get(template[1:]) if template.startswith("$") else template
    if isinstance(template, F):
        return template.compute(scope)
    if isinstance(template, Mapping):
        resolved = {key: resolve(value, scope) for key, value in template.items()}
        return {key: value for key, value in resolved.items() if value is not None} or None
    if isinstance(template, (list, tuple)):
        return [item for item in (resolve(value, scope) for value in template) if item is not None] or None
    return template


# -- helpers for templates


def text(pattern: str, *reads: str) -> F:
    """A text with `{account}`, `{region}`, `{partition}`, `{id}` and `{input}` filled in; None if an input is missing."""

    def compute(scope: Scope) -> str | None:
        values = {"account": scope.region.account, "region": scope.region.name, "partition": scope.region.partition, "id": scope.id}
        given = {name: scope.new.get(name) for name in reads}
        return None if None in given.values() else pattern.format(**values, **given)

    return F(compute, reads)


def arn(service: str, resource: str, *reads: str, regional: bool = True) -> F:
    """An ARN of this account."""
    return text(f"arn:{{partition}}:{service}:{'{region}' if regional else ''}:{{account}}:{resource}", *reads)


def added(prop: str) -> F:
    """Items of a list that the update adds; on create, all of them."""
    return F(lambda scope: [item for item in scope.new.get(prop) or () if item not in (scope.old.get(prop) or ())] or None, (prop,))


def removed(prop: str) -> F:
    """Items of a list that the update takes away."""
    return F(lambda scope: [item for item in scope.old.get(prop) or () if item not in (scope.new.get(prop) or ())] or None, (prop,))


def pascal(value: Any) -> Any:
    """Nested inputs in the API's PascalCase."""
    if isinstance(value, Mapping):
        return {key[:1].upper() + key[1:]: pascal(item) for key, item in value.items() if item is not None}
    return [pascal(item) for item in value] if isinstance(value, (list, tuple)) else value


def camel(value: Any) -> Any:
    """An API answer in the SDK's camelCase."""
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: camel(item) for key, item in value.items()}
    return [camel(item) for item in value] if isinstance(value, (list, tuple)) else value


def pascals(prop: str) -> F:
    """An input with its nested names in PascalCase."""
    return F(lambda scope: pascal(scope.new.get(prop)), (prop,))


def given(prop: str, then: Any) -> F:
    """A template that counts only if the input is given and not false."""
    return F(lambda scope: resolve(then, scope) if scope.new.get(prop) else None, (prop,))


def tag_list(tags: Values | None, key: str = "Key", value: str = "Value") -> list[dict[str, str]] | None:
    """Tags as AWS's list of pairs."""
    return [{key: str(name), value: str(text_)} for name, text_ in tags.items()] if tags else None


TAG_LIST = F(lambda scope: tag_list(scope.new.get("tags")), ("tags",))
"""The tags input as a list of Key and Value."""
TAG_MAP = "$tags"
"""The tags input as a map."""


def parts(*names: str, separator: str = "/") -> Callable[[str], Values]:
    """A parser of ids that consist of inputs."""
    return lambda text_: dict(zip(names, text_.split(separator, len(names) - 1), strict=False))


def untag(scope: Scope) -> Any:
    """Keys of the tags that an update removes."""
    return scope.new.get("goneTags")


def rows(*table: Row) -> Mapping[str, Row]:
    """A table by type."""
    return {row.type: row for row in table}
