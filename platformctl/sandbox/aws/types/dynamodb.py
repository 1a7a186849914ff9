"""DynamoDB tables."""

from collections.abc import Mapping
from typing import Any, Final

from platformctl.sandbox.aws.rows import TAG_LIST, Call, Extra, F, Name, Row, Scope, Tags, Update, rows, untag

_TABLE: Final = {"TableName": "$id"}
_ON_DEMAND: Final = "PAY_PER_REQUEST"
_CAPACITY: Final = ("billingMode", "readCapacity", "writeCapacity")


def _keys(of: Mapping[str, Any]) -> list[dict[str, str]]:
    kinds = {"hashKey": "HASH", "rangeKey": "RANGE"}
    return [{"AttributeName": of[prop], "KeyType": kind} for prop, kind in kinds.items() if of.get(prop)]


def _throughput(of: Mapping[str, Any], mode: str) -> dict[str, Any]:
    if mode == _ON_DEMAND:
        return {}
    return {"ProvisionedThroughput": {"ReadCapacityUnits": of.get("readCapacity"), "WriteCapacityUnits": of.get("writeCapacity")}}


def _indexes(prop: str) -> F:
    def compute(scope: Scope) -> list[dict[str, Any]] | None:
        mode = scope.new.get("billingMode") or ""
        found = []
        for index in scope.new.get(prop) or ():
            projection = {"ProjectionType": index["projectionType"], "NonKeyAttributes": index.get("nonKeyAttributes") or None}
            own = index if index.get("hashKey") else {**index, "hashKey": scope.new["hashKey"]}
            entry = {"IndexName": index["name"], "KeySchema": _keys(own), "Projection": _without_none(projection)}
            found.append({**entry, **(_throughput(index, mode) if prop == "globalSecondaryIndexes" else {})})
        return found or None

    return F(compute, (prop,))


def _without_none(block: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in block.items() if value is not None}


def _key_of(kind: str) -> F:
    return F(lambda scope: next((one["AttributeName"] for one in scope.item["KeySchema"] if one["KeyType"] == kind), None))


def _mode(scope: Scope) -> str:
    found = (scope.item.get("BillingModeSummary") or {}).get("BillingMode")
    return str(found or "PROVISIONED")


def _units(name: str) -> F:
    return F(lambda scope: (scope.item.get("ProvisionedThroughput") or {}).get(name) if _mode(scope) != _ON_DEMAND else None)


def _encryption(scope: Scope) -> dict[str, Any] | None:
    declared = scope.new.get("serverSideEncryption")
    if not declared:
        return None
    return _without_none(
        {
            "Enabled": bool(declared.get("enabled")),
            "SSEType": "KMS" if declared.get("enabled") else None,
            "KMSMasterKeyId": declared.get("kmsKeyArn"),
        }
    )


def _read_encryption(scope: Scope) -> dict[str, Any] | None:
    found = scope.item.get("SSEDescription")
    if not found:
        return {"enabled": False} if scope.new.get("serverSideEncryption") else None
    return _without_none({"enabled": found.get("Status") in {"ENABLED", "UPDATING"}, "kmsKeyArn": found.get("KMSMasterKeyArn")})


def _set_recovery(scope: Scope) -> None:
    wanted = scope.new.get("pointInTimeRecovery") or {"enabled": False}
    scope.call(
        "dynamodb",
        "update_continuous_backups",
        TableName=scope.id,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": wanted["enabled"]},
    )


def _set_expiry(scope: Scope) -> None:
    held, wanted = scope.old.get("ttl") or {}, scope.new.get("ttl") or {}
    name = wanted.get("attributeName") or held.get("attributeName")
    wanted_on = bool(wanted.get("enabled"))
    if name and wanted_on != bool(held.get("enabled")):
        scope.call(
            "dynamodb", "update_time_to_live", TableName=scope.id, TimeToLiveSpecification={"Enabled": wanted_on, "AttributeName": name}
        )


def _read_expiry(scope: Scope) -> dict[str, Any] | None:
    found = scope.item["ttl"]
    enabled = found.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}
    return {"attributeName": found.get("AttributeName"), "enabled": True} if enabled else {**(scope.new.get("ttl") or {}), "enabled": False}


