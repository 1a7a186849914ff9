"""Databases: parameter groups, instances, and Aurora clusters with their instances."""

from collections.abc import Mapping
from typing import Any, Final

from platformctl.sandbox.aws.rows import TAG_LIST, Call, Extra, F, Name, Row, Scope, Tags, Update, rows, untag

_SHARED: Final = {
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "copyTagsToSnapshot": "CopyTagsToSnapshot",
    "engineVersion": "EngineVersion",
    "monitoringInterval": "MonitoringInterval",
    "monitoringRoleArn": "MonitoringRoleArn",
    "port": "Port",
}
"""Input to parameter of the calls that create and modify; what is read back has the parameter's name, but for `_READ`."""
_STORE: Final = {
    "allocatedStorage": "AllocatedStorage",
    "backupRetentionPeriod": "BackupRetentionPeriod",
    "deletionProtection": "DeletionProtection",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "iops": "Iops",
    "manageMasterUserPassword": "ManageMasterUserPassword",
    "masterUserSecretKmsKeyId": "MasterUserSecretKmsKeyId",
    "storageType": "StorageType",
    "vpcSecurityGroupIds": "VpcSecurityGroupIds",
}
"""What an instance and a cluster have, but not an instance of a cluster."""
_STORE_ONCE: Final = {
    "dbSubnetGroupName": "DBSubnetGroupName",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "engine": "Engine",
    "kmsKeyId": "KmsKeyId",
    "storageEncrypted": "StorageEncrypted",
}
_INSTANCE: Final = {
    **_SHARED,
    **_STORE,
    "backupWindow": "PreferredBackupWindow",
    "instanceClass": "DBInstanceClass",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "maxAllocatedStorage": "MaxAllocatedStorage",
    "multiAz": "MultiAZ",
    "parameterGroupName": "DBParameterGroupName",
    "password": "MasterUserPassword",
    "publiclyAccessible": "PubliclyAccessible",
}
_INSTANCE_ONCE: Final = {**_STORE_ONCE, "availabilityZone": "AvailabilityZone", "dbName": "DBName", "username": "MasterUsername"}
_CLUSTER: Final = {
    **{prop: api for prop, api in _SHARED.items() if not prop.startswith("monitoring")},
    **_STORE,
    "dbClusterParameterGroupName": "DBClusterParameterGroupName",
    "masterPassword": "MasterUserPassword",
    "preferredBackupWindow": "PreferredBackupWindow",
    "preferredMaintenanceWindow": "PreferredMaintenanceWindow",
}
_CLUSTER_ONCE: Final = {
    **_STORE_ONCE,
    "availabilityZones": "AvailabilityZones",
    "databaseName": "DatabaseName",
    "engineMode": "EngineMode",
    "masterUsername": "MasterUsername",
}
_MEMBER: Final = {
    **{prop: api for prop, api in _SHARED.items() if prop not in {"engineVersion", "port"}},
    "dbParameterGroupName": "DBParameterGroupName",
    "instanceClass": "DBInstanceClass",
    "promotionTier": "PromotionTier",
    "publiclyAccessible": "PubliclyAccessible",
}
_MEMBER_ONCE: Final = {"availabilityZone": "AvailabilityZone", "clusterIdentifier": "DBClusterIdentifier", "engine": "Engine"}

_READ: Final = {
    "EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
    "EnableCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
    "VpcSecurityGroupIds": "VpcSecurityGroups[].VpcSecurityGroupId",
    "DBParameterGroupName": "DBParameterGroups[0].DBParameterGroupName",
    "MasterUserSecretKmsKeyId": "MasterUserSecret.KmsKeyId",
}
_UNREADABLE: Final = {"MasterUserPassword", "ManageMasterUserPassword"}


def _given(params: Mapping[str, str]) -> dict[str, str]:
    return {api: f"${prop}" for prop, api in params.items()}


def _found(params: Mapping[str, str], **differently: str) -> dict[str, str | F]:
    read = {**_READ, **differently}
    return {prop: read.get(api, api) for prop, api in params.items() if api not in _UNREADABLE}


def _set_exports(scope: Scope) -> None:
    """Logs to export are changed by what comes and what goes."""
    new, old = scope.new.get("enabledCloudwatchLogsExports") or [], scope.old.get("enabledCloudwatchLogsExports") or []
    change = {"EnableLogTypes": [one for one in new if one not in old], "DisableLogTypes": [one for one in old if one not in new]}
    scope.call("rds", "modify_db_instance", DBInstanceIdentifier=scope.id, CloudwatchLogsExportConfiguration=change)


