"""What reading and writing mean, action by action, for each kind of store. Pure but for Statement.

Actions, resource types and condition keys: https://docs.aws.amazon.com/service-authorization/latest/reference/, and for the keys
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html and .../AWSSimpleQueueService/latest/SQSDeveloperGuide/
sqs-key-management.html.
"""

from collections.abc import Mapping, Sequence

import pulumi

from platform_components.args import Late
from platform_components.data.connection import Access
from platform_components.identity.statements import Statement

Arn = Late[str]

OBJECT_ACTIONS: Mapping[Access, Sequence[str]] = {
    Access.READ: ("s3:GetObject", "s3:GetObjectVersion"),
    Access.WRITE: ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
}
"""Of objects. Deleting leaves a marker where the bucket has versions; removing a version for good is in no grant."""

QUEUE_ACTIONS: Mapping[Access, Sequence[str]] = {
    Access.READ: ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"),
    Access.WRITE: ("sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"),
}
"""Of queues: reading is taking off, writing is sending."""

STREAM_ACTIONS: Mapping[Access, Sequence[str]] = {
    Access.READ: ("kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords"),
    Access.WRITE: ("kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:PutRecord", "kinesis:PutRecords"),
}
"""Of Kinesis streams."""

KAFKA_ACTIONS: Mapping[Access, Mapping[str, Sequence[str]]] = {
    Access.READ: {
        "cluster": ("kafka-cluster:Connect", "kafka-cluster:DescribeCluster"),
        "topic": ("kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"),
        "group": ("kafka-cluster:DescribeGroup", "kafka-cluster:AlterGroup"),
    },
    Access.WRITE: {
        "cluster": ("kafka-cluster:Connect", "kafka-cluster:DescribeCluster", "kafka-cluster:WriteDataIdempotently"),
        "topic": ("kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"),
    },
}
"""Of MSK, by what it is done to (https://docs.aws.amazon.com/msk/latest/developerguide/iam-access-control-use-cases.html)."""

KEY_ACTIONS: Mapping[str, Mapping[Access, Sequence[str]]] = {
    # Writers decrypt too: S3 to put the parts of an upload together, SQS to check the data key it caches.
    "s3": {Access.READ: ("kms:Decrypt",), Access.WRITE: ("kms:GenerateDataKey", "kms:Decrypt")},
    "sqs": {Access.READ: ("kms:Decrypt",), Access.WRITE: ("kms:GenerateDataKey", "kms:Decrypt")},
    "sns": {Access.READ: ("kms:Decrypt",), Access.WRITE: ("kms:GenerateDataKey", "kms:Decrypt")},
    "kinesis": {Access.READ: ("kms:Decrypt",), Access.WRITE: ("kms:GenerateDataKey",)},
}
"""Of a store's key, by the service that uses it for the caller."""


def use_key(service: str, access: Access, key_arn: Arn, via: Arn) -> Statement:
    """Use of the store's key, through the store's service and in no other way."""
    return Statement(
        sid="UseKey",
        actions=tuple(KEY_ACTIONS[service][access]),
        resources=(key_arn,),
        conditions={"StringEquals": {"kms:ViaService": via}},
    )


def bucket_statements(access: Access, bucket_arn: Arn, prefix: str = "") -> tuple[Statement, ...]:
    """Objects under a prefix; who reads may list them too."""
    objects = Statement(
        sid="Objects",
        actions=tuple(OBJECT_ACTIONS[access]),
        resources=(pulumi.Output.concat(bucket_arn, f"/{prefix}*"),),
    )
    if access is Access.WRITE:
        return (objects,)
    conditions = {"StringLike": {"s3:prefix": (prefix, f"{prefix}*")}} if prefix else {}
    return (Statement(sid="List", actions=("s3:ListBucket",), resources=(bucket_arn,), conditions=conditions), objects)


def queue_statements(access: Access, queue_arns: Sequence[Arn]) -> tuple[Statement, ...]:
    """Messages of queues."""
    return (Statement(sid="Messages", actions=tuple(QUEUE_ACTIONS[access]), resources=tuple(queue_arns)),)


def publish_statements(topic_arn: Arn) -> tuple[Statement, ...]:
    """Messages to a topic."""
    return (Statement(sid="Publish", actions=("sns:Publish",), resources=(topic_arn,)),)


def stream_statements(access: Access, stream_arn: Arn) -> tuple[Statement, ...]:
    """Records of a Kinesis stream."""
    return (Statement(sid="Records", actions=tuple(STREAM_ACTIONS[access]), resources=(stream_arn,)),)


def database_statements(user: Arn) -> tuple[Statement, ...]:
    """Logins to a database as one user, with a token in place of a password."""
    return (Statement(sid="Login", actions=("rds-db:connect",), resources=(user,)),)


def cache_statements(cache: Arn, user: Arn) -> tuple[Statement, ...]:
    """Logins to a cache as one user, with a token in place of a password."""
    return (Statement(sid="Login", actions=("elasticache:Connect",), resources=(cache, user)),)


def kafka_statements(access: Access, cluster_arn: Arn) -> tuple[Statement, ...]:
    """Topics and consumer groups of one cluster, whose ARNs begin as its own."""
    arn = pulumi.Output.from_input(cluster_arn)

    def inside(kind: str) -> pulumi.Output[str]:
        return arn if kind == "cluster" else arn.apply(lambda of: f"{of.replace(':cluster/', f':{kind}/')}/*")

    kinds = KAFKA_ACTIONS[access].items()
    return tuple(Statement(sid=kind.capitalize(), actions=tuple(actions), resources=(inside(kind),)) for kind, actions in kinds)
