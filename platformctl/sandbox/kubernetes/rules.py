"""What an API server demands beyond the schema: names, labels, annotations, keys of data, selectors that select their own template."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from platformctl.sandbox.kubernetes.kinds import Kind
from platformctl.sandbox.kubernetes.schemas import SchemaProblem, join
from platformctl.sandbox.wire import Unknown

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SERVICE: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_DATA_KEY: Final = re.compile(r"[-._a-zA-Z0-9]+")
_LABEL_LENGTH: Final = 63
_SUBDOMAIN_LENGTH: Final = 253
_ANNOTATIONS_BYTES: Final = 256 * 1024
_DATA_BYTES: Final = 1024 * 1024
_LABEL_NAMED: Final = frozenset({("", "Namespace")})
_SERVICE_NAMED: Final = frozenset({("", "Service")})
_PATH_NAMED: Final = frozenset({"rbac.authorization.k8s.io"})
"""Groups whose names may hold anything that fits into a URL's path segment."""
_SELECTING: Final = frozenset({("apps", kind) for kind in ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")})


def problems(kind: Kind, document: Mapping[str, Any]) -> list[SchemaProblem]:
    """What an API server would refuse in an object whose fields and types are right."""
    metadata = document.get("metadata")
    found = [] if not isinstance(metadata, Mapping) else [*_metadata(kind, metadata)]
    found += _all_labels(document, ())
    if (kind.group, kind.kind) in _SELECTING:
        found += _selector(document)
    if not kind.group and kind.kind in {"ConfigMap", "Secret"}:
        found += _data(kind.kind, document)
    return found


def name_problem(kind: Kind, name: str) -> str | None:
    """Why a name is not allowed for a kind, or None."""
    identity = (kind.group, kind.kind)
    if kind.group in _PATH_NAMED:
        bad = name in {"", ".", ".."} or "/" in name or "%" in name
        return "must not be . or .. and must hold neither / nor %" if bad else None
    if identity in _LABEL_NAMED or identity in _SERVICE_NAMED:
        pattern, first = (_SERVICE, "a letter") if identity in _SERVICE_NAMED else (_LABEL, "a letter or digit")
        if len(name) > _LABEL_LENGTH or not pattern.fullmatch(name):
            return f"must be at most {_LABEL_LENGTH} of a-z, 0-9 and -, begin with {first} and end with a letter or digit"
        return None
    if len(name) > _SUBDOMAIN_LENGTH or not _SUBDOMAIN.fullmatch(name):
        return f"must be at most {_SUBDOMAIN_LENGTH} of a-z, 0-9, - and ., each part beginning and ending with a letter or digit (RFC 1123)"
    return None


def _metadata(kind: Kind, metadata: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if isinstance(name, str) and (problem := name_problem(kind, name)):
        yield SchemaProblem("metadata.name", f"{name!r} {problem}")
    if isinstance(namespace, str) and (problem := name_problem(Kind("v1", "Namespace"), namespace)):
        yield SchemaProblem("metadata.namespace", f"{namespace!r} {problem}")
    annotations = metadata.get("annotations")
    if isinstance(annotations, Mapping):
        for key in annotations:
            if problem := _key_problem(key.lower()):
                yield SchemaProblem(join(["metadata", "annotations", key]), f"the key {problem}")
        if sum(len(key) + len(value) for key, value in annotations.items() if isinstance(value, str)) > _ANNOTATIONS_BYTES:
            yield SchemaProblem("metadata.annotations", f"are together longer than {_ANNOTATIONS_BYTES} bytes")


def _all_labels(value: Any, path: tuple[str | int, ...]) -> Iterator[SchemaProblem]:
    """Labels of the object, of its pod templates, and of every selector, at any depth."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            inner = (*path, key)
            if isinstance(item, Mapping) and (key == "matchLabels" or (key == "labels" and path[-1:] == ("metadata",))):
                yield from _labels(item, inner)
            else:
                yield from _all_labels(item, inner)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _all_labels(item, (*path, index))


def _labels(labels: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[SchemaProblem]:
    for key, value in labels.items():
        if problem := _key_problem(key):
            yield SchemaProblem(join((*path, key)), f"the key {problem}")
        if isinstance(value, str) and value and (len(value) > _LABEL_LENGTH or not _QUALIFIED.fullmatch(value)):
            yield SchemaProblem(
                join((*path, key)),
                f"the value must be empty or at most {_LABEL_LENGTH} letters, digits, -, _, . and begin and end with a letter or digit",
            )


def _key_problem(key: str) -> str | None:
    prefix, slash, name = key.rpartition("/")
    if slash and (len(prefix) > _SUBDOMAIN_LENGTH or not _SUBDOMAIN.fullmatch(prefix)):
        return "must have a DNS name before the /"
    if len(name) > _LABEL_LENGTH or not _QUALIFIED.fullmatch(name):
        return f"must end in at most {_LABEL_LENGTH} letters, digits, -, _ and ., beginning and ending with a letter or digit"
    return None


def _selector(document: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    spec = document.get("spec")
    if not isinstance(spec, Mapping) or isinstance(spec.get("template"), Unknown) or isinstance(spec.get("selector"), Unknown):
        return
    selector = spec.get("selector") or {}
    wanted = selector.get("matchLabels") or {}
    metadata = (spec.get("template") or {}).get("metadata") or {}
    labels = {} if isinstance(metadata, Unknown) else metadata.get("labels") or {}
    if any(isinstance(value, Unknown) for value in (wanted, metadata, labels)):
        return
    if not wanted and not selector.get("matchExpressions"):
        yield SchemaProblem("spec.selector", "must not be empty")
    for key, value in wanted.items():
        actual = labels.get(key)
        if actual != value and not isinstance(actual, Unknown) and not isinstance(value, Unknown):
            yield SchemaProblem(join(["spec", "selector", "matchLabels", key]), "must be a label of spec.template, with the same value")


def _data(kind: str, document: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    size = 0
    for field in ("data", "binaryData", "stringData"):
        content = document.get(field)
        if not isinstance(content, Mapping):
            continue
        for key, value in content.items():
            if len(key) > _SUBDOMAIN_LENGTH or not _DATA_KEY.fullmatch(key):
                yield SchemaProblem(join([field, key]), f"the key must be at most {_SUBDOMAIN_LENGTH} letters, digits, -, _ and .")
            if not isinstance(value, str):
                continue
            encoded = field == "binaryData" or (kind == "Secret" and field == "data")
            if encoded and not _is_base64(value):
                yield SchemaProblem(join([field, key]), "must be base64")
            size += len(value) * 3 // 4 if encoded else len(value.encode())
    if size > _DATA_BYTES:
        yield SchemaProblem("data", f"the {kind} holds more than {_DATA_BYTES} bytes")


def _is_base64(value: str) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
