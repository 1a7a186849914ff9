"""Forecasts for people: a chart on the terminal, and as SVG in one self-contained page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from rich import box
from rich.table import Table
from rich.text import Text

from platformctl.capacity.forecast import DAY, METHOD, Forecast, Sample
from platformctl.report.html import render

WIDTH: Final = 72
"""Columns of a chart on the terminal."""
HEIGHT: Final = 10
CANVAS: Final = (720, 220)
"""Width and height of a drawing, in its own units."""
FAR: Final = 3650
"""Days beyond which a date says nothing."""
_UNITS: Final = {"cpu": "cores", "memory": "GiB", "pods": "pods", "pool": "vCPU", "addresses": "addresses"}
_GIB: Final = 2**30


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was forecast, or why it was not."""

    resource: str
    name: str
    forecast: Forecast | None
    reason: str = ""

    @property
    def title(self) -> str:
        """As people are told of it."""
        return f"{self.resource} {self.name}".strip()

    @property
    def unit(self) -> str:
        """Unit as it is shown."""
        return _UNITS[self.resource]

    def shown(self, value: float) -> float:
        """A value in that unit."""
        return value / _GIB if self.resource == "memory" else value


def date_in(now: float, days: float | None) -> str:
    """The day that is so many days after a day since the epoch."""
    if days is None or days > FAR:
        return "not as it goes"
    if days <= 0:
        return "reached"
    return (datetime.fromtimestamp(now * DAY, UTC) + timedelta(days=days)).date().isoformat()


def render_terminal(entries: Sequence[Entry], horizon: int) -> Iterator[Table | Text]:
    """The table, a chart of each, and the method."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Resource", "Taken", "Limit", "Used", "A month", "Reached", "Earliest", "Latest"):
        table.add_column(heading, justify="left" if heading in ("Resource", "Reached", "Earliest", "Latest") else "right")
    for entry in entries:
        table.add_row(*_row(entry))
    yield table
    for entry in entries:
        if entry.forecast is not None:
            yield Text(f"{entry.title}, {entry.unit}", style="bold")
            yield Text("\n".join(chart(entry, horizon)))
    yield Text(METHOD, style="dim")


def _row(entry: Entry) -> list[str]:
    found = entry.forecast
    if found is None:
        return [entry.title, "", "", "", "", entry.reason, "", ""]
    taken = found.days[-1][1]
    used = f"{taken / found.limit:.0%}" if found.limit else ""
    limit = f"{entry.shown(found.limit):,.0f}" if found.limit is not None else "none known"
    ends = [
        date_in(found.now, days) if found.limit is not None else ""
        for days in (found.in_days, found.earliest_in_days, found.latest_in_days)
    ]
    return [entry.title, f"{entry.shown(taken):,.0f}", limit, used, f"{entry.shown(found.line.slope) * 30:+,.1f}", *ends]


def chart(entry: Entry, horizon: int) -> list[str]:
    """History, trend, interval and limit as lines of text: `●` a day's peak, `─` the trend, `░` its interval, `━` the limit."""
    found = entry.forecast
    assert found is not None  # noqa: S101 -- asked for those that have one
    first, last = found.days[0][0], found.now + horizon
    top = _top(found, last)
    grid = [[" "] * WIDTH for _ in range(HEIGHT)]

    def row(value: float) -> int:
        return HEIGHT - 1 - round(min(max(value / top, 0.0), 1.0) * (HEIGHT - 1))

    def column(day: float) -> int:
        return round((day - first) / (last - first) * (WIDTH - 1))

    for x in range(column(found.now), WIDTH):
        day = first + x / (WIDTH - 1) * (last - first)
        for y in range(row(found.line.high(day)), row(found.line.low(day)) + 1):
            grid[y][x] = "░"
        grid[row(found.line.at(day))][x] = "─"
    if found.limit is not None and found.limit <= top:
        grid[row(found.limit)] = ["━" if cell == " " else cell for cell in grid[row(found.limit)]]
    for day, value in found.days:
        grid[row(value)][column(day)] = "●"
    labels = {0: f"{entry.shown(top):,.0f}", HEIGHT - 1: "0"}
    wide = max(map(len, labels.values()))
    lines = [f"{labels.get(y, ''):>{wide}} │{''.join(cells).rstrip()}" for y, cells in enumerate(grid)]
    ends = f"{_date(first)}{_date(last):>{WIDTH - 10}}"
    return [*lines, f"{'':>{wide}} └{'─' * WIDTH}", f"{'':>{wide}}  {ends}"]


def to_html(entries: Sequence[Entry], horizon: int, title: str) -> str:
    """One page, no script, nothing fetched."""
    return render("capacity.html", title=title, method=METHOD, rows=[(_row(entry), to_svg(entry, horizon)) for entry in entries])


def to_svg(entry: Entry, horizon: int) -> str:
    """A drawing of one forecast; empty without one."""
    found = entry.forecast
    if found is None:
        return ""
    first, last = found.days[0][0], found.now + horizon
    top = _top(found, last)
    width, height = CANVAS

    def place(day: float, value: float) -> str:
        return f"{(day - first) / (last - first) * width:.1f},{height - min(max(value / top, 0.0), 1.0) * height:.1f}"

    ahead = [found.now, last]
    band = [*((day, found.line.high(day)) for day in ahead), *((day, found.line.low(day)) for day in reversed(ahead))]
    line: list[Sample] = [(day, found.line.at(day)) for day in (first, last)]
    return render(
        "capacity.svg",
        title=f"{entry.title}, {entry.unit}",
        width=width,
        height=height,
        taken=" ".join(place(*sample) for sample in found.days),
        trend=" ".join(place(*sample) for sample in line),
        band=" ".join(place(*sample) for sample in band),
        limit=None if found.limit is None or found.limit > top else f"{height - found.limit / top * height:.1f}",
        limit_text="" if found.limit is None else f"{entry.shown(found.limit):,.0f}",
        top_text=f"{entry.shown(top):,.0f}",
        first_text=_date(first),
        last_text=_date(last),
    )


def _top(found: Forecast, last: float) -> float:
    """The highest value shown: data and trend, and the limit unless it is so far off that they would lie flat."""
    highest = max(*(value for _, value in found.days), found.line.at(last), found.line.at(found.now), 1e-9)
    limit = found.limit if found.limit is not None and found.limit < 5 * highest else 0.0
    return 1.1 * max(highest, limit)


def _date(day: float) -> str:
    return datetime.fromtimestamp(day * DAY, UTC).date().isoformat()
