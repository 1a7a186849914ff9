"""Requests that write: each under its manager's name, with strict checks, and fields of others left alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from platformctl.sandbox.kubernetes import objects
from platformctl.sandbox.kubernetes.api import APPLY, JSON_PATCH, Resource
from platformctl.sandbox.kubernetes.backend import Document, Write
from platformctl.sandbox.kubernetes.kinds import Kind
from platformctl.sandbox.kubernetes.ownership import taken_over, without_others
from platformctl.sandbox.kubernetes.permissive import CRD
from platformctl.sandbox.kubernetes.refusals import ApiError, conflict_text
from platformctl.sandbox.kubernetes.served import Served, label, place
from platformctl.sandbox.plugin import ProviderError

ATTEMPTS: Final = 5
"""How often a write is repeated whose object changed in between."""
_STRICT: Final = {"fieldValidation": "Strict"}


@dataclass(frozen=True, slots=True)
class Writes:
    """Single writes to one API server; a dry run is one with that query."""

    served: Served

    def post(self, resource: Resource, document: Document, write: Write, *, query: Mapping[str, str]) -> Document:
        """Make a new object."""
        namespace, _ = objects.identity(document)
        query = {"fieldManager": write.manager, **_STRICT, **query}
        return self.served.api.request("POST", resource.path(namespace or ""), body=document, query=query)  # type: ignore[no-any-return]  # JSON

    def change(
        self, kind: Kind, resource: Resource, document: Document, write: Write, *, query: Mapping[str, str], force: bool = False
    ) -> Document:
        """Change an object that exists."""
        namespace, name = objects.identity(document)
        if write.partial:
            return self.apply(resource, document, write, query=query)
        live = self.served.read(resource, namespace or "", name)
        if live is None:
            raise ProviderError(f"{label(kind, document)} is gone; run refresh")
        if kind == CRD:  # as the Pulumi provider does: replaced as a whole
            body = {**document, "metadata": {**document["metadata"], "resourceVersion": live["metadata"]["resourceVersion"]}}
            query = {"fieldManager": write.manager, **_STRICT, **query}
            return self.served.api.request("PUT", resource.path("", name), body=body, query=query)  # type: ignore[no-any-return]  # JSON
        document = without_others(document, live, write.manager, write.ignored)
        if query:
            force = force or taken_over(live, write.manager) is not None  # a dry run cannot take over first
        else:
            self.own(resource, live, write.manager)
        return self.apply(resource, document, write, query=query, force=force)

    def own(self, resource: Resource, live: Document, manager: str) -> Document:
        """Turn what our create wrote, and what the provider inherits, into fields applied by our manager."""
        namespace, name = place(live)
        for _ in range(ATTEMPTS):
            owned = taken_over(live, manager)
            if owned is None:
                break
            patch = [
                {"op": "replace", "path": "/metadata/managedFields", "value": owned},
                {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
            ]
            try:
                live = self.served.api.request("PATCH", resource.path(namespace, name), body=patch, content_type=JSON_PATCH)
            except ApiError as error:
                if not error.conflict:  # else a controller was faster
                    raise
                live = self.served.read(resource, namespace, name) or live
        return live

    def apply(self, resource: Resource, document: Document, write: Write, *, query: Mapping[str, str], force: bool = False) -> Document:
        """Server-side apply.

        Raises:
            ProviderError: fields belong to another manager.
        """
        namespace, name = objects.identity(document)
        query = {"fieldManager": write.manager, "force": "true" if force or write.force else "false", **_STRICT, **query}
        try:
            return self.served.api.request("PATCH", resource.path(namespace or "", name), body=document, query=query, content_type=APPLY)  # type: ignore[no-any-return]  # JSON
        except ApiError as error:
            if error.conflict and any(cause.reason == "FieldManagerConflict" for cause in error.causes):
                raise ProviderError(conflict_text(error)) from None
            raise
