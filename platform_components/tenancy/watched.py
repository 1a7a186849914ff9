"""What a team's services are held to: an objective for each that has one, as rules in the team's namespace."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from platform_components.component import PlatformComponent
from platform_components.observability.alerts import grafana_address
from platform_components.observability.slo.args import SloArgs
from platform_components.observability.slo.slo import Slo
from platform_components.tenancy.args import TenantArgs, namespace_of
from platform_components.tenancy.objectives import indicator, percent_of


def create_objectives(component: PlatformComponent, name: str, args: TenantArgs, namespace: k8s.core.v1.Namespace) -> Mapping[str, Slo]:
    """Create them, where the environment watches; by service.

    Args:
        component: the tenant.
        name: the tenant's own name.
        args: what the tenant is given.
        namespace: the team's namespace.
    """
    team, days = args.declaration, args.objective_days
    if days is None:
        return {}
    called = namespace_of(team.team, args.environment)
    found: dict[str, Slo] = {}
    for service, declared in team.services.items():
        gateway = declared.public and args.counts_at_gateway
        percent = percent_of(declared.slo, team.tier_of(service), public=gateway, written="slo" in declared.model_fields_set)
        if percent is None or declared.slo is None:
            continue
        given: dict[str, Any] = {
            "service": service,
            "indicator": indicator(called, service, declared.slo.within_ms, public=gateway),
            "objective": percent,
            "period_days": days,
            "team": team.team,
            "description": f"{service} of {team.team} in {args.environment}, as its tier or its file says",
            "namespace": namespace.metadata.name.apply(str),
            "runbooks": args.runbooks,
            "dashboards": grafana_address(args.domain),
        }
        found[service] = Slo(objective_name(name, service), SloArgs(**given), component.child_options())
    return found


def objective_name(team: str, service: str) -> str:
    """Name of a service's objective, in the label `slo` of its series and alerts: as the service's role, two hyphens between."""
    return f"{team}--{service}"


def policies(objectives: Mapping[str, Slo]) -> pulumi.Output[Mapping[str, Any]]:
    """Error-budget policies by service."""
    return pulumi.Output.all(**{service: objective.budget_policy for service, objective in objectives.items()})
