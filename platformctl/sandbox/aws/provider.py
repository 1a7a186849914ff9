"""The AWS provider of the sandbox: what the Pulumi engine asks, answered from the table of types."""

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from platformctl.sandbox.aws import foretold, types
from platformctl.sandbox.aws.interpreter import Interpreter, describe
from platformctl.sandbox.aws.invokes import invoke
from platformctl.sandbox.aws.naming import is_automatic, physical_name
from platformctl.sandbox.aws.rows import Row, Scope
from platformctl.sandbox.aws.session import Cloud, Region, urn_key
from platformctl.sandbox.aws.signatures import signature
from platformctl.sandbox.aws.values import equal
from platformctl.sandbox.plugin import (
    Checked,
    Created,
    Difference,
    Failure,
    PartialCreateError,
    Provider,
    ProviderError,
    ReadState,
    Subject,
    Values,
    has_unknown,
    property_changes,
)
from platformctl.sandbox.wire import UNKNOWN_TEXT, Unknown

DEFAULT_REGION: Final = "us-east-1"


class AwsProvider(Provider):
    """AWS on the sandbox's server; see `platformctl.sandbox.aws.types` for what there is."""

    name = "aws"
    version = "7.51.1"

    def __init__(self) -> None:
        self._region = DEFAULT_REGION
        self._default_tags: Mapping[str, str] = {}
        self._cloud: Cloud | None = None
        self._unconfirmed: frozenset[str] = frozenset()
        self._confirmed: set[str] = set()
        self._held: set[tuple[str, str]] = set()
        """URN and id of every resource that the engine has spoken of in this run, and so knows."""
        self._created: set[str] = set()
        """URNs created in this run; what a killed run had made of them was taken over or removed then."""
        self._lock = threading.Lock()

    # -- configuration

    def check_config(self, config: Values) -> Sequence[Failure]:
        """Only the region matters to the sandbox; it must be text."""
        region = config.get("region")
        return [] if region is None or isinstance(region, (str, Unknown)) else [Failure("region", "must be the name of a region")]

    def configure(self, config: Values) -> None:
        """Take region and default tags; the endpoint comes from the environment, as for every AWS tool."""
        endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
        if not endpoint:
            raise ProviderError(
                "AWS_ENDPOINT_URL is not set: this plugin only talks to a sandbox; start one with `platformctl sandbox start`"
            )
        region = config.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        self._region = region if isinstance(region, str) else DEFAULT_REGION
        tags = config.get("defaultTags")
        self._default_tags = (tags.get("tags") or {}) if isinstance(tags, Mapping) else {}
        self._cloud = Cloud(endpoint)
        self._unconfirmed = self._cloud.server.unconfirmed()

    def _where(self, values: Values) -> Region:
        if self._cloud is None:
            raise ProviderError("the AWS provider of the sandbox is not configured")
        region = values.get("region")
        return self._cloud.region(region if isinstance(region, str) and region else self._region)

    def _interpreter(self, subject: Subject, values: Values) -> Interpreter:
        return Interpreter(_row(subject.type, values), self._where(values))

    def _confirm(self, subject: Subject) -> None:
        """The engine asked with an id, so it has the resource in its state: its create need not be replayed."""
        key = urn_key(subject.urn)
        with self._lock:
            self._held.add((subject.urn, subject.id))
            if key not in self._unconfirmed or key in self._confirmed:
                return
            self._confirmed.add(key)
        if self._cloud is not None:
            row = types.find(subject.type)
            # An id that AWS chose is in its answer. When a replacement was broken off, the state has the old one, and nothing is confirmed.
            self._cloud.server.confirm(key, subject.id if row is not None and isinstance(row.id, str) else "")

    # -- resources

    def check(self, subject: Subject, olds: Values, news: Values) -> Checked:
        """Names, defaults and default tags filled in; unknown, misspelt, missing and ill-typed inputs refused."""
        row = types.find(subject.type)
        if row is None:
            return Checked(news, [Failure("", f"the sandbox has no resource type {subject.type}; see `platformctl sandbox status`")])
        inputs = {key: value for key, value in news.items() if value is not None}
        known = signature(row.type)
        if row.name and (known is None or row.name.prop in known.inputs):
            name = physical_name(row.name, subject, inputs, olds)
            if name is not None:
                inputs[row.name.prop] = name
        for prop, default in row.defaults.items():
            inputs.setdefault(prop, default)
        if self._default_tags and known and "tags" in known.inputs and not isinstance(inputs.get("tags"), Unknown):
            inputs["tags"] = {**self._default_tags, **inputs.get("tags", {})}
        failures = _failures(subject.type, {key: value for key, value in news.items() if value is not None})
        failures += [
            Failure(prop, f"is required by {subject.type}") for prop in sorted(known.required if known else ()) if inputs.get(prop) is None
        ]
        problem = row.requires(inputs)
        if problem:
            failures.append(Failure("", problem))
        return Checked(inputs, failures)

    def diff(self, subject: Subject, old_inputs: Values, old_outputs: Values, news: Values) -> Difference:
        """Properties that differ in meaning; those that no update call covers need a new resource."""
        self._confirm(subject)
        row = _row(subject.type, news)
        differing = {
            prop
            for prop in {*old_inputs, *news}
            if not equal(old_inputs.get(prop), news.get(prop), ordered=prop in row.ordered)
            and not (prop == "region" and (news.get(prop) or self._region) == (old_outputs.get(prop) or self._region))
        }
        changes: dict[str, str] = {}
        replaces: list[str] = []
        for prop in sorted(differing):
            paths = property_changes({prop: old_inputs.get(prop)}, {prop: news.get(prop)})
            changes.update(paths)
            replaces += [path for path in paths if row.replaces(path)]
        return Difference(
            changes, replaces, [], delete_before_replace=bool(replaces) and (row.delete_first or _keeps_name(row, subject, news))
        )

    def create(self, subject: Subject, inputs: Values, *, preview: bool) -> Created:
        """Create; in preview every output that no input tells is UNKNOWN."""
        if preview:
            return Created("", foretold.created(_row(subject.type, inputs), inputs, self._region))
        created = self._interpreter(subject, inputs).create(subject, inputs)
        with self._lock:
            self._created.add(subject.urn)
        return created

    def read(self, subject: Subject, inputs: Values, outputs: Values) -> ReadState | None:
        """Refresh or import."""
        if outputs:
            self._confirm(subject)
        return self._interpreter(subject, {**outputs, **inputs}).read(subject, inputs, outputs)

    def update(self, subject: Subject, old_inputs: Values, old_outputs: Values, news: Values, *, preview: bool) -> Values:
        """Update in place."""
        self._confirm(subject)
        if preview:
            scope = Scope(self._where(news), subject, news, old_inputs, subject.id, old_outputs)
            return foretold.updated(_row(subject.type, {**old_outputs, **news}), scope)
        return self._interpreter(subject, {**old_outputs, **news}).update(subject, old_inputs, old_outputs, news)

    def delete(self, subject: Subject, inputs: Values, outputs: Values) -> None:
        """Delete."""
        self._confirm(subject)
        self._interpreter(subject, {**outputs, **inputs}).delete(subject, inputs, outputs)

    def delete_unfinished(self, subject: Subject, inputs: Values) -> None:
        """What a killed run made last and could not tell the engine of."""
        with self._lock:
            if subject.urn in self._created:
                return
        row = _row(subject.type, inputs)
        server = self._where(inputs).cloud.server
        if not row.emulated:
            for found, document in server.all(row.type).items():
                if document.get("urn") == subject.urn and (subject.urn, found) not in self._held:
                    server.delete(row.type, found)
            return
        key = urn_key(subject.urn)
        if key not in server.unconfirmed():
            return
        interpreter = self._interpreter(subject, inputs)
        try:
            made = interpreter.create(subject, inputs)  # answered with what is there
        except PartialCreateError as failure:
            made = Created(failure.resource_id, failure.outputs)
        if (subject.urn, made.id) not in self._held:
            interpreter.delete(replace(subject, id=made.id), inputs, made.outputs)
            server.confirm(key, "")

    def invoke(self, token: str, args: Values, *, preview: bool) -> Values:
        """Answer a lookup."""
        del preview
        if has_unknown(args):
            raise ProviderError(f"{token}: an argument is not known yet")
        return invoke(token, args, self._where(args))

    def error_text(self, error: Exception) -> str | None:
        """AWS's code and message."""
        return describe(error)


