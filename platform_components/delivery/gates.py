"""What every release passes before its first share of traffic: the error budget, and the windows of the environment.

One template of each for the whole cluster, made by the platform, so that no team can write itself another.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from platform_components.delivery.progressive_args import Window
from platform_components.labels import EMERGENCY
from platform_components.observability.slo.budget import NUMBERS, STATE, BudgetState

BUDGET, WINDOW = "delivery-budget", "delivery-window"
"""Names of the templates, in the order a release passes them: the window first, for it may be long until it opens."""

SERVICE, INCIDENT = "service", "emergency"
"""What a gate is told of a release."""
FIELDS: Final[Mapping[str, str]] = {SERVICE: "metadata.name", INCIDENT: f"metadata.annotations['{EMERGENCY}']"}
"""Where it is read of a Rollout: never from what somebody wrote into the step."""

ARGO_SERVICE = f"{{{{args.{SERVICE}}}}}"
FLAGGER_SERVICE = "{{ target }}"
NO_EMERGENCY = f"'{{{{args.{INCIDENT}}}}}' == ''"
EMERGENCY_NAMED = f"'{{{{args.{INCIDENT}}}}}' != ''"

FROZEN: Final = NUMBERS[BudgetState.FREEZE]

Spec = dict[str, Any]


def budget_query(service: str) -> str:
    """The worst state of the error budgets of a service; nothing where it has no objective, 0 where it has one and no events yet."""
    return f'max({STATE}{{service="{service}"}} or 0 * slo:error_budget:ratio{{service="{service}"}})'


def window_query(windows: Sequence[Window]) -> str:
    """1 or more while a window is open, 0 while none is; always 1 without windows. In UTC."""
    if not windows:
        return "vector(1)"
    return " + ".join(_open(window) for window in windows)


def _open(window: Window) -> str:
    days = " + ".join(f"(day_of_week() == bool {day.number})" for day in window.days)
    return f"(({days}) * (hour() >= bool {window.from_hour}) * (hour() < bool {window.until_hour}))"


# --- Argo Rollouts


def step() -> Sequence[Spec]:
    """The first steps of a canary."""
    return [{"analysis": {"templates": [reference(name)], "args": arguments()}} for name in (WINDOW, BUDGET)]


def reference(name: str) -> Spec:
    """A template of the whole cluster."""
    return {"templateName": name, "clusterScope": True}


def arguments() -> list[Spec]:
    """What a gate is told, read of the Rollout itself."""
    return [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in FIELDS.items()]


def cluster_templates(prometheus_url: Any, windows: Sequence[Window]) -> dict[str, Spec]:
    """Specs of the ClusterAnalysisTemplates, by name."""

    def template(name: str, query: str, **rules: Any) -> Spec:
        prometheus = {"address": prometheus_url, "query": query}
        return {
            "args": [{"name": SERVICE}, {"name": INCIDENT}],
            "metrics": [{"name": name, **rules, "provider": {"prometheus": prometheus}}],
        }

    return {
        BUDGET: template(
            BUDGET,
            budget_query(ARGO_SERVICE),
            successCondition=f"{EMERGENCY_NAMED} || (len(result) > 0 && result[0] < {FROZEN})",
            failureCondition=f"{NO_EMERGENCY} && len(result) > 0 && result[0] >= {FROZEN}",
        ),
        WINDOW: template(
            WINDOW,
            window_query(windows),
            successCondition=f"{EMERGENCY_NAMED} || (len(result) > 0 && result[0] > 0)",
            # It is asked every minute until a window opens; that it is closed is no failure.
            interval="1m",
            failureLimit=-1,
            consecutiveSuccessLimit=1,
        ),
    }


# --- Flagger


def metric_templates(prometheus_url: Any, windows: Sequence[Window]) -> dict[str, Spec]:
    """Specs of the MetricTemplates, by name."""
    provider = {"type": "prometheus", "address": prometheus_url}
    queries = {BUDGET: budget_query(FLAGGER_SERVICE), WINDOW: window_query(windows)}
    return {name: {"provider": provider, "query": query} for name, query in queries.items()}


def metrics(namespace: str) -> list[Spec]:
    """Metrics of a Canary that ask them."""
    ranges: Mapping[str, Spec] = {BUDGET: {"max": FROZEN - 1}, WINDOW: {"min": 1}}
    return [
        {"name": name, "interval": "1m", "templateRef": {"name": name, "namespace": namespace}, "thresholdRange": ranges[name]}
        for name in (WINDOW, BUDGET)
    ]
