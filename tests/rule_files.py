"""Every rule file that the platform's components make: what promtool judges, and what each alert's runbook is held to."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from platform_components.certificates import issuers
from platform_components.delivery import argo_cd, flux, release_alerts
from platform_components.delivery.rollout_args import Engine
from platform_components.mesh import trust
from platform_components.observability import probes
from platform_components.observability.alerts import rule_spec
from platform_components.observability.rules import RuleSettings, platform_rules
from platform_components.observability.slo.args import SloSettings
from platform_components.observability.slo.rules import groups

SETTINGS = RuleSettings(subnet_addresses={"euw1-az1": 1000}, backup_hours={"daily": 30}, monthly_usd=18000)

Rule = Mapping[str, Any]


@cache
def specs() -> Mapping[str, Any]:
    """Rule files by name."""
    return {
        **{group.name: rule_spec([group]) for group in platform_rules(SETTINGS)},
        "certificates": issuers.expiry_rules(),
        "mesh-istio": trust.expiry_rules("istio-system", "istio-ca", 180),
        "mesh-linkerd": trust.expiry_rules("linkerd", "linkerd-identity-issuer", 180),
        "argo-cd": argo_cd.alerts(),
        "flux": flux.alerts(),
        **{f"releases-{engine}": release_alerts.alerts(engine) for engine in Engine},
        "public-entries": probes.rules(14),
    }


def objective_rules() -> Iterator[Rule]:
    """The rules of an objective; they have tests of their own."""
    indicator = {"kind": "availability", "metric": "apiserver_request_total", "errors": 'code=~"5.."'}
    slo = SloSettings.model_validate({"service": "apiserver", "indicator": indicator, "objective": "99.9"})
    yield from rules_of(rule_spec(groups("api-availability", slo)))


def rules() -> Iterator[Rule]:
    """Every rule of every file."""
    for spec in specs().values():
        yield from rules_of(spec)


def rules_of(spec: Mapping[str, Any]) -> Iterator[Rule]:
    """Every rule of one file."""
    for group in spec["groups"]:
        yield from group["rules"]
