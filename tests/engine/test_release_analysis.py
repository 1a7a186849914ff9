"""What releases ask Prometheus, run by its own promtool on made-up series: a bad version goes back, a good one goes on, one that few have
used is neither, and none begins with its error budget spent or its window closed.

The conditions are read out of the very templates that a cluster is given.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from platform_components.delivery import argo_rollouts, flagger, gates
from platform_components.delivery.progressive_args import Window
from platform_components.delivery.rollout_args import Engine
from platform_components.observability.alerts import Links, rule_spec
from platform_components.observability.slo.args import SloSettings
from platform_components.observability.slo.rules import groups
from platformctl.promql import run_promtool
from tests.unit.test_rollout import AVAILABLE, args

pytestmark = pytest.mark.usefixtures("promtool")

SLO: Final = {"service": "checkout", "objective": "99.9", "indicator": AVAILABLE}
BOUND: Final = "0.0056"
"""5.6 times the 0.1 % that may fail over 28 days: the slowest page."""
MINUTES: Final = 10
VERDICTS: Final = {"bad": 0.02, "just bad": 0.006, "just good": 0.005, "good": 0.0005, "perfect": 0.0}
"""Part of a version's requests that fails, by what it is."""


@dataclass
class Bench:
    """Rules, series, and what is asked when."""

    folder: Path
    seconds: int
    evaluated: int
    rules: list[dict[str, Any]] = field(default_factory=list)
    series: dict[str, str] = field(default_factory=dict)
    questions: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, at: timedelta, query: str, value: float | None) -> None:
        """One sample without labels of this value; None: nothing."""
        samples = [] if value is None else [{"labels": "{}", "value": value}]
        self.questions.append({"eval_time": f"{int(at.total_seconds())}s", "expr": query, "exp_samples": samples})

    def requests(self, pod: str, minutes: int, rate: float, failing: float, job: str = "checkout") -> None:
        """Requests a second of a pod, from the beginning, of which a part fails."""
        count, step = minutes * 60 // self.seconds, rate * self.seconds
        for code, part in (("200", 1 - failing), ("503", failing)):
            labels = f'job="{job}",namespace="shop-prod",pod="{pod}",code="{code}"'
            self.series[f"http_requests_total{{{labels}}}"] = f"0+{step * part}x{count}"

    def run(self) -> tuple[int, str]:
        rules = {"groups": self.rules}
        (self.folder / "rules.yaml").write_text(json.dumps(rules))
        test = {
            "interval": f"{self.seconds}s",
            "input_series": [{"series": series, "values": values} for series, values in self.series.items()],
            "promql_expr_test": self.questions,
        }
        file = {
            "rule_files": ["rules.yaml"],
            "evaluation_interval": f"{self.evaluated}s",
            "group_eval_order": [group["name"] for group in self.rules],
            "tests": [test],
        }
        (self.folder / "test.yaml").write_text(json.dumps(file))
        done = run_promtool("test", "rules", str(self.folder / "test.yaml"))
        return done.returncode, (done.stdout + done.stderr)[-4000:]


def metric(name: str, **changes: Any) -> Mapping[str, Any]:
    """A metric of the service's AnalysisTemplate."""
    found = argo_rollouts.analysis_template(args(objectives={"checkout": SLO}, **changes))["metrics"]
    return next(one for one in found if one["name"] == name)


def filled(one: Mapping[str, Any], **told: str) -> str:
    """The query of a metric, filled in as the controller does."""
    query: str = one["provider"]["prometheus"]["query"]
    for name, value in told.items():
        query = query.replace(f"{{{{args.{name}}}}}", value)
    assert "{{" not in query
    return query


def passes(one: Mapping[str, Any], query: str) -> str:
    """The success condition as PromQL: 1 where it holds, and nothing where it does not."""
    return f"count(({query}) {_compared(one['successCondition'])})"


def fails(one: Mapping[str, Any], query: str) -> str:
    """The failure condition as PromQL: 1 where it holds, and nothing where it does not."""
    condition = one["failureCondition"]
    if negated := re.search(r"!\(result\[0\] <= ([0-9.]+)\)", condition):
        return f"count(({query}) > {negated[1]})"
    return f"count(({query}) {_compared(condition)})"


def _compared(condition: str) -> str:
    """Of `len(result) > 0 && result[0] <= 0.1` the comparison with the one result; that there is one PromQL says by itself."""
    assert "len(result) > 0 && result[0] " in condition
    found = re.search(r"result\[0\] (<=|>=|<|>) ([0-9.]+)", condition)
    assert found is not None
    return f"{found[1]} {found[2]}"


def verdict(bench: Bench, at: timedelta, one: Mapping[str, Any], query: str, *, good: bool | None) -> None:
    """It passes, it fails, or, where None, neither."""
    bench.ask(at, passes(one, query), 1 if good else None)
    bench.ask(at, fails(one, query), 1 if good is False else None)


