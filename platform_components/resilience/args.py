"""What a BackupPlan is given, and the `resilience` section of an environment: what is promised, and what keeps the promise."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from platform_components.args import Args, Late
from platform_components.data.options import Alarms, Removal, StoreEncryption
from platform_components.finops.args import Email
from platform_components.profile import Profile
from platform_components.resilience.cluster_args import ClusterBackupSettings

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,14}$")]
VaultArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:backup:[a-z0-9-]+:\d{12}:backup-vault:.+$")]

COLD_DAYS = 90
"""How long a backup stays in cold storage at least, in days (https://docs.aws.amazon.com/aws-backup/latest/devguide/plan-options.html)."""

JOB_HOURS = 9
"""Hours within which a job starts and ends, or is told to have failed: an hour to start in, eight to end."""

ALARM_HOURS = 168
"""The longest that an alarm of CloudWatch looks back, in hours
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)."""


class Survives(StrEnum):
    """The largest thing that may fail."""

    ZONE = "zone"
    REGION = "region"


class Lock(Args):
    """Backups that nobody deletes before their time."""

    min_days: int = Field(7, ge=1, description="Fewest days that a backup is kept. Omitted: 7.")
    max_days: int = Field(400, ge=1, description="Most days that a backup is kept. Omitted: 400.")
    grace_days: int | None = Field(
        None,
        ge=3,
        description="After so many days nobody can take the lock off again, the account's root user included. Omitted: whoever may, can.",
    )


class Schedule(Args):
    """When a backup is made, and how long it is kept."""

    every_hours: int = Field(24, ge=1, le=168, description="Hours between two backups: a divisor of 24, or 24, or 168. Omitted: 24.")
    keep_days: int = Field(35, ge=1, description="How long each is kept, in days. Omitted: 35.")
    cold_after_days: int | None = Field(None, ge=1, description="When it moves to cold storage, in days. Omitted: never.")
    copy_to: tuple[Name, ...] = Field((), description="Copies: names out of `copies`. Omitted: none.")

    @property
    def cron(self) -> str:
        """The schedule as AWS Backup reads it, UTC."""
        if self.every_hours == 168:  # noqa: PLR2004 -- a week
            return "cron(0 3 ? * SUN *)"
        return "cron(0 3 * * ? *)" if self.every_hours == 24 else f"cron(0 0/{self.every_hours} * * ? *)"  # noqa: PLR2004 -- a day

    @model_validator(mode="after")
    def _can_be(self) -> "Schedule":
        problems = []
        if 24 % self.every_hours and self.every_hours != 168:  # noqa: PLR2004 -- a day, a week
            problems.append(f"every_hours {self.every_hours} divides no day; use 1, 2, 3, 4, 6, 8, 12, 24 or 168")
        if self.cold_after_days is not None and self.keep_days < self.cold_after_days + COLD_DAYS:
            problems.append(f"keep_days {self.keep_days} is less than {COLD_DAYS} days after cold_after_days {self.cold_after_days}")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class Copy(Args):
    """A vault elsewhere: in another region, another account, or both."""

    vault_arn: VaultArn = Field(description="ARN of the vault, whose policy lets this account copy into it. Required.")
    keep_days: int = Field(35, ge=1, description="How long a copy is kept there, in days. Omitted: 35.")


class Drill(Args):
    """A restore that is tried, and thrown away again."""

    every_days: int = Field(7, ge=1, le=28, description="Days between two drills: 1, 7 or 28. Omitted: 7.")
    validation_hours: int = Field(4, ge=1, le=168, description="How long what was restored can be looked at, in hours. Omitted: 4.")

    @property
    def cron(self) -> str:
        """The schedule as AWS Backup reads it, UTC."""
        return {1: "cron(0 5 * * ? *)", 7: "cron(0 5 ? * MON *)"}.get(self.every_days, "cron(0 5 1 * ? *)")


class BackupAlarms(Alarms):
    """Who hears of backups, copies and restores that failed, and of those that never came."""

    topic_arn: Late[str] | None = Field(
        None,
        description="SNS topic that is told; its policy and key have to let CloudWatch and EventBridge in. Omitted: a topic of its own, "
        "with a key at $1 a month.",
    )
    notify: tuple[Email, ...] = Field((), max_length=10, description="E-mail addresses that the topic writes to. Omitted: none.")


class Audit(Args):
    """What an auditor is shown: controls that AWS evaluates each day, and reports of them and of every job. Needs AWS Config to record."""

    keep_days: int = Field(400, ge=1, description="How long reports are kept in their bucket, in days. Omitted: 400.")
    service_role: bool = Field(
        True,
        description="Make the role by which AWS Backup writes reports. An account has it once: false where it is there. Omitted: true.",
    )


class BackupSettings(Args):
    """What is backed up, when, and where to."""

    schedules: Mapping[Name, Schedule] = Field(
        default={"daily": Schedule(), "monthly": Schedule(every_hours=168, keep_days=365)},
        description="Backups by name. Omitted: daily for 35 days, weekly for a year.",
    )
    copies: Mapping[Name, Copy] = Field(
        default={}, description="Vaults elsewhere, by name. Omitted: none; a lost region takes all with it."
    )
    lock: Lock | None = Field(Lock(), description="Keeps backups from being deleted early. null: no lock. Omitted: 7 to 400 days.")
    drill: Drill | None = Field(Drill(), description="Restores that are tried. null: none. Omitted: every week.")
    encryption: StoreEncryption = Field(StoreEncryption(), description="The key of the vault. Omitted: a key of its own.")
    removal: Removal = Field(
        Removal.KEEP,
        description="What becomes of the vault, and the backups in it, when the program no longer has it. Omitted: keep; delete with "
        "profile dev. `delete` needs no lock.",
    )
    alarms: BackupAlarms = Field(BackupAlarms(), description="Who hears of what failed or is missing. Omitted: a topic of its own.")
    audit: Audit | None = Field(None, description="A framework and reports for auditors. Omitted: none; with profile regulated both.")

    @property
    def keeps(self) -> bool:
        """Whether backups outlive the program's interest in them."""
        return self.removal is Removal.KEEP

    @property
    def late_hours(self) -> int:
        """After how many hours without a backup one is missing: the shortest interval, and the time that a job may start and end in."""
        return min(min(schedule.every_hours for schedule in self.schedules.values()) + JOB_HOURS, ALARM_HOURS)

    @model_validator(mode="after")
    def _agree(self) -> "BackupSettings":
        problems = [
            f"schedules.{name}.copy_to names {target}, which copies does not have"
            for name, schedule in self.schedules.items()
            for target in schedule.copy_to
            if target not in self.copies
        ]
        if self.lock is not None:
            problems += [
                f"schedules.{name}.keep_days {schedule.keep_days} lies outside of the lock, {self.lock.min_days} to {self.lock.max_days}"
                for name, schedule in self.schedules.items()
                if not self.lock.min_days <= schedule.keep_days <= self.lock.max_days
            ]
        if self.lock is not None and not self.keeps:
            problems.append("removal: delete needs lock: null, else AWS refuses to delete what is locked")
        if not self.schedules:
            problems.append("schedules is empty; name one, or leave it out")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class BackupPlanArgs(BackupSettings):
    """A vault, a plan, and what it covers."""

    tag_key: str = Field("Environment", description="Tag of what is covered: databases, buckets, volumes, clusters. Omitted: Environment.")
    tag_value: Late[str] = Field(description="Its value: the environment. Required.")
    tags: Mapping[str, str] = Field(default={}, description="Tags of everything it makes. Omitted: only the library's own.")


class ResilienceSettings(Args):
    """What is promised, and the backups that keep the promise."""

    survives: Survives = Field(
        Survives.ZONE, description="The largest failure the promises hold for: of a zone, or of a region. Omitted: of a zone."
    )
    rpo_hours: float | None = Field(None, gt=0, description="Most data that may be lost, in hours before the failure. Omitted: no promise.")
    rto_hours: float | None = Field(None, gt=0, description="How long it may take until it runs again, in hours. Omitted: no promise.")
    restore_gb_per_hour: float = Field(
        200, gt=0, description="How fast a restore is, in GB an hour, as the last drill measured it. Omitted: 200."
    )
    backup: BackupSettings | None = Field(
        BackupSettings(), description="Backups; see the page of BackupPlan. null: none. Omitted: as there."
    )
    cluster: ClusterBackupSettings | None = Field(
        ClusterBackupSettings(),
        description="Backups of the cluster's objects and volumes; see the page of ClusterBackup. null: none. Omitted: daily; none with "
        "profile dev.",
    )


PROFILE_DEFAULTS: Mapping[Profile, Mapping[str, Any]] = {
    # A week of backups, for what somebody deleted by mistake; thrown away with all the rest. The cluster can be made anew.
    Profile.DEV: {
        "cluster": None,
        "backup": {
            "schedules": {"daily": {"keep_days": 7}},
            "lock": None,
            "drill": None,
            "encryption": {"owned_key": False},
            "removal": "delete",
            "alarms": {"enabled": False},
        },
    },
    Profile.PRODUCTION: {},
    Profile.REGULATED: {"backup": {"lock": {"min_days": 35, "max_days": 2600, "grace_days": 3}, "audit": {}}},
}
"""A profile's values where they differ from the fields' own defaults, which are those of production. YAML form."""
