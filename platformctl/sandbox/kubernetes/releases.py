"""What a release makes in a cluster, and what of it goes with the release: Helm's own rules."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any, Final

from platformctl.sandbox.kubernetes import objects
from platformctl.sandbox.kubernetes.backend import PATIENCE_SECONDS, Document, Objects, Write, is_namespaced_in
from platformctl.sandbox.kubernetes.helm import Part
from platformctl.sandbox.kubernetes.kinds import Kind
from platformctl.sandbox.kubernetes.permissive import CRD, is_permissive
from platformctl.sandbox.plugin import ProviderError

MANAGER: Final = "helm"
"""Manager of what a release makes."""
_NAME: Final = "meta.helm.sh/release-name"
_NAMESPACE: Final = "meta.helm.sh/release-namespace"
_MANAGED_BY: Final = "app.kubernetes.io/managed-by"
_WEBHOOKS: Final = frozenset({"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"})


@dataclass(frozen=True, slots=True)
class Item:
    """An object of a release."""

    api_version: str
    kind: str
    namespace: str
    name: str
    stays: bool
    """It outlives the release."""

    @property
    def of(self) -> Kind:
        """Its kind."""
        return Kind(self.api_version, self.kind)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes it that object: the version is no part of it."""
        return self.of.group, self.kind, self.namespace, self.name

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(slots=True)
class Installed:
    """What came of an installation."""

    items: list[Item] = field(default_factory=list)
    hooks: list[str] = field(default_factory=list)
    """Hooks in the order in which they were made. Their jobs do not run here."""
    left_out: list[str] = field(default_factory=list)
    """Objects that would break the cluster, for nothing here answers for them."""


@dataclass(frozen=True, slots=True)
class Installer:
    """Makes and removes the objects of one release."""

    cluster: Objects
    name: str
    namespace: str
    take_ownership: bool = False

    def install(self, parts: Sequence[Part], done: Installed) -> None:
        """Make the objects in their order; `done` tells what was made, also where one is refused.

        Raises:
            ProviderError: an object is refused, or belongs to somebody else.
        """
        self._refuse_undefined(parts)
        for part in parts:
            kind = Kind(part.document["apiVersion"], part.document["kind"])
            document = self._ours(kind, part.document)
            item = _item(kind, document, stays=part.stays)
            if kind.group == "apiregistration.k8s.io" and (document.get("spec") or {}).get("service"):
                done.left_out.append(f"{item}: no pod of its service runs here")
                continue
            existing = self.cluster.get(kind, item.namespace, item.name)
            if part.folder and existing is not None and not is_permissive(existing):
                continue  # Helm never touches a definition of crds/ that is there
            self._refuse_foreign(item, existing)
            if not part.events and not part.folder:
                done.items.append(item)
            self.cluster.create(kind, document, Write("", MANAGER, force=True, upsert=True))
            if part.events:
                done.hooks.append(f"{','.join(part.events)} {part.weight} {item}")
                if part.passing:
                    self.cluster.delete(kind, item.namespace, item.name, {}, PATIENCE_SECONDS)

    def remove(self, items: Iterable[Item]) -> None:
        """Remove objects, the last made first; those that stay are left, and those of others."""
        for item in reversed(list(items)):
            live = None if item.stays else self.cluster.get(item.of, item.namespace, item.name)
            if live is not None and self._owns(live):
                self.cluster.delete(item.of, item.namespace, item.name, {}, PATIENCE_SECONDS)

    def _ours(self, kind: Kind, document: Document) -> Document:
        """The document as Helm writes it: in the release's namespace, marked as the release's."""
        metadata = document.get("metadata") or {}
        namespaced = is_namespaced_in(self.cluster, kind, document)
        place = {"namespace": metadata.get("namespace") or self.namespace} if namespaced else {}
        annotations = {**(metadata.get("annotations") or {}), _NAME: self.name, _NAMESPACE: self.namespace}
        labels = {**(metadata.get("labels") or {}), _MANAGED_BY: "Helm"}
        marked = {**objects.prune(document), "metadata": {**objects.prune(metadata), **place, "annotations": annotations, "labels": labels}}
        return objects.as_stored(kind, _answered(kind, marked))

    def _refuse_foreign(self, item: Item, existing: Mapping[str, Any] | None) -> None:
        if existing is None or is_permissive(existing) or self.take_ownership or self._owns(existing):
            return
        raise ProviderError(
            f"release {self.namespace}/{self.name}: {item} exists and is not the release's: its annotation {_NAME} must be {self.name} and "
            f"{_NAMESPACE} {self.namespace}; or set takeOwnership"
        )

    def _owns(self, live: Mapping[str, Any]) -> bool:
        annotations = live["metadata"].get("annotations") or {}
        return (annotations.get(_NAME), annotations.get(_NAMESPACE)) == (self.name, self.namespace)

    def _refuse_undefined(self, parts: Sequence[Part]) -> None:
        """Helm maps every object before it makes the first one, so a chart cannot use what its own templates define."""
        defined = {key for part in parts if not part.folder for key in _defines(part.document)}
        for part in parts:
            kind = Kind(part.document["apiVersion"], part.document["kind"])
            if (kind.group, kind.kind) in defined and not self.cluster.serves(kind):
                raise ProviderError(
                    f'release {self.namespace}/{self.name}: no matches for kind "{kind.kind}" in version "{kind.api_version}"; the chart '
                    "defines it in its templates, where Helm comes too late to it: it belongs into crds/, or into a release before this one"
                )


