"""What the provider asks of the place where a cluster's objects live; chosen once, when the provider is configured."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from platformctl.sandbox.kubernetes import schemas
from platformctl.sandbox.kubernetes.kinds import CLUSTER_SCOPED, Kind, is_namespaced
from platformctl.sandbox.kubernetes.known import Brought
from platformctl.sandbox.plugin import ProviderError

Document = dict[str, Any]
Values = Mapping[str, Any]

PATIENCE_SECONDS: Final = 120.0
"""How long an object may take to come or go where the program names no time; without a kubelet nothing here is slow."""
EXISTS: Final = "already exists; import it, or set upsertExistingObjects on the provider"


@dataclass(frozen=True, slots=True)
class Write:
    """How an object is written."""

    urn: str
    """The resource; its create is remembered under this until the engine has it in its state."""
    manager: str
    """Manager of the fields that are written."""
    force: bool = False
    """Take over fields of other managers."""
    upsert: bool = False
    """A create takes over an object that exists."""
    partial: bool = False
    """The object is another's, and only the written fields are ours: a Patch resource."""
    unchecked: bool = False
    """No schema is known for the kind."""
    ignored: tuple[str, ...] = ()
    """Property paths whose live value an update leaves to whoever sets it."""
    patience: float = PATIENCE_SECONDS
    """Seconds to wait until the object is ready."""


class UnfinishedError(ProviderError):
    """An object was written, and is not ready."""

    def __init__(self, message: str, live: Document) -> None:
        super().__init__(message)
        self.live = live


class Objects(Protocol):
    """The objects of one cluster."""

    @property
    def real(self) -> bool:
        """Whether an API server keeps and judges them."""

    def serves(self, kind: Kind) -> bool:
        """Whether objects of a kind can be written."""

    def api_versions(self) -> list[str]:
        """Every group and version that is served, for charts that ask."""

    def brought(self, chart: str, repository: str, values: Values, *, skip_folder: bool) -> list[Brought]:
        """The definitions that a release of a chart brings, where the chart itself cannot be had."""

    def definition(self, kind: Kind) -> Values | None:
        """The CustomResourceDefinition of a kind, if the cluster has one."""

    def get(self, kind: Kind, namespace: str, name: str) -> Document | None:
        """An object; None if it does not exist."""

    def foretell_create(self, kind: Kind, document: Document, write: Write, *, replacing: bool) -> Document | None:
        """What a create would be answered; None where that cannot be known before.

        Raises:
            ProviderError: it would be refused.
        """

    def create(self, kind: Kind, document: Document, write: Write) -> Document:
        """Write a new object. One that a killed run wrote for the same resource is taken over.

        Raises:
            ProviderError: it is refused, for example because the object exists.
            UnfinishedError: it is written, and not ready.
        """

    def foretell_update(self, kind: Kind, document: Document, write: Write) -> Document | None:
        """What an update would be answered; None where that cannot be known before."""

    def update(self, kind: Kind, before: Values, document: Document, write: Write) -> Document:
        """Change our fields of the live object and leave those of others."""

    def fixed(self, kind: Kind, document: Document, write: Write, paths: Iterable[str]) -> list[str]:
        """Those of the changed paths that an update cannot change."""

    def delete(self, kind: Kind, namespace: str, name: str, inputs: Values, patience: float) -> None:
        """Delete an object, if it exists, and wait until it is gone."""

    def relinquish(self, kind: Kind, namespace: str, name: str, write: Write) -> None:
        """Give back the fields of a Patch resource."""

    def orphan(self, kind: Kind, document: Document, write: Write) -> tuple[str, str] | None:
        """Namespace and name of what a killed run wrote for a resource and could not tell the engine of."""

    def interrupt(self) -> None:
        """End every wait."""


def is_namespaced_in(cluster: Objects, kind: Kind, inputs: Values) -> bool:
    """Whether objects of a kind live in namespaces."""
    if kind.group in schemas.release(None).groups:
        return (kind.group, kind.kind) not in CLUSTER_SCOPED
    definition = cluster.definition(kind)
    return definition["spec"].get("scope") == "Namespaced" if definition else is_namespaced(kind, inputs)
