"""RDS rules, case by case."""

from typing import Any

import pytest
from platform_policies.graph import SECRET, UNKNOWN, Node
from platform_policies.rule import Status
from platform_policies.rules import rds

from tests.policies.cases import Case, node
from tests.policies.table import Table, case_id, prove

INSTANCE, CLUSTER, MEMBER = rds.INSTANCE, rds.CLUSTER, rds.CLUSTER_INSTANCE
ORIGINS = ("replicateSourceDb", "replicationSourceIdentifier", "snapshotIdentifier", "restoreToPointInTime", "globalClusterIdentifier")
CASES: list[Case] = []


def _switch(rule: str, type_: str, path: str, *, default: bool, good: bool = True) -> Table:
    """The cases of a rule that asks one boolean."""
    table = Table(CASES, rule, type_)
    kind = type_.rpartition(":")[2]
    table.passing({path: good}, name=kind, at=None)
    table.failing({path: not good}, name=kind, at=path)
    table.absent(Status.PASS if default == good else Status.FAIL, name=kind)
    table.unknown({path: UNKNOWN}, name=kind, at=path)
    return table


for _type in (INSTANCE, CLUSTER, MEMBER):
    _switch("aws-rds-not-public", _type, "publiclyAccessible", default=False, good=False)
for _type in (INSTANCE, CLUSTER):
    _switch("aws-rds-deletion-protection", _type, "deletionProtection", default=False)
for _type in (INSTANCE, MEMBER):
    _switch("aws-rds-minor-upgrade", _type, "autoMinorVersionUpgrade", default=True)


def _encrypted() -> None:
    path = "storageEncrypted"
    on = _switch("aws-rds-encrypted", INSTANCE, path, default=False)
    source = node(INSTANCE, "source", {path: True})
    plain = node(INSTANCE, "source", {})
    on.passing({}, "replica of an encrypted one", others=[source], refers={"replicateSourceDb": ["source"]})
    on.failing({}, "replica of a plain one", others=[plain], refers={"replicateSourceDb": ["source"]}, at=path)
    on.failing({path: True}, "replica of a plain one that says it is", others=[plain], refers={"replicateSourceDb": ["source"]})
    on.passing({"replicateSourceDb": "arn:x", "kmsKeyId": "arn:key"}, "replica with a key of its own")
    on.unknown({"replicateSourceDb": "elsewhere", path: False}, "replica of one elsewhere", at="replicateSourceDb")
    on.unknown({"replicateSourceDb": UNKNOWN}, "perhaps a replica")
    named = node(INSTANCE, "source", {"identifier": "main", path: True})
    on.passing({"replicateSourceDb": "main"}, "replica of an encrypted one, by name", others=[named])
    ring = node(INSTANCE, "source", {}, {"replicateSourceDb": ["subject"]})
    on.unknown({}, "replicas of each other", others=[ring], refers={"replicateSourceDb": ["source"]})
    on.passing({"replicateSourceDb": "elsewhere"}, "replica, deployed", outputs={path: True})
    on.failing({"replicateSourceDb": "elsewhere"}, "replica, deployed", outputs={path: False})
    cluster = _switch("aws-rds-encrypted", CLUSTER, path, default=False)
    cluster.absent(Status.PASS, {"engineMode": "serverless"}, "serverless")
    cluster.absent(Status.FAIL, {"engineMode": "provisioned"}, "provisioned")
    cluster.failing({"engineMode": "serverless", path: False}, "serverless")
    cluster.unknown({"engineMode": UNKNOWN}, "mode", at="engineMode")
    cluster.passing({"engineMode": UNKNOWN, path: True}, "whatever the mode")
    cluster.passing({"snapshotIdentifier": "s", "kmsKeyId": "arn:key"}, "restored with a key")
    cluster.failing({"kmsKeyId": "arn:key"}, "a key alone")
    cluster.failing({"snapshotIdentifier": "s"}, "restored without a key")


