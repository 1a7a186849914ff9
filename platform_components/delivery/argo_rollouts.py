"""Argo Rollouts' objects of one service: the Rollout, its analysis, and the route whose weights it writes.

Sources: https://argo-rollouts.readthedocs.io/en/stable/features/ (specification, analysis, canary, bluegreen, traffic-management) and
https://rollouts-plugin-trafficrouter-gatewayapi.readthedocs.io/en/stable/features/header-based-routing/.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from platform_components.charts.records.argo_rollouts import PLUGIN
from platform_components.delivery import analysis, gates, pods
from platform_components.delivery.analysis import Measure
from platform_components.delivery.rollout_args import AbTest, Alb, BlueGreen, Canary, GatewayApi, Istio, RolloutArgs

Spec = dict[str, Any]

API: Final = "argoproj.io/v1alpha1"
HASH, MINUTES, CHECKS, PATIENCE = "hash", "minutes", "checks", "patience"
"""What a template is told of a step: the version's hash, over how many minutes it is judged, how often, and how many times nothing may
be known."""
_NEW: Final = {AbTest: "canary", BlueGreen: "preview", Canary: "canary"}
_ROUTE: Final = "primary"
_ROLLBACKS: Final = 3
"""Newest versions to which a release goes back at once, past gates and steps."""
_SETTLES: Final = 5
"""Minutes beside the watch for which blue/green keeps the old version."""


@dataclass(frozen=True, slots=True)
class Route:
    """The object whose weights the controller writes."""

    api_version: str
    kind: str
    spec: Spec
    others_write: tuple[str, ...] = ()
    annotations: dict[str, str] | None = None


def services(args: RolloutArgs) -> tuple[str, str]:
    """Names of the services of the old and of the new version; callers name the first."""
    return args.service, f"{args.service}-{_NEW[type(args.strategy)]}"


def matchers(args: RolloutArgs) -> str:
    """What tells the series of the new version from others."""
    told = {
        "pod": f'pod=~"{args.service}-{{{{args.{HASH}}}}}-.+"',
        "destination-service": f'destination_service_name="{services(args)[1]}"',
    }
    where = "destination_service_namespace" if args.told_apart_by == "destination-service" else "namespace"
    return f'{where}="{args.namespace}",{told[args.told_apart_by]}'


# --- analysis


def analysis_template(args: RolloutArgs) -> Spec:
    """Every measure of the service; what differs from step to step is filled in by the step."""
    found = analysis.measures(args.objectives, matchers(args), f"{{{{args.{MINUTES}}}}}")
    return {
        "args": [{"name": name} for name in (HASH, MINUTES, CHECKS, PATIENCE, gates.INCIDENT)],
        "metrics": [_metric(args, measure) for measure in found],
    }


def _metric(args: RolloutArgs, measure: Measure) -> Spec:
    well, known = f"result[0] <= {measure.bound}", "len(result) > 0"
    passes, fails = f"{known} && {well}", f"{known} && !({well})"
    if measure.of_service:
        # What puts an incident right is released while the service is not well.
        passes, fails = f"{gates.EMERGENCY_NAMED} || ({passes})", f"{gates.NO_EMERGENCY} && {fails}"
    return {
        "name": measure.name,
        "initialDelay": "1m",
        "interval": "1m",
        "count": f"{{{{args.{CHECKS}}}}}",
        "inconclusiveLimit": f"{{{{args.{PATIENCE}}}}}",
        "successCondition": passes,
        "failureCondition": fails,
        "provider": {"prometheus": {"address": args.prometheus_url, "query": measure.query}},
    }


def _watch(args: RolloutArgs, minutes: int, since: int) -> Spec:
    """An analysis that takes so many minutes, of everything since the new version got its first request."""
    patience = minutes if args.when_unmeasured == "promote" else minutes - 1
    told = {MINUTES: max(since, 5), CHECKS: minutes, PATIENCE: patience}
    return {
        "templates": [{"templateName": args.service}],
        "args": [
            {"name": HASH, "valueFrom": {"podTemplateHashValue": "Latest"}},
            *({"name": name, "value": str(value)} for name, value in told.items()),
            *(argument for argument in gates.arguments() if argument["name"] == gates.INCIDENT),
        ],
    }


# --- the Rollout


def rollout(args: RolloutArgs) -> Spec:
    """The Rollout."""
    return {
        "replicas": args.replicas,
        "revisionHistoryLimit": 5,
        "rollbackWindow": {"revisions": _ROLLBACKS},
        "progressDeadlineSeconds": 600,
        "progressDeadlineAbort": True,
        "selector": {"matchLabels": {pods.APP: args.service}},
        "template": pods.template(args),
        "strategy": _strategy(args),
    }


def _strategy(args: RolloutArgs) -> Spec:
    old, new = services(args)
    strategy = args.strategy
    if isinstance(strategy, BlueGreen):
        return {"blueGreen": _blue_green(args, strategy, old, new)}
    steps = _shares(args, strategy) if isinstance(strategy, Canary) else _picked_users(args, strategy)
    routed = {"trafficRouting": _traffic(args)} if args.router is not None else {}
    return {
        "canary": {
            "stableService": old,
            "canaryService": new,
            "maxUnavailable": 0,
            "maxSurge": "25%",
            **routed,
            "steps": [*gates.step(), *steps],
        }
    }


def _shares(args: RolloutArgs, strategy: Canary) -> Sequence[Spec]:
    steps: list[Spec] = []
    since = 0
    for share in strategy.steps:
        since += share.minutes
        steps += [{"setWeight": share.weight}, {"analysis": _watch(args, share.minutes, since)}]
    return steps


def _picked_users(args: RolloutArgs, strategy: AbTest) -> Sequence[Spec]:
    name = managed_route(args)
    match = [{"headerName": header.name, "headerValue": {str(header.match): header.value}} for header in strategy.headers]
    return [
        {"setCanaryScale": {"weight": strategy.replicas_percent}},
        {"setHeaderRoute": {"name": name, "match": match}},
        # Then everybody gets it, and the controller takes the route away: nobody is sent back in between.
        {"analysis": _watch(args, strategy.minutes, strategy.minutes)},
    ]


def _blue_green(args: RolloutArgs, strategy: BlueGreen, old: str, new: str) -> Spec:
    preview = {"previewReplicaCount": strategy.preview_replicas} if strategy.preview_replicas is not None else {}
    return {
        "activeService": old,
        "previewService": new,
        **preview,
        "autoPromotionEnabled": True,
        "prePromotionAnalysis": {
            "templates": [gates.reference(name) for name in (gates.WINDOW, gates.BUDGET)],
            "args": gates.arguments(),
        },
        "postPromotionAnalysis": _watch(args, strategy.minutes, strategy.minutes),
        # Until the watch is over there is something to go back to.
        "scaleDownDelaySeconds": (strategy.minutes + _SETTLES) * 60,
    }


def managed_route(args: RolloutArgs) -> str:
    """Name of the route for picked users: made when they get the new version, gone when everybody does."""
    return f"{args.service}-ab"


def _traffic(args: RolloutArgs) -> Spec:
    router = args.router
    managed = {"managedRoutes": [{"name": managed_route(args)}]} if isinstance(args.strategy, AbTest) else {}
    if isinstance(router, GatewayApi):
        by_header = {"useHeaderRoutes": True} if managed else {}
        return {**managed, "plugins": {PLUGIN: {"namespace": args.namespace, "httpRoutes": [{"name": args.service, **by_header}]}}}
    if isinstance(router, Istio):
        return {**managed, "istio": {"virtualService": {"name": args.service, "routes": [_ROUTE]}}}
    return {**managed, "alb": {"ingress": args.service, "servicePort": args.port}}


# --- the route


def route(args: RolloutArgs) -> Route | None:
    """The route of the service; None without a router. With blue/green it leads to the one service that changes its pods."""
    backends = services(args) if not isinstance(args.strategy, BlueGreen) else (args.service,)
    router = args.router
    if isinstance(router, GatewayApi):
        return _http_route(args, router, backends)
    if isinstance(router, Istio):
        return _virtual_service(args, router, backends)
    return _ingress(args, router) if router is not None else None


def _http_route(args: RolloutArgs, router: GatewayApi, backends: Sequence[str]) -> Route:
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": router.path}}],
        "backendRefs": [{"name": name, "port": args.port, "weight": weight} for name, weight in zip(backends, (100, 0), strict=False)],
    }
    spec = {
        "parentRefs": [{"name": router.gateway, "namespace": router.gateway_namespace}],
        "hostnames": list(router.hostnames),
        "rules": [rule],
    }
    return Route("gateway.networking.k8s.io/v1", "HTTPRoute", spec, ("spec.rules[*].backendRefs[*].weight",))


def _virtual_service(args: RolloutArgs, router: Istio, backends: Sequence[str]) -> Route:
    destinations = [
        {"destination": {"host": name, "port": {"number": args.port}}, "weight": weight}
        for name, weight in zip(backends, (100, 0), strict=False)
    ]
    hosts = list(router.hosts) or [args.service]
    spec = {"hosts": hosts, "gateways": list(router.gateways), "http": [{"name": _ROUTE, "route": destinations}]}
    return Route("networking.istio.io/v1", "VirtualService", spec, ("spec.http[*].route[*].weight",))


def _ingress(args: RolloutArgs, router: Alb) -> Route:
    """Its backend is an action by the service's name, which the controller writes into the annotations."""
    shared = not isinstance(args.strategy, BlueGreen)
    backend = {"service": {"name": args.service, "port": {"name": "use-annotation"} if shared else {"number": args.port}}}
    path = {"path": router.path, "pathType": "Prefix", "backend": backend}
    spec = {"ingressClassName": router.ingress_class, "rules": [{"host": host, "http": {"paths": [path]}} for host in router.hostnames]}
    annotations = {"alb.ingress.kubernetes.io/target-type": "ip"}
    return Route("networking.k8s.io/v1", "Ingress", spec, ("metadata.annotations",) if shared else (), annotations)
