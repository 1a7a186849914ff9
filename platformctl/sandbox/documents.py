"""The stores beside moto: resources that moto does not emulate, and the objects of Kubernetes clusters. In memory, thread-safe."""

import copy
import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from platform_components.errors import PlatformError


class NotFoundError(PlatformError):
    """There is no such document."""


class ConflictError(PlatformError):
    """The document exists already, or must be changed in another way."""


class RecordedStore:
    """Resources of types that are validated and remembered but not emulated: by Pulumi type, then by id."""

    def __init__(self) -> None:
        self._documents: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def put(self, kind: str, key: str, document: Any) -> None:
        """Store a document, replacing what was there."""
        with self._lock:
            self._documents.setdefault(kind, {})[key] = document

    def get(self, kind: str, key: str) -> Any:
        """The document.

        Raises:
            NotFoundError: nothing is stored under this type and id.
        """
        with self._lock:
            try:
                return self._documents[kind][key]
            except KeyError:
                raise NotFoundError(f"{kind} {key} is not recorded") from None

    def delete(self, kind: str, key: str) -> None:
        """Remove a document.

        Raises:
            NotFoundError: nothing is stored under this type and id.
        """
        with self._lock:
            try:
                del self._documents[kind][key]
            except KeyError:
                raise NotFoundError(f"{kind} {key} is not recorded") from None
            if not self._documents[kind]:
                del self._documents[kind]

    def all(self, kind: str | None = None) -> dict[str, dict[str, Any]]:
        """Every document by type and id, or those of one type."""
        with self._lock:
            return {name: dict(documents) for name, documents in self._documents.items() if kind in {None, name}}

    def counts(self) -> dict[str, int]:
        """Number of documents by type."""
        with self._lock:
            return {kind: len(documents) for kind, documents in sorted(self._documents.items())}


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """What makes a Kubernetes object that object. The version is no part of it: one Ingress is served in every version."""

    cluster: str
    group: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, cluster: str, api_version: str, kind: str, namespace: str, name: str) -> "ObjectKey":
        """Key of an object of `api_version` (`v1`, `apps/v1`); an empty namespace means cluster-scoped."""
        return cls(cluster, api_group(api_version), kind, namespace, name)

    def __str__(self) -> str:
        kind = f"{self.kind}.{self.group}" if self.group else self.kind
        return f"{kind} {self.namespace}/{self.name}" if self.namespace else f"{kind} {self.name}"


def api_group(api_version: str) -> str:
    """API group of an apiVersion; the core group is empty."""
    group, separator, _ = api_version.rpartition("/")
    return group if separator else ""


INITIAL_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
"""Namespaces that a cluster has from its first moment."""


@dataclass(slots=True)
class _Stored:
    document: dict[str, Any]
    unchecked: bool