def _multi_az() -> None:
    rule = "aws-rds-multi-az"
    one = _switch(rule, INSTANCE, "multiAz", default=False)
    one.skipped({"replicateSourceDb": "a"}, "replica")
    one.unknown({"replicateSourceDb": UNKNOWN}, "perhaps a replica")
    cluster = Table(CASES, rule, CLUSTER)
    link = {"clusterIdentifier": ["subject"]}

    def members(count: int) -> list[Node]:
        return [node(MEMBER, f"m{index}", {}, link) for index in range(count)]

    cluster.passing({}, "two members", others=members(2))
    cluster.failing({}, "one member", others=members(1), at="")
    cluster.absent(Status.FAIL, name="no member")
    cluster.passing({"dbClusterInstanceClass": "db.m6gd.large"}, "Multi-AZ cluster")
    cluster.passing({"engineMode": "serverless"}, "serverless")
    cluster.failing({"engineMode": "provisioned"}, "provisioned")
    named = [node(MEMBER, name, {"clusterIdentifier": "app"}) for name in ("a", "b")]
    cluster.passing({"clusterIdentifier": "app"}, "by name", others=named)
    cluster.failing({"clusterIdentifier": "other"}, "by another name", others=named)
    cluster.unknown({}, "whose", others=[*members(1), node(MEMBER, "x", {"clusterIdentifier": UNKNOWN})])
    cluster.passing({}, "two, and one more perhaps", others=[*members(2), node(MEMBER, "x", {"clusterIdentifier": UNKNOWN})])


def _backup() -> None:
    rule, path = "aws-rds-backup-retention", "backupRetentionPeriod"
    for type_ in (INSTANCE, CLUSTER):
        table = Table(CASES, rule, type_)
        kind = type_.rpartition(":")[2]
        table.passing({path: 7}, f"{kind}: as many as asked")
        table.failing({path: 6}, f"{kind}: a day less", at=path)
        table.absent(Status.FAIL, name=kind)
        table.unknown({path: UNKNOWN}, kind, at=path)
    instance, cluster = Table(CASES, rule, INSTANCE), Table(CASES, rule, CLUSTER)
    instance.absent(Status.FAIL, name="0 by default", settings={"min_days": 1})
    cluster.absent(Status.PASS, name="1 by default", settings={"min_days": 1})
    cluster.absent(Status.FAIL, name="not 2 by default", settings={"min_days": 2})
    instance.skipped({"replicateSourceDb": "a"}, "replica")
    instance.unknown({"replicateSourceDb": UNKNOWN, path: 1}, "perhaps a replica")


def _iam_auth() -> None:
    rule, path = "aws-rds-iam-auth", "iamDatabaseAuthenticationEnabled"
    for type_ in (INSTANCE, CLUSTER):
        _switch(rule, type_, path, default=False)
    table = Table(CASES, rule, INSTANCE)
    for engine in ("mysql", "mariadb", "postgres", "aurora-mysql", "aurora-postgresql"):
        table.failing({"engine": engine}, engine, at=path)
    table.skipped({"engine": "sqlserver-ex"}, "engine that cannot")
    table.skipped({"engine": "oracle-ee", path: UNKNOWN}, "other engine that cannot")
    table.unknown({"engine": UNKNOWN}, "engine", at="engine")
    table.passing({"engine": UNKNOWN, path: True}, "whatever the engine")


def _logs() -> None:
    rule, path = "aws-rds-log-exports", "enabledCloudwatchLogsExports"
    table = Table(CASES, rule, INSTANCE)
    good = {
        "postgres": ["postgresql", "upgrade"],
        "aurora-postgresql": ["postgresql"],
        "aurora-mysql": ["error"],
        "mysql": ["error", "slowquery"],
        "mariadb": ["error"],
        "oracle-ee": ["alert", "audit"],
        "sqlserver-se": ["error"],
        "db2-se": ["diag.log"],
        "custom-engine": ["anything"],
    }
    for engine, types in good.items():
        table.passing({"engine": engine, path: types}, engine)
        if engine != "custom-engine":
            table.failing({"engine": engine, path: ["other"]}, engine, at=path)
    table.failing({"engine": "oracle-ee", path: ["alert"]}, "one of two")
    table.failing({"engine": "postgres", path: []}, "none")
    table.failing({"engine": "custom-engine", path: []}, "none of an engine nobody knows")
    table.absent(Status.FAIL, {"engine": "postgres"})
    table.absent(Status.FAIL, {"engine": "mysql"}, "cluster", of=CLUSTER)
    table.unknown({"engine": "postgres", path: UNKNOWN}, at=path)
    table.unknown({"engine": "postgres", path: [UNKNOWN]}, "one", at=path)
    table.passing({"engine": "postgres", path: ["postgresql", UNKNOWN]}, "and one more")
    table.unknown({"engine": UNKNOWN, path: ["postgresql"]}, "engine", at="engine")


