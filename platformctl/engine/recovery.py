"""What an interrupted run leaves in a file backend: the lock of a dead process, and operations whose end nobody knows."""

import gzip
import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psutil

from platformctl.engine.process import PARENT_VARIABLE
from platformctl.errors import ToolError
from platformctl.sandbox.client import UNFINISHED_ID

WIND_UP_SECONDS = 120.0
"""How long a CLI that lost its parent may take to finish what it had begun before we stop waiting for it."""

_HALF_WRITTEN_SECONDS = 10.0
"""A lock file is written in milliseconds: one that still cannot be read after this long was cut off in the middle."""
_CLOCK_SECONDS = 2.0
"""Tolerance between a lock's time and a process's start."""
_CREATING = "creating"


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on one stack of a file backend."""

    file: Path
    pid: int
    host: str
    user: str
    since: float
    """Seconds since the epoch."""

    def is_dead(self) -> bool:
        """Whether the process that took it is certainly gone. Another host's process is never called dead."""
        if self.host != socket.gethostname():
            return False
        try:
            process = psutil.Process(self.pid)
            reused = process.create_time() > self.since + _CLOCK_SECONDS
            return reused or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:
            return False

    def is_orphan(self) -> bool:
        """Whether its process was started by a platformctl that is gone, and so is winding up."""
        try:
            parent = psutil.Process(self.pid).environ().get(PARENT_VARIABLE, "")
        except psutil.Error:
            return False
        return parent.isdigit() and not psutil.pid_exists(int(parent))


def state_folder(backend_url: str) -> Path | None:
    """Folder of a file backend; None for any other backend."""
    parts = urlsplit(backend_url)
    if parts.scheme != "file":
        return None
    return Path(unquote(parts.netloc + parts.path)).expanduser()


def stack_file(state: Path, project: str, stack: str) -> Path:
    """Where a file backend keeps a stack."""
    return state / ".pulumi" / "stacks" / project / f"{stack}.json"


def has_stack(state: Path, project: str, stack: str) -> bool:
    """Whether a file backend holds a stack."""
    file = stack_file(state, project, stack)
    return file.exists() or file.with_suffix(".json.gz").exists()


def clear_stale_locks(state: Path, project: str, stack: str, announce: Callable[[str], None]) -> list[Lock]:
    """Remove the locks whose process is dead; the others are returned."""
    living = []
    for lock in _locks(state, project, stack, announce):
        if lock.is_dead():
            _remove(lock.file)
            announce(f"{stack}: removed the lock of process {lock.pid}, which is gone")
        else:
            living.append(lock)
    return living


def free_stack(state: Path, project: str, stack: str, announce: Callable[[str], None], patience: float = WIND_UP_SECONDS) -> None:
    """Make sure that nobody works on a stack: remove stale locks, wait for a CLI that lost its parent.

    Raises:
        ToolError: somebody else is at work on it, or a lost CLI does not end.
    """
    deadline = time.monotonic() + patience
    waiting = False
    while locks := clear_stale_locks(state, project, stack, announce):
        lock = locks[0]
        if not lock.is_orphan():
            since = datetime.fromtimestamp(lock.since).astimezone().strftime("%H:%M:%S")
            raise ToolError(f"{stack} is in use by process {lock.pid} of {lock.user} on {lock.host} since {since}; wait for it to end")
        if time.monotonic() > deadline:
            raise ToolError(
                f"{stack}: process {lock.pid} of an interrupted run has not ended for {patience:.0f} s; end it, then run this again"
            )
        if not waiting:
            waiting = True
            announce(f"{stack}: process {lock.pid} of an interrupted run is finishing what it had begun; waiting for it")
        time.sleep(0.2)
    _mend(state, project, stack)


def _mend(state: Path, project: str, stack: str) -> None:
    """Remove what a run leaves that was killed while it wrote: attributes cut off, which the engine stumbles over, and copies half made.

    The state itself is written beside its place and renamed into it.
    """
    file = stack_file(state, project, stack)
    for attributes in file.parent.glob(f"{file.name}*.attrs"):
        if not _is_json(attributes):
            attributes.unlink(missing_ok=True)
    for partial in file.parent.glob(f"{file.name}*.tmp"):
        partial.unlink(missing_ok=True)


def _is_json(file: Path) -> bool:
    try:
        json.loads(file.read_bytes())
    except (OSError, ValueError):
        return False
    return True


def resources_of(state: Path, project: str, stack: str) -> list[Mapping[str, Any]]:
    """What a stack of a file backend holds: nothing where it was never brought up, or was destroyed."""
    file = stack_file(state, project, stack)
    try:
        packed = file.with_suffix(".json.gz")
        text = file.read_bytes() if file.exists() else gzip.decompress(packed.read_bytes())
        return list(json.loads(text)["checkpoint"]["latest"].get("resources") or ())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def may_have_pending(state: Path, project: str, stack: str) -> bool:
    """Whether the state may speak of unfinished operations; cheap, and never wrong in saying no."""
    try:
        return b'"pending_operations"' in stack_file(state, project, stack).read_bytes()
    except OSError:
        return stack_file(state, project, stack).with_suffix(".json.gz").exists()


def pending_creates(deployment: Mapping[str, Any]) -> list[str]:
    """URNs of the resources whose creation was begun and whose end is unknown."""
    return [item["resource"]["urn"] for item in deployment.get("pending_operations") or () if item.get("type") == _CREATING]


def with_unfinished_deleted(deployment: Mapping[str, Any]) -> dict[str, Any]:
    """The same deployment, in which resources whose creation was begun stand as waiting to be deleted, under no id of their own.

    The engine deletes such resources at the end of an `up` and with all the others in a `destroy`; the sandbox's providers then find out
    what there is to delete. An `up` that still declares the resource creates it first, and that takes over what is there.
    What else is pending is left for the engine's refresh to settle.
    """
    pending = deployment.get("pending_operations") or ()
    unfinished = [{**item["resource"], "id": UNFINISHED_ID, "delete": True} for item in pending if item.get("type") == _CREATING]
    return {
        **deployment,
        "resources": [*(deployment.get("resources") or ()), *unfinished],
        "pending_operations": [item for item in pending if item.get("type") != _CREATING],
    }


def _locks(state: Path, project: str, stack: str, announce: Callable[[str], None]) -> Iterator[Lock]:
    folder = state / ".pulumi" / "locks" / "organization" / project / stack
    for file in sorted(folder.glob("*")) if folder.is_dir() else ():
        if file.suffix == ".attrs":
            continue
        lock = _read(file)
        if lock is None:
            announce(f"{stack}: removed a lock that was cut off while it was written")
        else:
            yield lock


def _read(file: Path) -> Lock | None:
    """Read a lock; None, and the file removed, where it was cut off in the middle."""
    while True:
        try:
            content = json.loads(file.read_text())
            since = datetime.fromisoformat(content["timestamp"]).timestamp()
            return Lock(file, int(content["pid"]), content["hostname"], content["username"], since)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            with suppress(FileNotFoundError):
                if time.time() - file.stat().st_mtime > _HALF_WRITTEN_SECONDS:
                    _remove(file)
                    return None
            time.sleep(0.1)


def _remove(file: Path) -> None:
    for path in (file, file.with_name(f"{file.name}.attrs")):
        with suppress(FileNotFoundError):
            path.unlink()
