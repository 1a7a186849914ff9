"""The cluster behind a provider's configuration, and where its objects live."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml

from platformctl.manifests import objects_of
from platformctl.sandbox.client import SandboxClient
from platformctl.sandbox.kubernetes.backend import Objects
from platformctl.sandbox.kubernetes.store import Store
from platformctl.sandbox.plugin import ProviderError

DEFAULT_ADDRESS: Final = "default"
"""Stands for the cluster of a provider without configuration."""
START_SECONDS: Final = 120.0
"""How long a cluster's API server may take to start."""


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
    """One cluster of the sandbox."""

    client: SandboxClient
    address: str

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """Whether it is reachable, its Kubernetes version if that is known, and how to reach its API server if it has one.

        Asking starts the API server.
        """
        answer = replace(self.client, timeout=START_SECONDS).request("GET", "kubernetes", self.address)
        if not answer.ok:
            raise ProviderError(f"cluster {self.address}: {answer.error}")
        return answer.body  # type: ignore[no-any-return]  # JSON

    @property
    def version(self) -> str | None:
        """Kubernetes version; None if the sandbox does not know it."""
        version: str | None = self.facts["version"]
        return version

    def open(self) -> Objects:
        """Its objects: in its API server, or in the sandbox's store where there is none."""
        api = self.facts.get("api")
        if api is None:
            return Store(self.client, self.address)
        from platformctl.sandbox.kubernetes.apiserver import ApiServer  # noqa: PLC0415 -- TLS is not loaded where nothing needs it

        return ApiServer.of(api, self.client, self.address)


def decode_yaml(text: str, default_namespace: str | None = None) -> list[dict[str, Any]]:
    """The objects of a YAML text.

    Raises:
        ProviderError: the text is not YAML, or a document is no object.
    """
    try:
        return objects_of(text, default_namespace)
    except ValueError as error:
        raise ProviderError(str(error)) from None
