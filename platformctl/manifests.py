"""Kubernetes objects in YAML, read as Kubernetes reads them."""

import json
from typing import Any, Final

import yaml


def objects_of(text: str, default_namespace: str | None = None) -> list[dict[str, Any]]:
    """The objects of a YAML text; the items of a List stand for themselves.

    Args:
        text: YAML, of several documents perhaps.
        default_namespace: put into the metadata of objects that name none.

    Raises:
        ValueError: the text is not YAML, or a document is no object.
    """
    try:
        documents = [document for document in yaml.load_all(text, Loader=_Loader) if document is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise ValueError(f"the text is not YAML{place}") from None
    objects: list[dict[str, Any]] = []
    for position, document in enumerate(documents, 1):
        if not isinstance(document, dict) or not document.get("kind") or not document.get("apiVersion"):
            raise ValueError(f"document {position} of the YAML text is no Kubernetes object: it needs apiVersion and kind")
        is_list = document["kind"].endswith("List") and isinstance(document.get("items"), list)
        objects += document["items"] if is_list else [document]
    if default_namespace:
        for item in objects:
            item.setdefault("metadata", {}).setdefault("namespace", default_namespace)
    return json.loads(json.dumps(objects))  # type: ignore[no-any-return]  # JSON: without YAML's shared anchors


_RESOLVERS: Final = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader: Final[Any] = type("_Loader", (yaml.SafeLoader,), {"yaml_implicit_resolvers": _RESOLVERS})
"""YAML as Kubernetes reads it: a date is text."""
