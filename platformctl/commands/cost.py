"""`platformctl cost`: what an environment costs in a month at the least, and whether that is within its budget."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platform_components.errors import DeclarationError, Problem
from platformctl.commands import Directory, Json
from platformctl.project import Project, find_project

if TYPE_CHECKING:
    from platform_policies.graph import ResourceGraph
    from platform_policies.pricing.advice import Advice
    from platform_policies.pricing.ceilings import Ceiling
    from platform_policies.pricing.estimate import Difference, Estimate
    from platform_policies.pricing.usage import Usage

OVER_BUDGET = 1
"""Exit code where the lower bound alone is over the budget."""


@dataclass(frozen=True)
class Report:
    """Everything the command has to say."""

    priced: "Estimate"
    ceilings: "Sequence[Ceiling]"
    advice: "Sequence[Advice]"
    difference: "Difference | None"
    budget: Decimal | None
    environment: str

    @property
    def over(self) -> Decimal | None:
        """US dollars by which the lower bound exceeds the budget; None where it does not, or there is none."""
        return self.priced.monthly - self.budget if self.budget is not None and self.priced.monthly > self.budget else None

    def to_json(self) -> dict[str, Any]:
        """The report as `--json` prints it; fields may be added, never renamed."""
        return {
            "environment": self.environment or None,
            **self.priced.to_json(),
            "budget": None if self.budget is None else {"monthly": float(self.budget), "over": self.over is not None},
            "ceilings": [ceiling.to_json() for ceiling in self.ceilings],
            "advice": [advice.to_json() for advice in self.advice],
            "difference": self.difference.to_json() if self.difference else None,
        }


def cost(  # noqa: PLR0913, PLR0917 -- the command's options
    target: Annotated[
        str | None,
        typer.Argument(metavar="[ENV[.LAYER]]", help="An environment, or one layer of it; may be left out with a file and --region."),
    ] = None,
    preview_json: Annotated[
        Path | None, typer.Option("--preview-json", metavar="F", help="Price what `pulumi preview --json` printed.")
    ] = None,
    state: Annotated[Path | None, typer.Option("--state", metavar="F", help="Price what `pulumi stack export` printed.")] = None,
    region: Annotated[
        str | None, typer.Option("--region", metavar="R", help="Price everything as in this AWS region. Left out: where it is declared.")
    ] = None,
    usage: Annotated[Path | None, typer.Option("--usage", metavar="F", help="Usage file: amounts per month by URN and key.")] = None,
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="F", help="Show the difference to a state, a preview, or `platformctl preview --json`."),
    ] = None,
    brief: Annotated[bool, typer.Option("--brief", help="Print the total and the budget only.")] = False,
    json_output: Json = False,
    directory: Directory = None,
) -> None:
    """Estimate the monthly cost: offline, a lower bound, each line with its source. Exit 1 if it is over the environment's budget."""
    from platform_policies.pricing.catalogue import PricingError

    try:
        report = _report(target, preview_json, state, region, usage, against, directory)
    except PricingError as error:
        raise DeclarationError([Problem(str(error))]) from None
    if json_output:
        sys.stdout.write(json.dumps(report.to_json(), indent=2) + "\n")
    else:
        _print(report, brief)
    if report.over is not None:
        raise typer.Exit(OVER_BUDGET)