def test_a_bad_version_goes_back_a_good_one_goes_on_and_an_unused_one_waits(tmp_path: Path) -> None:
    bench, at = Bench(tmp_path, 60, 60), timedelta(minutes=30)
    bench.rules = rule_spec(groups("checkout", SloSettings.model_validate(SLO))[:1], Links())["groups"]
    one = metric("checkout")
    assert (one["successCondition"], BOUND in one["failureCondition"]) == (f"len(result) > 0 && result[0] <= {BOUND}", True)
    bench.requests("checkout-stable0-a", 40, 1000, 0)
    for number, (what, failing) in enumerate(VERDICTS.items()):
        bench.requests(f"checkout-hash{number}-a", 40, 5, failing)
        good = failing <= float(BOUND)
        verdict(bench, at, one, filled(one, hash=f"hash{number}", minutes=str(MINUTES)), good=good)
        assert (what in {"bad", "just bad"}) is not good
    # Twelve requests a minute, of which every third fails: an outage, or three unlucky users of 120.
    bench.requests("checkout-few-a", 40, 0.2, 1 / 3)
    verdict(bench, at, one, filled(one, hash="few", minutes=str(MINUTES)), good=None)
    # Two pods share what they are judged by, and a version that nobody has called has no series.
    bench.requests("checkout-pair-a", 40, 5, 0)
    bench.requests("checkout-pair-b", 40, 5, 0.02)
    verdict(bench, at, one, filled(one, hash="pair", minutes=str(MINUTES)), good=False)
    verdict(bench, at, one, filled(one, hash="none", minutes=str(MINUTES)), good=None)
    # The same objective without a release: the whole service is well.
    verdict(bench, at, service := metric("checkout-service"), filled(service), good=True)
    code, said = bench.run()
    assert code == 0, said
    # Else the above would prove nothing: the same questions with one answer turned round.
    bench.questions = bench.questions[:1]
    bench.questions[0]["exp_samples"] = [{"labels": "{}", "value": 1}]
    assert bench.run()[0] != 0


def _of_flagger() -> dict[str, str]:
    made = args(Engine.FLAGGER, objectives={"checkout": SLO})
    return {measure.name: measure.query for measure in flagger.measures(made)}


def test_with_flagger_only_the_new_pods_are_judged_and_few_events_are_no_failure(tmp_path: Path) -> None:
    bench, at = Bench(tmp_path, 60, 60), timedelta(minutes=20)
    query = _of_flagger()["checkout"]
    bench.requests("checkout-primary-77cd9-x1zz", 30, 100, 0.5)
    bench.requests("checkout-5f4d8-x1zz", 30, 20, 0.01)
    bench.ask(at, f"count(({query}) > {BOUND})", 1)
    bench.ask(at, f"round({query}, 0.001)", 0.01)
    few = query.replace("checkout-", "cart-")
    bench.requests("cart-5f4d8-x1zz", 30, 0.05, 0.5)
    bench.ask(at, few, 0)
    code, said = bench.run()
    assert code == 0, said


def test_nothing_begins_with_its_budget_spent(tmp_path: Path) -> None:
    """By the objectives' own rules over a week: what has spent its budget, what has not, what nobody uses, and what has no objective."""
    bench, at = Bench(tmp_path, 120, 3600), timedelta(hours=26)
    template = gates.cluster_templates("http://prometheus", ())[gates.BUDGET]["metrics"][0]
    for service, failing in (("spent", 0.05), ("nearly", 0.0009), ("healthy", 0.0), ("idle", None)):
        indicator = {**AVAILABLE, "selector": f'job="{service}"'}
        slo = SloSettings.model_validate({"service": service, "objective": "99.9", "period_days": 7, "indicator": indicator})
        bench.rules += rule_spec(groups(service, slo), Links())["groups"]
        if failing is not None:
            bench.requests(f"{service}-1", 27 * 60, 100, failing, job=service)
    # Two objectives of one service, of which one is spent: the worst counts.
    for name, job in (("worst-a", "healthy"), ("worst-b", "spent")):
        declared = {**SLO, "service": "worst", "period_days": 7, "indicator": {**AVAILABLE, "selector": f'job="{job}"'}}
        bench.rules += rule_spec(groups(name, SloSettings.model_validate(declared)), Links())["groups"]
    for service, state in (("spent", 2), ("nearly", 1), ("healthy", 0), ("idle", 0), ("worst", 2), ("unknown", None)):
        query = filled(template, service=service)
        bench.ask(at, query, state)
        verdict(bench, at, template, query, good=None if state is None else state < gates.FROZEN)
        bench.ask(at, gates.budget_query(service), state)
    code, said = bench.run()
    assert code == 0, said


def test_a_release_goes_back_while_its_service_pages(tmp_path: Path) -> None:
    bench, at = Bench(tmp_path, 60, 60), timedelta(minutes=90)
    one = metric("checkout-service")
    bench.rules = rule_spec(groups("checkout", SloSettings.model_validate(SLO))[:1], Links())["groups"]
    bench.requests("checkout-stable0-a", 95, 100, 0.2)
    verdict(bench, at, one, filled(one), good=False)
    unrecorded = filled(one).replace('slo="checkout"', 'slo="other"')
    verdict(bench, at, one, unrecorded, good=None)
    code, said = bench.run()
    assert code == 0, said


def test_windows_are_open_when_they_say(tmp_path: Path) -> None:
    """Prometheus' clock begins on Thursday, 1 January 1970, at midnight UTC."""
    windows = (Window(days=("mon", "thu"), from_hour=8, until_hour=15), Window(days=("thu",), from_hour=22, until_hour=24))
    bench = Bench(tmp_path, 3600, 3600)
    one = gates.cluster_templates("http://prometheus", windows)[gates.WINDOW]["metrics"][0]
    bench.series["up"] = "1x200"
    for day, hour, is_open in ((0, 7, 0), (0, 8, 1), (0, 14, 1), (0, 15, 0), (0, 23, 1), (1, 9, 0), (4, 9, 1), (5, 23, 0)):
        at = timedelta(days=day, hours=hour, minutes=30)
        bench.ask(at, filled(one), is_open)
        bench.ask(at, passes(one, filled(one)), 1 if is_open else None)
    always = gates.cluster_templates("http://prometheus", ())[gates.WINDOW]["metrics"][0]
    bench.ask(timedelta(days=3), filled(always), 1)
    code, said = bench.run()
    assert code == 0, said
