"""`platformctl dr plan`: in which order an environment comes back, and what the failure takes with it; from its file and its graph."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platformctl.commands import Directory, Json
from platformctl.project import Project, find_project

if TYPE_CHECKING:
    from platform_policies.graph import Node

    from platform_components.declarations.environment import Environment
    from platform_components.resilience.promises import Loss

KEYS = ("aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey")

PARTS: Sequence[tuple[str, str]] = (
    ("network", "network"),
    ("data stores", "data"),
    ("cluster", "cluster"),
    ("add-ons", "platform"),
    ("add-ons", "observability"),
    ("add-ons", "delivery"),
    ("tenants", "tenants"),
)
"""Steps in the order of recovery, by layer. Data comes before the cluster: restores take longest, and need network and keys only."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a recovery."""

    name: str
    command: str
    resources: int

    def as_json(self) -> dict[str, Any]:
        """Ordinary data for `--json`."""
        return {"step": self.name, "command": self.command, "resources": self.resources}


def plan(
    target: Annotated[str, typer.Argument(metavar="ENV", help="An environment.")],
    json_output: Json = False,
    directory: Directory = None,
) -> None:
    """Show the order in which an environment comes back, and what would be lost."""
    from platform_components.declarations.environment import select_environment
    from platform_components.resilience.promises import losses
    from platformctl.commands.conditions import leave_broken_teams

    project = find_project(directory)
    environment = select_environment(project.folder / "environments", target, root=project.root)
    if leave_broken_teams(project, project.stacks_of(target)):
        sys.stderr.write("what they hold is not counted here\n")
    lost = [*losses(environment.data, environment.resilience), *team_losses(project, environment)]
    steps = list(steps_of(project, environment, lost))
    promise = environment.resilience
    if json_output:
        stores = [
            {
                "kind": one.kind,
                "name": one.name,
                "team": one.team or None,
                "lost_hours": one.hours,
                "recovery_hours": round(one.recovery_hours, 2),
                "why": one.why,
            }
            for one in lost
        ]
        promised = {"survives": str(promise.survives), "rpo_hours": promise.rpo_hours, "rto_hours": promise.rto_hours}
        content = {"environment": target, "promise": promised, "steps": [step.as_json() for step in steps], "lost": stores}
        sys.stdout.write(json.dumps(content, indent=2) + "\n")
        return
    lines = [f"{target} after the loss of a {promise.survives}", ""]
    lines += [f"{number:>2}. {step.name:<12} {step.resources:>4} resources  {step.command}" for number, step in enumerate(steps, 1)]
    lines += [
        "",
        *(f"    {_called(one)}: {_hours(one.hours)} lost, back after {one.recovery_hours:.1f} h ({one.why})" for one in lost),
    ]
    sys.stdout.write("\n".join(lines if lost else [*lines, "    no store is declared: nothing is lost"]) + "\n")


def _hours(hours: float | None) -> str:
    return "everything" if hours is None else "nothing" if hours == 0 else f"{hours:.1f} h"


def _called(one: "Loss") -> str:
    return f"{f'team {one.team}, ' if one.team else ''}{one.kind} {one.name}"


def team_losses(project: Project, environment: "Environment") -> "Iterator[Loss]":
    """What is lost of teams' stores; of broken files nobody can say."""
    from platform_components.declarations.team import team_files
    from platform_components.resilience.promises import store_losses
    from platform_components.tenancy.claims import claimed_stores
    from platformctl.teams import folder_of, teams_of

    name = environment.environment
    defaults = environment.data.defaults.written()
    for team, declared in teams_of(project, name, team_files(folder_of(project))).sound.items():
        if name in declared.team.environments:
            stores = claimed_stores(declared.team.data, defaults)
            yield from (replace(loss, team=team) for loss in store_losses(stores, environment.resilience))


def steps_of(project: Project, environment: "Environment", lost: "Sequence[Loss]") -> Iterator[Step]:
    """The steps, from the graph of every layer: those without resources are left out."""
    from platformctl.commands.preview import preview_layers
    from platformctl.invocation import program

    target = environment.environment
    runs = preview_layers(project, project.stacks_of(target))
    nodes = {
        stack.partition(".")[2]: [node for node in run.graph if node.custom and ":providers:" not in node.type]
        for stack, run in runs.items()
    }
    keys = [node for layer in nodes.values() for node in layer if node.type in KEYS]
    for name, part in PARTS:
        for layer, found in nodes.items():
            if layer != part and not layer.startswith(f"{part}-"):
                continue
            rest = [node for node in found if node.type not in KEYS]
            if rest:
                yield Step(name, f"{program()} up {target}.{layer}", len(rest))
        yield from restores(part, environment, lost)
        if name == "network" and keys:
            yield Step("keys", f"kept, or replicas elsewhere: {_named(keys)}", len(keys))


def restores(part: str, environment: "Environment", lost: "Sequence[Loss]") -> Iterator[Step]:
    """What is brought back from backups once a layer is up: how, and how many stores or schedules."""
    resilience = environment.resilience
    own = {"data": False, "tenants": True}
    if part in own and (behind := [one for one in lost if one.restored and bool(one.team) is own[part]]):
        source = (
            f"the vault {', '.join(resilience.backup.copies)}" if resilience.survives == "region" and resilience.backup else "their log"
        )
        yield Step("restores", f"out of {source}: {'; '.join(map(_called, behind))}", len(behind))
    if part == "platform" and resilience.cluster is not None:
        schedules = resilience.cluster.schedules
        yield Step("objects", f"a Restore of Velero, of the newest good backup: {', '.join(schedules)}", len(schedules))


def _named(keys: "Sequence[Node]") -> str:
    return ", ".join(sorted(node.name for node in keys))
