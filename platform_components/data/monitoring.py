"""Alarms and dashboards, as data: what to watch of each kind of store, and from which value on it is trouble. Pure.

Thresholds follow https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ABOVE, BELOW = "GreaterThanThreshold", "LessThanThreshold"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm of a store."""

    role: str
    """Last part of its name."""
    metric: str
    statistic: str
    comparison: str
    threshold: float
    why: str
    """What it means and what to do, for whoever is woken."""
    period: int = 300
    """Seconds of one reading."""
    periods: int = 3
    """Readings in a row that must be bad."""
    missing: str = "notBreaching"
    """What no reading counts as."""


def widget(title: str, namespace: str, metrics: Sequence[tuple[str, str]], dimensions: Mapping[str, Any], region: Any, place: int) -> Any:
    """One graph of a dashboard; `place` counts them from the upper left, three in a row."""
    pairs = [part for pair in dimensions.items() for part in pair]
    return {
        "type": "metric",
        "x": place % 3 * 8,
        "y": place // 3 * 6,
        "width": 8,
        "height": 6,
        "properties": {
            "title": title,
            "region": region,
            "view": "timeSeries",
            "period": 60,
            "metrics": [[namespace, metric, *pairs, {"stat": statistic}] for metric, statistic in metrics],
        },
    }


@dataclass(frozen=True, slots=True)
class Watch:
    """What is watched of one kind of store."""

    namespace: str
    alarms: Sequence[Alarm]
    graphs: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    """Title, and metrics with their statistics."""


BUCKET = Watch(
    "AWS/S3",
    (
        Alarm("errors", "5xxErrors", "Average", ABOVE, 0.01, "more than 1 % of requests fail on the side of S3", periods=3),
        Alarm("refused", "4xxErrors", "Average", ABOVE, 0.2, "more than 20 % of requests are refused: a wrong role, or somebody who tries"),
    ),
    (
        ("Requests", (("AllRequests", "Sum"), ("GetRequests", "Sum"), ("PutRequests", "Sum"))),
        ("Errors", (("4xxErrors", "Sum"), ("5xxErrors", "Sum"))),
        ("Time to answer, ms", (("FirstByteLatency", "p99"), ("TotalRequestLatency", "p99"))),
    ),
)

QUEUE = Watch(
    "AWS/SQS",
    (
        Alarm(
            "age",
            "ApproximateAgeOfOldestMessage",
            "Maximum",
            ABOVE,
            900,
            "the oldest message has waited for a quarter of an hour: consumers are down or too few",
        ),
    ),
    (
        ("Messages waiting", (("ApproximateNumberOfMessagesVisible", "Maximum"), ("ApproximateNumberOfMessagesNotVisible", "Maximum"))),
        ("Oldest message, s", (("ApproximateAgeOfOldestMessage", "Maximum"),)),
        ("In and out", (("NumberOfMessagesSent", "Sum"), ("NumberOfMessagesReceived", "Sum"), ("NumberOfMessagesDeleted", "Sum"))),
    ),
)
DEAD_LETTERS = Watch(
    "AWS/SQS",
    (
        Alarm(
            "arrived",
            "ApproximateNumberOfMessagesVisible",
            "Maximum",
            ABOVE,
            0,
            "messages that no consumer could handle: read one, mend the consumer, then start a redrive",
            periods=1,
        ),
    ),
    (),
)

DATABASE = Watch(
    "AWS/RDS",
    (
        Alarm("cpu", "CPUUtilization", "Average", ABOVE, 85, "processors are busy: look for slow queries, then choose a larger size"),
        Alarm("memory", "FreeableMemory", "Average", BELOW, 256 * 2**20, "less than 256 MB of memory is free: choose a larger size"),
    ),
    (
        ("Processors, %", (("CPUUtilization", "Average"),)),
        ("Connections", (("DatabaseConnections", "Maximum"),)),
        ("Free memory", (("FreeableMemory", "Minimum"),)),
        ("Time to read and write, s", (("ReadLatency", "Average"), ("WriteLatency", "Average"))),
        ("Operations per second", (("ReadIOPS", "Average"), ("WriteIOPS", "Average"))),
        ("Free storage", (("FreeStorageSpace", "Minimum"),)),
    ),
)
STORAGE = Watch(
    "AWS/RDS",
    (
        Alarm(
            "storage",
            "FreeStorageSpace",
            "Minimum",
            BELOW,
            2 * 2**30,
            "less than 2 GB of storage is free and growth has not come: look at max_storage_gb",
        ),
    ),
    (),
)
CAPACITY = Watch(
    "AWS/RDS",
    (Alarm("capacity", "ACUUtilization", "Average", ABOVE, 90, "it is near its most capacity units: choose a larger size"),),
    (),
)

