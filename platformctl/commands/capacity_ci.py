"""`platformctl capacity ci`: how many runners, nodes and addresses a CI load needs at a wanted queue wait, and what they cost."""

import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platform_components.errors import DeclarationError, Problem
from platformctl.commands import Json

if TYPE_CHECKING:
    from platform_components.ci.jobs import Day, Load
    from platform_components.ci.sizing import Size
    from platformctl.capacity.fleet import Need, RunnerClass

DRAWN_JOBS = 200_000
"""Jobs that are drawn for an answer, over as many days as they take: the busiest hours of a few days differ much by chance."""
SIMULATED_DAYS = 3
"""Days run through the simulation as well: it is there to contradict the sizing, and slower."""


@dataclass(frozen=True)
class Answer:
    """What one class of runners needs."""

    runner: "RunnerClass"
    size: "Size"
    need: "Need"
    simulated: float
    """Largest difference in seconds between what the sizing and the simulation say of any job's wait."""

    def to_json(self) -> dict[str, Any]:
        """The answer as `--json` prints it; fields may be added, never renamed."""
        one_less = self.size.wait_with_one_less
        return {
            "class": self.runner.name,
            "vcpu": self.runner.vcpu,
            "gib": self.runner.gib,
            **asdict(self.size),
            "wait_with_one_less": one_less if math.isfinite(one_less) else None,
            "simulation_differs_by": self.simulated,
            "per_node": self.need.per_node,
            "nodes": self.need.nodes,
            "addresses": self.need.addresses,
            "monthly": None if self.need.monthly is None else float(round(self.need.monthly, 2)),
            "price_source": self.need.price.source if self.need.price else None,
        }


def ci(  # noqa: PLR0913, PLR0917 -- the command's options
    services: Annotated[int, typer.Option("--services", help="Services with a pipeline.")] = 0,
    runs: Annotated[float, typer.Option("--runs", help="Pipeline runs a service starts in a working day.")] = 6,
    jobs: Annotated[int, typer.Option("--jobs", help="Jobs of a run; they queue together.")] = 4,
    minutes: Annotated[float, typer.Option("--minutes", help="Mean minutes a job takes.")] = 6,
    hours: Annotated[float, typer.Option("--hours", help="Hours of a working day.")] = 8,
    peak: Annotated[float, typer.Option("--peak", help="Busiest time relative to the mean of the working day.")] = 3,
    shape: Annotated[str, typer.Option("--shape", help="How a day runs: flat, morning, two-peaks, evening, hourly.")] = "morning",
    variation: Annotated[float, typer.Option("--variation", help="Standard deviation of job minutes relative to their mean.")] = 1,
    past: Annotated[
        Path | None,
        typer.Option("--csv", metavar="F", help="Past jobs (queued_at, started_at, finished_at, class) in place of the figures above."),
    ] = None,
    wait: Annotated[str, typer.Option("--wait", metavar="TIME", help="Queue wait that 95 of 100 jobs keep to: 90s, 2m.")] = "2m",
    start: Annotated[str, typer.Option("--start", metavar="TIME", help="Until a new runner takes a job, its node included.")] = "45s",
    classes: Annotated[
        list[str] | None,
        typer.Option("--class", metavar="NAME=VCPU:GIB[:SHARE]", help="A kind of runner, and its per cent of the jobs. Repeatable."),
    ] = None,
    instance: Annotated[str, typer.Option("--instance", metavar="TYPE", help="Instance type of the nodes.")] = "m7g.4xlarge",
    region: Annotated[str, typer.Option("--region", metavar="R", help="AWS region the prices are of.")] = "us-east-1",
    seed: Annotated[int, typer.Option("--seed", help="The same seed draws the same days.")] = 1,
    json_output: Json = False,
) -> None:
    """Size a fleet of CI runners: runners, nodes, addresses and monthly cost at a wanted 95th percentile of the queue wait."""
    from platform_policies.pricing.catalogue import PricingError, load

    from platform_components.ci.jobs import Load, read_jobs

    kinds, problems = _classes(classes or ["medium=2:4"])
    limit, begin = _seconds(wait, "--wait", problems), _seconds(start, "--start", problems)
    load_of = Load(services, runs, jobs, minutes, hours, peak, shape, variation)
    if past is None:
        problems += [Problem(f"{text}; give past jobs with --csv, or the figures as options") for text in load_of.problems()]
        if (total := sum(kind.share for kind in kinds)) != 100 and kinds:  # noqa: PLR2004 -- per cent
            problems.append(Problem(f"the shares of --class add up to {total:g}; they must add up to 100"))
    try:
        catalogue = load(region)
    except PricingError as error:
        problems.append(Problem(str(error)))
    if problems:
        raise DeclarationError(problems)
    work = read_jobs(past) if past else {kind.name: _drawn(load_of, kind, seed) for kind in kinds}
    if unknown := sorted(set(work) - {kind.name for kind in kinds}):
        raise DeclarationError([Problem(f"class {name} of {past} is not described; add --class {name}=VCPU:GIB") for name in unknown])
    answers = [_answer(kind, work[kind.name], limit, begin, instance, catalogue) for kind in kinds if kind.name in work]
    prices = [answer.need.monthly for answer in answers if answer.need.monthly is not None]
    result = {
        "jobs_per_day": round(sum(sum(map(len, days)) / len(days) for days in work.values()), 1),
        "concurrent_at_peak": None if past else round(load_of.concurrent_at_peak, 1),
        "wanted_wait": limit,
        "instance": instance,
        "region": region,
        "classes": [answer.to_json() for answer in answers],
        "monthly": float(sum(prices)) if len(prices) == len(answers) else None,
    }
    if json_output:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
    else:
        _print(result, answers)