def _row(token: str, values: Values) -> Row:
    row = types.find(token)
    if row is None:
        raise ProviderError(f"the sandbox has no resource type {token}")
    return row.variant(values) or row


def _keeps_name(row: Row, subject: Subject, news: Values) -> bool:
    """A name that the program gives cannot be had twice: the old holder must go first."""
    if row.name is None:
        return False
    name = news.get(row.name.prop)
    prefix = news.get(row.name.prefix_prop or f"{row.name.prop}Prefix")
    start = prefix if isinstance(prefix, str) else f"{row.name.prefix}{subject.name}-"
    return isinstance(name, str) and not is_automatic(name, start)


def _failures(token: str, inputs: Values) -> list[Failure]:
    """What the SDK's own types say about the inputs."""
    try:
        from platformctl.sdk_types import check_inputs  # noqa: PLC0415 -- heavy, and only Check needs it
    except ImportError:
        known = signature(token)
        names = known.inputs if known else inputs.keys()
        return [Failure(prop, f"is not an input of {token}") for prop in inputs if prop not in names]
    return [Failure("", problem) for problem in check_inputs(token, _as_sentinels(inputs))]


def _as_sentinels(value: Any) -> Any:
    if isinstance(value, Unknown):
        return UNKNOWN_TEXT
    if isinstance(value, Mapping):
        return {key: _as_sentinels(item) for key, item in value.items()}
    return [_as_sentinels(item) for item in value] if isinstance(value, list) else value
