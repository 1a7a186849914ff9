"""What the provider waits for: only what a control plane without nodes makes true. No pod runs here, so no workload becomes ready."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from platformctl.sandbox.kubernetes.kinds import Kind
from platformctl.sandbox.kubernetes.ownership import annotation

Values = Mapping[str, Any]

_SKIP: Final = "pulumi.com/skipAwait"
_SECONDS: Final = "pulumi.com/timeoutSeconds"
_PROPAGATION: Final = "pulumi.com/deletionPropagationPolicy"
_POLICIES: Final = {"orphan": "Orphan", "background": "Background"}
_GONE_UNAWAITED: Final = frozenset(
    {
        ("", "Namespace"),
        ("", "Pod"),
        ("", "ReplicationController"),
        ("apps", "DaemonSet"),
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("batch", "Job"),
    }
)
"""Kinds whose end is not awaited either under skipAwait (pulumi-kubernetes, provider/pkg/metadata/overrides.go)."""
_SETTLED: Final = frozenset({"Established", "NamesAccepted"})


def unready(kind: Kind, live: Values) -> str | None:
    """What an object still lacks; None if there is nothing to wait for."""
    rule = _READY.get((kind.group, kind.kind))
    return rule(live) if rule else None


def _inactive(live: Values) -> str | None:
    phase = (live.get("status") or {}).get("phase")
    return None if phase == "Active" else f"its phase is {phase}"


def _unestablished(live: Values) -> str | None:
    met = {condition["type"] for condition in conditions(live) if condition.get("status") == "True"}
    return None if "Established" in met else doomed(live) or "it is not established"


def doomed(live: Values) -> str | None:
    """Why an object will never be ready: another definition has its names."""
    for condition in conditions(live):
        if condition.get("type") == "NamesAccepted" and condition.get("status") == "False":
            return str(condition.get("message"))
    return None


def _uncounted(live: Values) -> str | None:
    """A quota refuses everything until a controller has counted what is there."""
    hard = (live.get("spec") or {}).get("hard") or {}
    return None if ((live.get("status") or {}).get("hard") or {}) == hard else "what it limits is not counted yet"


_READY: Final[Mapping[tuple[str, str], Callable[[Values], str | None]]] = {
    ("", "Namespace"): _inactive,
    ("", "ResourceQuota"): _uncounted,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _unestablished,
}


def skips(inputs: Values) -> bool:
    """Whether the program asks not to wait for readiness."""
    return annotation(inputs, _SKIP) == "true"


def skips_end(kind: Kind, inputs: Values) -> bool:
    """Whether the program asks not to wait for the end of an object of this kind."""
    return skips(inputs) and (kind.group, kind.kind) in _GONE_UNAWAITED


def patience(inputs: Values, timeout: float, default: float) -> float:
    """Seconds to wait: the resource's custom timeout, the annotation, or the default."""
    noted = annotation(inputs, _SECONDS) or ""
    return timeout or (float(noted) if noted.isdigit() else default)


def propagation(inputs: Values) -> str:
    """What becomes of the objects that an object owns."""
    return _POLICIES.get((annotation(inputs, _PROPAGATION) or "").lower(), "Foreground")


def conditions(live: Values) -> Sequence[Mapping[str, Any]]:
    """The conditions of an object's status."""
    return (live.get("status") or {}).get("conditions") or ()


def lingering(live: Values) -> str:
    """Why an object that is being deleted is still there: what its conditions say, and its finalizers."""
    told = [
        str(condition["message"])
        for condition in conditions(live)
        if condition.get("status") == "True" and condition.get("message") and condition.get("type") not in _SETTLED
    ]
    metadata, spec = live.get("metadata") or {}, live.get("spec") or {}
    inner = spec.get("finalizers") if isinstance(spec, Mapping) and live.get("kind") == "Namespace" else None
    finalizers = [*(metadata.get("finalizers") or ()), *(inner or ())]
    if finalizers:
        told.append(f"it waits for its finalizers {', '.join(finalizers)}")
    return "; ".join(" ".join(text.split()) for text in told) or "the API server does not say why"
