"""Caches: what moto deletes of them stays in its lists, so that they are checked against botocore's model and recorded."""

import hashlib
from typing import Any, Final

from platformctl.sandbox.aws.rows import TAG_LIST, Call, F, Name, Row, Scope, arn, pascals, rows

_SHARED: Final = {
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "engine": "Engine",
    "engineVersion": "EngineVersion",
    "ipDiscovery": "IpDiscovery",
    "networkType": "NetworkType",
    "nodeType": "CacheNodeType",
    "notificationTopicArn": "NotificationTopicArn",
    "parameterGroupName": "CacheParameterGroupName",
    "port": "Port",
    "securityGroupIds": "SecurityGroupIds",
    "snapshotName": "SnapshotName",
    "snapshotArns": "SnapshotArns",
    "snapshotRetentionLimit": "SnapshotRetentionLimit",
    "snapshotWindow": "SnapshotWindow",
    "subnetGroupName": "CacheSubnetGroupName",
    "transitEncryptionEnabled": "TransitEncryptionEnabled",
    "maintenanceWindow": "PreferredMaintenanceWindow",
}
_CLUSTER: Final = {
    **_SHARED,
    "availabilityZone": "PreferredAvailabilityZone",
    "azMode": "AZMode",
    "clusterId": "CacheClusterId",
    "numCacheNodes": "NumCacheNodes",
    "preferredAvailabilityZones": "PreferredAvailabilityZones",
    "replicationGroupId": "ReplicationGroupId",
}
_GROUP: Final = {
    **_SHARED,
    "atRestEncryptionEnabled": "AtRestEncryptionEnabled",
    "authToken": "AuthToken",
    "automaticFailoverEnabled": "AutomaticFailoverEnabled",
    "clusterMode": "ClusterMode",
    "dataTieringEnabled": "DataTieringEnabled",
    "description": "ReplicationGroupDescription",
    "kmsKeyId": "KmsKeyId",
    "multiAzEnabled": "MultiAZEnabled",
    "numCacheClusters": "NumCacheClusters",
    "numNodeGroups": "NumNodeGroups",
    "preferredCacheClusterAzs": "PreferredCacheClusterAZs",
    "replicasPerNodeGroup": "ReplicasPerNodeGroup",
    "replicationGroupId": "ReplicationGroupId",
    "transitEncryptionMode": "TransitEncryptionMode",
    "userGroupIds": "UserGroupIds",
}
_PORTS: Final = {"memcached": 11211}
"""Port of an engine where none is given; the others have Redis's."""
_REDIS_PORT: Final = 6379
_ONCE: Final = frozenset({"networkType", "subnetGroupName", "port", "snapshotArns", "snapshotName"})
"""What no modify call changes."""


def _given(params: dict[str, str]) -> dict[str, str]:
    return {api: f"${prop}" for prop, api in params.items()}


def _deliveries(scope: Scope) -> list[dict[str, Any]] | None:
    kinds = {"cloudwatch-logs": ("CloudWatchLogsDetails", "LogGroup"), "kinesis-firehose": ("KinesisFirehoseDetails", "DeliveryStream")}
    found = []
    for one in scope.new.get("logDeliveryConfigurations") or ():
        details, key = kinds[one["destinationType"]]
        found.append(
            {
                "LogType": one["logType"],
                "LogFormat": one["logFormat"],
                "DestinationType": one["destinationType"],
                "DestinationDetails": {details: {key: one["destination"]}},
            }
        )
    return found or None


def _port(scope: Scope) -> int:
    return int(scope.new.get("port") or _PORTS.get(str(scope.new.get("engine")), _REDIS_PORT))


def _domain(scope: Scope) -> str:
    """The part of an endpoint's name that AWS chooses."""
    return f"{hashlib.sha256(scope.subject.urn.encode()).hexdigest()[:6]}.{scope.region.name}.cache.amazonaws.com"


def _sharded(scope: Scope) -> bool:
    return int(scope.new.get("numNodeGroups") or 1) > 1 or scope.new.get("clusterMode") == "enabled"


def _endpoint(role: str, *, sharded: bool) -> F:
    """The name of an endpoint, which only a group with, or without, shards has."""
    return F(lambda scope: f"{role}.{scope.id}.{_domain(scope)}" if _sharded(scope) is sharded else None)


def _nodes(scope: Scope) -> list[dict[str, Any]]:
    return [
        {"id": f"{number:04}", "address": f"{scope.id}.{_domain(scope)}", "port": _port(scope)}
        for number in range(1, int(scope.new.get("numCacheNodes") or 1) + 1)
    ]


def _members(scope: Scope) -> list[str]:
    shards = int(scope.new.get("numNodeGroups") or 1)
    each = int(scope.new.get("numCacheClusters") or 0) or int(scope.new.get("replicasPerNodeGroup") or 0) + 1
    if not _sharded(scope):
        return [f"{scope.id}-{number:03}" for number in range(1, each + 1)]
    return [f"{scope.id}-{shard:04}-{number:03}" for shard in range(1, shards + 1) for number in range(1, each + 1)]


def _login(scope: Scope) -> dict[str, Any] | None:
    """How a user shows who it is; passwords are no part of the mode that is recorded."""
    mode = scope.new.get("authenticationMode")
    names = {"no-password": "no-password-required"}
    return (
        {"Type": names.get(mode["type"], mode["type"]), **({"Passwords": mode["passwords"]} if mode.get("passwords") else {})}
        if mode
        else None
    )


