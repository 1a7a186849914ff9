"""An encrypted topic that alarms are told on, with its key and who reads it by mail; for any component that has alarms."""

import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

import pulumi
import pulumi_aws as aws

from platform_components.component import PlatformComponent
from platform_components.data.documents import Document, alarms_publish, key_policy, service_publishes, topic_policy
from platform_components.names import child_name
from platform_components.place import Place
from platform_components.tags import MANAGED_BY, merge_tags


def create_alerts_topic(
    component: PlatformComponent,
    name: str,
    place: pulumi.Output[Place],
    tags: Mapping[str, str],
    *,
    publishers: Callable[[Place, str], Sequence[Document]] = lambda _, __: (),
    key_users: Sequence[Document] = (),
) -> pulumi.Output[str]:
    """Make the topic and its key; ARN of the topic.

    Args:
        component: their parent.
        name: the component's own name.
        place: account and region.
        tags: tags of what is made.
        publishers: statements of who else publishes, by place and ARN of the topic; alarms of the account do.
        key_users: statements of who else encrypts what is published.
    """
    topic_name, key_name = child_name(name, "alerts"), child_name(name, "alerts-key")
    key = aws.kms.Key(
        key_name,
        description=f"Messages of SNS topic {topic_name}",
        enable_key_rotation=True,
        policy=place.apply(lambda at: json.dumps(key_policy(at, alarms_publish(at), *key_users))),
        tags=_tags(key_name, tags),
        opts=component.child_options(),
    )

    def policy(at: Place) -> str:
        arn = at.arn("sns", topic_name)
        alarms = service_publishes("cloudwatch", arn, {"StringEquals": {"aws:SourceAccount": at.account}})
        return json.dumps(topic_policy(arn, alarms, *publishers(at, arn)))

    topic = aws.sns.Topic(
        topic_name,
        # Fixed, so that its policy can be judged before it exists and people find it.
        name=topic_name,
        kms_master_key_id=key.arn,
        policy=place.apply(policy),
        tags=_tags(topic_name, tags),
        opts=component.child_options(),
    )
    return topic.arn


def notify(component: PlatformComponent, name: str, topic_arn: pulumi.Input[str], addresses: Sequence[str]) -> None:
    """Have a topic write to people; each confirms it by the first mail."""
    for address in addresses:
        aws.sns.TopicSubscription(
            # Addresses have letters that names have not.
            child_name(name, "mail", sha256(address.encode()).hexdigest()[:8]),
            topic=topic_arn,
            protocol="email",
            endpoint=address,
            opts=component.child_options(),
        )


def _tags(name: str, tags: Mapping[str, str]) -> dict[str, str]:
    return merge_tags({"Name": name, "ManagedBy": MANAGED_BY}, tags)
