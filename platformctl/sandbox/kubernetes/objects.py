"""Pure functions on Kubernetes objects: names, merging, drift, and what a server adds."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
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


_DASHED: Final = "x-kubernetes-"
_UNDERSCORED: Final = "x_kubernetes_"
_DEFINITION: Final = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")


def spelled(kind: Kind, values: Values) -> dict[str, Any]:
    """A definition's extension keys as Kubernetes spells them; the SDKs cannot, and write `x_kubernetes_`."""
    if kind != _DEFINITION:
        return dict(values)
    return _respelled(values, _UNDERSCORED, lambda key: key.replace("_", "-"))  # type: ignore[no-any-return]  # of a mapping


def unspelled(kind: Kind, values: Values) -> dict[str, Any]:
    """The reverse, for what the SDKs read."""
    if kind != _DEFINITION:
        return dict(values)
    return _respelled(values, _DASHED, lambda key: key.replace("-", "_"))  # type: ignore[no-any-return]  # of a mapping


def _respelled(value: Any, prefix: str, spell: Callable[[str], str]) -> Any:
    if isinstance(value, Mapping):
        return {spell(key) if key.startswith(prefix) else key: _respelled(item, prefix, spell) for key, item in value.items()}
    return [_respelled(item, prefix, spell) for item in value] if isinstance(value, list) else value


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


def placed(document: Values, resource_id: str) -> dict[str, Any]:
    """A document under the name and in the namespace of an object's id: a name that the server made is in no input."""
    namespace, _, name = resource_id.rpartition("/")
    if isinstance(document.get("metadata"), Unknown):
        return dict(document)
    return {**document, "metadata": {**document.get("metadata", {}), "name": name, **({"namespace": namespace} if namespace else {})}}


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


def live_inputs(kind: Kind, inputs: Values, live: Values, left: Values | None = None) -> dict[str, Any]:
    """The inputs as the live object has them: fields we set, with the values they have now. Fields of others are no drift.

    Args:
        kind: of the object.
        inputs: what we set.
        live: the object now.
        left: the object as our last write left it. Where that says something else than we did (`1000m` became `1`, an empty map went), it
            is the server's way to write it and no drift.
    """
    stored = as_stored(kind, inputs)
    now: dict[str, Any] = _projected(stored, live, _UNTOLD if left is None else left)
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


_NOTHING: Final = object()
"""Stands for a value that is not there."""
_UNTOLD: Final = object()
"""Stands for a value that nobody knows."""


def _projected(ours: Any, live: Any, left: Any) -> Any:
    """The live value, as far as we set it."""
    if isinstance(ours, Mapping) and isinstance(live, Mapping):
        found = {key: _projected(value, live.get(key, _NOTHING), _within(left, key)) for key, value in ours.items()}
        return {key: value for key, value in found.items() if value is not _NOTHING}
    if isinstance(ours, list) and isinstance(live, list):
        return _projected_items(ours, live, left if isinstance(left, list) else [])
    return ours if live == left else live


def _projected_items(ours: list[Any], live: list[Any], left: list[Any]) -> list[Any]:
    """Items of a list: those with names by their names, whatever others put between them, all others by their place."""
    if _are_named(ours) and _are_named(live):
        now, then = ({item["name"]: item for item in items if isinstance(item, Mapping) and "name" in item} for items in (live, left))
        return [_projected(item, now[item["name"]], then.get(item["name"], _UNTOLD)) for item in ours if item["name"] in now]
    if len(ours) != len(live):
        return ours if live == left else live
    padded = [*left, *[_UNTOLD] * len(live)]
    return [_projected(*items) for items in zip(ours, live, padded, strict=False)]


def _are_named(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(item, Mapping) and isinstance(item.get("name"), str) for item in items)


def _within(left: Any, key: str) -> Any:
    return left.get(key, _NOTHING) if isinstance(left, Mapping) else _UNTOLD


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except ValueError:
        return value


def imported(live: Values) -> dict[str, Any]:
    """The inputs that an import makes of a live object."""
    metadata = {key: value for key, value in live.get("metadata", {}).items() if key not in {*STAMPS, _MANAGED_FIELDS}}
    return {**_without(live, "status"), "metadata": metadata}


def foretold(kind: Kind, inputs: Values, live: Values | None = None) -> dict[str, Any]:
    """Outputs of a create in a preview; `live` is what a dry run was answered."""
    document = as_stored(kind, inputs) if live is None else _without(_undrawn(kind, inputs, live), "status")
    metadata = document.get("metadata", {})
    stamped = metadata if isinstance(metadata, Unknown) else {**_without(metadata, _MANAGED_FIELDS), **dict.fromkeys(STAMPS, UNKNOWN)}
    return sealed(kind, {**document, "metadata": stamped, **({"status": UNKNOWN} if _status_of(kind, document, "") else {})}, inputs)


def foretold_update(kind: Kind, before: Values, outputs: Values, inputs: Values, live: Values | None) -> dict[str, Any]:
    """Outputs of an update in a preview; `live` is what a dry run was answered."""
    if live is None:
        live = merged(before, as_stored(kind, inputs), _without(outputs, "stringData"))
    return sealed(kind, {**live, "metadata": restamped(_without(live["metadata"], _MANAGED_FIELDS))}, inputs)


def outputs(kind: Kind, live: Values, inputs: Values) -> dict[str, Any]:
    """Outputs of a live object."""
    given = live.get("status")
    status = _status_of(kind, live, live["metadata"].get("uid", ""))
    metadata = _without(live["metadata"], _MANAGED_FIELDS)  # long, and nothing that a program reads
    return sealed(kind, {**live, "metadata": metadata, **({"status": {**(given or {}), **status}} if status else {})}, inputs)


_MANAGED_FIELDS: Final = "managedFields"
_DRAWN: Final = ("clusterIP", "clusterIPs", "healthCheckNodePort")
"""Fields of a Service's spec that a server draws anew at each create, a dry run included; ports' node ports beside them."""


def _undrawn(kind: Kind, inputs: Values, live: Values) -> dict[str, Any]:
    """A dry run's answer without what the create will draw anew."""
    spec, given = live.get("spec"), inputs.get("spec")
    if kind != Kind("v1", "Service") or not isinstance(spec, Mapping):
        return dict(live)
    ours = given if isinstance(given, Mapping) else {}
    drawn = {key: UNKNOWN for key in _DRAWN if key in spec and key not in ours}
    ports = [{**port, **({"nodePort": UNKNOWN} if "nodePort" in port else {})} for port in spec.get("ports") or ()]
    return {**live, "spec": {**spec, **drawn, **({"ports": ports} if ports else {})}}


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
