"""RDS and Aurora: reach, encryption, copies and credentials of databases."""

from collections.abc import Mapping, Sequence
from typing import Any

from platform_policies.checks import any_of, flag, given, items, number, present, related, text, truth, verdict
from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from platform_policies.rule import PASS, Answer, Severity, Verdict, fail, rule, unknown
from platform_policies.types import canonical

INSTANCE = "aws:rds/instance:Instance"
CLUSTER = "aws:rds/cluster:Cluster"
CLUSTER_INSTANCE = "aws:rds/clusterInstance:ClusterInstance"
PARAMETER_GROUP = "aws:rds/parameterGroup:ParameterGroup"
CLUSTER_PARAMETER_GROUP = "aws:rds/clusterParameterGroup:ClusterParameterGroup"

IAM_ENGINES = ("mysql", "mariadb", "postgres", "aurora")
"""Beginnings of the engines that know IAM tokens (RDS user guide, "IAM database authentication": availability)."""

LOG_TYPES: Sequence[tuple[str, tuple[str, ...]]] = (
    ("aurora-postgresql", ("postgresql",)),
    ("postgres", ("postgresql",)),
    ("aurora", ("error",)),
    ("mysql", ("error",)),
    ("mariadb", ("error",)),
    ("oracle", ("alert", "audit")),
    ("sqlserver", ("error",)),
    ("db2", ("diag.log",)),
)
"""The least that must be exported, by the beginning of the engine's name (RDS user guide, log types of each engine)."""

TLS_PARAMETERS: Sequence[tuple[str, str, float]] = (
    ("aurora-postgresql", "rds.force_ssl", 17),
    ("postgres", "rds.force_ssl", 15),
    ("sqlserver", "rds.force_ssl", float("inf")),
    ("mariadb", "require_secure_transport", 11.8),
    ("aurora-mysql", "require_secure_transport", 8.4),
    ("mysql", "require_secure_transport", 9.7),
)
"""Beginning of the engine or family, the parameter that refuses plain connections, and the version from which AWS sets it by default.

Read on 2026-11-27, below https://docs.aws.amazon.com/AmazonRDS/latest/: UserGuide/PostgreSQL.Concepts.General.SSL.html,
UserGuide/mysql-ssl-connections.require-ssl.html, UserGuide/mariadb-ssl-connections.require-ssl.html,
UserGuide/ssl-certificate-rotation-sqlserver.html, AuroraUserGuide/AuroraMySQL.Compare-v3-v84.html; of Aurora PostgreSQL its release notes
(AuroraPostgreSQLReleaseNotes, version 17).
"""


def _copies(node: Node) -> bool | None:
    """Whether an instance is a read replica, which takes much from its source."""
    return present(node.value("replicateSourceDb"))


