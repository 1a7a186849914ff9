"""Documents of the audit trail: who may write to its bucket and use its key, what is kept how long, what is told at once. Pure.

Every service writes into a folder of its own, for this account, and only on behalf of what is meant (`aws:SourceArn`), so that nobody
else's trail or detector can fill the bucket. Sources, under https://docs.aws.amazon.com: awscloudtrail/latest/userguide/
create-s3-bucket-policy-for-cloudtrail.html, create-kms-key-policy-for-cloudtrail.html; guardduty/latest/ug/guardduty_exportfindings.html;
vpc/latest/userguide/flow-logs-s3-permissions.html, firehose/latest/dev/controlling-access.html.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from platform_components.place import Place

CLOUDTRAIL = "cloudtrail"
FLOW_LOGS = "flow-logs"
GUARDDUTY = "guardduty"
LOGS = "logs"
"""Folders of the bucket. Flow logs are sent by the network's own component: `flow_logs.bucket_arn` with this folder."""

KUBERNETES_AUDIT = '{ $.apiVersion = "audit.k8s.io/*" }'
"""Filter pattern of the audit log among the logs of a control plane, which share a log group."""

Document = dict[str, Any]

_TRAIL_CHANGES = ("DeleteTrail", "PutEventSelectors", "PutInsightSelectors", "StopLogging", "UpdateTrail")
_KEY_CHANGES = ("DisableKey", "ScheduleKeyDeletion")
_WATCH_CHANGES = ("DeleteDetector", "DeletePublishingDestination", "UpdateDetector")


def trail_arn(place: Place, trail: str) -> str:
    """ARN of a trail before it exists."""
    return place.arn("cloudtrail", f"trail/{trail}")


def bucket_name(place: Place, name: str) -> str:
    """Name of a bucket: names are shared by all the world, and an account has one audit trail."""
    return f"{name}-{place.account}"


def bucket_arn(place: Place, name: str) -> str:
    """ARN of a bucket before it exists."""
    return f"arn:{place.partition}:s3:::{bucket_name(place, name)}"


