"""CloudWatch log groups and log resource policies."""

from typing import Any

from platformctl.sandbox.aws.rows import TAG_MAP, Call, Extra, F, Name, Row, Scope, Tags, Update, arn, rows, untag

_GROUP = {"logGroupName": "$id"}
_GROUP_ARN = arn("logs", "log-group:{id}")


def _set_retention(scope: Scope) -> None:
    days = scope.new.get("retentionInDays")
    if days:
        scope.call("logs", "put_retention_policy", logGroupName=scope.id, retentionInDays=days)
    elif scope.old:
        scope.call("logs", "delete_retention_policy", logGroupName=scope.id)


def _exact(field: str) -> Any:
    """The entry of a listing by prefix whose name is the id itself."""
    return lambda scope: next((entry for entry in scope.item["value"] if entry[field] == scope.id), None)


def _unless_skipped(scope: Scope) -> None:
    if not scope.new.get("skipDestroy"):
        scope.call("logs", "delete_log_group", logGroupName=scope.id)


ROWS = rows(
    Row(
        "aws:cloudwatch/logGroup:LogGroup",
        "logs",
        create=Call(
            "create_log_group",
            {"logGroupName": "$name", "kmsKeyId": "$kmsKeyId", "logGroupClass": "$logGroupClass", "tags": TAG_MAP},
        ),
        id=F(lambda scope: scope.new["name"]),
        read=Call("describe_log_groups", {"logGroupNamePrefix": "$id"}, at="logGroups"),
        extras=(Extra("group", _exact("logGroupName")),),
        gone="group == `null`",
        props={
            "arn": _GROUP_ARN,
            "name": "group.logGroupName",
            "retentionInDays": "group.retentionInDays || `0`",
            "kmsKeyId": "group.kmsKeyId",
        },
        updates=(Update(("retentionInDays",), (_set_retention,), on_create=True),),
        delete=(_unless_skipped,),
        defaults={"retentionInDays": 0, "skipDestroy": False},
        name=Name(max_length=512),
        tags=Tags(
            read=Call("list_tags_for_resource", {"resourceArn": _GROUP_ARN}, at="tags"),
            add=Call("tag_resource", {"resourceArn": _GROUP_ARN, "tags": TAG_MAP}),
            remove=Call("untag_resource", {"resourceArn": _GROUP_ARN, "tagKeys": F(untag)}),
        ),
        local=frozenset({"skipDestroy", "namePrefix"}),
        recorded=frozenset({"logGroupClass"}),
        force_new=frozenset({"logGroupClass"}),
        # moto has no AssociateKmsKey.
        recorded_on_update=frozenset({"kmsKeyId"}),
        parse=lambda name: {"name": name},
    ),
    Row(
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        "logs",
        create=Call("put_resource_policy", {"policyName": "$policyName", "policyDocument": "$policyDocument"}),
        id="resourcePolicy.policyName",
        read=Call("describe_resource_policies", at="resourcePolicies"),
        extras=(Extra("policy", _exact("policyName")),),
        gone="policy == `null`",
        props={"policyName": "policy.policyName", "policyDocument": "policy.policyDocument"},
        updates=(Update(("policyDocument",), (Call("put_resource_policy", {"policyName": "$id", "policyDocument": "$policyDocument"}),)),),
        delete=(Call("delete_resource_policy", {"policyName": "$id"}),),
        name=Name("policyName"),
        force_new=frozenset({"resourceArn"}),
    ),
)
