"""Finding a tool, or obtaining it: PATH, the per-user cache, the official release, the Go build. The Pulumi command line first of all."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256 as sha256_of
from pathlib import Path
from shlex import quote

from platformctl.engine.cache import CachedTool, ToolCache, Void, cache_root
from platformctl.engine.obtain import Fill, RefusedError, from_go, from_release
from platformctl.engine.progress import Progress
from platformctl.engine.published import INDEX, from_modules, missing_modules
from platformctl.engine.toolbox import PULUMI, Tool, Version, parse_version
from platformctl.errors import ToolError

VERSION_SECONDS = 20.0
"""How long a tool on PATH may take to print its version, in seconds, before it is passed over."""

LANGUAGE_HOST = "pulumi-language-python"
HOSTS = "hosts"
"""Folder of the cache with the launchers of our own language host."""


@dataclass(frozen=True, slots=True)
class Found:
    """A tool that can be run, and where it was found."""

    path: Path
    """Its main executable; of a tool that is files alone, their index."""
    version: str
    """Without a leading `v`."""
    where: str
    """`PATH` or `cache`."""
    executables: Mapping[str, Path]
    """Every executable by name."""


@dataclass(frozen=True, slots=True)
class Cli:
    """A Pulumi command line that can be run."""

    path: Path
    version: str
    """Without a leading `v`."""
    has_python_host: bool
    """Whether its own Python language host lies beside it or on PATH; else ours lies beside `path`, or on the PATH of `environ`."""
    host: Path | None = None
    """Folder of our language host, where it is used."""

    def environ(self, base: Mapping[str, str] = os.environ) -> dict[str, str]:
        """An environment in which `pulumi` is this one and programs in Python run."""
        folders = list(dict.fromkeys(str(folder) for folder in (self.host, self.path.parent) if folder))
        rest = [folder for folder in base.get("PATH", os.defpath).split(os.pathsep) if folder not in folders]
        return {**base, "PATH": os.pathsep.join([*folders, *rest]), "PULUMI_SKIP_UPDATE_CHECK": "true"}


def find_cli(environ: Mapping[str, str] = os.environ) -> Cli | None:
    """The Pulumi CLI on PATH or in the cache; None where there is neither. Never downloads or builds."""
    found = find_tool(PULUMI, environ=environ)
    return _cli(found, environ) if found else None


def install_cli(progress: Progress | None = None, environ: Mapping[str, str] = os.environ) -> Cli:
    """The Pulumi CLI, obtained where it is not here yet.

    Raises:
        ToolError: no way to it is open; the text says what was tried.
    """
    return find_cli(environ) or _cli(install_tool(PULUMI, progress or Progress(), environ=environ), environ)


def find_tool(tool: Tool, *, environ: Mapping[str, str] = os.environ, thorough: bool = False) -> Found | None:
    """A tool on PATH (of its minimum version or newer), else in the cache."""
    return _on_path(tool, environ) or _in_cache(tool, ToolCache(cache_root(environ)), thorough=thorough)


def install_tool(tool: Tool, progress: Progress, *, environ: Mapping[str, str] = os.environ) -> Found:
    """A tool from PATH or the cache, else obtained by release or Go build and cached.

    Raises:
        ToolError: no way is open. A release that fails its checksum ends the search: the Go build is not tried behind its back.
    """
    on_path = _on_path(tool, environ)
    if on_path:
        return on_path
    cache = ToolCache(cache_root(environ))
    with cache.locked(tool, lambda: progress.note(f"Another install of {tool.name} is running; waiting for it")):
        cached = cache.find(tool, thorough=True)
        if isinstance(cached, CachedTool) and not (tool.modules and missing_modules(cached.executable)):
            return _cached(tool, cached)
        if isinstance(cached, Void):
            progress.note(f"The cached {tool.name} {tool.version} is damaged ({cached.reason}); installing it again")
        return _obtain(tool, cache, progress, environ)


def host_folder(cli: Path) -> Path:
    """A folder with a `pulumi-language-python` that starts our language host with this Python, and the CLI itself beside it.

    Beside it, because the engine warns on every command about a language host that does not lie next to its own executable. One folder for
    each interpreter and CLI, so that two checkouts do not take each other's.
    """
    source = Path(__file__).with_name("language_launcher.py")
    script = f"""#!/bin/sh
