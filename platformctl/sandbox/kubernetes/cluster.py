"""The cluster behind a provider's configuration, and its objects in the sandbox's server."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml

from platformctl.manifests import objects_of
from platformctl.sandbox.client import Answer, SandboxClient
from platformctl.sandbox.kubernetes.kinds import CLUSTER_SCOPED, Kind
from platformctl.sandbox.plugin import ProviderError

DEFAULT_ADDRESS: Final = "default"
"""Stands for the cluster of a provider without configuration."""
START_SECONDS: Final = 120.0
"""How long a cluster's API server may take to start."""
NO_NAMESPACE: Final = "-"
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409


def address_of(config: Mapping[str, Any]) -> str:
    """Address of the API server that a provider's configuration means.

    Raises:
        ValueError: the kubeconfig is none; the text says what is wrong with it.
    """
    kubeconfig = config.get("kubeconfig")
    if kubeconfig is None:
        return DEFAULT_ADDRESS
    document = _parsed(kubeconfig)
    cluster = config.get("cluster")
    if cluster is None:
        context = config.get("context") or document.get("current-context")
        if not context:
            raise ValueError("it has no current-context, and the provider names no context")
        cluster = (_named(document, "contexts", context).get("context") or {}).get("cluster")
    server = (_named(document, "clusters", cluster).get("cluster") or {}).get("server")
    if not isinstance(server, str) or not server:
        raise ValueError(f"its cluster {cluster} has no server")
    return server.rstrip("/")


def _parsed(kubeconfig: Any) -> Mapping[str, Any]:
    if isinstance(kubeconfig, str):
        text = kubeconfig
        if "\n" not in text and not text.lstrip().startswith("{"):
            try:
                text = Path(text).expanduser().read_text(encoding="utf-8")
            except OSError as error:
                raise ValueError(f"it is neither a kubeconfig nor the path of one ({error.strerror})") from None
        try:
            kubeconfig = yaml.safe_load(text)
        except yaml.YAMLError:
            raise ValueError("it is not YAML") from None
    if not isinstance(kubeconfig, Mapping):
        raise ValueError("it is not an object with clusters, contexts and users")  # noqa: TRY004 -- a wrong value, not a wrong call
    return kubeconfig


def _named(document: Mapping[str, Any], section: str, name: Any) -> Mapping[str, Any]:
    for entry in document.get(section) or ():
        if isinstance(entry, Mapping) and entry.get("name") == name:
            return entry
    raise ValueError(f"its {section} have no {name}")


@dataclass
class Cluster:
    """One cluster's objects."""

    client: SandboxClient
    address: str

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """Whether it is reachable, its Kubernetes version if that is known, and how to reach its API server if it has one.

        Asking starts the API server.
        """
        answer = replace(self.client, timeout=START_SECONDS).request("GET", "kubernetes", self.address)
        return answer.body if answer.ok else {"reachable": False, "version": None}

    @property
    def version(self) -> str | None:
        """Kubernetes version; None if the sandbox does not know it."""
        version: str | None = self.facts["version"]
        return version

    def get(self, kind: Kind, namespace: str, name: str) -> dict[str, Any] | None:
        """An object; None if it does not exist."""
        answer = self._object("GET", kind, namespace, name)
        if answer.status == _NOT_FOUND:
            return None
        found: dict[str, Any] = self._document(answer)
        return found

    def apply(
        self, kind: Kind, document: Mapping[str, Any], *, unchecked: bool, create: bool, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Write an object; the answer is that of the server, for a create possibly of an earlier one."""
        metadata = document["metadata"]
        query = {**({"create": "1"} if create else {}), **({"unchecked": "1"} if unchecked else {})}
        answer = self._object("PUT", kind, metadata.get("namespace") or "", metadata["name"], body=document, query=query, headers=headers)
        self._document(answer)
        return answer

    def delete(self, kind: Kind, namespace: str, name: str) -> None:
        """Delete an object, if it exists."""
        answer = self._object("DELETE", kind, namespace, name)
        if answer.status != _NOT_FOUND:
            self._document(answer)

    def definition(self, kind: Kind) -> Mapping[str, Any] | None:
        """The CustomResourceDefinition of a kind, if the cluster has one."""
        if not self.facts["reachable"]:
            return None
        query = {"group": "apiextensions.k8s.io", "kind": "CustomResourceDefinition"}
        answer = self.client.request("GET", "kubernetes", self.address, "objects", query=query)
        for definition in self._document(answer)["items"]:
            spec = definition.get("spec", {})
            if (spec.get("group"), spec.get("names", {}).get("kind")) == (kind.group, kind.kind):
                return definition  # type: ignore[no-any-return]  # JSON
        return None

    def namespaced(self, kind: Kind, definition: Mapping[str, Any] | None, *, builtin: bool) -> bool | None:
        """Whether objects of a kind live in namespaces; None if nobody knows."""
        if builtin:
            return (kind.group, kind.kind) not in CLUSTER_SCOPED
        return None if definition is None else definition["spec"].get("scope") == "Namespaced"

    def _object(self, method: str, kind: Kind, namespace: str, name: str, **request: Any) -> Answer:
        segments = ("kubernetes", self.address, kind.api_version, kind.kind, namespace or NO_NAMESPACE, name)
        return self.client.request(method, *segments, **request)

    def _document(self, answer: Answer) -> Any:
        if answer.ok:
            return answer.body
        if answer.status == _CONFLICT:
            raise ProviderError(f"{answer.error}; import it, or set upsertExistingObjects on the provider")
        raise ProviderError(answer.error)


def decode_yaml(text: str, default_namespace: str | None = None) -> list[dict[str, Any]]:
    """The objects of a YAML text.

    Raises:
        ProviderError: the text is not YAML, or a document is no object.
    """
    try:
        return objects_of(text, default_namespace)
    except ValueError as error:
        raise ProviderError(str(error)) from None
