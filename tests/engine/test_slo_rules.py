"""The rules of objectives, run by Prometheus' own promtool on made-up series: who is told, how soon, and when nobody is.

Two runs. Pages are a matter of minutes: they are evaluated every minute, after six quiet hours. Tickets are a matter of days: they are
evaluated every hour.
"""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from platform_components.observability.alerts import Links, Severity, rule_spec
from platform_components.observability.slo.args import SloSettings
from platform_components.observability.slo.burn import STEP, burns, tolerance_of
from platform_components.observability.slo.rules import BUDGET_INTERVAL, groups
from platformctl.promql import run_promtool

PAIRS = [(objective, days) for objective in ("99", "99.5", "99.9", "99.95") for days in (7, 28, 30)]
QUIET = 6 * 60 + 5
"""Minutes before anything happens: the longest window of a page is full of good events."""

pytestmark = pytest.mark.usefixtures("promtool")


@dataclass
class Bench:
    """A rule file, series, and what is asked when."""

    folder: Path
    seconds: int
    """Between scrapes, and between evaluations."""
    paces: tuple[str, ...]
    """Which groups are evaluated, by their interval."""
    evaluated: int = 0
    """Seconds between evaluations, if others."""
    objectives: dict[str, SloSettings] = field(default_factory=dict)
    series: dict[str, str] = field(default_factory=dict)
    questions: list[dict[str, Any]] = field(default_factory=list)

    def firing(self, at: timedelta, alert: str, slo: str) -> None:
        self._ask(at, f'count(ALERTS{{alertname="{alert}",slo="{slo}",alertstate="firing"}})', [{"labels": "{}", "value": 1}])

    def silent(self, at: timedelta, alert: str, slo: str) -> None:
        self._ask(at, f'count(ALERTS{{alertname="{alert}",slo="{slo}",alertstate="firing"}})', [])

    def never(self, until: timedelta, alert: str, slo: str) -> None:
        window = f"{int(until.total_seconds())}s"
        self._ask(until, f'count_over_time(ALERTS{{alertname="{alert}",slo="{slo}",alertstate="firing"}}[{window}])', [])

    def _ask(self, at: timedelta, expression: str, samples: list[dict[str, Any]]) -> None:
        self.questions.append({"eval_time": f"{int(at.total_seconds())}s", "expr": expression, "exp_samples": samples})

    def check(self) -> None:
        """Ask everything in one run of promtool."""
        made = [group for name, slo in self.objectives.items() for group in groups(name, slo)]
        rules = rule_spec([group for group in made if group.interval in self.paces], Links())
        (self.folder / "rules.yaml").write_text(json.dumps(rules))
        test = {
            "interval": f"{self.seconds}s",
            "input_series": [{"series": series, "values": values} for series, values in self.series.items()],
            "promql_expr_test": self.questions,
        }
        file = {
            "rule_files": ["rules.yaml"],
            "evaluation_interval": f"{self.evaluated or self.seconds}s",
            # Else in any order: half an hour later what the first group records is forgotten.
            "group_eval_order": [group["name"] for group in rules["groups"]],
            "tests": [test],
        }
        (self.folder / "test.yaml").write_text(json.dumps(file))
        run = run_promtool("test", "rules", str(self.folder / "test.yaml"))
        assert run.returncode == 0, (run.stdout + run.stderr)[-5000:]


def availability(job: str) -> dict[str, Any]:
    return {"kind": "availability", "metric": "requests_total", "selector": f'job="{job}"', "errors": 'code=~"5.."'}


def slo(indicator: dict[str, Any], objective: str = "99.9", days: int = 30, minimum: int = 0) -> SloSettings:
    return SloSettings.model_validate(
        {"service": "shop", "indicator": indicator, "objective": objective, "period_days": days, "minimum_events": minimum}
    )


def soonest(settings: SloSettings, severity: Severity, ratio: Fraction | int = 1) -> timedelta:
    """The computed detection time."""
    found = [burn.detected_after(ratio) for burn in burns(settings.objective, settings.period_days) if burn.severity == severity]
    return min(time for time in found if time is not None)


def steps(seconds: int, *parts: tuple[int, float]) -> str:
    """A counter that grows by so much a second for so many minutes, part after part."""
    value, text = 0.0, []
    for minutes, rate in parts:
        count, step = minutes * 60 // seconds, rate * seconds
        text.append(f"{value + step}+{step}x{count - 1}")
        value += step * count
    return " ".join(["0", *text])


