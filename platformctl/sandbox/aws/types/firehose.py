"""Delivery streams, and the subscriptions of log groups that feed them: checked against the service's model and recorded."""

from typing import Any, Final

from platformctl.sandbox.aws.rows import Call, F, Name, Row, Scope, rows, tag_list

_SUBSCRIPTION: Final = {
    "logGroupName": "$logGroup",
    "filterName": "$name",
    "filterPattern": F(lambda scope: scope.new.get("filterPattern") or "", ("filterPattern",)),
    "destinationArn": "$destinationArn",
    "roleArn": "$roleArn",
    "distribution": "$distribution",
}


def _arn(scope: Scope) -> str:
    return f"arn:{scope.region.partition}:firehose:{scope.region.name}:{scope.region.account}:deliverystream/{scope.new['name']}"


def _destination(scope: Scope) -> dict[str, Any]:
    """The destination as the call takes it."""
    given = scope.new.get("extendedS3Configuration") or {}
    return {
        "RoleARN": given.get("roleArn"),
        "BucketARN": given.get("bucketArn"),
        "Prefix": given.get("prefix", ""),
        "ErrorOutputPrefix": given.get("errorOutputPrefix", ""),
        "BufferingHints": {"SizeInMBs": int(given.get("bufferingSize", 5)), "IntervalInSeconds": int(given.get("bufferingInterval", 300))},
        "CompressionFormat": given.get("compressionFormat", "UNCOMPRESSED"),
        **({"EncryptionConfiguration": {"KMSEncryptionConfig": {"AWSKMSKeyARN": given["kmsKeyArn"]}}} if given.get("kmsKeyArn") else {}),
    }


ROWS = rows(
    Row(
        "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
        "firehose",
        emulated=False,
        create=Call(
            "create_delivery_stream",
            {
                "DeliveryStreamName": "$name",
                "ExtendedS3DestinationConfiguration": F(_destination, ("extendedS3Configuration",)),
                "Tags": F(lambda scope: tag_list(scope.new.get("tags")), ("tags",)),
            },
        ),
        id=F(_arn),
        props={"arn": F(_arn)},
        sticky=frozenset({"arn"}),
        force_new=frozenset({"name", "destination"}),
        name=Name(max_length=64),
    ),
    Row(
        "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
        "logs",
        emulated=False,
        create=Call("put_subscription_filter", _SUBSCRIPTION),
        id=F(lambda scope: f"cwlsf-{scope.new['name']}"),
        defaults={"distribution": "ByLogStream"},
        force_new=frozenset({"name", "logGroup"}),
        name=Name(max_length=512),
    ),
)
