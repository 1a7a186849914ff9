"""The platform's rules and dashboards before Prometheus' own tools: they parse, name what is scraped, and fire when they should."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from platform_components.observability import dashboards
from platform_components.observability.scraped import Kind, Metric, scraped
from tests.engine.rule_cases import CASES, Case
from tests.promql import NotParsedError, Parsed, parse
from tests.rule_files import Rule, objective_rules, rules, rules_of, specs

COUNTING = {"rate", "increase", "irate", "resets"}
RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"
LEVELS = {
    "cluster": (),
    "namespace": ("namespace", "team"),
    "nodepool": ("nodepool",),
    "repository": ("organization", "repository"),
    "zone": ("zone",),
}
"""Labels that a recorded series keeps, by the level in its name."""

READS = {
    "platform-growth": ["platform-capacity"],
    **{name: ["platform-workloads"] for name in ("public-entries", "platform-volumes", "releases-argo-rollouts", "releases-flagger")},
}
"""Groups whose rules read what other groups record."""


def panels(board: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for panel in board["panels"]:
        if panel["type"] != "row":
            yield panel


def shown() -> list[tuple[str, str]]:
    """Where it stands, and the expression: of every rule, panel and variable."""
    found = [(rule.get("alert") or rule["record"], rule["expr"]) for rule in rules()]
    for uid, board in dashboards.load().items():
        asked = [panel for panel in panels(board) if panel["datasource"]["type"] == "prometheus"]
        found += [(f"{uid}: {panel['title']}", target["expr"]) for panel in asked for target in panel["targets"]]
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                metric = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"])
                assert metric, variable["query"]
                found.append((f"{uid}: variable {variable['name']}", f"count by ({metric[2]}) ({metric[1]})"))
    for page in sorted(RUNBOOKS.glob("*.md")):
        for block in re.findall(r"```promql\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            found += [(f"runbook {page.stem}", line) for line in block.strip().splitlines()]
    return found


def wrong(where: str, parsed: Parsed, known: Mapping[str, Metric], recorded: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """What an expression names that nothing scrapes, and counters that are read as if they were none."""
    made = set(re.findall(r'label_replace\(.*?"(\w+)", "\$?\w*"', parsed.expression.replace("\n", " ")))
    reachable: set[str] = set(made) | set(re.findall(r'count_values\("(\w+)"', parsed.expression))
    for selector in parsed.selectors:
        if selector.metric in recorded:
            reachable |= recorded[selector.metric]
            if missing := selector.labels - recorded[selector.metric]:
                yield f"{where}: {selector.metric} is recorded without label {', '.join(sorted(missing))}"
            continue
        metric = known.get(selector.metric)
        if metric is None:
            yield f"{where}: {selector.metric or 'a selector without a name'} is not scraped"
            continue
        reachable |= metric.labels
        if missing := selector.labels - metric.labels:
            yield f"{where}: {selector.metric} has no label {', '.join(sorted(missing))}"
        if selector.function in COUNTING and metric.kind is not Kind.COUNTER:
            yield f"{where}: {selector.function} of {selector.metric}, which is no counter"
        if metric.kind is Kind.COUNTER and selector.function not in {*COUNTING, "absent", "topk"} and not selector.ranged:
            yield f"{where}: {selector.metric} is a counter and read as a value"
    if missing := parsed.grouping - reachable:
        yield f"{where}: nothing of it has a label {', '.join(sorted(missing))}"


def labels_of(rule: Rule) -> frozenset[str]:
    """Labels of a recorded series: those the rule gives, and those of its level."""
    return frozenset({*rule.get("labels", {}), *LEVELS.get(rule["record"].partition(":")[0], ())})


@pytest.fixture(scope="module")
def parsed(promtool: Path) -> list[tuple[str, Parsed]]:
    places, expressions = zip(*shown(), strict=True)
    return list(zip(places, parse(promtool, *expressions), strict=True))


def test_every_expression_parses_and_names_only_what_is_scraped(parsed: list[tuple[str, Parsed]]) -> None:
    recorded = {rule["record"]: labels_of(rule) for rule in [*rules(), *objective_rules()] if "record" in rule}
    assert len(parsed) > 150
    assert [problem for where, each in parsed for problem in wrong(where, each, scraped(), recorded)] == []


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("sum(kube_node_inof)", "kube_node_inof is not scraped"),
        ('count({job="x"})', "a selector without a name is not scraped"),
        ('kube_node_info{zone="a"}', "kube_node_info has no label zone"),
        ("sum by (team) (kube_node_info)", "nothing of it has a label team"),
        ("rate(kube_node_info[5m])", "which is no counter"),
        ("node_vmstat_oom_kill > 0", "is a counter and read as a value"),
        ("argocd_app_info{namespace='x', name='y'} * on (nothing) group_left (repo) up", "nothing of it has a label nothing"),
    ],
)
def test_what_is_not_scraped_is_found(promtool: Path, expression: str, said: str) -> None:
    (parsed,) = parse(promtool, expression)
    (problem,) = wrong("here", parsed, scraped(), {})
    assert said in problem


def test_what_does_not_parse_is_told(promtool: Path) -> None:
    with pytest.raises(NotParsedError, match="parse error"):
        parse(promtool, "up", "sum by (a (x)")


def test_every_rule_file_passes_promtool(promtool: Path, tmp_path: Path) -> None:
    for name, spec in specs().items():
        file = tmp_path / f"{name}.yaml"
        file.write_text(yaml.safe_dump(spec), encoding="utf-8")
        done = subprocess.run([promtool, "check", "rules", "--lint=all", "--lint-fatal", file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    alerts = {rule["alert"] for rule in rules() if "alert" in rule}
    assert {case.alert for case in CASES if case.fires} == alerts
    assert {case.alert for case in CASES if not case.fires} == alerts - {"Watchdog"}, "the watchdog is never silent"


def test_alerts_fire_when_they_should_and_only_then(promtool: Path, tmp_path: Path) -> None:
    for name, spec in specs().items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    for file in sorted({_file(case) for case in CASES}):
        files = [f"{name}.yaml" for name in (file, *READS.get(file, ()))]
        tests = [_test(case) for case in CASES if _file(case) == file]
        path = tmp_path / f"{file}-test.yaml"
        path.write_text(
            yaml.safe_dump({"rule_files": files, "evaluation_interval": "1m", "tests": tests}, sort_keys=False), encoding="utf-8"
        )
        done = subprocess.run([promtool, "test", "rules", path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_case_that_is_wrong_is_noticed(promtool: Path, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.alert == "NodeNotReady" and case.fires)
    silent = Case(case.alert, case.series, case.at, fires=0)
    (tmp_path / "platform.yaml").write_text(yaml.safe_dump(specs()[_file(case)]), encoding="utf-8")
    path = tmp_path / "test.yaml"
    path.write_text(yaml.safe_dump({"rule_files": ["platform.yaml"], "evaluation_interval": "1m", "tests": [_test(silent)]}))
    assert subprocess.run([promtool, "test", "rules", path], capture_output=True, check=False).returncode == 1


def _file(case: Case) -> str:
    """The rule file of a case: the one it names, or the only one that has its alert."""
    having = (name for name, spec in specs().items() if case.alert in {rule.get("alert") for rule in rules_of(spec)})
    return case.file or next(having)


def _test(case: Case) -> dict[str, Any]:
    def firing(more: str = "") -> dict[str, Any]:
        expression = f'count(ALERTS{{alertname="{case.alert}",alertstate="firing"{more}}}) or vector(0)'
        return {"expr": expression, "eval_time": case.at, "exp_samples": [{"labels": "{}", "value": float(case.fires)}]}

    return {
        "name": f"{case.alert} {'fires' if case.fires else 'is silent'}{': ' + case.why if case.why else ''}",
        "interval": "1m",
        "input_series": [{"series": series, "values": values} for series, values in case.series.items()],
        "promql_expr_test": [firing(), *(firing(f',{label}="{value}"') for label, value in case.labels.items())],
    }
