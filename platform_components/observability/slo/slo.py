"""Slo: one service level objective, as rules that the Prometheus operator takes.

Builds one PrometheusRule. Does not build the kind, which a chart of the platform brings, nor the namespace.
"""

from collections.abc import Mapping
from typing import Any

import pulumi

from platform_components.component import PlatformComponent
from platform_components.custom_resources import CustomResources
from platform_components.labels import owned
from platform_components.observability.alerts import Links, rule_spec
from platform_components.observability.slo.args import SloArgs
from platform_components.observability.slo.rules import budget_policy, groups


class Slo(PlatformComponent):
    """A service level objective: what is recorded, who is told how soon, and what delivery may still do.

    Example::

        Slo("checkout", SloArgs(
            service="checkout", team="shop", objective="99.9", period_days=28, minimum_events=100,
            indicator={"kind": "availability", "metric": "http_requests_total", "selector": 'job="checkout"', "errors": 'code=~"5.."'}))

    The component's name is that of the objective, in the label `slo` of everything that is recorded and of every alert.
    """

    rule_name: pulumi.Output[str]
    """Name of the PrometheusRule."""
    budget_policy: pulumi.Output[Mapping[str, Any]]
    """The error-budget policy: queries of what is left and of the state, and the states with their bounds."""

    def __init__(self, name: str, args: SloArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        spec = rule_spec(groups(name, args), Links(args.runbooks, args.dashboards))
        labels = owned({**args.labels, "platform-components.io/slo": name})
        CustomResources(self, name, args.namespace).create(
            "rules", "monitoring.coreos.com/v1", "PrometheusRule", f"slo-{name}", spec, labels=labels
        )
        self.rule_name = pulumi.Output.from_input(f"slo-{name}")
        self.budget_policy = pulumi.Output.from_input(budget_policy(name, args).document())
        self.register()
