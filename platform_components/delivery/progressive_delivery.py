"""ProgressiveDelivery: the controller of canary, blue/green and A/B releases, its gates, and what nobody goes past.

Builds the controller's namespace and release, the gates of every release (error budget and window), admission policies that hold releases
to them and to the order of environments, and alerts. Does not build releases (Rollout), objectives (Slo), or records of promotion
(`platformctl promotion approve`).
"""

from collections.abc import Mapping
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from platform_components.admission.admission_policies import ALWAYS_EXEMPT
from platform_components.admission.policy import NAME_PREFIX, Mode, Policy, binding_spec, policy_spec
from platform_components.charts.namespace import create_namespace
from platform_components.charts.records import argo_rollouts as argo_rollouts_chart
from platform_components.charts.records import flagger as flagger_chart
from platform_components.charts.release import install
from platform_components.component import PlatformComponent
from platform_components.custom_resources import CustomResources
from platform_components.delivery import argo_rollouts, flagger, gates, release_policies
from platform_components.delivery.progressive_args import ProgressiveDeliveryArgs
from platform_components.delivery.release_alerts import alerts
from platform_components.delivery.rollout_args import Engine
from platform_components.labels import PLATFORM_GROUP, owned
from platform_components.names import child_name

_ADDONS: Final = {Engine.ARGO_ROLLOUTS: argo_rollouts_chart.ADDON, Engine.FLAGGER: flagger_chart.ADDON}


class ProgressiveDelivery(PlatformComponent):
    """New versions come in little by little, none begins with its error budget spent, and environments get them in order.

    Example::

        ProgressiveDelivery("prod", ProgressiveDeliveryArgs(cluster=cluster.ref(), ..., windows=[{"from_hour": 8, "until_hour": 15}],
            promotion=[{"environment": "staging", "soak_minutes": 240}, {"environment": "prod"}]))

    Every release asks two templates of the platform first, `delivery-window` and `delivery-budget`: a closed window makes it wait, a spent
    budget ends it. Admission policies refuse releases that leave them out and promotions past them. The annotation
    `platform-components/emergency` of a release names the incident for which it passes; the audit log has who wrote it.
    """

    namespace: pulumi.Output[str]
    """Namespace of the controller."""
    engine: pulumi.Output[str]
    """The controller: what releases name as their `engine`."""

    def __init__(self, name: str, args: ProgressiveDeliveryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        addon = _ADDONS[args.engine]
        namespace = create_namespace(self, name, addon.namespace, addon.pod_security, addon.traffic)
        values = addon.values(args.site())
        if args.engine is Engine.FLAGGER:
            values = flagger_chart.values(args.site(), args.prometheus_url)
        release = install(self, name, addon, values, args, namespace=namespace.metadata.name)
        self._objects = CustomResources(self, name, namespace.metadata.name)
        self._create_gates(release)
        if args.mode is not Mode.DISABLED:
            self._create_policies()
        if args.monitors:
            spec = alerts(args.engine, args.links)
            self._objects.create("alerts", "monitoring.coreos.com/v1", "PrometheusRule", "releases", spec, [release], labels=owned())
        self.namespace = namespace.metadata.name.apply(str)
        self.engine = pulumi.Output.from_input(args.engine.value)
        self.register()

    def _create_gates(self, release: pulumi.Resource) -> None:
        args = self._args
        if args.engine is Engine.FLAGGER:
            for gate, spec in gates.metric_templates(args.prometheus_url, args.windows).items():
                self._objects.create(gate, flagger.API, "MetricTemplate", gate, spec, [release], labels=owned())
            return
        everywhere = CustomResources(self, self._name)
        for gate, spec in gates.cluster_templates(args.prometheus_url, args.windows).items():
            everywhere.create(gate, argo_rollouts.API, "ClusterAnalysisTemplate", gate, spec, [release], labels=owned())

    def _create_policies(self) -> None:
        args = self._args
        for policy in release_policies.OF_ENGINE[args.engine]:
            self._create_policy(policy, policy_spec_of(policy, args.engine), binding_spec(policy, args.mode, ALWAYS_EXEMPT))
        if args.before is not None:
            policy = release_policies.PROMOTION
            rules = release_policies.by_record(policy_spec_of(policy, args.engine))
            self._create_policy(policy, rules, release_policies.with_record(binding_spec(policy, args.mode, ())))

    def _create_policy(self, policy: Policy, rules: Mapping[str, Any], where: Mapping[str, Any]) -> None:
        child = child_name(self._name, policy.name)
        metadata = k8s.meta.v1.ObjectMetaArgs(name=f"{NAME_PREFIX}{policy.name}", labels=owned())
        # Any: written as the API has them, as AdmissionPolicies does.
        spec: Any = rules
        binding: Any = where
        made = k8s.admissionregistration.v1.ValidatingAdmissionPolicy(child, metadata=metadata, spec=spec, opts=self.child_options())
        k8s.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
            child, metadata=metadata, spec=binding, opts=self.child_options(depends_on=[made])
        )


def policy_spec_of(policy: Policy, engine: Engine) -> dict[str, Any]:
    """A policy's spec: the controller takes the steps, and the platform's operators may."""
    spec = policy_spec(policy, {}, (), ("system:masters", PLATFORM_GROUP, release_policies.CONTROLLERS[engine]))
    return release_policies.with_audit(spec)
