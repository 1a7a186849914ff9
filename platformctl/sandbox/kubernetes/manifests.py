"""Manifests as children of a component: `yaml/v2:ConfigFile`, `yaml/v2:ConfigGroup`, `helm.sh/v4:Chart`."""

import glob
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from platformctl.sandbox.components import Child
from platformctl.sandbox.kubernetes.cluster import decode_yaml
from platformctl.sandbox.kubernetes.kinds import Kind
from platformctl.sandbox.kubernetes.permissive import CRD
from platformctl.sandbox.plugin import ProviderError, Unknown

Values = Mapping[str, Any]

CONFIG_FILE: Final = "kubernetes:yaml/v2:ConfigFile"
CONFIG_GROUP: Final = "kubernetes:yaml/v2:ConfigGroup"
CHART: Final = "kubernetes:helm.sh/v4:Chart"
_SKIP_AWAIT: Final = "pulumi.com/skipAwait"


def documents(resource_type: str, inputs: Values) -> list[dict[str, Any]]:
    """The objects that a ConfigFile or ConfigGroup names.

    Raises:
        ProviderError: a file cannot be read, or is no manifest.
    """
    if resource_type == CONFIG_FILE:
        return _of_file(str(inputs["file"]))
    found = [item for pattern in inputs.get("files") or () for path in _expanded(pattern) for item in _of_file(path)]
    return [*found, *decode_yaml(inputs.get("yaml") or ""), *(dict(item) for item in inputs.get("objs") or ())]


def _expanded(pattern: str) -> Sequence[str]:
    return sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]  # noqa: PTH207 -- a pattern as the user wrote it


def _of_file(path: str) -> list[dict[str, Any]]:
    if "://" in path:
        raise ProviderError(f"{path}: the sandbox takes manifests from files only")
    try:
        return decode_yaml(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ProviderError(f"{path} cannot be read ({error.strerror})") from None


def children(found: Sequence[dict[str, Any]], prefix: str, *, skip_await: bool = False) -> list[Child]:
    """Objects as resources: definitions and namespaces before what needs them."""
    names = [_name(document, prefix) for document in found]
    namespaces = {
        document["metadata"]["name"]: name for document, name in zip(found, names, strict=True) if document["kind"] == "Namespace"
    }
    definitions = {key: name for document, name in zip(found, names, strict=True) for key in _defines(document)}
    made = []
    for document, name in zip(found, names, strict=True):
        kind = Kind(str(document["apiVersion"]).removeprefix("core/"), document["kind"])
        metadata = document["metadata"]
        needs = (namespaces.get(metadata.get("namespace")), definitions.get((kind.group, kind.kind)))
        annotations = {**(metadata.get("annotations") or {}), **({_SKIP_AWAIT: "true"} if skip_await else {})}
        noted = {**metadata, **({"annotations": annotations} if annotations else {})}
        inputs = {**document, "apiVersion": kind.api_version, "metadata": noted}
        made.append(Child(token_of(kind), name, inputs, tuple(need for need in needs if need)))
    return made


def token_of(kind: Kind) -> str:
    """The type under which the Pulumi provider keeps a kind."""
    return f"kubernetes:{kind.api_version if kind.group else f'core/{kind.api_version}'}:{kind.kind}"


def _name(document: Values, prefix: str) -> str:
    metadata = document.get("metadata") or {}
    if not metadata.get("name") or isinstance(metadata["name"], Unknown):
        raise ProviderError(f"an object of kind {document['kind']} has no metadata.name, which a manifest needs")
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{prefix}:{place}{metadata['name']}" if prefix else f"{place}{metadata['name']}"


def _defines(document: Values) -> list[tuple[str, str]]:
    if (document["apiVersion"], document["kind"]) != CRD:
        return []
    return [(document["spec"]["group"], document["spec"]["names"]["kind"])]
