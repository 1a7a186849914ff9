"""Alertmanager's configuration: every secret by reference, every receiver defined and used, and nobody's alerts lost."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from platform_components.charts.records import kube_prometheus_stack
from platform_components.charts.site import Site
from platform_components.observability.alertmanager import NOBODY, configuration, receiver_of, secret_keys
from platform_components.observability.args import ObservabilityStackArgs
from platform_components.observability.receivers import AlertingSettings
from tests.unit.observability_cases import ALERTING, AROUND, TEAMS, key

SETTINGS = ObservabilityStackArgs(**AROUND, alerting=ALERTING, teams=TEAMS)
CONFIGURATION = configuration(SETTINGS.alerting, SETTINGS.teams)


def routes(route: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield route
    for below in route.get("routes", ()):
        yield from routes(below)


def receiver(name: str) -> Mapping[str, Any]:
    return next(one for one in CONFIGURATION["receivers"] if one["name"] == name)


def values(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, below in value.items():
            yield from values(below, f"{path}.{name}")
    elif isinstance(value, list):
        for below in value:
            yield from values(below, path)
    else:
        yield path, value


def test_secrets_are_files_of_secrets_that_are_asked_for() -> None:
    files = {path.rpartition(".")[2]: value for path, value in values(CONFIGURATION["receivers"]) if str(value).startswith("/")}
    assert set(files) == {"routing_key_file", "api_key_file", "api_url_file", "url_file"}
    paths = {str(value) for path, value in values(CONFIGURATION["receivers"]) if str(value).startswith("/etc/alertmanager/")}
    named = secret_keys(SETTINGS.alerting, SETTINGS.teams)
    assert paths == {f"/etc/alertmanager/secrets/{name}/{key}" for name, key in named}
    assert {name for name, _ in named} == {"dead-mans-switch", "ledger", "opsgenie", "pagerduty", "slack"}


def test_a_secret_that_is_not_there_yet_stops_no_alertmanager() -> None:
    named = secret_keys(SETTINGS.alerting, SETTINGS.teams)
    specification = kube_prometheus_stack.values(
        Site(environment="dev", cluster_name="c", region="eu-west-1", vpc_id="v", replicas=1), kube_prometheus_stack.Metrics(secrets=named)
    )["alertmanager"]["alertmanagerSpec"]
    (volume,), (mount,) = specification["volumes"], specification["volumeMounts"]
    sources = [source["secret"] for source in volume["projected"]["sources"]]
    assert all(source["optional"] for source in sources)
    files = {f"{mount['mountPath']}/{item['path']}" for source in sources for item in source["items"]}
    assert files == {str(value) for _, value in values(CONFIGURATION["receivers"]) if str(value).startswith("/etc/alertmanager/")}


def test_no_field_takes_a_secret_itself() -> None:
    inline = ("routing_key", "service_key", "api_key", "api_url", "url", "password", "credentials")
    found = [path for path, _ in values(CONFIGURATION["receivers"]) if path.rpartition(".")[2] in inline]
    # Addresses of a public service and of links are none.
    assert set(found) <= {".opsgenie_configs.api_url", ".slack_configs.actions.url"}
    with pytest.raises(ValidationError):
        AlertingSettings(page=({"kind": "pagerduty", "routing_key": "0123456789abcdef"},))  # type: ignore[arg-type]


def test_every_receiver_is_defined_once_and_used() -> None:
    defined = [one["name"] for one in CONFIGURATION["receivers"]]
    used = {route["receiver"] for route in routes(CONFIGURATION["route"])}
    assert len(defined) == len(set(defined))
    assert set(defined) == used


def test_a_team_without_a_receiver_of_a_kind_has_the_platforms() -> None:
    assert receiver_of("ledger", "page", SETTINGS.teams) == "platform-page"
    assert receiver_of("ledger", "ticket", SETTINGS.teams) == "ledger-ticket"
    assert receiver_of("payments-eu", "ticket", SETTINGS.teams) == "platform-ticket"
    assert receiver_of("nobody-has-heard-of", "page", SETTINGS.teams) == "platform-page"


def test_a_page_and_a_ticket_differ_where_people_see_it() -> None:
    (page,), (ticket,) = receiver("platform-page")["pagerduty_configs"], receiver("platform-ticket")["slack_configs"]
    assert page["severity"] == "critical"
    assert "warning" in ticket["color"]
    (urgent,) = receiver("payments-page")["opsgenie_configs"]
    assert (urgent["priority"], urgent["api_url"]) == ("P1", "https://api.eu.opsgenie.com/")


def test_links_lead_to_the_runbook_and_the_dashboard() -> None:
    told = json.dumps(receiver("platform-page")) + json.dumps(receiver("platform-ticket"))
    assert told.count(".CommonAnnotations.runbook_url") >= 2
    assert told.count(".CommonAnnotations.dashboard_url") >= 2


def test_the_watchdog_calls_more_often_than_its_service_waits_for() -> None:
    watchdog = CONFIGURATION["route"]["routes"][0]
    assert (watchdog["receiver"], watchdog["group_wait"], watchdog["group_interval"]) == ("dead-mans-switch", "0s", "1m")
    assert receiver("dead-mans-switch")["webhook_configs"] == [
        {"url_file": "/etc/alertmanager/secrets/dead-mans-switch/url", "send_resolved": False}
    ]
    without = configuration(AlertingSettings(), {})
    assert without["route"]["routes"][0]["receiver"] == NOBODY


def test_what_is_inhibited_carries_what_it_is_compared_by() -> None:
    """A label that both lack counts as equal: a rule that compares nodes must ask for one, or every alert would be hidden."""
    worse, cluster, node = CONFIGURATION["inhibit_rules"]
    assert {"alertname", "namespace", "slo"} <= set(worse["equal"])
    assert cluster["equal"] == ["cluster"]
    assert 'node=~".+"' in node["target_matchers"]
    assert 'node=~".+"' in node["source_matchers"]


@given(st.lists(st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True), unique=True, max_size=6))
def test_any_teams_make_a_configuration_that_names_only_what_it_defines(names: list[str]) -> None:
    teams = {name: TEAMS["payments"] | {"namespaces": [name]} for name in names if name != "platform"}
    settings = ObservabilityStackArgs(**AROUND, alerting=ALERTING, teams=teams)
    made = configuration(settings.alerting, settings.teams)
    assert {route["receiver"] for route in routes(made["route"])} == {one["name"] for one in made["receivers"]}


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ({"teams": {"platform": {}}}, "the platform's own receivers are those of alerting"),
        ({"teams": {"a": {"namespaces": ["x"]}, "b": {"namespaces": ["x"]}}}, "x is a's already"),
        ({"alerting": {"ticket": [{"kind": "slack", "webhook": key("slack"), "channel": "payments"}]}}, "channel"),
        ({"alerting": {"page": [{"kind": "opsgenie", "api_key": key("o"), "api_url": "http://in.plain/"}]}}, "api_url"),
        ({"alerting": {"page": [{"kind": "pager"}]}}, "pagerduty"),
    ],
)
def test_what_cannot_be_is_refused(given_: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        ObservabilityStackArgs(**AROUND, **given_)
