"""Cases of databases, caches, tables and secrets."""

from typing import Any

from tests.unit.aws_cases import EVERYONE_READ, A, B, Case


def _database(**more: Any) -> dict[str, Any]:
    return {
        "engine": "postgres",
        "engineVersion": "17.4",
        "instanceClass": "db.t4g.medium",
        "allocatedStorage": 20,
        "username": "shop",
        "password": "correct-horse-battery",
        "skipFinalSnapshot": True,
        **more,
    }


def _aurora(**more: Any) -> dict[str, Any]:
    return {
        "engine": "aurora-postgresql",
        "engineVersion": "17.4",
        "masterUsername": "shop",
        "manageMasterUserPassword": True,
        "skipFinalSnapshot": True,
        **more,
    }


def _table(**more: Any) -> dict[str, Any]:
    return {"hashKey": "id", "attributes": [{"name": "id", "type": "S"}], **more}


_ON_DEMAND = {"billingMode": "PAY_PER_REQUEST"}

STORES = [
    Case(
        "aws:rds/parameterGroup:ParameterGroup",
        lambda _: {"family": "postgres17", "parameters": [{"name": "rds.force_ssl", "value": "1"}], "tags": A},
        lambda _: {"parameters": [{"name": "rds.force_ssl", "value": "0"}, {"name": "log_connections", "value": "1"}], "tags": B},
    ),
    Case("aws:rds/parameterGroup:ParameterGroup", lambda _: {"family": "postgres17"}, lambda _: {"family": "postgres18"}, ("family",)),
    Case(
        "aws:rds/instance:Instance",
        lambda w: _database(
            vpcSecurityGroupIds=[w.group], port=5433, storageEncrypted=True, enabledCloudwatchLogsExports=["postgresql"], tags=A
        ),
        lambda _: {
            "instanceClass": "db.m7g.large",
            "backupRetentionPeriod": 14,
            "deletionProtection": False,
            "publiclyAccessible": False,
            "autoMinorVersionUpgrade": False,
            "iamDatabaseAuthenticationEnabled": True,
            "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
            "tags": B,
        },
    ),
    Case("aws:rds/instance:Instance", lambda _: _database(), lambda _: {"storageEncrypted": True}, ("storageEncrypted",)),
    Case(
        "aws:rds/cluster:Cluster",
        lambda w: _aurora(vpcSecurityGroupIds=[w.group], storageEncrypted=True, tags=A),
        lambda _: {"backupRetentionPeriod": 14, "engineVersion": "17.5", "enabledCloudwatchLogsExports": ["postgresql"], "tags": B},
    ),
    Case("aws:rds/cluster:Cluster", lambda _: _aurora(), lambda _: {"databaseName": "shop"}, ("databaseName",)),
    Case(
        "aws:rds/clusterInstance:ClusterInstance",
        lambda w: {"clusterIdentifier": w.database_cluster, "engine": "aurora-postgresql", "instanceClass": "db.r7g.large", "tags": A},
        lambda _: {"instanceClass": "db.r7g.xlarge", "promotionTier": 2, "autoMinorVersionUpgrade": False, "tags": B},
    ),
    Case(
        "aws:elasticache/cluster:Cluster",
        lambda _: {"engine": "memcached", "nodeType": "cache.t4g.small", "numCacheNodes": 2, "tags": A},
        lambda _: {"numCacheNodes": 3, "tags": B},
    ),
    Case(
        "aws:elasticache/cluster:Cluster",
        lambda _: {"engine": "redis", "nodeType": "cache.t4g.small", "numCacheNodes": 1},
        lambda _: {"port": 6380},
        ("port",),
    ),
    Case(
        "aws:elasticache/replicationGroup:ReplicationGroup",
        lambda w: {
            "description": "carts",
            "engine": "valkey",
            "nodeType": "cache.m7g.large",
            "numCacheClusters": 2,
            "securityGroupIds": [w.group],
            "logDeliveryConfigurations": [
                {"destination": "carts", "destinationType": "cloudwatch-logs", "logFormat": "json", "logType": "slow-log"}
            ],
            "tags": A,
        },
        lambda _: {"numCacheClusters": 3, "automaticFailoverEnabled": True, "tags": B},
    ),
    Case(
        "aws:elasticache/replicationGroup:ReplicationGroup",
        lambda _: {"description": "carts", "nodeType": "cache.m7g.large", "numNodeGroups": 2, "replicasPerNodeGroup": 1},
        lambda _: {"atRestEncryptionEnabled": True},
        ("atRestEncryptionEnabled",),
    ),
    Case(
        "aws:secretsmanager/secret:Secret",
        lambda _: {"description": "d", "recoveryWindowInDays": 0, "tags": A},
        lambda w: {"description": "e", "kmsKeyId": w.key.id, "policy": EVERYONE_READ, "tags": B},
    ),
    Case("aws:secretsmanager/secret:Secret", lambda _: {"name": "one"}, lambda _: {"name": "two"}, ("name",)),
    Case(
        "aws:dynamodb/table:Table",
        lambda _: _table(**_ON_DEMAND, ttl={"attributeName": "until", "enabled": True}, tags=A),
        lambda _: {
            "pointInTimeRecovery": {"enabled": True},
            "serverSideEncryption": {"enabled": True},
            "deletionProtectionEnabled": False,
            "streamEnabled": True,
            "streamViewType": "KEYS_ONLY",
            "ttl": {"attributeName": "until", "enabled": False},
            "tags": B,
        },
    ),
    Case(
        "aws:dynamodb/table:Table",
        lambda _: _table(
            attributes=[{"name": "id", "type": "S"}, {"name": "day", "type": "S"}],
            rangeKey="day",
            readCapacity=1,
            writeCapacity=1,
            globalSecondaryIndexes=[
                {"name": "by-day", "hashKey": "day", "projectionType": "ALL", "readCapacity": 1, "writeCapacity": 1},
            ],
        ),
        lambda _: {"readCapacity": 2, "writeCapacity": 3},
    ),
    Case("aws:dynamodb/table:Table", lambda _: _table(**_ON_DEMAND), lambda _: {"rangeKey": "id"}, ("rangeKey",)),
]
