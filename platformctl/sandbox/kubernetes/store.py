"""Objects in the sandbox's own store: the stand-in where no API server can be had."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from platformctl.sandbox.client import CREATE_HEADER, FORGET_HEADER, REPLAYED_HEADER, Answer, SandboxClient, urn_key
from platformctl.sandbox.kubernetes import objects
from platformctl.sandbox.kubernetes.backend import EXISTS, Document, Values, Write
from platformctl.sandbox.kubernetes.kinds import Kind
from platformctl.sandbox.kubernetes.known import Brought
from platformctl.sandbox.plugin import ProviderError

NO_NAMESPACE: Final = "-"
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409


@dataclass(frozen=True, slots=True)
class Store:
    """One cluster's objects, as the sandbox's server keeps them. What they hold was checked before."""

    client: SandboxClient
    address: str
    real: bool = False

    def serves(self, kind: Kind) -> bool:
        """Whatever is written is kept."""
        del kind
        return True

    def api_versions(self) -> list[str]:
        """Nothing is served."""
        return []

    def brought(self, chart: str, repository: str, values: Values, *, skip_folder: bool) -> list[Brought]:
        """Definitions are of no use here."""
        del chart, repository, values, skip_folder
        return []

    def definition(self, kind: Kind) -> Values | None:
        """The CustomResourceDefinition of a kind, if somebody wrote one."""
        query = {"group": "apiextensions.k8s.io", "kind": "CustomResourceDefinition"}
        answer = self.client.request("GET", "kubernetes", self.address, "objects", query=query)
        for definition in _document(answer)["items"]:
            spec = definition.get("spec", {})
            if (spec.get("group"), spec.get("names", {}).get("kind")) == (kind.group, kind.kind):
                return definition  # type: ignore[no-any-return]  # JSON
        return None

    def get(self, kind: Kind, namespace: str, name: str) -> Document | None:
        """An object; None if it does not exist."""
        answer = self._object("GET", kind, namespace, name)
        return None if answer.status == _NOT_FOUND else _document(answer)

    def foretell_create(self, kind: Kind, document: Document, write: Write, *, replacing: bool) -> None:
        """Nothing is known before."""
        del kind, document, write, replacing

    def create(self, kind: Kind, document: Document, write: Write) -> Document:
        """Write a new object; the server answers with what a killed run wrote for the same resource."""
        claim = self._claim(document, write)
        answer = self._put(kind, document, write, create=not write.upsert, headers=claim)
        earlier = answer.headers.get(REPLAYED_HEADER)
        live: Document = answer.body
        if earlier is None or earlier == claim[CREATE_HEADER].rpartition("|")[2]:
            return live
        if objects.identity(live) == objects.identity(document):
            return self._put(kind, document, write).body  # type: ignore[no-any-return]  # JSON
        namespace, name = objects.identity(live)
        self._remove(kind, namespace or "", name)  # an orphan of the killed run, under a name that is not ours any more
        answer = self._put(kind, document, write, create=not write.upsert, headers={**claim, FORGET_HEADER: "1"})
        return answer.body  # type: ignore[no-any-return]  # JSON

    def foretell_update(self, kind: Kind, document: Document, write: Write) -> None:
        """Nothing is known before."""
        del kind, document, write

    def update(self, kind: Kind, before: Values, document: Document, write: Write) -> Document:
        """Change our fields of the live object."""
        namespace, name = objects.identity(document)
        live = self.get(kind, namespace or "", name)
        if live is None:
            raise ProviderError(f"{kind.kind} {objects.object_id(document)} is gone; run refresh")
        return self._put(kind, objects.merged(before, document, live), write).body  # type: ignore[no-any-return]  # JSON

    def fixed(self, kind: Kind, document: Document, write: Write, paths: Iterable[str]) -> list[str]:
        """Only what the table of kinds says."""
        del kind, document, write, paths
        return []

    def delete(self, kind: Kind, namespace: str, name: str, inputs: Values, patience: float) -> None:
        """Delete an object, if it exists."""
        del inputs, patience
        self._remove(kind, namespace, name)

    def relinquish(self, kind: Kind, namespace: str, name: str, write: Write) -> None:
        """Nothing is patched here."""
        del kind, namespace, name, write

    def orphan(self, kind: Kind, document: Document, write: Write) -> tuple[str, str] | None:
        """Where the server says that a killed run's object is."""
        answer = self._put(kind, document, write, headers=self._claim(document, write))  # answered with what is there
        namespace, name = objects.identity(answer.body)
        return namespace or "", name

    def interrupt(self) -> None:
        """Nothing waits here."""

    def _claim(self, document: Values, write: Write) -> dict[str, str]:
        if not write.urn:
            return {}
        return {CREATE_HEADER: f"{urn_key(write.urn)}|{objects.digest({'cluster': self.address, 'document': document})}"}

    def _put(self, kind: Kind, document: Values, write: Write, *, create: bool = False, headers: Mapping[str, str] | None = None) -> Answer:
        namespace, name = objects.identity(document)
        query = {**({"create": "1"} if create else {}), **({"unchecked": "1"} if write.unchecked else {})}
        answer = self._object("PUT", kind, namespace or "", name, body=document, query=query, headers=headers)
        _document(answer)
        return answer

    def _remove(self, kind: Kind, namespace: str, name: str) -> None:
        answer = self._object("DELETE", kind, namespace, name)
        if answer.status != _NOT_FOUND:
            _document(answer)

    def _object(self, method: str, kind: Kind, namespace: str, name: str, **request: Any) -> Answer:
        segments = ("kubernetes", self.address, kind.api_version, kind.kind, namespace or NO_NAMESPACE, name)
        return self.client.request(method, *segments, **request)


def _document(answer: Answer) -> Any:
    if answer.ok:
        return answer.body
    if answer.status == _CONFLICT:
        raise ProviderError(f"{answer.error.removesuffix(' already exists')} {EXISTS}")
    raise ProviderError(answer.error)
