"""BackupPlan: AWS Backup for whatever has a tag: a locked vault, a plan with copies elsewhere, and restores that are tried.

Builds the vault, its key and lock, the role, the plan, its selection, the restore test, alarms with their topic and, for auditors, a
framework and reports. Does not build the vaults elsewhere, nor their policies: they belong to whoever owns that account; nor what an
account has once: the services that AWS Backup is opted in to, and the recorder of AWS Config.
"""

import json

import pulumi
import pulumi_aws as aws

from platform_components.component import PlatformComponent
from platform_components.data.documents import key_policy
from platform_components.identity.trust import service_trust
from platform_components.locate import locate
from platform_components.names import child_name
from platform_components.resilience.args import BackupPlanArgs, Schedule
from platform_components.resilience.backup_alarms import create_alarms
from platform_components.resilience.backup_audit import create_audit
from platform_components.tags import MANAGED_BY, merge_tags

POLICIES = {
    "backup": "service-role/AWSBackupServiceRolePolicyForBackup",
    "restore": "service-role/AWSBackupServiceRolePolicyForRestores",
    "bucket-backup": "AWSBackupServiceRolePolicyForS3Backup",
    "bucket-restore": "AWSBackupServiceRolePolicyForS3Restore",
}
"""What AWS Backup itself says that its role needs."""

TESTED = {"databases": "RDS", "clusters": "Aurora", "buckets": "S3", "volumes": "EBS"}
"""What a drill restores, by a name of ours: AWS Backup's own resource types."""


