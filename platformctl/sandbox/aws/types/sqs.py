"""SQS queues and queue policies."""

from typing import Any

from platformctl.sandbox.aws.rows import TAG_MAP, Call, F, Name, Row, Scope, Tags, Update, rows, untag

_ATTRIBUTES = {
    "visibilityTimeoutSeconds": "VisibilityTimeout",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "maxMessageSize": "MaximumMessageSize",
    "delaySeconds": "DelaySeconds",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "policy": "Policy",
    "redrivePolicy": "RedrivePolicy",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "fifoThroughputLimit": "FifoThroughputLimit",
}
_CREATE_ONLY = {"fifoQueue": "FifoQueue"}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _attributes(scope: Scope) -> dict[str, str] | None:
    props = {**_ATTRIBUTES, **_CREATE_ONLY} if not scope.old else _ATTRIBUTES
    given = {api: _text(scope.new[prop]) for prop, api in props.items() if scope.new.get(prop) not in (None, False)}
    cleared = {
        api: "" for prop, api in _ATTRIBUTES.items() if scope.old.get(prop) and not scope.new.get(prop) and prop.lower().endswith("policy")
    }
    return {**cleared, **given} or None


def _read(api: str) -> F:
    """An attribute: SQS answers everything as text."""

    def compute(scope: Scope) -> Any:
        value = scope.item.get(api)
        if value in ("true", "false"):
            return value == "true"
        return int(value) if isinstance(value, str) and value.isdigit() else value or None

    return F(compute)


_URL = {"QueueUrl": "$id"}
_GET = Call("get_queue_attributes", {**_URL, "AttributeNames": ["All"]}, at="Attributes")

ROWS = rows(
    Row(
        "aws:sqs/queue:Queue",
        "sqs",
        create=Call("create_queue", {"QueueName": "$name", "Attributes": F(_attributes, (*_ATTRIBUTES, *_CREATE_ONLY)), "tags": TAG_MAP}),
        id="QueueUrl",
        read=_GET,
        props={
            "arn": "QueueArn",
            "url": F(lambda scope: scope.id),
            "name": F(lambda scope: scope.id.rpartition("/")[2]),
            "fifoQueue": F(lambda scope: scope.item.get("FifoQueue") == "true"),
            **{prop: _read(api) for prop, api in _ATTRIBUTES.items()},
        },
        updates=(Update(tuple(_ATTRIBUTES), (Call("set_queue_attributes", {**_URL, "Attributes": F(_attributes)}),)),),
        delete=(Call("delete_queue", _URL),),
        defaults={"fifoQueue": False},
        name=Name(max_length=80, suffix=lambda inputs: ".fifo" if inputs.get("fifoQueue") else ""),
        tags=Tags(
            read=Call("list_queue_tags", _URL, at="Tags"),
            add=Call("tag_queue", {**_URL, "Tags": TAG_MAP}),
            remove=Call("untag_queue", {**_URL, "TagKeys": F(untag)}),
        ),
        shared=frozenset({"policy", "redrivePolicy", "sqsManagedSseEnabled", "kmsDataKeyReusePeriodSeconds"}),
        local=frozenset({"namePrefix"}),
        # moto takes it and does not tell it.
        recorded=frozenset({"redriveAllowPolicy"}),
    ),
    Row(
        "aws:sqs/queuePolicy:QueuePolicy",
        "sqs",
        create=Call("set_queue_attributes", {"QueueUrl": "$queueUrl", "Attributes": {"Policy": "$policy"}}),
        id=F(lambda scope: scope.new["queueUrl"]),
        read=_GET,
        gone="Policy == `null` || Policy == ''",
        props={"queueUrl": F(lambda scope: scope.id), "policy": "Policy"},
        updates=(Update(("policy",), (Call("set_queue_attributes", {"QueueUrl": "$queueUrl", "Attributes": {"Policy": "$policy"}}),)),),
        delete=(Call("set_queue_attributes", {"QueueUrl": "$queueUrl", "Attributes": {"Policy": ""}}),),
        parse=lambda url: {"queueUrl": url},
        delete_first=True,
    ),
)
