"""AuditTrail: CloudTrail, GuardDuty's findings, flow logs and audit logs in one bucket, kept as long as SOC 2, PCI DSS or HIPAA ask.

Builds the bucket and its key, the bucket of its access logs, the trail with its log group, the detector and its export, delivery streams of
log groups, and rules that tell a topic at once. Does not build an organization's trail, the topic, or the flow logs themselves: Vpc sends
them to `flow_logs_arn`.
"""

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from platform_components.audit import documents
from platform_components.audit.args import AuditTrailArgs, GuardDutySettings, TrailSettings
from platform_components.audit.bucket import Archive, Maker
from platform_components.audit.forwarding import Kept, Services
from platform_components.component import PlatformComponent
from platform_components.locate import locate
from platform_components.names import child_name


class AuditTrail(PlatformComponent):
    """Who did what in an account, in every region: recorded, locked, kept as long as is asked for, and told where it cannot wait.

    One for an account. Example::

        AuditTrail("prod", AuditTrailArgs(retention="hipaa", lock="compliance", topic_arn=topic.arn))
    """

    bucket_arn: pulumi.Output[str]
    """ARN of the bucket; resolves once services may write to it."""
    flow_logs_arn: pulumi.Output[str]
    """Where flow logs go: `flow_logs.bucket_arn` of a Vpc."""
    key_arn: pulumi.Output[str]
    """ARN of the key that encrypts the records; who reads them needs kms:Decrypt on it."""
    topic_arn: pulumi.Output[str]
    """ARN of the topic that hears of what cannot wait."""
    trail_arn: pulumi.Output[str | None]
    """ARN of the trail; none without one."""
    detector_id: pulumi.Output[str | None]
    """Id of GuardDuty's detector; none without GuardDuty."""

    def __init__(self, name: str, args: AuditTrailArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._make = Maker(self, name, args, locate(self).place)
        self._services = Services(self, name, self._make.place, args.tags)
        trail = child_name(name, "trail") if args.trail else None
        archive = self._make.archive(trail)
        self.key_arn = archive.key.arn
        self.bucket_arn = pulumi.Output.all(archive.bucket.arn, *(one.urn for one in archive.ready)).apply(lambda found: str(found[0]))
        self.flow_logs_arn = pulumi.Output.concat(self.bucket_arn, "/", documents.FLOW_LOGS, "/")
        self.trail_arn = self._create_trail(trail, args.trail, archive) if trail and args.trail else pulumi.Output.from_input(None)
        self.detector_id = self._create_detector(args.guardduty, archive) if args.guardduty else pulumi.Output.from_input(None)
        kept = Kept(archive.bucket.arn, archive.key.arn, archive.ready)
        self._services.keep(kept, args.log_groups, args.filters)
        self.topic_arn = self._tell(archive)
        self.register()

    def _create_trail(self, name: str, settings: TrailSettings, archive: Archive) -> pulumi.Output[str | None]:
        group = aws.cloudwatch.LogGroup(
            name,
            retention_in_days=settings.log_group_days,
            kms_key_id=archive.key.arn,
            tags=self._make.tags(name),
            opts=self.child_options(),
        )
        role = self._services.role(
            name,
            "cloudtrail.amazonaws.com",
            self._make.place.apply(lambda place: documents.trail_arn(place, name)),
            f"Lets trail {name} write to its log group",
        )
        permissions = aws.iam.RolePolicy(
            name,
            role=role.id,
            policy=group.arn.apply(lambda arn: json.dumps(documents.trail_log_permissions(arn))),
            opts=self.child_options(),
        )
        data = pulumi.Output.all(pulumi.Output.all(*settings.s3_buckets), pulumi.Output.all(*settings.functions))
        insights = ("ApiCallRateInsight", "ApiErrorRateInsight")
        trail = aws.cloudtrail.Trail(
            name,
            # Fixed, so that the bucket's and the key's policies can name it before it exists.
            name=name,
            s3_bucket_name=archive.bucket.bucket,
            s3_key_prefix=documents.CLOUDTRAIL,
            kms_key_id=archive.key.arn,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            cloud_watch_logs_group_arn=group.arn.apply(lambda arn: f"{arn.removesuffix(':*')}:*"),
            cloud_watch_logs_role_arn=role.arn,
            advanced_event_selectors=data.apply(lambda found: documents.selectors(found[0], found[1])),
            insight_selectors=[{"insight_type": kind} for kind in insights] if settings.insights else None,
            tags=self._make.tags(name),
            opts=self.child_options(depends_on=[*archive.ready, permissions]),
        )
        return trail.arn.apply(str)

    def _create_detector(self, settings: GuardDutySettings, archive: Archive) -> pulumi.Output[str | None]:
        name = child_name(self._name, "guardduty")
        if settings.detector_id is not None:
            detector_id = pulumi.Output.from_input(settings.detector_id)
        else:
            detector = aws.guardduty.Detector(
                name, enable=True, finding_publishing_frequency="FIFTEEN_MINUTES", tags=self._make.tags(name), opts=self.child_options()
            )
            detector_id = detector.id
            for feature in settings.features:
                aws.guardduty.DetectorFeature(
                    child_name(name, feature.name.lower().replace("_", "-")),
                    detector_id=detector_id,
                    name=feature.value,
                    status="ENABLED",
                    opts=self.child_options(),
                )
        aws.guardduty.PublishingDestination(
            name,
            detector_id=detector_id,
            destination_type="S3",
            destination_arn=pulumi.Output.concat(archive.bucket.arn, "/", documents.GUARDDUTY),
            kms_key_arn=archive.key.arn,
            opts=self.child_options(depends_on=archive.ready),
        )
        return detector_id.apply(str)

    def _tell(self, archive: Archive) -> pulumi.Output[str]:
        args = self._args
        patterns = documents.event_patterns(args.guardduty.alert_severity if args.guardduty else None)
        names = {role: child_name(self._name, role) for role in patterns}
        topic_arn = pulumi.Output.from_input(args.topic_arn) if args.topic_arn else self._create_topic(archive, list(names.values()))
        for address in args.notify:
            aws.sns.TopicSubscription(
                child_name(self._name, "mail", address), topic=topic_arn, protocol="email", endpoint=address, opts=self.child_options()
            )
        for role, pattern in patterns.items():
            name = names[role]
            rule = aws.cloudwatch.EventRule(
                name,
                # Fixed, so that the topic's policy can name it before it exists.
                name=name,
                event_pattern=json.dumps(pattern),
                tags=self._make.tags(name),
                opts=self.child_options(),
            )
            aws.cloudwatch.EventTarget(name, rule=rule.name, target_id="topic", arn=topic_arn, opts=self.child_options())
        return topic_arn

    def _create_topic(self, archive: Archive, rules: Sequence[str]) -> pulumi.Output[str]:
        name = child_name(self._name, "alerts")
        topic = aws.sns.Topic(
            name,
            name=name,
            kms_master_key_id=archive.key.arn,
            policy=self._make.document(lambda place: documents.topic_policy(place, place.arn("sns", name), rules)),
            tags=self._make.tags(name),
            opts=self.child_options(),
        )
        return topic.arn
