"""`platformctl team`: the self-service door. A team is one file; these commands write, judge and list such files."""

import json
import sys
from typing import Annotated, Any

import typer

from platform_components.errors import DeclarationError, Problem
from platformctl.commands import Directory, Json
from platformctl.invocation import program
from platformctl.project import Project, find_project

STALE = 1

Name = Annotated[str, typer.Argument(metavar="TEAM", help="Name of the team: 2 to 16 lower-case letters, digits and hyphens.")]


def validate(json_output: Json = False, directory: Directory = None) -> None:
    """Judge every team's file, by itself and against all others: names, calls, domains, addresses, quotas and shards (exit 2)."""
    from platformctl.teams import register

    found = register(find_project(directory))
    if json_output:
        problems = [{"file": one.file, "line": one.line, "field": one.field, "message": one.message} for one in found.problems]
        sys.stdout.write(json.dumps({"teams": sorted(found.teams.sound), "problems": problems}, indent=2) + "\n")
        if problems:
            raise typer.Exit(2)
        return
    if found.problems:
        raise DeclarationError(found.problems)
    count = len(found.teams.sound)
    sys.stdout.write(f"{count} {'team' if count == 1 else 'teams'}, no problem\n")


def list_teams(json_output: Json = False, directory: Directory = None) -> None:
    """List the teams: who answers for them, their size, and the stack they lie in, by environment."""
    from platform_components.tenancy.placement import shard_layer, shard_of
    from platformctl.teams import register

    found = register(find_project(directory))
    rows: list[dict[str, Any]] = []
    for name, declared in found.teams.sound.items():
        team = declared.team
        stacks = {
            environment: f"{environment}.{shard_layer(shard_of(name, found.environments[environment].tenants.shards))}"
            for environment in team.environments
            if environment in found.environments
        }
        quotas = {environment: team.quota_in(environment) for environment in team.environments}
        rows.append({"name": name, "owners": list(team.owners), "tier": team.tier.value, "quotas": quotas, "stacks": stacks})
    rows += [{"name": name, "problems": [str(problem) for problem in error.problems]} for name, error in found.teams.broken.items()]
    rows.sort(key=lambda row: str(row["name"]))
    if json_output:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        what = "; ".join(row["problems"]) if "problems" in row else f"{row['tier']:<8}  {' '.join(row['owners'])}  {_sizes(row)}"
        sys.stdout.write(f"{row['name']:<{width}}  {what}\n")


def _sizes(row: dict[str, Any]) -> str:
    return ", ".join(f"{stack}: {row['quotas'][environment]}" for environment, stack in row["stacks"].items())


def new(
    name: Name,
    owner: Annotated[
        list[str] | None, typer.Option("--owner", help="Who approves changes: `@person`, `@organisation/team`, e-mail.")
    ] = None,
    group: Annotated[str | None, typer.Option("--group", help="Group of the login that everybody of the team is in.")] = None,
    environment: Annotated[list[str] | None, typer.Option("--environment", "-e", help="Environment it has a namespace in.")] = None,
    quota: Annotated[str | None, typer.Option("--quota", help="Size of its namespaces.")] = None,
    service: Annotated[list[str] | None, typer.Option("--service", help="A service, as NAME or NAME:PORT.")] = None,
    directory: Directory = None,
) -> None:
    """Write a new team's file. On a terminal it asks for what no option says; the file is judged before it is written."""
    from platform_components.tenancy.quotas import QUOTA_CLASSES
    from platformctl.teams import folder_of, team_text

    project = find_project(directory)
    path = folder_of(project) / f"{name}.yaml"
    if path.exists():
        raise DeclarationError([Problem(f"{path.relative_to(project.root)} is there already; edit it", field=name)])
    asked = sys.stdin.isatty()
    known = project.environments()
    content: dict[str, Any] = {
        "team": name,
        "owners": owner or _ask(asked, "Owners, by commas (@person or @organisation/team)", "--owner", many=True),
        "group": group or _ask(asked, "Group of the login", "--group"),
        "environments": environment
        or (_ask(asked, "Environments, by commas", "--environment", default=",".join(known), many=True) if asked else list(known)),
        "quota": quota or (_ask(asked, f"Size ({', '.join(QUOTA_CLASSES)})", "--quota", default="small") if asked else "small"),
        "services": dict(map(_service, service or [])),
    }
    team = _judged(project, content)
    path.parent.mkdir(exist_ok=True)
    path.write_text(team_text(team), encoding="utf-8")
    sys.stdout.write(f"{path.relative_to(project.root)} is written; `{program()} team validate` judges it with all others\n")


def _ask(possible: bool, question: str, option: str, *, default: str | None = None, many: bool = False) -> Any:
    if not possible:
        raise DeclarationError([Problem(f"is required where nobody can be asked: {question[0].lower()}{question[1:]}", field=option)])
    answer = str(typer.prompt(question, default=default))
    return [part.strip() for part in answer.split(",") if part.strip()] if many else answer


def _service(text: str) -> tuple[str, dict[str, Any]]:
    service, colon, port = text.partition(":")
    if colon and not port.isdecimal():
        raise DeclarationError([Problem(f"{text!r} is no NAME or NAME:PORT", field="--service")])
    return service, {"port": int(port)} if colon else {}


def _judged(project: Project, content: dict[str, Any]) -> Any:
    """The team, or everything that is wrong with what was said of it."""
    from pydantic import ValidationError

    from platform_components.declarations.arguments import refusal
    from platform_components.tenancy.args import Team

    unknown = [name for name in content["environments"] if name not in project.environments()]
    if unknown:
        choice = ", ".join(project.environments())
        raise DeclarationError(
            [Problem(f"there is no environment {name!r}; choose from: {choice}", field="environments") for name in unknown]
        )
    try:
        return Team.model_validate(content)
    except ValidationError as error:
        raise refusal(error) from None


def codeowners(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if the file is out of date.")] = False,
    directory: Directory = None,
) -> None:
    """Write who approves which team's file into CODEOWNERS; lines of others stay."""
    from platformctl.teams import FOLDER, OWNERS_FILE, codeowners, register

    project = find_project(directory)
    found = register(project)
    if found.teams.broken:
        raise DeclarationError(found.teams.problems)
    path = project.root / OWNERS_FILE
    present = path.read_text(encoding="utf-8") if path.exists() else ""
    teams = [declared.team for declared in found.teams.sound.values()]
    text = codeowners(teams, str((project.folder / FOLDER).relative_to(project.root)), present)
    if text == present:
        return
    if check:
        sys.stdout.write(f"{OWNERS_FILE} is out of date; run `{program()} team codeowners`\n")
        raise typer.Exit(STALE)
    path.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{OWNERS_FILE} names the owners of {len(teams)} teams\n")
