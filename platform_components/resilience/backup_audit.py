"""What a BackupPlan shows an auditor: a framework of controls that AWS evaluates each day, and reports in a bucket."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from platform_components.component import PlatformComponent
from platform_components.data.bucket import Bucket
from platform_components.data.bucket_args import BucketArgs
from platform_components.data.options import Alarms
from platform_components.names import child_name
from platform_components.place import Place
from platform_components.resilience.args import BackupPlanArgs
from platform_components.resilience.controls import controls
from platform_components.resilience.documents import REPORTER, REPORTER_NAME, REPORTS
from platform_components.tags import MANAGED_BY, merge_tags


def create_audit(component: PlatformComponent, name: str, args: BackupPlanArgs, place: pulumi.Output[Place]) -> pulumi.Output[str | None]:
    """Make the framework, the reports and their bucket; name of the bucket.

    Args:
        component: their parent.
        name: the component's own name.
        args: schedules, tag and lock, which the controls are derived from.
        place: account and region.
    """
    audit = args.audit
    if audit is None:
        return pulumi.Output.from_input(None)
    reporter = place.apply(lambda at: f"arn:{at.partition}:iam::{at.account}:role/aws-service-role/{REPORTER}/{REPORTER_NAME}")
    if audit.service_role:
        role = aws.iam.ServiceLinkedRole(
            child_name(name, "reporter"),
            aws_service_name=REPORTER,
            # It serves every plan of the account.
            opts=component.child_options(retain_on_delete=True),
        )
        # After the role, and known before it is: URNs are.
        reporter = pulumi.Output.all(reporter, role.urn).apply(lambda known: str(known[0]))
    bucket = Bucket(
        child_name(name, "reports"),
        BucketArgs(
            writer_arn=reporter,
            encryption=args.encryption,
            removal=args.removal,
            expire_days=audit.keep_days,
            alarms=Alarms(enabled=False),
            tags=args.tags,
        ),
        component.child_options(),
    )
    framework_name = child_name(name, "framework")
    framework = aws.backup.Framework(
        framework_name,
        name=_underscored(framework_name),
        description=f"Backups of {name}: whether they are made, kept, encrypted, and safe from deletion",
        controls=[
            aws.backup.FrameworkControlArgs(
                name=control,
                input_parameters=[aws.backup.FrameworkControlInputParameterArgs(name=key, value=value) for key, value in parameters.items()]
                or None,
                scope=aws.backup.FrameworkControlScopeArgs(tags={args.tag_key: args.tag_value}) if tagged else None,
            )
            for control, parameters, tagged in controls(args)
        ],
        tags=_tags(framework_name, args.tags),
        opts=component.child_options(),
    )
    delivery = aws.backup.ReportPlanReportDeliveryChannelArgs(s3_bucket_name=bucket.bucket_name, formats=["CSV", "JSON"])
    for key, template in REPORTS.items():
        report = child_name(name, "report", key)
        aws.backup.ReportPlan(
            report,
            name=_underscored(report),
            description=f"{template.replace('_', ' ').capitalize()} of {name}, each day",
            report_delivery_channel=delivery,
            report_setting=aws.backup.ReportPlanReportSettingArgs(
                report_template=template,
                framework_arns=[framework.arn] if template.endswith("COMPLIANCE_REPORT") else None,
            ),
            tags=_tags(report, args.tags),
            # AWS writes once to see that it can: the bucket's policy comes before.
            opts=component.child_options(depends_on=[bucket]),
        )
    return bucket.bucket_name.apply(lambda known: known)


def _underscored(name: str) -> str:
    """Letters, digits and underscores only."""
    return name.replace("-", "_")


def _tags(name: str, tags: Mapping[str, str]) -> dict[str, str]:
    return merge_tags({"Name": name, "ManagedBy": MANAGED_BY}, tags)
