"""EventBridge rules and targets."""

from typing import Any

from platformctl.sandbox.aws.rows import TAG_LIST, Call, Extra, F, Name, Row, Scope, Tags, Update, pascal, rows, untag
from platformctl.sandbox.plugin import ProviderError

_RULE_PARAMS = {
    "Name": "$name",
    "EventBusName": "$eventBusName",
    "EventPattern": "$eventPattern",
    "ScheduleExpression": "$scheduleExpression",
    "State": "$state",
    "Description": "$description",
    "RoleArn": "$roleArn",
}
_RULE_ARN = F(lambda scope: scope.item["Arn"])


def _bus(scope: Scope) -> str:
    return str(scope.new.get("eventBusName") or "default")


def _transformer(scope: Scope) -> Any:
    given = scope.new.get("inputTransformer")
    return given and {"InputPathsMap": given.get("inputPaths") or {}, "InputTemplate": given["inputTemplate"]}


def _parameters(prop: str) -> F:
    return F(lambda scope: pascal(scope.new.get(prop)) if scope.new.get(prop) else None, (prop,))


_TARGET = {
    "Rule": "$rule",
    "EventBusName": "$eventBusName",
    "Targets": [
        {
            "Id": "$targetId",
            "Arn": "$arn",
            "RoleArn": "$roleArn",
            "Input": "$input",
            "InputPath": "$inputPath",
            "InputTransformer": F(_transformer, ("inputTransformer",)),
            "DeadLetterConfig": _parameters("deadLetterConfig"),
            "RetryPolicy": _parameters("retryPolicy"),
            "SqsParameters": _parameters("sqsTarget"),
        }
    ],
}


def _target_created(scope: Scope) -> str:
    failed = scope.item.get("FailedEntries") or []
    if failed:
        raise ProviderError(f"PutTargets: {failed[0].get('ErrorCode')}: {failed[0].get('ErrorMessage')}")
    bus = _bus(scope)
    return "-".join(part for part in ("" if bus == "default" else bus, scope.new["rule"], scope.new["targetId"]) if part)


def _find_target(scope: Scope) -> Any:
    return next((target for target in scope.item["value"] if target["Id"] == scope.new["targetId"]), None)


_TARGET_INPUTS = ("arn", "roleArn", "input", "inputPath", "inputTransformer", "deadLetterConfig", "retryPolicy", "sqsTarget")

ROWS = rows(
    Row(
        "aws:cloudwatch/eventRule:EventRule",
        "events",
        create=Call("put_rule", {**_RULE_PARAMS, "Tags": TAG_LIST}),
        id=F(lambda scope: scope.new["name"] if _bus(scope) == "default" else f"{_bus(scope)}/{scope.new['name']}"),
        read=Call("describe_rule", {"Name": "$name", "EventBusName": "$eventBusName"}),
        props={
            "arn": "Arn",
            "name": "Name",
            "eventBusName": "EventBusName || 'default'",
            "eventPattern": "EventPattern",
            "scheduleExpression": "ScheduleExpression",
            "state": "State",
            "description": "Description",
            "roleArn": "RoleArn",
        },
        updates=(Update(("eventPattern", "scheduleExpression", "state", "description", "roleArn"), (Call("put_rule", _RULE_PARAMS),)),),
        delete=(Call("delete_rule", {"Name": "$name", "EventBusName": "$eventBusName"}),),
        defaults={"state": "ENABLED"},
        name=Name(max_length=64),
        tags=Tags(
            read=Call("list_tags_for_resource", {"ResourceARN": _RULE_ARN}, at="Tags"),
            add=Call("tag_resource", {"ResourceARN": _RULE_ARN, "Tags": TAG_LIST}),
            remove=Call("untag_resource", {"ResourceARN": _RULE_ARN, "TagKeys": F(untag)}),
        ),
        local=frozenset({"forceDestroy", "namePrefix"}),
        parse=lambda text_: {"name": text_.rpartition("/")[2], **({"eventBusName": text_.rpartition("/")[0]} if "/" in text_ else {})},
    ),
    Row(
        "aws:cloudwatch/eventTarget:EventTarget",
        "events",
        create=Call("put_targets", _TARGET),
        id=F(_target_created),
        read=Call("list_targets_by_rule", {"Rule": "$rule", "EventBusName": "$eventBusName"}, at="Targets"),
        extras=(Extra("target", _find_target),),
        gone="target == `null`",
        props={
            "targetId": "target.Id",
            "arn": "target.Arn",
            "roleArn": "target.RoleArn",
            "input": "target.Input",
            "inputPath": "target.InputPath",
            "inputTransformer": "target.InputTransformer && {inputPaths: target.InputTransformer.InputPathsMap, "
            "inputTemplate: target.InputTransformer.InputTemplate}",
            "deadLetterConfig": "target.DeadLetterConfig && {arn: target.DeadLetterConfig.Arn}",
            "sqsTarget": "target.SqsParameters && {messageGroupId: target.SqsParameters.MessageGroupId}",
            "retryPolicy": "target.RetryPolicy && {maximumRetryAttempts: target.RetryPolicy.MaximumRetryAttempts, "
            "maximumEventAgeInSeconds: target.RetryPolicy.MaximumEventAgeInSeconds}",
        },
        updates=(Update(_TARGET_INPUTS, (Call("put_targets", _TARGET),)),),
        delete=(Call("remove_targets", {"Rule": "$rule", "EventBusName": "$eventBusName", "Ids": ["$targetId"]}),),
        name=Name("targetId", max_length=64),
        local=frozenset({"forceDestroy"}),
    ),
)
