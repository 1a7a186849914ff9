"""Slo: one PrometheusRule, and the objectives that an environment declares of the platform itself."""

from pathlib import Path
from typing import Any

import pytest

from platform_components.declarations.environment import load_environment
from platform_components.errors import DeclarationError
from platform_components.observability.alerts import Links, rule_spec
from platform_components.observability.slo.args import SloArgs
from platform_components.observability.slo.rules import groups
from platform_components.observability.slo.slo import Slo
from platformctl.slo.declared import objectives_of
from tests.support import deploy

ROOT = Path(__file__).parents[2]
RULE = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
SHOP: dict[str, Any] = {
    "service": "checkout",
    "objective": "99.9",
    "team": "shop",
    "indicator": {"kind": "availability", "metric": "http_requests_total", "errors": 'code=~"5.."'},
}


def test_an_objective_is_one_rule_object() -> None:
    args = SloArgs(**SHOP, namespace="watch", labels={"release": "kps"}, dashboards="https://grafana.example.com")
    done = deploy(lambda: Slo("checkout", args))
    rule = done.one(RULE).inputs
    assert rule["metadata"]["name"] == done.value("rule_name") == "slo-checkout"
    assert rule["metadata"]["namespace"] == "watch"
    assert rule["metadata"]["labels"]["release"] == "kps"
    assert rule["spec"] == rule_spec(groups("checkout", args), Links(dashboards="https://grafana.example.com"))
    assert done.value("budget_policy")["slo"] == "checkout"


def test_a_graph_gives_back_what_was_declared() -> None:
    args = SloArgs(**SHOP, minimum_events=7)
    found = objectives_of(deploy(lambda: Slo("checkout", args)).graph)
    assert groups("checkout", found["checkout"]) == groups("checkout", args)


def test_an_environment_declares_what_its_prometheus_remembers(tmp_path: Path) -> None:
    path = tmp_path / "prod.yaml"
    text = (ROOT / "stacks" / "environments" / "prod.yaml").read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    assert set(load_environment(path).slos) == {"api-availability", "ingress-availability"}
    path.write_text(text.replace("retention_days: 35", "retention_days: 27"), encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load_environment(path)
    assert {problem.field.rpartition(".")[0] for problem in caught.value.problems} == {"slos.api-availability", "slos.ingress-availability"}
    assert "raise observability.metrics.retention_days to 28" in str(caught.value)


def test_an_objective_that_cannot_page_is_refused_at_its_line(tmp_path: Path) -> None:
    path = tmp_path / "prod.yaml"
    text = (ROOT / "stacks" / "environments" / "prod.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("objective: 99.9", "objective: 92", 1), encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load_environment(path)
    (problem,) = caught.value.problems
    line = 1 + next(number for number, line in enumerate(path.read_text().splitlines()) if "objective: 92" in line)
    assert (problem.field, problem.line) == ("slos.api-availability.objective", line)
    assert "13.44 x 0.08 = 1.0752" in problem.message
