"""`platformctl preview`: what an environment would be made of, without engine, cloud or account."""

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platformctl.commands import Directory, Html, Json, Junit, Sarif
from platformctl.project import PROJECT_FILE, Project, find_project

if TYPE_CHECKING:
    from platform_policies.graph import Node, ResourceGraph
    from rich.tree import Tree

    from platformctl.readers.mock_run import MockRun

_UNCUT = 1000
"""Width of a line in a file or a pipe, in characters."""


def preview(
    target: Annotated[str, typer.Argument(metavar="ENV[.LAYER]", help="An environment, or one layer of it.")],
    sarif: Sarif = None,
    junit: Junit = None,
    html: Html = None,
    mermaid: Annotated[
        Path | None, typer.Option("--mermaid", metavar="F", help="Write a diagram of the layers and components, as Mermaid.")
    ] = None,
    json_output: Json = False,
    directory: Directory = None,
) -> None:
    """Show the resources an environment would have: offline, no CLI and no account needed.

    Reports hold what the rules find in them; `check` is the gate.
    """
    project = find_project(directory)
    runs = preview_layers(project, project.stacks_of(target))
    if sarif or junit or html:
        _write(project, target, runs, sarif, junit, html)
    if mermaid:
        _draw(runs, mermaid)
    if json_output:
        sys.stdout.write(json.dumps(as_json(target, runs), indent=2) + "\n")
    else:
        _print(runs)


def preview_layers(project: Project, stacks: Sequence[str]) -> Mapping[str, "MockRun"]:
    """Run each stack's program offline, lower layers first; what a layer reads of those below it is stood in for.

    Args:
        project: the project.
        stacks: stacks to preview; the layers below them are run, too, but not returned.

    Returns:
        One run per stack, in the order given. Whatever follows from a value of a layer below that only the cloud knows is unknown.
    """
    from platformctl.readers.mock_run import run_stack

    exports: dict[str, Mapping[str, Any]] = {}
    runs: dict[str, MockRun] = {}
    for stack in stacks:
        for below in project.stacks_below(stack):
            if below not in exports:
                exports[below] = run_stack(project, below, upstream=exports, preview=False).exports
        runs[stack] = run_stack(project, stack, upstream=exports)
    return runs


def as_json(target: str, runs: Mapping[str, "MockRun"]) -> dict[str, Any]:
    """The result as `--json` prints it; fields may be added, never renamed."""
    from platform_policies.graph import ResourceGraph

    graph = ResourceGraph.union(run.graph for run in runs.values())
    counted = [node for node in graph if is_counted(node)]
    return {
        "environment": target.partition(".")[0],
        "layers": [stack.partition(".")[2] or stack for stack in runs],
        "resources": graph.to_json(),
        "summary": {
            "resources": len(counted),
            "layers": dict(Counter(node.layer for node in counted)),
            "types": dict(sorted(Counter(node.type for node in counted).items())),
            "warnings": [{"stack": stack, "message": message} for stack, run in runs.items() for message in run.warnings],
        },
    }


def _write(project: Project, target: str, runs: Mapping[str, "MockRun"], sarif: Path | None, junit: Path | None, html: Path | None) -> None:
    """Judge the resources and write the reports that are wanted; the page lists the resources, too."""
    from platform_policies.graph import ResourceGraph

    from platformctl.judging import judges_of, places_of, today
    from platformctl.report.files import Wanted, write
    from platformctl.report.model import judge

    graph = ResourceGraph.union(run.graph for run in runs.values())
    report = judge(graph, judges_of(project.root), today(), places_of(project.root, PROJECT_FILE))
    write(report, Wanted(sarif, junit, html), target, graph)


def _draw(runs: Mapping[str, "MockRun"], path: Path) -> None:
    from platform_policies.graph import ResourceGraph

    from platformctl.report.diagram import mermaid
    from platformctl.report.files import save

    save(path, mermaid(ResourceGraph.union(run.graph for run in runs.values())))


def is_counted(node: "Node") -> bool:
    """Whether a node is a resource somebody would count: not the stack, nor what is only read."""
    return bool(node.parent) and not node.external


def _print(runs: Mapping[str, "MockRun"]) -> None:
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

    console = Console(highlight=False)
    if not console.is_terminal:
        # Nothing is cut where somebody may search in it later.
        console = Console(highlight=False, width=_UNCUT)
    width = max(map(len, runs))
    # Captured, because the console has an exit code of its own for a reader who has gone (`preview dev | head`).
    with console.capture() as captured:
        for stack, run in runs.items():
            count = sum(map(is_counted, run.graph))
            head = Text.assemble((stack.ljust(width), "bold"), f"  {count} {'resource' if count == 1 else 'resources'}")
            tree = Tree(head, guide_style="dim")
            _grow(tree, run.graph)
            console.print(tree)
            for warning in run.warnings:
                console.print(Text(f"warning: {warning}", style="yellow"))
    sys.stdout.write(captured.get())


def _grow(tree: "Tree", graph: "ResourceGraph") -> None:
    """Hang every resource under its parent; those of the stack itself under the root."""
    from rich.text import Text

    branches: dict[str, Tree] = {}
    for node in graph:
        if not node.parent:
            branches[node.urn] = tree
            continue
        detail = f"  {node.type}" + ("  (read)" if node.external else "")
        label = Text.assemble((node.name, "" if node.custom else "cyan"), (detail, "dim"))
        branches[node.urn] = branches.get(node.parent, tree).add(label)
