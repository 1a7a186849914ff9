"""What is scraped of runners, as specs of PodMonitors: their charts bring none. Pure."""

from typing import Any

from platform_components.charts.records import gha_runner_scale_set_controller as controller

Spec = dict[str, Any]

_LABEL = "__meta_kubernetes_pod_label_actions_github_com_scale_set_"


def github() -> dict[str, Spec]:
    """The controller, and the listeners beside it: what a listener counts by the job says nothing of its set, which its pod knows."""
    of_set = [{"sourceLabels": [f"{_LABEL}{label}"], "targetLabel": label} for label in ("namespace", "name")]
    return {
        "controller": _monitor(controller.LABELS),
        "listeners": _monitor({"app.kubernetes.io/component": "runner-scale-set-listener"}, of_set),
    }


def _monitor(labels: dict[str, str], relabelings: list[Spec] | None = None) -> Spec:
    endpoint: Spec = {"port": "metrics", "honorLabels": True}
    return {
        "selector": {"matchLabels": dict(labels)},
        "podMetricsEndpoints": [{**endpoint, "relabelings": relabelings} if relabelings else endpoint],
    }
