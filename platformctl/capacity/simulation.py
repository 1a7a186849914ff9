"""The same fleet as a discrete-event simulation (SimPy), step by step: what the sizing is checked by. It shares no line with it."""

from collections.abc import Generator
from typing import Any

import simpy

from platform_components.ci.jobs import Day, Job

Steps = Generator[simpy.Event, Any, None]


class Fleet:
    """A controller that creates ephemeral runners as jobs queue, and never more than it may."""

    def __init__(self, environment: simpy.Environment, runners: int, idle: int, start: float) -> None:
        self._environment, self._runners, self._idle, self._start = environment, runners, idle, start
        self._queue = simpy.Store(environment)
        self._present = 0
        """Jobs that wait or run."""
        self._alive = 0
        """Runners that start, are idle, or run a job."""
        self.waits: list[float] = []
        self._scale()

    def day(self, day: Day) -> Steps:
        """Let the jobs of a day queue one after the other."""
        for job in day:
            yield self._environment.timeout(max(0.0, job.queued - self._environment.now))
            self._present += 1
            self._queue.put(job)
            self._scale()

    def _scale(self) -> None:
        while self._alive < min(self._runners, self._present + self._idle):
            self._alive += 1
            self._environment.process(self._runner())

    def _runner(self) -> Steps:
        yield self._environment.timeout(self._start)
        job: Job = yield self._queue.get()
        self.waits.append(self._environment.now - job.queued)
        yield self._environment.timeout(job.duration)
        self._alive -= 1
        self._present -= 1
        self._scale()


def simulate(day: Day, runners: int, idle: int, start: float) -> list[float]:
    """Seconds each job of a day waits. Idle runners have started before the day begins."""
    environment = simpy.Environment(initial_time=-start)
    fleet = Fleet(environment, runners, idle, start)
    environment.process(fleet.day(day))
    environment.run()
    return fleet.waits
