"""The delivery layer: what brings changes into the cluster, beside the engine that keeps it as Git says. One component per section."""

import pulumi

from platform_components.ci.args import CiRunnersArgs
from platform_components.ci.ci_runners import CiRunners
from platform_components.declarations.environment import Environment
from stacks.contracts import DeliveryOutputs
from stacks.layers.platform import surroundings
from stacks.providers import options
from stacks.upstream import Upstream


def build(environment: Environment, upstream: Upstream) -> DeliveryOutputs:
    """Build what the environment declares of its delivery."""
    opts = options(environment, "delivery", upstream.require("cluster", "kubeconfig"))
    runners = ci_runners(environment, upstream, opts)
    return DeliveryOutputs(runner_names=runners.runner_names if runners is not None else pulumi.Output.from_input([]))


def ci_runners(environment: Environment, upstream: Upstream, opts: pulumi.ResourceOptions) -> CiRunners | None:
    """Runners of CI jobs, where the environment has some."""
    settings = environment.delivery.ci
    if settings is None:
        return None
    return CiRunners(environment.environment, CiRunnersArgs(**dict(settings), **surroundings(environment, upstream)), opts)
