"""Rotation of secrets for ten thousand services, simulated: how many requests Vault gets, and whether anybody is ever without a credential.

    python benchmarks/rotation.py [--services N] [--hours N] [--seed N]

Each service takes a dynamic credential from Vault (a login and a read), and a new one when its refresh is due; then its pods are replaced
one after the other. While that goes on the old pods use the old credential, which ends with its lease. Vault does not answer for some
minutes in the middle of the run; who finds it away tries again, waiting longer each time. The arithmetic is the platform's own
(platform_components/secrets/rotation.py); nothing else of it is used, so that the two can contradict each other. One more run refreshes
as late as it can, to show that the simulation sees what it is to see.
"""

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import simpy

from platform_components.secrets.rotation import PROPAGATION_SECONDS, Lease, Period, bound, lease, minute_of, schedule

ROLLOUT_SECONDS = 900
OUTAGE_SECONDS = 300
REQUESTS = 2
"""A refresh is a login and a read."""
FIRST_RETRY_SECONDS = 5
LONGEST_RETRY_SECONDS = 60


@dataclass
class Seen:
    """What the simulation saw."""

    requests: Counter[int] = field(default_factory=Counter)
    """Requests that Vault answered or should have, by second."""
    refreshes: int = 0
    gaps: int = 0
    """Pods that held a credential after its end."""
    shortest_spare: float = float("inf")
    """Least time between the last pod's change and the end of the credential it let go of, in seconds."""


def service(
    env: simpy.Environment, number: int, kept: Lease, outage: tuple[float, float], seen: Seen, chance: random.Random
) -> Iterator[Any]:
    """One service: it refreshes, and its pods follow."""
    yield env.timeout(minute_of(f"service-{number}", Period.WEEKLY) * 60 % kept.refresh_seconds + chance.random() * 60)
    ends = env.now + kept.ttl_seconds
    while True:
        yield env.timeout(kept.refresh_seconds)
        wait = FIRST_RETRY_SECONDS
        while True:
            seen.requests[int(env.now)] += 1 if outage[0] <= env.now < outage[1] else REQUESTS
            if not outage[0] <= env.now < outage[1]:
                break
            yield env.timeout(wait * (0.5 + chance.random() / 2))  # spread, so that all do not come back at once
            wait = min(2 * wait, LONGEST_RETRY_SECONDS)
        seen.refreshes += 1
        taken = env.now
        # The last pod is the one that holds the old credential longest.
        replaced = taken + PROPAGATION_SECONDS + chance.uniform(0.2, 1.0) * ROLLOUT_SECONDS
        seen.gaps += replaced > ends
        seen.shortest_spare = min(seen.shortest_spare, ends - replaced)
        ends = taken + kept.ttl_seconds


def simulate(services: int, hours: int, kept: Lease, seed: int) -> Seen:
    """All services for some hours, with Vault away in the middle."""
    env, seen, chance = simpy.Environment(), Seen(), random.Random(seed)  # noqa: S311 -- chance in a simulation
    middle = hours * 1800.0
    for number in range(services):
        env.process(service(env, number, kept, (middle, middle + OUTAGE_SECONDS), seen, chance))
    env.run(until=hours * 3600)
    return seen


def figures(services: int, kept: Lease, seen: Seen, hours: int) -> dict[str, float | int]:
    """What one run came to."""
    return {
        "ttl_seconds": kept.ttl_seconds,
        "refresh_seconds": kept.refresh_seconds,
        "overlap_seconds": kept.overlap_seconds,
        "refreshes": seen.refreshes,
        "requests_per_second_mean": round(sum(seen.requests.values()) / (hours * 3600), 1),
        "requests_per_second_peak": max(seen.requests.values(), default=0),
        "gaps": seen.gaps,
        "shortest_spare_seconds": round(seen.shortest_spare, 1),
        "services": services,
    }


def static(secrets: int) -> dict[str, dict[str, int]]:
    """The most static secrets that change in one minute: by schedule, by hash alone, and what is promised."""
    names = [f"team-{number % 500}/service-{number}/login" for number in range(secrets)]
    return {
        period.value: {
            "peak_per_minute": max(Counter(schedule(names, period).values()).values()),
            "promised": bound(secrets, period),
            "peak_by_hash_alone": max(Counter(minute_of(name, period) for name in names).values()),
        }
        for period in Period
    }


def main() -> int:
    """Print the figures as JSON; 1 where somebody was without a credential, or the run that should show it did not."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--services", type=int, default=10_000)
    parser.add_argument("--hours", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    kept = lease(ROLLOUT_SECONDS, outage_seconds=OUTAGE_SECONDS + LONGEST_RETRY_SECONDS)
    late = Lease(kept.ttl_seconds, kept.ttl_seconds - PROPAGATION_SECONDS - 60, PROPAGATION_SECONDS)
    ours = figures(options.services, kept, simulate(options.services, options.hours, kept, options.seed), options.hours)
    other = figures(options.services, late, simulate(options.services, options.hours, late, options.seed), options.hours)
    printed = {"seed": options.seed, "hours": options.hours, "dynamic": ours, "refreshed_late": other, "static": static(options.services)}
    print(json.dumps(printed, indent=2))
    kept_promise = all(found["peak_per_minute"] <= found["promised"] for found in printed["static"].values())
    return 0 if ours["gaps"] == 0 and other["gaps"] > 0 and kept_promise else 1


if __name__ == "__main__":
    sys.exit(main())
