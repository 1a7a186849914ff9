"""ElastiCache: replication groups, single cache clusters and serverless caches."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from platform_policies.checks import any_of, flag, given, number, present, text, truth, verdict
from platform_policies.graph import Node, ResourceGraph
from platform_policies.rule import Answer, Severity, Verdict, fail, passed, rule, unknown
from platform_policies.types import canonical

GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
CLUSTER = "aws:elasticache/cluster:Cluster"
SERVERLESS = "aws:elasticache/serverlessCache:ServerlessCache"
USER_GROUP = "aws:elasticache/userGroup:UserGroup"

MEMCACHED = "memcached"


class _Cache(NamedTuple):
    """What decides which questions make sense for a cache."""

    kind: str
    engine: str | None
    member: bool | None
    """A Cluster that is one node of a replication group, which is judged in its place."""


def _cache(node: Node) -> _Cache:
    kind = canonical(node.type)
    # Only a replication group has a default engine; a Cluster without one is a member of a group, a serverless cache must name it.
    engine = text(node, "engine", "redis")
    engine = engine.lower() if engine is not None else None
    return _Cache(kind, engine, present(node.value("replicationGroupId")) if kind == CLUSTER else False)


def _undecided(cache: _Cache, sub_id: str = "") -> Verdict | None:
    """What a rule says where it is not known whether it is concerned."""
    if cache.member is None:
        return unknown("replicationGroupId", sub_id=sub_id)
    return unknown("engine", sub_id=sub_id) if cache.kind != GROUP and cache.engine is None else None


@rule(
    "aws-elasticache-encrypt-rest",
    title="Caches are encrypted at rest and in transit",
    severity=Severity.HIGH,
    types=(GROUP, CLUSTER, SERVERLESS),
    fix="Set atRestEncryptionEnabled and transitEncryptionEnabled true (Redis in a Cluster cannot: use a ReplicationGroup)",
    sub_ids=("rest", "transit"),
)
def encrypt(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Caches hold sessions and copies of rows; in clear they can be read from the wire and from a snapshot."""
    del graph, settings
    cache = _cache(node)
    if cache.kind == GROUP:
        yield from (_rest(node, cache), _transit(node))
    elif not cache.member:
        sub_ids = ("transit",) if (cache.kind, cache.engine) == (CLUSTER, MEMCACHED) else ("rest", "transit")
        yield from (_encrypted_otherwise(node, cache, sub_id) for sub_id in sub_ids)


def _encrypted_otherwise(node: Node, cache: _Cache, sub_id: str) -> Verdict:
    """A serverless cache always is; a single Memcached can encrypt the wire, a single Redis nothing."""
    if cache.kind == SERVERLESS:
        return passed(sub_id=sub_id)
    if undecided := _undecided(cache, sub_id):
        return undecided
    if cache.engine != MEMCACHED:
        return fail("engine", f"a Cluster of engine {cache.engine} outside a replication group cannot be encrypted", sub_id=sub_id)
    path = "transitEncryptionEnabled"
    return verdict(flag(node, path, default=False), path, f"{path} is not true: keys and values travel in clear", sub_id=sub_id)


def _inherited(node: Node, path: str) -> bool | None:
    """What a member of a global replication group has of it: known once deployed."""
    return truth(node.outputs.get(path))


def _rest(node: Node, cache: _Cache) -> Verdict:
    path = "atRestEncryptionEnabled"
    if node.value(path) is not None:
        on = truth(node.value(path))
    elif node.value("globalReplicationGroupId") is not None:
        on = _inherited(node, path)
    else:
        on = None if cache.engine is None else cache.engine == "valkey"
    return verdict(on, path, f"{path} is not true: disks and snapshots are readable", sub_id="rest")


def _transit(node: Node) -> Verdict:
    path, mode = "transitEncryptionEnabled", text(node, "transitEncryptionMode", "required")
    inherits = node.value(path) is None and node.value("globalReplicationGroupId") is not None
    on = _inherited(node, path) if inherits else flag(node, path, default=False)
    if on and mode != "required":
        path = "transitEncryptionMode"
        return verdict(None if mode is None else False, path, f"{path} is {mode}: plain connections are answered too", sub_id="transit")
    return verdict(on, path, f"{path} is not true: keys and values travel in clear", sub_id="transit")


@rule(
    "aws-elasticache-auth",
    title="Caches ask who is there",
    severity=Severity.HIGH,
    types=(GROUP, CLUSTER, SERVERLESS),
    fix="Set userGroupIds (userGroupId of a ServerlessCache), or authToken with transitEncryptionEnabled",
)
def auth(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Without a user or a token, whatever reaches the port reads and flushes everything. Memcached knows neither: left out."""
    del settings
    cache = _cache(node)
    if cache.member or (cache.kind != GROUP and cache.engine == MEMCACHED):
        return None
    if undecided := _undecided(cache):
        return undecided
    if cache.kind == CLUSTER:
        return fail("engine", f"a Cluster of engine {cache.engine} outside a replication group has neither users nor a token")
    paths = ("userGroupId",) if cache.kind == SERVERLESS else ("userGroupIds", "authToken", "authTokenWo")
    answers = [given(node, graph, path, USER_GROUP, "random:index/randomPassword:RandomPassword") for path in paths]
    return verdict(any_of(answers), paths[0], f"neither of {', '.join(paths)} is set: anyone who reaches the port is let in")


@rule(
    "aws-elasticache-failover",
    title="Caches fail over by themselves and keep snapshots",
    severity=Severity.MEDIUM,
    types=(GROUP, CLUSTER, SERVERLESS),
    fix="Set automaticFailoverEnabled true with two nodes or more, and snapshotRetentionLimit to min_days or more",
    sub_ids=("failover", "backup"),
    defaults={"min_days": 1},
)
def failover(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """A single node takes the cache with it, and everything behind it feels the load. Memcached has neither: left out."""
    del graph
    cache = _cache(node)
    if cache.member or (cache.kind != GROUP and cache.engine == MEMCACHED):
        return
    for sub_id in ("failover", "backup"):
        if undecided := _undecided(cache, sub_id):
            yield undecided
        elif sub_id == "backup":
            yield _snapshots(node, settings["min_days"])
        elif cache.kind == GROUP:
            path = "automaticFailoverEnabled"
            yield verdict(flag(node, path, default=False), path, f"{path} is not true: no replica takes over", sub_id=sub_id)
        elif cache.kind == SERVERLESS:
            yield passed(sub_id=sub_id)  # over several zones always
        else:
            yield fail("engine", f"a Cluster of engine {cache.engine} outside a replication group has no replica", sub_id=sub_id)


def _snapshots(node: Node, least: int) -> Verdict:
    kept = number(node, "snapshotRetentionLimit", 0)
    message = f"snapshotRetentionLimit is {kept or 0:g}, less than {least}"
    return verdict(None if kept is None else kept >= least, "snapshotRetentionLimit", message, sub_id="backup")


RULES = (encrypt, auth, failover)
