"""Autoscaling: Karpenter with its pools, metrics-server, KEDA, recommendations.

Builds the releases, their namespaces and the pools' objects. Does not build Karpenter's side of AWS, which is the cluster's, nor
PriorityClasses, which come before everything. Order on the way up, and its reverse on destroy: definitions, controller, pools; so nodes
drain while the controller still runs.
"""

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as k8s

from platform_components.autoscaling.args import AutoscalingArgs, KarpenterController
from platform_components.charts.addon import Addon
from platform_components.charts.namespace import create_namespace
from platform_components.charts.records import (
    descheduler,
    karpenter,
    karpenter_crd,
    keda,
    metrics_server,
    nvidia_device_plugin,
    vertical_pod_autoscaler,
)
from platform_components.charts.release import install
from platform_components.cluster.node_pools.provisioned import KarpenterPools
from platform_components.component import PlatformComponent

ADDONS = (metrics_server.ADDON, keda.ADDON, vertical_pod_autoscaler.ADDON, descheduler.ADDON, nvidia_device_plugin.ADDON)
"""Add-ons in a namespace of their own, in the order they need each other."""


class Autoscaling(PlatformComponent):
    """Capacity that follows demand: nodes by Karpenter, replicas by KEDA and metrics, sizes by recommendation.

    Limits of a pool (`limit_vcpu`) are its cost ceiling, its disruption budget says how many nodes may go at once, and the interruption
    queue announces spot instances before EC2 takes them back. Give it `depends_on` whatever its charts need first: the kinds of the
    Prometheus operator, and cert-manager for KEDA.
    """

    pool_names: pulumi.Output[Sequence[str]]
    """Names of the NodePool objects made here; none without Karpenter."""

    def __init__(self, name: str, args: AutoscalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._site = args.site()
        pools = self._create_karpenter(args.karpenter) if args.karpenter is not None else None
        installed: dict[str, pulumi.Resource] = {}
        for addon in filter(args.enabled, ADDONS):
            installed[addon.name] = self._install(addon, [installed[needed] for needed in addon.needs if needed in installed])
        self.pool_names = pulumi.Output.from_input([]) if pools is None else pools.names
        self.register()

    def _create_karpenter(self, settings: KarpenterController) -> KarpenterPools:
        """Definitions, controller, pools; beside each other in the cluster's own namespace, whose pods the API server serves first."""
        definitions = install(
            self, self._name, karpenter_crd.ADDON, karpenter_crd.values(self._site), self._args, namespace=settings.namespace
        )
        controller = install(
            self,
            self._name,
            karpenter.ADDON,
            karpenter.values(self._site, settings.interruption_queue_name, settings.service_account),
            self._args,
            namespace=settings.namespace,
            depends_on=[definitions],
        )
        return KarpenterPools(self._name, settings.pools, self.child_options(depends_on=[controller]))

    def _install(self, addon: Addon, after: Sequence[pulumi.Resource]) -> k8s.helm.v3.Release:
        namespace = create_namespace(self, self._name, addon.namespace, addon.pod_security, addon.traffic)
        return install(self, self._name, addon, addon.values(self._site), self._args, namespace=namespace.metadata.name, depends_on=after)
