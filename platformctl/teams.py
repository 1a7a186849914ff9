"""A platform repository's teams: all of them against all environments, a file for a new one, and who approves which file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from platform_components.declarations.environment import Environment, environment_files, load_environment
from platform_components.declarations.team import Teams, crossing_problems, fitting, load_teams, team_files
from platform_components.errors import DeclarationError, Problem
from platform_components.tenancy.args import Team
from platform_components.tenancy.placement import shard_layer, shard_of
from platformctl.engine.leaving import by_component
from platformctl.engine.runner import StackRunner
from platformctl.project import Project

FOLDER: Final = "teams"
OWNERS_FILE: Final = "CODEOWNERS"
BEGIN, END = "# teams: written by `platformctl team codeowners`, from the teams' files", "# teams: end"


@dataclass(frozen=True, slots=True)
class Register:
    """Every team of a repository."""

    teams: Teams
    environments: Mapping[str, Environment]
    """Those that are sound."""
    problems: Sequence[Problem] = field(default=())
    """What is wrong in any team's file, and between them."""


@dataclass(frozen=True, slots=True)
class Move:
    """A team that lies in one stack and belongs in another."""

    team: str
    source: str
    target: str
    urns: Sequence[str]


def placed(project: Project, runner: StackRunner, environment: str) -> dict[str, dict[str, list[str]]]:
    """URNs of what each team has, by the stack it lies in; stacks beyond the last shard are looked for, too."""
    found: dict[str, dict[str, list[str]]] = {}
    shards = project.shards(environment)
    shard = 0
    while shard < shards or runner.exists(f"{environment}.{shard_layer(shard)}"):
        stack = f"{environment}.{shard_layer(shard)}"
        teams = by_component(runner.resources(stack))
        if teams:
            found[stack] = teams
        shard += 1
    return found


def astray(found: Mapping[str, Mapping[str, Sequence[str]]], environment: str, shards: int) -> list[Move]:
    """Teams that lie in another stack than the one they belong in."""
    moves = []
    for stack, teams in found.items():
        for team, urns in sorted(teams.items()):
            target = f"{environment}.{shard_layer(shard_of(team, shards))}"
            if target != stack:
                moves.append(Move(team, stack, target, tuple(urns)))
    return moves


def orphans(found: Mapping[str, Mapping[str, Sequence[str]]], project: Project) -> list[tuple[str, str]]:
    """Teams that lie in a stack and are no longer declared there, with the stack; of a broken file nobody can say so."""
    files = team_files(folder_of(project))
    teams = load_teams({team: files[team] for held in found.values() for team in held if team in files})
    return [
        (team, stack)
        for stack, held in found.items()
        for team in sorted(held)
        if team not in files or (team in teams.sound and stack.partition(".")[0] not in teams.sound[team].team.environments)
    ]


def folder_of(project: Project) -> Path:
    """Where the team files stand."""
    return project.folder / FOLDER


def register(project: Project) -> Register:
    """Load all teams, and hold them against each other and the environments. An environment that is wrong is left to its own commands."""
    environments: dict[str, Environment] = {}
    unsound: list[str] = []
    for path in environment_files(project.folder / "environments"):
        try:
            environments[path.stem] = load_environment(path, _shown(path, project))
        except DeclarationError:
            unsound.append(path.stem)
    teams = load_teams(team_files(folder_of(project)), root=project.root)
    found = crossing_problems(teams, environments, _shown(project.folder / "environments", project))
    # Whether an environment exists cannot be said of one that cannot be read.
    found = [problem for problem in found if not any(f"there is no environment {name!r}" in problem.message for name in unsound)]
    problems = sorted([*teams.problems, *found], key=lambda problem: (problem.file, problem.line))
    return Register(teams, environments, problems)


def teams_of(project: Project, environment: str, files: Mapping[str, Path]) -> Teams:
    """The teams of these files as an environment sees them: one that asks for what it does not have is broken there.

    Args:
        project: the platform's repository.
        environment: the environment; one that is wrong is left to its own commands.
        files: the files, by team.
    """
    teams = load_teams(files, root=project.root)
    try:
        return fitting(teams, load_environment(project.folder / "environments" / f"{environment}.yaml"))
    except DeclarationError:
        return teams


def team_text(team: Team) -> str:
    """A new team's file."""
    lines = [
        "# yaml-language-server: $schema=../../docs/team-schema.json",
        f"team: {team.team}",
        f"owners: [{', '.join(map(_quoted, team.owners))}]",
        f"group: {_quoted(team.group)}",
        f"environments: [{', '.join(team.environments)}]",
        f"quota: {team.quota}",
    ]
    if team.services:
        lines.append("services:")
        lines += [
            f"  {name}: {{port: {service.port}{', public: true' if service.public else ''}}}" for name, service in team.services.items()
        ]
    return "\n".join(lines) + "\n"


def codeowners(teams: Iterable[Team], folder: str, present: str) -> str:
    """A CODEOWNERS file in which each team's owners approve the team's file; lines of others stay.

    The last line that matches a path decides, so that the teams' stand behind the platform's.
    """
    before, _, rest = present.partition(f"{BEGIN}\n")
    after = rest.partition(f"{END}\n")[2]
    rows = [f"/{folder}/{team.team}.yaml {' '.join(team.owners)}" for team in teams]
    kept = "".join(part for part in (before, after) if part.strip())
    return "".join((kept.rstrip("\n") + "\n\n" if kept.strip() else "", f"{BEGIN}\n", *(f"{row}\n" for row in rows), f"{END}\n"))


def _quoted(text: str) -> str:
    return f'"{text}"'


def _shown(path: Path, project: Project) -> str:
    return str(path.relative_to(project.root))
