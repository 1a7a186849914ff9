"""Objects in a real API server: server-side apply, dry runs, and waits for what a control plane without nodes can do."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from platformctl.sandbox.client import CREATE_HEADER, FORGET_HEADER, REPLAYED_HEADER, SandboxClient, urn_key
from platformctl.sandbox.kubernetes import objects, waits
from platformctl.sandbox.kubernetes.api import Api, Resource
from platformctl.sandbox.kubernetes.backend import EXISTS, Document, UnfinishedError, Values, Write
from platformctl.sandbox.kubernetes.kinds import Kind, is_namespaced
from platformctl.sandbox.kubernetes.known import AtHand, Brought, Known
from platformctl.sandbox.kubernetes.ownership import managers
from platformctl.sandbox.kubernetes.permissive import CRD, SANDBOX, is_permissive, permissive_definition, with_version
from platformctl.sandbox.kubernetes.refusals import ApiError, fixed_paths
from platformctl.sandbox.kubernetes.served import CRDS, NoMatchError, Served, label, place
from platformctl.sandbox.kubernetes.writes import ATTEMPTS, Writes
from platformctl.sandbox.plugin import ProviderError

T = TypeVar("T")

_DRY: Final = {"dryRun": "All"}
_MISORDERED_SECONDS: Final = 5.0
"""How long a create waits for what another resource of the same run may be making: the namespace, the kind, a count."""
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 0.5
_PASSING: Final = ("status unknown for quota", "Operation cannot be fulfilled", 'serviceaccount "default" not found')
"""Refusals that a controller ends within moments."""


@dataclass(frozen=True)
class ApiServer:
    """One cluster's objects in its API server. Thread-safe."""

    served: Served
    client: SandboxClient
    """Of the sandbox, which remembers creates until the engine has them in its state."""
    address: str
    known: Known
    """The definitions that charts bring, and may not have brought yet."""
    real: bool = True
    _stop: threading.Event = field(default_factory=threading.Event)
    _making: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, facts: Mapping[str, str], client: SandboxClient, address: str) -> "ApiServer":
        """The API server that the sandbox's facts of a cluster lead to."""
        return cls(Served(Api(facts["server"], facts["certificateAuthority"], facts["token"])), client, address, Known(AtHand()))

    @property
    def _writes(self) -> Writes:
        return Writes(self.served)

    # -- what the server has

    def get(self, kind: Kind, namespace: str, name: str) -> Document | None:
        """An object; None if it, or its kind, does not exist."""
        return self.served.get(kind, namespace, name)

    def serves(self, kind: Kind) -> bool:
        """Whether the server knows the kind."""
        return self.served.resource(kind) is not None

    def api_versions(self) -> list[str]:
        """Every group and version that the server serves."""
        return self.served.api_versions()

    def definition(self, kind: Kind) -> Values | None:
        """The CustomResourceDefinition of a kind; the one a chart will bring counts, for its scope and schema are the same."""
        resource = self.served.resource(kind)
        if resource is None:
            return self.known.definition(kind)
        found = self.served.read(CRDS, "", f"{resource.plural}.{kind.group}")
        return None if found is None or is_permissive(found) else found

    def brought(self, chart: str, repository: str, values: Values, *, skip_folder: bool) -> list[Brought]:
        """The definitions that a release of a chart brings."""
        return list(self.known.brought(chart, repository, values, skip_folder=skip_folder))

    # -- previews

    def foretell_create(self, kind: Kind, document: Document, write: Write, *, replacing: bool) -> Document | None:
        """The answer of a dry run; None where what the object needs is not there yet, or what it replaces still is."""
        resource = self.served.resource(kind)
        if resource is None or write.partial:
            return None
        namespace, name = objects.identity(document)
        try:
            if write.upsert:
                return self._writes.apply(resource, document, write, query=_DRY, force=True)
            return self._writes.post(resource, document, write, query=_DRY)
        except ApiError as error:
            if error.not_found or "does not support dry run" in error.message:
                return None
            if not error.exists:
                raise
            live = self.served.read(resource, namespace or "", name) or {}
            if replacing or is_permissive(live) or write.manager in managers(live):
                return None
            raise ProviderError(f"{label(kind, document)} {EXISTS}") from None

    def foretell_update(self, kind: Kind, document: Document, write: Write) -> Document | None:
        """The answer of a dry run; None where the kind or the object is not there."""
        resource = self.served.resource(kind)
        if resource is None:
            return None
        try:
            return self._writes.change(kind, resource, document, write, query=_DRY)
        except ApiError as error:
            if error.not_found or "does not support dry run" in error.message:
                return None
            raise

    def fixed(self, kind: Kind, document: Document, write: Write, paths: Iterable[str]) -> list[str]:
        """Those of the changed paths that a dry run refuses because they cannot be updated."""
        resource = self.served.resource(kind)
        if resource is None or write.partial:
            return []
        try:
            self._writes.change(kind, resource, document, write, query=_DRY, force=True)
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
        live = self._again(lambda: self._writes.change(kind, self.served.existing(kind), document, write, query={}))
        return self._awaited(kind, document, live, write)

    def delete(self, kind: Kind, namespace: str, name: str, inputs: Values, patience: float) -> None:
        """Delete an object and wait until it, or its kind, is gone."""
        resource = self.served.resource(kind)
        if resource is None:
            return
        live = self.served.read(resource, namespace, name)
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
            self.served.api.request("DELETE", resource.path(namespace, name), body=options)
        except ApiError as error:
            if error.not_found:
                return
            if not error.conflict:  # a namespace that is being deleted already
                raise
        if not waits.skips_end(kind, inputs):
            self._await_end(kind, resource, live, patience)

    def relinquish(self, kind: Kind, namespace: str, name: str, write: Write) -> None:
        """Apply nothing but the identity: what we set and nobody else did goes."""
        resource = self.served.resource(kind)
        if resource is None or self.served.read(resource, namespace, name) is None:
            return
        metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
        try:
            self._writes.apply(resource, {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}, write, query={})
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
        live = self.served.get(kind, at[0] or "", at[1])
        return live is not None and write.manager in managers(live)

    def _insert(self, kind: Kind, document: Document, write: Write, *, announced: bool) -> Document:
        resource = self.served.resource(kind) or self._admit(kind, document)
        namespace, name = objects.identity(document)
        if write.upsert and self.served.read(resource, namespace or "", name) is not None:
            return self._writes.change(kind, resource, document, write, query={})
        if write.upsert or write.partial:
            return self._writes.apply(resource, document, write, query={})
        try:
            return self._writes.own(resource, self._writes.post(resource, document, write, query={}), write.manager)
        except ApiError as error:
            if not error.exists:
                raise
        live = self.served.read(resource, namespace or "", name) or {}
        if is_permissive(live) or (announced and write.manager in managers(live)):
            return self._writes.change(kind, resource, document, write, query={}, force=True)
        raise ProviderError(f"{label(kind, document)} {EXISTS}")

    def _admit(self, kind: Kind, document: Document) -> Resource:
        """A kind that is not served: refused if a chart brings it, else defined as its project does, or taken in without any check."""
        charts = self.known.charts(kind)
        if charts:
            bring = f"the chart {charts[0]} brings it" if len(charts) == 1 else f"the charts {', '.join(charts)} bring it"
            raise NoMatchError(f'no matches for kind "{kind.kind}" in version "{kind.api_version}"; {bring}: install that first')
        with self._making:
            found = self.served.resource(kind)
            if found is None:
                self._define(kind, namespaced=is_namespaced(kind, document))
                found = self.served.resource(kind)
        if found is None:
            raise NoMatchError(f'no matches for kind "{kind.kind}" in version "{kind.api_version}"')
        return found

    def _define(self, kind: Kind, *, namespaced: bool) -> None:
        made = self.known.definition(kind) or permissive_definition(kind, namespaced=namespaced)
        live = self.served.read(CRDS, "", made["metadata"]["name"])
        if live is None:
            live = self.served.api.request("POST", CRDS.path(), body=made, query={"fieldManager": SANDBOX})
        elif is_permissive(live):
            body = with_version(live, kind.version)
            live = self.served.api.request("PUT", CRDS.path("", made["metadata"]["name"]), body=body, query={"fieldManager": SANDBOX})
        self._awaited(CRD, made, live, Write("", ""))

    # -- waiting

    def _patiently(self, attempt: Callable[[], T]) -> T:
        """Repeat what fails because something else of the same run is not there yet."""
        end = time.monotonic() + _MISORDERED_SECONDS
        pause = _FIRST_PAUSE
        while True:
            try:
                return attempt()
            except (ApiError, NoMatchError) as error:
                passing = isinstance(error, NoMatchError) or error.not_found or any(text in error.message for text in _PASSING)
                if not passing or time.monotonic() > end or self._stop.wait(pause):
                    raise
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _again(self, attempt: Callable[[], T]) -> T:
        """Repeat what fails because the object changed in between."""
        for _ in range(ATTEMPTS):
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
                raise UnfinishedError(f"{label(kind, live)} was written, and {lack}", live)
            pause = min(2 * pause, _LONGEST_PAUSE)
            live = self.served.get(kind, *place(live)) or live
        return live

    def _await_end(self, kind: Kind, resource: Resource, live: Document, patience: float) -> None:
        begin = time.monotonic()
        pause = _FIRST_PAUSE
        namespace, name = place(live)
        uid = live["metadata"]["uid"]
        while (now := self.served.read(resource, namespace, name)) is not None and now["metadata"]["uid"] == uid:
            waited = time.monotonic() - begin
            if waited > patience or self._stop.wait(pause):
                raise ProviderError(f"{label(kind, live)} is still being deleted after {waited:.0f} s: {waits.lingering(now)}")
            pause = min(2 * pause, _LONGEST_PAUSE)