def _report(
    target: str | None,
    preview_json: Path | None,
    state: Path | None,
    region: str | None,
    usage: Path | None,
    against: Path | None,
    directory: Path | None,
) -> Report:
    from platform_policies.pricing.advice import advise
    from platform_policies.pricing.catalogue import load
    from platform_policies.pricing.ceilings import ceilings
    from platform_policies.pricing.estimate import difference, estimate

    from platformctl.readers.state import read_state

    if preview_json and state:
        raise DeclarationError([Problem("give --preview-json or --state, not both")])
    file = preview_json or state
    if not target and not (file and region):
        raise DeclarationError([Problem("name an environment, or give --preview-json or --state together with --region")])
    project = find_project(directory) if target else None
    stacks = project.stacks_of(target) if project and target else ()
    declared = _declared(project, target) if project and target else None
    place = region or (declared.region if declared else None)
    if not place:
        raise DeclarationError([Problem(f"{target} has no environment file that names a region; give one with --region")])
    load(place)  # an unknown region is told before a program is run
    amounts, today = _usage(usage), datetime.now(UTC).date()
    if state:
        graph = read_state(state)
    elif preview_json:
        graph = read_graph(preview_json)
    else:
        assert project is not None  # noqa: S101 -- a target without a file was found in its project
        graph = preview_graph(project, stacks)
    priced = estimate(graph, place, usage=amounts, today=today, everywhere=bool(region))
    before = estimate(read_graph(against), place, usage=amounts, today=today, everywhere=bool(region)) if against else None
    return Report(
        priced,
        ceilings(graph, priced.catalogue),
        advise(graph, priced),
        difference(before, priced) if before else None,
        declared.budget if declared else None,
        target or "",
    )


@dataclass(frozen=True, slots=True)
class _Declared:
    """What the environment's file says of money."""

    region: str
    budget: Decimal | None


def _declared(project: Project, target: str) -> _Declared | None:
    """Region and budget of the target's environment; None in a project without environment files."""
    path = project.folder / "environments" / f"{target.partition('.')[0]}.yaml"
    if not path.is_file():
        return None
    from platform_components.declarations.environment import load_environment

    environment = load_environment(path)
    return _Declared(environment.region, Decimal(str(environment.budget.monthly_usd)) if environment.budget else None)


def preview_graph(project: Project, stacks: Sequence[str]) -> "ResourceGraph":
    """The resources of these stacks, by running their programs offline."""
    from platform_policies.graph import ResourceGraph

    from platformctl.commands.preview import preview_layers

    return ResourceGraph.union(run.graph for run in preview_layers(project, stacks).values())


def read_graph(path: Path) -> "ResourceGraph":
    """The resources in a file: a state, an engine's preview, or what `platformctl preview --json` printed.

    Raises:
        DeclarationError: the file cannot be read, or is none of these.
    """
    from platformctl.readers.exported import load
    from platformctl.readers.preview_json import read_preview
    from platformctl.readers.state import read_state

    content = load(path, "a state or a preview as JSON")
    if isinstance(content.get("resources"), list) and "layers" in content:
        return _own_preview(content["resources"], path)
    return read_state(path) if "deployment" in content else read_preview(path)


def _own_preview(resources: Sequence[Any], path: Path) -> "ResourceGraph":
    from platform_policies.graph import Node, ResourceGraph

    try:
        return ResourceGraph(
            tuple(
                Node(
                    urn=row["urn"],
                    type=row["type"],
                    name=row["name"],
                    inputs=row["inputs"],
                    parent=row["parent"] or "",
                    layer=row["layer"],
                    custom=row["custom"],
                    provider=row["provider"] or "",
                    dependencies=tuple(row["dependencies"]),
                    property_dependencies=row["propertyDependencies"],
                    source=row["source"] or "",
                    outputs=row["outputs"],
                    external=row["external"],
                )
                for row in resources
            )
        )
    except (KeyError, TypeError) as error:
        raise DeclarationError([Problem(f"a resource of it lacks {error}; print it again with this version", file=str(path))]) from None


def _usage(path: Path | None) -> "Usage":
    import yaml
    from platform_policies.pricing.usage import Usage, parse_usage

    if path is None:
        return Usage()
    try:
        return parse_usage(yaml.safe_load(path.read_text(encoding="utf-8")), str(path))
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        reason = f"is no YAML: {str(error).splitlines()[0]}"
    raise DeclarationError([Problem(reason, file=str(path))])


def _print(report: Report, brief: bool) -> None:
    from rich.console import Console

    from platformctl.report.cost import render, total

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=200)
    for part in [total(report)] if brief else render(report):
        console.print(part)
