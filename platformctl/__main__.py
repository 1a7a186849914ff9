"""platformctl: the command line. Commands are found by name and imported when they are registered; what is heavy waits for its command."""

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import typer

from platform_components.errors import PlatformError
from platformctl.commands import Directory
from platformctl.errors import ToolError

BAD_INPUT, TOOL_FAILED, INTERRUPTED = 2, 3, 130
"""Exit codes beside 0 (done and clean) and 1 (the gate said no)."""

COMMANDS: Sequence[tuple[str, str, str]] = (
    # (group, or nothing; command; "module:function" under platformctl.commands)
    ("", "preview", "preview:preview"),
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
)
"""Every command, in the order of the help."""

GROUPS = {
    "tools": "The tools platformctl uses: find them, install them.",
    "sandbox": "Local clouds to bring environments up in.",
}
"""What the help says of each group."""


def root(directory: Directory = None) -> None:
    """Components, stacks and judgement of an internal developer platform."""
    if directory is not None:
        if not directory.is_dir():
            raise typer.BadParameter(f"{directory} is no folder", param_hint="-C")
        os.chdir(directory)


def build_app() -> typer.Typer:
    """The command line with every command registered."""
    # No rich markup: help and usage errors are plain text, the same on a terminal and in CI.
    settings: dict[str, Any] = {
        "no_args_is_help": True,
        "add_completion": False,
        "pretty_exceptions_enable": False,
        "rich_markup_mode": None,
    }
    app = typer.Typer(**settings)
    app.callback()(root)
    groups = {"": app}
    for group, command, target in COMMANDS:
        module, _, function = target.partition(":")
        if group not in groups:
            groups[group] = typer.Typer(help=GROUPS[group], **settings)
            app.add_typer(groups[group], name=group)
        groups[group].command(command)(getattr(importlib.import_module(f"platformctl.commands.{module}"), function))
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code is the answer. Nothing but its own sentence is shown of a failure."""
    try:
        build_app()(args=list(arguments), prog_name="platformctl")
    except SystemExit as end:
        return _exit_code(end.code)
    except PlatformError as error:
        _say(str(error))
        return TOOL_FAILED if isinstance(error, ToolError) else BAD_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if os.environ.get("PLATFORMCTL_TRACEBACK"):
            raise
        _say(f"platformctl failed: {type(error).__name__}: {error}; set PLATFORMCTL_TRACEBACK=1 to see where")
        return TOOL_FAILED
    return 0


def main() -> None:
    """Entry point of the `platformctl` script."""
    sys.exit(run(sys.argv[1:]))


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
