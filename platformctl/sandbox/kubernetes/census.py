"""What a cluster holds, counted through its own API: objects by kind, without those that the control plane makes for itself."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import urllib3

from platformctl.sandbox.kubernetes.control_plane import Endpoint

UNCHECKED: Final = "sandbox.platform/unchecked"
"""Label of a CustomResourceDefinition that was made up for a kind whose real one is not at hand: it takes whatever is written."""
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
    }
)
"""What the control plane calls itself where it writes."""
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


def count(endpoint: Endpoint) -> Census:
    """Count the objects of a cluster.

    Raises:
        urllib3.exceptions.HTTPError: its API server does not answer.
    """
    with urllib3.PoolManager(ca_certs=str(endpoint.authority), retries=False, timeout=urllib3.Timeout(20)) as pool:
        api = _Reader(pool, endpoint)
        made_up = {
            (definition["spec"]["group"], definition["spec"]["names"]["kind"])
            for definition in api.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "application/json")["items"]
            if UNCHECKED in (definition["metadata"].get("labels") or {})
        }
        kinds: Counter[str] = Counter()
        unchecked: Counter[str] = Counter()
        for group, kind, path in api.listable():
            found = sum(map(_is_theirs, api.get(path, _METADATA)["items"] or ()))
            name = f"{kind}.{group}" if group else kind
            kinds[name] += found
            if (group, kind) in made_up:
                unchecked[name] += found
        return Census(api.get("/version", "application/json")["gitVersion"].removeprefix("v"), _sorted(kinds), _sorted(unchecked))


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

    def listable(self) -> Iterator[tuple[str, str, str]]:
        """Group, kind and path of everything that can be listed, each kind in the version that the server prefers."""
        for root in ("/api", "/apis"):
            for group in self.get(root, _DISCOVERY)["items"]:
                name = group.get("metadata", {}).get("name", "")
                seen: set[str] = set()
                for version in group["versions"]:
                    for resource in version.get("resources", ()):
                        kind = resource["responseKind"]["kind"]
                        if kind not in seen and "list" in resource["verbs"] and (name, kind) not in _PASSING:
                            seen.add(kind)
                            parts = (root, name, version["version"], resource["resource"])
                            yield name, kind, "/".join(part for part in parts if part)


def _is_theirs(item: Mapping[str, Any]) -> bool:
    """Whether anybody but the control plane wrote this object. The account that every namespace gets bears no manager's name at all."""
    managers = {entry["manager"] for entry in item["metadata"].get("managedFields", ())}
    return bool(managers - _OWN_MANAGERS)


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return {name: number for name, number in sorted(counts.items()) if number}
