"""platformctl: the command line. Commands are found by name and imported when they are registered; what is heavy waits for its command."""

# ruff: noqa: PLC0415 -- what takes long to import waits until Ctrl-C is answered with a word instead of a traceback
from platformctl import interrupts

if __name__ == "__main__":
    interrupts.end_at_once()

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import typer

BAD_INPUT, TOOL_FAILED, INTERRUPTED, READER_GONE = 2, 3, interrupts.EXIT_CODE, 141
"""Exit codes beside 0 (done and clean) and 1 (the gate said no); the last is what a shell says of SIGPIPE."""

COMMANDS: Sequence[tuple[str, str, str]] = (
    # (group, or nothing; command; "module:function" under platformctl.commands)
    ("", "preview", "preview:preview"),
    ("", "check", "check:check"),
    ("", "cost", "cost:cost"),
    ("", "up", "stack:up"),
    ("", "destroy", "stack:destroy"),
    ("", "refresh", "stack:refresh"),
    ("", "drift", "stack:drift"),
    ("tools", "list", "tools:list_tools"),
    ("tools", "install", "tools:install"),
    ("sandbox", "start", "sandbox:start"),
    ("sandbox", "stop", "sandbox:stop"),
    ("sandbox", "status", "sandbox:status"),
    ("sandbox", "reset", "sandbox:reset"),
    ("sandbox", "env", "sandbox:env"),
    ("addons", "list", "addons:list_addons"),
    ("addons", "values", "addons:values"),
    ("addons", "outdated", "addons:outdated"),
    ("addons", "lock", "addons:lock"),
    ("addons", "bump", "addons:bump"),
    ("capacity", "ci", "capacity_ci:ci"),
    ("capacity", "cluster", "capacity_cluster:cluster"),
    ("pipeline", "new", "pipeline:new"),
    ("team", "list", "team:list_teams"),
    ("team", "new", "team:new"),
    ("team", "validate", "team:validate"),
    ("team", "codeowners", "team:codeowners"),
    ("promotion", "approve", "promotion:approve"),
    ("slo", "list", "slo:list_slos"),
    ("slo", "explain", "slo:explain"),
    ("dr", "plan", "recovery:plan"),
    ("team", "rebalance", "team_state:rebalance"),
    ("team", "offboard", "team_state:offboard"),
    ("policy", "list", "policy:list_rules"),
    ("policy", "explain", "policy:explain"),
    ("policy", "waivers", "policy:list_waivers"),
)
"""Every command, in the order of the help."""

GROUPS = {
    "tools": "The tools platformctl uses: find them, install them.",
    "sandbox": "Local clouds to bring environments up in.",
    "addons": "The charts of the platform: versions, values, and moving them.",
    "capacity": "How much is needed for what is asked, before it is bought.",
    "pipeline": "What a repository runs on a change, written from one declaration.",
    "team": "Teams: their files, and where they lie.",
    "promotion": "Versions that may go on to the next environment.",
    "slo": "Service level objectives: their alerts, and what is left of their error budgets.",
    "dr": "What a disaster would cost, and how to come back from it.",
    "policy": "The rules resources are judged by, and what is waived.",
}
"""What the help says of each group."""


def build_app() -> "typer.Typer":
    """The command line with every command registered."""
    import importlib

    import typer

    # No rich markup: help and usage errors are plain text, the same on a terminal and in CI.
    settings: dict[str, Any] = {
        "no_args_is_help": True,
        "add_completion": False,
        "pretty_exceptions_enable": False,
        "rich_markup_mode": None,
        "context_settings": {"help_option_names": ["-h", "--help"]},
    }
    app = typer.Typer(**settings)
    app.callback()(_root())
    groups = {"": app}
    for group, command, target in COMMANDS:
        module, _, function = target.partition(":")
        if group not in groups:
            groups[group] = typer.Typer(help=GROUPS[group], **settings)
            app.add_typer(groups[group], name=group)
        groups[group].command(command)(getattr(importlib.import_module(f"platformctl.commands.{module}"), function))
    return app


def _root() -> Any:
    """What stands before every command."""
    from typing import Annotated

    import typer

    from platformctl.commands import Directory
    from platformctl.invocation import NAME

    def show_version(wanted: bool) -> None:
        if wanted:
            import importlib.metadata

            sys.stdout.write(f"{NAME} {importlib.metadata.version('platform-components')}\n")
            raise typer.Exit

    def root(
        directory: Directory = None,
        version: Annotated[  # noqa: ARG001 -- its callback answers
            bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version and exit.")
        ] = False,
    ) -> None:
        """Components, stacks and judgement of an internal developer platform."""
        if directory is not None:
            if not directory.is_dir():
                raise typer.BadParameter(f"{directory} is no folder", param_hint="-C")
            os.chdir(directory)

    return root


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code is the answer. Nothing but its own sentence is shown of a failure."""
    from platform_components.errors import PlatformError
    from platformctl.errors import ToolError

    try:
        code = _dispatch(arguments)
        sys.stdout.flush()  # here, so that a reader who has gone is noticed here
    except SystemExit as end:
        return _exit_code(end.code)
    except PlatformError as error:
        _say(str(error))
        return TOOL_FAILED if isinstance(error, ToolError) else BAD_INPUT
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # `platformctl preview dev | head`: nobody reads on, and nobody needs to be told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    except Exception as error:
        if os.environ.get("PLATFORMCTL_TRACEBACK"):
            raise
        _say(f"platformctl failed: {type(error).__name__}: {error}; set PLATFORMCTL_TRACEBACK=1 to see where")
        return TOOL_FAILED
    return code


def _dispatch(arguments: Sequence[str]) -> int:
    """Find the command and run it; the exit code is what it raised as such, else 0.

    Not through the parser's own `main`: that has sentences and exit codes of its own for an interrupt.
    """
    import typer
    from typer.main import get_command

    from platformctl.invocation import program

    # Which module the parser's errors come from depends on the version of typer.
    usage_error: Any = typer.BadParameter.__base__
    command = get_command(build_app())
    try:
        with command.make_context(program(), list(arguments)) as context:
            command.invoke(context)
    except typer.Exit as end:
        return int(end.exit_code)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except usage_error as error:
        error.show()
        return BAD_INPUT
    return 0


def main() -> None:
    """Entry point of the `platformctl` script."""
    interrupts.end_at_once()
    code = run(sys.argv[1:])
    interrupts.ignored()
    sys.exit(code)


def _exit_code(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code
    _say(str(code))
    return TOOL_FAILED


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")


if __name__ == "__main__":
    main()
