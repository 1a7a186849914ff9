"""The platform layer: what a cluster has before teams arrive. One component per capability, each with its own section."""

import pulumi

from platform_components.charts.args import AddonReleaseArgs, AddonSettings
from platform_components.charts.release import AddonRelease
from platform_components.declarations.environment import Environment
from stacks.contracts import PlatformOutputs
from stacks.providers import options
from stacks.upstream import Upstream


def build(environment: Environment, upstream: Upstream) -> PlatformOutputs:
    """Build the platform in the environment's cluster."""
    opts = options(environment, "platform", upstream.require("cluster", "kubeconfig"))
    monitoring = AddonRelease(environment.environment, _addon_args(environment, upstream, "prometheus-operator-crds"), opts)
    return PlatformOutputs(addons=pulumi.Output.all(**{"prometheus-operator-crds": monitoring.version}).apply(dict[str, str]))


def _addon_args(environment: Environment, upstream: Upstream, addon: str) -> AddonReleaseArgs:
    settings = environment.platform
    return AddonReleaseArgs(
        addon=addon,
        environment=environment.environment,
        cluster_name=upstream.cluster.name,
        region=environment.region,
        vpc_id=upstream.network.vpc_id,
        replicas=settings.replicas,
        domain=environment.domain,
        mirror=settings.mirror,
        settings=settings.addons.get(addon, AddonSettings()),
    )
