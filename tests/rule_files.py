"""Every rule file that the platform's components make: what promtool judges, and what each alert's runbook is held to."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from platform_components.certificates import issuers
from platform_components.ci import alerts as ci_alerts
from platform_components.delivery import argo_cd, flux, release_alerts
from platform_components.delivery.rollout_args import Engine
from platform_components.mesh import trust
from platform_components.observability import dashboards, probes
from platform_components.observability.alerts import Links, Severity, rule_spec
from platform_components.observability.rules import RuleSettings, platform_rules
from platform_components.observability.rules.logs import logs_group
from platform_components.observability.slo.args import SloSettings
from platform_components.observability.slo.rules import groups
from platform_components.secrets import alerts

SETTINGS = RuleSettings(subnet_addresses={"euw1-az1": 1000}, backup_hours={"daily": 30}, drill_days=9, monthly_usd=18000)
LINKS = Links("https://git.example.com/docs/runbooks", "https://grafana.example.com")
RUNBOOKS = Path(__file__).parents[1] / "docs" / "runbooks"

Rule = Mapping[str, Any]


@cache
def specs() -> Mapping[str, Any]:
    """Rule files by name."""
    return {
        **{group.name: rule_spec([group], LINKS) for group in platform_rules(SETTINGS)},
        "certificates": issuers.expiry_rules(LINKS),
        "mesh-istio": trust.expiry_rules("istio-system", "istio-ca", 180, LINKS),
        "mesh-linkerd": trust.expiry_rules("linkerd", "linkerd-identity-issuer", 180, LINKS),
        "argo-cd": argo_cd.alerts(LINKS),
        "ci-runners": ci_alerts.alerts(("github", "gitlab", "jenkins"), LINKS),
        "flux": flux.alerts(LINKS),
        **{f"releases-{engine}": release_alerts.alerts(engine, LINKS) for engine in Engine},
        "public-entries": probes.rules(14, LINKS),
        "vault": alerts.vault_rules(LINKS),
        "external-secrets": alerts.delivery_rules(LINKS),
    }


def objective_rules() -> Iterator[Rule]:
    """The rules of an objective; they have tests of their own."""
    indicator = {"kind": "availability", "metric": "apiserver_request_total", "errors": 'code=~"5.."'}
    slo = SloSettings.model_validate({"service": "apiserver", "indicator": indicator, "objective": "99.9"})
    yield from rules_of(rule_spec(groups("api-availability", slo), LINKS))


def log_rules() -> Iterator[Rule]:
    """The rules over a tenant's logs, which are LogQL."""
    yield from rules_of(rule_spec([logs_group("the tenant's")], LINKS))


def rules() -> Iterator[Rule]:
    """Every rule of every file."""
    for spec in specs().values():
        yield from rules_of(spec)


def rules_of(spec: Mapping[str, Any]) -> Iterator[Rule]:
    """Every rule of one file."""
    for group in spec["groups"]:
        yield from group["rules"]


def contract_problems(rule: Rule) -> list[str]:
    """What an alert lacks of what every alert has: severity, summary, who answers, and addresses of a page and a dashboard there is."""
    labels, annotations = rule["labels"], rule["annotations"]
    runbook, dashboard = annotations.get("runbook_url", ""), annotations.get("dashboard_url", "")
    page, uid = runbook.rpartition("/")[2], dashboard.partition("/d/")[2].partition("?")[0]
    checks = {
        f"severity {labels.get('severity')!r}": labels.get("severity") in set(Severity),
        "nobody answers": bool(labels.get("team")) or "group_left (team)" in rule["expr"],
        "no summary": bool(annotations.get("summary", "").strip()),
        f"the runbook {runbook!r} is no address": runbook.startswith("https://"),
        f"no page {page}": (RUNBOOKS / page).is_file(),
        f"the dashboard {dashboard!r} is no address": dashboard.startswith("https://"),
        f"no dashboard {uid}": uid in dashboards.UIDS,
    }
    return [problem for problem, holds in checks.items() if not holds]
