"""Kubernetes versions on EKS and how long AWS supports them. Pure data and functions; the caller brings today's date.

A version has 14 months of standard support and then 12 of extended support, which costs about six times as much per cluster hour. When
support of a cluster ends AWS upgrades it, on its own day.

Sources: https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html and https://endoflife.date/amazon-eks, read 2026-11.
A new version is one line here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

DEFAULT_VERSION = "1.35"
"""Version of a cluster that names none: the newest but one, so that add-ons and charts have caught up with it."""

WARNING_DAYS = 60
"""Warn this many days before standard support ends: room for two monthly maintenance windows."""


@dataclass(frozen=True, slots=True)
class Support:
    """Until when AWS supports a version."""

    standard_until: date
    """Last day of standard support."""
    extended_until: date
    """Last day of extended support; AWS then upgrades the cluster whatever its upgrade policy says."""


SUPPORT: Mapping[str, Support] = {
    "1.31": Support(date(2025, 11, 26), date(2026, 11, 26)),
    "1.32": Support(date(2026, 3, 23), date(2027, 3, 23)),
    "1.33": Support(date(2026, 7, 29), date(2027, 7, 29)),
    "1.34": Support(date(2026, 12, 2), date(2027, 12, 2)),
    "1.35": Support(date(2027, 3, 27), date(2028, 3, 27)),
    "1.36": Support(date(2027, 8, 2), date(2028, 8, 2)),
}
"""Support dates by version, oldest first."""

NODE_SKEW = 3
"""How many minor versions a node may lag behind its control plane (https://kubernetes.io/releases/version-skew-policy/)."""


def supported_versions() -> tuple[str, ...]:
    """Every version this library knows, oldest first."""
    return tuple(SUPPORT)


def version_problem(version: str) -> str | None:
    """Say what is wrong with a version, or None where it is known."""
    if version in SUPPORT:
        return None
    return f"Kubernetes {version!r} is not a version of EKS that is supported here; choose from {', '.join(SUPPORT)}"


def node_version_problem(node: str, control_plane: str) -> str | None:
    """Say why nodes of one version cannot join a control plane of another, or None where they can."""
    problem = version_problem(node)
    if problem:
        return problem
    behind = _minor(control_plane) - _minor(node)
    if behind < 0:
        return f"nodes of version {node} are newer than the control plane ({control_plane}); upgrade the control plane first"
    if behind > NODE_SKEW:
        return f"nodes of version {node} are {behind} minor versions behind the control plane ({control_plane}); at most {NODE_SKEW} work"
    return None


def support_warning(version: str, today: date, upgrade_policy: str = "extended") -> str | None:
    """Say when support of a version ends, where that is near or past, and what AWS does then.

    Args:
        version: a version of `supported_versions()`; any other gets its own sentence.
        today: the day to judge from.
        upgrade_policy: `standard` or `extended`. With `standard` AWS upgrades the cluster on its own day, and this program, which knows the
            old version, cannot set it back (https://docs.aws.amazon.com/eks/latest/userguide/disable-extended-support.html).

    Returns:
        One line, or None while standard support lasts for more than `WARNING_DAYS`.
    """
    support = SUPPORT.get(version)
    if support is None:
        return version_problem(version)
    left = (support.standard_until - today).days
    if left > WARNING_DAYS:
        return None
    newer = ", ".join(other for other in SUPPORT if _minor(other) > _minor(version))
    advice = f"; upgrade to {newer.partition(',')[0]}, one minor version at a time" if newer else ""
    if left >= 0:
        then = ", and AWS then upgrades the cluster by itself" if upgrade_policy == "standard" else ""
        return f"EKS {version} leaves standard support in {left} days ({support.standard_until}){then}{advice}"
    if today <= support.extended_until and upgrade_policy == "standard":
        return (
            f"EKS {version} left standard support on {support.standard_until}: with upgrade_policy standard AWS upgrades the cluster by "
            f"itself; to stay, set upgrade_policy to extended, at about six times the price{advice}"
        )
    if today <= support.extended_until:
        end = (support.extended_until - today).days
        return (
            f"EKS {version} left standard support on {support.standard_until}: extended support costs about six times as much and ends in "
            f"{end} days ({support.extended_until}){advice}"
        )
    return f"EKS {version} left extended support on {support.extended_until}: AWS upgrades such clusters by itself{advice}"


def _minor(version: str) -> int:
    return int(version.partition(".")[2])
