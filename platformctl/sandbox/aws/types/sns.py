"""SNS topics and their subscriptions."""

import json
from typing import Final

from platformctl.sandbox.aws.rows import TAG_LIST, Call, F, Name, Row, Scope, Tags, Update, rows, untag

_ATTRIBUTES: Final = {
    "displayName": "DisplayName",
    "policy": "Policy",
    "deliveryPolicy": "DeliveryPolicy",
    "kmsMasterKeyId": "KmsMasterKeyId",
}
_TOPIC: Final = {"TopicArn": "$id"}


def _attributes(scope: Scope) -> dict[str, str] | None:
    given = {api: scope.new[prop] for prop, api in _ATTRIBUTES.items() if scope.new.get(prop)}
    if scope.new.get("fifoTopic"):
        given["FifoTopic"] = "true"
    return given or None


def _set(prop: str) -> Call:
    return Call(
        "set_topic_attributes",
        {**_TOPIC, "AttributeName": _ATTRIBUTES[prop], "AttributeValue": F(lambda scope: scope.new.get(prop) or "", (prop,))},
        # What removes a policy leaves the last one standing, as the provider does.
        when=F(lambda scope: scope.new.get(prop) or prop != "policy"),
    )


def _default_policy(scope: Scope) -> str:
    """As the provider leaves a topic whose policy is taken away: its account may publish and subscribe."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["SNS:GetTopicAttributes", "SNS:Publish", "SNS:SetTopicAttributes", "SNS:Subscribe"],
        "Resource": scope.id,
        "Condition": {"StringEquals": {"AWS:SourceOwner": scope.region.account}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


_SET_POLICY: Final = Call("set_topic_attributes", {"TopicArn": "$arn", "AttributeName": "Policy", "AttributeValue": "$policy"})

ROWS = rows(
    Row(
        "aws:sns/topic:Topic",
        "sns",
        create=Call(
            "create_topic",
            {"Name": "$name", "Attributes": F(_attributes, (*_ATTRIBUTES, "fifoTopic")), "Tags": TAG_LIST},
        ),
        id="TopicArn",
        read=Call("get_topic_attributes", _TOPIC, at="Attributes"),
        props={
            "arn": "TopicArn",
            "name": F(lambda scope: scope.id.rpartition(":")[2]),
            "owner": "Owner",
            "fifoTopic": F(lambda scope: str(scope.item.get("FifoTopic", "")).lower() == "true"),
            **{prop: F(lambda scope, api=api: scope.item.get(api) or None) for prop, api in _ATTRIBUTES.items()},  # type: ignore[misc]
        },
        updates=tuple(Update((prop,), (_set(prop),)) for prop in _ATTRIBUTES),
        delete=(Call("delete_topic", _TOPIC),),
        defaults={"fifoTopic": False},
        name=Name(max_length=256, suffix=lambda inputs: ".fifo" if inputs.get("fifoTopic") else ""),
        tags=Tags(
            read=Call("list_tags_for_resource", {"ResourceArn": "$id"}, at="Tags"),
            add=Call("tag_resource", {"ResourceArn": "$id", "Tags": TAG_LIST}),
            remove=Call("untag_resource", {"ResourceArn": "$id", "TagKeys": F(untag)}),
        ),
        # Whoever sets the policy apart (TopicPolicy) changes what is read here.
        shared=frozenset({"policy"}),
        local=frozenset({"namePrefix"}),
    ),
    Row(
        "aws:sns/topicSubscription:TopicSubscription",
        "sns",
        create=Call("subscribe", {"TopicArn": "$topic", "Protocol": "$protocol", "Endpoint": "$endpoint", "ReturnSubscriptionArn": True}),
        id="SubscriptionArn",
        read=Call("get_subscription_attributes", {"SubscriptionArn": "$id"}, at="Attributes"),
        props={
            "arn": F(lambda scope: scope.id),
            "topic": "TopicArn",
            "protocol": "Protocol",
            "endpoint": "Endpoint",
            "ownerId": "Owner",
            "filterPolicy": F(lambda scope: scope.item.get("FilterPolicy") or None),
            "rawMessageDelivery": F(lambda scope: str(scope.item.get("RawMessageDelivery", "")).lower() == "true"),
        },
        updates=(
            Update(
                ("rawMessageDelivery",),
                (
                    Call(
                        "set_subscription_attributes",
                        {
                            "SubscriptionArn": "$id",
                            "AttributeName": "RawMessageDelivery",
                            "AttributeValue": F(lambda scope: str(bool(scope.new.get("rawMessageDelivery"))).lower()),
                        },
                    ),
                ),
                on_create=True,
            ),
            Update(
                ("filterPolicy",),
                (
                    Call(
                        "set_subscription_attributes",
                        {
                            "SubscriptionArn": "$id",
                            "AttributeName": "FilterPolicy",
                            "AttributeValue": F(lambda scope: scope.new.get("filterPolicy") or "{}"),
                        },
                    ),
                ),
                on_create=True,
            ),
        ),
        delete=(Call("unsubscribe", {"SubscriptionArn": "$id"}),),
        defaults={"rawMessageDelivery": False},
        local=frozenset({"confirmationTimeoutInMinutes", "endpointAutoConfirms"}),
    ),
    Row(
        "aws:sns/topicPolicy:TopicPolicy",
        "sns",
        create=_SET_POLICY,
        id=F(lambda scope: scope.new["arn"]),
        read=Call("get_topic_attributes", _TOPIC, at="Attributes"),
        props={"arn": "TopicArn", "owner": "Owner", "policy": "Policy"},
        updates=(Update(("policy",), (_SET_POLICY,)),),
        delete=(Call("set_topic_attributes", {**_TOPIC, "AttributeName": "Policy", "AttributeValue": F(_default_policy)}),),
        parse=lambda topic: {"arn": topic},
        delete_first=True,
    ),
)
