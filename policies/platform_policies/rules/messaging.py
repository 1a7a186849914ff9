"""SQS and SNS: who may send and read, and what is encrypted or lost."""

from collections.abc import Mapping
from typing import Any

from platform_policies.checks import KMS_KEYS, any_of, closed_policy, flag, given, number, related, verdict
from platform_policies.graph import Node, ResourceGraph
from platform_policies.rule import Answer, Severity, rule, unknown

QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
REDRIVE = "aws:sqs/redrivePolicy:RedrivePolicy"
REDRIVE_ALLOW = "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"
TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"

FOUR_DAYS = 345_600
"""How long SQS keeps a message unless told otherwise, in seconds."""


@rule(
    "aws-sqs-encrypted",
    title="Queues encrypt their messages",
    severity=Severity.MEDIUM,
    types=(QUEUE,),
    fix="Leave sqsManagedSseEnabled at AWS's default, true, or set kmsMasterKeyId",
)
def sqs_encrypted(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Messages carry what services tell each other in confidence. AWS encrypts new queues unless told not to."""
    del settings
    key = given(node, graph, "kmsMasterKeyId", *KMS_KEYS)
    managed = flag(node, "sqsManagedSseEnabled", default=True)
    message = "sqsManagedSseEnabled is false and kmsMasterKeyId not set: messages are not encrypted"
    return verdict(any_of((key, managed)), "sqsManagedSseEnabled", message)


@rule(
    "aws-sqs-no-wildcard-principal",
    title="No queue policy lets in strangers",
    severity=Severity.HIGH,
    types=(QUEUE, QUEUE_POLICY),
    fix="Name the principals in the policy, or narrow principal * by aws:SourceArn, account or organisation",
)
def sqs_no_wildcard_principal(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Any AWS account could read, fill or purge the queue."""
    del graph, settings
    return closed_policy(node, "policy")


@rule(
    "aws-sqs-dlq",
    title="Queues put aside what cannot be worked on",
    severity=Severity.LOW,
    types=(QUEUE,),
    fix="Set redrivePolicy with deadLetterTargetArn and maxReceiveCount",
    defaults={"notice_seconds": 300},
)
def sqs_dlq(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A message that no consumer can handle is tried until it expires, and then lost unseen.

    Left out: dead-letter queues, and queues of notices that mean nothing after `notice_seconds` (messageRetentionSeconds).
    """
    kept = number(node, "messageRetentionSeconds", FOUR_DAYS)
    if kept is not None and kept <= settings["notice_seconds"]:
        return None
    takes_letters = any(graph.referring(node, kind, "redrivePolicy") for kind in (QUEUE, REDRIVE))
    if takes_letters or node.value("redriveAllowPolicy") or graph.referring(node, REDRIVE_ALLOW, "queueUrl"):
        return None
    policies = related(node, graph, REDRIVE, "queueUrl")
    answers = [given(one, graph, "redrivePolicy", QUEUE) for one in (node, *policies.nodes)]
    holds = policies.any(answers)
    if kept is None and holds is False:
        return unknown("messageRetentionSeconds")
    return verdict(holds, "redrivePolicy", "redrivePolicy is not set: messages that fail are lost when they expire")


@rule(
    "aws-sns-encrypted",
    title="Topics encrypt their messages",
    severity=Severity.MEDIUM,
    types=(TOPIC,),
    fix="Set kmsMasterKeyId (alias/aws/sns, or a key whose policy lets the publishing services use it)",
)
def sns_encrypted(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Without a key, messages stand in clear on SNS's disks until they are delivered."""
    del settings
    key = given(node, graph, "kmsMasterKeyId", *KMS_KEYS)
    return verdict(key, "kmsMasterKeyId", "kmsMasterKeyId is not set: messages are not encrypted at rest")


@rule(
    "aws-sns-no-wildcard-principal",
    title="No topic policy lets in strangers",
    severity=Severity.HIGH,
    types=(TOPIC, TOPIC_POLICY),
    fix="Name the principals in the policy, or narrow principal * by AWS:SourceOwner, aws:SourceArn or organisation",
)
def sns_no_wildcard_principal(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Any AWS account could subscribe to the topic, or publish in its name."""
    del graph, settings
    return closed_policy(node, "policy")


RULES = (sqs_encrypted, sqs_no_wildcard_principal, sqs_dlq, sns_encrypted, sns_no_wildcard_principal)
