"""Versions of a mesh: which may stand beside each other. Pure.

Source: https://istio.io/latest/docs/setup/upgrade/canary/ and https://istio.io/latest/docs/releases/supported-releases/#control-planedata-plane-skew:
a control plane may be one minor version ahead of its data plane, and is upgraded one minor version at a time.
"""

PATTERN = r"^[0-9]+\.[0-9]+\.[0-9]+$"


def parts(version: str) -> tuple[int, int, int]:
    """Major, minor and patch."""
    major, minor, patch = map(int, version.split("."))
    return major, minor, patch


def minors_between(older: str, newer: str) -> int:
    """Minor versions from one to the other; negative where the second is the older, a thousand for every major."""
    (old_major, old_minor, _), (new_major, new_minor, _) = parts(older), parts(newer)
    return (new_major - old_major) * 1000 + new_minor - old_minor


def canary_problem(stable: str, canary: str) -> str | None:
    """Say why a version cannot be tried beside another, or None where it can."""
    if parts(canary) < parts(stable):
        return f"{canary} is older than stable {stable}: a mesh is not downgraded; take the canary out, and move workloads back by its tag"
    if canary == stable:
        return f"{canary} is what stable is, too; leave the canary out"
    if minors_between(stable, canary) > 1:
        major, minor, _ = parts(stable)
        return f"{canary} is more than one minor version above stable {stable}; go to {major}.{minor + 1} first"
    return None


def tested_problem(version: str, tested: str) -> str | None:
    """Say why a version is too far from the one that the charts' values are written for and tested with, or None."""
    if abs(minors_between(tested, version)) > 1:
        return (
            f"{version} is more than one minor version from {tested}, which the platform's values are written for; bump the records first"
        )
    return None
