"""Cases of logs, events, topics and queues."""

from tests.unit.aws_cases import ACCOUNT, EVERYONE_READ, EVERYONE_WRITE, READ, WRITE, A, B, Case
from tests.unit.aws_sandbox import REGION

MESSAGING = [
    Case(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda w: {"name": "/aws/x", "retentionInDays": 7, "kmsKeyId": w.key.outputs["arn"], "tags": A},
        lambda _: {"retentionInDays": 14, "kmsKeyId": None, "tags": B},
    ),
    Case(
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        lambda _: {"policyName": "p", "policyDocument": READ},
        lambda _: {"policyDocument": WRITE},
    ),
    Case(
        "aws:cloudwatch/eventRule:EventRule",
        lambda _: {"eventPattern": '{"source": ["aws.ec2"]}', "description": "x", "tags": A},
        lambda _: {"eventPattern": '{"source": ["aws.s3"]}', "state": "DISABLED", "tags": B},
    ),
    Case(
        "aws:cloudwatch/eventTarget:EventTarget",
        lambda w: {
            "rule": w.rule,
            "arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q",
            "deadLetterConfig": {"arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"},
            "retryPolicy": {"maximumRetryAttempts": 2, "maximumEventAgeInSeconds": 60},
        },
        lambda _: {"arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:r", "retryPolicy": None},
    ),
    Case(
        "aws:sns/topic:Topic",
        lambda w: {"policy": EVERYONE_READ, "kmsMasterKeyId": w.key.outputs["arn"], "displayName": "one", "tags": A},
        lambda _: {"policy": EVERYONE_WRITE, "kmsMasterKeyId": None, "displayName": "two", "signatureVersion": 2, "tags": B},
    ),
    Case("aws:sns/topic:Topic", lambda _: {"fifoTopic": True}, lambda _: {"fifoTopic": False}, ("fifoTopic",)),
    Case(
        "aws:sns/topicSubscription:TopicSubscription",
        lambda w: {"topic": w.topic, "protocol": "https", "endpoint": "https://example.com/a"},
        lambda _: {"rawMessageDelivery": True},
    ),
    Case(
        "aws:sns/topicSubscription:TopicSubscription",
        lambda w: {"topic": w.topic, "protocol": "email", "endpoint": "a@example.com"},
        lambda _: {"endpoint": "b@example.com"},
        ("endpoint",),
    ),
    Case(
        "aws:sqs/queue:Queue",
        lambda _: {"messageRetentionSeconds": 300, "sqsManagedSseEnabled": True, "tags": A},
        lambda _: {"messageRetentionSeconds": 600, "visibilityTimeoutSeconds": 60, "tags": B},
    ),
    Case(
        "aws:sqs/queue:Queue",
        lambda _: {"fifoQueue": True, "contentBasedDeduplication": True},
        lambda _: {"fifoQueue": False},
        ("fifoQueue",),
    ),
    Case("aws:sqs/queuePolicy:QueuePolicy", lambda w: {"queueUrl": w.queue, "policy": EVERYONE_READ}, lambda _: {"policy": EVERYONE_WRITE}),
]
