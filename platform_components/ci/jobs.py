"""The work of a CI fleet: jobs that queue, drawn from a few figures or read from a file of past jobs."""

import csv
import math
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from platform_components.errors import DeclarationError, Problem

SHAPES: Final[Mapping[str, Sequence[float]]] = {
    "flat": (1,),
    "morning": (2, 5, 8, 10, 8, 6, 4, 3, 4, 5, 6, 5, 4, 3, 2, 1),
    "two-peaks": (2, 4, 8, 10, 7, 4, 2, 1, 2, 4, 8, 10, 7, 4, 2, 1),
    "evening": (1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6, 8, 10, 8, 4),
    "hourly": (10, 2, 2, 2) * 8,
}
"""Activity over the working day in equal parts, relative to one another: how a day runs, before the peak factor sharpens it."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job of a pipeline, in seconds since the start of its day."""

    queued: float
    duration: float


Day = Sequence[Job]
"""The jobs of one day, by the time they queued."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of a fleet, in the figures people have at hand."""

    services: int
    runs: float
    """Pipeline runs a service starts in a working day."""
    jobs: int
    """Jobs of a run; they queue together, as those of a matrix do: the hardest case."""
    minutes: float
    """Mean minutes a job holds a runner."""
    hours: float = 8
    """Hours of a working day."""
    peak: float = 3
    """Activity at the busiest time relative to the mean of the working day."""
    shape: str = "morning"
    variation: float = 1
    """Standard deviation of job minutes relative to their mean; durations are log-normal."""

    def problems(self) -> Sequence[str]:
        """What is wrong with the figures, every one of them; nothing where they can be worked with."""
        low = [
            f"{name} is {value:g}; it must be more than 0"
            for name, value in (("services", self.services), ("runs", self.runs), ("jobs", self.jobs), ("minutes", self.minutes))
            if not (value > 0 and math.isfinite(value))
        ]
        if not 0 < self.hours <= 24:  # noqa: PLR2004 -- a day
            low.append(f"hours is {self.hours:g}; a working day has more than 0 and at most 24")
        if not 0 <= self.variation <= 5:  # noqa: PLR2004 -- beyond it the mean of a sample says nothing
            low.append(f"variation is {self.variation:g}; it must be 0 to 5")
        if self.shape not in SHAPES:
            low.append(f"shape {self.shape} is unknown; choose from {', '.join(SHAPES)}")
        elif not 1 <= self.peak < (most := _sharpest(SHAPES[self.shape])) and not (most == self.peak == 1):
            low.append(f"peak is {self.peak:g}; a {self.shape} day allows 1" + (f" to less than {most:g}" if most > 1 else " only"))
        return low

    @property
    def jobs_per_day(self) -> float:
        """Jobs of all services in a working day."""
        return self.services * self.runs * self.jobs

    @property
    def concurrent_at_peak(self) -> float:
        """Jobs that run at the same time at the busiest moment, if none has to wait (Little's law)."""
        return self.jobs_per_day * self.minutes / (self.hours * 60) * self.peak

    def days(self, count: int, seed: int) -> Sequence[Day]:
        """Days drawn from these figures: runs arrive at random (Poisson) along the day's shape. A seed gives the same days again."""
        rng = random.Random(seed)  # noqa: S311 -- a simulation, not a secret
        return [tuple(self._day(rng)) for _ in range(count)]

    def _day(self, rng: random.Random) -> Iterator[Job]:
        weights = sharpened(SHAPES[self.shape], self.peak)
        part = self.hours * 3600 / len(weights)
        mean = self.minutes * 60
        spread = math.sqrt(math.log1p(self.variation**2))
        middle = math.log(mean) - spread**2 / 2
        for place, weight in enumerate(weights):
            rate = self.services * self.runs * weight / len(weights) / part
            at = place * part
            while rate and (at := at + rng.expovariate(rate)) < (place + 1) * part:
                yield from (Job(at, rng.lognormvariate(middle, spread)) for _ in range(self.jobs))


def _sharpest(profile: Sequence[float]) -> float:
    """What the peak factor of a profile tends to when it is sharpened without end."""
    return len(profile) / profile.count(max(profile))


def sharpened(profile: Sequence[float], peak: float) -> Sequence[float]:
    """The profile raised to the power at which its maximum is `peak` times its mean; its mean is then 1."""
    top = max(profile)
    relative = [part / top for part in profile]

    def weights(power: float) -> Sequence[float]:
        raised = [part**power for part in relative]
        mean = sum(raised) / len(raised)
        return [part / mean for part in raised]

    low, high = 0.0, 200.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if max(weights(middle)) < peak else (low, middle)
    return weights(high)


COLUMNS: Final = ("queued_at", "started_at", "finished_at")
"""Columns a file of past jobs has, ISO 8601 with an offset; `class` may stand beside them, others are passed over."""


def read_jobs(path: Path) -> Mapping[str, Sequence[Day]]:
    """Past jobs by class and day, from a CSV file with `COLUMNS`.

    Raises:
        DeclarationError: with every line that cannot be read, or a file without jobs.
    """
    problems: list[Problem] = []
    days: dict[str, dict[object, list[Job]]] = defaultdict(lambda: defaultdict(list))
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise DeclarationError([Problem(f"column {', '.join(missing)} is missing", file=str(path), line=1)])
            for row in reader:
                try:
                    queued, started, finished = _moments(row)
                except ValueError as error:
                    problems.append(Problem(str(error), file=str(path), line=reader.line_num))
                    continue
                midnight = queued.replace(hour=0, minute=0, second=0, microsecond=0)
                job = Job((queued - midnight).total_seconds(), (finished - started).total_seconds())
                days[row.get("class") or "medium"][midnight.date()].append(job)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DeclarationError([Problem(f"{path} cannot be read: {error}")]) from None
    if problems or not days:
        raise DeclarationError(problems or [Problem("it holds no job", file=str(path), line=1)])
    return {
        name: [tuple(sorted(jobs, key=lambda job: job.queued)) for _, jobs in sorted(by_day.items(), key=lambda item: str(item[0]))]
        for name, by_day in sorted(days.items())
    }


def _moments(row: Mapping[str, str | None]) -> tuple[datetime, datetime, datetime]:
    queued, started, finished = (_moment(row[column], column) for column in COLUMNS)
    if not queued <= started <= finished:
        raise ValueError("it must be queued, started and finished in this order")
    return queued, started, finished


def _moment(text: str | None, column: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        raise ValueError(f"{column} is {text!r}; write ISO 8601, such as 2026-03-02T09:15:00Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"{column} is {text!r}; give its offset from UTC, such as Z or +01:00")
    return moment.astimezone(UTC)