@rule(
    "aws-rds-encrypted",
    title="Databases are encrypted at rest",
    severity=Severity.HIGH,
    types=(INSTANCE, CLUSTER),
    fix="Set storageEncrypted true (an existing database must be restored from an encrypted copy of its snapshot)",
)
def encrypted(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Disks and snapshots of an unencrypted database can be read by whoever gets hold of a copy."""
    del settings
    if canonical(node.type) == CLUSTER:
        mode = text(node, "engineMode", "provisioned")
        if node.value("storageEncrypted") is None and mode is None:
            return unknown("engineMode")
        holds = truth(node.value("storageEncrypted", mode == "serverless"))
        restored = given(node, graph, "kmsKeyId", "aws:kms/key:Key") if node.value("snapshotIdentifier") is not None else False
        return verdict(any_of((holds, restored)), "storageEncrypted", "storageEncrypted is not true: the cluster's storage is readable")
    return _instance_encrypted(node, graph, frozenset())


def _instance_encrypted(node: Node, graph: ResourceGraph, seen: frozenset[str]) -> Verdict:
    """A replica is as its source is; one with a key of its own, from another region, is encrypted."""
    if _copies(node) is False:
        on = flag(node, "storageEncrypted", default=False)
        return verdict(on, "storageEncrypted", "storageEncrypted is not true: the database's storage is readable")
    if present(node.value("kmsKeyId")):
        return PASS
    seen |= {node.urn}
    for source in graph.referred(node, "replicateSourceDb"):
        if canonical(source.type) == INSTANCE and source.urn not in seen:
            return _instance_encrypted(source, graph, seen)
    return verdict(truth(node.outputs.get("storageEncrypted")), "replicateSourceDb", "the database it is a replica of is not encrypted")


@rule(
    "aws-rds-not-public",
    title="Databases have no public address",
    severity=Severity.CRITICAL,
    types=(INSTANCE, CLUSTER, CLUSTER_INSTANCE),
    fix="Set publiclyAccessible false, and reach the database from inside the network",
)
def not_public(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A database with a public address is one security group rule away from every password guesser."""
    del graph, settings
    public = flag(node, "publiclyAccessible", default=False)
    return verdict(None if public is None else not public, "publiclyAccessible", "publiclyAccessible is true: it has a public address")


@rule(
    "aws-rds-multi-az",
    title="Databases live in more than one zone",
    severity=Severity.MEDIUM,
    types=(INSTANCE, CLUSTER),
    fix="Set multiAz true; give an Aurora cluster a second ClusterInstance",
)
def multi_az(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """When its only zone fails, a database is down until someone restores it."""
    del settings
    if canonical(node.type) == INSTANCE:
        copies = _copies(node)
        if copies:
            return None
        several = flag(node, "multiAz", default=False)
        return verdict(any_of((several, None if copies is None else False)), "multiAz", "multiAz is not true: it is in one zone only")
    if node.value("dbClusterInstanceClass") is not None or node.value("engineMode") == "serverless":
        return PASS  # a Multi-AZ DB cluster, or Aurora Serverless v1: AWS places copies itself
    members = related(node, graph, CLUSTER_INSTANCE, "clusterIdentifier")
    count = len(members.nodes)
    message = f"the cluster has {count} ClusterInstance of the two it needs to survive a zone"
    return verdict(None if count < 2 and members.more else count >= 2, "", message)  # noqa: PLR2004 -- one, and one to take over


@rule(
    "aws-rds-deletion-protection",
    title="Databases cannot be deleted by one command",
    severity=Severity.MEDIUM,
    types=(INSTANCE, CLUSTER),
    fix="Set deletionProtection true",
)
def deletion_protection(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A wrong destroy, or a replacement nobody read in the preview, takes the data with it."""
    del graph, settings
    return verdict(flag(node, "deletionProtection", default=False), "deletionProtection", "deletionProtection is not true")


@rule(
    "aws-rds-backup-retention",
    title="Databases keep their daily backups long enough",
    severity=Severity.MEDIUM,
    types=(INSTANCE, CLUSTER),
    fix="Set backupRetentionPeriod to min_days or more",
    defaults={"min_days": 7},
)
def backup_retention(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Damage is often seen days later; a backup that is gone by then restores nothing. Read replicas are left out."""
    del graph
    if canonical(node.type) == INSTANCE and _copies(node) is not False:
        return None if _copies(node) else unknown("replicateSourceDb")
    days = number(node, "backupRetentionPeriod", 0 if canonical(node.type) == INSTANCE else 1)
    message = f"backupRetentionPeriod is {days or 0:g} days, less than {settings['min_days']}"
    return verdict(None if days is None else days >= settings["min_days"], "backupRetentionPeriod", message)


@rule(
    "aws-rds-minor-upgrade",
    title="Databases take minor upgrades by themselves",
    severity=Severity.LOW,
    types=(INSTANCE, CLUSTER_INSTANCE),
    fix="Leave autoMinorVersionUpgrade at its default, true",
)
def minor_upgrade(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Minor versions carry the engine's security fixes."""
    del graph, settings
    return verdict(
        flag(node, "autoMinorVersionUpgrade", default=True),
        "autoMinorVersionUpgrade",
        "autoMinorVersionUpgrade is false: fixes wait for someone",
    )


@rule(
    "aws-rds-iam-auth",
    title="Databases accept IAM tokens in place of passwords",
    severity=Severity.LOW,
    types=(INSTANCE, CLUSTER),
    fix="Set iamDatabaseAuthenticationEnabled true",
)
def iam_auth(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A token lives a quarter of an hour and names who asked; a shared password does neither."""
    del graph, settings
    engine = text(node, "engine", "mysql")
    path = "iamDatabaseAuthenticationEnabled"
    enabled = flag(node, path, default=False)
    if engine is None and not enabled:
        return unknown("engine")
    if engine and not engine.startswith(IAM_ENGINES):
        return None
    return verdict(
        enabled, "iamDatabaseAuthenticationEnabled", "iamDatabaseAuthenticationEnabled is not true: passwords are the only way in"
    )


@rule(
    "aws-rds-log-exports",
    title="Databases send their logs to CloudWatch",
    severity=Severity.MEDIUM,
    types=(INSTANCE, CLUSTER),
    fix="List the engine's log types in enabledCloudwatchLogsExports",
)
def log_exports(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Logs on the instance are gone after days, or with it, and whoever owns the database can remove them."""
    del graph, settings
    path = "enabledCloudwatchLogsExports"
    exported = items(node.value(path))
    engine = text(node, "engine")
    if exported is None or engine is None:
        return unknown(path if exported is None else "engine")
    wanted = next((types for beginning, types in LOG_TYPES if engine.startswith(beginning)), ())
    missing = [one for one in wanted if one not in exported]
    if not exported:
        return fail(path, f"{path} is empty: no log leaves the database")
    if missing and UNKNOWN in exported:
        return unknown(path)
    return verdict(not missing, path, f"{path} lacks {', '.join(missing)}")


@rule(
    "aws-rds-force-ssl",
    title="Databases refuse connections without TLS",
    severity=Severity.MEDIUM,
    types=(INSTANCE, CLUSTER, PARAMETER_GROUP, CLUSTER_PARAMETER_GROUP),
    fix="Use a parameter group with rds.force_ssl 1 (PostgreSQL, SQL Server) or require_secure_transport ON (MySQL, MariaDB)",
)
def force_ssl(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A client that does not ask for TLS sends passwords and rows in clear."""
    del settings
    kind = canonical(node.type)
    if kind in {PARAMETER_GROUP, CLUSTER_PARAMETER_GROUP}:
        users = (INSTANCE, "parameterGroupName") if kind == PARAMETER_GROUP else (CLUSTER, "dbClusterParameterGroupName")
        return None if graph.referring(node, *users) else _group_forces(node)
    path = "parameterGroupName" if kind == INSTANCE else "dbClusterParameterGroupName"
    groups = [one for one in graph.referred(node, path) if canonical(one.type) in {PARAMETER_GROUP, CLUSTER_PARAMETER_GROUP}]
    if groups:
        return _group_forces(groups[0])
    name = text(node, path)
    if name is None or (name and not name.startswith("default.")):
        return unknown(path)
    chosen = node if node.value("engineVersion") is not None else Node(node.urn, node.type, node.name, node.outputs)
    return _by_default(text(node, "engine"), text(chosen, "engineVersion"), path)


def _group_forces(group: Node) -> Verdict | None:
    """Whether a parameter group has the switch of its family on: written, or by the family's default."""
    family = text(group, "family")
    if family is None:
        return unknown("family")
    engine, version = _split_family(family)
    switch = _switch_of(engine)
    if switch is None:
        return None
    parameters = items(group.value("parameters"))
    if parameters is None:
        return unknown("parameters")
    for one in parameters:
        if not isinstance(one, Mapping) or one.get("name") == UNKNOWN:
            return unknown("parameters")
        if one.get("name") == switch[1]:
            value = one.get("value")
            on = None if value == UNKNOWN else str(value).lower() in {"1", "on", "true"}
            return verdict(on, "parameters", f"{switch[1]} is {value} in {group.name}: plain connections are answered")
    return _by_default(engine, version, "parameters")


def _split_family(family: str) -> tuple[str, str]:
    """`postgres16` is ("postgres", "16"), `aurora-mysql8.0` ("aurora-mysql", "8.0"), `sqlserver-ex-15.0` ("sqlserver-ex-", "15.0")."""
    engine = family.rstrip("0123456789.")
    return engine, family[len(engine) :]


def _switch_of(engine: str) -> tuple[str, str, float] | None:
    return next((one for one in TLS_PARAMETERS if engine.startswith(one[0])), None)


def _by_default(engine: str | None, version: str | None, path: str) -> Verdict | None:
    """The engine's default; which version AWS chooses where none is named is known after `up`."""
    if engine is None:
        return unknown("engine")
    switch = _switch_of(engine)
    if engine == "":
        return unknown("engine")  # a replica, or restored: as its source
    if switch is None:
        return None  # Oracle and Db2 do it otherwise: an option group, a registry variable
    since = switch[2]
    if not version and since != float("inf"):
        return unknown("engineVersion")
    on = since != float("inf") and _version(version or "") >= _version(f"{since:g}")
    return verdict(
        on, path, f"{switch[1]} is off by default in {' '.join(filter(None, (engine, version)))}: plain connections are answered"
    )


def _version(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


@rule(
    "aws-rds-managed-master-password",
    title="RDS itself makes, keeps and rotates the master password",
    severity=Severity.MEDIUM,
    types=(INSTANCE, CLUSTER),
    fix="Set manageMasterUserPassword true and remove the password",
)
def managed_master_password(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A password in a program is in its state, its history and its author's head, and is never changed."""
    del graph, settings
    managed = flag(node, "manageMasterUserPassword", default=False)
    path = "password" if canonical(node.type) == INSTANCE else "masterPassword"
    own = any(node.value(one) is not None for one in (path, f"{path}Wo"))
    inherits = ("replicateSourceDb", "replicationSourceIdentifier", "snapshotIdentifier", "restoreToPointInTime", "globalClusterIdentifier")
    if managed is False and not own and any(node.value(one) is not None for one in inherits):
        return None
    what = f"{path} is written in the program" if own else "manageMasterUserPassword is not true"
    return verdict(managed, path if own and managed is False else "manageMasterUserPassword", f"{what}: nothing rotates it")


RULES = (
    encrypted,
    not_public,
    multi_az,
    deletion_protection,
    backup_retention,
    minor_upgrade,
    iam_auth,
    log_exports,
    force_ssl,
    managed_master_password,
)
