"""The two ways of having a tool that is not on this machine: the official release archive, and a build from locked Go modules."""

import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import zipfile
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from platformctl.engine.cache import sha256
from platformctl.engine.guard import guarded
from platformctl.engine.progress import Progress
from platformctl.engine.toolbox import GoBuild, Tool, parse_version
from platformctl.errors import ToolError

CONNECT_SECONDS = 4.0
"""Patience with a host that does not answer: many networks allow only package mirrors, and nobody should wait for that."""
READ_SECONDS = 30.0

_TAIL = 4
"""Lines of a failed build that are shown; the reason is always among the last."""

Fill = Callable[[Path], None]


class CannotError(ToolError):
    """This way of having a tool is not open here; the text is the reason, in a few words."""


class RefusedError(ToolError):
    """What was downloaded is not what was published. Never worked around by trying the next way."""


def from_release(tool: Tool, progress: Progress, client: httpx.Client | None = None) -> Fill:
    """Download the official archive and check its SHA-256; the result unpacks it into a folder's `bin`.

    Raises:
        CannotError: nothing is released for this machine, or the network does not allow the download.
        RefusedError: the archive's sum is not the published one, or none is published for it.
    """
    release = tool.release
    url = release.address(release.url, tool.version) if release else None
    sums = release.address(release.checksums, tool.version) if release else None
    strip = release.address(release.strip, tool.version) if release else None
    if not (url and sums and strip):
        raise CannotError("no official release for this machine")
    archive = Path(tempfile.mkdtemp(prefix="platformctl-")) / url.rsplit("/", 1)[-1]
    own = client or httpx.Client(timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS), follow_redirects=True)
    try:
        with own, progress.activity(f"Downloading {tool.name} {tool.version}"):
            published = _get(own, sums).text
            _download(own, url, archive)
    except httpx.HTTPError as error:
        shutil.rmtree(archive.parent, ignore_errors=True)
        raise CannotError(f"the release archive cannot be reached ({_reason(error)})") from error
    except BaseException:  # Ctrl-C: half an archive is of no use to anybody
        shutil.rmtree(archive.parent, ignore_errors=True)
        raise
    expected = _published_sum(published, archive.name)
    actual = sha256(archive)
    if expected != actual:
        shutil.rmtree(archive.parent, ignore_errors=True)
        said = f"{expected} is published" if expected else "no sum is published for it"
        raise RefusedError(f"{archive.name} was refused: its SHA-256 is {actual} and {said}; try again, or report it to the tool's makers")

    def fill(folder: Path) -> None:
        try:
            _unpack(archive, strip, folder)
        finally:
            shutil.rmtree(archive.parent, ignore_errors=True)

    return fill


def from_go(tool: Tool, progress: Progress, environ: Mapping[str, str] = os.environ) -> Fill:
    """Prepare the build from Go modules; the result builds into a folder's `bin`.

    Raises:
        CannotError: there is no Go, or one that is too old and may not fetch a newer.
    """
    build = tool.go
    if build is None:
        raise CannotError("it cannot be built from Go modules")
    go = shutil.which("go", path=environ.get("PATH"))
    if go is None:
        raise CannotError("there is no `go` on PATH to build it with")
    _check_go(go, build, environ)

    def fill(folder: Path) -> None:
        with progress.activity(f"Building {tool.name} {tool.version} from Go modules ({build.typical} the first time)"):
            _go_build(tool, build, go, folder, environ)

    return fill


def _get(client: httpx.Client, url: str) -> httpx.Response:
    return client.get(url).raise_for_status()


def _download(client: httpx.Client, url: str, target: Path) -> None:
    with client.stream("GET", url) as response, target.open("wb") as handle:
        response.raise_for_status()
        for chunk in response.iter_bytes():
            handle.write(chunk)


def _reason(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"{error.request.url.host} answers {error.response.status_code}"
    return f"{type(error).__name__} at {error.request.url.host}"


def _published_sum(text: str, name: str) -> str | None:
    for line in text.splitlines():
        match line.split():
            case [value, file] if file.lstrip("*") == name:
                return value.lower()
    return None


def _unpack(archive: Path, strip: str, folder: Path) -> None:
    scratch = Path(tempfile.mkdtemp(dir=folder))
    try:
        if archive.suffix == ".zip":
            _unzip(archive, scratch)
        else:
            with tarfile.open(archive) as tar:
                tar.extractall(scratch, filter="data")
        (scratch / strip).rename(folder / "bin")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _unzip(archive: Path, folder: Path) -> None:
    """Unpack with the modes that the archive notes, which `extractall` leaves out."""
    with zipfile.ZipFile(archive) as packed:
        for member in packed.infolist():
            unpacked = Path(packed.extract(member, folder))
            if unpacked.is_file() and (member.external_attr >> 16) & 0o111:
                unpacked.chmod(0o755)


def _check_go(go: str, build: GoBuild, environ: Mapping[str, str]) -> None:
    """A Go that is too old may still do, since it fetches the toolchain a go.mod asks for, unless it is told not to."""
    answer = subprocess.run(
        [go, "env", "GOVERSION", "GOTOOLCHAIN"], capture_output=True, text=True, check=False, env=dict(environ), cwd="/"
    )
    lines = answer.stdout.splitlines()
    version = parse_version(f"{lines[0]}.0" if lines and lines[0].count(".") == 1 else lines[0] if lines else "")
    if version is None:
        raise CannotError(f"`go env` failed: {answer.stderr.strip().splitlines()[-1] if answer.stderr.strip() else 'no answer'}")
    fetches = len(lines) > 1 and not lines[1].startswith("local") and version >= (1, 21, 0)
    if version < build.go and not fetches:
        raise CannotError(
            f"Go {'.'.join(map(str, build.go))} or newer is needed to build it, and `go` on PATH is {'.'.join(map(str, version))}"
        )


def _go_build(tool: Tool, build: GoBuild, go: str, folder: Path, environ: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix="platformctl-") as scratch:
        shutil.copytree(tool.lock, scratch, dirs_exist_ok=True)
        command = [go, "build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", build.linker_flags(tool.version)]
        command += ["-tags", ",".join(build.tags)] if build.tags else []
        command += ["-o", f"{folder / 'bin'}{os.sep}", *build.packages]
        # Without cgo no C compiler is needed; GOWORK=off keeps a workspace that happens to lie above the scratch folder out of it.
        settings = {**environ, "CGO_ENABLED": "0", "GOWORK": "off"}
        _run_group(command, Path(scratch), settings, f"the Go build of {tool.name} {tool.version} failed")


def _run_group(command: list[str], cwd: Path, environ: Mapping[str, str], failure: str) -> None:
    """Run a command with all its children in one group, so that an interrupted build leaves no compiler running."""
    tail: deque[str] = deque(maxlen=_TAIL)
    with subprocess.Popen(
        guarded(command, signal.SIGKILL), cwd=cwd, env=dict(environ), text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, process_group=0,
    ) as process:  # fmt: skip
        try:
            for line in process.stdout or ():
                tail.append(line.strip())
            status = process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    if status:
        raise ToolError(f"{failure}: {' | '.join(tail) or f'exit code {status}'}")
