"""The observability layer: what watches the cluster, and whom it tells. It uses the kinds and the issuer of the platform."""

from pathlib import Path
from typing import Any

import pulumi
import pulumi_random as random

from platform_components.charts.records import istio_gateway
from platform_components.declarations.addresses import node_addresses
from platform_components.declarations.environment import Environment
from platform_components.declarations.watching import watched_teams
from platform_components.mesh.ingress import GATEWAY
from platform_components.observability.args import GatewayRef, ObservabilityStackArgs
from platform_components.observability.observability_stack import ObservabilityStack
from platform_components.observability.slo.args import SloArgs
from platform_components.observability.slo.slo import Slo
from stacks.contracts import ObservabilityOutputs
from stacks.layers.platform import surroundings
from stacks.providers import options
from stacks.upstream import Upstream

STACKS = Path(__file__).resolve().parents[1]


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
            teams=watched_teams(STACKS / "teams", name),
            subnet_addresses=node_addresses(environment),
            gateway=gateway(environment),
            **cluster_backups(environment),
            monthly_usd=float(environment.budget.monthly_usd) if environment.budget else None,
            tags=environment.default_tags("observability"),
        ),
        pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(providers=[random.Provider("random")])),
    )
    # After the stack: the operator's webhook judges rules.
    behind = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[stack]))
    links = {"runbooks": environment.links.runbooks, "dashboards": environment.links.dashboards}
    policies = {key: Slo(key, SloArgs(**dict(settings), **links), behind).budget_policy for key, settings in environment.slos.items()}
    return ObservabilityOutputs(
        prometheus_url=stack.prometheus_url,
        otlp_endpoint=stack.otlp_endpoint,
        bucket_names=stack.bucket_names,
        alertmanager_config=stack.alertmanager_config,
        budget_policies=pulumi.Output.all(**policies),
    )


def gateway(environment: Environment) -> GatewayRef | None:
    """The mesh's way in, where it has one; Linkerd has none of its own."""
    mesh = environment.platform.mesh
    if environment.domain is None or getattr(mesh, "gateway", None) is None:
        return None
    return GatewayRef(namespace=istio_gateway.NAME, name=GATEWAY)


def cluster_backups(environment: Environment) -> dict[str, Any]:
    """What is watched of the cluster's backups."""
    backup = environment.resilience.cluster
    if backup is None:
        return {}
    return {"backup_hours": backup.late_hours, "drill_days": backup.drill.late_days if backup.drill else None}
