"""The per-user cache of tools: what lies in it is whole, or it is taken for absent.

`<cache>/tools/<name>/<version>/manifest.json` lists every file with size and SHA-256. An install is made in a temporary folder and renamed
into place under a lock, so a folder with a manifest was finished; a file that no longer matches its manifest makes the whole folder void.
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from platformctl.engine.toolbox import Tool

MANIFEST = "manifest.json"
STAGING = ".staging-"

CACHE_VARIABLE = "PLATFORMCTL_CACHE_DIR"
"""Environment variable that moves the cache, for example to a CI runner's persistent disk."""


def cache_root(environ: Mapping[str, str] = os.environ) -> Path:
    """Folder of the cache: `PLATFORMCTL_CACHE_DIR`, else the user's cache folder."""
    override = environ.get(CACHE_VARIABLE)
    return Path(override).expanduser().absolute() if override else Path(platformdirs.user_cache_dir("platformctl"))


@dataclass(frozen=True, slots=True)
class CachedTool:
    """A tool in the cache whose files match their manifest."""

    executable: Path
    """The main one; what it works with lies beside it."""
    version: str
    source: str
    """How it was had: `release` or `go`."""


@dataclass(frozen=True, slots=True)
class Void:
    """What lies in the cache is not to be used, and why."""

    reason: str


class ToolCache:
    """Tools by name and version below one folder."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = (root or cache_root()) / "tools"

    def folder(self, tool: Tool) -> Path:
        """Where a tool of its pinned version lies."""
        return self.root / tool.name / tool.version

    def find(self, tool: Tool, *, thorough: bool = False) -> CachedTool | Void | None:
        """Look a tool up: usable, void with the reason, or absent.

        Args:
            tool: the tool, in its pinned version.
            thorough: hash every file; else only those whose size or time of change differ from the manifest.
        """
        folder = self.folder(tool)
        if not folder.exists():
            return None
        try:
            manifest = json.loads((folder / MANIFEST).read_text())
            files: dict[str, dict[str, str | int]] = manifest["files"]
            found = CachedTool(folder / manifest["executable"], manifest["version"], manifest["source"])
            names = [Path(manifest["executable"]), *(Path(manifest["executable"]).with_name(program.name) for program in tool.companions)]
            listed = all(str(name) in files for name in names)
        except FileNotFoundError:
            return Void("it has no manifest")
        except (OSError, ValueError, KeyError, TypeError):
            return Void("its manifest cannot be read")
        if not listed:
            return Void("its manifest does not list every executable")
        for name, entry in files.items():
            problem = _mismatch(folder / name, entry, thorough=thorough)
            if problem:
                return Void(f"{name} {problem}")
        return found

    def put(self, tool: Tool, executable: str, source: str, fill: Callable[[Path], None]) -> CachedTool:
        """Install a tool: fill a temporary folder, write its manifest, rename it into place. The caller holds `locked(tool)`.

        Args:
            tool: the tool.
            executable: path of the main one inside the folder.
            source: `release` or `go`.
            fill: puts the files into the folder it is given; whatever it raises leaves the cache as it was.
        """
        parent = self.folder(tool).parent
        self._sweep(parent)
        staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=parent))
        try:
            fill(staging)
            files = {str(path.relative_to(staging)): _entry(path) for path in sorted(staging.rglob("*")) if path.is_file()}
            manifest = {"name": tool.name, "version": tool.version, "source": source, "executable": executable, "files": files}
            _write_through(staging / MANIFEST, json.dumps(manifest, indent=1))
            staging.chmod(0o755)
            final = self.folder(tool)
            if final.exists():
                final.rename(parent / f"{STAGING}old-{os.getpid()}")
            staging.rename(final)
        finally:
            self._sweep(parent)
        return CachedTool(final / executable, tool.version, source)

    @contextmanager
    def locked(self, tool: Tool, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Hold the lock of one tool, so that two installs do not meet; `waiting` is called once if it must wait.

        The operating system lets go of the lock when its holder dies, however it dies.
        """
        parent = self.folder(tool).parent
        parent.mkdir(parents=True, exist_ok=True)
        with (parent / ".lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    @staticmethod
    def _sweep(parent: Path) -> None:
        """Remove what interrupted installs left; safe under the lock."""
        for left in parent.glob(f"{STAGING}*"):
            shutil.rmtree(left, ignore_errors=True)


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _entry(path: Path) -> dict[str, str | int]:
    status = path.stat()
    return {"sha256": sha256(path), "size": status.st_size, "mtime_ns": status.st_mtime_ns}


def _mismatch(path: Path, entry: Mapping[str, str | int], *, thorough: bool) -> str | None:
    try:
        status = path.stat()
    except OSError:
        return "is missing"
    if status.st_size != entry.get("size"):
        return f"has {status.st_size} bytes instead of {entry.get('size')}"
    if (thorough or status.st_mtime_ns != entry.get("mtime_ns")) and sha256(path) != entry.get("sha256"):
        return "does not have the SHA-256 it was installed with"
    return None


def _write_through(path: Path, text: str) -> None:
    """Write a file and wait for the disk, so that a power cut cannot leave a manifest without its files' data."""
    with path.open("w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
