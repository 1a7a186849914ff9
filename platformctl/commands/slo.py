"""`platformctl slo`: objectives, how soon their alerts fire, and what is left of their error budgets."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platform_components.errors import DeclarationError, Problem
from platformctl.commands import Directory, Json

if TYPE_CHECKING:
    from platform_components.observability.slo.args import SloSettings

Target = Annotated[
    str | None,
    typer.Argument(metavar="[ENV[.LAYER]]", help="Read the objectives of an environment, or of a stack of any other project."),
]
Files = Annotated[list[Path] | None, typer.Option("--file", metavar="F", help="Read OpenSLO v1 files instead; may be repeated.")]
Prometheus = Annotated[str | None, typer.Option("--prometheus", metavar="URL", help="Ask this Prometheus what is left of the budgets.")]
Metrics = Annotated[
    Path | None,
    typer.Option("--metrics", metavar="F", help="Read what is left from a snapshot instead: what /federate of Prometheus prints."),
]


def list_slos(
    target: Target = None,
    files: Files = None,
    prometheus: Prometheus = None,
    metrics: Metrics = None,
    open_slo: Annotated[bool, typer.Option("--openslo", help="Print the declarations as OpenSLO v1.")] = False,
    json_output: Json = False,
    directory: Directory = None,
) -> None:
    """List the objectives, how soon an outage pages, and what is left of the budgets."""
    found, left = _objectives(target, files, directory), _remaining(prometheus, metrics)
    if open_slo:
        _print_openslo(found)
        return
    rows = [describe(name, slo, left) for name, slo in found.items()]
    if json_output:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return
    table = [("NAME", "SERVICE", "TEAM", "OBJECTIVE", "OUTAGE PAGES AFTER", "BUDGET LEFT", "DELIVERY")]
    for row in rows:
        page = next(alert for alert in row["alerts"] if alert["severity"] == "page")
        over = f"{row['objective']} % over {row['period_days']} d"
        budget = row["budget"]
        table.append(
            (row["name"], row["service"], row["team"], over, _time(page["outage_detected_seconds"]), _left(row), budget["state"] or "-")
        )
    _print_table(table)


def explain(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the objective.")],
    target: Target = None,
    files: Files = None,
    prometheus: Prometheus = None,
    metrics: Metrics = None,
    json_output: Json = False,
    directory: Directory = None,
) -> None:
    """Explain one objective: every condition of its alerts, what it takes to fire, and the queries behind it."""
    from platform_components.observability.slo.burn import plain

    found, left = _objectives(target, files, directory), _remaining(prometheus, metrics)
    if name not in found:
        raise DeclarationError([Problem(f"there is no objective {name!r}; choose from: {', '.join(found) or 'none'}")])
    row = describe(name, found[name], left)
    if json_output:
        sys.stdout.write(json.dumps(row, indent=2) + "\n")
        return
    write = sys.stdout.write
    write(f"{name}: {row['objective']} % of the events of {row['service']} over {row['period_days']} days; team {row['team']}\n")
    if row["description"]:
        write(f"{row['description']}\n")
    write(f"tolerated: {row['tolerance']} of all events, or {_time(row['outage_budget_seconds'])} of total outage\n")
    write(f"budget left: {_left(row)}{f', so delivery is {state}' if (state := row['budget']['state']) else ''}\n\n")
    table = [("SEVERITY", "BURN RATE", "ERROR RATIO", "OVER", "AND OVER", "BUDGET USED", "OUTAGE NOTICED AFTER", "BUDGET GONE AFTER")]
    for alert in row["alerts"]:
        seconds = (alert["outage_detected_seconds"], alert["exhausted_seconds"])
        used = f"{plain(Decimal(alert['budget_used']) * 100)} %"
        table.append(
            (alert["severity"], alert["factor"], f"> {alert['threshold']}", alert["long"], alert["short"], used, *map(_time, seconds))
        )
    _print_table(table)
    guard = f"; silent below {row['minimum_events']} events in the longer window" if row["minimum_events"] else ""
    write(f"\nTimes are computed for a total outage after none; add one scrape and one evaluation{guard}.\n")
    for title, query in row["queries"].items():
        write(f"\n{title}\n  {query}\n")


def describe(name: str, slo: "SloSettings", left: Mapping[str, Decimal] | None = None) -> dict[str, Any]:
    """An objective as `--json` prints it; fields may be added, never renamed."""
    from platform_components.observability.slo.burn import STEP, burns, plain, tolerance_of, window
    from platform_components.observability.slo.rules import budget_policy

    policy, tolerance, measured = budget_policy(name, slo), tolerance_of(slo.objective), slo.indicator.measured()
    remaining = left.get(name) if left is not None else None
    return {
        "name": name,
        "service": slo.service,
        "team": slo.team,
        "description": slo.description,
        "objective": str(plain(slo.objective)),
        "period_days": slo.period_days,
        "tolerance": str(tolerance),
        "outage_budget_seconds": float(tolerance * slo.period_days * 86400),
        "minimum_events": slo.minimum_events,
        "alerts": [
            {
                "severity": str(burn.severity),
                "factor": str(burn.factor),
                "threshold": str(plain(burn.threshold)),
                "long": window(burn.long),
                "short": window(burn.short),
                "budget_used": str(burn.budget),
                "outage_detected_seconds": _seconds(burn.detected_after()),
                "exhausted_seconds": _seconds(burn.exhausted_after),
            }
            for burn in burns(slo.objective, slo.period_days)
        ],
        "budget": {
            "remaining": None if remaining is None else float(remaining),
            "state": None if remaining is None else policy.state(remaining).value,
            "policy": policy.document(),
        },
        "queries": {
            "events a second": measured.events(window(STEP)),
            "errors a second": measured.errors(window(STEP)),
            "budget left": policy.remaining_query,
        },
    }


def _objectives(target: str | None, files: list[Path] | None, directory: Path | None) -> "dict[str, SloSettings]":
    if files and target:
        raise DeclarationError([Problem("name an environment or give --file, not both")])
    if files:
        from platform_components.observability.slo.openslo import load_openslo

        return load_openslo(files)
    if target is None:
        raise DeclarationError([Problem("name an environment, a stack, or OpenSLO files with --file")])
    from platformctl.commands.cost import preview_graph
    from platformctl.project import find_project
    from platformctl.slo.declared import objectives_of

    project = find_project(directory)
    return objectives_of(preview_graph(project, project.stacks_of(target)))


def _remaining(prometheus: str | None, metrics: Path | None) -> Mapping[str, Decimal] | None:
    from platformctl.slo.measured import from_file, from_prometheus

    if prometheus and metrics:
        raise DeclarationError([Problem("give --prometheus or --metrics, not both")])
    if metrics:
        return from_file(metrics)
    return from_prometheus(prometheus) if prometheus else None


def _print_openslo(found: "Mapping[str, SloSettings]") -> None:
    import yaml

    from platform_components.observability.slo.openslo import to_openslo

    sys.stdout.write(yaml.safe_dump_all([to_openslo(name, slo) for name, slo in found.items()], sort_keys=False, width=1000))


def _print_table(table: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")


def _left(row: Mapping[str, Any]) -> str:
    remaining = row["budget"]["remaining"]
    return "not asked for" if remaining is None else f"{remaining:.1%}"


def _seconds(time: timedelta | None) -> float | None:
    return None if time is None else time.total_seconds()


def _time(seconds: float | None) -> str:
    """A time in its two largest units."""
    if seconds is None:
        return "never"
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    whole = round(seconds)
    units = ((whole // 86400, "d"), (whole % 86400 // 3600, "h"), (whole % 3600 // 60, "min"), (whole % 60, "s"))
    first = next(index for index, (count, _) in enumerate(units) if count)
    return " ".join(f"{count} {unit}" for count, unit in units[first : first + 2] if count)
