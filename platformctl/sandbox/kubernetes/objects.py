"""Pure functions on Kubernetes objects: names, merging, drift, and what a server adds."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from platformctl.sandbox.documents import STAMPS
from platformctl.sandbox.kubernetes.kinds import Kind
from platformctl.sandbox.wire import UNKNOWN, Secret, Unknown

Values = Mapping[str, Any]

AUTONAMED: Final = "pulumi.com/autonamed"
"""Annotation of an object whose name the provider chose."""
_SUFFIX_LENGTH: Final = 7
_SECRET_FIELDS: Final = ("data", "stringData")


def prune(value: Any) -> Any:
    """Without null fields: an API server takes them for absent."""
    if isinstance(value, Mapping):
        return {key: prune(item) for key, item in value.items() if item is not None}
    return [prune(item) for item in value] if isinstance(value, list) else value


def with_name(inputs: Values, olds: Values, urn: str, logical_name: str) -> dict[str, Any]:
    """Inputs with a name: as given, as before, or `<logical name>-<7 hexadecimal digits>` taken from URN and inputs."""
    metadata = inputs.get("metadata", {})
    if isinstance(metadata, Unknown) or metadata.get("name") is not None or metadata.get("generateName") is not None:
        return dict(inputs)
    before = olds.get("metadata") or {}
    if is_autonamed(olds):
        name = before["name"]
    else:
        digest = hashlib.sha256(f"{urn}\n{json.dumps(inputs, sort_keys=True, default=repr)}".encode()).hexdigest()
        name = f"{logical_name}-{digest[:_SUFFIX_LENGTH]}"
    annotations = metadata.get("annotations", {})
    noted = annotations if isinstance(annotations, Unknown) else {**annotations, AUTONAMED: "true"}
    return {**inputs, "metadata": {**metadata, "name": name, "annotations": noted}}


def is_autonamed(inputs: Values) -> bool:
    """Whether the provider chose the object's name."""
    metadata = inputs.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    return isinstance(annotations, Mapping) and annotations.get(AUTONAMED) == "true"


def with_namespace(inputs: Values, namespace: str) -> dict[str, Any]:
    """Inputs with a namespace, the given one or this."""
    metadata = inputs.get("metadata", {})
    if isinstance(metadata, Unknown) or metadata.get("namespace"):
        return dict(inputs)
    return {**inputs, "metadata": {**metadata, "namespace": namespace}}


def object_id(document: Values) -> str:
    """The provider's id: `namespace/name`, or `name` outside namespaces."""
    metadata = document["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else str(metadata["name"])


def identity(values: Values) -> tuple[Any, Any]:
    """Namespace and name of inputs that may be unknown."""
    metadata = values.get("metadata")
    return (metadata.get("namespace"), metadata.get("name")) if isinstance(metadata, Mapping) else (None, None)


def as_stored(kind: Kind, inputs: Values) -> dict[str, Any]:
    """The object as a server keeps it: a Secret's stringData becomes data."""
    document = dict(inputs)
    text = document.get("stringData")
    if _is_secret(kind) and isinstance(text, Mapping):
        del document["stringData"]
        data = document.get("data") or {}
        if isinstance(data, Mapping):
            document["data"] = {**data, **{key: _encoded(value) for key, value in text.items()}}
    return document


def _encoded(value: Any) -> Any:
    return base64.b64encode(value.encode()).decode() if isinstance(value, str) else value


def merged(old: Values, new: Values, live: Values) -> dict[str, Any]:
    """The live object with our change applied: what we dropped goes, what we set is set, what others added stays."""
    result = {key: value for key, value in live.items() if key in new or key not in old}
    for key, value in new.items():
        before, now = old.get(key), result.get(key)
        if isinstance(value, Mapping) and isinstance(now, Mapping):
            result[key] = merged(before if isinstance(before, Mapping) else {}, value, now)
        else:
            result[key] = value
    return result


def live_inputs(kind: Kind, inputs: Values, live: Values) -> dict[str, Any]:
    """The inputs as the live object has them: fields we set, with the values they have now. Fields of others are no drift."""
    stored = as_stored(kind, inputs)
    now = _projected(stored, live)
    text = inputs.get("stringData")
    if not _is_secret(kind) or not isinstance(text, Mapping):
        return now
    if now.get("data") == stored.get("data"):
        return {
            **{key: value for key, value in now.items() if key != "data"},
            **{key: inputs[key] for key in _SECRET_FIELDS if key in inputs},
        }
    data = dict(now.get("data") or {})
    decoded = {key: _decoded(data.pop(key)) for key in text if key in data}
    return {**now, "data": data, "stringData": decoded} if "data" in inputs else {**_without(now, "data"), "stringData": decoded}


def _projected(ours: Values, live: Values) -> dict[str, Any]:
    result = {}
    for key, value in ours.items():
        if key in live:
            now = live[key]
            result[key] = _projected(value, now) if isinstance(value, Mapping) and isinstance(now, Mapping) else now
    return result


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except ValueError:
        return value


def imported(live: Values) -> dict[str, Any]:
    """The inputs that an import makes of a live object."""
    metadata = {key: value for key, value in live.get("metadata", {}).items() if key not in STAMPS}
    return {**_without(live, "status"), "metadata": metadata}


def foretold(kind: Kind, inputs: Values) -> dict[str, Any]:
    """Outputs of a create in a preview."""
    document = as_stored(kind, inputs)
    metadata = document.get("metadata", {})
    stamped = metadata if isinstance(metadata, Unknown) else {**metadata, **dict.fromkeys(STAMPS, UNKNOWN)}
    return sealed(kind, {**document, "metadata": stamped, **({"status": UNKNOWN} if _status_of(kind, document, "") else {})}, inputs)


def outputs(kind: Kind, live: Values, inputs: Values) -> dict[str, Any]:
    """Outputs of a live object."""
    status = _status_of(kind, live, live["metadata"].get("uid", ""))
    return sealed(kind, {**live, **({"status": status} if status and "status" not in live else {})}, inputs)


def _status_of(kind: Kind, document: Values, uid: str) -> dict[str, Any]:
    """The status that programs wait for: an address, where a controller would have given one."""
    spec = document.get("spec")
    balanced = isinstance(spec, Mapping) and spec.get("type") == "LoadBalancer"
    if (kind.group, kind.kind) == ("networking.k8s.io", "Ingress") or (kind.kind == "Service" and not kind.group and balanced):
        return {"loadBalancer": {"ingress": [{"hostname": f"{uid.replace('-', '')}.elb.sandbox.invalid"}]}}
    return {"phase": "Active"} if kind == Kind("v1", "Namespace") else {}


def sealed(kind: Kind, values: Values, inputs: Values | None = None) -> dict[str, Any]:
    """Values with a Secret's content marked as secret; `stringData` is taken over from the inputs."""
    if not _is_secret(kind):
        return dict(values)
    whole = {**values, **({"stringData": inputs["stringData"]} if inputs and "stringData" in inputs else {})}
    return {key: Secret(value) if key in _SECRET_FIELDS else value for key, value in whole.items()}


def digest(document: Values) -> str:
    """Identifies a document."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def restamped(metadata: Values) -> dict[str, Any]:
    """Metadata as an update will leave it: the same object in a version that is not known yet."""
    return {**metadata, "resourceVersion": UNKNOWN, "generation": UNKNOWN}


def _is_secret(kind: Kind) -> bool:
    return (kind.group, kind.kind) == ("", "Secret")


def _without(values: Values, key: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != key}
