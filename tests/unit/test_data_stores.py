"""Queues, databases, caches and streams: what our own rules say of their defaults, what is refused, what an upgrade replaces."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from platform_components.component import PlatformComponent
from platform_components.data.cache import Cache
from platform_components.data.cache_args import CacheArgs
from platform_components.data.database import Database
from platform_components.data.database_args import DatabaseArgs
from platform_components.data.engines import LOGINS, VAULT_LOGINS, Engine, login_statements, vault_statements
from platform_components.data.queue import Queue
from platform_components.data.queue_args import QueueArgs
from platform_components.data.stream import Stream
from platform_components.data.stream_args import StreamArgs
from platform_components.errors import DeclarationError
from platform_components.secrets.tenancy import vault_policy
from tests.support import deploy
from tests.unit.data_cases import TAGS, findings, identity, network, statements

IN = {"network": network(), "tags": TAGS}

STORES: dict[str, Callable[[], PlatformComponent]] = {
    "queue": lambda: Queue("jobs", QueueArgs(tags=TAGS)),
    "ordered queue with consumers": lambda: Queue(
        "jobs", QueueArgs.model_validate({"fifo": True, "tags": TAGS, "consumers": {"billing": {}, "shipping": {}}})
    ),
    "PostgreSQL": lambda: Database("orders", DatabaseArgs.model_validate(IN)),
    "MySQL": lambda: Database("orders", DatabaseArgs.model_validate({**IN, "engine": "mysql"})),
    "Aurora": lambda: Database("orders", DatabaseArgs.model_validate({**IN, "deployment": "aurora"})),
    "Aurora Serverless for MySQL": lambda: Database(
        "orders", DatabaseArgs.model_validate({**IN, "engine": "mysql", "deployment": "aurora-serverless"})
    ),
    "Valkey": lambda: Cache("sessions", CacheArgs.model_validate(IN)),
    "Redis in shards": lambda: Cache("sessions", CacheArgs.model_validate({**IN, "engine": "redis", "shards": 2})),
    "serverless cache": lambda: Cache("sessions", CacheArgs.model_validate({**IN, "form": "serverless"})),
    "Kinesis": lambda: Stream("clicks", StreamArgs(tags=TAGS)),
    "Kafka": lambda: Stream("clicks", StreamArgs.model_validate({**IN, "kind": "kafka"})),
}


@pytest.mark.parametrize("store", STORES.values(), ids=STORES)
@pytest.mark.parametrize("preview", [True, False])
def test_the_defaults_pass_every_rule(store: Callable[[], PlatformComponent], preview: bool) -> None:
    # Whether a plan covers it is for the program to say that has the plan.
    found, asked = findings(store, preview=preview, but=("aws-backup-plan-covers-stateful",))
    assert found == []
    assert "cost-required-tags" in asked


def test_safeguards_that_are_taken_away_are_found() -> None:
    bad = {"backup_days": 1, "deletion_protection": False, "standby": False, "tags": {}, "network": network()}
    found, _ = findings(lambda: Database("orders", DatabaseArgs.model_validate(bad)), but=("aws-backup-plan-covers-stateful",))
    assert {one.split()[0] for one in found} == {
        "aws-rds-backup-retention",
        "aws-rds-deletion-protection",
        "aws-rds-multi-az",
        "cost-required-tags",
    }


# --- databases


def test_a_major_upgrade_replaces_no_data() -> None:
    def shape(version: str) -> dict[str, Any]:
        made = deploy(lambda: Database("orders", DatabaseArgs.model_validate({**IN, "version": version})))
        instance = made.one("aws:rds/instance:Instance")
        suffix = made.one("random:index/randomId:RandomId")
        return {
            "group": made.one("aws:rds/parameterGroup:ParameterGroup").name,
            "version": instance.value("engineVersion"),
            "allowed": instance.value("allowMajorVersionUpgrade"),
            "suffix": suffix.value("keepers"),
        }

    before, after = shape("16"), shape("17")
    assert (before["group"], after["group"]) == ("orders-parameters-postgres16", "orders-parameters-postgres17")
    assert (before["version"], after["version"], after["allowed"]) == ("16", "17", True)
    assert before["suffix"] == after["suffix"]


@pytest.mark.parametrize("field", [{"engine": "mysql"}, {"deployment": "aurora"}, {"database": "other"}])
def test_what_replaces_a_database_gives_it_another_identifier(field: dict[str, str]) -> None:
    def keepers(fields: dict[str, Any]) -> Any:
        return (
            deploy(lambda: Database("orders", DatabaseArgs.model_validate({**IN, **fields})))
            .one("random:index/randomId:RandomId")
            .value("keepers")
        )

    assert keepers({}) != keepers(field)


def test_a_group_that_two_identities_share_is_let_in_once() -> None:
    def build() -> Database:
        store = Database("orders", DatabaseArgs.model_validate(IN))
        for who in ("ledger", "billing"):
            store.grant_read(identity(who, nodes="sg-0nodes"))
        return store

    made = deploy(build)
    rule = made.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert (rule.name, rule.value("fromPort"), rule.value("referencedSecurityGroupId")) == ("orders-from-nodes", 5432, "sg-0nodes")
    assert made.names("aws:iam/rolePolicy:RolePolicy") == ["orders-read-billing", "orders-read-ledger"]
    (login,) = statements(made, "orders-read-ledger")
    assert login["Action"] == "rds-db:connect"
    assert login["Resource"].endswith("/reader")


def test_a_grant_makes_a_role_in_vault_where_there_is_one() -> None:
    def build() -> Any:
        store = Database("orders", DatabaseArgs.model_validate({**IN, "vault": {"connection": "payments.orders", "team": "payments"}}))
        other = store.grant_read(identity().model_copy(update={"name": "bills", "team": "billing"}))
        return store.grant_write(identity()).secret, other.secret

    made = deploy(build)
    names = {role.value("name") for role in made.graph.of_type("vault:database/secretBackendRole:SecretBackendRole")}
    assert names == {"payments.orders.write-ledger", "billing.orders.read-bills"}
    # Each lies below what the policy of its team opens, and of no other's.
    for team in ("payments", "billing"):
        (opened,) = (line.split('"')[1] for line in vault_policy(team).splitlines() if "database/creds" in line)
        assert [name for name in names if f"database/creds/{name}".startswith(opened.removesuffix("*"))] == [
            name for name in names if name.startswith(f"{team}.")
        ]
    role = made.one("vault:database/secretBackendRole:SecretBackendRole", "orders-write-ledger-vault")
    assert (role.value("dbName"), role.value("defaultTtl")) == ("payments.orders", 3600)
    assert any("pg_write_all_data" in statement for statement in role.value("creationStatements"))


@pytest.mark.parametrize("engine", Engine)
def test_who_reads_may_not_write(engine: Engine) -> None:
    for made in (login_statements(engine, "read", "reader", "app"), vault_statements(engine, "read", "app")):
        assert not [word for word in ("write", "INSERT", "UPDATE", "DELETE", "ALL PRIVILEGES") for line in made if word in line]
    assert LOGINS[engine].keys() == VAULT_LOGINS[engine].keys() == {"read", "write"}


# --- queues


def test_failures_can_come_from_their_own_queue_only() -> None:
    made = deploy(lambda: Queue("jobs", QueueArgs(attempts=3)))
    letters = made.one("aws:sqs/queue:Queue", "failed")
    allowed = json.loads(letters.value("redriveAllowPolicy"))
    assert allowed == {"redrivePermission": "byQueue", "sourceQueueArns": ["arn:aws:sqs:eu-west-1:123456789012:jobs"]}


@pytest.mark.parametrize(("consumers", "wanted"), [({}, "billing"), ({"billing": {}}, ""), ({"billing": {}}, "shipping")])
def test_a_consumer_that_is_not_there_is_refused(consumers: dict[str, Any], wanted: str) -> None:
    def build() -> None:
        Queue("jobs", QueueArgs.model_validate({"consumers": consumers})).grant_read(identity(), consumer=wanted)

    with pytest.raises(DeclarationError, match="consumer"):
        deploy(build)


# --- caches and streams


def test_no_user_of_a_cache_has_a_password() -> None:
    for engine in ("valkey", "redis"):
        made = deploy(lambda engine=engine: Cache("sessions", CacheArgs.model_validate({**IN, "engine": engine})))  # type: ignore[misc]
        for user in made.graph.of_type("aws:elasticache/user:User"):
            assert user.value("passwords") is None
            iam = user.value("authenticationMode.type") == "iam"
            assert iam or user.value("accessString") == "off ~* -@all"


def test_kafka_is_granted_by_topic_and_group_of_one_cluster() -> None:
    def build() -> Stream:
        store = Stream("clicks", StreamArgs.model_validate({**IN, "kind": "kafka"}))
        store.grant_read(identity("ledger", nodes="sg-0nodes"))
        return store

    made = deploy(build)
    found = {one["Sid"]: one for one in statements(made, "clicks-read-ledger")}
    assert set(found) == {"Cluster", "Topic", "Group"}
    assert ":topic/" in found["Topic"]["Resource"]
    assert "kafka-cluster:WriteData" not in json.dumps(found)
    assert made.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").value("toPort") == 9098


@pytest.mark.parametrize(
    ("model", "fields", "message"),
    [
        (DatabaseArgs, {**IN, "version": "9.6"}, "version '9.6' of postgres is not one of 17, 16, 15"),
        (DatabaseArgs, {**IN, "readers": 1}, "readers needs deployment aurora"),
        (DatabaseArgs, {**IN, "removal": "delete"}, "removal: delete needs deletion_protection: false"),
        (DatabaseArgs, {**IN, "storage_gb": 50, "max_storage_gb": 40}, "max_storage_gb 40 is less than storage_gb 50"),
        (DatabaseArgs, {"network": {"vpc_id": "v", "subnet_ids": ["a"]}}, "fewer than two subnets"),
        (DatabaseArgs, {**IN, "password": "correct-horse"}, "Extra inputs are not permitted"),
        (CacheArgs, {**IN, "form": "serverless", "shards": 2}, "shards has no meaning with form serverless"),
        (StreamArgs, {"kind": "kafka"}, "kind kafka needs network"),
        (StreamArgs, {**IN, "kind": "kafka", "shards": 2}, "shards has no meaning with kind kafka"),
        (QueueArgs, {"high_throughput": True}, "high_throughput needs fifo"),
        (QueueArgs, {"consumers": {"Billing": {}}}, "consumers Billing: use lower-case"),
        (QueueArgs, {"consumers": {"a": {}}, "encryption": {"owned_key": False}}, "consumers need a key of their own"),
    ],
)
def test_what_cannot_be_is_refused(model: Any, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        model.model_validate(fields)
