"""Flagger's objects of one service: the Deployment, the Canary and its metrics. Services and routes Flagger makes itself.

Source: https://docs.flagger.app/usage/how-it-works, https://docs.flagger.app/usage/deployment-strategies and
https://docs.flagger.app/usage/metrics.
"""

from typing import Any, Final

from platform_components.charts.records.flagger import NAMESPACE
from platform_components.delivery import analysis, gates, pods
from platform_components.delivery.analysis import Measure
from platform_components.delivery.rollout_args import AbTest, BlueGreen, Canary, GatewayApi, Istio, RolloutArgs

Spec = dict[str, Any]

API: Final = "flagger.app/v1beta1"
_FAILED_CHECKS: Final = 2
"""Checks that may fail before it goes back: one answer that Prometheus owes is no bad version."""
_WINDOW: Final = 5
"""Least minutes that a version is judged over."""


def pace(args: RolloutArgs) -> int:
    """Minutes from one check to the next: a canary's step, else one."""
    return args.strategy.steps[0].minutes if isinstance(args.strategy, Canary) else 1


def matchers(args: RolloutArgs) -> str:
    """What tells the series of the new version from others: Flagger calls the pods of the old one `-primary`."""
    if args.told_apart_by == "destination-service":
        return f'destination_service_namespace="{args.namespace}",destination_service_name="{args.service}-canary"'
    return f'namespace="{args.namespace}",pod=~"{args.service}-[0-9a-z]+-[0-9a-z]+",pod!~"{args.service}-primary-.+"'


def measures(args: RolloutArgs) -> tuple[Measure, ...]:
    """What a version is asked: nothing measured is 0, for no answer would be a bad one."""
    span = max(_WINDOW, pace(args) if isinstance(args.strategy, Canary) else args.strategy.minutes)
    return analysis.measures(args.objectives, matchers(args), str(span), otherwise=True)


def deployment(args: RolloutArgs) -> Spec:
    """The Deployment that Flagger watches; it runs only while a new version comes in."""
    return {
        "replicas": args.replicas,
        "revisionHistoryLimit": 5,
        "selector": {"matchLabels": {pods.APP: args.service}},
        "template": pods.template(args),
    }


def metric_template(args: RolloutArgs, measure: Measure) -> Spec:
    """A MetricTemplate."""
    return {"provider": {"type": "prometheus", "address": args.prometheus_url}, "query": measure.query}


def template_name(args: RolloutArgs, measure: Measure) -> str:
    """Name of the MetricTemplate of a measure."""
    return f"{args.service}-{measure.name}"


def canary(args: RolloutArgs) -> Spec:
    """The Canary."""
    return {
        "provider": _PROVIDERS[args.router_kind],
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": args.service},
        "progressDeadlineSeconds": 600,
        "service": {"port": args.port, "targetPort": "http", "portName": "http", "appProtocol": "http", **_routed(args)},
        "analysis": {
            "interval": f"{pace(args)}m",
            "threshold": _FAILED_CHECKS,
            **_steps(args),
            "metrics": [*([] if args.emergency else gates.metrics(NAMESPACE)), *_metrics(args)],
        },
    }


_PROVIDERS: Final = {"none": "kubernetes", "gateway-api": "gatewayapi:v1", "istio": "istio"}


def _routed(args: RolloutArgs) -> Spec:
    router = args.router
    if isinstance(router, GatewayApi):
        gateway = {
            "group": "gateway.networking.k8s.io",
            "kind": "Gateway",
            "name": router.gateway,
            "namespace": router.gateway_namespace,
        }
        return {"hosts": list(router.hostnames), "gatewayRefs": [gateway], "match": [{"uri": {"prefix": router.path}}]}
    if isinstance(router, Istio):
        return {"hosts": list(router.hosts) or [args.service], "gateways": list(router.gateways)}
    return {}


def _steps(args: RolloutArgs) -> Spec:
    strategy = args.strategy
    if isinstance(strategy, Canary):
        return {"stepWeights": [step.weight for step in strategy.steps]}
    if isinstance(strategy, BlueGreen):
        return {"iterations": strategy.minutes}
    assert isinstance(strategy, AbTest)  # noqa: S101 -- the third of three
    headers = {header.name.lower(): {str(header.match): header.value} for header in strategy.headers}
    return {"iterations": strategy.minutes, "match": [{"headers": headers}]}


def _metrics(args: RolloutArgs) -> list[Spec]:
    return [
        {
            "name": measure.name,
            "interval": "1m",
            "templateRef": {"name": template_name(args, measure)},
            "thresholdRange": {"max": float(measure.bound)},
        }
        for measure in measures(args)
        if not (args.emergency and measure.of_service)
    ]