def _tls() -> None:
    rule = "aws-rds-force-ssl"
    table = Table(CASES, rule, INSTANCE)

    def group(family: Any, type_: str = rds.PARAMETER_GROUP, /, **parameters: Any) -> Node:
        listed = [{"name": name.replace("__", "."), "value": value} for name, value in parameters.items()]
        return node(type_, "group", {"name": "g", "family": family, **({"parameters": listed} if listed else {})})

    link = {"parameterGroupName": ["group"]}
    for value, on in {"1": True, "on": True, "ON": True, "true": True, "0": False, "off": False}.items():
        (table.passing if on else table.failing)({}, f"written {value}", others=[group("postgres14", rds__force_ssl=value)], refers=link)
    table.passing({"parameterGroupName": "g"}, "by name", others=[group("postgres14", rds__force_ssl="1")])
    table.failing({}, "off where it is on by default", others=[group("postgres16", rds__force_ssl="0")], refers=link, at="parameters")
    for family, on in {
        "postgres15": True,
        "postgres14": False,
        "postgres9.6": False,
        "mysql8.4": False,
        "mysql9.7": True,
        "mariadb11.8": True,
        "mariadb11.4": False,
    }.items():
        table.absent(Status.PASS if on else Status.FAIL, {}, f"default of {family}", others=[group(family, work_mem="1")], refers=link)
    table.absent(Status.FAIL, {}, "default of sqlserver", others=[group("sqlserver-ex-15.0")], refers=link)
    table.passing({}, "sqlserver", others=[group("sqlserver-ex-15.0", rds__force_ssl="1")], refers=link)
    table.passing({}, "mysql", others=[group("mysql8.0", require_secure_transport="ON")], refers=link)
    table.failing({}, "mysql with another engine's parameter", others=[group("mysql8.0", rds__force_ssl="1")], refers=link)
    table.skipped({}, "oracle", others=[group("oracle-ee-19")], refers=link)
    defaults = {
        ("postgres", "15"): Status.PASS,
        ("postgres", "15.4"): Status.PASS,
        ("postgres", "14.9"): Status.FAIL,
        ("postgres", ""): Status.UNKNOWN,
        ("mysql", "8.4.7"): Status.FAIL,
        ("mysql", "9.7.1"): Status.PASS,
        ("mysql", ""): Status.UNKNOWN,
        ("mariadb", "11.8.2"): Status.PASS,
        ("mariadb", "10.11"): Status.FAIL,
        ("sqlserver-se", "16"): Status.FAIL,
        ("sqlserver-se", ""): Status.FAIL,
        ("oracle-ee", "19"): None,
    }
    for (engine, version), expect in defaults.items():
        table.absent(expect, {"engine": engine, "engineVersion": version}, f"no group, {engine} {version}")
    table.absent(Status.PASS, {"engine": "postgres", "engineVersion": "16", "parameterGroupName": "default.postgres16"}, "AWS's own group")
    table.unknown({"engine": "postgres", "parameterGroupName": UNKNOWN}, "group", at="parameterGroupName")
    table.unknown({"engine": "postgres", "parameterGroupName": "elsewhere"}, "group of another stack", at="parameterGroupName")
    table.unknown({}, "value", others=[group("postgres14", rds__force_ssl=UNKNOWN)], refers=link)
    partly = {"parameters": UNKNOWN, "a parameter": [UNKNOWN], "its name": [{"name": UNKNOWN, "value": "1"}]}
    for name, parameters in partly.items():
        listing = node(rds.PARAMETER_GROUP, "group", {"family": "mysql8.0", "parameters": parameters})
        table.unknown({}, name, others=[listing], refers=link, at="parameters")
    table.unknown({}, "family", others=[group(UNKNOWN)], refers=link)
    table.unknown({"engine": UNKNOWN}, "engine", at="engine")
    table.unknown({"engine": "postgres", "engineVersion": UNKNOWN}, "version", at="engineVersion")
    table.unknown({"engine": "mysql", "engineVersion": UNKNOWN}, "version of mysql", at="engineVersion")
    table.unknown({"engine": "postgres"}, "version not chosen yet", outputs={"engineVersion": UNKNOWN}, at="engineVersion")
    table.passing({"engine": "postgres"}, "chosen by AWS", outputs={"engineVersion": "17.6"})
    table.failing({"engine": "mysql"}, "chosen by AWS", outputs={"engineVersion": "8.4.7"})
    table.unknown({"replicateSourceDb": "a"}, "replica", at="engine")
    cluster = Table(CASES, rule, CLUSTER)
    link = {"dbClusterParameterGroupName": ["group"]}
    cluster_group = rds.CLUSTER_PARAMETER_GROUP
    cluster.passing({}, "aurora", others=[group("aurora-postgresql16", cluster_group, rds__force_ssl="1")], refers=link)
    cluster.failing({}, "aurora", others=[group("aurora-postgresql16", cluster_group, rds__force_ssl="0")], refers=link)
    cluster.absent(Status.FAIL, {}, "aurora-postgresql 16", others=[group("aurora-postgresql16", cluster_group)], refers=link)
    cluster.absent(Status.PASS, {}, "aurora-postgresql 17", others=[group("aurora-postgresql17", cluster_group)], refers=link)
    cluster.absent(Status.FAIL, {"engine": "aurora-mysql", "engineVersion": "8.0.mysql_aurora.3.05.2"}, "aurora-mysql")
    cluster.absent(Status.PASS, {"engine": "aurora-mysql", "engineVersion": "8.4.mysql_aurora.8.4.7"}, "aurora-mysql 8.4")
    cluster.unknown({"engine": "aurora-postgresql", "dbClusterParameterGroupName": UNKNOWN}, "group of a cluster")
    for type_, user in ((rds.PARAMETER_GROUP, INSTANCE), (cluster_group, CLUSTER)):
        alone = Table(CASES, rule, type_)
        forced: dict[str, Any] = {"family": "mysql8.0", "parameters": [{"name": "require_secure_transport", "value": "1"}]}
        alone.passing(forced, "group alone")
        alone.absent(Status.FAIL, {"family": "mysql8.0"}, "group alone")
        path = "parameterGroupName" if user == INSTANCE else "dbClusterParameterGroupName"
        alone.skipped({"family": "mysql8.0"}, "group in use", others=[node(user, "db", {}, {path: ["subject"]})])


def _password() -> None:
    rule, path = "aws-rds-managed-master-password", "manageMasterUserPassword"
    for type_, password in ((INSTANCE, "password"), (CLUSTER, "masterPassword")):
        table = _switch(rule, type_, path, default=False)
        kind = type_.rpartition(":")[2]
        table.failing({password: SECRET}, f"{kind}: a secret of one's own", at=password)
        table.failing({f"{password}Wo": SECRET}, f"{kind}: written only", at=password)
        table.failing({password: UNKNOWN, "snapshotIdentifier": "s"}, f"{kind}: restored with a password")
        table.unknown({password: SECRET, path: UNKNOWN}, f"{kind}: both", at=path)
        origins = (
            "replicateSourceDb",
            "replicationSourceIdentifier",
            "snapshotIdentifier",
            "restoreToPointInTime",
            "globalClusterIdentifier",
        )
        for inherits in origins:
            table.skipped({inherits: "a"}, f"{kind}: {inherits}")
        table.passing({"snapshotIdentifier": "s", path: True}, f"{kind}: restored and managed")


_encrypted()
_multi_az()
_backup()
_iam_auth()
_logs()
_tls()
_password()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_case(case: Case) -> None:
    prove(rds.RULES, case)
