"""What a failure would cost, store by store, held against what is promised. Pure but for the declarations it reads."""

from collections.abc import Iterator
from dataclasses import dataclass

from platform_components.declarations.data import DataSettings
from platform_components.resilience.args import BackupSettings, ResilienceSettings, Survives
from platform_components.resilience.cluster_args import ClusterBackupSettings
from platform_components.tenancy.claims import ClaimedStores

LOG_HOURS = 5 / 60
"""RDS puts its transaction logs away every five minutes (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html)."""

FAILOVER_HOURS = 2 / 60
"""A standby takes over within one to two minutes (.../UserGuide/Concepts.MultiAZSingleStandby.html)."""

START_HOURS = 0.5
"""Until a restored instance answers, besides the time that its data takes: an assumption, which a drill should replace."""


Stores = DataSettings | ClaimedStores
"""What holds data: an environment's own, or a team's there."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What the failure costs of one store."""

    kind: str
    name: str
    hours: float | None
    """Hours of data that may be gone; None: all of it."""
    recovery_hours: float
    """Hours until it answers again."""
    why: str
    """Where the figures come from."""
    restored: bool = False
    """Comes back out of a backup, which somebody has to start."""
    rebuilt: bool = False
    """Holds copies and messages on their way only, or what nobody declared: no promise is about it."""
    team: str = ""
    """Whose it is; empty: the platform's."""


def losses(data: Stores, resilience: ResilienceSettings) -> Iterator[Loss]:
    """What is lost of each store, and of pods' volumes, where the failure happens that the promises are about."""
    yield from store_losses(data, resilience)
    interval = None if resilience.survives is Survives.REGION or resilience.cluster is None else volume_interval(resilience.cluster)
    why = "a volume lies in one zone, and " + ("no snapshot is kept" if interval is None else f"a snapshot is made every {interval:g} h")
    yield Loss("volumes", "of pods", interval, START_HOURS, why, rebuilt=True)


def store_losses(data: Stores, resilience: ResilienceSettings) -> Iterator[Loss]:
    """What is lost of each store."""
    region = resilience.survives is Survives.REGION
    copied = copy_interval(resilience.backup)
    for name, database in data.databases.items():
        restore = START_HOURS + database.storage_gb / resilience.restore_gb_per_hour
        if region:
            why = "no backup is copied out of the region" if copied is None else f"the last copy in another region, every {copied:g} h"
            yield Loss("databases", name, copied, restore, why, restored=copied is not None)
        elif database.standby or database.aurora:
            yield Loss("databases", name, 0, FAILOVER_HOURS, "a copy in another zone takes over")
        else:
            yield Loss("databases", name, LOG_HOURS, restore, "restored to the last five minutes, in another zone", restored=True)
    for name in data.buckets:
        if region:
            why = "no backup is copied out of the region" if copied is None else f"the last copy in another region, every {copied:g} h"
            yield Loss("buckets", name, copied, START_HOURS, why, restored=copied is not None)
        else:
            yield Loss("buckets", name, 0, 0, "S3 keeps objects in three zones")
    for kind, stores in (("queues", data.queues), ("streams", data.streams)):
        for name in stores:
            hours = None if region else 0
            why = "what is on its way is lost with the region" if region else "kept in three zones"
            yield Loss(kind, name, hours, START_HOURS if region else 0, why, rebuilt=True)
    for name, cache in data.caches.items():
        safe = not region and cache.copies > 0
        yield Loss("caches", name, 0 if safe else None, FAILOVER_HOURS if safe else START_HOURS, "filled anew", rebuilt=True)


def volume_interval(cluster: ClusterBackupSettings) -> float | None:
    """Hours between two snapshots of every volume; None where not all of them are snapshot."""
    found = [schedule.every_hours for schedule in cluster.schedules.values() if schedule.volumes and not schedule.namespaces]
    return min(found, default=None)


def copy_interval(backup: BackupSettings | None) -> float | None:
    """Hours between two copies out of the region; None where nothing is copied."""
    found = [schedule.every_hours for schedule in backup.schedules.values() if schedule.copy_to] if backup is not None else []
    return min(found, default=None)


def broken(data: Stores, resilience: ResilienceSettings) -> Iterator[tuple[Loss, str, str]]:
    """Promises that are not kept: by which store, the field that promises, and why it is not."""
    failure = f"the loss of a {resilience.survives}"
    for loss in store_losses(data, resilience):
        if loss.rebuilt:
            continue
        what = f"{loss.kind} {loss.name}"
        if resilience.rpo_hours is not None and (loss.hours is None or loss.hours > resilience.rpo_hours):
            lost = "everything" if loss.hours is None else f"{loss.hours:g} h"
            yield loss, "rpo_hours", f"{resilience.rpo_hours:g} h are promised for {failure}, and {what} would lose {lost}: {loss.why}"
        if resilience.rto_hours is not None and loss.recovery_hours > resilience.rto_hours:
            yield (
                loss,
                "rto_hours",
                f"{resilience.rto_hours:g} h are promised for {failure}, and {what} needs {loss.recovery_hours:.1f} h: {loss.why}",
            )
