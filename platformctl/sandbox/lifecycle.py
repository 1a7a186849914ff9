"""Start, find and end a sandbox: one server process, the engine's state that belongs to it, and the environment in which programs see it.

A sandbox is a folder, `<root>/.platform/sandbox/<name>/`. Its server holds everything in memory, so the engine's state in that folder is
only worth something while the server lives: both begin and end together.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil
from tenacity import RetryError, Retrying, retry_if_not_result, stop_after_delay, wait_exponential

from platform_components.errors import DeclarationError, Problem
from platformctl.errors import ToolError
from platformctl.sandbox.client import READY_WORD, SandboxClient, SandboxGoneError
from platformctl.sandbox.folder import environ, lay_out, wipe, write_launchers
from platformctl.sandbox.kubernetes.processes import end_left_over
from platformctl.sandbox.locking import exclusive
from platformctl.sandbox.vault import FOLDER as VAULT_FOLDER

DEFAULT_NAME: Final = "default"
START_SECONDS: Final = 90.0
"""How long a server may take until it answers; the first start on a cold disk is the slow one."""
GRACE_SECONDS: Final = 10.0
"""How long a server may take to end before it is killed."""
_HEALTH_SECONDS: Final = 5.0
_CLOCK_TOLERANCE_SECONDS: Final = 2.0
"""Process start times are derived from the boot time, which moves with the clock; one that moved far is known by its answer."""
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")

_servers: dict[int, subprocess.Popen[bytes]] = {}
"""Servers that this process started: kept so that their end is collected, and no zombie stays, when this process stops them."""

Announce = Callable[[str], None]


class SandboxError(ToolError):
    """A sandbox could not be started or ended."""


@dataclass(frozen=True, slots=True)
class Status:
    """What a sandbox holds."""

    name: str
    url: str
    pid: int
    directory: str
    uptime_seconds: int
    resources: Mapping[str, Mapping[str, int]]
    """Emulated by moto: resources we made, by `service/region` and kind."""
    recorded: Mapping[str, int]
    """Validated and remembered but not emulated: count by Pulumi type."""
    kubernetes: Mapping[str, Mapping[str, int]]
    """Kubernetes objects in the store, by cluster and kind."""
    unchecked: Mapping[str, int]
    """Kubernetes objects in the store that no schema was known for, by kind."""
    unconfirmed: int
    """Creates whose answer no engine state has confirmed yet."""
    kubernetes_api: bool = False
    """Whether clusters get an API server of their own; else their objects are kept in the store."""
    vault_api: bool = False
    """Whether there is a Vault; else its resources are recorded."""
    vault: Mapping[str, Any] | None = None
    """The Vault that runs: address, process, version, engines, logins and number of policies; none before it is asked for."""
    clusters: Sequence[Mapping[str, Any]] = ()
    """API servers that run: name, address, server, version, processes, objects and unchecked objects by kind."""

    def as_json(self) -> dict[str, Any]:
        """The `--json` form."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox."""

    root: Path
    """The platform repository it belongs to."""
    name: str
    pid: int
    created: float
    """Start time of the server's process, seconds since 1970."""
    port: int
    identity: str = field(repr=False)

    @classmethod
    def load(cls, root: Path, name: str = DEFAULT_NAME) -> "Sandbox | None":
        """The running sandbox of that name; None if there is none.

        A process that merely got the same number, or another server on the same port, is not taken for it.
        """
        sandbox = _recorded(root, name)
        return sandbox if sandbox and sandbox._process() and sandbox._healthy() else None

    @property
    def directory(self) -> Path:
        """Folder with everything that belongs to this sandbox."""
        return sandbox_directory(self.root, self.name)

    @property
    def url(self) -> str:
        """Address of the server, for AWS and for the sandbox's own endpoints."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """End the server and remove the state that belonged to it; the log stays. Stopping twice is no error."""
        with exclusive(_lock_file(self.root, self.name)):
            self._end()
            wipe(self.directory)

    def reset(self, announce: Announce = print) -> "Sandbox":
        """End this sandbox and start an empty one of the same name."""
        self.stop()
        return start(self.root, self.name, announce)

    def status(self) -> Status:
        """What it holds.

        Raises:
            SandboxGoneError: it does not answer.
        """
        answer = SandboxClient(self.url).request("GET", "status")
        if not answer.ok:
            raise SandboxError(f"sandbox {self.name}: {answer.error}; its log is {self.directory / 'server.log'}")
        return Status(name=self.name, url=self.url, pid=self.pid, directory=str(self.directory), **answer.body)

    def stored_objects(self) -> int:
        """How many Kubernetes objects it keeps that no API server has checked.

        Raises:
            SandboxGoneError: it does not answer.
        """
        answer = SandboxClient(self.url).request("GET", "kubernetes")
        return int(answer.body["stored"]) if answer.ok else 0

    def environ(self, base: Mapping[str, str] = os.environ) -> dict[str, str]:
        """What to add to `base` so that the engine, its plugins and AWS clients work on this sandbox and can reach nothing else."""
        return environ(self.directory, self.url, base)

    def _process(self) -> psutil.Process | None:
        """The server's process, unless it ended (a zombie has ended) or its number belongs to another process now."""
        with suppress(psutil.Error):
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < _CLOCK_TOLERANCE_SECONDS
            if process.status() != psutil.STATUS_ZOMBIE and (same or self._healthy()):
                return process
        return None

    def _healthy(self) -> bool:
        try:
            answer = SandboxClient(self.url, timeout=_HEALTH_SECONDS).request("GET", "health")
        except SandboxGoneError:
            return False
        return answer.ok and answer.body == {"identity": self.identity, "pid": self.pid}

    def _end(self) -> None:
        process = self._process()
        if process is not None:
            _terminate(process)
        started = _servers.pop(self.pid, None)
        if started is not None:
            started.wait()
        for folder in (self.directory, self.directory / VAULT_FOLDER):
            end_left_over(folder)