class BackupPlan(PlatformComponent):
    """Backups of whatever has a tag, in a vault that is locked, with copies elsewhere and restores that are tried.

    Example::

        BackupPlan("prod", BackupPlanArgs(tag_value="prod", schedules={"daily": {"copy_to": ["dr"]}}, copies={"dr": {"vault_arn": arn}}))
    """

    vault_arn: pulumi.Output[str]
    """ARN of the vault."""
    plan_id: pulumi.Output[str]
    """Id of the plan; resolves once something is selected."""
    role_arn: pulumi.Output[str]
    """ARN of the role that AWS Backup takes on."""
    alerts_topic_arn: pulumi.Output[str | None]
    """ARN of the topic that is told of what failed or is missing; none without alarms."""
    reports_bucket_name: pulumi.Output[str | None]
    """Bucket of the reports; none without an audit."""

    def __init__(self, name: str, args: BackupPlanArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._place = locate(self).place
        vault = self._create_vault()
        role = self._create_role()
        plan = self._create_plan(vault)
        selection = aws.backup.Selection(
            child_name(name, "selection"),
            plan_id=plan.id,
            iam_role_arn=role,
            selection_tags=[aws.backup.SelectionSelectionTagArgs(type="STRINGEQUALS", key=args.tag_key, value=args.tag_value)],
            opts=self.child_options(),
        )
        self._create_drill(vault, role)
        self.alerts_topic_arn = create_alarms(self, name, args, vault.name, role, self._place, args.tags)
        self.reports_bucket_name = create_audit(self, name, args, self._place)
        self.vault_arn = vault.arn
        self.role_arn = role
        self.plan_id = pulumi.Output.all(plan.id, selection.id).apply(lambda known: str(known[0]))
        self.register()

    def _create_vault(self) -> aws.backup.Vault:
        name, encryption = child_name(self._name, "vault"), self._args.encryption
        key = pulumi.Output.from_input(encryption.key_arn) if encryption.key_arn is not None else None
        if encryption.creates_key:
            key_name = child_name(self._name, "vault-key")
            key = aws.kms.Key(
                key_name,
                description=f"Backups of {self._name}",
                enable_key_rotation=True,
                deletion_window_in_days=encryption.deletion_window_days,
                policy=self._place.apply(lambda at: json.dumps(key_policy(at))),
                tags=self._tags(key_name),
                opts=self._kept(),
            ).arn
        vault = aws.backup.Vault(
            name, name=name, kms_key_arn=key, force_destroy=not self._args.keeps, tags=self._tags(name), opts=self._kept()
        )
        lock = self._args.lock
        if lock is not None:
            aws.backup.VaultLockConfiguration(
                child_name(self._name, "lock"),
                backup_vault_name=vault.name,
                min_retention_days=lock.min_days,
                max_retention_days=lock.max_days,
                changeable_for_days=lock.grace_days,
                opts=self.child_options(),
            )
        return vault

    def _create_role(self) -> pulumi.Output[str]:
        name = child_name(self._name, "backup")
        role = aws.iam.Role(
            name,
            description=f"AWS Backup for {self._name}",
            assume_role_policy=json.dumps(service_trust("backup.amazonaws.com")),
            tags=self._tags(name),
            opts=self.child_options(),
        )
        attached = [
            aws.iam.RolePolicyAttachment(
                child_name(name, key),
                role=role.name,
                policy_arn=self._place.apply(lambda at, policy=policy: at.managed_policy(policy)),  # type: ignore[misc]
                opts=self.child_options(),
            )
            for key, policy in POLICIES.items()
        ]
        return pulumi.Output.all(role.arn, *(one.id for one in attached)).apply(lambda known: str(known[0]))

    def _create_plan(self, vault: aws.backup.Vault) -> aws.backup.Plan:
        name = child_name(self._name, "plan")
        return aws.backup.Plan(
            name,
            name=name,
            rules=[self._rule(key, schedule, vault) for key, schedule in self._args.schedules.items()],
            tags=self._tags(name),
            opts=self.child_options(),
        )

    def _rule(self, key: str, schedule: Schedule, vault: aws.backup.Vault) -> aws.backup.PlanRuleArgs:
        copies = [
            aws.backup.PlanRuleCopyActionArgs(
                destination_vault_arn=self._args.copies[target].vault_arn,
                lifecycle=aws.backup.PlanRuleCopyActionLifecycleArgs(delete_after=self._args.copies[target].keep_days),
            )
            for target in schedule.copy_to
        ]
        return aws.backup.PlanRuleArgs(
            rule_name=key,
            target_vault_name=vault.name,
            schedule=schedule.cron,
            start_window=60,
            completion_window=480,
            lifecycle=aws.backup.PlanRuleLifecycleArgs(delete_after=schedule.keep_days, cold_storage_after=schedule.cold_after_days),
            copy_actions=copies or None,
        )

    def _create_drill(self, vault: aws.backup.Vault, role: pulumi.Output[str]) -> None:
        drill = self._args.drill
        if drill is None:
            return
        name = child_name(self._name, "drill")
        plan = aws.backup.RestoreTestingPlan(
            name,
            # Letters, digits and underscores only.
            name=name.replace("-", "_"),
            schedule_expression=drill.cron,
            start_window_hours=2,
            recovery_point_selection=aws.backup.RestoreTestingPlanRecoveryPointSelectionArgs(
                algorithm="LATEST_WITHIN_WINDOW",
                include_vaults=[vault.arn],
                recovery_point_types=["SNAPSHOT", "CONTINUOUS"],
                selection_window_days=7,
            ),
            tags=self._tags(name),
            opts=self.child_options(),
        )
        tagged = aws.backup.RestoreTestingSelectionProtectedResourceConditionsStringEqualArgs(
            key=f"aws:ResourceTag/{self._args.tag_key}", value=self._args.tag_value
        )
        for key, kind in TESTED.items():
            aws.backup.RestoreTestingSelection(
                child_name(name, key),
                name=f"{name}-{key}".replace("-", "_"),
                restore_testing_plan_name=plan.name,
                protected_resource_type=kind,
                iam_role_arn=role,
                protected_resource_arns=["*"],
                protected_resource_conditions=aws.backup.RestoreTestingSelectionProtectedResourceConditionsArgs(string_equals=[tagged]),
                validation_window_hours=drill.validation_hours,
                opts=self.child_options(),
            )

    def _kept(self) -> pulumi.ResourceOptions:
        """Options of what holds backups, and of its key."""
        keeps = self._args.keeps or None
        return self.child_options(protect=keeps, retain_on_delete=keeps)

    def _tags(self, name: str) -> dict[str, str]:
        return merge_tags({"Name": name, "ManagedBy": MANAGED_BY}, self._args.tags)
