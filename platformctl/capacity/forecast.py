"""When a limit is reached, from what was taken so far. Pure.

The trend is the Theil-Sen line: the median of the slopes between all pairs of days, through the medians of both axes. Up to 29% of the
days may be wild (an outage, a load test) without moving it far. Its interval is Sen's: the slopes whose ranks Kendall's tau leaves open.
The prediction interval adds what days differ from the line. Days are taken at their highest, since a limit is hit at the peak.
Sources: P. K. Sen, Estimates of the Regression Coefficient Based on Kendall's Tau (1968); M. Hollander and D. A. Wolfe, Nonparametric
Statistical Methods, chapter 9.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist, median
from typing import Final

DAY: Final = 86_400
LEAST_DAYS: Final = 7
"""Days below which a trend is no more than the shape of a week."""
MOST_DAYS: Final = 400
"""Days that are looked at: all pairs of them are."""
LEVEL: Final = 0.8
"""Share of futures that the interval should hold."""
METHOD: Final = (
    f"Theil-Sen line through each day's highest value; {LEVEL:.0%} prediction interval from Sen's interval of the slope and the spread of "
    f"the days around the line; at least {LEAST_DAYS} days"
)

Sample = tuple[float, float]
"""Seconds since the epoch, and a value."""


@dataclass(frozen=True, slots=True)
class Line:
    """A trend with its interval. Days count from the epoch."""

    middle: float
    """Day that the lines turn around."""
    level: float
    """Value at that day."""
    slope: float
    """Growth a day."""
    slope_low: float
    slope_high: float
    spread_low: float
    """What days lie below the line; not positive."""
    spread_high: float
    """What days lie above it; not negative."""

    def at(self, day: float) -> float:
        """The trend."""
        return self.level + self.slope * (day - self.middle)

    def low(self, day: float) -> float:
        """The lower end of the interval, from the middle on."""
        return self.level + self.slope_low * (day - self.middle) + self.spread_low

    def high(self, day: float) -> float:
        """The upper end of the interval, from the middle on."""
        return self.level + self.slope_high * (day - self.middle) + self.spread_high


@dataclass(frozen=True, slots=True)
class Forecast:
    """How one thing grows, and when it meets its limit. None: not as it goes now."""

    days: Sequence[Sample]
    """Each day's highest value; days count from the epoch."""
    line: Line
    now: float
    limit: float | None
    in_days: float | None
    """By the trend; 0 where it is met already."""
    earliest_in_days: float | None
    latest_in_days: float | None


class TooLittleHistoryError(ValueError):
    """There are too few days to speak of a trend."""


def forecast(samples: Sequence[Sample], limit: float | None) -> Forecast:
    """Forecast one series.

    Raises:
        TooLittleHistoryError: fewer than `LEAST_DAYS` days of it.
    """
    days = daily_peaks(samples)[-MOST_DAYS:]
    if len(days) < LEAST_DAYS:
        raise TooLittleHistoryError(f"has {len(days)} days of history; a trend wants at least {LEAST_DAYS}")
    line, now = fit(days), days[-1][0]
    if limit is None:
        return Forecast(days, line, now, None, None, None, None)
    return Forecast(
        days,
        line,
        now,
        limit,
        reaches(line.at(now), line.slope, limit),
        reaches(line.high(now), line.slope_high, limit),
        reaches(line.low(now), line.slope_low, limit),
    )


def daily_peaks(samples: Sequence[Sample]) -> list[Sample]:
    """Each day's highest value. Days with less than half the samples of a usual one are left out: their peak may not have come yet."""
    by_day: dict[int, list[float]] = defaultdict(list)
    for second, value in samples:
        by_day[math.floor(second / DAY)].append(value)
    usual = median(len(values) for values in by_day.values()) if by_day else 0
    return [(float(day), max(values)) for day, values in sorted(by_day.items()) if 2 * len(values) >= usual]


def fit(days: Sequence[Sample]) -> Line:
    """The Theil-Sen line of two or more days, and its interval."""
    slopes = sorted((later - earlier) / (second - first) for (first, earlier), (second, later) in combinations(days, 2))
    middle, level = median(day for day, _ in days), median(value for _, value in days)
    slope = median(slopes)
    beyond = (1 - LEVEL) / 2
    count = len(days)
    open_ranks = NormalDist().inv_cdf(1 - beyond) * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    lowest = max(0, math.floor((len(slopes) - open_ranks) / 2))
    highest = min(len(slopes) - 1, math.ceil((len(slopes) + open_ranks) / 2))
    rest = sorted(value - level - slope * (day - middle) for day, value in days)
    below, above = rest[math.floor(beyond * (count - 1))], rest[math.ceil((1 - beyond) * (count - 1))]
    return Line(middle, level, slope, slopes[lowest], slopes[highest], min(0.0, below), max(0.0, above))


def reaches(value: float, slope: float, limit: float) -> float | None:
    """Days until a line that is at a value meets a limit; 0 where it has, None where it never does."""
    if value >= limit:
        return 0.0
    return (limit - value) / slope if slope > 0 else None
