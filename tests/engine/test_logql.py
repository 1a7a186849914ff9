"""Every LogQL expression of rules, panels and runbooks before Loki's own parser."""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from platform_components.observability import dashboards
from platform_components.observability.collectors import PLATFORM
from tests.rule_files import RUNBOOKS, log_rules

FILLED = {"$__auto": "5m", "$namespace": ".*", "NAMESPACE": "shop"}
"""What Grafana, or whoever reads a page, fills in; all namespaces are `.*`, of which Loki refuses a selector that has nothing else."""


def written() -> dict[str, str]:
    """Expressions by where they stand."""
    found = {str(rule["alert"]): str(rule["expr"]) for rule in log_rules()}
    for uid, text in [*((uid, dashboards.text(uid)) for uid in dashboards.UIDS), *dashboards.for_team(PLATFORM).items()]:
        for panel in json.loads(text)["panels"]:
            if panel.get("datasource", {}).get("type") == "loki":
                found |= {f"{uid}: {panel['title']} {target['refId']}": target["expr"] for target in panel["targets"]}
    for page in sorted(RUNBOOKS.glob("*.md")):
        for number, block in enumerate(re.findall(r"```logql\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)):
            found[f"runbook {page.stem} {number}"] = block.strip()
    return found


def refused(logql: Path, expressions: Mapping[str, str]) -> dict[str, str]:
    """What Loki says of the expressions that it refuses."""
    filled = dict(expressions)
    for macro, value in FILLED.items():
        filled = {where: expression.replace(macro, value) for where, expression in filled.items()}
    done = subprocess.run([logql], input=json.dumps(filled), capture_output=True, text=True, check=True)
    said: dict[str, str] = json.loads(done.stdout)
    return said


def test_loki_takes_every_expression(logql: Path) -> None:
    expressions = written()
    assert {"LogsShowCrash", "LogErrorsSurge", "platform-tenant: Errors A", "runbook LogsShowCrash 0"} <= expressions.keys()
    assert refused(logql, expressions) == {}


def test_what_loki_refuses_is_named(logql: Path) -> None:
    said = refused(
        logql,
        {
            "good": '{a="b"} |= "c"',
            "everything": '{a=~"$namespace"}',
            "unclosed": 'sum(rate({a="b"}[5m])',
            "no range": 'rate({a="b"})',
            "bad expression": '{a="b"} |~ "("',
        },
    )
    assert set(said) == {"everything", "unclosed", "no range", "bad expression"}
    assert "empty-compatible" in said["everything"]
