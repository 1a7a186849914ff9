"""Locks and pending operations that an interrupted run leaves in a file backend."""

import gzip
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from platformctl.engine.process import PARENT_VARIABLE
from platformctl.engine.recovery import (
    clear_stale_locks,
    free_stack,
    has_stack,
    may_have_pending,
    pending_creates,
    resources_of,
    state_folder,
    with_unfinished_deleted,
)
from platformctl.errors import ToolError
from platformctl.sandbox.client import UNFINISHED_ID

DEAD_PID = 2**22 + 1
"""Above the largest process id that Linux gives out."""


def lock(state: Path, pid: int, host: str | None = None, since: float | None = None, stack: str = "dev.network") -> Path:
    folder = state / ".pulumi" / "locks" / "organization" / "platform" / stack
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{pid}.json"
    taken = datetime.fromtimestamp(since or time.time(), UTC).isoformat().replace("+00:00", "123Z")
    file.write_text(json.dumps({"pid": pid, "username": "kim", "hostname": host or socket.gethostname(), "timestamp": taken}))
    file.with_name(f"{file.name}.attrs").write_text("{}")
    return file


@pytest.fixture
def said() -> list[str]:
    return []


def sleeper(environ: dict[str, str] | None = None) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env={**os.environ, **(environ or {})})


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    started = sleeper()
    yield started
    started.kill()
    started.wait()


def test_the_lock_of_a_dead_process_is_removed_with_a_line(tmp_path: Path, said: list[str]) -> None:
    file = lock(tmp_path, DEAD_PID)
    assert clear_stale_locks(tmp_path, "platform", "dev.network", said.append) == []
    assert list(file.parent.iterdir()) == []
    assert len(said) == 1
    assert str(DEAD_PID) in said[0]


def test_a_process_that_got_the_same_number_later_does_not_keep_the_lock(tmp_path: Path, said: list[str]) -> None:
    file = lock(tmp_path, os.getpid(), since=time.time() - 10_000_000)
    assert clear_stale_locks(tmp_path, "platform", "dev.network", said.append) == []
    assert not file.exists()


def test_a_living_lock_stays(tmp_path: Path, said: list[str], process: "subprocess.Popen[bytes]") -> None:
    file = lock(tmp_path, process.pid, since=time.time() + 1)
    living = clear_stale_locks(tmp_path, "platform", "dev.network", said.append)
    assert [item.pid for item in living] == [process.pid]
    assert file.exists()
    assert said == []


def test_another_hosts_lock_stays_whatever_its_number(tmp_path: Path, said: list[str]) -> None:
    file = lock(tmp_path, DEAD_PID, host="another.example.com")
    with pytest.raises(ToolError, match=r"in use by process \d+ of kim on another\.example\.com"):
        free_stack(tmp_path, "platform", "dev.network", said.append)
    assert file.exists()


def test_another_stacks_lock_is_left_alone(tmp_path: Path, said: list[str]) -> None:
    file = lock(tmp_path, DEAD_PID, stack="dev.cluster")
    free_stack(tmp_path, "platform", "dev.network", said.append)
    assert file.exists()


def test_a_zombie_is_dead(tmp_path: Path, said: list[str]) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    file = lock(tmp_path, ended.pid, since=time.time() + 1)
    deadline = time.monotonic() + 10
    while clear_stale_locks(tmp_path, "platform", "dev.network", said.append) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not file.exists()
    ended.wait()


def test_somebody_elses_run_is_not_waited_for(tmp_path: Path, said: list[str], process: "subprocess.Popen[bytes]") -> None:
    lock(tmp_path, process.pid, since=time.time() + 1)
    started = time.monotonic()
    with pytest.raises(ToolError, match=f"in use by process {process.pid} of kim"):
        free_stack(tmp_path, "platform", "dev.network", said.append)
    assert time.monotonic() - started < 5


def test_a_cli_that_lost_its_parent_is_waited_for(tmp_path: Path, said: list[str]) -> None:
    orphan = sleeper({PARENT_VARIABLE: str(DEAD_PID)})
    try:
        file = lock(tmp_path, orphan.pid, since=time.time() + 1)
        with pytest.raises(ToolError, match="has not ended for 0 s"):
            free_stack(tmp_path, "platform", "dev.network", said.append, patience=0.3)
        assert "waiting for it" in said[0]
        orphan.kill()
        orphan.wait()
        free_stack(tmp_path, "platform", "dev.network", said.append)
        assert not file.exists()
    finally:
        orphan.kill()
        orphan.wait()