exec {quote(sys.executable)} {quote(str(source))} "$@"
"""
    folder = cache_root() / HOSTS / sha256_of(f"{script}{cli}".encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    launcher, link = folder / LANGUAGE_HOST, folder / cli.name
    if not (launcher.is_file() and launcher.read_text() == script and os.access(launcher, os.X_OK)):
        with _replacing(launcher) as scratch:
            scratch.write_text(script)
            scratch.chmod(0o755)
    if not (link.exists() and link.samefile(cli)):
        # Across file systems there are no hard links; then the CLI is run where it lies, and warns.
        with suppress(OSError), _replacing(link) as scratch:
            os.link(cli, scratch)
    return folder


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A path to make a file at, which then takes the target's place at once."""
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        path = Path(scratch) / target.name
        yield path
        path.replace(target)


def _obtain(tool: Tool, cache: ToolCache, progress: Progress, environ: Mapping[str, str]) -> Found:
    if tool.modules:
        return _cached(tool, cache.put(tool, INDEX, "go", from_modules(tool.modules, progress, environ)))
    tried: list[str] = [f"no {tool.name} {'.'.join(map(str, tool.minimum))} or newer is on PATH"]
    ways: Mapping[str, Callable[[], Fill]] = {
        **({"release": lambda: from_release(tool, progress)} if tool.release else {}),
        "go": lambda: from_go(tool, progress, environ),
    }
    for source, way in ways.items():
        try:
            cached = cache.put(tool, f"bin/{tool.executables[0].name}", source, way())
        except RefusedError:
            raise
        except ToolError as error:
            tried.append(str(error))
            progress.note(f"{tool.name}: {error}")
        else:
            return _cached(tool, cached)
    needed = f", or Go {'.'.join(map(str, tool.go.go[:2]))} or newer" if tool.go else ""
    raise ToolError(
        f"{tool.name} cannot be had: {'; '.join(tried)}. Install {tool.name} {tool.version} on PATH{needed}, and run this again."
    )


def _on_path(tool: Tool, environ: Mapping[str, str]) -> Found | None:
    """The tool from PATH: all of its executables or none."""
    found: dict[str, tuple[Path, Version]] = {}
    for program in tool.executables:
        path = shutil.which(program.name, path=os.pathsep.join(_folders(environ)))
        version = _printed_version([path, *tool.version_command], environ) if path else None
        if path is None or version is None or version < program.minimum:
            return None
        found[program.name] = (Path(path).absolute(), version)
    if not found:
        return None
    main, version = found[tool.executables[0].name]
    return Found(main, ".".join(map(str, version)), "PATH", {name: path for name, (path, _) in found.items()})


def _printed_version(command: list[str], environ: Mapping[str, str]) -> Version | None:
    settings = {**environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=VERSION_SECONDS, check=False, env=settings)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version(answer.stdout) if answer.returncode == 0 else None


def _in_cache(tool: Tool, cache: ToolCache, *, thorough: bool) -> Found | None:
    cached = cache.find(tool, thorough=thorough)
    return _cached(tool, cached) if isinstance(cached, CachedTool) else None


def _cached(tool: Tool, cached: CachedTool) -> Found:
    executables = {program.name: cached.executable.with_name(program.name) for program in tool.executables}
    return Found(cached.executable, cached.version, "cache", executables)


def _cli(found: Found, environ: Mapping[str, str]) -> Cli:
    beside = [str(found.path.resolve().parent), *_folders(environ)]
    if shutil.which(LANGUAGE_HOST, path=os.pathsep.join(beside)):
        return Cli(found.path, found.version, has_python_host=True)
    host = host_folder(found.path)
    link = host / found.path.name
    return Cli(link if link.exists() else found.path, found.version, has_python_host=False, host=host)


def _folders(environ: Mapping[str, str]) -> list[str]:
    """Folders of PATH but for those of our own cache, which an environment made by `Cli.environ` has in front."""
    own = str(cache_root(environ)) + os.sep
    return [folder for folder in environ.get("PATH", os.defpath).split(os.pathsep) if not folder.startswith(own)]
