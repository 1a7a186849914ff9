"""What has to hold before stacks are worked on: sound files, layers and teams in their places, nothing protected in the way."""

import os
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from platform_components.errors import DeclarationError, Problem, UnsupportedError, UpstreamError
from platformctl.commands.place import Place, to_stderr
from platformctl.invocation import program
from platformctl.project import Project

if TYPE_CHECKING:
    from platformctl.engine.leaving import Leaving
    from platformctl.engine.runner import StackRunner
    from platformctl.readers.mock_run import MockRun


def leave_broken_teams(project: Project, stacks: Sequence[str]) -> Mapping[str, DeclarationError]:
    """Teams of these stacks whose files are broken, and why. The programs of their stacks leave them out; nobody else has to wait."""
    from platform_components.tenancy.placement import parse_layer, shard_of

    shards = {parse_layer(stack.partition(".")[2])[1] for stack in stacks} - {None}
    if not shards:
        return {}
    from platform_components.declarations.team import LEFT_ALONE_VARIABLE, team_files
    from platformctl.teams import folder_of, teams_of

    environment = stacks[0].partition(".")[0]
    count = project.shards(environment)
    files = {name: path for name, path in team_files(folder_of(project)).items() if shard_of(name, count) in shards}
    broken = teams_of(project, environment, files).broken
    os.environ[LEFT_ALONE_VARIABLE] = ",".join(broken)
    for error in broken.values():
        to_stderr(str(error))
    if broken:
        to_stderr(f"left as they are until that is put right: {', '.join(broken)}")
    return broken


def leaving_of(left_alone: Collection[str], runs: Mapping[str, "MockRun"]) -> "Leaving":
    """The broken teams, and what the programs declare without them."""
    from platformctl.engine.leaving import Leaving

    return Leaving(tuple(left_alone), {stack: tuple(run.graph.by_urn) for stack, run in runs.items()})


def refuse_bad_input(project: Project, stacks: Sequence[str]) -> Mapping[str, "MockRun"]:
    """Run the programs offline first, so that nothing is created for an environment that a later layer refuses.

    Raises:
        DeclarationError: with everything that is wrong.
    """
    from platformctl.commands.preview import preview_layers

    return preview_layers(project, stacks)


def need_layers_below(project: Project, runner: "StackRunner", stacks: Sequence[str], place: Place) -> None:
    """A layer reads those below it.

    Raises:
        UpstreamError: one of them is not there; names the lowest.
    """
    for below in project.stacks_below(stacks[0]):
        if not runner.is_up(below):
            raise UpstreamError(f"{stacks[0]} reads {below}, which is not up; run `{program()} up {below}{place.option}` first")


def need_teams_in_place(project: Project, runner: "StackRunner", stacks: Sequence[str]) -> None:
    """No team is made anew in one stack and deleted in another because a shard was added, nor deleted because its file is gone.

    Raises:
        DeclarationError: names every team that lies in the wrong stack, and every one without a file.
    """
    from platform_components.tenancy.placement import parse_layer

    if all(parse_layer(stack.partition(".")[2])[1] is None for stack in stacks):
        return
    from platformctl.teams import astray, orphans, placed

    environment = stacks[0].partition(".")[0]
    found = placed(project, runner, environment)
    problems = [
        Problem(f"lies in {move.source} and belongs in {move.target}; run `{program()} team rebalance {environment}`", field=move.team)
        for move in astray(found, environment, project.shards(environment))
    ]
    problems += [
        Problem(
            f"lies in {stack} and is no longer declared there, so that everything of it would be deleted; put its file right, "
            f"or run `{program()} team offboard {team} {environment}`",
            field=team,
        )
        for team, stack in orphans(found, project)
    ]
    if problems:
        raise DeclarationError(problems)


def need_no_layer_above(project: Project, runner: "StackRunner", stacks: Sequence[str], place: Place) -> None:
    """What other layers stand on is not pulled away from under them.

    Raises:
        UpstreamError: one of them is still there; names the highest.
    """
    for above in project.stacks_above(stacks[0]):
        if runner.is_up(above):
            raise UpstreamError(f"{above} is up and stands on {stacks[0]}; run `{program()} destroy {above}{place.option}` first")


def need_no_protection(runner: "StackRunner", stacks: Sequence[str], place: Place) -> None:
    """Half an environment is worse than a whole one or none: what the engine will not delete is told before anything is.

    Raises:
        UnsupportedError: something is protected; one line for each stack.
    """
    protected = {stack: found for stack in stacks if (found := runner.protected(stack))}
    if protected:
        off = "take that off where it is declared (of a cluster: `deletion_protection: false`)"
        lines = [
            f"{stack}: {', '.join(found)}: protected against deletion; {off}, run `{program()} up {stack}{place.option}`, then destroy"
            for stack, found in protected.items()
        ]
        raise UnsupportedError("\n".join([*lines, "Nothing was deleted."]))
