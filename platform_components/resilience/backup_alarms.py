"""Alarms of a BackupPlan: what ended badly is told at once, and what never came is told when it is late."""

import json
from collections.abc import Mapping
from hashlib import sha256

import pulumi
import pulumi_aws as aws

from platform_components.component import PlatformComponent
from platform_components.data.documents import alarms_publish, key_policy, topic_policy
from platform_components.data.monitoring import backups
from platform_components.data.watching import create_watch
from platform_components.names import child_name
from platform_components.place import Place
from platform_components.resilience.args import BackupSettings
from platform_components.resilience.documents import alerts_publish, ended_badly, events_encrypt
from platform_components.tags import MANAGED_BY, merge_tags


def create_alarms(
    component: PlatformComponent,
    name: str,
    args: BackupSettings,
    vault_name: pulumi.Output[str],
    role_arn: pulumi.Output[str],
    place: pulumi.Output[Place],
    tags: Mapping[str, str],
) -> pulumi.Output[str | None]:
    """Make the topic, the rule of events, alarms and dashboard; ARN of the topic.

    Args:
        component: their parent.
        name: the component's own name.
        args: schedules, and who is told.
        vault_name: the vault that backups come to.
        role_arn: the role that every job of the plan takes on, by which its events are known.
        place: account and region.
        tags: tags of what is made.
    """
    alarms = args.alarms
    if not alarms.enabled:
        return pulumi.Output.from_input(None)
    rule_name = child_name(name, "failed")
    topic = pulumi.Output.from_input(alarms.topic_arn) if alarms.topic_arn is not None else _topic(component, name, rule_name, place, tags)
    for address in alarms.notify:
        aws.sns.TopicSubscription(
            # Addresses have letters that names have not.
            child_name(name, "mail", sha256(address.encode()).hexdigest()[:8]),
            topic=topic,
            protocol="email",
            endpoint=address,
            opts=component.child_options(),
        )
    rule = aws.cloudwatch.EventRule(
        rule_name,
        name=rule_name,
        description=f"Backups, copies and restores of {name} that did not end well",
        event_pattern=role_arn.apply(lambda arn: json.dumps(ended_badly(arn))),
        tags=_tags(rule_name, tags),
        opts=component.child_options(),
    )
    aws.cloudwatch.EventTarget(child_name(rule_name, "topic"), rule=rule.name, target_id="topic", arn=topic, opts=component.child_options())
    copied = any(schedule.copy_to for schedule in args.schedules.values())
    told = alarms.model_copy(update={"topic_arn": topic})
    region = place.apply(lambda at: at.region)
    create_watch(component, name, backups(args.late_hours, copied=copied), {"BackupVaultName": vault_name}, told, tags, region)
    return topic.apply(lambda arn: arn)


def _topic(
    component: PlatformComponent, name: str, rule_name: str, place: pulumi.Output[Place], tags: Mapping[str, str]
) -> pulumi.Output[str]:
    topic_name, key_name = child_name(name, "alerts"), child_name(name, "alerts-key")
    key = aws.kms.Key(
        key_name,
        description=f"Messages of SNS topic {topic_name}",
        enable_key_rotation=True,
        policy=place.apply(lambda at: json.dumps(key_policy(at, alarms_publish(at), events_encrypt()))),
        tags=_tags(key_name, tags),
        opts=component.child_options(),
    )

    def policy(at: Place) -> str:
        arn = at.arn("sns", topic_name)
        return json.dumps(topic_policy(arn, *alerts_publish(at, arn, rule_name)))

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


def _tags(name: str, tags: Mapping[str, str]) -> dict[str, str]:
    return merge_tags({"Name": name, "ManagedBy": MANAGED_BY}, tags)
