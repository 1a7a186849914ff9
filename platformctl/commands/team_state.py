"""`platformctl team rebalance` and `offboard`: where teams lie in the state, and how one leaves."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from platform_components.errors import DeclarationError, Problem
from platformctl.commands import Directory, Json
from platformctl.commands.place import DEFAULT_SANDBOX, SandboxName, UseSandbox, console_of, interruptible, place_of, runner_of
from platformctl.commands.team import Name
from platformctl.invocation import program
from platformctl.project import Project, find_project

NOT_DONE: Final = 1

Environment = Annotated[str, typer.Argument(metavar="ENV", help="An environment.")]
Apply = Annotated[bool, typer.Option("--yes", "-y", help="Do it; without this it is only told.")]

HOLDS_DATA: Final[Mapping[str, str]] = {
    "aws:ecr/repository:Repository": "images",
    "aws:s3/bucket:Bucket": "objects",
    "aws:rds/instance:Instance": "a database",
    "aws:rds/cluster:Cluster": "a database",
    "aws:dynamodb/table:Table": "a table",
    "aws:sqs/queue:Queue": "messages",
    "aws:elasticache/replicationGroup:ReplicationGroup": "a cache",
    "aws:elasticache/serverlessCache:ServerlessCache": "a cache",
    "aws:kinesis/stream:Stream": "records",
    "aws:kms/key:Key": "a key, without which what it encrypted cannot be read",
    "aws:secretsmanager/secret:Secret": "a secret",
    "vault:index/policy:Policy": "the way to its secrets, which stay in Vault and whoever takes the team's name next would read",
    "vault:transit/secretBackendKey:SecretBackendKey": "a key, which stays in Vault",
    "kubernetes:core/v1:Namespace": "whatever the team made in it: volumes, secrets, configuration",
    "kubernetes:core/v1:PersistentVolumeClaim": "a volume",
}
"""Types of resources that hold what cannot be made again, and what that is."""


def rebalance(
    environment: Environment,
    apply: Apply = False,
    sandbox: UseSandbox = None,
    sandbox_name: SandboxName = DEFAULT_SANDBOX,
    json_output: Json = False,
    directory: Directory = None,
) -> None:
    """Plan which teams move to another stack after the number of shards was changed; --yes moves their state. The cloud is not touched."""
    from platformctl.teams import astray, placed

    project = find_project(directory)
    stacks = _stacks(project, environment)
    console = console_of(json_output)
    with interruptible():
        runner = runner_of(project, place_of(project, stacks, sandbox, sandbox_name), console)
        moves = astray(placed(project, runner, environment), environment, project.shards(environment))
        for move in moves:
            console.print(f"{move.team}: {len(move.urns)} resources from {move.source} to {move.target}", markup=False)
            if apply:
                runner.move(move.urns, move.source, move.target)
    if json_output:
        rows = [{"team": move.team, "from": move.source, "to": move.target, "resources": len(move.urns)} for move in moves]
        sys.stdout.write(json.dumps({"environment": environment, "moves": rows, "done": apply}, indent=2) + "\n")
    elif not moves:
        sys.stdout.write("every team lies where it belongs\n")
    if moves and not apply:
        console.print(f"nothing was moved; `{program()} team rebalance {environment} --yes` does it", markup=False)
        raise typer.Exit(NOT_DONE)


def offboard(
    name: Name,
    environment: Environment,
    apply: Apply = False,
    drop: Annotated[
        list[str] | None, typer.Option("--drop", metavar="NAME", help="A resource, or a claim, whose data is no longer wanted.")
    ] = None,
    exported: Annotated[
        list[str] | None, typer.Option("--exported", metavar="NAME", help="A resource, or a claim, whose data is kept elsewhere.")
    ] = None,
    sandbox: UseSandbox = None,
    sandbox_name: SandboxName = DEFAULT_SANDBOX,
    directory: Directory = None,
) -> None:
    """List what of a team holds data; --yes deletes what the team has, if each of those is named by --drop or --exported (else exit 1)."""
    from platformctl.teams import placed

    project = find_project(directory)
    stacks = _stacks(project, environment)
    console = console_of(json_output=False)
    with interruptible():
        runner = runner_of(project, place_of(project, stacks, sandbox, sandbox_name), console)
        found = [(stack, teams[name]) for stack, teams in placed(project, runner, environment).items() if name in teams]
        if not found:
            raise DeclarationError([Problem(f"has nothing in {environment}", field=name)])
        stack, urns = found[0]
        holding = holds_data(urns, runner.resources(stack))
        prefix = f"{name}-{environment}"
        dropped, kept_elsewhere = (named_of(holding, given or (), prefix) for given in (drop, exported))
        unknown = [given for given in (*(drop or ()), *(exported or ())) if not named_of(holding, [given], prefix)]
        if unknown:
            raise DeclarationError([Problem("holds no data of the team", field=resource) for resource in unknown])
        left = [row for row in holding if row["name"] not in dropped | kept_elsewhere]
        protected = [row for row in holding if row["protected"]]
        for row in holding:
            fate = "to be dropped" if row["name"] in dropped else "exported" if row["name"] in kept_elsewhere else "not named"
            console.print(f"{row['name']}  {row['type']}  holds {row['holds']}: {fate}", markup=False)
        console.print(f"{len(urns)} resources in {stack}", markup=False)
        refused = bool(left or protected)
        if apply and not refused:
            runner.remove(stack, urns)
            console.print(f"{name} is gone from {environment}; delete its file, or take {environment} out of it", markup=False)
    if protected:
        listed = ", ".join(row["name"] for row in protected)
        told = f"say `removal: delete` of the claim in the team's file and run `{program()} up {stack}`; then it can go"
        console.print(f"protected against deletion: {listed}; {told}", markup=False)
    if left:
        console.print(f"name what may go with --drop or --exported: {', '.join(row['name'] for row in left)}", markup=False)
    if refused or not apply:
        raise typer.Exit(NOT_DONE)


def holds_data(urns: Sequence[str], resources: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Resources that hold data, what, and whether the engine would refuse to delete them.

    Args:
        urns: the team's.
        resources: what the state of its stack holds.
    """
    from platformctl.engine.drift import urn_name, urn_type

    protected = {str(resource["urn"]) for resource in resources if resource.get("protect")}
    types = {urn: urn_type(urn).rpartition("$")[2] for urn in urns}
    return [
        {"name": urn_name(urn), "type": kind, "holds": HOLDS_DATA[kind], "protected": urn in protected}
        for urn, kind in types.items()
        if kind in HOLDS_DATA
    ]


def named_of(holding: Sequence[Mapping[str, Any]], names: Sequence[str], prefix: str) -> set[str]:
    """Resources that are named, each by itself or by its claim: a claim's are called PREFIX-CLAIM, and whatever follows a hyphen."""
    wanted = tuple(f"{prefix}-{name}" for name in names)
    return {
        row["name"]
        for row in holding
        if row["name"] in names or row["name"] in wanted or row["name"].startswith(tuple(f"{one}-" for one in wanted))
    }


def _stacks(project: Project, environment: str) -> tuple[str, ...]:
    """The stacks of an environment's tenants."""
    from platform_components.tenancy.placement import LAYER

    return project.stacks_of(f"{environment}.{LAYER}")
