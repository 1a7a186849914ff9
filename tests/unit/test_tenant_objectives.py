"""What a team's services are held to: by tier, where somebody counts, and in rules that Prometheus' own tools take."""

from typing import Any

import pytest

from platform_components.identity.args import ClusterRef
from platform_components.observability.slo.args import SloSettings
from platform_components.tenancy.args import TenantArgs
from platform_components.tenancy.objectives import indicator, period_days
from platform_components.tenancy.tenant import Tenant
from tests.support import Deployment, deploy

CLUSTER = ClusterRef(name="shop", arn="arn:aws:eks:eu-west-1:123456789012:cluster/shop")
RULE = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"


def tenant(
    service: dict[str, Any], tier: str = "standard", mesh: str | None = "istio-ambient", days: int | None = 28
) -> Deployment[Tenant]:
    declared = {"team": "ledger", "owners": ["@a"], "group": "sso-ledger", "environments": ["prod"], "tier": tier}
    given = {"declaration": {**declared, "services": {"api": service}}, "environment": "prod", "cluster": CLUSTER}
    return deploy(lambda: Tenant("ledger", TenantArgs(**given, mesh=mesh, objective_days=days)))  # type: ignore[arg-type]


def objectives(done: Deployment[Tenant]) -> list[str]:
    """Objectives in percent, as they are recorded."""
    rules = [rule for node in done.graph.of_type(RULE) for group in node.inputs["spec"]["groups"] for rule in group["rules"]]
    return [rule["expr"] for rule in rules if rule.get("record") == "slo:objective:ratio"]


@pytest.mark.parametrize(
    ("service", "options", "found"),
    [
        ({"public": True}, {}, ["vector(0.995)"]),
        ({"public": True}, {"tier": "critical"}, ["vector(0.999)"]),
        ({"public": True, "tier": "critical"}, {}, ["vector(0.999)"]),
        ({"public": True, "slo": {"percent": 99.95}}, {"tier": "internal"}, ["vector(0.9995)"]),
        ({"slo": {}}, {}, ["vector(0.995)"]),
        ({"slo": {"percent": 99}}, {"mesh": None}, ["vector(0.99)"]),
        # Nobody counts, nobody is woken, nobody wants it, nobody watches.
        ({}, {}, []),
        ({"public": True}, {"mesh": "linkerd"}, []),
        ({"public": True}, {"tier": "internal"}, []),
        ({"public": True, "slo": None}, {}, []),
        ({"public": True}, {"days": None}, []),
    ],
)
def test_a_service_is_held_to_what_its_tier_or_its_file_says(service: dict[str, Any], options: dict[str, Any], found: list[str]) -> None:
    assert objectives(tenant(service, **options)) == found


def test_its_rules_lie_in_the_teams_namespace_and_are_the_platforms() -> None:
    done = tenant({"public": True, "slo": {"within_ms": 500}})
    metadata = done.one(RULE).inputs["metadata"]
    assert (metadata["namespace"], metadata["name"]) == ("ledger-prod", "slo-ledger--api")
    assert metadata["labels"]["platform-components/owned-by"] == "platform"
    alerts = [rule for group in done.one(RULE).inputs["spec"]["groups"] for rule in group["rules"] if "alert" in rule]
    assert {(rule["labels"]["team"], rule["labels"]["service"]) for rule in alerts} == {("ledger", "api")}
    assert done.value(done.result.budget_policies).keys() == {"api"}


@pytest.mark.parametrize("within", [None, 5, 25, 1000, 2500])
@pytest.mark.parametrize("public", [True, False])
def test_every_indicator_is_one(within: int | None, public: bool) -> None:
    given: Any = {"service": "api", "objective": 99.5, "indicator": indicator("ledger-prod", "api", within, public=public)}
    measured = SloSettings.model_validate(given).indicator.measured()
    assert "ledger-prod" in measured.events("5m")
    assert measured.errors("5m")


def test_bounds_are_those_of_the_histograms() -> None:
    assert 'le="0.025"' in indicator("ns", "api", 25, public=False)["good"]
    assert 'le=~"2500([.]0)?"' in indicator("ns", "api", 2500, public=True)["good"]
    assert 'le="2.5"' in indicator("ns", "api", 2500, public=False)["good"]


@pytest.mark.parametrize(("retention", "days"), [(3, None), (7, 7), (15, 14), (35, 28)])
def test_a_period_is_whole_weeks_that_prometheus_remembers(retention: int, days: int | None) -> None:
    assert period_days(retention) == days
