"""`platformctl up`, `destroy`, `refresh` and `drift`: one environment, or one layer of it, on the sandbox or the real account."""

import json
import os
import signal
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platform_components.errors import DeclarationError, Problem, UnsupportedError, UpstreamError
from platformctl.commands import Directory, Json
from platformctl.errors import ToolError
from platformctl.interrupts import EXIT_CODE as INTERRUPTED
from platformctl.interrupts import unwinding
from platformctl.invocation import program
from platformctl.project import Project, find_project

if TYPE_CHECKING:
    from rich.console import Console

    from platformctl.engine.drift import Drift
    from platformctl.engine.keeping import Loss
    from platformctl.engine.leaving import Leaving
    from platformctl.engine.render import Display
    from platformctl.engine.runner import StackResult, StackRunner
    from platformctl.readers.mock_run import MockRun

DRIFTED = 1
REFUSED = 1
DEFAULT_SANDBOX = "default"

Target = Annotated[str, typer.Argument(metavar="ENV[.LAYER]", help="An environment, or one layer of it.")]
UseSandbox = Annotated[
    bool | None,
    typer.Option(
        "--sandbox/--no-sandbox",
        help="The sandbox (`up` starts it), or the real account. Left out: the running sandbox if it holds the stack, else the account.",
        show_default=False,
    ),
]
SandboxName = Annotated[str, typer.Option("--sandbox-name", metavar="N", help="Which sandbox.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before changing the real account.")]


@dataclass(frozen=True, slots=True)
class Place:
    """Where stacks are run: a sandbox, or the real account."""

    title: str
    environ: Mapping[str, str] = field(repr=False)
    is_sandbox: bool
    option: str = " --no-sandbox"
    """What leads here on a command line, with a space before it."""


