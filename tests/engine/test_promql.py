"""The judge of PromQL expressions, with the real promtool."""

import subprocess
from pathlib import Path

import pytest

from platformctl.promql import refused_expressions


@pytest.mark.usefixtures("promtool")
def test_each_bad_expression_is_named_and_no_good_one() -> None:
    """One run judges all: what it says must come back under the name of the expression it is about."""
    refused = refused_expressions(
        {
            "good": 'sum by (team) (rate(http_requests_total{code=~"5.."}[5m]))',
            "unclosed": "sum(rate(http_requests_total[5m])",
            "quoted": 'label_replace(up, "a", "$1", "instance", "(.*):\\\\d+")',
            "no range": "rate(http_requests_total)",
            "nothing": "",
            "many lines": "up\n  == bool\n# which is one\n1",
        }
    )
    assert set(refused) == {"unclosed", "no range", "nothing"}
    assert "unclosed left parenthesis" in refused["unclosed"]
    assert "expected type range vector" in refused["no range"]


def test_amtool_names_the_receiver_of_an_alert(amtool: Path, tmp_path: Path) -> None:
    """The tool is what its name says: it reads a configuration and routes by labels."""
    (tmp_path / "alertmanager.yaml").write_text(
        "route: {receiver: rest, routes: [{matchers: ['team = shop'], receiver: shop}]}\nreceivers: [{name: rest}, {name: shop}]\n"
    )
    for label, receiver in (("team=shop", "shop"), ("team=other", "rest")):
        command = [amtool, "config", "routes", "test", "--config.file", tmp_path / "alertmanager.yaml", label]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == receiver