def _secrets(scope: Scope) -> list[dict[str, Any]] | None:
    """The master user's secret, where RDS manages it."""
    secret = scope.item.get("MasterUserSecret")
    if not secret:
        return None
    return [{"secretArn": secret["SecretArn"], "secretStatus": secret["SecretStatus"], "kmsKeyId": secret["KmsKeyId"]}]


def _parameters(scope: Scope) -> list[dict[str, Any]]:
    found = [
        {"ParameterName": one["name"], "ParameterValue": one["value"], "ApplyMethod": one.get("applyMethod") or "immediate"}
        for one in scope.new.get("parameters") or ()
    ]
    return sorted(found, key=lambda one: str(one["ParameterName"]))


def _read_parameters(scope: Scope) -> list[dict[str, Any]]:
    """As declared, so far as RDS has the value; what RDS has by itself is not the program's."""
    held = {one["ParameterName"]: one.get("ParameterValue") for one in scope.item["parameters"] or ()}
    declared = scope.new.get("parameters") or ()
    return [{**one, "value": held[one["name"]]} for one in declared if one["name"] in held]


def _tags(arn: str) -> Tags:
    return Tags(
        at="TagList",
        add=Call("add_tags_to_resource", {"ResourceName": f"$out.{arn}", "Tags": TAG_LIST}),
        remove=Call("remove_tags_from_resource", {"ResourceName": f"$out.{arn}", "TagKeys": F(untag)}),
    )


def _parameter_group(token: str, kind: str, noun: str, values: str) -> Row:
    """A group of parameters, of instances or of clusters.

    Args:
        token: the Pulumi type.
        kind: beginning of the API's parameters.
        noun: what the operations make, change and delete.
        values: what the operation describes that lists the parameters.
    """
    group = {f"{kind}Name": "$id"}
    family = "DBParameterGroupFamily"

    def set_parameters(scope: Scope) -> None:
        wanted = _parameters(scope)
        kept = {one["ParameterName"] for one in wanted}
        gone = [one["name"] for one in scope.old.get("parameters") or () if one["name"] not in kept]
        named = {f"{kind}Name": scope.id}
        if gone:
            reset = [{"ParameterName": name, "ApplyMethod": "immediate"} for name in gone]
            scope.call("rds", f"reset_{noun}", **named, Parameters=reset)
        if wanted:
            scope.call("rds", f"modify_{noun}", **named, Parameters=wanted)

    return Row(
        token,
        "rds",
        create=Call(f"create_{noun}", {f"{kind}Name": "$name", family: "$family", "Description": "$description", "Tags": TAG_LIST}),
        id=f"{kind}.{kind}Name",
        read=Call(f"describe_{noun}s", group, at=f"{kind}s[0]"),
        extras=(
            Extra("parameters", Call(f"describe_{values}", group, at="Parameters")),
            Extra(
                "TagList",
                Call("list_tags_for_resource", {"ResourceName": F(lambda scope: scope.item[f"{kind}Arn"])}, at="TagList"),
            ),
        ),
        props={
            "arn": f"{kind}Arn",
            "name": f"{kind}Name",
            "family": family,
            "description": "Description",
            "parameters": F(_read_parameters),
        },
        updates=(Update(("parameters",), (set_parameters,), on_create=True),),
        delete=(Call(f"delete_{noun}", group),),
        defaults={"description": "Managed by Pulumi"},
        name=Name(lower=True),
        tags=_tags("arn"),
        local=frozenset({"namePrefix", "skipDestroy"} if kind == "DBParameterGroup" else {"namePrefix"}),
    )


_DB: Final = {"DBInstanceIdentifier": "$id"}
_DB_CLUSTER: Final = {"DBClusterIdentifier": "$id"}
_AT_ONCE: Final = {"ApplyImmediately": True}
_ENDPOINT: Final = F(lambda scope: "{Address}:{Port}".format_map(scope.item["Endpoint"]))
_LOCAL: Final = frozenset(
    {"applyImmediately", "allowMajorVersionUpgrade", "deleteAutomatedBackups", "finalSnapshotIdentifier", "skipFinalSnapshot"}
)

