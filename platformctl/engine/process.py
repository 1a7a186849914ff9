"""The Pulumi CLI as a child process that is cancelled politely, never left behind, and leaves its words even when we are gone."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

from platform_components.errors import PlatformError
from platformctl.engine.cli import Cli
from platformctl.engine.guard import WATCH, guarded

PARENT_VARIABLE = "PLATFORMCTL_PARENT"
"""Set for the CLI to our own process id, so that a later run can tell a CLI that lost its parent from one that somebody is using."""

EXIT_CODE = 130


_RUNNING: set["subprocess.Popen[bytes]"] = set()
"""Every CLI that runs now; those of other threads hear of an interrupt by way of it."""


class InterruptedRunError(PlatformError):
    """The user interrupted the run; the engine has been cancelled and has written its state (exit 130)."""


class SupervisedPulumi(PulumiCommand):
    """Runs the CLI for the Automation API.

    Differences to the SDK's own: the CLI has a process group of its own, so that one Ctrl-C reaches it once, through us; it is cancelled
    when we die, even by kill -9; and it writes to files instead of pipes, since a broken pipe would kill it while it winds up.
    """

    def __init__(self, cli: Cli, announce: Callable[[str], None]) -> None:
        # The base class would run `pulumi version` again, half a second that find_cli has already spent.
        self.command = str(cli.path)
        self.version = VersionInfo.parse(cli.version)
        self.last = CommandResult("", "", 0)
        """What the last command printed, also where it failed."""
        self._announce = announce

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
    ) -> CommandResult:
        """Run one command to its end.

        Raises:
            CommandError: it failed.
            InterruptedRunError: the user interrupted it.
        """
        environ = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true", PARENT_VARIABLE: str(os.getpid())}
        with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            code, interrupted = self._supervise([self.command, "--non-interactive", *args], cwd, environ, stdout, stderr)
            self.last = CommandResult(_text(stdout), _text(stderr), code)
        if interrupted:
            raise InterruptedRunError("interrupted; the engine has stopped and written its state")
        for callback, text in ((on_output, self.last.stdout), (on_error, self.last.stderr)):
            for line in text.splitlines() if callback else ():
                callback(line)  # type: ignore[misc]  # the loop is empty where there is no callback
        if code:
            raise create_command_error(self.last)
        return self.last

    def _supervise(
        self, command: Sequence[str], cwd: str, environ: Mapping[str, str], stdout: IO[bytes], stderr: IO[bytes]
    ) -> tuple[int, bool]:
        """Wait for the command, passing every interrupt on: the first cancels, the second stops at once, the third kills."""
        process = subprocess.Popen(
            guarded(command, signal.SIGINT, WATCH),
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            process_group=0,
        )
        interrupts = 0
        _RUNNING.add(process)
        try:
            while True:
                try:
                    return process.wait(), interrupts > 0
                except KeyboardInterrupt:
                    interrupts += 1
                    interrupt([process], interrupts, self._announce)
                except BaseException:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
                    raise
        finally:
            _RUNNING.discard(process)


def interrupt_running(times: int, announce: Callable[[str], None]) -> None:
    """Pass an interrupt on to every CLI that runs."""
    interrupt(list(_RUNNING), times, announce)


def interrupt(processes: Sequence["subprocess.Popen[bytes]"], times: int, announce: Callable[[str], None]) -> None:
    """Pass an interrupt on: the first cancels, the second stops at once, the third kills."""
    words = {
        1: "Interrupted: the engine finishes what it has begun and then stops. Press Ctrl-C again to stop at once",
        2: "Stopping at once; what was being created may be there without the state knowing it",
    }
    if times in words:
        announce(words[times])
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT if times in words else signal.SIGKILL)


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode(errors="replace").rstrip("\n")
