"""CloudTrail trails."""

from typing import Any

from platformctl.sandbox.aws.rows import Call, Extra, F, Name, Row, Scope, Tags, Update, rows, tag_list, untag

_TRAIL = {
    "S3BucketName": "$s3BucketName",
    "S3KeyPrefix": "$s3KeyPrefix",
    "SnsTopicName": "$snsTopicName",
    "IncludeGlobalServiceEvents": "$includeGlobalServiceEvents",
    "IsMultiRegionTrail": "$isMultiRegionTrail",
    "EnableLogFileValidation": "$enableLogFileValidation",
    "IsOrganizationTrail": "$isOrganizationTrail",
    "CloudWatchLogsLogGroupArn": "$cloudWatchLogsGroupArn",
    "CloudWatchLogsRoleArn": "$cloudWatchLogsRoleArn",
    "KmsKeyId": "$kmsKeyId",
}


def _tags(scope: Scope) -> list[dict[str, str]] | None:
    return tag_list(scope.new.get("tags"))


def _set_logging(scope: Scope) -> None:
    scope.call("cloudtrail", "start_logging" if scope.new.get("enableLogging", True) else "stop_logging", Name=scope.id)


def _read_tags(scope: Scope) -> Any:
    answer = scope.call("cloudtrail", "list_tags", ResourceIdList=[scope.item["TrailARN"]])["ResourceTagList"]
    return answer[0]["TagsList"] if answer else []


ROWS = rows(
    Row(
        "aws:cloudtrail/trail:Trail",
        "cloudtrail",
        create=Call("create_trail", {"Name": "$name", **_TRAIL, "TagsList": F(_tags, ("tags",))}),
        id="TrailARN",
        read=Call("get_trail", {"Name": "$id"}, at="Trail"),
        extras=(Extra("logging", Call("get_trail_status", {"Name": "$id"}, at="IsLogging")),),
        props={
            "arn": "TrailARN",
            "name": "Name",
            "homeRegion": "HomeRegion",
            "snsTopicArn": "SnsTopicARN",
            "s3BucketName": "S3BucketName",
            "s3KeyPrefix": "S3KeyPrefix",
            "includeGlobalServiceEvents": "IncludeGlobalServiceEvents",
            "isMultiRegionTrail": "IsMultiRegionTrail",
            "enableLogFileValidation": "LogFileValidationEnabled",
            "isOrganizationTrail": "IsOrganizationTrail",
            "cloudWatchLogsGroupArn": "CloudWatchLogsLogGroupArn",
            "cloudWatchLogsRoleArn": "CloudWatchLogsRoleArn",
            "kmsKeyId": "KmsKeyId",
            "enableLogging": "logging",
        },
        updates=(
            Update(tuple(value[1:] for value in _TRAIL.values()), (Call("update_trail", {"Name": "$id", **_TRAIL}),)),
            Update(("enableLogging",), (_set_logging,), on_create=True),
        ),
        delete=(Call("delete_trail", {"Name": "$name"}),),
        defaults={
            "enableLogging": True,
            "includeGlobalServiceEvents": True,
            "isMultiRegionTrail": False,
            "isOrganizationTrail": False,
            "enableLogFileValidation": False,
        },
        name=Name(max_length=128),
        tags=Tags(
            read=_read_tags,
            add=Call("add_tags", {"ResourceId": "$id", "TagsList": F(_tags)}),
            remove=Call("remove_tags", {"ResourceId": "$id", "TagsList": F(lambda scope: [{"Key": key} for key in untag(scope)])}),
        ),
        # moto keeps selectors apart from the trail and answers them in another form.
        recorded=frozenset({"eventSelectors", "advancedEventSelectors", "insightSelectors"}),
    ),
)
