"""The data layer: stores of an environment file, over their profile, with grants; and what is refused in the file."""

from pathlib import Path
from typing import Any

import pytest
from platform_policies.catalogue import RULES
from platform_policies.evaluate import evaluate
from platform_policies.rule import Status

from platform_components.data.database_args import DatabaseSettings
from platform_components.declarations.environment import Environment, load_environment
from platform_components.errors import DeclarationError
from platform_components.tenancy.claims import DataClaim, claimed_stores
from stacks.layers import data
from stacks.upstream import Upstream
from tests.support import Deployment, deploy

UPSTREAM = {
    "prod.network": {
        "vpc_id": "vpc-0a",
        "cidr": "10.32.0.0/16",
        "subnet_ids": {"database": ["subnet-0a", "subnet-0b"], "cache": ["subnet-0c", "subnet-0d"], "intra": ["subnet-0e", "subnet-0f"]},
    },
    "prod.cluster": {"cluster_security_group_id": "sg-0cluster"},
}
HEAD = """
environment: prod
profile: {profile}
region: eu-west-1
network:
  cidr: 10.32.0.0/16
  zones: [euw1-az1, euw1-az2, euw1-az3]
  tiers: [public, private, intra, database{cache}]
"""
ROLE = "arn:aws:iam::123456789012:role/ledger-1a2b3c4"
STORES = f"""
data:
  buckets: {{reports: {{expire_days: 400, grants: {{ledger: {{role_arn: {ROLE}, access: [read, write]}}}}}}}}
  queues: {{jobs: {{consumers: {{ledger: {{}}}}, grants: {{ledger: {{role_arn: {ROLE}}}}}}}}}
  databases: {{orders: {{size: large, grants: {{ledger: {{role_arn: {ROLE}, access: [write]}}}}}}}}
  caches: {{sessions: {{}}}}
  streams: {{clicks: {{kind: kafka}}}}
"""


def declared(tmp_path: Path, body: str, *, profile: str = "production", cache: str = ", cache") -> Environment:
    path = tmp_path / "prod.yaml"
    path.write_text(HEAD.format(profile=profile, cache=cache) + body, encoding="utf-8")
    return load_environment(path)


def built(environment: Environment) -> Deployment[Any]:
    return deploy(lambda: data.build(environment, Upstream("prod")), stack="prod.data", upstream=UPSTREAM)


def test_every_store_is_named_after_its_environment_and_passes_every_rule(tmp_path: Path) -> None:
    made = built(declared(tmp_path, STORES))
    tops = sorted(node.name for node in made.graph if node.type.startswith("platform-components:index:"))
    assert tops == ["prod-backup", "prod-clicks", "prod-jobs", "prod-orders", "prod-reports", "prod-sessions"]
    found = evaluate(made.graph, [one for one in RULES if one.id != "aws-backup-plan-covers-stateful"]).findings
    # The one policy of one grant, made and taken away with it.
    assert {one.rule.id for one in found if one.status is Status.FAIL} == {"aws-iam-no-inline-policies"}
    assert {one.urn.rpartition("::")[2] for one in found if one.status is Status.FAIL} == set(made.names("aws:iam/rolePolicy:RolePolicy"))


def test_a_grant_tells_where_to_go_and_as_whom(tmp_path: Path) -> None:
    made = built(declared(tmp_path, STORES))
    stores = made.value("stores")
    ledger = stores["databases"]["orders"]["grants"]["ledger"]
    assert (ledger["user"], ledger["port"], ledger["access"], ledger["role_arn"]) == ("writer", 5432, ["write"], ROLE)
    assert ledger["network"]["sources"] == {"cluster": "sg-0cluster"}
    assert stores["buckets"]["reports"]["grants"]["ledger"]["access"] == ["read", "write"]
    assert made.names("aws:iam/rolePolicy:RolePolicy") == [
        "prod-jobs-read-ledger-ledger",
        "prod-orders-write-ledger",
        "prod-reports-read-ledger",
        "prod-reports-write-ledger",
    ]
    rule = made.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert rule.value("referencedSecurityGroupId") == "sg-0cluster"


