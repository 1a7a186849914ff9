"""What a plan says of itself, as controls that AWS evaluates each day. Pure but for the settings it reads.

Source: https://docs.aws.amazon.com/aws-backup/latest/devguide/controls-and-remediation.html.
"""

from collections.abc import Iterator, Mapping

from platform_components.resilience.args import BackupSettings

DAY_HOURS = 24

Control = tuple[str, Mapping[str, str], bool]
"""Its name in AWS Backup, its parameters, and whether it is about what has the plan's tag rather than about vaults."""


def controls(args: BackupSettings) -> Iterator[Control]:
    """Controls that hold what is configured, and fail once somebody changes it by hand."""
    interval = min(schedule.every_hours for schedule in args.schedules.values())
    keep = min(schedule.keep_days for schedule in args.schedules.values())
    unit, value = ("days", interval // DAY_HOURS) if interval >= DAY_HOURS else ("hours", interval)
    yield "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN", {}, True
    yield "BACKUP_LAST_RECOVERY_POINT_CREATED", {"recoveryPointAgeUnit": "hours", "recoveryPointAgeValue": str(args.late_hours)}, True
    yield "BACKUP_RECOVERY_POINT_ENCRYPTED", {}, False
    yield "BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK", {"requiredRetentionDays": str(keep)}, False
    yield (
        "BACKUP_PLAN_MIN_FREQUENCY_AND_MIN_RETENTION_CHECK",
        {"requiredFrequencyUnit": unit, "requiredFrequencyValue": str(value), "requiredRetentionDays": str(keep)},
        False,
    )
    if args.lock is not None:
        lock = {"minRetentionDays": str(args.lock.min_days), "maxRetentionDays": str(args.lock.max_days)}
        yield "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_VAULT_LOCK", lock, True
    if any(schedule.copy_to for schedule in args.schedules.values()):
        yield "BACKUP_RESOURCES_PROTECTED_BY_CROSS_REGION", {}, True
