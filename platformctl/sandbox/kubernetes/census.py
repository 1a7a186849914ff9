"""What a cluster holds, counted through its own API: objects by kind, without those that the control plane makes for itself."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import urllib3

from platformctl.sandbox.kubernetes.api import BUSY
from platformctl.sandbox.kubernetes.born import MANAGER
from platformctl.sandbox.kubernetes.control_plane import Endpoint
from platformctl.sandbox.kubernetes.permissive import SANDBOX, UNCHECKED

_DEFINITIONS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_DISCOVERY: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_METADATA: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_OWN_MANAGERS: Final = frozenset(
    {
        "kube-apiserver",
        "kube-controller-manager",
        "clusterrole-aggregation-controller",
        "kubernetes-service-cidr-controller",
        "api-priority-and-fairness-config-producer-v1",
        "api-priority-and-fairness-config-consumer-v1",
        MANAGER,
        SANDBOX,
    }
)
"""What the control plane, EKS and the sandbox call themselves where they write."""
_PASSING: Final = frozenset({("", "Event"), ("events.k8s.io", "Event"), ("", "ComponentStatus"), ("coordination.k8s.io", "Lease")})
"""Kinds that are no state anybody wrote."""
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Census:
    """What a cluster holds."""

    version: str
    """Of its API server."""
    kinds: Mapping[str, int]
    """Objects by kind."""
    unchecked: Mapping[str, int]
    """Those of kinds that no real definition is known for."""


def count(endpoint: Endpoint, stored: Container[tuple[str, str]]) -> Census:
    """Count the objects of a cluster.

    Args:
        endpoint: its API.
        stored: group and plural of the custom resources that have objects. An API server takes a tenth of a second to list a kind for the
            first time, and most kinds have none.

    Raises:
        urllib3.exceptions.HTTPError: its API server does not answer.
    """
    with urllib3.PoolManager(ca_certs=str(endpoint.authority), retries=BUSY, timeout=urllib3.Timeout(20)) as pool:
        api = _Reader(pool, endpoint)
        definitions = api.get(_DEFINITIONS, _METADATA)["items"] or ()
        named = {definition["metadata"]["name"].partition(".")[::2]: definition["metadata"] for definition in definitions}
        kinds: Counter[str] = Counter()
        unchecked: Counter[str] = Counter()
        for listable in api.listable():
            definition = named.get((listable.plural, listable.group))
            if definition is not None and (listable.group, listable.plural) not in stored:
                continue
            found = sum(map(_is_theirs, api.get(listable.path, _METADATA)["items"] or ()))
            kinds[listable.name] += found
            if definition is not None and UNCHECKED in definition.get("labels", {}):
                unchecked[listable.name] += found
        return Census(api.get("/version", "application/json")["gitVersion"].removeprefix("v"), _sorted(kinds), _sorted(unchecked))


@dataclass(frozen=True, slots=True)
class _Listable:
    group: str
    version: str
    kind: str
    plural: str

    @property
    def name(self) -> str:
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def path(self) -> str:
        root = f"/apis/{self.group}" if self.group else "/api"
        return f"{root}/{self.version}/{self.plural}"


@dataclass(frozen=True)
class _Reader:
    pool: urllib3.PoolManager
    endpoint: Endpoint

    def get(self, path: str, accept: str) -> Any:
        headers = {"Authorization": f"Bearer {self.endpoint.token}", "Accept": accept}
        answer = self.pool.request("GET", f"{self.endpoint.server}{path}", headers=headers)
        if answer.status != _OK:
            raise urllib3.exceptions.HTTPError(f"{path} answers {answer.status}")
        return answer.json()

    def listable(self) -> Iterator[_Listable]:
        """Everything that can be listed, each kind in the version that the server prefers."""
        for root in ("/api", "/apis"):
            for group in self.get(root, _DISCOVERY)["items"]:
                name = group.get("metadata", {}).get("name", "")
                seen: set[str] = set()
                for version in group["versions"]:
                    for resource in version.get("resources", ()):
                        kind = resource["responseKind"]["kind"]
                        if kind not in seen and "list" in resource["verbs"] and (name, kind) not in _PASSING:
                            seen.add(kind)
                            yield _Listable(name, version["version"], kind, resource["resource"])


def _is_theirs(item: Mapping[str, Any]) -> bool:
    """Whether anybody but the control plane wrote this object. The account that every namespace gets bears no manager's name at all."""
    managers = {entry["manager"] for entry in item["metadata"].get("managedFields", ())}
    return bool(managers - _OWN_MANAGERS)


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return {name: number for name, number in sorted(counts.items()) if number}