def test_alarms_of_stores_tell_whom_the_environment_names(tmp_path: Path) -> None:
    own = "arn:aws:sns:eu-west-1:123456789012:mine"
    queues = f"{{jobs: {{}}, mails: {{alarms: {{topic_arn: '{own}'}}}}}}"
    body = f"\ndata:\n  notify: [a@example.com]\n  queues: {queues}\n  databases: {{orders: {{}}}}\n"
    environment = declared(tmp_path, body)
    made = built(environment)
    topic = made.value("alarms_topic_arn")
    assert made.names("aws:sns/topic:Topic") == ["prod-backup-alerts", "prod-stores-alerts"]
    assert topic.endswith(":prod-stores-alerts")
    (mail,) = made.graph.of_type("aws:sns/topicSubscription:TopicSubscription")
    assert (mail.inputs["endpoint"], mail.inputs["topic"]) == ("a@example.com", topic)
    alarms = {node.name: node.inputs["alarmActions"] for node in made.graph.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")}
    assert {tuple(told) for name, told in alarms.items() if name.startswith("prod-mails")} == {(own,)}
    assert {tuple(told) for name, told in alarms.items() if name.startswith(("prod-jobs", "prod-orders"))} == {(topic,)}
    for name in ("prod-jobs", "prod-orders"):
        assert any(alarm.startswith(name) for alarm in alarms), name
    # A team's stores have it, too, but where the environment or the team says otherwise.
    claims = {"entries": DataClaim.model_validate({"kind": "database"})}
    defaults = environment.data.defaults.written("topic")
    assert claimed_stores(claims, defaults).databases["entries"].alarms.topic_arn == "topic"
    said = environment.data.defaults.model_copy(update={"databases": DatabaseSettings.model_validate({"alarms": {"topic_arn": own}})})
    assert claimed_stores(claims, said.written("topic")).databases["entries"].alarms.topic_arn == own


def test_dev_is_small_and_thrown_away_with_one_command(tmp_path: Path) -> None:
    environment = declared(tmp_path, STORES.replace("size: large, ", ""), profile="dev")
    orders = environment.data.databases["orders"]
    assert (orders.class_name, orders.standby, orders.deletion_protection, orders.keeps) == ("db.t4g.micro", False, False, False)
    made = built(environment)
    assert made.names("aws:cloudwatch/metricAlarm:MetricAlarm") == []
    assert made.names("aws:kms/key:Key") == ["prod-jobs-key"]


def test_what_the_file_says_of_a_kind_goes_over_the_profile(tmp_path: Path) -> None:
    body = "\ndata:\n  defaults: {databases: {backup_days: 30}}\n  databases: {a1: {}, b1: {backup_days: 10}}\n"
    databases = declared(tmp_path, body).data.databases
    assert (databases["a1"].backup_days, databases["b1"].backup_days) == (30, 10)


TEAM = "team: ledger\nowners: ['@a']\ngroup: sso\nenvironments: [{environment}]\ndata: {data}\n"


@pytest.mark.parametrize(
    ("team", "plans"),
    [
        (None, []),
        (TEAM.format(environment="prod", data="{jobs: {kind: bucket}}"), ["prod-backup"]),
        (TEAM.format(environment="dev", data="{jobs: {kind: bucket}}"), []),
        (TEAM.format(environment="prod", data="{}"), []),
        ("team: [", ["prod-backup"]),
    ],
    ids=["no team", "a team's bucket", "elsewhere", "no data", "a broken file, which may be of a team with data"],
)
def test_an_environment_without_data_makes_backups_of_teams_data_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, team: str | None, plans: list[str]
) -> None:
    teams = tmp_path / "teams"
    teams.mkdir()
    if team is not None:
        (teams / "ledger.yaml").write_text(team, encoding="utf-8")
    monkeypatch.setattr(data, "TEAMS", teams)
    made = built(declared(tmp_path, ""))
    assert made.value("stores") == {}
    assert made.names("platform-components:index:BackupPlan") == plans
    if not plans:
        assert [node.type for node in made.graph if node.custom and not node.type.startswith("pulumi:")] == []


@pytest.mark.parametrize(
    ("body", "cache", "message"),
    [
        ("\ndata:\n  caches: {sessions: {}}\n", "", "data.caches.sessions  stands in the tier cache, which network.tiers does not have"),
        ("\ndata:\n  databases: {orders: {sise: large}}\n", "", "data.databases.orders.sise  unknown key; did you mean size?"),
        ("\ndata:\n  databases: {orders: {size: huge}}\n", "", "data.databases.orders.size"),
        ("\ndata:\n  databases: {orders: {grants: {ledger: {role_arn: ledger}}}}\n", "", "data.databases.orders.grants.ledger.role_arn"),
        ("\ndata:\n  defaults: {tables: {}}\n", "", "data.defaults.tables  unknown key"),
        ("\ndata:\n  defaults: {databases: {sise: large}}\n", "", "data.defaults.databases.sise  unknown key; did you mean size?"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, body: str, cache: str, message: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        declared(tmp_path, body, cache=cache)
    assert message in str(refused.value)
    assert "prod.yaml:" in str(refused.value)


def test_a_fault_in_defaults_is_told_once_and_where_it_stands(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError) as refused:
        declared(tmp_path, "\ndata:\n  defaults: {databases: {sise: large}}\n  databases: {orders: {}}\n")
    assert [problem.field for problem in refused.value.problems] == ["data.defaults.databases.sise"]
