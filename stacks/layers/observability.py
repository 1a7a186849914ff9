"""The observability layer: what watches the cluster, and whom it tells. It uses the kinds and the issuer of the platform."""

import pulumi
import pulumi_random as random

from platform_components.declarations.addresses import node_addresses
from platform_components.declarations.environment import Environment
from platform_components.observability.args import ObservabilityStackArgs
from platform_components.observability.observability_stack import ObservabilityStack
from platform_components.observability.slo.args import SloArgs
from platform_components.observability.slo.slo import Slo
from stacks.contracts import ObservabilityOutputs
from stacks.layers.platform import surroundings
from stacks.providers import options
from stacks.upstream import Upstream


def build(environment: Environment, upstream: Upstream) -> ObservabilityOutputs:
    """Build what watches the environment's cluster."""
    name = environment.environment
    opts = options(environment, "observability", upstream.require("cluster", "kubeconfig"))
    stack = ObservabilityStack(
        name,
        ObservabilityStackArgs(
            **dict(environment.observability),
            **surroundings(environment, upstream),
            internal_issuer=upstream.require("platform", "internal_issuer"),
            subnet_addresses=node_addresses(environment),
            monthly_usd=float(environment.budget.monthly_usd) if environment.budget else None,
            tags=environment.default_tags("observability"),
        ),
        pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(providers=[random.Provider("random")])),
    )
    # After the stack: the operator's webhook judges rules.
    behind = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[stack]))
    policies = {key: Slo(key, SloArgs(**dict(settings)), behind).budget_policy for key, settings in environment.slos.items()}
    return ObservabilityOutputs(
        prometheus_url=stack.prometheus_url,
        otlp_endpoint=stack.otlp_endpoint,
        bucket_names=stack.bucket_names,
        alertmanager_config=stack.alertmanager_config,
        budget_policies=pulumi.Output.all(**policies),
    )