def bucket_policy(place: Place, bucket: str, *, trail: str | None, guardduty: bool) -> Document:
    """Policy of the bucket.

    Args:
        place: where the account is.
        bucket: its ARN.
        trail: name of the trail that writes; None for none.
        guardduty: whether findings are exported to it.
    """
    everything = [bucket, f"{bucket}/*"]
    statements: list[Document] = [
        _deny("TlsOnly", everything, {"Bool": {"aws:SecureTransport": "false"}}),
        _deny("ModernTls", everything, {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
    ]
    if trail is not None:
        mine = {"StringEquals": {"aws:SourceArn": trail_arn(place, trail)}}
        statements += [
            _allow("TrailChecks", "cloudtrail.amazonaws.com", "s3:GetBucketAcl", bucket, mine),
            _allow(
                "TrailWrites",
                "cloudtrail.amazonaws.com",
                "s3:PutObject",
                f"{bucket}/{CLOUDTRAIL}/AWSLogs/{place.account}/*",
                {"StringEquals": {**mine["StringEquals"], "s3:x-amz-acl": "bucket-owner-full-control"}},
            ),
        ]
    delivered = {"StringEquals": {"aws:SourceAccount": place.account}, "ArnLike": {"aws:SourceArn": place.arn("logs", "*")}}
    statements += [
        _allow("FlowLogsCheck", "delivery.logs.amazonaws.com", "s3:GetBucketAcl", bucket, delivered),
        _allow(
            "FlowLogsWrite",
            "delivery.logs.amazonaws.com",
            "s3:PutObject",
            f"{bucket}/{FLOW_LOGS}/AWSLogs/{place.account}/*",
            {**delivered, "StringEquals": {**delivered["StringEquals"], "s3:x-amz-acl": "bucket-owner-full-control"}},
        ),
    ]
    if guardduty:
        found = _by_detector(place)
        statements += [
            _allow("FindingsLocate", "guardduty.amazonaws.com", "s3:GetBucketLocation", bucket, found),
            _allow("FindingsWrite", "guardduty.amazonaws.com", "s3:PutObject", f"{bucket}/{GUARDDUTY}/*", found),
        ]
    return _document(statements)


def access_log_policy(place: Place, bucket: str, source_arn: str) -> Document:
    """Policy of the bucket that says who reads the other one."""
    everything = [bucket, f"{bucket}/*"]
    from_source = {"StringEquals": {"aws:SourceAccount": place.account}, "ArnLike": {"aws:SourceArn": source_arn}}
    return _document(
        [
            _allow("AccessLogs", "logging.s3.amazonaws.com", "s3:PutObject", f"{bucket}/*", from_source),
            _deny("TlsOnly", everything, {"Bool": {"aws:SecureTransport": "false"}}),
        ]
    )


def key_policy(place: Place, *, trail: str | None, guardduty: bool, topic: bool) -> Document:
    """Policy of the key: who encrypts with it on the bucket's behalf. Who reads is said in IAM."""
    statements: list[Document] = [
        # Without it only this document could ever change the key; IAM policies of the account decide instead, as AWS advises.
        {"Sid": "AccountOwnsKey", "Effect": "Allow", "Principal": {"AWS": place.root}, "Action": "kms:*", "Resource": "*"},
        _allow(
            "LogDeliveryEncrypts",
            "delivery.logs.amazonaws.com",
            ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            "*",
            {"StringEquals": {"aws:SourceAccount": place.account}, "ArnLike": {"aws:SourceArn": place.arn("logs", "*")}},
        ),
        _allow(
            "LogGroupsEncrypt",
            f"logs.{place.region}.{place.suffix}",
            ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            "*",
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": place.arn("logs", "log-group:*")}},
        ),
    ]
    if trail is not None:
        mine = trail_arn(place, trail)
        context = {"kms:EncryptionContext:aws:cloudtrail:arn": mine, "aws:SourceArn": mine}
        statements += [
            _allow("TrailEncrypts", "cloudtrail.amazonaws.com", "kms:GenerateDataKey*", "*", {"StringEquals": context}),
            _allow("TrailDescribes", "cloudtrail.amazonaws.com", "kms:DescribeKey", "*", {"StringEquals": {"aws:SourceArn": mine}}),
        ]
    if topic:
        by_account = {"StringEquals": {"aws:SourceAccount": place.account}}
        statements.append(_allow("AlertsEncrypt", "events.amazonaws.com", ["kms:Decrypt", "kms:GenerateDataKey*"], "*", by_account))
    if guardduty:
        statements.append(_allow("FindingsEncrypt", "guardduty.amazonaws.com", "kms:GenerateDataKey", "*", _by_detector(place)))
    return _document(statements)


def topic_policy(place: Place, topic_arn: str, rules: Sequence[str]) -> Document:
    """Policy of the topic: these rules publish, and nobody does in the clear. Who subscribes is said in IAM."""
    clear = {"Bool": {"aws:SecureTransport": "false"}}
    arns = [place.arn("events", f"rule/{rule}") for rule in rules]
    return _document(
        [
            _allow("RulesPublish", "events.amazonaws.com", "sns:Publish", topic_arn, {"ArnEquals": {"aws:SourceArn": arns}}),
            {"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": topic_arn, "Condition": clear},
        ]
    )


def lifecycle(days: int, archive_after: int) -> list[Any]:
    """Lifecycle of the records: archived, and gone when nobody asks for them any more."""
    return [
        {
            "id": "keep",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "transitions": [{"days": archive_after, "storage_class": "GLACIER_IR"}],
            "expiration": {"days": days},
            "noncurrent_version_expiration": {"noncurrent_days": 30},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        }
    ]


def selectors(s3_buckets: Sequence[str], functions: Sequence[str]) -> list[Any]:
    """Advanced event selectors: management events always, data events of what is named."""

    def selector(name: str, category: str, more: Sequence[Document] = ()) -> Document:
        return {"name": name, "field_selectors": [{"field": "eventCategory", "equals": [category]}, *more]}

    def of(kind: str, prefixes: Sequence[str]) -> Sequence[Document]:
        return [{"field": "resources.type", "equals": [kind]}, {"field": "resources.ARN", "starts_withs": list(prefixes)}]

    found = [selector("Management events", "Management")]
    if s3_buckets:
        found.append(selector("Objects", "Data", of("AWS::S3::Object", [f"{arn}/" for arn in s3_buckets])))
    if functions:
        found.append(selector("Functions", "Data", of("AWS::Lambda::Function", functions)))
    return found


def event_patterns(severity: float | None) -> Mapping[str, Document]:
    """What is told at once, by the role of its rule.

    Args:
        severity: least severity of a finding; None where GuardDuty is not used.
    """
    patterns: dict[str, Document] = {
        "root-user": {
            "detail-type": ["AWS API Call via CloudTrail", "AWS Console Sign In via CloudTrail"],
            "detail": {"userIdentity": {"type": ["Root"]}},
        },
        "trail-changes": {
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": {
                "eventSource": ["cloudtrail.amazonaws.com", "guardduty.amazonaws.com", "kms.amazonaws.com"],
                "eventName": sorted((*_TRAIL_CHANGES, *_KEY_CHANGES, *_WATCH_CHANGES)),
            },
        },
    }
    if severity is not None:
        numbers = [{"numeric": [">=", severity]}]
        patterns["findings"] = {"source": ["aws.guardduty"], "detail-type": ["GuardDuty Finding"], "detail": {"severity": numbers}}
    return patterns


def service_trust(place: Place, service: str, source_arn: str) -> Document:
    """Trust of a role that one service takes for one resource."""
    condition = {"StringEquals": {"aws:SourceAccount": place.account}, "ArnLike": {"aws:SourceArn": source_arn}}
    return _document([{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole", "Condition": condition}])


def trail_log_permissions(log_group_arn: str) -> Document:
    """What CloudTrail does in its log group."""
    actions, streams = ["logs:CreateLogStream", "logs:PutLogEvents"], f"{log_group_arn.removesuffix(':*')}:log-stream:*"
    return _document([{"Sid": "WriteEvents", "Effect": "Allow", "Action": actions, "Resource": streams}])


def delivery_permissions(bucket_arn: str, key_arn: str, folder: str) -> Document:
    """What a delivery stream does: it writes into one folder, encrypted."""
    locate, write = ["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"], ["s3:AbortMultipartUpload", "s3:PutObject"]
    return _document(
        [
            {"Sid": "Locate", "Effect": "Allow", "Action": locate, "Resource": bucket_arn},
            {"Sid": "Write", "Effect": "Allow", "Action": write, "Resource": f"{bucket_arn}/{LOGS}/{folder}/*"},
            {"Sid": "Encrypt", "Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": key_arn},
        ]
    )


def subscription_permissions(stream_arn: str) -> Document:
    """What CloudWatch Logs does with a subscription."""
    actions = ["firehose:PutRecord", "firehose:PutRecordBatch"]
    return _document([{"Sid": "Forward", "Effect": "Allow", "Action": actions, "Resource": stream_arn}])


def _by_detector(place: Place) -> Document:
    return {"StringEquals": {"aws:SourceAccount": place.account}, "ArnLike": {"aws:SourceArn": place.arn("guardduty", "detector/*")}}


def _allow(sid: str, service: str, action: str | Sequence[str], resource: str, condition: Mapping[str, Any]) -> Document:
    actions = action if isinstance(action, str) else list(action)
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": actions,
        "Resource": resource,
        "Condition": dict(condition),
    }


def _deny(sid: str, resources: Sequence[str], condition: Mapping[str, Any]) -> Document:
    return {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": list(resources), "Condition": dict(condition)}


def _document(statements: Sequence[Document]) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}