ROWS = rows(
    _parameter_group("aws:rds/parameterGroup:ParameterGroup", "DBParameterGroup", "db_parameter_group", "db_parameters"),
    _parameter_group(
        "aws:rds/clusterParameterGroup:ClusterParameterGroup",
        "DBClusterParameterGroup",
        "db_cluster_parameter_group",
        "db_cluster_parameters",
    ),
    # moto gives every instance the same resource id, so that the identifier stands in for it.
    Row(
        "aws:rds/instance:Instance",
        "rds",
        create=Call(
            "create_db_instance", {"DBInstanceIdentifier": "$identifier", **_given(_INSTANCE), **_given(_INSTANCE_ONCE), "Tags": TAG_LIST}
        ),
        id="DBInstance.DBInstanceIdentifier",
        read=Call("describe_db_instances", _DB, at="DBInstances[0]"),
        props={
            "arn": "DBInstanceArn",
            "identifier": "DBInstanceIdentifier",
            "resourceId": "DbiResourceId",
            "address": "Endpoint.Address",
            "endpoint": _ENDPOINT,
            "hostedZoneId": "Endpoint.HostedZoneId",
            "engineVersionActual": "EngineVersion",
            "masterUserSecrets": F(_secrets),
            "status": "DBInstanceStatus",
            **_found({**_INSTANCE, **_INSTANCE_ONCE}, DBSubnetGroupName="DBSubnetGroup.DBSubnetGroupName", Port="Endpoint.Port"),
        },
        updates=(
            # The call that changes an instance has another name for its port.
            Update(
                tuple(_INSTANCE),
                (Call("modify_db_instance", {**_DB, **_given({**_INSTANCE, "port": "DBPortNumber"}), **_AT_ONCE}),),
            ),
            Update(("enabledCloudwatchLogsExports",), (_set_exports,)),
        ),
        delete=(Call("delete_db_instance", {**_DB, "SkipFinalSnapshot": True}),),
        name=Name("identifier", max_length=63, lower=True),
        tags=_tags("arn"),
        local=_LOCAL | {"identifierPrefix"},
        parse=lambda text_: {"identifier": text_},
        changing=frozenset({"engineVersionActual", "endpoint", "masterUserSecrets"}),
    ),
    Row(
        "aws:rds/cluster:Cluster",
        "rds",
        create=Call(
            "create_db_cluster",
            {"DBClusterIdentifier": "$clusterIdentifier", **_given(_CLUSTER), **_given(_CLUSTER_ONCE), "Tags": TAG_LIST},
        ),
        id="DBCluster.DBClusterIdentifier",
        read=Call("describe_db_clusters", _DB_CLUSTER, at="DBClusters[0]"),
        props={
            "arn": "DBClusterArn",
            "clusterIdentifier": "DBClusterIdentifier",
            "clusterResourceId": "DbClusterResourceId",
            "endpoint": "Endpoint",
            "readerEndpoint": "ReaderEndpoint",
            "hostedZoneId": "HostedZoneId",
            "engineVersionActual": "EngineVersion",
            "masterUserSecrets": F(_secrets),
            **_found(
                {**_CLUSTER, **_CLUSTER_ONCE}, DBSubnetGroupName="DBSubnetGroup", DBClusterParameterGroupName="DBClusterParameterGroup"
            ),
        },
        updates=(Update(tuple(_CLUSTER), (Call("modify_db_cluster", {**_DB_CLUSTER, **_given(_CLUSTER), **_AT_ONCE}),)),),
        delete=(Call("delete_db_cluster", {**_DB_CLUSTER, "SkipFinalSnapshot": True}),),
        name=Name("clusterIdentifier", max_length=63, lower=True),
        tags=_tags("arn"),
        local=_LOCAL | {"clusterIdentifierPrefix"},
        # moto does not read which logs a modified cluster exports.
        recorded_on_update=frozenset({"enabledCloudwatchLogsExports"}),
        parse=lambda text_: {"clusterIdentifier": text_},
        changing=frozenset({"engineVersionActual", "masterUserSecrets"}),
    ),
    Row(
        "aws:rds/clusterInstance:ClusterInstance",
        "rds",
        create=Call(
            "create_db_instance", {"DBInstanceIdentifier": "$identifier", **_given(_MEMBER), **_given(_MEMBER_ONCE), "Tags": TAG_LIST}
        ),
        id="DBInstance.DBInstanceIdentifier",
        read=Call("describe_db_instances", _DB, at="DBInstances[0]"),
        props={
            "arn": "DBInstanceArn",
            "identifier": "DBInstanceIdentifier",
            "dbiResourceId": "DbiResourceId",
            "endpoint": "Endpoint.Address",
            "port": "Endpoint.Port",
            "engineVersionActual": "EngineVersion",
            "storageEncrypted": "StorageEncrypted",
            **_found({**_MEMBER, **_MEMBER_ONCE}),
        },
        updates=(Update(tuple(_MEMBER), (Call("modify_db_instance", {**_DB, **_given(_MEMBER), **_AT_ONCE}),)),),
        delete=(Call("delete_db_instance", {**_DB, "SkipFinalSnapshot": True}),),
        name=Name("identifier", max_length=63, lower=True),
        tags=_tags("arn"),
        local=frozenset({"applyImmediately", "forceDestroy", "identifierPrefix"}),
        parse=lambda text_: {"identifier": text_},
    ),
)