class ObjectStore:
    """Kubernetes objects by cluster, with an API server's bookkeeping: uid, versions, timestamps; a namespace takes its objects along."""

    def __init__(self) -> None:
        self._objects: dict[ObjectKey, _Stored] = {}
        self._version = 0
        self._clusters: set[str] = set()
        self._lock = threading.RLock()

    def apply(
        self, key: ObjectKey, document: Mapping[str, Any], *, create_only: bool = False, unchecked: bool = False
    ) -> tuple[dict[str, Any], bool]:
        """Write an object; answer it as stored, and whether it is new.

        Raises:
            ConflictError: `create_only` and it exists.
            NotFoundError: its namespace does not exist.
        """
        with self._lock:
            self._ensure_cluster(key.cluster)
            old = self._objects.get(key)
            if old is not None and create_only:
                raise ConflictError(f"{key} already exists")
            if key.namespace and self._namespace_key(key.cluster, key.namespace) not in self._objects:
                raise NotFoundError(f"namespace {key.namespace} of {key} does not exist")
            new = copy.deepcopy(dict(document))
            metadata = new.setdefault("metadata", {})
            metadata.update(self._stamp(old.document if old else None, new))
            self._objects[key] = _Stored(new, unchecked)
            return copy.deepcopy(new), old is None

    def get(self, key: ObjectKey) -> dict[str, Any]:
        """The object.

        Raises:
            NotFoundError: it does not exist.
        """
        with self._lock:
            self._ensure_cluster(key.cluster)
            stored = self._objects.get(key)
            if stored is None:
                raise NotFoundError(f"{key} not found")
            return copy.deepcopy(stored.document)

    def delete(self, key: ObjectKey) -> None:
        """Remove an object; with a namespace everything inside goes, as it does in a cluster.

        Raises:
            NotFoundError: it does not exist.
        """
        with self._lock:
            self._ensure_cluster(key.cluster)
            if self._objects.pop(key, None) is None:
                raise NotFoundError(f"{key} not found")
            if key == self._namespace_key(key.cluster, key.name):
                inside = [other for other in self._objects if (other.cluster, other.namespace) == (key.cluster, key.name)]
                for other in inside:
                    del self._objects[other]

    def objects(
        self, cluster: str, *, group: str | None = None, kind: str | None = None, namespace: str | None = None
    ) -> list[dict[str, Any]]:
        """Objects of a cluster in the order of their keys, narrowed by what is given."""
        with self._lock:
            self._ensure_cluster(cluster)
            wanted = ("cluster", cluster), ("group", group), ("kind", kind), ("namespace", namespace)
            keys = [key for key in self._objects if all(value is None or getattr(key, name) == value for name, value in wanted)]
            return [copy.deepcopy(self._objects[key].document) for key in sorted(keys)]

    def clusters(self) -> list[str]:
        """Every cluster that was ever asked for, and not dropped."""
        with self._lock:
            return sorted(self._clusters)

    def drop(self, cluster: str) -> None:
        """Forget a cluster with all its objects."""
        with self._lock:
            self._clusters.discard(cluster)
            self._objects = {key: stored for key, stored in self._objects.items() if key.cluster != cluster}

    def counts(self) -> dict[str, dict[str, int]]:
        """Number of objects by cluster and kind, without the namespaces every cluster has."""
        result: dict[str, Counter[str]] = {}
        for key, _ in self._own():
            result.setdefault(key.cluster, Counter())[_kind_name(key)] += 1
        return {cluster: dict(sorted(kinds.items())) for cluster, kinds in sorted(result.items())}

    def unchecked(self) -> dict[str, int]:
        """Number of objects by kind that no schema was known for."""
        return dict(sorted(Counter(_kind_name(key) for key, stored in self._own() if stored.unchecked).items()))

    def _own(self) -> Iterator[tuple[ObjectKey, _Stored]]:
        with self._lock:
            items = list(self._objects.items())
        return (
            (key, stored) for key, stored in items if not (key.kind == "Namespace" and not key.group and key.name in INITIAL_NAMESPACES)
        )

    def _ensure_cluster(self, cluster: str) -> None:
        if cluster in self._clusters:
            return
        self._clusters.add(cluster)
        for name in INITIAL_NAMESPACES:
            self.apply(self._namespace_key(cluster, name), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    @staticmethod
    def _namespace_key(cluster: str, name: str) -> ObjectKey:
        return ObjectKey(cluster, "", "Namespace", "", name)

    def _stamp(self, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> dict[str, Any]:
        """The server's own fields of metadata. An update that changes nothing leaves them alone, as in a cluster."""
        before = old["metadata"] if old else {}
        if old is not None and _without_stamps(old) == _without_stamps(new):
            return {name: before[name] for name in STAMPS}
        self._version += 1
        grown = old is not None and {k: v for k, v in old.items() if k not in {"metadata", "status"}} != {
            k: v for k, v in new.items() if k not in {"metadata", "status"}
        }
        return {
            "uid": before.get("uid") or str(uuid.uuid4()),
            "creationTimestamp": before.get("creationTimestamp") or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "resourceVersion": str(self._version),
            "generation": before.get("generation", 1) + (1 if grown else 0),
        }


STAMPS = ("uid", "creationTimestamp", "resourceVersion", "generation")
"""Fields of metadata that belong to the server."""


def _without_stamps(document: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {name: value for name, value in (document.get("metadata") or {}).items() if name not in STAMPS}
    return {**document, "metadata": metadata}


def _kind_name(key: ObjectKey) -> str:
    return f"{key.kind}.{key.group}" if key.group else key.kind
