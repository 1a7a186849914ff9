"""What the API server refuses of releases: to leave a gate out, to go past one, and what has not run in the environment before. Pure.

Sources: as of admission/policy.py; what `kubectl argo rollouts promote` writes into a status:
https://argo-rollouts.readthedocs.io/en/stable/generated/kubectl-argo-rollouts/kubectl-argo-rollouts_promote/.
"""

from collections.abc import Mapping
from typing import Any, Final

from platform_components.admission.policy import Check, Policy, Reason, Resources, Target, fields
from platform_components.admission.templates import IMAGES, POD, at_template
from platform_components.charts.records import argo_rollouts, flagger
from platform_components.delivery import gates
from platform_components.delivery.rollout_args import Engine
from platform_components.labels import EMERGENCY, INCIDENT_PATTERN, TEAM

PROMOTIONS: Final = "promotions"
"""ConfigMap of a namespace: digests that may run there, by service, separated by spaces."""

_INCIDENT: Final = ("incident", f"dyn(object).?metadata.?annotations[?'{EMERGENCY}'].orValue('')")
_NAMED: Final = "variables.incident != ''"

_INCIDENT_CHECK: Final = Check(
    name="unnamed",
    finds=f"{_NAMED} && !variables.incident.matches('{INCIDENT_PATTERN}') ? [variables.incident] : []",
    says=f"the annotation {EMERGENCY} names an incident, such as INC-123, and {{unnamed}} is none",
)


def _passes(analysis: str, gate: str) -> str:
    """CEL: an analysis asks a gate of the platform, and tells it what the object says of itself."""
    told = " && ".join(
        f"a.?args.orValue([]).exists(x, x.name == '{name}' && x.?valueFrom.?fieldRef.?fieldPath.orValue('') == \"{path}\")"
        for name, path in gates.FIELDS.items()
    )
    asked = f"a.?templates.orValue([]).exists(t, t.?templateName.orValue('') == '{gate}' && t.?clusterScope.orValue(false))"
    return f"[{analysis}].exists(a, {asked} && {told})"


def _step(index: int) -> str:
    return f"(variables.steps.size() > {index} ? variables.steps[{index}].?analysis.orValue({{}}) : {{}})"


_BEFORE = "dyn(object).?spec.?strategy.?blueGreen.?prePromotionAnalysis.orValue({})"
_MISSING = " + ".join(
    f"((variables.shared ? {_passes(_step(index), gate)} : {_passes(_BEFORE, gate)}) ? [] : ['{gate}'])"
    for index, gate in enumerate((gates.WINDOW, gates.BUDGET))
)

ROLLOUT_GATES: Final = Policy(
    name="rollout-gates",
    refuses="a Rollout that does not pass the gates of the platform first",
    target=Target(
        resources=(Resources("argoproj.io", ("rollouts",), ("*",)),),
        reads=fields("spec.strategy", "metadata.annotations"),
    ),
    variables=(
        _INCIDENT,
        ("shared", "has(dyn(object).spec.strategy.canary)"),
        ("steps", "dyn(object).?spec.?strategy.?canary.?steps.orValue([])"),
    ),
    checks=(
        Check(
            name="missing",
            finds=_MISSING,
            says="this Rollout does not ask {missing}: make them its first steps, in this order, or its prePromotionAnalysis, with "
            "clusterScope and the arguments service and emergency from its own metadata, as the component Rollout does",
        ),
        _INCIDENT_CHECK,
    ),
    reason=Reason.FORBIDDEN,
)

_STEP = "status.currentStepIndex"
ROLLOUT_SKIPS: Final = Policy(
    name="rollout-skips",
    refuses="promoting a Rollout past a gate, or past more than one step",
    target=Target(
        resources=(Resources("argoproj.io", ("rollouts/status",), ("*",)),),
        reads=fields("status.promoteFull", _STEP),
        operations=("UPDATE",),
    ),
    variables=(
        _INCIDENT,
        ("from_step", f"int(dyn(oldObject).?{_STEP.replace('.', '.?')}.orValue(0))"),
        ("to_step", f"int(dyn(object).?{_STEP.replace('.', '.?')}.orValue(0))"),
    ),
    checks=(
        Check(
            name="skipped",
            finds=f"""
            {_NAMED} ? [] : (
              (dyn(object).?status.?promoteFull.orValue(false) ? ['every step'] : [])
              + (variables.to_step > variables.from_step && variables.from_step < 2 ? ['a gate'] : [])
              + (variables.to_step > variables.from_step + 1 ? ['more than one step'] : []))
            """,
            says=f"this would go past {{skipped}}; wait for it, or in an incident name it in the annotation {EMERGENCY}",
        ),
    ),
    reason=Reason.FORBIDDEN,
    but_platform=True,
)

