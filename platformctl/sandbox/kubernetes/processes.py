"""Processes that live no longer than the sandbox's server that started them, each with a log of its own."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import psutil

from platformctl.engine.guard import guarded

RECORD: Final = "processes.json"
"""File in the sandbox's folder that names the processes, for where no kernel ends them with the server."""
_END_SECONDS: Final = 10.0
_CLOCK_TOLERANCE_SECONDS: Final = 2.0


class Processes:
    """The processes of one server. All of them are killed, not asked: what they hold ends with the sandbox."""

    def __init__(self, directory: Path) -> None:
        self._record = directory / RECORD
        # The kernel ties a child to the thread that started it, and a request's thread ends with the request.
        self._starter = ThreadPoolExecutor(1, "processes")
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()
        self._closed = False

    def start(self, command: Sequence[str], log: Path, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a command; its output goes to the log.

        Raises:
            RuntimeError: everything is being ended.
        """
        return self._starter.submit(self._start, command, log, environ).result()

    def end(self, processes: Sequence[subprocess.Popen[bytes]]) -> None:
        """Kill processes, and wait until they are gone."""
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
        with self._lock:
            for process in processes:
                self._running.pop(process.pid, None)
            self._write()

    def close(self) -> None:
        """End everything; nothing is started any more."""
        with self._lock:
            self._closed = True
            remaining = list(self._running.values())
        self.end(remaining)

    def _start(self, command: Sequence[str], log: Path, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with self._lock, log.open("ab") as output:
            if self._closed:
                raise RuntimeError("the sandbox is being stopped")
            process = subprocess.Popen(
                guarded(command, signal.SIGKILL), cwd=log.parent, env=dict(environ), stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
            self._running[process.pid] = process
            self._write()
        return process

    def _write(self) -> None:
        entries: list[dict[str, Any]] = []
        for pid in self._running:
            with suppress(psutil.Error):
                entries.append({"pid": pid, "created": psutil.Process(pid).create_time()})
        partial = self._record.with_suffix(".partial")
        partial.write_text(json.dumps(entries), encoding="utf-8")
        partial.replace(self._record)


def end_left_over(directory: Path) -> None:
    """Kill what a server left that could not end its processes itself, and wait until it is gone."""
    left: list[psutil.Process] = []
    for entry in _recorded(directory / RECORD):
        with suppress(psutil.Error, KeyError, TypeError, ValueError):
            process = psutil.Process(int(entry["pid"]))
            if abs(process.create_time() - float(entry["created"])) < _CLOCK_TOLERANCE_SECONDS and process.pid != os.getpid():
                process.kill()
                left.append(process)
    psutil.wait_procs(left, timeout=_END_SECONDS)


def _recorded(path: Path) -> list[Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return found if isinstance(found, list) else []
