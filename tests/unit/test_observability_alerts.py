"""The contract of every alert: severity, team, summary, runbook and dashboard, refused where one is missing."""

from typing import Any

import pytest

from platform_components.errors import DeclarationError
from platform_components.observability.alerts import Alert, Group, Links, Record, Severity, rule_spec

GOOD: dict[str, Any] = {"name": "ThingBroken", "expression": "up == 0", "severity": Severity.PAGE, "summary": "It broke", "dashboard": "x"}


def test_a_rule_says_who_how_soon_what_and_where() -> None:
    alert = Alert(**GOOD, lasting="5m", labels={"slo": "a"})
    assert alert.rule(Links(runbooks="https://wiki.example.com/runbooks/", dashboards="https://grafana.example.com/")) == {
        "alert": "ThingBroken",
        "expr": "up == 0",
        "for": "5m",
        "labels": {"severity": "page", "team": "platform", "slo": "a"},
        "annotations": {
            "summary": "It broke",
            "runbook_url": "https://wiki.example.com/runbooks/ThingBroken.md",
            "dashboard_url": "https://grafana.example.com/d/x",
        },
    }
    assert Alert(**GOOD, runbook="Shared").rule(Links())["annotations"]["runbook_url"] == "docs/runbooks/Shared.md"
    assert "team" not in Alert(**GOOD, team="").rule(Links())["labels"], "the expression brings it"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "thing broken", "upper camel case"),
        ("expression", " ", "no expression"),
        ("summary", "", "no summary"),
        ("summary", "two\nlines", "one line"),
        ("dashboard", "", "no dashboard"),
        ("lasting", "5 minutes", "no duration"),
        ("labels", {"severity": "page"}, "not labels"),
    ],
)
def test_what_is_missing_is_refused(field: str, value: Any, said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        Alert(**{**GOOD, field: value})


def test_groups_keep_the_order_of_their_rules() -> None:
    group = Group("g", [Record("a:b:sum", "sum(b)", {"by": "x"}), Alert(**GOOD)], interval="1m")
    (spec,) = rule_spec([group], Links())["groups"]
    assert (spec["name"], spec["interval"]) == ("g", "1m")
    assert spec["rules"][0] == {"record": "a:b:sum", "expr": "sum(b)", "labels": {"by": "x"}}
    assert spec["rules"][1]["alert"] == "ThingBroken"
