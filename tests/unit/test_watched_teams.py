"""Whom Alertmanager, Loki and Grafana are told of: every team of an environment, from its own file, and even while that is broken."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from platform_components.declarations.watching import watched_teams
from platform_components.observability.alertmanager import configuration, secret_keys
from platform_components.observability.receivers import AlertingSettings
from platform_components.tenancy.alerts import TeamAlerts

ALERTS = {"page": [{"kind": "opsgenie", "key": "oncall"}], "ticket": [{"kind": "slack", "key": "channel", "channel": "#ledger"}]}


def write(folder: Path, name: str, **changes: Any) -> None:
    declared = {"team": name, "owners": ["@a"], "group": f"sso-{name}", "environments": ["prod"], **changes}
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")


def test_a_team_is_declared_once(tmp_path: Path) -> None:
    write(tmp_path, "ledger", alerts=ALERTS, logs={"retention_days": 90})
    write(tmp_path, "search", environments=["dev"])
    (name,) = found = watched_teams(tmp_path, "prod")
    assert (name, found[name].namespaces, found[name].log_retention_days) == ("ledger", ("ledger-prod",), 90)
    alerting = AlertingSettings()
    assert secret_keys(alerting, found) == (("alerts-ledger", "channel"), ("alerts-ledger", "oncall"))
    assert {"ledger-page", "ledger-ticket"} <= {one["name"] for one in configuration(alerting, found)["receivers"]}


@pytest.mark.parametrize(
    "receiver",
    [
        {"kind": "pagerduty", "routing_key": {"name": "grafana-admin", "key": "password"}},
        {"kind": "opsgenie", "key": "k", "api_url": "https://example.org/"},
        {"kind": "slack", "key": "../alerts-search/channel", "channel": "#a"},
    ],
)
def test_a_team_names_no_secret_but_its_own_and_no_address(receiver: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TeamAlerts.model_validate({"page": [receiver]})


def test_a_broken_file_takes_nobodys_alerts_away(tmp_path: Path) -> None:
    write(tmp_path, "ledger", alerts=ALERTS, logs={"retention_days": 90}, quota="giant")
    write(tmp_path, "search", logs={"retention_days": 400}, alerts={"page": "me"}, owners=[])
    write(tmp_path, "keeps", logs={"retention_days": 700})
    (tmp_path / "torn.yaml").write_text("team: [", encoding="utf-8")
    write(tmp_path, "elsewhere", environments=["dev"], quota="giant")
    (tmp_path / "platform.yaml").write_text("{}", encoding="utf-8")
    (tmp_path / "No Team.yaml").write_text("{}", encoding="utf-8")
    found = watched_teams(tmp_path, "prod")
    assert list(found) == ["keeps", "ledger", "search", "torn"]
    assert (len(found["ledger"].page), found["ledger"].log_retention_days) == (1, 90)
    # The platform's people stand in for whom it does not tell, and nothing is deleted that somebody may have wanted to keep.
    assert (found["search"].page, found["search"].log_retention_days) == ((), 400)
    assert (found["torn"].namespaces, found["torn"].log_retention_days) == (("torn-prod",), 700)