def _item(kind: Kind, document: Document, *, stays: bool) -> Item:
    metadata = document["metadata"]
    return Item(kind.api_version, kind.kind, metadata.get("namespace", ""), metadata["name"], stays)


def _defines(document: Document) -> Iterator[tuple[str, str]]:
    if (document["apiVersion"], document["kind"]) == CRD:
        yield document["spec"]["group"], document["spec"]["names"]["kind"]


def _answered(kind: Kind, document: Document) -> Document:
    """A chart's webhooks let pass what nobody answers for: their pods do not run here."""
    if kind.kind not in _WEBHOOKS:
        return document
    return {**document, "webhooks": [{**webhook, "failurePolicy": "Ignore"} for webhook in document.get("webhooks") or ()]}


INSTALLED: Final = "installed"
"""Where a recorded release keeps what it made, beside its inputs and outputs."""


@dataclass(frozen=True, slots=True)
class Record:
    """What the sandbox remembers of a release."""

    revision: int
    status: str
    items: tuple[Item, ...] = ()
    hooks: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    rendered: bool = False
    """Its chart was rendered; else only the definitions that it brings are there."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Record":
        """The record in a document of the sandbox."""
        installed, status = document[INSTALLED], document["status"]
        return cls(
            status["revision"],
            status["status"],
            tuple(Item(*item) for item in installed["items"]),
            tuple(installed["hooks"]),
            tuple(installed["leftOut"]),
            installed["rendered"],
        )

    def document(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The document that the sandbox keeps."""
        installed = {
            "rendered": self.rendered,
            "valuesDigest": objects.digest(inputs.get("values") or {}),
            "items": [astuple(item) for item in self.items],
            "hooks": list(self.hooks),
            "leftOut": list(self.left_out),
        }
        return {**self.outputs(inputs), INSTALLED: installed}

    def outputs(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """What the program reads."""
        names: dict[str, list[str]] = {}
        for item in self.items:
            names.setdefault(f"{item.kind}/{item.api_version}", []).append(f"{item.namespace}/{item.name}" if item.namespace else item.name)
        status = {
            "appVersion": "",
            "chart": inputs["chart"],
            "name": inputs["name"],
            "namespace": inputs["namespace"],
            "revision": self.revision,
            "status": self.status,
            "version": inputs.get("version", ""),
        }
        return {**inputs, "resourceNames": names, "status": status}
