"""What an API server serves, and its objects as they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from platformctl.sandbox.kubernetes import objects
from platformctl.sandbox.kubernetes.api import Api, Resource
from platformctl.sandbox.kubernetes.backend import Document, Values
from platformctl.sandbox.kubernetes.kinds import Kind
from platformctl.sandbox.kubernetes.permissive import CRD
from platformctl.sandbox.kubernetes.refusals import ApiError
from platformctl.sandbox.plugin import ProviderError

CRDS: Final = Resource(CRD.api_version, "customresourcedefinitions", namespaced=False)


class NoMatchError(ProviderError):
    """The API server does not serve a kind."""


@dataclass(frozen=True)
class Served:
    """The kinds of one API server, as it last told of them. Thread-safe."""

    api: Api
    _told: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    def resource(self, kind: Kind) -> Resource | None:
        """Where a kind is served; None if it is not."""
        for fresh in (False, True) if kind.api_version in self._told else (True,):
            for entry in self._resources(kind.api_version, fresh=fresh):
                if entry["kind"] == kind.kind and "/" not in entry["name"]:
                    return Resource(kind.api_version, entry["name"], entry["namespaced"])
        return None

    def _resources(self, api_version: str, *, fresh: bool) -> list[Mapping[str, Any]]:
        if fresh or api_version not in self._told:
            path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
            try:
                self._told[api_version] = self.api.request("GET", path)["resources"]
            except ApiError as error:
                if not error.not_found:
                    raise
                self._told[api_version] = []
        return self._told[api_version]

    def read(self, resource: Resource, namespace: str, name: str) -> Document | None:
        """An object; None if it does not exist."""
        try:
            return self.api.request("GET", resource.path(namespace, name))  # type: ignore[no-any-return]  # JSON
        except ApiError as error:
            if error.not_found:
                return None
            raise

    def existing(self, kind: Kind) -> Resource:
        """Where a kind is served that has been.

        Raises:
            NoMatchError: it no longer is.
        """
        resource = self.resource(kind)
        if resource is None:
            raise NoMatchError(f'no matches for kind "{kind.kind}" in version "{kind.api_version}"; its definition is gone')
        return resource

    def get(self, kind: Kind, namespace: str, name: str) -> Document | None:
        """An object; None if it, or its kind, does not exist."""
        resource = self.resource(kind)
        return None if resource is None else self.read(resource, namespace, name)

    def api_versions(self) -> list[str]:
        """Every group and version that the server serves."""
        groups = self.api.request("GET", "/apis")["groups"]
        return ["v1", *(version["groupVersion"] for group in groups for version in group["versions"])]


def place(live: Values) -> tuple[str, str]:
    """Namespace and name of an object; the namespace is empty where it lies in none."""
    namespace, name = objects.identity(live)
    return namespace or "", name


def label(kind: Kind, document: Values) -> str:
    """What people call an object."""
    return f"{kind.kind} {objects.object_id(document)}"
