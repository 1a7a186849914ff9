"""`platformctl up`, `destroy`, `refresh` and `drift`: one environment, or one layer of it, on the sandbox or the real account."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platform_components.errors import DeclarationError, Problem
from platformctl.commands import Directory, Json
from platformctl.commands.conditions import (
    leave_broken_teams,
    leaving_of,
    need_layers_below,
    need_no_layer_above,
    need_no_protection,
    need_teams_in_place,
    refuse_bad_input,
)
from platformctl.commands.place import (
    DEFAULT_SANDBOX,
    Place,
    SandboxName,
    UseSandbox,
    console_of,
    interruptible,
    place_of,
    runner_of,
    to_stderr,
)
from platformctl.errors import ToolError
from platformctl.invocation import program
from platformctl.project import Project, find_project

if TYPE_CHECKING:
    from rich.console import Console

    from platformctl.engine.drift import Drift
    from platformctl.engine.keeping import Loss
    from platformctl.engine.leaving import Leaving
    from platformctl.engine.render import Display
    from platformctl.engine.runner import StackResult, StackRunner

DRIFTED = 1
REFUSED = 1

Target = Annotated[str, typer.Argument(metavar="ENV[.LAYER]", help="An environment, or one layer of it.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before changing the real account.")]


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
    leaving = leaving_of(left_alone, refuse_bad_input(project, stacks))
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
        need_layers_below(project, runner, stacks, place)
        need_teams_in_place(project, runner, stacks)
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
        need_no_layer_above(project, runner, stacks, place)
        need_no_protection(runner, stacks, place)
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
    leaving = leaving_of(left_alone, refuse_bad_input(project, stacks)) if left_alone else leaving_of({}, {})
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
        to_stderr("\n".join([*map(str, refused), f"nothing was changed; if that is meant, name it: `{program()} up {target} {options}`"]))
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
            done = together(wave, lambda stack, shown=display: _reported(act(stack, shown), console), to_stderr)  # type: ignore[misc]
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