CACHE = Watch(
    "AWS/ElastiCache",
    (
        Alarm("cpu", "EngineCPUUtilization", "Average", ABOVE, 85, "the engine's one thread is busy: choose a larger size, or more shards"),
        Alarm(
            "memory",
            "DatabaseMemoryUsagePercentage",
            "Average",
            ABOVE,
            85,
            "memory is nearly full: entries will be evicted before their time",
        ),
        Alarm("evictions", "Evictions", "Sum", ABOVE, 1000, "entries are evicted before their time: choose a larger size"),
    ),
    (
        ("Processor, %", (("EngineCPUUtilization", "Average"),)),
        ("Memory, %", (("DatabaseMemoryUsagePercentage", "Average"),)),
        ("Hits and misses", (("CacheHits", "Sum"), ("CacheMisses", "Sum"), ("Evictions", "Sum"))),
    ),
)
SERVERLESS_CACHE = Watch(
    "AWS/ElastiCache",
    (Alarm("throttled", "ThrottledCmds", "Sum", ABOVE, 0, "commands are throttled: raise the most units per second"),),
    (
        ("Units", (("ElastiCacheProcessingUnits", "Sum"),)),
        ("Bytes", (("BytesUsedForCache", "Maximum"),)),
        ("Hits and misses", (("CacheHits", "Sum"), ("CacheMisses", "Sum"), ("ThrottledCmds", "Sum"))),
    ),
)

STREAM = Watch(
    "AWS/Kinesis",
    (
        Alarm(
            "lag",
            "GetRecords.IteratorAgeMilliseconds",
            "Maximum",
            ABOVE,
            900_000,
            "a consumer is a quarter of an hour behind: it is down or too slow",
        ),
        Alarm(
            "throttled", "WriteProvisionedThroughputExceeded", "Sum", ABOVE, 0, "producers are throttled: add shards, or choose on-demand"
        ),
    ),
    (
        ("In", (("IncomingRecords", "Sum"), ("IncomingBytes", "Sum"))),
        ("Behind, ms", (("GetRecords.IteratorAgeMilliseconds", "Maximum"),)),
        ("Throttled", (("WriteProvisionedThroughputExceeded", "Sum"), ("ReadProvisionedThroughputExceeded", "Sum"))),
    ),
)
KAFKA = Watch(
    "AWS/Kafka",
    (Alarm("lag", "SumOffsetLag", "Maximum", ABOVE, 100_000, "consumers are 100,000 records behind: they are down or too slow"),),
    (("In and out, bytes", (("BytesInPerSec", "Sum"), ("BytesOutPerSec", "Sum"))), ("Behind", (("SumOffsetLag", "Maximum"),))),
)


def backups(late_hours: int, *, copied: bool) -> Watch:
    """What is watched of a vault: that backups keep coming, not only that none failed; what never ran has no failure either.

    Args:
        late_hours: after how many hours without a backup one is missing.
        copied: whether backups are copied elsewhere.
    """

    def missing(role: str, metric: str, what: str) -> Alarm:
        why = f"no {what} has been completed for {late_hours} hours: see the runbook BackupTooOld"
        return Alarm(role, metric, "Sum", BELOW, 1, why, period=3600, periods=late_hours, missing="breaching")

    def jobs(kind: str) -> Sequence[tuple[str, str]]:
        return tuple((f"NumberOf{kind}Jobs{end}", "Sum") for end in ("Completed", "Failed"))

    return Watch(
        "AWS/Backup",
        (
            missing("missing", "NumberOfBackupJobsCompleted", "backup"),
            *((missing("copies-missing", "NumberOfCopyJobsCompleted", "copy of a backup"),) if copied else ()),
        ),
        (
            (
                "Backups",
                (("NumberOfBackupJobsCompleted", "Sum"), ("NumberOfBackupJobsFailed", "Sum"), ("NumberOfBackupJobsExpired", "Sum")),
            ),
            ("Copies", (("NumberOfCopyJobsCompleted", "Sum"), ("NumberOfCopyJobsFailed", "Sum"))),
            ("Restores", (("NumberOfRestoreJobsCompleted", "Sum"), ("NumberOfRestoreJobsFailed", "Sum"))),
        ),
    )