def sandbox_directory(root: Path, name: str) -> Path:
    """Folder of a sandbox.

    Raises:
        DeclarationError: the name is not usable.
    """
    if not _NAME.fullmatch(name):
        raise DeclarationError([Problem(field=f"sandbox name {name!r}", message="use 1 to 40 of a-z, 0-9 and -, not at either end")])
    return root.absolute() / ".platform" / "sandbox" / name


def start(root: Path, name: str = DEFAULT_NAME, announce: Announce = print) -> Sandbox:
    """Start a sandbox, or find the one that runs.

    Args:
        root: the platform repository.
        name: sandboxes of different names run side by side.
        announce: gets a line for what the user should know.

    Raises:
        SandboxError: the server did not come up; nothing of it is left then, nor when the start is interrupted.
    """
    directory = sandbox_directory(root, name)
    with exclusive(_lock_file(root, name)):
        sandbox = Sandbox.load(root, name)
        if sandbox is None:
            _clear_remains(root, name, announce)
            lay_out(directory)
            sandbox = _launch(root, name)
        write_launchers(directory / "bin")
        return sandbox


def stop(root: Path, name: str = DEFAULT_NAME) -> bool:
    """End the sandbox of that name, whatever state it is in; False if none was running."""
    with exclusive(_lock_file(root, name)):
        sandbox = _recorded(root, name)
        running = sandbox is not None and sandbox._process() is not None
        if sandbox is not None:
            sandbox._end()
        wipe(sandbox_directory(root, name))
        return running


def shell_exports(environ: Mapping[str, str]) -> str:
    """`export` lines for a POSIX shell."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environ.items())


def _launch(root: Path, name: str) -> Sandbox:
    """Run the server in a session of its own. It ends by itself if we go before the last line (even by SIGKILL)."""
    directory = sandbox_directory(root, name)
    identity = uuid.uuid4().hex
    with (directory / "server.log").open("ab") as log:
        process = subprocess.Popen(
            _server_command(directory, identity),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=directory,
            env=_server_environ(),
            start_new_session=True,
        )
    try:
        sandbox = _await_health(root, name, process)
        assert process.stdin is not None  # noqa: S101 -- for the type checker: it is a pipe
        process.stdin.write(READY_WORD)
        process.stdin.close()
    except BaseException:
        _give_up(process)
        wipe(directory)
        raise
    _servers[process.pid] = process
    return sandbox


def _server_command(directory: Path, identity: str) -> list[str]:
    return [sys.executable, "-P", "-m", "platformctl.sandbox.server", str(directory), "--identity", identity]


def _await_health(root: Path, name: str, process: subprocess.Popen[bytes]) -> Sandbox:
    def probe() -> Sandbox | None:
        if process.poll() is not None:
            raise SandboxError(f"the sandbox's server ended while starting: {_last_line(sandbox_directory(root, name) / 'server.log')}")
        sandbox = _recorded(root, name)
        return sandbox if sandbox and sandbox.pid == process.pid and sandbox._healthy() else None

    retrying = Retrying(
        stop=stop_after_delay(START_SECONDS), wait=wait_exponential(multiplier=0.05, max=0.5), retry=retry_if_not_result(bool)
    )
    try:
        found: Sandbox | None = retrying(probe)
    except RetryError:
        found = None
    if found is None:
        raise SandboxError(
            f"the sandbox's server did not answer within {START_SECONDS:.0f} s; see {sandbox_directory(root, name)}/server.log"
        )
    return found


def _give_up(process: subprocess.Popen[bytes]) -> None:
    """End a server that is half started."""
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
    with suppress(psutil.Error):
        _terminate(psutil.Process(process.pid))
    process.wait()


def _terminate(process: psutil.Process) -> None:
    """SIGTERM, a grace, SIGKILL."""
    with suppress(psutil.NoSuchProcess):
        process.terminate()
        try:
            process.wait(GRACE_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(GRACE_SECONDS)


def _recorded(root: Path, name: str) -> Sandbox | None:
    """The sandbox that the folder speaks of, alive or not."""
    try:
        record = json.loads((sandbox_directory(root, name) / "server.json").read_text(encoding="utf-8"))
        return Sandbox(root.absolute(), name, int(record["pid"]), float(record["created"]), int(record["port"]), str(record["identity"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _clear_remains(root: Path, name: str, announce: Announce) -> None:
    """Remove what a sandbox left that did not end by `stop`: a server that hangs, and state whose resources are gone with their server."""
    directory = sandbox_directory(root, name)
    remains = _recorded(root, name)
    if remains is not None:
        if remains._process() is not None:
            announce(f"sandbox {name}: the server (process {remains.pid}) does not answer and is ended")
        remains._end()
    if (directory / "state").exists():
        announce(f"sandbox {name}: its server is gone and with it every resource; the left-over engine state is removed")
    wipe(directory)


def _server_environ() -> dict[str, str]:
    """Our environment without settings that would change what the server emulates."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    return {**kept, "AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox", "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}


def _last_line(log: Path) -> str:
    with suppress(OSError):
        lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        if lines:
            return f"{lines[-1].strip()} (log: {log})"
    return f"it left no message in {log}"


def _lock_file(root: Path, name: str) -> Path:
    directory = sandbox_directory(root, name)
    return directory.with_name(f"{directory.name}.lock")


@contextmanager
def temporary(root: Path, name: str, announce: Announce = print) -> Iterator[Sandbox]:
    """A sandbox for the length of a block."""
    sandbox = start(root, name, announce)
    try:
        yield sandbox
    finally:
        sandbox.stop()
