"""Where stacks are run, a sandbox or the real account, and how a run there can be cut off."""

import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from platformctl.errors import ToolError
from platformctl.interrupts import EXIT_CODE as INTERRUPTED
from platformctl.interrupts import unwinding
from platformctl.invocation import program
from platformctl.project import Project

if TYPE_CHECKING:
    from rich.console import Console

    from platformctl.engine.runner import StackRunner

DEFAULT_SANDBOX = "default"

UseSandbox = Annotated[
    bool | None,
    typer.Option(
        "--sandbox/--no-sandbox",
        help="The sandbox (`up` starts it), or the real account. Left out: the running sandbox if it holds the stack, else the account.",
        show_default=False,
    ),
]
SandboxName = Annotated[str, typer.Option("--sandbox-name", metavar="N", help="Which sandbox.")]


@dataclass(frozen=True, slots=True)
class Place:
    """Where stacks are run: a sandbox, or the real account."""

    title: str
    environ: Mapping[str, str] = field(repr=False)
    is_sandbox: bool
    option: str = " --no-sandbox"
    """What leads here on a command line, with a space before it."""


def console_of(json_output: bool) -> "Console":
    """Where progress goes: stdout, unless that is for the JSON."""
    from rich.console import Console

    return Console(stderr=json_output, highlight=False, soft_wrap=True)


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
        sandbox = lifecycle.start(project.root, name, to_stderr) if wanted and start else lifecycle.Sandbox.load(project.root, name)
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


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the command with a sentence and exit code 130; the engine has been cancelled by then."""
    from platformctl.engine.process import InterruptedRunError

    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with unwinding():
            yield
    except InterruptedRunError as error:
        to_stderr(str(error))
        raise typer.Exit(INTERRUPTED) from None
    except KeyboardInterrupt:
        to_stderr("interrupted; run the same command again to go on from there")
        raise typer.Exit(INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, previous)


def to_stderr(text: str) -> None:
    """A line for people, beside what a command prints for programs."""
    sys.stderr.write(f"{text}\n")
