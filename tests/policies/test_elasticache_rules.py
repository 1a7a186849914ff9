"""ElastiCache rules, case by case."""

import pytest
from platform_policies.graph import SECRET, UNKNOWN
from platform_policies.rule import Status
from platform_policies.rules import elasticache

from tests.policies.cases import Case, node
from tests.policies.table import Table, case_id, prove

GROUP, CLUSTER, SERVERLESS = elasticache.GROUP, elasticache.CLUSTER, elasticache.SERVERLESS
MEMCACHED = {"engine": "memcached"}
CASES: list[Case] = []


def _encrypt() -> None:
    rule = "aws-elasticache-encrypt-rest"
    rest, path = Table(CASES, rule, GROUP, "rest"), "atRestEncryptionEnabled"
    rest.passing({path: True})
    rest.failing({path: False}, at=path)
    rest.failing({path: False, "engine": "valkey"}, "valkey")
    rest.absent(Status.FAIL, name="redis by default")
    rest.absent(Status.FAIL, {"engine": "redis"}, "redis")
    rest.absent(Status.PASS, {"engine": "valkey"}, "valkey")
    rest.unknown({path: UNKNOWN}, at=path)
    rest.unknown({"engine": UNKNOWN}, "engine")
    rest.passing({"engine": UNKNOWN, path: True}, "whatever the engine")
    rest.unknown({"globalReplicationGroupId": "g"}, "global")
    rest.passing({"globalReplicationGroupId": "g"}, "global, deployed", outputs={path: True})
    rest.failing({"globalReplicationGroupId": "g"}, "global, deployed", outputs={path: False})
    transit, path = Table(CASES, rule, GROUP, "transit"), "transitEncryptionEnabled"
    transit.passing({path: True})
    transit.passing({path: True, "transitEncryptionMode": "required"}, "required")
    transit.failing({path: True, "transitEncryptionMode": "preferred"}, "preferred", at="transitEncryptionMode")
    transit.failing({path: False}, at=path)
    transit.absent(Status.FAIL, {"engine": "valkey"})
    transit.unknown({path: UNKNOWN}, at=path)
    transit.unknown({path: True, "transitEncryptionMode": UNKNOWN}, "mode", at="transitEncryptionMode")
    transit.unknown({"globalReplicationGroupId": "g"}, "global", at=path)
    transit.passing({"globalReplicationGroupId": "g"}, "global, deployed", outputs={path: True})
    for table in (rest, transit):
        table.passing({"engine": "redis"}, "serverless", of=SERVERLESS)
        table.failing({"engine": "redis"}, "single redis", of=CLUSTER, at="engine")
        table.unknown({"engine": UNKNOWN}, "single of some engine", of=CLUSTER, at="engine")
        table.skipped({"replicationGroupId": "g"}, "node of a group", of=CLUSTER)
        table.unknown({"replicationGroupId": UNKNOWN}, "perhaps a node of a group", of=CLUSTER, at="replicationGroupId")
    rest.skipped(MEMCACHED, "memcached", of=CLUSTER)
    rest.passing(MEMCACHED, "serverless memcached", of=SERVERLESS)
    transit.passing(MEMCACHED, "serverless memcached", of=SERVERLESS)
    transit.passing({**MEMCACHED, path: True}, "memcached", of=CLUSTER)
    transit.failing({**MEMCACHED, path: False}, "memcached", of=CLUSTER)
    transit.absent(Status.FAIL, MEMCACHED, "memcached", of=CLUSTER)
    transit.unknown({**MEMCACHED, path: UNKNOWN}, "memcached", of=CLUSTER)


def _auth() -> None:
    table = Table(CASES, "aws-elasticache-auth", GROUP)
    table.passing({"authToken": SECRET}, "token")
    table.passing({"authTokenWo": SECRET}, "token, written only")
    table.passing({"userGroupIds": ["users"]}, "users")
    table.passing({}, "users made in the same run", others=[node(elasticache.USER_GROUP, "u", {})], refers={"userGroupIds": ["u"]})
    table.failing({"userGroupIds": []}, at="userGroupIds")
    table.absent(Status.FAIL)
    table.unknown({"authToken": UNKNOWN})
    table.unknown({"userGroupIds": UNKNOWN}, "users")
    table.passing({"engine": "redis", "userGroupId": "u"}, "serverless", of=SERVERLESS)
    table.failing({"engine": "redis", "userGroupId": ""}, "serverless", of=SERVERLESS)
    table.absent(Status.FAIL, {"engine": "valkey"}, "serverless", of=SERVERLESS)
    table.unknown({"engine": "redis", "userGroupId": UNKNOWN}, "serverless", of=SERVERLESS)
    table.failing({"engine": "redis"}, "single redis", of=CLUSTER, at="engine")
    table.unknown({"engine": UNKNOWN}, "single of some engine", of=CLUSTER)
    table.unknown({"engine": UNKNOWN, "userGroupId": "u"}, "serverless of some engine", of=SERVERLESS, at="engine")
    table.passing({"engine": UNKNOWN, "authToken": SECRET}, "group of some engine")
    for type_ in (CLUSTER, SERVERLESS):
        table.skipped(MEMCACHED, f"memcached {type_.rpartition(':')[2]}", of=type_)
    table.skipped({"replicationGroupId": "g"}, "node of a group", of=CLUSTER)


def _failover() -> None:
    rule, path = "aws-elasticache-failover", "automaticFailoverEnabled"
    table = Table(CASES, rule, GROUP, "failover")
    table.passing({path: True})
    table.failing({path: False}, at=path)
    table.absent(Status.FAIL)
    table.unknown({path: UNKNOWN}, at=path)
    table.passing({"engine": "redis"}, "serverless", of=SERVERLESS)
    table.failing({"engine": "redis"}, "single", of=CLUSTER, at="engine")
    backup, path = Table(CASES, rule, GROUP, "backup"), "snapshotRetentionLimit"
    backup.passing({path: 1})
    backup.failing({path: 0}, at=path)
    backup.passing({path: 3}, "setting", settings={"min_days": 3})
    backup.failing({path: 2}, "setting", settings={"min_days": 3})
    backup.absent(Status.FAIL)
    backup.unknown({path: UNKNOWN}, at=path)
    backup.passing({"engine": "redis", path: 1}, "serverless", of=SERVERLESS)
    backup.absent(Status.FAIL, {"engine": "redis"}, "serverless", of=SERVERLESS)
    backup.passing({"engine": "redis", path: 1}, "single", of=CLUSTER)
    for one in (table, backup):
        one.skipped(MEMCACHED, "memcached", of=CLUSTER)
        one.skipped(MEMCACHED, "serverless memcached", of=SERVERLESS)
        one.skipped({"replicationGroupId": "g"}, "node of a group", of=CLUSTER)
        one.unknown({"engine": UNKNOWN}, "single of some engine", of=CLUSTER, at="engine")


_encrypt()
_auth()
_failover()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_case(case: Case) -> None:
    prove(elasticache.RULES, case)