def _drawn(load: "Load", kind: "RunnerClass", seed: int) -> "Sequence[Day]":
    from dataclasses import replace

    part = replace(load, runs=load.runs * kind.share / 100)
    return part.days(min(400, max(5, math.ceil(DRAWN_JOBS / part.jobs_per_day))), seed)


def _answer(kind: "RunnerClass", days: "Sequence[Day]", limit: float, start: float, instance: str, catalogue: Any) -> Answer:
    from platform_components.ci.sizing import size, waits
    from platformctl.capacity.fleet import need
    from platformctl.capacity.simulation import simulate

    found = size(days, limit, start)
    needed = need(found, kind, instance, catalogue)
    if needed is None:
        raise DeclarationError([Problem(f"a {kind.name} runner of {kind.vcpu:g} vCPU and {kind.gib:g} GiB does not fit {instance}")])
    differs = max(
        abs(computed - simulated)
        for day in days[:SIMULATED_DAYS]
        for computed, simulated in zip(
            waits(day, found.runners, found.idle, start), simulate(day, found.runners, found.idle, start), strict=True
        )
    )
    return Answer(kind, found, needed, differs)


def _classes(texts: Sequence[str]) -> "tuple[list[RunnerClass], list[Problem]]":
    from platformctl.capacity.fleet import RunnerClass

    found: dict[str, RunnerClass] = {}
    problems = []
    for text in texts:
        match = re.fullmatch(r"([a-z][a-z0-9-]*)=(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)(?::(\d+(?:\.\d+)?))?", text)
        numbers = [float(part) for part in match.groups()[1:] if part] if match else []
        if not match or min(numbers) <= 0:
            problems.append(Problem(f"--class {text}: write NAME=VCPU:GIB or NAME=VCPU:GIB:SHARE, such as large=4:16:30"))
        elif match[1] in found:
            problems.append(Problem(f"--class {match[1]} is given twice"))
        else:
            found[match[1]] = RunnerClass(match[1], *numbers)
    return list(found.values()), problems


def _seconds(text: str, option: str, problems: list[Problem]) -> float:
    units: Mapping[str, int] = {"": 1, "s": 1, "m": 60, "h": 3600}
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if not match or float(match[1]) <= 0:
        problems.append(Problem(f"{option} is {text!r}; write a time such as 90s or 2m"))
        return 1.0
    return float(match[1]) * units[match[2]]


def _print(result: Mapping[str, Any], answers: Sequence[Answer]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(soft_wrap=True)
    at_peak = f", {result['concurrent_at_peak']:g} at a time at the peak" if result["concurrent_at_peak"] else ""
    console.print(f"{result['jobs_per_day']:,.0f} jobs a day{at_peak}; nodes are {result['instance']}", highlight=False)
    table = Table(box=None, pad_edge=False)
    for column in ("class", "max runners", "min idle", "p95 wait", "one less", "nodes", "addresses", "USD/month"):
        table.add_column(column, justify="left" if column == "class" else "right")
    for answer in answers:
        monthly = answer.need.monthly
        table.add_row(
            answer.runner.name,
            str(answer.size.runners),
            str(answer.size.idle),
            f"{answer.size.wait:.0f} s",
            f"{answer.size.wait_with_one_less:.0f} s" if math.isfinite(answer.size.wait_with_one_less) else "-",
            str(answer.need.nodes),
            str(answer.need.addresses),
            f"{monthly:,.0f}" if monthly is not None else f"no price in {result['region']}",
        )
    console.print(table)
    worst = max(answer.simulated for answer in answers)
    console.print(
        f"Simulated event by event over {SIMULATED_DAYS} of the days: no job's wait differs by more than {worst:.3f} s.", highlight=False
    )
    console.print("Cost: on demand, nodes packed full and gone with their runners; a lower bound. Spot is less by what AWS asks that hour.")