ROWS = rows(
    Row(
        "aws:dynamodb/table:Table",
        "dynamodb",
        create=Call(
            "create_table",
            {
                "TableName": "$name",
                "AttributeDefinitions": F(
                    lambda scope: [
                        {"AttributeName": one["name"], "AttributeType": one["type"]} for one in scope.new.get("attributes") or ()
                    ],
                    ("attributes",),
                ),
                "KeySchema": F(lambda scope: _keys(scope.new), ("hashKey", "rangeKey")),
                "BillingMode": "$billingMode",
                "ProvisionedThroughput": F(
                    lambda scope: _throughput(scope.new, scope.new.get("billingMode") or "").get("ProvisionedThroughput"), _CAPACITY
                ),
                "GlobalSecondaryIndexes": _indexes("globalSecondaryIndexes"),
                "LocalSecondaryIndexes": _indexes("localSecondaryIndexes"),
                "StreamSpecification": F(
                    lambda scope: (
                        {"StreamEnabled": True, "StreamViewType": scope.new["streamViewType"]} if scope.new.get("streamEnabled") else None
                    ),
                    ("streamEnabled", "streamViewType"),
                ),
                "SSESpecification": F(_encryption, ("serverSideEncryption",)),
                "DeletionProtectionEnabled": "$deletionProtectionEnabled",
                "TableClass": "$tableClass",
                "Tags": TAG_LIST,
            },
        ),
        id="TableDescription.TableName",
        read=Call("describe_table", _TABLE, at="Table"),
        extras=(
            Extra("ttl", Call("describe_time_to_live", _TABLE, at="TimeToLiveDescription")),
            Extra(
                "recovery",
                Call(
                    "describe_continuous_backups",
                    _TABLE,
                    at="ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus",
                ),
            ),
        ),
        props={
            "arn": "TableArn",
            "name": "TableName",
            "attributes": "AttributeDefinitions[].{name: AttributeName, type: AttributeType}",
            "hashKey": _key_of("HASH"),
            "rangeKey": _key_of("RANGE"),
            "billingMode": F(_mode),
            "readCapacity": _units("ReadCapacityUnits"),
            "writeCapacity": _units("WriteCapacityUnits"),
            "streamArn": F(lambda scope: scope.item.get("LatestStreamArn") or ""),
            "streamLabel": F(lambda scope: scope.item.get("LatestStreamLabel") or ""),
            "streamEnabled": F(lambda scope: bool((scope.item.get("StreamSpecification") or {}).get("StreamEnabled"))),
            "streamViewType": "StreamSpecification.StreamViewType",
            "deletionProtectionEnabled": "DeletionProtectionEnabled",
            "serverSideEncryption": F(_read_encryption),
            "pointInTimeRecovery": F(lambda scope: {"enabled": scope.item["recovery"] == "ENABLED"}),
            "ttl": F(_read_expiry),
        },
        updates=(
            Update(
                _CAPACITY,
                (
                    Call(
                        "update_table",
                        {
                            **_TABLE,
                            "BillingMode": "$billingMode",
                            "ProvisionedThroughput": F(
                                lambda scope: _throughput(scope.new, scope.new.get("billingMode") or "").get("ProvisionedThroughput")
                            ),
                        },
                    ),
                ),
            ),
            Update(
                ("deletionProtectionEnabled",),
                (
                    Call(
                        "update_table",
                        {**_TABLE, "DeletionProtectionEnabled": F(lambda scope: bool(scope.new.get("deletionProtectionEnabled")))},
                    ),
                ),
            ),
            Update(
                ("streamEnabled", "streamViewType"),
                (
                    Call(
                        "update_table",
                        {
                            **_TABLE,
                            "StreamSpecification": F(
                                lambda scope: (
                                    {"StreamEnabled": True, "StreamViewType": scope.new["streamViewType"]}
                                    if scope.new.get("streamEnabled")
                                    else {"StreamEnabled": False}
                                )
                            ),
                        },
                    ),
                ),
            ),
            Update(("pointInTimeRecovery",), (_set_recovery,), on_create=True),
            Update(("ttl",), (_set_expiry,), on_create=True),
        ),
        delete=(Call("delete_table", _TABLE),),
        defaults={"billingMode": "PROVISIONED"},
        name=Name(max_length=255),
        tags=Tags(
            read=Call("list_tags_of_resource", {"ResourceArn": F(lambda scope: scope.item["TableArn"])}, at="Tags"),
            add=Call("tag_resource", {"ResourceArn": "$out.arn", "Tags": TAG_LIST}),
            remove=Call("untag_resource", {"ResourceArn": "$out.arn", "TagKeys": F(untag)}),
        ),
        recorded_on_update=frozenset({"serverSideEncryption"}),
        # moto makes indexes and a class with the table, and neither changes nor tells them.
        recorded=frozenset({"globalSecondaryIndexes", "localSecondaryIndexes", "tableClass"}),
        changing=frozenset({"streamArn", "streamLabel"}),
        parse=lambda name: {"name": name},
    ),
)
