"""Until when AWS supports versions at the standard price; afterwards extended support is charged. Data; the caller brings the day."""

from collections.abc import Mapping
from datetime import date

EKS_STANDARD_UNTIL: Mapping[str, date] = {
    "1.31": date(2025, 11, 26),
    "1.32": date(2026, 3, 23),
    "1.33": date(2026, 7, 29),
    "1.34": date(2026, 12, 2),
    "1.35": date(2027, 3, 27),
    "1.36": date(2027, 8, 2),
}
"""Last day of standard support by Kubernetes version, oldest first. Every version before the first has left it.

https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html, as endoflife.date/amazon-eks had it on 2026-08-22.
"""

RDS_STANDARD_UNTIL: Mapping[tuple[str, str], date] = {
    ("mysql", "5.7"): date(2024, 2, 29),
    ("mysql", "8.0"): date(2026, 7, 31),
    ("mysql", "8.4"): date(2029, 7, 31),
    ("postgres", "11"): date(2024, 2, 29),
    ("postgres", "12"): date(2025, 2, 28),
    ("postgres", "13"): date(2026, 2, 28),
    ("postgres", "14"): date(2027, 2, 28),
    ("postgres", "15"): date(2028, 2, 29),
    ("postgres", "16"): date(2029, 2, 28),
    ("postgres", "17"): date(2030, 2, 28),
    ("postgres", "18"): date(2031, 2, 28),
    ("aurora-mysql", "5.7"): date(2024, 10, 31),
    ("aurora-mysql", "8.0"): date(2028, 4, 30),
    ("aurora-postgresql", "11"): date(2024, 2, 29),
    ("aurora-postgresql", "12"): date(2025, 2, 28),
    ("aurora-postgresql", "13"): date(2026, 2, 28),
    ("aurora-postgresql", "14"): date(2027, 2, 28),
    ("aurora-postgresql", "15"): date(2028, 2, 29),
    ("aurora-postgresql", "16"): date(2029, 2, 28),
    ("aurora-postgresql", "17"): date(2030, 2, 28),
    ("aurora-postgresql", "18"): date(2031, 2, 28),
}
"""Last day of standard support by engine and major version. A version that is not here is newer than these, or has no extended support
(MariaDB has none). Aurora MySQL 8.4, released on 2026-05-21, is not here: no date was found in AWS's release notes nor with endoflife.date,
and AWS's version policy only promises that support does not end before the community's.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/MySQL.Concepts.VersionMgmt.html,
https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html and
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraPostgreSQLReleaseNotes/aurorapostgresql-release-calendar.html, as endoflife.date had them
on 2026-08-22; https://docs.aws.amazon.com/AmazonRDS/latest/AuroraMySQLReleaseNotes/AuroraMySQL.release-calendars.html, likewise on
2026-05-20.
"""


def eks_oldest_supported(today: date) -> str:
    """The oldest version in standard support on a day; where the calendar ends before it, the one after the newest known."""
    newest = max(EKS_STANDARD_UNTIL, key=_minor)
    return next((version for version, until in EKS_STANDARD_UNTIL.items() if today <= until), f"1.{_minor(newest) + 1}")


def eks_standard_until(version: str) -> date | None:
    """Last day of standard support; None for a version newer than those known, or no version at all."""
    oldest = min(EKS_STANDARD_UNTIL, key=_minor)
    if not _is_version(version):
        return None
    if _minor(version) < _minor(oldest):
        return EKS_STANDARD_UNTIL[oldest]
    return EKS_STANDARD_UNTIL.get(version)


def rds_standard_until(engine: str, version: str) -> date | None:
    """Last day of standard support of a database engine's version (`14.10`, `8.0.35`); None where nothing is known of it."""
    parts = version.split(".")
    major = ".".join(parts[:2]) if "mysql" in engine else parts[0]
    return RDS_STANDARD_UNTIL.get((engine, major))


def _is_version(version: str) -> bool:
    major, dot, minor = version.partition(".")
    return bool(dot) and major.isdigit() and minor.isdigit()


def _minor(version: str) -> int:
    return int(version.partition(".")[2])
