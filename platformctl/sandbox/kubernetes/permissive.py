"""A CustomResourceDefinition for a kind that nobody here can check: it takes whatever is written."""

from collections.abc import Mapping
from typing import Any, Final

from platformctl.sandbox.kubernetes.kinds import Kind

CRD: Final = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
SANDBOX: Final = "platform-sandbox"
"""Manager of what the sandbox makes up."""
UNCHECKED: Final = "sandbox.platform/unchecked"
"""Label of a definition that was made up for a kind whose real one is not at hand: it takes whatever is written."""
_APPROVAL: Final = {"api-approved.kubernetes.io": "unapproved, made up by a sandbox"}
"""What an API server demands of a definition in a group of Kubernetes' own domains."""
_OWN_DOMAINS: Final = (".k8s.io", ".kubernetes.io")


def plural_of(kind: str) -> str:
    """The plural that Kubernetes would guess (k8s.io/apimachinery, pkg/api/meta), with English's rule for a vowel before y."""
    singular = kind.lower()
    if singular.endswith("endpoints"):
        return singular
    if singular.endswith("s"):
        return f"{singular}es"
    if singular.endswith("y") and singular[-2:-1] not in set("aeiou"):
        return f"{singular[:-1]}ies"
    return f"{singular}s"


def permissive_definition(kind: Kind, *, namespaced: bool) -> dict[str, Any]:
    """A definition of a kind without any rule."""
    plural = plural_of(kind.kind)
    annotations = _APPROVAL if kind.group.endswith(_OWN_DOMAINS) else {}
    return {
        "apiVersion": CRD.api_version,
        "kind": CRD.kind,
        "metadata": {"name": f"{plural}.{kind.group}", "labels": {UNCHECKED: "true"}, "annotations": annotations},
        "spec": {
            "group": kind.group,
            "names": {"kind": kind.kind, "listKind": f"{kind.kind}List", "plural": plural, "singular": kind.kind.lower()},
            "scope": "Namespaced" if namespaced else "Cluster",
            "versions": [_version(kind.version, storage=True)],
        },
    }


def with_version(definition: Mapping[str, Any], version: str) -> dict[str, Any]:
    """A permissive definition that serves one more version."""
    spec = definition["spec"]
    return {**definition, "spec": {**spec, "versions": [*spec["versions"], _version(version, storage=False)]}}


def is_permissive(definition: Mapping[str, Any]) -> bool:
    """Whether the sandbox made a definition up."""
    return ((definition.get("metadata") or {}).get("labels") or {}).get(UNCHECKED) == "true"


def _version(name: str, *, storage: bool) -> dict[str, Any]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {"name": name, "served": True, "storage": storage, "schema": {"openAPIV3Schema": schema}}
