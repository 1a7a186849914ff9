"""Many verdicts of one resource into what is worth saying."""

from collections.abc import Iterable

from platform_policies.rule import Status, Verdict, passed


def settle(verdicts: Iterable[Verdict], *, sub_id: str = "") -> list[Verdict]:
    """Every failure; without one, the first thing that is not known; without that, one pass."""
    found = list(verdicts)
    failures = list(dict.fromkeys(one for one in found if one.status is Status.FAIL))
    doubts = [one for one in found if one.status is Status.UNKNOWN]
    return failures or doubts[:1] or [passed(sub_id=sub_id)]
