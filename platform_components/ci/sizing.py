"""How many runners a queue of jobs needs, so that 95 of 100 jobs wait no longer than wanted.

Runners are ephemeral: each is created, starts, takes one job and is gone, as those of a runner scale set are. At any time
`min(runners, jobs waiting or running + idle)` of them exist.
"""

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from platform_components.ci.jobs import Day

SHARE: Final = 0.95
"""Share of the jobs that wait no longer than wanted."""
UNLIMITED: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """A fleet that is large enough, and how it does."""

    runners: int
    """Most runners at a time."""
    idle: int
    """Runners kept started without a job."""
    wait: float
    """Seconds that 95 of 100 jobs wait at most, with this many."""
    wait_with_one_less: float
    """The same with one runner less: how coarse the step is."""
    busiest: int
    """Most runners at a time, if no job has to wait for its turn."""
    busy_hours: float
    """Hours in which a runner exists, per day: what is paid for where nodes come and go with them."""


def waits(day: Day, runners: int, idle: int, start: float) -> Iterator[float]:
    """Seconds each job waits for a runner, in the order they queued.

    Job k is taken by the k-th runner to be ready. That runner is created as soon as it is wanted (job k - idle has queued)
    and allowed (all but `runners` - 1 of those before it are gone).
    """
    ends: list[float] = []
    for place, job in enumerate(day):
        wanted = day[place - idle].queued if place >= idle else -math.inf
        allowed = heapq.heappop(ends) if place >= runners else -math.inf
        begun = max(job.queued, max(wanted, allowed) + start)
        heapq.heappush(ends, begun + job.duration)
        yield begun - job.queued


def percentile(values: Sequence[float], share: float = SHARE) -> float:
    """The smallest value that this share of the values does not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def size(days: Sequence[Day], wanted: float, start: float) -> Size:
    """The smallest fleet with which 95 of 100 jobs wait `wanted` seconds at most.

    Args:
        days: what queues; one day has no effect on the next.
        wanted: seconds; at least as long as nothing, see `idle`.
        start: seconds from creating a runner until it takes a job.

    Idle runners are kept only where a start alone would take more than half of the wanted wait: the other half is left to the queue.
    """

    def wait(runners: int, idle: int) -> float:
        return _wait(days, runners, idle, start)

    busiest = max((_most_at_once(day, start) for day in days), default=0)
    idle = idle_runners(days, wanted, start)
    runners = _smallest(max(1, idle), max(1, busiest + idle), lambda count: wait(count, idle) <= wanted)
    return Size(
        runners=runners,
        idle=idle,
        wait=wait(runners, idle),
        wait_with_one_less=wait(runners - 1, min(idle, runners - 1)) if runners > 1 else math.inf,
        busiest=busiest,
        busy_hours=sum(job.duration + start for day in days for job in day) / 3600 / max(1, len(days)),
    )


def idle_runners(days: Sequence[Day], wanted: float, start: float) -> int:
    """Runners to keep started, so that a start alone takes no more than half of the wanted wait; see `size`."""
    if start <= wanted / 2:
        return 0
    busiest = max((_most_at_once(day, start) for day in days), default=0)
    return _smallest(0, busiest, lambda count: _wait(days, UNLIMITED, count, start) <= wanted / 2)


def _wait(days: Sequence[Day], runners: int, idle: int, start: float) -> float:
    """Seconds that 95 of 100 jobs wait at most."""
    return percentile([seconds for day in days for seconds in waits(day, runners, idle, start)])


def _smallest(low: int, high: int, enough: Callable[[int], bool]) -> int:
    """The smallest count that is enough, where more is never worse."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low


def _most_at_once(day: Day, start: float) -> int:
    """Most runners that exist at a time, if every job gets its own as it queues: beyond these none has to wait for its turn."""
    steps = sorted(step for job in day for step in ((job.queued, 1), (job.queued + start + job.duration, -1)))
    return max(accumulate((step for _, step in steps), initial=0))
