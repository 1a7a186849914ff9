"""Policies of keys, buckets, queues and topics. Pure functions on plain strings.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html,
https://docs.aws.amazon.com/sns/latest/dg/sns-enable-encryption-for-topic-sqs-queue-subscriptions.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html.
"""

from collections.abc import Sequence
from typing import Any

from platform_components.place import Place

Document = dict[str, Any]


def document(*statements: Document) -> Document:
    """Statements as a policy."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def key_policy(place: Place, *services: Document) -> Document:
    """Policy of a store's key: IAM of the account decides who uses it, and services only for what is theirs."""
    # Without it only this document could ever change the key.
    owner = {"Sid": "AccountOwnsKey", "Effect": "Allow", "Principal": {"AWS": place.root}, "Action": "kms:*", "Resource": "*"}
    return document(owner, *services)


def topics_deliver(place: Place) -> Document:
    """SNS encrypts what it puts into a queue with the queue's key; topics of this account only."""
    return {
        "Sid": "TopicsDeliver",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": place.account}},
    }


def logs_encrypt(place: Place, log_groups: str) -> Document:
    """CloudWatch Logs encrypts groups of this name only; `*` matches any characters."""
    return {
        "Sid": "LogsEncrypt",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{place.region}.{place.suffix}"},
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": place.arn("logs", f"log-group:{log_groups}")}},
    }


def alarms_publish(place: Place) -> Document:
    """CloudWatch publishes alarms of this account to an encrypted topic."""
    return {
        "Sid": "AlarmsPublish",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": place.account}},
    }


def service_publishes(service: str, topic_arn: str, condition: Document) -> Document:
    """A service of AWS publishes to a topic, for whom the condition names: `events`, `cloudwatch`."""
    return {
        "Sid": f"{service.capitalize()}Publish",
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic_arn,
        "Condition": condition,
    }


def bucket_policy(bucket_arn: str, *others: Document) -> Document:
    """Refuses requests in the clear or by an old TLS, and objects that would be encrypted otherwise than by KMS."""
    everything = [bucket_arn, f"{bucket_arn}/*"]
    return document(_tls_only("s3:*", everything), _modern_tls(everything), *others)


def kms_only(bucket_arn: str) -> Document:
    """Refuses objects whose sender asks for another encryption than KMS; who asks for none gets the bucket's."""
    return {
        "Sid": "KmsOnly",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:PutObject",
        "Resource": f"{bucket_arn}/*",
        "Condition": {
            "StringNotEquals": {"s3:x-amz-server-side-encryption": ["aws:kms", "aws:kms:dsse"]},
            "Null": {"s3:x-amz-server-side-encryption": "false"},
        },
    }


def access_logs_arrive(place: Place, logs_arn: str, source_arn: str) -> Document:
    """S3 writes the access log of one bucket of this account."""
    return {
        "Sid": "AccessLogsArrive",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{logs_arn}/*",
        "Condition": {"ArnEquals": {"aws:SourceArn": source_arn}, "StringEquals": {"aws:SourceAccount": place.account}},
    }


def role_writes(role_arn: str, bucket_arn: str) -> Document:
    """A role that no grant can be attached to, as that of an AWS service, puts objects into the bucket, and reads none."""
    return {
        "Sid": "RoleWrites",
        "Effect": "Allow",
        "Principal": {"AWS": role_arn},
        "Action": "s3:PutObject",
        "Resource": f"{bucket_arn}/*",
    }


def role_encrypts(role_arn: str) -> Document:
    """The same role uses the bucket's key."""
    return {
        "Sid": "RoleEncrypts",
        "Effect": "Allow",
        "Principal": {"AWS": role_arn},
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
        "Resource": "*",
    }


def queue_policy(queue_arn: str, topic_arns: Sequence[str] = ()) -> Document:
    """Policy of a queue: nobody speaks to it in the clear, and its topics deliver. Who sends and receives is said in IAM."""
    deliver = {
        "Sid": "TopicsDeliver",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arns[0] if len(topic_arns) == 1 else list(topic_arns)}},
    }
    return document(_tls_only("sqs:*", queue_arn), *([deliver] if topic_arns else []))


def topic_policy(topic_arn: str, *others: Document) -> Document:
    """Policy of a topic: nobody publishes in the clear. Who publishes is said in IAM, and in what else is handed in."""
    return document(_tls_only("sns:Publish", topic_arn), *others)


def _tls_only(action: str, resource: str | list[str]) -> Document:
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": action,
        "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _modern_tls(resource: list[str]) -> Document:
    return {
        "Sid": "ModernTls",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": resource,
        "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
    }
