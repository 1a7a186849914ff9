"""What a ClusterBackup is given, and what an environment may say of it."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from platform_components.args import Args
from platform_components.charts.args import InstallationArgs
from platform_components.data.options import Removal, StoreEncryption

ScheduleName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,14}$")]

LATE_HOURS = 2
"""How long a backup of a cluster may take before the one before it counts as old."""


class ClusterSchedule(Args):
    """When the cluster is backed up, and what of it."""

    every_hours: int = Field(24, ge=1, le=168, description="Hours between two backups: a divisor of 24, or 24, or 168. Omitted: 24.")
    keep_days: int = Field(30, ge=1, le=3650, description="How long each is kept, in days. Omitted: 30.")
    namespaces: tuple[str, ...] = Field((), description="Namespaces that are backed up. Omitted: all, and what lies in none.")
    volumes: bool = Field(True, description="Whether volumes are snapshot too. Omitted: true.")

    @property
    def cron(self) -> str:
        """The schedule as Velero reads it, UTC."""
        if self.every_hours == 168:  # noqa: PLR2004 -- a week
            return "0 1 * * 0"
        return "0 1 * * *" if self.every_hours == 24 else f"0 */{self.every_hours} * * *"  # noqa: PLR2004 -- a day

    @model_validator(mode="after")
    def _can_be(self) -> "ClusterSchedule":
        if 24 % self.every_hours and self.every_hours != 168:  # noqa: PLR2004 -- a day, a week
            raise ValueError(f"every_hours {self.every_hours} divides no day; use 1, 2, 3, 4, 6, 8, 12, 24 or 168")
        return self


class ClusterDrill(Args):
    """A restore that is tried: a namespace of its own is restored under another name, and what comes back is compared."""

    cron: str = Field("0 6 * * 1", pattern=r"^\S+ \S+ \S+ \S+ \S+$", description="When, as cron writes it, UTC. Omitted: Monday at 6.")
    late_days: int = Field(9, ge=1, le=100, description="After how many days without a good one a ticket is opened. Omitted: 9.")


class ClusterBackupSettings(Args):
    """Backups of a cluster's objects and volumes."""

    schedules: Mapping[ScheduleName, ClusterSchedule] = Field(
        default={"daily": ClusterSchedule()}, min_length=1, description="Backups by name. Omitted: daily for 30 days, of everything."
    )
    exclude_namespaces: tuple[str, ...] = Field(
        ("kube-node-lease",), description="Namespaces that no backup of everything holds. Omitted: kube-node-lease."
    )
    drill: ClusterDrill | None = Field(ClusterDrill(), description="A restore that is tried. null: none. Omitted: every week.")
    encryption: StoreEncryption = Field(StoreEncryption(), description="The key of the bucket. Omitted: a key of its own.")
    removal: Removal = Field(
        Removal.KEEP, description="What becomes of the bucket, and the backups in it, when the program no longer has it. Omitted: keep."
    )

    @property
    def late_hours(self) -> dict[str, int]:
        """How old the newest good backup of each schedule may be, in hours."""
        return {name: schedule.every_hours + LATE_HOURS for name, schedule in self.schedules.items()}

    @model_validator(mode="after")
    def _drill_finds_a_backup(self) -> "ClusterBackupSettings":
        if self.drill is not None and all(schedule.namespaces for schedule in self.schedules.values()):
            raise ValueError(
                "drill restores a namespace of its own, which no schedule holds; let one hold all namespaces, or say drill: null"
            )
        return self


class ClusterBackupArgs(ClusterBackupSettings, InstallationArgs):
    """Backups of one cluster."""

    tags: Mapping[str, str] = Field(default={}, description="Tags of what is made in AWS. Omitted: only the library's own.")
