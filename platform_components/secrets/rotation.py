"""When secrets change, so that nobody is ever without a valid one and never many change at once. Pure.

Two kinds. A dynamic credential is made anew for each reader and ends with its lease: `lease` says how long one has to live so that the
pods that still hold the old one can be replaced. A static secret is changed in place on a schedule: `schedule` spreads the secrets over
its period.

Sources: https://developer.hashicorp.com/vault/docs/concepts/lease;
https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from platform_components.errors import DeclarationError, Problem
from platform_components.secrets.tenancy import MAX_TTL_SECONDS

PROPAGATION_SECONDS: Final = 120
"""From a new value in Vault to the first pod that is told of it: External Secrets writes, the reloader sees it."""

_MINUTES_A_DAY: Final = 1440


class Period(StrEnum):
    """How often a static secret changes."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


MINUTES: Final[Mapping[Period, int]] = MappingProxyType(
    # Every month has 28 days; a schedule on the 31st would leave five months out.
    {Period.DAILY: _MINUTES_A_DAY, Period.WEEKLY: 7 * _MINUTES_A_DAY, Period.MONTHLY: 28 * _MINUTES_A_DAY}
)
"""Minutes of a period that a secret may be given."""


@dataclass(frozen=True, slots=True)
class Lease:
    """How long a dynamic credential lives, and how often its reader takes a new one; in seconds."""

    ttl_seconds: int
    refresh_seconds: int
    propagation_seconds: int

    @property
    def overlap_seconds(self) -> int:
        """How long the old credential is still good once pods are told of the new one: a roll-out has to end within it."""
        return self.ttl_seconds - self.refresh_seconds - self.propagation_seconds


def lease(
    rollout_seconds: int,
    *,
    outage_seconds: int = 300,
    propagation_seconds: int = PROPAGATION_SECONDS,
    longest_seconds: int = MAX_TTL_SECONDS,
) -> Lease:
    """The lease of a dynamic credential whose overlap covers a roll-out, with Vault away for a while in between.

    It lives as long as the login that takes it may, since Vault ends a credential with the token that asked for it; and it is refreshed
    as seldom as the roll-out allows.

    Args:
        rollout_seconds: the longest that replacing every pod of the service may take.
        outage_seconds: how long Vault may not answer when a refresh is due, without anybody being cut off.
        propagation_seconds: from the new value to the first pod that is told of it.
        longest_seconds: life of the token that asks.

    Raises:
        DeclarationError: the roll-out takes too long for any refresh.
    """
    refresh = longest_seconds - rollout_seconds - outage_seconds - propagation_seconds
    if rollout_seconds < 0 or refresh < _SHORTEST_REFRESH:
        room = longest_seconds - outage_seconds - propagation_seconds - _SHORTEST_REFRESH
        message = (
            f"{rollout_seconds} s is outside 0 to {room} s, what a login of {longest_seconds} s leaves; use a static role with two users"
        )
        raise DeclarationError([Problem(message, field="rollout_seconds")])
    return Lease(longest_seconds, refresh, propagation_seconds)


_SHORTEST_REFRESH: Final = 300
"""More often than every five minutes, ten thousand services would be more than sixty requests a second to Vault."""


def minute_of(name: str, period: Period) -> int:
    """The minute of the period that a secret's name falls on: the same in every program, whoever else is there."""
    return int.from_bytes(sha256(name.encode()).digest()[:8]) % MINUTES[period]


def bound(secrets: int, period: Period) -> int:
    """The most of so many secrets that change in one minute of their schedule."""
    return -(-secrets // MINUTES[period])


def schedule(names: Iterable[str], period: Period) -> Mapping[str, int]:
    """A minute of the period for each secret, at most `bound` of them on one.

    Each takes its own minute (`minute_of`), or the next that has room. It does not matter in which order they are named; another secret
    moves only those that it pushes on.
    """
    wanted = sorted(set(names), key=lambda name: (minute_of(name, period), name))
    minutes, most = MINUTES[period], bound(len(wanted), period)
    taken: dict[int, int] = {}
    given: dict[str, int] = {}
    carried = 0
    for name in wanted:
        minute = max(minute_of(name, period), carried)
        while taken.get(minute % minutes, 0) >= most:
            minute += 1
        carried = minute
        taken[minute % minutes] = taken.get(minute % minutes, 0) + 1
        given[name] = minute % minutes
    return given


def cron(minute: int, period: Period) -> str:
    """A minute of a period as five fields of cron, as Vault's static roles take it."""
    day, rest = divmod(minute, _MINUTES_A_DAY)
    hour, past = divmod(rest, 60)
    return f"{past} {hour} {day + 1 if period is Period.MONTHLY else '*'} * {day if period is Period.WEEKLY else '*'}"


def aws_cron(minute: int, period: Period) -> str:
    """The same as a schedule of AWS Secrets Manager, which starts within the hour and counts Sunday as 1."""
    past, hour, day, _, weekday = cron(minute, period).split()
    del past  # a schedule starts on the hour; the window after it is where the minute lies
    if period is Period.WEEKLY:
        return f"cron(0 {hour} ? * {int(weekday) + 1} *)"
    return f"cron(0 {hour} {day} * ? *)"