@pytest.mark.parametrize("content", ["", '{"pid": 1', "[]", '{"pid": "x", "hostname": "h", "username": "u", "timestamp": "never"}'])
def test_a_lock_that_was_cut_off_is_removed_once_it_is_old(tmp_path: Path, said: list[str], content: str) -> None:
    file = lock(tmp_path, 1)
    file.write_text(content)
    os.utime(file, (time.time() - 60, time.time() - 60))
    free_stack(tmp_path, "platform", "dev.network", said.append)
    assert not file.exists()
    assert "cut off" in said[0]


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("file:///srv/state", Path("/srv/state")),
        ("file:///srv/my%20state?metadata=skip", Path("/srv/my state")),
        ("file://~", Path.home()),
        ("file://~/state", Path.home() / "state"),
        ("file://./state", Path("state")),
        ("s3://bucket", None),
        ("https://api.pulumi.com", None),
        ("", None),
    ],
)
def test_state_folder(url: str, folder: Path | None) -> None:
    assert state_folder(url) == folder


def test_a_stack_is_there_plain_or_packed(tmp_path: Path) -> None:
    folder = tmp_path / ".pulumi" / "stacks" / "platform"
    folder.mkdir(parents=True)
    assert not has_stack(tmp_path, "platform", "dev.network")
    (folder / "dev.network.json").write_text("{}")
    (folder / "dev.cluster.json.gz").write_bytes(b"")
    assert has_stack(tmp_path, "platform", "dev.network")
    assert has_stack(tmp_path, "platform", "dev.cluster")


def test_only_pending_creates_become_resources_to_delete(tmp_path: Path) -> None:
    operations = [
        {"resource": {"urn": urn, "inputs": {"x": urn}}, "type": kind}
        for urn, kind in (("a", "creating"), ("b", "updating"), ("c", "deleting"), ("d", "creating"))
    ]
    deployment: dict[str, Any] = {"resources": [1, 2], "pending_operations": operations}
    assert pending_creates(deployment) == ["a", "d"]
    rest = with_unfinished_deleted(deployment)
    assert [item["type"] for item in rest["pending_operations"]] == ["updating", "deleting"]
    unfinished = [{"urn": urn, "inputs": {"x": urn}, "id": UNFINISHED_ID, "delete": True} for urn in ("a", "d")]
    assert rest["resources"] == [1, 2, *unfinished]
    assert with_unfinished_deleted(rest) == rest
    assert len(deployment["pending_operations"]) == 4
    assert pending_creates({}) == []
    assert pending_creates({"pending_operations": None}) == []


def test_the_cheap_look_for_pending_operations(tmp_path: Path) -> None:
    file = tmp_path / ".pulumi" / "stacks" / "platform" / "dev.network.json"
    assert not may_have_pending(tmp_path, "platform", "dev.network")
    file.parent.mkdir(parents=True)
    file.write_text('{"checkpoint": {"latest": {}}}')
    assert not may_have_pending(tmp_path, "platform", "dev.network")
    file.write_text('{"checkpoint": {"latest": {"pending_operations": []}}}')
    assert may_have_pending(tmp_path, "platform", "dev.network")
    file.rename(f"{file}.gz")
    assert may_have_pending(tmp_path, "platform", "dev.network")


def test_what_a_killed_write_left_is_removed_and_nothing_else(tmp_path: Path, said: list[str]) -> None:
    folder = tmp_path / ".pulumi" / "stacks" / "platform"
    folder.mkdir(parents=True)
    left = {"dev.network.json.attrs": "", "dev.network.json.bak.attrs": '{"user', "dev.network.json.18eacf.tmp": "{"}
    kept = {"dev.network.json": "{}", "dev.network.json.bak": "{}", "dev.cluster.json.attrs": "", "prod.network.json.attrs": "{}"}
    for name, text in {**left, **kept}.items():
        (folder / name).write_text(text)
    free_stack(tmp_path, "platform", "dev.network", said.append)
    assert sorted(path.name for path in folder.iterdir()) == sorted(kept)
    assert said == []


def test_what_a_stack_holds(tmp_path: Path) -> None:
    file = tmp_path / ".pulumi" / "stacks" / "platform" / "dev.network.json"
    assert not resources_of(tmp_path, "platform", "dev.network")
    file.parent.mkdir(parents=True)
    for text, held in (
        ('{"checkpoint": {"latest": null}}', []),
        ('{"checkpoint": {"latest": {}}}', []),
        ('{"checkpoint": {"latest": {"resources": []}}}', []),
        ("", []),
        ('{"checkpoint": {"latest": {"resources": [{}]}}}', [{}]),
    ):
        file.write_text(text)
        assert resources_of(tmp_path, "platform", "dev.network") == held
    packed = file.with_suffix(".json.gz")
    packed.write_bytes(gzip.compress(file.read_bytes()))
    file.unlink()
    assert resources_of(tmp_path, "platform", "dev.network")
