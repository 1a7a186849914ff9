"""Objects in a real API server: server-side apply, dry runs, and waits for what a control plane without nodes can do."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from platformctl.sandbox.client import CREATE_HEADER, FORGET_HEADER, REPLAYED_HEADER, SandboxClient, urn_key
from platformctl.sandbox.kubernetes import objects, waits
from platformctl.sandbox.kubernetes.api import APPLY, JSON_PATCH, Api, Resource
from platformctl.sandbox.kubernetes.backend import EXISTS, Document, UnfinishedError, Values, Write
from platformctl.sandbox.kubernetes.kinds import Kind, is_namespaced
from platformctl.sandbox.kubernetes.known import AtHand, Brought, Known
from platformctl.sandbox.kubernetes.ownership import managers, taken_over, without_others
from platformctl.sandbox.kubernetes.permissive import CRD, SANDBOX, is_permissive, permissive_definition, with_version
from platformctl.sandbox.kubernetes.refusals import ApiError, conflict_text, fixed_paths
from platformctl.sandbox.plugin import ProviderError

T = TypeVar("T")

_DRY: Final = {"dryRun": "All"}
_STRICT: Final = {"fieldValidation": "Strict"}
_MISORDERED_SECONDS: Final = 5.0
"""How long a create waits for what another resource of the same run may be making: the namespace, the kind, a count."""
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 0.5
_PASSING: Final = ("status unknown for quota", "Operation cannot be fulfilled", 'serviceaccount "default" not found')
"""Refusals that a controller ends within moments."""
_ATTEMPTS: Final = 5


class _NoMatchError(ProviderError):
    """The API server does not serve a kind."""


@dataclass(frozen=True)
class ApiServer:
    """One cluster's objects in its API server. Thread-safe."""

    api: Api
    client: SandboxClient
    """Of the sandbox, which remembers creates until the engine has them in its state."""
    address: str
    known: Known
    """The definitions that charts bring, and may not have brought yet."""
    real: bool = True
    _stop: threading.Event = field(default_factory=threading.Event)
    _served: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    _making: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, facts: Mapping[str, str], client: SandboxClient, address: str) -> "ApiServer":
        """The API server that the sandbox's facts of a cluster lead to."""
        return cls(Api(facts["server"], facts["certificateAuthority"], facts["token"]), client, address, Known(AtHand()))

    # -- what the server has

    def definition(self, kind: Kind) -> Values | None:
        """The CustomResourceDefinition of a kind; the one a chart will bring counts, for its scope and schema are the same."""
        resource = self.resource(kind)
        if resource is None:
            return self.known.definition(kind)
        found = self._read(_CRDS, "", f"{resource.plural}.{kind.group}")
        return None if found is None or is_permissive(found) else found

    def get(self, kind: Kind, namespace: str, name: str) -> Document | None:
        """An object; None if it, or its kind, does not exist."""
        resource = self.resource(kind)
        return None if resource is None else self._read(resource, namespace, name)

    def serves(self, kind: Kind) -> bool:
        """Whether the server knows the kind."""
        return self.resource(kind) is not None

    def api_versions(self) -> list[str]:
        """Every group and version that the server serves."""
        groups = self.api.request("GET", "/apis")["groups"]
        return ["v1", *(version["groupVersion"] for group in groups for version in group["versions"])]

    def brought(self, chart: str, repository: str, values: Values, *, skip_folder: bool) -> list[Brought]:
        """The definitions that a release of a chart brings."""
        return list(self.known.brought(chart, repository, values, skip_folder=skip_folder))

    def resource(self, kind: Kind) -> Resource | None:
        """Where a kind is served; None if it is not."""
        for fresh in (False, True) if kind.api_version in self._served else (True,):
            for entry in self._resources(kind.api_version, fresh=fresh):
                if entry["kind"] == kind.kind and "/" not in entry["name"]:
                    return Resource(kind.api_version, entry["name"], entry["namespaced"])
        return None

    def _resources(self, api_version: str, *, fresh: bool) -> list[Mapping[str, Any]]:
        if fresh or api_version not in self._served:
            path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
            try:
                self._served[api_version] = self.api.request("GET", path)["resources"]
            except ApiError as error:
                if not error.not_found:
                    raise
                self._served[api_version] = []
        return self._served[api_version]

    def _read(self, resource: Resource, namespace: str, name: str) -> Document | None:
        try:
            return self.api.request("GET", resource.path(namespace, name))  # type: ignore[no-any-return]  # JSON
        except ApiError as error:
            if error.not_found:
                return None
            raise

    # -- previews

    def foretell_create(self, kind: Kind, document: Document, write: Write, *, replacing: bool) -> Document | None:
        """The answer of a dry run; None where what the object needs is not there yet, or what it replaces still is."""
        resource = self.resource(kind)
        if resource is None or write.partial:
            return None
        namespace, name = objects.identity(document)
        try:
            if write.upsert:
                return self._apply(resource, document, write, query=_DRY, force=True)
            return self._post(resource, document, write, query=_DRY)
        except ApiError as error:
            if error.not_found or "does not support dry run" in error.message:
                return None
            if not error.exists:
                raise
            live = self._read(resource, namespace or "", name) or {}
            if replacing or is_permissive(live) or write.manager in managers(live):
                return None
            raise ProviderError(f"{_label(kind, document)} {EXISTS}") from None

    def foretell_update(self, kind: Kind, document: Document, write: Write) -> Document | None:
        """The answer of a dry run; None where the kind or the object is not there."""
        resource = self.resource(kind)
        if resource is None:
            return None
        try:
            return self._write(kind, resource, document, write, query=_DRY)
        except ApiError as error:
            if error.not_found or "does not support dry run" in error.message:
                return None
            raise

    def fixed(self, kind: Kind, document: Document, write: Write, paths: Iterable[str]) -> list[str]:
        """Those of the changed paths that a dry run refuses because they cannot be updated."""
        resource = self.resource(kind)
        if resource is None or write.partial:
            return []
        try:
            self._write(kind, resource, document, write, query=_DRY, force=True)
        except ApiError as error:
            return fixed_paths(error, paths)
        except ProviderError:
            pass  # whatever else is wrong is told by the update
        return []

    # -- writes

    def create(self, kind: Kind, document: Document, write: Write) -> Document:
        """Write a new object; one that bears our mark, and that a killed run announced for the same resource, is taken over."""
        here = objects.identity(document)
        earlier = self._announce(kind, document, write) if write.urn else None
        if earlier is not None and earlier != here:
            if self._is_ours(kind, earlier, write):
                self.delete(kind, earlier[0] or "", earlier[1], {}, write.patience)
            self._announce(kind, document, write, anew=True)
        try:
            live = self._patiently(lambda: self._insert(kind, document, write, announced=earlier == here))
        except ProviderError:
            if write.urn:
                self.client.request("POST", "forget", body={"urn": urn_key(write.urn)})
            raise
        return self._awaited(kind, document, live, write)

    def update(self, kind: Kind, before: Values, document: Document, write: Write) -> Document:
        """Apply our fields; the server knows by its managers which of the earlier ones we dropped."""
        del before
        live = self._again(lambda: self._write(kind, self._existing(kind), document, write, query={}))
        return self._awaited(kind, document, live, write)

    def delete(self, kind: Kind, namespace: str, name: str, inputs: Values, patience: float) -> None:
        """Delete an object and wait until it, or its kind, is gone."""
        resource = self.resource(kind)
        if resource is None:
            return
        live = self._read(resource, namespace, name)
        if live is None:
            return
        uid = live["metadata"]["uid"]
        options = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "propagationPolicy": waits.propagation(inputs),
            "preconditions": {"uid": uid},
        }
        try:
            self.api.request("DELETE", resource.path(namespace, name), body=options)
        except ApiError as error:
            if error.not_found:
                return
            if not error.conflict:  # a namespace that is being deleted already
                raise
        if not waits.skips_end(kind, inputs):
            self._await_end(kind, resource, live, patience)

    def relinquish(self, kind: Kind, namespace: str, name: str, write: Write) -> None:
        """Apply nothing but the identity: what we set and nobody else did goes."""
        resource = self.resource(kind)
        if resource is None or self._read(resource, namespace, name) is None:
            return
        metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
        try:
            self._apply(resource, {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}, write, query={})
        except ApiError as error:
            required = [cause.field for cause in error.causes if cause.reason == "FieldValueRequired"]
            if not required:
                raise
            raise ProviderError(
                f"{kind.kind} {name}: this patch alone sets {', '.join(required)}, which the object needs; set retainOnDelete, or let "
                "another manager set it first"
            ) from None

    def orphan(self, kind: Kind, document: Document, write: Write) -> tuple[str, str] | None:
        """Where a killed run announced an object that does bear our mark."""
        earlier = self._announce(kind, document, write)
        if earlier is None or not self._is_ours(kind, earlier, write):
            return None
        return earlier[0] or "", earlier[1]

    def interrupt(self) -> None:
        """End every wait."""
        self._stop.set()

    # -- creating

    def _announce(self, kind: Kind, document: Values, write: Write, *, anew: bool = False) -> tuple[str | None, str] | None:
        """Tell the sandbox what is about to be made; what an earlier run told for the same resource, if nobody has confirmed it."""
        namespace, name = objects.identity(document)
        headers = {CREATE_HEADER: f"{urn_key(write.urn)}|{objects.digest({'cluster': self.address, 'document': document})}"}
        body = {"cluster": self.address, "kind": str(kind), "namespace": namespace, "name": name}
        answer = self.client.request("POST", "announce", body=body, headers={**headers, **({FORGET_HEADER: "1"} if anew else {})})
        if REPLAYED_HEADER not in answer.headers or (answer.body["cluster"], answer.body["kind"]) != (body["cluster"], body["kind"]):
            return None
        return answer.body["namespace"], answer.body["name"]

    def _is_ours(self, kind: Kind, at: tuple[str | None, str], write: Write) -> bool:
        live = self.get(kind, at[0] or "", at[1])
        return live is not None and write.manager in managers(live)

    def _insert(self, kind: Kind, document: Document, write: Write, *, announced: bool) -> Document:
        resource = self.resource(kind) or self._admit(kind, document)
        namespace, name = objects.identity(document)
        if write.upsert and self._read(resource, namespace or "", name) is not None:
            return self._write(kind, resource, document, write, query={})
        if write.upsert or write.partial:
            return self._apply(resource, document, write, query={})
        try:
            return self._own(resource, self._post(resource, document, write, query={}), write.manager)
        except ApiError as error:
            if not error.exists:
                raise
        live = self._read(resource, namespace or "", name) or {}
        if is_permissive(live) or (announced and write.manager in managers(live)):
            return self._write(kind, resource, document, write, query={}, force=True)
        raise ProviderError(f"{_label(kind, document)} {EXISTS}")

    def _admit(self, kind: Kind, document: Document) -> Resource:
        """A kind that is not served: refused if a chart brings it, else defined as its project does, or taken in without any check."""
        charts = self.known.charts(kind)
        if charts:
            bring = f"the chart {charts[0]} brings it" if len(charts) == 1 else f"the charts {', '.join(charts)} bring it"
            raise _NoMatchError(f'no matches for kind "{kind.kind}" in version "{kind.api_version}"; {bring}: install that first')
        with self._making:
            found = self.resource(kind)
            if found is None:
                self._define(kind, namespaced=is_namespaced(kind, document))
                found = self.resource(kind)
        if found is None:
            raise _NoMatchError(f'no matches for kind "{kind.kind}" in version "{kind.api_version}"')
        return found

    def _define(self, kind: Kind, *, namespaced: bool) -> None:
        made = self.known.definition(kind) or permissive_definition(kind, namespaced=namespaced)
        live = self._read(_CRDS, "", made["metadata"]["name"])
        if live is None:
            live = self.api.request("POST", _CRDS.path(), body=made, query={"fieldManager": SANDBOX})
        elif is_permissive(live):
            body = with_version(live, kind.version)
            live = self.api.request("PUT", _CRDS.path("", made["metadata"]["name"]), body=body, query={"fieldManager": SANDBOX})
        self._awaited(CRD, made, live, Write("", ""))

    # -- requests

    def _existing(self, kind: Kind) -> Resource:
        resource = self.resource(kind)
        if resource is None:
            raise _NoMatchError(f'no matches for kind "{kind.kind}" in version "{kind.api_version}"; its definition is gone')
        return resource

    def _post(self, resource: Resource, document: Document, write: Write, *, query: Mapping[str, str]) -> Document:
        namespace, _ = objects.identity(document)
        query = {"fieldManager": write.manager, **_STRICT, **query}
        return self.api.request("POST", resource.path(namespace or ""), body=document, query=query)  # type: ignore[no-any-return]  # JSON

    def _write(
        self, kind: Kind, resource: Resource, document: Document, write: Write, *, query: Mapping[str, str], force: bool = False
    ) -> Document:
        """Change an object that exists."""
        namespace, name = objects.identity(document)
        if write.partial:
            return self._apply(resource, document, write, query=query)
        live = self._read(resource, namespace or "", name)
        if live is None:
            raise ProviderError(f"{_label(kind, document)} is gone; run refresh")
        if kind == CRD:  # as the Pulumi provider does: replaced as a whole
            body = {**document, "metadata": {**document["metadata"], "resourceVersion": live["metadata"]["resourceVersion"]}}
            query = {"fieldManager": write.manager, **_STRICT, **query}
            return self.api.request("PUT", resource.path("", name), body=body, query=query)  # type: ignore[no-any-return]  # JSON
        document = without_others(document, live, write.manager, write.ignored)
        if query:
            force = force or taken_over(live, write.manager) is not None  # a dry run cannot take over first
        else:
            self._own(resource, live, write.manager)
        return self._apply(resource, document, write, query=query, force=force)

    def _own(self, resource: Resource, live: Document, manager: str) -> Document:
        """Turn what our create wrote, and what the provider inherits, into fields applied by our manager."""
        namespace, name = _place(live)
        for _ in range(_ATTEMPTS):
            owned = taken_over(live, manager)
            if owned is None:
                break
            patch = [
                {"op": "replace", "path": "/metadata/managedFields", "value": owned},
                {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
            ]
            try:
                live = self.api.request("PATCH", resource.path(namespace, name), body=patch, content_type=JSON_PATCH)
            except ApiError as error:
                if not error.conflict:  # else a controller was faster
                    raise
                live = self._read(resource, namespace, name) or live
        return live

    def _apply(self, resource: Resource, document: Document, write: Write, *, query: Mapping[str, str], force: bool = False) -> Document:
        namespace, name = objects.identity(document)
        query = {"fieldManager": write.manager, "force": "true" if force or write.force else "false", **_STRICT, **query}
        try:
            return self.api.request("PATCH", resource.path(namespace or "", name), body=document, query=query, content_type=APPLY)  # type: ignore[no-any-return]  # JSON
        except ApiError as error:
            if error.conflict and any(cause.reason == "FieldManagerConflict" for cause in error.causes):
                raise ProviderError(conflict_text(error)) from None
            raise

    # -- waiting

    def _patiently(self, attempt: Callable[[], T]) -> T:
        """Repeat what fails because something else of the same run is not there yet."""
        end = time.monotonic() + _MISORDERED_SECONDS
        pause = _FIRST_PAUSE
        while True:
            try:
                return attempt()
            except (ApiError, _NoMatchError) as error:
                passing = isinstance(error, _NoMatchError) or error.not_found or any(text in error.message for text in _PASSING)
                if not passing or time.monotonic() > end or self._stop.wait(pause):
                    raise
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _again(self, attempt: Callable[[], T]) -> T:
        """Repeat what fails because the object changed in between."""
        for _ in range(_ATTEMPTS):
            try:
                return attempt()
            except ApiError as error:
                if not error.conflict:
                    raise
        return attempt()

    def _awaited(self, kind: Kind, document: Values, live: Document, write: Write) -> Document:
        end = time.monotonic() + write.patience
        pause = _FIRST_PAUSE
        while (lack := waits.unready(kind, live)) and not waits.skips(document) and not write.partial:
            if waits.doomed(live) or time.monotonic() > end or self._stop.wait(pause):
                raise UnfinishedError(f"{_label(kind, live)} was written, and {lack}", live)
            pause = min(2 * pause, _LONGEST_PAUSE)
            live = self.get(kind, *_place(live)) or live
        return live

    def _await_end(self, kind: Kind, resource: Resource, live: Document, patience: float) -> None:
        begin = time.monotonic()
        pause = _FIRST_PAUSE
        namespace, name = _place(live)
        uid = live["metadata"]["uid"]
        while (now := self._read(resource, namespace, name)) is not None and now["metadata"]["uid"] == uid:
            waited = time.monotonic() - begin
            if waited > patience or self._stop.wait(pause):
                raise ProviderError(f"{_label(kind, live)} is still being deleted after {waited:.0f} s: {waits.lingering(now)}")
            pause = min(2 * pause, _LONGEST_PAUSE)


_CRDS: Final = Resource(CRD.api_version, "customresourcedefinitions", namespaced=False)


def _place(live: Values) -> tuple[str, str]:
    namespace, name = objects.identity(live)
    return namespace or "", name


def _label(kind: Kind, document: Values) -> str:
    return f"{kind.kind} {objects.object_id(document)}"
