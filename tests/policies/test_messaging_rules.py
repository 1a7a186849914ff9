"""SQS and SNS rules, case by case."""

import json
from typing import Any

import pytest
from platform_policies.graph import SECRET, UNKNOWN, Node
from platform_policies.rule import Status
from platform_policies.rules import messaging

from tests.policies.cases import Case, node
from tests.policies.table import Table, case_id, prove

QUEUE, TOPIC, REDRIVE = messaging.QUEUE, messaging.TOPIC, messaging.REDRIVE
KEY = node("aws:kms/key:Key", "key", {})
CASES: list[Case] = []


def allow(**changes: Any) -> str:
    """A policy that lets everyone do everything, with changes to its statement."""
    return json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", **changes}]})


def _encrypted() -> None:
    table, path, key = Table(CASES, "aws-sqs-encrypted", QUEUE), "sqsManagedSseEnabled", "kmsMasterKeyId"
    table.passing({path: True})
    table.failing({path: False}, at=path)
    table.failing({path: False, key: ""}, "empty key")
    table.absent(Status.PASS)
    table.unknown({path: UNKNOWN}, at=path)
    table.unknown({path: False, key: UNKNOWN}, "key")
    table.passing({path: False, key: "alias/aws/sqs"}, "AWS's key")
    table.passing({path: False}, "key made in the same run", others=[KEY], refers={key: ["key"]})
    topic = Table(CASES, "aws-sns-encrypted", TOPIC)
    topic.passing({key: "arn:aws:kms:eu-west-1:1:key/x"})
    topic.passing({key: "alias/aws/sns"}, "AWS's key")
    topic.passing({}, "key made in the same run", others=[KEY], refers={key: ["key"]})
    topic.failing({key: ""}, at=key)
    topic.absent(Status.FAIL, at=key)
    topic.unknown({key: UNKNOWN}, at=key)


def _policies() -> None:
    for rule, inline, separate in (
        ("aws-sqs-no-wildcard-principal", QUEUE, messaging.QUEUE_POLICY),
        ("aws-sns-no-wildcard-principal", TOPIC, messaging.TOPIC_POLICY),
    ):
        for table in (Table(CASES, rule, inline), Table(CASES, rule, separate)):
            kind = table.type.rpartition(":")[2]
            table.passing({"policy": allow(Principal={"AWS": "arn:aws:iam::1:root"})}, kind)
            table.passing({"policy": allow(Principal={"Service": "events.amazonaws.com"})}, f"{kind}: a service")
            table.passing({"policy": allow(Condition={"StringEquals": {"AWS:SourceOwner": "1"}})}, f"{kind}: own account")
            table.passing({"policy": allow(Condition={"ArnEquals": {"aws:SourceArn": "arn:aws:sns:eu-west-1:1:t"}})}, f"{kind}: own source")
            table.passing({"policy": allow(Effect="Deny")}, f"{kind}: deny")
            table.failing({"policy": allow()}, kind, at="policy")
            table.failing({"policy": allow(Condition={"Bool": {"aws:SecureTransport": "true"}})}, f"{kind}: anyone with TLS")
            table.failing({"policy": allow(Condition={"ArnLike": {"aws:SourceArn": "*"}})}, f"{kind}: any source")
            table.absent(Status.PASS, name=kind)
            table.unknown({"policy": UNKNOWN}, kind, at="policy")
            table.unknown({"policy": SECRET}, f"{kind}: secret", at="policy")
            table.unknown({"policy": allow(Principal={"AWS": UNKNOWN})}, f"{kind}: principal", at="policy")
            table.unknown({"policy": allow(Condition={"StringEquals": {"aws:SourceAccount": UNKNOWN}})}, f"{kind}: condition")


def _dlq() -> None:
    table, path = Table(CASES, "aws-sqs-dlq", QUEUE), "redrivePolicy"
    letters = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:1:dead", "maxReceiveCount": 3})

    def separate(policy: Any) -> Node:
        return node(REDRIVE, "redrive", {path: policy}, {"queueUrl": ["subject"]})

    table.passing({path: letters})
    table.passing({}, "separate", others=[separate(letters)])
    table.passing({}, "queue made in the same run", others=[node(QUEUE, "dead", {})], refers={path: ["dead"]})
    table.failing({path: ""}, at=path)
    table.failing({}, "of another queue", others=[node(REDRIVE, "redrive", {path: letters, "queueUrl": "https://other"})])
    table.absent(Status.FAIL, at=path)
    table.unknown({path: UNKNOWN}, at=path)
    table.unknown({}, "separate", others=[separate(UNKNOWN)])
    table.unknown({}, "whose", others=[node(REDRIVE, "redrive", {path: letters, "queueUrl": UNKNOWN})])
    dead = {"arn": "arn:aws:sqs:eu-west-1:1:dead"}
    table.skipped({}, "takes letters, deployed", others=[node(QUEUE, "work", {path: letters})], outputs=dead)
    table.skipped({}, "takes letters", others=[node(QUEUE, "work", {}, {path: ["subject"]})])
    table.skipped({}, "takes letters of a separate policy", others=[node(REDRIVE, "redrive", {"queueUrl": "x"}, {path: ["subject"]})])
    table.skipped({"redriveAllowPolicy": "{}"}, "says it takes letters")
    table.skipped({}, "is said to take letters", others=[node(messaging.REDRIVE_ALLOW, "allow", {}, {"queueUrl": ["subject"]})])
    table.skipped({"messageRetentionSeconds": 300}, "notices")
    table.failing({"messageRetentionSeconds": 301}, "messages kept a second longer", at=path)
    table.skipped({"messageRetentionSeconds": 301}, "notices by setting", settings={"notice_seconds": 301})
    table.unknown({"messageRetentionSeconds": UNKNOWN}, "kept nobody knows how long", at="messageRetentionSeconds")
    table.passing({"messageRetentionSeconds": UNKNOWN, path: letters}, "however long they are kept")
    table.unknown({"messageRetentionSeconds": UNKNOWN, path: UNKNOWN}, "nothing is known", at=path)
    table.absent(Status.FAIL, name="four days", settings={"notice_seconds": 345_599})
    table.failing(
        {}, "takes nobody's letters", others=[node(QUEUE, "work", {path: letters})], outputs={"arn": "arn:aws:sqs:eu-west-1:1:other"}
    )


_encrypted()
_policies()
_dlq()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_case(case: Case) -> None:
    prove(messaging.RULES, case)