def _limits(scope: Scope) -> dict[str, Any] | None:
    given = scope.new.get("cacheUsageLimits")
    if not given:
        return None
    found: dict[str, Any] = {}
    if given.get("dataStorage"):
        found["DataStorage"] = {key.capitalize(): value for key, value in given["dataStorage"].items()}
    for one in given.get("ecpuPerSeconds") or ():
        found["ECPUPerSecond"] = {key.capitalize(): value for key, value in one.items()}
    return found


ROWS = rows(
    Row(
        "aws:elasticache/cluster:Cluster",
        "elasticache",
        emulated=False,
        create=Call(
            "create_cache_cluster",
            {**_given(_CLUSTER), "LogDeliveryConfigurations": F(_deliveries, ("logDeliveryConfigurations",)), "Tags": TAG_LIST},
        ),
        id=F(lambda scope: scope.new["clusterId"]),
        props={
            "arn": arn("elasticache", "cluster:{id}"),
            "port": F(_port),
            "cacheNodes": F(_nodes),
            "clusterAddress": F(lambda scope: f"{scope.id}.cfg.{_domain(scope)}" if scope.new.get("engine") == "memcached" else None),
            "configurationEndpoint": F(
                lambda scope: f"{scope.id}.cfg.{_domain(scope)}:{_port(scope)}" if scope.new.get("engine") == "memcached" else None
            ),
            "engineVersionActual": F(lambda scope: scope.new.get("engineVersion")),
        },
        name=Name("clusterId", max_length=50, lower=True),
        force_new=_ONCE | {"clusterId", "engine", "replicationGroupId", "transitEncryptionEnabled", "availabilityZone", "networkType"},
        local=frozenset({"applyImmediately", "finalSnapshotIdentifier"}),
    ),
    Row(
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "elasticache",
        emulated=False,
        create=Call(
            "create_replication_group",
            {
                **_given(_GROUP),
                "LogDeliveryConfigurations": F(_deliveries, ("logDeliveryConfigurations",)),
                "NodeGroupConfiguration": pascals("nodeGroupConfigurations"),
                "Tags": TAG_LIST,
            },
        ),
        id=F(lambda scope: scope.new["replicationGroupId"]),
        props={
            "arn": arn("elasticache", "replicationgroup:{id}"),
            "port": F(_port),
            "clusterEnabled": F(_sharded),
            "memberClusters": F(_members),
            "primaryEndpointAddress": _endpoint("master", sharded=False),
            "readerEndpointAddress": _endpoint("replica", sharded=False),
            "configurationEndpointAddress": _endpoint("clustercfg", sharded=True),
            "engineVersionActual": F(lambda scope: scope.new.get("engineVersion")),
        },
        name=Name("replicationGroupId", max_length=40, lower=True),
        force_new=_ONCE | {"replicationGroupId", "atRestEncryptionEnabled", "dataTieringEnabled", "kmsKeyId"},
        local=frozenset({"applyImmediately", "finalSnapshotIdentifier", "authTokenUpdateStrategy"}),
    ),
    Row(
        "aws:elasticache/user:User",
        "elasticache",
        emulated=False,
        create=Call(
            "create_user",
            {
                "UserId": "$userId",
                "UserName": "$userName",
                "Engine": "$engine",
                "AccessString": "$accessString",
                "NoPasswordRequired": "$noPasswordRequired",
                "AuthenticationMode": F(_login, ("authenticationMode",)),
                "Passwords": "$passwords",
                "Tags": TAG_LIST,
            },
        ),
        id=F(lambda scope: scope.new["userId"]),
        props={"arn": arn("elasticache", "user:{id}")},
        force_new=frozenset({"userId", "userName"}),
    ),
    Row(
        "aws:elasticache/userGroup:UserGroup",
        "elasticache",
        emulated=False,
        create=Call("create_user_group", {"UserGroupId": "$userGroupId", "Engine": "$engine", "UserIds": "$userIds", "Tags": TAG_LIST}),
        id=F(lambda scope: scope.new["userGroupId"]),
        props={"arn": arn("elasticache", "usergroup:{id}")},
        force_new=frozenset({"userGroupId"}),
    ),
    Row(
        "aws:elasticache/serverlessCache:ServerlessCache",
        "elasticache",
        emulated=False,
        needs=(Call("describe_subnets", {"SubnetIds": "$subnetIds"}, service="ec2"),),
        create=Call(
            "create_serverless_cache",
            {
                "ServerlessCacheName": "$name",
                "Description": "$description",
                "Engine": "$engine",
                "MajorEngineVersion": "$majorEngineVersion",
                "CacheUsageLimits": F(_limits, ("cacheUsageLimits",)),
                "KmsKeyId": "$kmsKeyId",
                "SecurityGroupIds": "$securityGroupIds",
                "SubnetIds": "$subnetIds",
                "UserGroupId": "$userGroupId",
                "SnapshotRetentionLimit": "$snapshotRetentionLimit",
                "DailySnapshotTime": "$dailySnapshotTime",
                "Tags": TAG_LIST,
            },
        ),
        id=F(lambda scope: scope.new["name"]),
        props={
            "arn": arn("elasticache", "serverlesscache:{id}"),
            "endpoints": F(lambda scope: [{"address": f"{scope.id}.serverless.{_domain(scope)}", "port": _REDIS_PORT}]),
            "readerEndpoints": F(lambda scope: [{"address": f"{scope.id}.serverless.{_domain(scope)}", "port": _REDIS_PORT + 1}]),
        },
        name=Name(max_length=40, lower=True),
        force_new=frozenset({"name", "kmsKeyId", "subnetIds"}),
    ),
)
