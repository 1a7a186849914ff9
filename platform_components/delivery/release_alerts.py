"""Alerts on releases: gone back, waiting, stuck, short of pods. They go to the team whose namespace it is. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from platform_components.delivery.rollout_args import Engine
from platform_components.observability import dashboards
from platform_components.observability.alerts import Alert, Group, Links, Severity, rule_spec
from platform_components.observability.rules.workloads import owned


def _by_release(expression: str) -> str:
    """The release's own namespace, which the operator has renamed: the target's is the controller's."""
    renamed = f'label_replace({expression}, "namespace", "$1", "exported_namespace", "(.+)")'
    return f"max by (namespace, name) ({renamed})"


# Phases are those of the metric, not of the object: https://github.com/argoproj/argo-rollouts/blob/v1.9.0/controller/metrics/rollouts.go
_ARGO: Final = 'rollout_info{{phase=~"{}"}}'

EXPRESSIONS: Final[Mapping[Engine, Mapping[str, str]]] = {
    Engine.ARGO_ROLLOUTS: {
        "RolloutAborted": f"{_by_release(_ARGO.format('Abort|Error|InvalidSpec|Timeout'))} == 1",
        "RolloutWaits": f"{_by_release(_ARGO.format('Paused'))} == 1",
        "RolloutStuck": f"{_by_release(_ARGO.format('Progressing'))} == 1",
        "RolloutDegraded": f"{_by_release('rollout_info_replicas_desired - rollout_info_replicas_available')} > 0",
    },
    Engine.FLAGGER: {
        "RolloutAborted": "max by (namespace, name) (flagger_canary_status) == 2",
        "RolloutStuck": "max by (namespace, name) (flagger_canary_status) == 0",
    },
}
_ALERTS: Final[Mapping[str, tuple[str, str]]] = {
    "RolloutAborted": ("5m", "has gone back to the version before"),
    "RolloutWaits": ("2h", "has waited for somebody for two hours"),
    "RolloutStuck": ("1d", "has not come to an end within a day"),
    "RolloutDegraded": ("20m", "lacks {{ $value }} of its pods"),
}
"""How long each lasts, and what it says of the release."""


def alerts(engine: Engine, links: Links) -> dict[str, Any]:
    """The rule file of a controller."""
    rules = [_alert(name, expression) for name, expression in EXPRESSIONS[engine].items()]
    return rule_spec([Group("releases", rules)], links)


def _alert(name: str, expression: str) -> Alert:
    lasting, says = _ALERTS[name]
    return Alert(
        name,
        owned(expression),
        Severity.TICKET,
        f"Release {{{{ $labels.namespace }}}}/{{{{ $labels.name }}}} {says}",
        dashboard=f"{dashboards.TENANT}?var-namespace={{{{ $labels.namespace }}}}",
        lasting=lasting,
        team="",
    )
