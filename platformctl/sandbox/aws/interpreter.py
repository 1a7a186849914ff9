"""Runs the rows of the table: create, read, update and delete of any resource type."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from platformctl.sandbox.aws import recorded
from platformctl.sandbox.aws.rows import Call, F, Row, Scope, Update, resolve
from platformctl.sandbox.aws.session import CREATE_HEADER, FORGET_HEADER, REPLAYED_HEADER, Region, SandboxServer, is_missing, urn_key
from platformctl.sandbox.aws.signatures import signature
from platformctl.sandbox.aws.values import equal, laid_over, reconcile, without_none
from platformctl.sandbox.plugin import Created, PartialCreateError, ProviderError, ReadState, Subject, Values

Step = Call | Callable[[Scope], Any]


def input_digest(inputs: Values) -> str:
    """Sha256 of inputs, the same for equal inputs."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True, default=str).encode()).hexdigest()


class Interpreter:
    """The operations on one row's resources in one region."""

    def __init__(self, row: Row, region: Region) -> None:
        self._row = row
        self._region = region
        self._server: SandboxServer = region.cloud.server

    # -- create

    def create(self, subject: Subject, inputs: Values) -> Created:
        """Create the resource and everything its inputs ask for.

        Raises:
            PartialCreateError: it exists, and a later step failed.
        """
        scope = Scope(self._region, subject, inputs)
        if not self._row.emulated:
            return recorded.create(self._row, scope, self._server)
        self._create_once(scope)
        done: dict[str, Any] = {**inputs}
        try:
            for step in self._row.after_create:
                self._step(step, scope)
            self._run_updates(scope, [update for update in self._row.updates if update.on_create])
            self._record(scope, [prop for prop in inputs if self._row.is_recorded(prop)])
            state = self._read(scope)
        except Exception as error:
            raise PartialCreateError(f"created as {scope.id}, but then: {describe(error)}", scope.id, done) from error
        if state is None:
            raise ProviderError(f"{self._row.type}: AWS answered the create call and then does not know {scope.id}")
        return Created(scope.id, state.outputs)

    def _create_once(self, scope: Scope) -> None:
        """The primary call; a resource that a killed run made is taken over, or removed if it was made from other inputs."""
        digest = input_digest(scope.new)
        headers = {CREATE_HEADER: f"{urn_key(scope.subject.urn)}|{digest}"}
        replayed = self._call_create(scope, headers)
        if replayed is not None and (replayed != digest or self._read(scope) is None):
            self.delete_scope(scope)
            self._call_create(scope, {**headers, FORGET_HEADER: "1"})

    def _call_create(self, scope: Scope, headers: Mapping[str, str]) -> str | None:
        call = self._row.create
        response = self._region.call(call.service or self._row.service, call.operation, resolve(call.params, scope) or {}, headers)
        scope.item = search(call.at, response)
        scope.out = {prop: search(where, response) for prop, where in self._row.from_create.items()}
        row_id = self._row.id
        scope.id = str(row_id.compute(scope) if not isinstance(row_id, str) else search(row_id, response))
        replayed: str | None = response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get(REPLAYED_HEADER)
        return replayed

    # -- read

    def read(self, subject: Subject, inputs: Values, outputs: Values) -> ReadState | None:
        """The resource as AWS has it; None if it is gone. Declared inputs are replaced where AWS disagrees with them."""
        scope = Scope(self._region, subject, inputs or self._parse_id(subject.id), id=subject.id, out=outputs)
        if not self._row.emulated:
            return recorded.read(self._row, scope, self._server)
        if not inputs and self._row.parse and isinstance(self._row.id, F):
            scope.id = str(self._row.id.compute(scope))
        return self._read(scope, importing=not inputs)

    def _parse_id(self, resource_id: str) -> Values:
        return self._row.parse(resource_id) if self._row.parse else {}

    def _read(self, scope: Scope, *, importing: bool = False) -> ReadState | None:
        if not self._fetch(scope):
            return None
        row = self._row
        actual = {prop: self._property(scope, where) for prop, where in row.props.items()}
        if row.tags:
            actual["tags"] = self._tags(scope) or ({} if "tags" in scope.new else None)
        actual.update(self._recorded(scope))
        inputs: dict[str, Any] = {}
        for prop, declared in scope.new.items():
            if prop not in actual:
                inputs[prop] = declared
            else:
                inputs[prop] = reconcile(declared, actual[prop], exact=prop == "tags")
        known = signature(row.type)
        if importing:
            wanted = (known.inputs if known else frozenset()) - row.shared
            inputs.update({prop: value for prop, value in actual.items() if prop in wanted and value not in (None, [], {}, "")})
        outputs = self._outputs(scope, actual, inputs)
        return ReadState(scope.id, without_none(inputs), outputs)

    def _outputs(self, scope: Scope, actual: Values, inputs: Values) -> dict[str, Any]:
        row = self._row
        outputs = {prop: value for prop, value in actual.items() if prop not in row.shared or prop in inputs}
        outputs.update({prop: scope.out[prop] for prop in (*row.sticky, *row.from_create) if scope.out.get(prop) is not None})
        outputs.update({prop: value if prop == "tags" else laid_over(actual.get(prop), value) for prop, value in inputs.items()})
        known = signature(row.type)
        if known and "tagsAll" in known.outputs:
            outputs["tagsAll"] = outputs.get("tags") or {}
        if known and "region" in known.outputs:
            outputs["region"] = self._region.name
        return {"id": scope.id, **without_none(outputs)}

    def _fetch(self, scope: Scope) -> bool:
        row = self._row
        if row.read is None:
            return True
        try:
            item = self._ask(row.read, scope)
            if item in (None, [], {}):
                return False
            scope.item = dict(item) if isinstance(item, Mapping) else {"value": item}
            for extra in row.extras:
                scope.item[extra.name] = self._step(extra.call, scope)
            if row.gone and search(row.gone, scope.item):
                return False
        except Exception as error:
            if missing(error):
                return False
            raise
        return True

    def _property(self, scope: Scope, where: Any) -> Any:
        return search(where, scope.item) if isinstance(where, str) else where.compute(scope)

    def _tags(self, scope: Scope) -> dict[str, str]:
        tags = self._row.tags
        found = None
        if tags:
            found = self._step(tags.read, scope) if tags.read else search(tags.at, scope.item)
        if isinstance(found, list):
            found = {
                next(tag[key] for key in ("Key", "TagKey", "key") if key in tag): tag.get("Value", tag.get("TagValue", "")) for tag in found
            }
        return {key: value for key, value in (found or {}).items() if not key.startswith("aws:")}

    # -- update

    def update(self, subject: Subject, old: Values, outputs: Values, new: Values) -> Values:
        """Bring a resource from the old inputs to the new ones and read it back."""
        scope = Scope(self._region, subject, new, old, subject.id, outputs)
        if not self._row.emulated:
            return recorded.update(self._row, scope, self._server)
        self._fetch(scope)
        changed = self.changed(old, new)
        self._run_updates(scope, [update for update in self._row.updates if changed & set(update.props)])
        self._update_tags(scope)
        self._record(scope, [prop for prop in changed if self._row.is_recorded(prop) or prop in self._row.recorded_on_update])
        state = self._read(scope)
        if state is None:
            raise ProviderError(f"{self._row.type} {scope.id} is gone; run refresh")
        return state.outputs

    def changed(self, old: Values, new: Values) -> set[str]:
        """Properties that differ in meaning."""
        return {prop for prop in {*old, *new} if not equal(old.get(prop), new.get(prop), ordered=prop in self._row.ordered)}

    def _run_updates(self, scope: Scope, updates: Iterable[Update]) -> None:
        creating = not scope.old
        for update in updates:
            if creating and all(scope.new.get(prop) is None for prop in update.props):
                continue
            for step in update.calls:
                self._step(step, scope)

    def _update_tags(self, scope: Scope) -> None:
        tags = self._row.tags
        old, new = scope.old.get("tags") or {}, scope.new.get("tags") or {}
        if tags is None or old == new:
            return
        gone = [key for key in old if key not in new]
        if gone:
            self._ask(tags.remove, _with(scope, tags=new, goneTags=gone))
        fresh = {key: value for key, value in new.items() if old.get(key) != value}
        if fresh:
            self._ask(tags.add, _with(scope, tags=fresh))

    # -- delete

    def delete(self, subject: Subject, inputs: Values, outputs: Values) -> None:
        """Delete; what is gone already is no error."""
        scope = Scope(self._region, subject, inputs or self._parse_id(subject.id), id=subject.id, out=outputs)
        if not self._row.emulated:
            recorded.delete(self._row, scope, self._server)
            return
        self.delete_scope(scope)
        for prop in {*inputs, *self._row.recorded_on_update}:
            if self._row.is_recorded(prop) or prop in self._row.recorded_on_update:
                self._server.delete(self._kind(prop), scope.id)

    def delete_scope(self, scope: Scope) -> None:
        """Run the row's delete steps; a failure counts only if the resource is still there."""
        for step in self._row.delete:
            try:
                self._step(step, scope)
            except Exception as error:
                if not missing(error) and (self._row.read is None or self._fetch(scope)):
                    raise

    # -- what moto does not keep

    def _kind(self, prop: str) -> str:
        return f"{self._row.type}.{prop}"

    def _record(self, scope: Scope, props: Iterable[str]) -> None:
        for prop in props:
            value = scope.new.get(prop)
            if value is None and prop not in self._row.recorded_on_update:
                self._server.delete(self._kind(prop), scope.id)
            else:
                self._server.put(self._kind(prop), scope.id, {"value": value, "urn": scope.subject.urn})

    def _recorded(self, scope: Scope) -> dict[str, Any]:
        found = {}
        for prop in {*scope.new, *self._row.recorded_on_update}:
            if self._row.is_recorded(prop) or prop in self._row.recorded_on_update:
                document = self._server.get(self._kind(prop), scope.id)
                if document is not None:
                    found[prop] = document["value"]
        return found

    # -- calls

    def _step(self, step: Step, scope: Scope) -> Any:
        return self._ask(step, scope) if isinstance(step, Call) else step(scope)

    def _ask(self, call: Call, scope: Scope) -> Any:
        if call.when is not None and not call.when.compute(scope):
            return None
        answer = self._region.call(call.service or self._row.service, call.operation, resolve(call.params, scope) or {})
        return search(call.at, answer)


def _with(scope: Scope, **inputs: Any) -> Scope:
    return Scope(scope.region, scope.subject, {**scope.new, **inputs}, scope.old, scope.id, scope.out, scope.item)


@cache
def _compiled(expression: str) -> Any:
    compile_expression = import_module("jmespath").compile  # comes with boto3, which is imported late
    return compile_expression(expression)


def search(expression: str, value: Any) -> Any:
    """A JMESPath search."""
    return value if expression == "@" else _compiled(expression).search(value)


def missing(error: Exception) -> bool:
    """Whether an error says that the resource is not there."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    return isinstance(error, ClientError) and is_missing(error)


def describe(error: Exception) -> str:
    """An error of AWS or of botocore in one line."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    if isinstance(error, ClientError):
        detail = error.response.get("Error", {})
        return f"{error.operation_name}: {detail.get('Code', 'Unknown')}: {detail.get('Message', '')}".strip().replace("\n", " ")
    if isinstance(error, ResponseParserError):
        return "the sandbox's AWS failed with an internal error; its log tells more"
    if isinstance(error, (BotoCoreError, ProviderError)):
        return str(error).replace("\n", " ")
    return f"{type(error).__name__}: {error}"
