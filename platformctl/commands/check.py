"""`platformctl check`: the rules over a program, a preview or a state; the exit code is the gate."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from platform_components.errors import DeclarationError, Problem
from platformctl.commands import Directory, Html, Json, Junit, Sarif
from platformctl.project import PROJECT_FILE, Project, find_project

if TYPE_CHECKING:
    from platform_policies.graph import ResourceGraph
    from platform_policies.rule import Pack

    from platformctl.report.model import Report

BLOCKED = 1
"""Exit code where a finding blocks."""

UNNAMED = "preview"
"""Name of the stack a program is run as where neither the user nor a stack file names one."""

_UNCUT = 1000


class Packs(StrEnum):
    """Which rules are asked."""

    SECURITY = "security"
    COST = "cost"
    ALL = "all"


def check(  # noqa: PLR0913, PLR0917 -- each is an option of the command
    target: Annotated[
        str | None,
        typer.Argument(metavar="[ENV[.LAYER]]", help="An environment, or one layer of it; every environment where left out."),
    ] = None,
    program: Annotated[Path | None, typer.Option("--program", metavar="DIR", help="Judge the Pulumi program in DIR (Python).")] = None,
    preview_json: Annotated[
        Path | None, typer.Option("--preview-json", metavar="F", help="Judge what `pulumi preview --json` printed (- is standard input).")
    ] = None,
    state: Annotated[
        Path | None, typer.Option("--state", metavar="F", help="Judge what `pulumi stack export` printed (- is standard input).")
    ] = None,
    pack: Annotated[Packs, typer.Option("--pack", help="Which rules.")] = Packs.ALL,
    waivers: Annotated[
        Path | None, typer.Option("--waivers", metavar="F", help="Waiver file; policies/waivers.yaml of the project where left out.")
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option("--settings", metavar="F", help="Enforcement file; policies/enforcement.yaml of the project where left out."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="F",
            help="Hold the limits on increases of cost against a state, a preview, or `platformctl preview --json`.",
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="What a mandatory rule cannot decide blocks, too.")] = False,
    sarif: Sarif = None,
    junit: Junit = None,
    html: Html = None,
    compliance: Annotated[
        list[Path] | None,
        typer.Option("--compliance", metavar="F", help="Write how the controls of each framework stand, as a page or (F.csv) as CSV."),
    ] = None,
    github: Annotated[bool, typer.Option("--github", help="Print GitHub annotations instead of text.")] = False,
    json_output: Json = False,
    directory: Directory = None,
) -> None:
    """Judge resources by the rules: offline, no account needed. Exit 1 if a finding blocks."""
    sources = {"--program": program, "--preview-json": preview_json, "--state": state}
    given = [name for name, value in sources.items() if value is not None]
    if len(given) > 1:
        raise DeclarationError([Problem(f"give one of {', '.join(given)}")])
    if json_output and github:
        raise DeclarationError([Problem("give --json or --github, not both")])
    if target is not None and (preview_json or state):
        raise DeclarationError([Problem(f"{given[0]} says itself which stack it is of; leave out {target}")])

    from platformctl.judging import judges_of, places_of, today
    from platformctl.report.files import Wanted, write
    from platformctl.report.model import judge

    file = preview_json or state
    exported = _exported(preview_json, state)
    project = _project_of(exported, directory) if exported is not None else find_project(program or directory)
    root = project.root if project else None
    # Files are read before any program is run: what is wrong with them is told at once.
    judges = judges_of(root, pack=_pack(pack), settings=settings, waived=waivers, strict=strict)
    if against:
        from platformctl.commands.cost import read_graph
        from platformctl.judging import counted_from

        judges = counted_from(judges, read_graph(against), str(against))
    graph = exported if exported is not None else _declared(find_project(program or directory), target)
    title = str(file) if file else target or (project.name if project else "")
    # Code scanning can only show a place: where a finding has none of its own, the project's file, or what was judged.
    fallback = PROJECT_FILE if project or file is None or str(file) == "-" else file.name
    report = judge(graph, judges, today(), places_of(root, fallback))
    write(report, Wanted(sarif, junit, html, compliance or ()), title)
    if json_output:
        sys.stdout.write(json.dumps(report.to_json(), indent=2) + "\n")
    elif github:
        from platformctl.report.github import to_github

        sys.stdout.write(to_github(report))
    else:
        _print(report)
    if report.blocked:
        raise typer.Exit(BLOCKED)


def _pack(pack: Packs) -> "Pack | None":
    from platform_policies.rule import Pack

    return None if pack is Packs.ALL else Pack(str(pack))


def _exported(preview_json: Path | None, state: Path | None) -> "ResourceGraph | None":
    """The resources in a file of the engine's, if one is given."""
    if preview_json:
        from platformctl.readers.preview_json import read_preview

        return read_preview(preview_json)
    if state:
        from platformctl.readers.state import read_state

        return read_state(state)
    return None


def _project_of(graph: "ResourceGraph", directory: Path | None) -> Project | None:
    """The project around, if the file is of it: another's levels, waivers and paths say nothing of these resources."""
    try:
        project = find_project(directory)
    except DeclarationError:
        if directory is not None:
            raise
        return None
    names = {node.urn.split("::")[1] for node in graph}
    return project if directory is not None or names <= {project.name} else None


def _declared(project: Project, target: str | None) -> "ResourceGraph":
    """The resources of a program, run offline."""
    from platform_policies.graph import ResourceGraph

    from platformctl.commands.preview import preview_layers

    graphs = [run.graph for name in _targets(project, target) for run in preview_layers(project, project.stacks_of(name)).values()]
    return ResourceGraph.union(graphs)


def _targets(project: Project, target: str | None) -> tuple[str, ...]:
    """The environments or stacks to judge: the one named; else all there are; else one under a name of ours."""
    if target is not None:
        return (target,)
    if project.layers():
        return project.environments()
    stacks = sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in project.root.glob("Pulumi.*.yaml"))
    return tuple(stacks) or (UNNAMED,)


def _print(report: "Report") -> None:
    from rich.console import Console

    from platformctl.report.terminal import print_report

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_UNCUT)
    # Captured, because the console has an exit code of its own for a reader who has gone (`check dev | head`).
    with console.capture() as captured:
        print_report(report, console)
    sys.stdout.write(captured.get())