def test_pages(tmp_path: Path) -> None:
    """A counter that starts again pages nobody, total outage does within the computed time and not before, and recovery ends it."""
    bench = Bench(tmp_path, seconds=60, paces=("",))
    first, out, rest = QUIET - 20, 20, 32
    begin, end = timedelta(minutes=QUIET), timedelta(minutes=QUIET + out)
    # Ten requests a second of each pod, of which one in a hundred thousand fails; one pod starts again, and later all fail for a while.
    for pod, again in (("a", True), ("b", False)):
        for code, rates in (("200", (10, 0, 10)), ("503", (0.0001, 10, 0))):
            later = ((20, rates[0]), (out, rates[1]), (rest, rates[2]))
            parts = (
                [steps(bench.seconds, (first, rates[0])), steps(bench.seconds, *later)]
                if again
                else [steps(bench.seconds, (first, rates[0]), *later)]
            )
            bench.series[f'requests_total{{job="shop",code="{code}",pod="{pod}"}}'] = " ".join(parts)
    # Everything is late during the outage, for a classic and for a native histogram.
    for bound, late in (("0.3", 0), ("+Inf", 10)):
        bench.series[f'seconds_bucket{{job="shop",le="{bound}"}}'] = steps(bench.seconds, (QUIET, 10), (out, late), (rest, 10))
    bench.series['seconds_count{job="shop"}'] = steps(bench.seconds, (QUIET + out + rest, 10))
    bench.series['native{job="shop"}'] = (
        f"{{{{schema:0 count:0 sum:0 offset:-1 buckets:[0 0 0 0]}}}}+{{{{schema:0 count:600 sum:180 offset:-1 buckets:[600]}}}}x{QUIET} "
        f"{{{{schema:0 count:{QUIET * 600} sum:9 offset:-1 buckets:[{QUIET * 600} 0 0 0 0]}}}}"
        f"+{{{{schema:0 count:600 sum:3000 offset:3 buckets:[600]}}}}x{out}"
    )
    grid = timedelta(seconds=bench.seconds)
    for objective, days in PAIRS:
        name = f"{objective.replace('.', '-')}-{days}"
        settings = bench.objectives[name] = slo(availability("shop"), objective, days)
        computed = soonest(settings, Severity.PAGE)
        bench.never(begin + computed // grid * grid, "ErrorBudgetBurnFast", name)
        bench.firing(begin + (computed + 2 * grid) // grid * grid, "ErrorBudgetBurnFast", name)
        bench.firing(end, "ErrorBudgetBurnFast", name)
        bench.silent(end + timedelta(minutes=31), "ErrorBudgetBurnFast", name)
    for kind, metric in (("classic", "seconds"), ("native", "native")):
        indicator = {"kind": "latency", "metric": metric, "selector": 'job="shop"', "within": "0.5", "buckets": kind}
        bench.objectives[kind] = slo({**indicator, "within": "0.3"} if kind == "classic" else indicator)
        computed = soonest(bench.objectives[kind], Severity.PAGE)
        bench.never(begin + computed // grid * grid, "ErrorBudgetBurnFast", kind)
        bench.firing(begin + (computed + 2 * grid) // grid * grid, "ErrorBudgetBurnFast", kind)
    bench.check()


def test_tickets(tmp_path: Path) -> None:
    """A burn that the period cannot bear opens a ticket at the computed time, pages nobody, and is over when it is over; and little traffic
    tells nobody where that is asked for.
    """
    bench = Bench(tmp_path, seconds=120, paces=("", BUDGET_INTERVAL), evaluated=3600)
    ratio, after = Fraction(6, 5), 60 * 12
    # Five requests an hour, of which every third fails.
    bench.series['requests_total{job="little",code="200"}'] = f"0+0.1x{7 * 720}"
    bench.series['requests_total{job="little",code="500"}'] = f"0+0.05x{7 * 720}"
    asked = timedelta(days=6)
    grid, recorded = timedelta(seconds=bench.evaluated), timedelta(minutes=2 * STEP)
    for objective, days in PAIRS:
        name = f"{objective.replace('.', '-')}-{days}"
        settings = bench.objectives[name] = slo(availability(name), objective, days)
        slowest = max(burns(settings.objective, days), key=lambda burn: burn.long)
        quiet = burning = slowest.long // 60 * 60 + 60
        failed = ratio * Fraction(tolerance_of(Decimal(objective)))
        good, bad = 100 * float(1 - failed), 100 * float(failed)
        bench.series[f'requests_total{{job="{name}",code="200"}}'] = steps(120, (quiet, 100), (burning, good), (after, 100))
        bench.series[f'requests_total{{job="{name}",code="500"}}'] = steps(120, (quiet, 0), (burning, bad), (after, 0))
        computed, begin = soonest(settings, Severity.TICKET, failed), timedelta(minutes=quiet)
        end = begin + timedelta(minutes=burning)
        over = end + timedelta(minutes=after)
        bench.silent(begin + (computed - grid) // grid * grid, "ErrorBudgetBurnSlow", name)
        bench.firing(begin + (computed + recorded + grid) // grid * grid, "ErrorBudgetBurnSlow", name)
        bench.firing(end, "ErrorBudgetBurnSlow", name)
        bench.silent(over, "ErrorBudgetBurnSlow", name)
        bench.never(over, "ErrorBudgetBurnFast", name)
        bench.never(over, "ServiceLevelUnmeasured", name)
        little = f"little-{name}"
        bench.objectives[little] = slo(availability("little"), objective, days, minimum=1000)
        bench.never(asked, "ErrorBudgetBurnFast", little)
        bench.never(asked, "ErrorBudgetBurnSlow", little)
    bench.objectives["unguarded"] = slo(availability("little"))
    bench.firing(asked, "ErrorBudgetBurnFast", "unguarded")
    bench.firing(asked, "ErrorBudgetBurnSlow", "unguarded")
    bench.objectives["unmeasured"] = slo(availability("nothing"))
    bench.firing(asked, "ServiceLevelUnmeasured", "unmeasured")
    bench.check()
