"""Rollout: a service whose new versions come in little by little, judged by its own objectives, and go back by themselves.

Builds for Argo Rollouts the Rollout, its services, route and AnalysisTemplate; for Flagger the Deployment, Canary and MetricTemplates.
Does not build the controller (ProgressiveDelivery), the objectives' rules (Slo), namespaces, gateways, certificates or autoscalers.
"""

from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from platform_components.component import PlatformComponent
from platform_components.custom_resources import CustomResources
from platform_components.delivery import argo_rollouts, flagger, pods
from platform_components.delivery.rollout_args import Engine, RolloutArgs
from platform_components.labels import EMERGENCY
from platform_components.names import child_name


class Rollout(PlatformComponent):
    """A service that is released by canary, blue/green or A/B: bad versions go back, and none begins with its error budget spent.

    Example::

        slo = SloArgs(service="checkout", objective="99.9", indicator=...)
        Slo("checkout", slo)
        Rollout("checkout", RolloutArgs(service="checkout", namespace=team.namespace, image=image, objectives={"checkout": slo},
            router={"hostnames": ["checkout.prod.example.com"]}, strategy={"kind": "canary", "steps": [{"weight": 10}, {"weight": 50}]}))

    A version passes two gates of ProgressiveDelivery, the window and the error budget, and then its steps. It goes back where it fails so
    often that it would page as the whole service, or where the service pages. Too few events say nothing: a step then waits for somebody
    (`kubectl argo rollouts promote`). In an incident `emergency` names it, and the gates open.

    With Flagger the gates are asked from the first share of traffic on, not before it, and a closed window sends the version back.
    """

    rollout_name: pulumi.Output[str]
    """Name of the Rollout, or of the Canary."""
    stable_service: pulumi.Output[str]
    """Service that callers name: the version that has been judged, or with blue/green the one that has all traffic."""
    canary_service: pulumi.Output[str]
    """Service of the new version."""

    def __init__(self, name: str, args: RolloutArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._objects = CustomResources(self, name, args.namespace)
        self._annotations = {EMERGENCY: args.emergency} if args.emergency else None
        if args.engine is Engine.FLAGGER:
            self._create_canary()
            names = args.service, f"{args.service}-canary"
        else:
            self._create_rollout()
            names = argo_rollouts.services(args)
        self.rollout_name = pulumi.Output.from_input(args.service)
        self.stable_service, self.canary_service = map(pulumi.Output.from_input, names)
        self.register()

    def _metadata(self, name: str) -> Any:
        metadata: dict[str, Any] = {"name": name, "namespace": self._args.namespace, "labels": pods.labels(self._args.service)}
        return metadata | ({"annotations": self._annotations} if self._annotations else {})

    # -- Argo Rollouts

    def _create_rollout(self) -> None:
        args = self._args
        template = self._objects.create(
            "analysis", argo_rollouts.API, "AnalysisTemplate", args.service, argo_rollouts.analysis_template(args)
        )
        made: list[pulumi.Resource] = [template, *map(self._create_service, argo_rollouts.services(args))]
        if (route := self._create_route()) is not None:
            made.append(route)
        spec = argo_rollouts.rollout(args)
        labels = pods.labels(args.service)
        self._objects.create(
            "rollout", argo_rollouts.API, "Rollout", args.service, spec, made, labels=labels, annotations=self._annotations
        )

    def _create_service(self, service: str) -> k8s.core.v1.Service:
        # Its pods come after it, with the Rollout: waiting for them would be for ever.
        metadata: Any = {**self._metadata(service), "annotations": {"pulumi.com/skipAwait": "true"}}
        spec: Any = pods.service(self._args)
        role = "stable" if service == self._args.service else "new"
        return k8s.core.v1.Service(child_name(self._name, role), metadata=metadata, spec=spec, opts=self.child_options())

    def _create_route(self) -> pulumi.Resource | None:
        found = argo_rollouts.route(self._args)
        if found is None:
            return None
        return self._objects.create(
            "route",
            found.api_version,
            found.kind,
            self._args.service,
            found.spec,
            annotations=found.annotations,
            others_write=found.others_write,
        )

    # -- Flagger

    def _create_canary(self) -> None:
        args = self._args
        spec: Any = flagger.deployment(args)
        made: list[pulumi.Resource] = [
            k8s.apps.v1.Deployment(
                child_name(self._name, "deployment"), metadata=self._metadata(args.service), spec=spec, opts=self.child_options()
            )
        ]
        for measure in flagger.measures(args):
            role, called = child_name("metric", measure.name), flagger.template_name(args, measure)
            made.append(self._objects.create(role, flagger.API, "MetricTemplate", called, flagger.metric_template(args, measure)))
        self._objects.create("canary", flagger.API, "Canary", args.service, flagger.canary(args), made, annotations=self._annotations)
