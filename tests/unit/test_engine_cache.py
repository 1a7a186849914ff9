"""The cache of tools: what is not whole is not used."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from platformctl.engine.cache import MANIFEST, CachedTool, ToolCache, Void, cache_root
from platformctl.engine.toolbox import Tool

TOOL = Tool(name="widget", version="1.2.3", minimum=(1, 0, 0), version_command=("version",), what="a widget")


def fill(folder: Path, text: str = "whole") -> None:
    (folder / "bin").mkdir()
    (folder / "bin" / "widget").write_text(text)


@pytest.fixture
def cache(tmp_path: Path) -> ToolCache:
    made = ToolCache(tmp_path)
    with made.locked(TOOL):
        made.put(TOOL, "bin/widget", "go", fill)
    return made


def test_what_was_put_is_found(cache: ToolCache) -> None:
    found = cache.find(TOOL, thorough=True)
    assert isinstance(found, CachedTool)
    assert found.executable.read_text() == "whole"
    assert (found.version, found.source) == ("1.2.3", "go")


def test_nothing_there_is_not_void(tmp_path: Path) -> None:
    assert ToolCache(tmp_path).find(TOOL) is None


def damage(folder: Path, how: str) -> None:
    binary = folder / "bin" / "widget"
    match how:
        case "cut":
            binary.write_text("wh")
        case "same size":
            binary.write_text("WHOLE")
        case "gone":
            binary.unlink()
        case "no manifest":
            (folder / MANIFEST).unlink()
        case "half a manifest":
            text = (folder / MANIFEST).read_text()
            (folder / MANIFEST).write_text(text[: len(text) // 2])
        case "manifest of another shape":
            (folder / MANIFEST).write_text('{"files": 3}')
        case "manifest without the executable":
            manifest = json.loads((folder / MANIFEST).read_text())
            (folder / MANIFEST).write_text(json.dumps({**manifest, "files": {}}))


DAMAGES = ("cut", "same size", "gone", "no manifest", "half a manifest", "manifest of another shape", "manifest without the executable")


@pytest.mark.parametrize("how", DAMAGES)
def test_damage_is_seen_and_a_new_install_repairs_it(cache: ToolCache, how: str) -> None:
    damage(cache.folder(TOOL), how)
    found = cache.find(TOOL)
    assert isinstance(found, Void)
    assert found.reason
    with cache.locked(TOOL):
        cache.put(TOOL, "bin/widget", "go", fill)
    assert isinstance(cache.find(TOOL, thorough=True), CachedTool)


def test_damage_behind_an_unchanged_time_is_seen_by_the_thorough_look(cache: ToolCache) -> None:
    binary = cache.folder(TOOL) / "bin" / "widget"
    times = binary.stat().st_atime_ns, binary.stat().st_mtime_ns
    binary.write_text("WHOLE")
    os.utime(binary, ns=times)
    assert isinstance(cache.find(TOOL), CachedTool), "the quick look trusts size and time; that is its price"
    assert isinstance(cache.find(TOOL, thorough=True), Void)


def test_a_file_that_was_cut_is_seen_at_once_even_behind_an_unchanged_time(cache: ToolCache) -> None:
    binary = cache.folder(TOOL) / "bin" / "widget"
    times = binary.stat().st_atime_ns, binary.stat().st_mtime_ns
    binary.write_text("wh")
    os.utime(binary, ns=times)
    assert isinstance(cache.find(TOOL), Void)


def test_an_install_that_fails_leaves_what_was_there(cache: ToolCache) -> None:
    def fail(folder: Path) -> None:
        fill(folder, "half")
        raise KeyboardInterrupt

    with cache.locked(TOOL), pytest.raises(KeyboardInterrupt):
        cache.put(TOOL, "bin/widget", "go", fail)
    found = cache.find(TOOL, thorough=True)
    assert isinstance(found, CachedTool)
    assert found.executable.read_text() == "whole"
    assert [path.name for path in cache.folder(TOOL).parent.iterdir() if path.name.startswith(".staging")] == []


def test_an_install_killed_in_the_middle_is_not_taken_for_whole_and_is_swept(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from platformctl.engine.cache import ToolCache\n"
        "from tests.unit.test_engine_cache import TOOL, fill\n"
        "def killed(folder):\n    fill(folder); print('filled', flush=True); os.kill(os.getpid(), 9)\n"
        "cache = ToolCache(Path(sys.argv[1]))\n"
        "with cache.locked(TOOL):\n    cache.put(TOOL, 'bin/widget', 'go', killed)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    cache = ToolCache(tmp_path)
    assert cache.find(TOOL) is None
    with cache.locked(TOOL):
        cache.put(TOOL, "bin/widget", "go", fill)
    assert isinstance(cache.find(TOOL, thorough=True), CachedTool)
    assert sorted(path.name for path in cache.folder(TOOL).parent.iterdir()) == [".lock", "1.2.3"]


def test_two_installs_do_not_meet(cache: ToolCache) -> None:
    waited = threading.Event()
    order: list[str] = []

    def second() -> None:
        with ToolCache(cache.root.parent).locked(TOOL, waited.set):
            order.append("second")

    with cache.locked(TOOL):
        thread = threading.Thread(target=second)
        thread.start()
        assert waited.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_the_variable_moves_the_cache(tmp_path: Path) -> None:
    assert cache_root({"PLATFORMCTL_CACHE_DIR": str(tmp_path)}) == tmp_path
    assert cache_root({}).name == "platformctl"
