"""Whatever objective is taken here, Prometheus takes its rules; and whatever is refused here is refused with its field and a reason."""

import json
import string
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from platform_components.observability.alerts import Links, rule_spec
from platform_components.observability.slo.args import SloSettings
from platform_components.observability.slo.rules import groups
from platformctl.promql import run_promtool

METRIC = st.from_regex(r"[a-z_:][a-z0-9_:]{0,20}", fullmatch=True)
LABEL = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(lambda name: name != "le")
TEXT = st.one_of(
    st.sampled_from(["", "5..", "a|b", "(a|b)+", "[^a-z0-9]*?", r"a\.b", 'say "so"', "{}", "|", "^a$", "x(?:y)", "a{2}", "a*+"]),
    st.text(string.ascii_letters + string.digits + ' .*+?|()[]^$-/\\"{}é\n', max_size=10),
)


@st.composite
def matchers(draw: st.DrawFn, least: int = 0) -> str:
    parts = []
    for _ in range(draw(st.integers(least, 3))):
        value = draw(TEXT).replace("\\", "\\\\").replace('"', '\\"')
        parts.append(f'{draw(LABEL)}{draw(st.sampled_from(["=", "!=", "=~", "!~"]))}"{value}"')
    return draw(st.sampled_from([",", ", ", " , "])).join(parts) + draw(st.sampled_from(["", ",", " "]))


@st.composite
def selectors(draw: st.DrawFn) -> str:
    return f"{draw(METRIC)}{{{draw(matchers())}}}"


INDICATORS = st.one_of(
    st.fixed_dictionaries(
        {"kind": st.just("availability"), "metric": METRIC, "selector": matchers(), "errors": matchers(least=1)},
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("latency"),
            "metric": METRIC,
            "selector": matchers(),
            "within": st.decimals(min_value="0.0001", max_value=100_000, places=4).map(str),
            "buckets": st.sampled_from(["classic", "native"]),
        }
    ),
    st.fixed_dictionaries({"kind": st.just("ratio"), "total": selectors(), "good": selectors()}),
    st.fixed_dictionaries({"kind": st.just("ratio"), "total": selectors(), "bad": selectors()}),
)


def declared(objective: st.SearchStrategy[Decimal], days: st.SearchStrategy[int], least: int) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "service": st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True),
            "indicator": INDICATORS,
            "objective": objective.map(str),
            "period_days": days,
            "minimum_events": st.integers(least, 1000),
            "description": st.text(max_size=20),
        }
    )


SOUND = declared(st.decimals(98, "99.9999", places=4), st.integers(7, 90), 0)
"""Legal, unless a selector is not."""
WILD = declared(st.decimals(90, 100, places=4), st.integers(5, 92), -1000)
FIELDS = {"indicator", "objective", "period_days", "minimum_events"}


def test_every_legal_objective_makes_rules_that_prometheus_takes(promtool: Path, tmp_path: Path) -> None:
    """Many objectives, drawn at random, in one file: each is either taken by both or refused here, by field and reason."""
    legal: list[SloSettings] = []
    refused: list[dict[str, Any]] = []

    @settings(
        max_examples=1500, deadline=None, database=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(st.one_of(SOUND, SOUND, SOUND, WILD))
    def draw(slo: dict[str, Any]) -> None:
        try:
            legal.append(SloSettings.model_validate(slo))
        except ValidationError as error:
            refused.extend(dict(detail) for detail in error.errors())

    draw()
    assert len(legal) >= 200
    assert {str(detail["loc"][0]) for detail in refused} == FIELDS
    assert all(detail["msg"].strip() for detail in refused)
    made = [group for number, slo in enumerate(legal) for group in groups(f"slo-{number}", slo)]
    (tmp_path / "rules.yaml").write_text(json.dumps(rule_spec(made, Links())))
    run = run_promtool("check", "rules", "--lint=all", "--lint-fatal", str(tmp_path / "rules.yaml"))
    assert run.returncode == 0, (run.stdout + run.stderr)[-4000:]
    assert f"SUCCESS: {sum(len(group.rules) for group in made)} rules found" in run.stdout
