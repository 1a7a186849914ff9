"""`platformctl slo`, OpenSLO files, and what a Prometheus says of budgets."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from platform_components.errors import DeclarationError
from platform_components.observability.slo.args import SloSettings
from platform_components.observability.slo.openslo import load_openslo, to_openslo
from platform_components.observability.slo.rules import groups
from platformctl.__main__ import run

EXAMPLE = Path(__file__).parents[2] / "examples" / "slo-checkout"
OPENSLO = """\
apiVersion: openslo/v1
kind: SLI
metadata: {name: answers}
spec:
  ratioMetric:
    counter: true
    good: {metricSource: {type: Prometheus, spec: {query: 'sum(rate(http_requests_total{code!~"5.."}[{{.window}}]))'}}}
    total: {metricSource: {type: Prometheus, spec: {query: http_requests_total}}}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: checkout, labels: {team: shop}}
spec:
  service: shop
  indicatorRef: answers
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.999}]
"""
SNAPSHOT = """\
# HELP lines and other metrics are passed over.
up{job="shop"} 1
slo:period_error_budget_remaining:ratio{service="checkout",slo="checkout-availability",team="shop",prometheus="a/b"} 0.125 1795809803000
slo:period_error_budget_remaining:ratio{service="checkout",slo="checkout-latency",team="shop"} NaN
"""


@pytest.fixture
def openslo(tmp_path: Path) -> Path:
    path = tmp_path / "slo.yaml"
    path.write_text(OPENSLO)
    return path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert run(["slo", *arguments]) == code
    out, err = capsys.readouterr()
    return out if code == 0 else err


def test_a_stack_of_any_project_and_a_snapshot(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "metrics.txt").write_text(SNAPSHOT)
    rows = json.loads(printed(capsys, "list", "demo", "-C", str(EXAMPLE), "--metrics", str(tmp_path / "metrics.txt"), "--json"))
    assert [(row["name"], row["objective"], row["budget"]["remaining"], row["budget"]["state"]) for row in rows] == [
        ("checkout-availability", "99.9", 0.125, "slow"),
        ("checkout-latency", "99", None, None),
    ]
    assert [alert["outage_detected_seconds"] for alert in rows[0]["alerts"]] == [48.384, 120.96, 241.92, 241.92]
    text = printed(capsys, "list", "demo", "-C", str(EXAMPLE), "--metrics", str(tmp_path / "metrics.txt"))
    assert "99.9 % over 28 d  48.4 s              12.5%          slow" in text


def test_explain(capsys: pytest.CaptureFixture[str], openslo: Path) -> None:
    text = printed(capsys, "explain", "checkout", "--file", str(openslo))
    assert "tolerated: 0.001 of all events, or 40 min 19 s of total outage" in text
    assert "page      13.44      > 0.01344    1h     5m        2 %          48.4 s                2 d 2 h" in text
    assert "not asked for" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list"], "name an environment, a stack, or OpenSLO files"),
        (["list", "demo", "--file", "{file}"], "not both"),
        (["explain", "other", "--file", "{file}"], "there is no objective 'other'; choose from: checkout"),
        (["list", "--file", "{file}", "--metrics", "{file}"], "slo.yaml:1  is no sample"),
        (["list", "--file", "{file}", "--metrics", "nowhere.txt"], "nowhere.txt  cannot be read"),
        (["list", "--file", "{file}", "--prometheus", "prometheus:9090"], "is no address"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], openslo: Path, arguments: list[str], said: str) -> None:
    assert said in printed(capsys, *[argument.format(file=openslo) for argument in arguments], code=2)


class _Api(BaseHTTPRequestHandler):
    answer: Any = None

    def do_GET(self) -> None:
        body = json.dumps(type(self).answer).encode()
        self.send_response(200 if "query=slo%3Aperiod_error_budget_remaining%3Aratio" in self.path else 404)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def prometheus() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Api) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_live_prometheus(capsys: pytest.CaptureFixture[str], openslo: Path, prometheus: str) -> None:
    rows = [{"metric": {"slo": "checkout", "cluster": cluster}, "value": [1.5, left]} for cluster, left in (("a", "0.75"), ("b", "-0.5"))]
    _Api.answer = {"status": "success", "data": {"resultType": "vector", "result": rows}}
    (row,) = json.loads(printed(capsys, "list", "--file", str(openslo), "--prometheus", prometheus, "--json"))
    assert (row["budget"]["remaining"], row["budget"]["state"]) == (-0.5, "freeze")
    _Api.answer = ["not", "prometheus"]
    assert "does not answer as Prometheus does" in printed(capsys, "list", "--file", str(openslo), "--prometheus", prometheus, code=3)


def test_a_prometheus_that_is_not_there(capsys: pytest.CaptureFixture[str], openslo: Path) -> None:
    said = printed(capsys, "list", "--file", str(openslo), "--prometheus", "http://127.0.0.1:9", code=3)
    assert "cannot be reached" in said


def test_openslo_is_read(openslo: Path) -> None:
    (found,) = load_openslo([openslo]).values()
    assert (found.service, found.team, str(found.objective), found.period_days) == ("shop", "shop", "99.9", 28)
    assert found.indicator.model_dump() == {
        "kind": "ratio",
        "total": "http_requests_total",
        "good": 'http_requests_total{code!~"5.."}',
        "bad": None,
    }


@pytest.mark.parametrize(
    "indicator",
    [
        {"kind": "availability", "metric": "a_total", "selector": 'x="\\"{}"', "errors": 'code=~"5..|0"'},
        {"kind": "latency", "metric": "s", "within": 1, "selector": 'a!~"b.*"'},
        {"kind": "latency", "metric": "s", "within": "0.25"},
        {"kind": "latency", "metric": "s", "within": "0.25", "buckets": "native", "selector": 'a="b"'},
        {"kind": "ratio", "total": "a", "good": 'b{c="d"}'},
    ],
    ids=["availability", "whole bound", "latency", "native", "ratio"],
)
def test_what_is_written_as_openslo_is_read_as_the_same_rules(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, indicator: dict[str, Any]
) -> None:
    given = SloSettings.model_validate(
        {
            "service": "shop",
            "team": "shop",
            "indicator": indicator,
            "objective": "99.95",
            "period_days": 30,
            "minimum_events": 7,
            "budget_policy": {"slow_percent": "33.3"},
            "description": "What people see.",
        }
    )
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(to_openslo("checkout", given)))
    found = load_openslo([tmp_path / "a.yaml"])["checkout"]
    assert groups("checkout", found) == groups("checkout", given)
    (tmp_path / "b.yaml").write_text(printed(capsys, "list", "--openslo", "--file", str(tmp_path / "a.yaml")))
    assert load_openslo([tmp_path / "b.yaml"])["checkout"] == found


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("target: 0.999", "target: 0.9", ":18  spec.objectives[0]  an alert of severity page fires at 13.44 times"),
        ("target: 0.999", "targetPercent: 0.999, target: 0.9", ":18  spec.objectives[0]  give either target or targetPercent"),
        ("target: 0.999", "target: much", ":18  spec.objectives[0].target  'much' is no number"),
        ("target: 0.999", "target: 0.999, compositeWeight: 1", ":18  spec.objectives[0].compositeWeight  is not supported"),
        ("Occurrences", "Timeslices", ":17  spec.budgetingMethod  only Occurrences"),
        ("isRolling: true", "isRolling: false", ":16  spec.timeWindow[0].isRolling  only rolling"),
        ("duration: 4w", "duration: 1M", ":16  spec.timeWindow[0].duration  '1M' is no number of days or weeks"),
        ("duration: 4w", "duration: 1d", ":16  spec.timeWindow[0].duration  Input should be greater than or equal to 7"),
        ("indicatorRef: answers", "indicatorRef: other", ":15  spec.indicatorRef  there is no SLI 'other'"),
        ("counter: true", "counter: false", ":6  spec.ratioMetric.counter  must be true"),
        ("ratioMetric", "thresholdMetric", ":4  spec  has no ratioMetric"),
        ("type: Prometheus, spec: {query: http", "type: Datadog, spec: {query: http", ":8  spec.ratioMetric.total.metricSource.type"),
        ("query: http_requests_total}", "query: up + up}", "spec.indicator  ratio.total: is no selector"),
        ("kind: SLI", "kind: Slip", ":2  kind  is 'Slip'"),
        ("name: checkout", "name: Checkout", ":12  metadata.name  the name must be lower-case"),
        ("service: shop", "service: [shop]", ":14  spec.service"),
        ("openslo/v1\nkind: SLO", "openslo/v2\nkind: SLO", ":10  apiVersion  is 'openslo/v2'"),
    ],
)
def test_what_cannot_be_read_is_named_with_file_and_line(openslo: Path, old: str, new: str, said: str) -> None:
    assert old in OPENSLO
    openslo.write_text(OPENSLO.replace(old, new))
    with pytest.raises(DeclarationError) as caught:
        load_openslo([openslo])
    assert f"{openslo}{said}" in str(caught.value) if said.startswith(":") else said in str(caught.value)
