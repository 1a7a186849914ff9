"""Revision tags: names that point at a revision of istiod, and are moved to the next one by changing where they point. Pure.

Objects of the program's own and not of the chart: a tag moves from the release of one version to that of another, and Helm would not let
the second have what the first made. Shape of the objects: https://istio.io/latest/docs/setup/upgrade/canary/#stable-revision-labels.
"""

from typing import Any

from platform_components.charts.records.istiod import NAMESPACE

Spec = dict[str, Any]

DEFAULT = "default"
"""Tag of what names no revision."""

_INJECT = "sidecar.istio.io/inject"
_ENABLED = "istio-injection"
_REVISION = "istio.io/rev"


def labels(tag: str, revision: str) -> dict[str, str]:
    """Labels by which istiod knows a tag as one of its own, and keeps its certificate current."""
    return {"istio.io/tag": tag, _REVISION: revision, "app": "sidecar-injector"}


def webhooks(tag: str, revision: str) -> list[Spec]:
    """Webhooks of a tag: namespaces that carry it, and pods that carry it where their namespace says nothing."""
    not_refused = _expression(_INJECT, "NotIn", "false")
    of_tag, of_none = _expression(_REVISION, "In", tag), _expression(_REVISION, "DoesNotExist")
    unsaid = _expression(_ENABLED, "DoesNotExist")
    found = [
        _webhook("rev.namespace", revision, [of_tag, unsaid], [not_refused]),
        _webhook("rev.object", revision, [of_none, unsaid], [not_refused, of_tag]),
    ]
    if tag == DEFAULT:
        asked = _expression(_INJECT, "In", "true")
        found += [
            _webhook("namespace", revision, [_expression(_ENABLED, "In", "enabled")], [not_refused]),
            _webhook("object", revision, [unsaid, of_none], [asked, of_none]),
        ]
    return found


def _webhook(name: str, revision: str, namespaces: list[Spec], objects: list[Spec]) -> Spec:
    return {
        "name": f"{name}.sidecar-injector.istio.io",
        # Without a caBundle: istiod writes it.
        "clientConfig": {"service": {"name": f"istiod-{revision}", "namespace": NAMESPACE, "path": "/inject", "port": 443}},
        "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
        "namespaceSelector": {"matchExpressions": namespaces},
        "objectSelector": {"matchExpressions": objects},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }


def _expression(key: str, operator: str, *values: str) -> Spec:
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {})}