def up(  # noqa: PLR0913, PLR0917 -- one for each option
    target: Target,
    sandbox: UseSandbox = None,
    sandbox_name: SandboxName = DEFAULT_SANDBOX,
    yes: Yes = False,
    refresh: Annotated[
        bool, typer.Option("--refresh/--no-refresh", help="Look at the cloud first, and put right what was changed there.")
    ] = True,
    allow_replace: Annotated[
        list[str] | None,
        typer.Option("--allow-replace", metavar="URN", help="A protected resource that may be replaced or deleted. May be repeated."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done, and refuse what would be refused (exit 1).")
    ] = False,
    or_preview: Annotated[
        bool, typer.Option("--or-preview", help="Where no Pulumi CLI can be had, say so and preview offline instead.")
    ] = False,
    json_output: Json = False,
    directory: Directory = None,
) -> None:
    """Bring an environment up: make the cloud what is declared, lower layers first."""
    project = find_project(directory)
    stacks = project.stacks_of(target)
    console = console_of(json_output)
    left_alone = leave_broken_teams(project, stacks)
    leaving = _leaving(left_alone, _refuse_bad_input(project, stacks))
    if or_preview:
        with interruptible():
            has_engine = _has_engine(console)
        if not has_engine:
            from platformctl.commands.preview import preview

            preview(target, json_output=json_output, directory=directory)
            return
    with interruptible():
        place = place_of(project, stacks, sandbox, sandbox_name, start=True)
        runner = runner_of(project, place, console)
        _need_layers_below(project, runner, stacks, place)
        _need_teams_in_place(project, runner, stacks)
        named = allow_replace or []
        lost = _refuse_losses(target, place, runner, stacks, named, refresh=refresh, leaving=leaving, json_output=json_output)
        if dry_run:
            _say_what_would_be_done(runner, stacks, lost, leaving, console)
            return
        if not (place.is_sandbox or yes):
            _preview_and_ask(runner, stacks, lost, leaving, console)
        for stack, found in lost.items():
            runner.unprotect(stack, [loss.urn for loss in found])
        results = _wave_by_wave(stacks, console, lambda stack, display: runner.up(stack, refresh=refresh, leaving=leaving, display=display))
        if place.is_sandbox:
            _say_what_was_not_checked(project, sandbox_name, console)
    _print_results(target, place, "up", results, json_output)
    if left_alone:
        raise DeclarationError([problem for error in left_alone.values() for problem in error.problems])


def destroy(
    target: Target,
    sandbox: UseSandbox = None,
    sandbox_name: SandboxName = DEFAULT_SANDBOX,
    yes: Yes = False,
    json_output: Json = False,
    directory: Directory = None,
) -> None:
    """Delete everything an environment is made of, upper layers first."""
    project = find_project(directory)
    stacks = tuple(reversed(project.stacks_of(target)))
    console = console_of(json_output)
    with interruptible():
        if sandbox and not _sandbox_runs(project, sandbox_name):
            console.print(f"sandbox {sandbox_name} is not running, so there is nothing to destroy in it", markup=False)
            return
        place = place_of(project, stacks, sandbox, sandbox_name)
        runner = runner_of(project, place, console)
        _need_no_layer_above(project, runner, stacks, place)
        _need_no_protection(runner, stacks, place)
        if not (place.is_sandbox or yes):
            _ask_to_type(f"Everything of {', '.join(stacks)} on {place.title} will be deleted.", target)
        results = _wave_by_wave(stacks, console, lambda stack, display: runner.destroy(stack, display=display))
    _print_results(target, place, "destroy", results, json_output)


def refresh(
    target: Target,
    sandbox: UseSandbox = None,
    sandbox_name: SandboxName = DEFAULT_SANDBOX,
    yes: Yes = False,
    json_output: Json = False,
    directory: Directory = None,
) -> None:
    """Bring the state up to date with what the cloud holds; the cloud itself is not changed."""
    project = find_project(directory)
    stacks = project.stacks_of(target)
    console = console_of(json_output)
    with interruptible():
        place = place_of(project, stacks, sandbox, sandbox_name)
        runner = runner_of(project, place, console)
        if not (place.is_sandbox or yes):
            _ask(f"The state of {', '.join(stacks)} will be changed to what {place.title} holds. Go on?")
        results = [_reported(runner.refresh(stack), console) for stack in stacks]
    _print_results(target, place, "refresh", results, json_output)


def drift(
    target: Target,
    sandbox: UseSandbox = None,
    sandbox_name: SandboxName = DEFAULT_SANDBOX,
    json_output: Json = False,
    directory: Directory = None,
) -> None:
    """Show where the cloud differs from what is declared (exit 1 if it does); changes neither cloud nor state."""
    project = find_project(directory)
    stacks = project.stacks_of(target)
    console = console_of(json_output)
    left_alone = leave_broken_teams(project, stacks)
    leaving = _leaving(left_alone, _refuse_bad_input(project, stacks)) if left_alone else _leaving({}, {})
    with interruptible():
        place = place_of(project, stacks, sandbox, sandbox_name)
        runner = runner_of(project, place, console)
        found = _drift_of(runner, stacks, leaving)
    _print_drift(target, place, found, json_output)
    if any(found.values()):
        raise typer.Exit(DRIFTED)


def _refuse_losses(
    target: str,
    place: Place,
    runner: "StackRunner",
    stacks: Sequence[str],
    named: Sequence[str],
    *,
    refresh: bool,
    leaving: "Leaving",
    json_output: bool,
) -> dict[str, list["Loss"]]:
    """Nothing that must be kept is replaced or deleted unless it is named; what is named, by stack.

    Raises:
        Exit: something is not named (exit 1); nothing was changed in any stack.
        DeclarationError: something is named that would not be lost, so that a name does not outlive its change.
    """
    from platformctl.engine.keeping import unnamed

    lost = {
        stack: found
        for stack in stacks
        if runner.holds_protected(stack) and (found := runner.losses(stack, refresh=refresh, leaving=leaving))
    }
    refused = unnamed(lost, named)
    if refused:
        if json_output:
            _print_json(target, place, {"operation": "up", "refused": [loss.as_json() for loss in refused]})
        options = " ".join(f"--allow-replace '{loss.urn}'" for loss in refused)
        _to_stderr("\n".join([*map(str, refused), f"nothing was changed; if that is meant, name it: `{program()} up {target} {options}`"]))
        raise typer.Exit(REFUSED)
    known = {loss.urn for found in lost.values() for loss in found}
    stray = [urn for urn in named if urn not in known]
    if stray:
        raise DeclarationError(
            [Problem(f"{urn} would be neither replaced nor deleted; leave it out", field="--allow-replace") for urn in stray]
        )
    return lost


def _say_what_would_be_done(
    runner: "StackRunner", stacks: Sequence[str], lost: Mapping[str, Sequence["Loss"]], leaving: "Leaving", console: "Console"
) -> None:
    from platformctl.engine.render import summary

    for stack in stacks:
        if lost.get(stack):
            for loss in lost[stack]:
                console.print(f"{stack}: {loss}; it is named, so `up` would do it", markup=False)
        elif runner.exists(stack) or stack == stacks[0]:
            console.print(f"{stack}: {summary(runner.preview(stack, refresh=True, leaving=leaving).changes, planned=True)}", markup=False)
        else:
            console.print(f"{stack}: not there yet; what it will hold depends on the layers below it", markup=False)


def _need_layers_below(project: Project, runner: "StackRunner", stacks: Sequence[str], place: Place) -> None:
    """A layer reads those below it.

    Raises:
        UpstreamError: one of them is not there; names the lowest.
    """
    for below in project.stacks_below(stacks[0]):
        if not runner.is_up(below):
            raise UpstreamError(f"{stacks[0]} reads {below}, which is not up; run `{program()} up {below}{place.option}` first")


def _need_no_layer_above(project: Project, runner: "StackRunner", stacks: Sequence[str], place: Place) -> None:
    """What other layers stand on is not pulled away from under them.

    Raises:
        UpstreamError: one of them is still there; names the highest.
    """
    for above in project.stacks_above(stacks[0]):
        if runner.is_up(above):
            raise UpstreamError(f"{above} is up and stands on {stacks[0]}; run `{program()} destroy {above}{place.option}` first")


def _need_no_protection(runner: "StackRunner", stacks: Sequence[str], place: Place) -> None:
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
        _to_stderr(str(error))
    if broken:
        _to_stderr(f"left as they are until that is put right: {', '.join(broken)}")
    return broken


def _need_teams_in_place(project: Project, runner: "StackRunner", stacks: Sequence[str]) -> None:
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


def _wave_by_wave(stacks: Sequence[str], console: "Console", act: "Callable[[str, Display | None], StackResult]") -> list["StackResult"]:
    """Work on stack after stack; on those of one layer at once.

    Raises:
        PlatformError: some failed; what they have in common with others does not stop these.
    """
    from itertools import groupby

    from platform_components.tenancy.placement import parse_layer
    from platformctl.engine.parallel import together
    from platformctl.engine.render import Display, live
    from platformctl.engine.runner import StackResult

    results: list[StackResult] = []
    for _, names in groupby(stacks, key=lambda stack: parse_layer(stack.partition(".")[2])[0]):
        wave = list(names)
        if len(wave) == 1:
            results.append(_reported(act(wave[0], None), console))
            continue
        display = Display(console)
        with live(console, display.picture):
            done = together(wave, lambda stack, shown=display: _reported(act(stack, shown), console), _to_stderr)  # type: ignore[misc]
        results += [result for result in done.values() if isinstance(result, StackResult)]
        failed = [result for result in done.values() if isinstance(result, Exception)]
        if failed:
            raise type(failed[0])("\n".join(map(str, failed)))
    return results


def _drift_of(runner: "StackRunner", stacks: Sequence[str], leaving: "Leaving") -> dict[str, list["Drift"]]:
    """Drift of each stack; of an environment that is up in part, a layer that is missing is one difference."""
    from platformctl.engine.drift import Drift, Kind

    there = [stack for stack in stacks if runner.exists(stack)]
    missing = {stack: [Drift("", "stack", stack, Kind.MISSING)] for stack in stacks if stack not in there}
    return {stack: missing[stack] if there and stack in missing else runner.drift(stack, leaving) for stack in stacks}


def _sandbox_runs(project: Project, name: str) -> bool:
    from platformctl.sandbox import lifecycle

    return lifecycle.Sandbox.load(project.root, name) is not None


def console_of(json_output: bool) -> "Console":
    """Where progress goes: stdout, unless that is for the JSON."""
    from rich.console import Console

    return Console(stderr=json_output, highlight=False, soft_wrap=True)


def _leaving(left_alone: Collection[str], runs: Mapping[str, "MockRun"]) -> "Leaving":
    """The broken teams, and what the programs declare without them."""
    from platformctl.engine.leaving import Leaving

    return Leaving(tuple(left_alone), {stack: tuple(run.graph.by_urn) for stack, run in runs.items()})


def _refuse_bad_input(project: Project, stacks: Sequence[str]) -> Mapping[str, "MockRun"]:
    """Run the programs offline first, so that nothing is created for an environment that a later layer refuses.

    Raises:
        DeclarationError: with everything that is wrong.
    """
    from platformctl.commands.preview import preview_layers

    return preview_layers(project, stacks)


def _has_engine(console: "Console") -> bool:
    from platformctl.engine.cli import install_cli
    from platformctl.engine.progress import Progress

    try:
        install_cli(Progress(console))
    except ToolError as error:
        console.print(f"{error} Until then, the offline preview:", markup=False)
        return False
    return True


def _say_what_was_not_checked(project: Project, name: str, console: "Console") -> None:
    from platformctl.sandbox import lifecycle

    sandbox = lifecycle.Sandbox.load(project.root, name)
    stored = sandbox.stored_objects() if sandbox else 0
    if stored:
        more = f"`{program()} tools install kubernetes`, then `{program()} sandbox reset`, gives its clusters a real API"
        objects = "object was" if stored == 1 else "objects were"
        console.print(f"{stored} Kubernetes {objects} only checked against schemas; {more}", markup=False)


def place_of(project: Project, stacks: Sequence[str], wanted: bool | None, name: str, *, start: bool = False) -> Place:
    """Where to run: as asked for, else where the stacks are.

    Raises:
        ToolError: the sandbox is asked for and not running, and only `up` starts one.
    """
    from platformctl.engine.backend import account_environ
    from platformctl.engine.recovery import has_stack, state_folder
    from platformctl.sandbox import lifecycle

    sandbox = None
    if wanted is not False:
        sandbox = lifecycle.start(project.root, name, _to_stderr) if wanted and start else lifecycle.Sandbox.load(project.root, name)
        if wanted and sandbox is None:
            raise ToolError(f"sandbox {name} is not running; `{program()} up` with --sandbox starts it")
        if sandbox is not None:
            additions = sandbox.environ(os.environ)
            state = state_folder(additions["PULUMI_BACKEND_URL"])
            if wanted or (state and any(has_stack(state, project.name, stack) for stack in stacks)):
                named = "" if name == DEFAULT_SANDBOX else f" --sandbox-name {name}"
                title = f"sandbox {sandbox.name} at {sandbox.url}"
                return Place(title, {**os.environ, **additions}, is_sandbox=True, option=f" --sandbox{named}")
    try:
        environ = account_environ(project)
    except ToolError as error:
        if wanted is False:
            raise
        why = f"sandbox {name} does not run" if sandbox is None else f"sandbox {name} holds none of {', '.join(stacks)}"
        raise ToolError(f"{why}, so the real account is meant (else give --sandbox); there, {error}") from None
    backend = environ.get("PULUMI_BACKEND_URL") or "the backend you are logged in to"
    account = environ.get("AWS_PROFILE")
    return Place(f"the real account{f' of AWS profile {account}' if account else ''}, state in {backend}", environ, is_sandbox=False)


def runner_of(project: Project, place: Place, console: "Console") -> "StackRunner":
    """What runs the project's stacks in a place; says which it is."""
    from platformctl.engine.cli import install_cli
    from platformctl.engine.progress import Progress
    from platformctl.engine.runner import StackRunner

    console.print(f"target: {place.title}", markup=False)
    cli = install_cli(Progress(console), place.environ)
    # The sandbox's AWS plugin finds again what an interrupted create has made; no real provider does.
    return StackRunner(project, place.environ, cli=cli, console=console, adopts_interrupted=place.is_sandbox)


def _preview_and_ask(
    runner: "StackRunner", stacks: Sequence[str], lost: Mapping[str, Sequence["Loss"]], leaving: "Leaving", console: "Console"
) -> None:
    _say_what_would_be_done(runner, stacks, lost, leaving, console)
    _ask("Do that?")


def _ask(question: str) -> None:
    _need_terminal()
    if not typer.confirm(question):
        raise typer.Exit(DRIFTED)


def _ask_to_type(warning: str, answer: str) -> None:
    _need_terminal()
    if typer.prompt(f"{warning} Type {answer} to go on") != answer:
        typer.echo("Nothing was changed.")
        raise typer.Exit(DRIFTED)


def _need_terminal() -> None:
    if not sys.stdin.isatty():
        raise DeclarationError([Problem("changing the real account needs --yes where nobody can be asked")])


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the command with a sentence and exit code 130; the engine has been cancelled by then."""
    from platformctl.engine.process import InterruptedRunError

    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with unwinding():
            yield
    except InterruptedRunError as error:
        _to_stderr(str(error))
        raise typer.Exit(INTERRUPTED) from None
    except KeyboardInterrupt:
        _to_stderr("interrupted; run the same command again to go on from there")
        raise typer.Exit(INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, previous)


def _to_stderr(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _reported(result: "StackResult", console: "Console") -> "StackResult":
    from platformctl.engine.progress import duration
    from platformctl.engine.render import summary

    console.print(f"{result.stack}: {summary(result.changes)} ({duration(result.seconds)})", markup=False)
    return result


def _print_results(target: str, place: Place, operation: str, results: Sequence["StackResult"], json_output: bool) -> None:
    if json_output:
        _print_json(target, place, {"operation": operation, "layers": [result.as_json() for result in results]})


def _print_drift(target: str, place: Place, found: Mapping[str, Sequence["Drift"]], json_output: bool) -> None:
    count = sum(map(len, found.values()))
    if json_output:
        layers = [
            {"stack": stack, "layer": stack.split(".", 1)[-1], "drift": [item.as_json() for item in items]}
            for stack, items in found.items()
        ]
        _print_json(target, place, {"layers": layers, "summary": {"differences": count}})
        return
    for stack, items in found.items():
        lines = [f"{stack}: {len(items)} {'difference' if len(items) == 1 else 'differences'}", *(f"  {item}" for item in items)]
        sys.stdout.write("\n".join(lines if items else [f"{stack}: no drift"]) + "\n")


def _print_json(target: str, place: Place, content: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps({"environment": target.split(".", 1)[0], "target": place.title, **content}, indent=2) + "\n")
