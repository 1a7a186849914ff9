"""Alarms of a BackupPlan: what ended badly is told at once, and what never came is told when it is late."""

import json
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from platform_components.component import PlatformComponent
from platform_components.data.alerts_topic import create_alerts_topic, notify
from platform_components.data.monitoring import backups
from platform_components.data.watching import create_watch
from platform_components.names import child_name
from platform_components.place import Place
from platform_components.resilience.args import BackupSettings
from platform_components.resilience.documents import ended_badly, events_encrypt, events_publish
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
    topic = (
        pulumi.Output.from_input(alarms.topic_arn)
        if alarms.topic_arn is not None
        else create_alerts_topic(
            component,
            name,
            place,
            tags,
            publishers=lambda at, arn: [events_publish(at, arn, rule_name)],
            key_users=[events_encrypt()],
        )
    )
    notify(component, name, topic, alarms.notify)
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


def _tags(name: str, tags: Mapping[str, str]) -> dict[str, str]:
    return merge_tags({"Name": name, "ManagedBy": MANAGED_BY}, tags)