_LIMITS: Final[Mapping[str, str]] = {
    gates.WINDOW: "double(m.?thresholdRange.?min.orValue(0)) >= 1.0",
    gates.BUDGET: f"has(m.thresholdRange.max) && double(m.thresholdRange.max) < {gates.FROZEN}.0",
}
CANARY_GATES: Final = Policy(
    name="canary-gates",
    refuses="a Canary that does not ask the gates of the platform",
    target=Target(
        resources=(Resources("flagger.app", ("canaries",), ("*",)),),
        reads=fields("spec", "metadata.annotations"),
    ),
    variables=(_INCIDENT, ("metrics", "dyn(object).?spec.?analysis.?metrics.orValue([])")),
    checks=(
        Check(
            name="missing",
            finds=f"{_NAMED} ? [] : ("
            + " + ".join(
                f"(variables.metrics.exists(m, m.?templateRef.?name.orValue('') == '{gate}' && m.?templateRef.?namespace.orValue('') == "
                f"'{flagger.NAMESPACE}' && {limit}) ? [] : ['{gate}'])"
                for gate, limit in _LIMITS.items()
            )
            + " + (dyn(object).?spec.?skipAnalysis.orValue(false) ? ['anything: skipAnalysis is set'] : []))",
            says="this Canary does not ask {missing}; have them among its metrics, as the component Rollout does, or in an incident name "
            f"it in the annotation {EMERGENCY}",
        ),
        _INCIDENT_CHECK,
    ),
    reason=Reason.FORBIDDEN,
)

PROMOTION: Final = Policy(
    name="promotion-order",
    refuses="images that have not been recorded as promoted from the environment before",
    target=Target(
        resources=(
            Resources("apps", ("daemonsets", "deployments", "statefulsets")),
            Resources("batch", ("cronjobs", "jobs")),
            Resources("argoproj.io", ("rollouts",), ("*",)),
        ),
        reads=lambda root: [at_template(root, "spec")],
    ),
    variables=(
        _INCIDENT,
        POD,
        *IMAGES,
        ("promoted", "params.?data.orValue({}).map(service, params.data[service])"),
    ),
    checks=(
        Check(
            name="unpromoted",
            finds=f"""
            {_NAMED} ? [] : variables.images
              .filter(i, !variables.promoted.exists(p, p.split(' ').exists(d, d.startsWith('sha256:') && i.image.endsWith('@' + d))))
              .map(i, i.of + ' (' + i.image + ')')
            """,
            says="images that have not come through the environment before: {unpromoted}; name them by digest, and record them with "
            f"`platformctl promotion approve`, or in an incident name it in the annotation {EMERGENCY}",
        ),
        _INCIDENT_CHECK,
    ),
    reason=Reason.FORBIDDEN,
)

OF_ENGINE: Final[Mapping[Engine, tuple[Policy, ...]]] = {
    Engine.ARGO_ROLLOUTS: (ROLLOUT_GATES, ROLLOUT_SKIPS),
    Engine.FLAGGER: (CANARY_GATES,),
}
CONTROLLERS: Final[Mapping[Engine, str]] = {
    Engine.ARGO_ROLLOUTS: f"system:serviceaccounts:{argo_rollouts.NAMESPACE}",
    Engine.FLAGGER: f"system:serviceaccounts:{flagger.NAMESPACE}",
}
"""Group of the controller itself, which takes the steps."""


def by_record(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A policy's spec that reads the record of the namespace."""
    return {**spec, "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}}


def with_record(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A binding's spec for the namespaces of teams; where there is no record, nothing has been promoted."""
    return {
        **spec,
        "paramRef": {"name": PROMOTIONS, "parameterNotFoundAction": "Deny"},
        "matchResources": {"namespaceSelector": {"matchExpressions": [{"key": TEAM, "operator": "Exists"}]}},
    }


def with_audit(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A policy's spec that writes into the audit log who released past a gate, and for which incident."""
    # An empty text is no annotation.
    return {**spec, "auditAnnotations": [{"key": "emergency", "valueExpression": "variables.incident"}]}
