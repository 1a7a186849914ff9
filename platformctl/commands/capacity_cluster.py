"""`platformctl capacity cluster`: when CPU, memory, pods, node pools and the addresses of each zone run out."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platform_components.errors import DeclarationError, Problem
from platformctl.commands import Directory, Json

if TYPE_CHECKING:
    from platformctl.capacity.metrics import Series
    from platformctl.report.capacity import Entry

GATE = 1
"""Exit code where a limit may be reached sooner than `--within` allows."""


def cluster(  # noqa: PLR0913, PLR0917 -- the command's options
    environment: Annotated[
        str | None,
        typer.Argument(metavar="[ENV]", help="Environment whose file has the limits; may be left out where the snapshot has them."),
    ] = None,
    snapshot: Annotated[
        Path | None,
        typer.Option("--snapshot", metavar="F", help="Metrics as JSON; `platformctl capacity cluster --format` prints the form."),
    ] = None,
    prometheus: Annotated[
        str | None, typer.Option("--prometheus", metavar="URL", help="A Prometheus that evaluates the platform's recording rules.")
    ] = None,
    days: Annotated[int, typer.Option("--days", min=7, max=400, help="Days of history to ask Prometheus for.")] = 56,
    horizon: Annotated[int, typer.Option("--horizon", min=1, max=1825, help="Days to look ahead in the charts.")] = 90,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            "--limit", metavar="NAME=AMOUNT", help="A limit in place of the environment's: cpu=400, addresses:euw1-az1=8187. Repeatable."
        ),
    ] = None,
    pods_per_node: Annotated[int, typer.Option("--pods-per-node", min=1, max=737, help="Pods that a node takes.")] = 110,
    within: Annotated[
        int | None, typer.Option("--within", metavar="DAYS", min=0, help="Exit 1 where a limit may be reached within so many days.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="F", help="Write table and charts as one self-contained page.")] = None,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="DIR", help="Write a chart of each resource as SVG into a folder.")] = None,
    show_format: Annotated[bool, typer.Option("--format", help="Print the form of a snapshot and exit.")] = False,
    json_output: Json = False,
    directory: Directory = None,
) -> None:
    """Forecast when a cluster reaches its limits, from a snapshot of metrics or a live Prometheus, with the interval of the forecast."""
    from platformctl.capacity import metrics
    from platformctl.report.capacity import to_html

    if show_format:
        sys.stdout.write(f"{metrics.__doc__}\n")
        return
    if (snapshot is None) == (prometheus is None):
        raise DeclarationError([Problem("give --snapshot or --prometheus, one of them")])
    given = _given(limit or [])
    known = {**_declared(environment, directory, pods_per_node), **given}
    now = datetime.now(UTC).timestamp()
    series = metrics.read_snapshot(snapshot) if snapshot else metrics.query_prometheus(prometheus or "", days, now)
    entries = [_entry(one, given.get((one.resource, one.name)) or one.limit or known.get((one.resource, one.name))) for one in series]
    if html:
        _write(html, to_html(entries, horizon, f"Capacity of {environment or 'the cluster'}"))
    if svg:
        _write_drawings(svg, entries, horizon)
    near = [entry.title for entry in entries if within is not None and _soon(entry, within)]
    if json_output:
        sys.stdout.write(json.dumps(_to_json(environment, entries, near), indent=2) + "\n")
    else:
        _print(entries, horizon, near, within)
    if near:
        raise typer.Exit(GATE)


def _given(texts: Sequence[str]) -> dict[tuple[str, str], float]:
    from platformctl.capacity.metrics import QUERIES

    found, problems = {}, []
    for text in texts:
        match = re.fullmatch(r"([a-z]+)(?::([\w.-]+))?=([0-9]+(?:\.[0-9]+)?)", text)
        if match is None or match[1] not in QUERIES or bool(match[2]) != bool(QUERIES[match[1]][1]) or not float(match[3]):
            problems.append(Problem(f"--limit {text}: write cpu=, memory= or pods=AMOUNT, pool:NAME= or addresses:ZONE=AMOUNT"))
        else:
            found[match[1], match[2] or ""] = float(match[3])
    if problems:
        raise DeclarationError(problems)
    return found


def _declared(environment: str | None, directory: Path | None, pods_per_node: int) -> Mapping[tuple[str, str], float]:
    from platform_components.declarations.environment import load_environment
    from platformctl.capacity.limits import limits
    from platformctl.project import find_project

    if environment is None:
        return {}
    project = find_project(directory)
    project.stacks_of(environment)  # an unknown name is told with those that there are
    return limits(load_environment(project.folder / "environments" / f"{environment}.yaml"), pods_per_node)


def _entry(series: "Series", limit: float | None) -> "Entry":
    from platformctl.capacity.forecast import TooLittleHistoryError, forecast
    from platformctl.report.capacity import Entry

    try:
        return Entry(series.resource, series.name, forecast(series.samples, limit))
    except TooLittleHistoryError as error:
        return Entry(series.resource, series.name, None, str(error))


def _soon(entry: "Entry", within: int) -> bool:
    found = entry.forecast
    return found is not None and found.earliest_in_days is not None and found.earliest_in_days <= within


def _to_json(environment: str | None, entries: "Sequence[Entry]", near: Sequence[str]) -> dict[str, Any]:
    """The result as `--json` prints it; fields may be added, never renamed."""
    from platformctl.capacity.forecast import LEVEL, METHOD

    rows = []
    for entry in entries:
        found = entry.forecast
        row: dict[str, Any] = {"resource": entry.resource, "name": entry.name or None, "reason": entry.reason or None}
        if found is not None:
            row |= {
                "days": len(found.days),
                "taken": found.days[-1][1],
                "limit": found.limit,
                "growth_per_day": {"trend": found.line.slope, "low": found.line.slope_low, "high": found.line.slope_high},
                "days_left": {"trend": found.in_days, "earliest": found.earliest_in_days, "latest": found.latest_in_days},
            }
        rows.append(row)
    return {"environment": environment, "method": METHOD, "level": LEVEL, "resources": rows, "near": list(near)}


def _print(entries: "Sequence[Entry]", horizon: int, near: Sequence[str], within: int | None) -> None:
    from rich.console import Console
    from rich.text import Text

    from platformctl.report.capacity import render_terminal

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=200)
    for part in render_terminal(entries, horizon):
        console.print(part)
    if near:
        console.print(Text(f"may be reached within {within} days: {', '.join(near)}", style="red"))


def _write_drawings(folder: Path, entries: "Sequence[Entry]", horizon: int) -> None:
    from platformctl.report.capacity import to_svg

    for entry in entries:
        if entry.forecast is not None:
            _write(folder / f"{entry.title.replace(' ', '-')}.svg", to_svg(entry, horizon))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DeclarationError([Problem(f"cannot be written: {error.strerror}", file=str(path))]) from None
