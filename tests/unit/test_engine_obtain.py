"""Where a tool comes from: the order of the search, and what is refused on the way."""

import hashlib
import io
import os
import platform
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from platformctl.engine import cli, obtain
from platformctl.engine.cache import ToolCache
from platformctl.engine.cli import find_cli, find_tool, install_tool
from platformctl.engine.obtain import CannotError, RefusedError, from_go, from_release
from platformctl.engine.progress import Progress, duration
from platformctl.engine.toolbox import KUBERNETES, PULUMI, TOOLS, Executable, GoBuild, Release, Tool, parse_version
from platformctl.errors import ToolError

ANYWHERE = {platform.system(): "linux"}
TOOL = Tool(
    name="widget",
    version="1.2.3",
    minimum=(1, 2, 0),
    version_command=("version",),
    what="a widget",
    release=Release(
        url="https://archive.test/widget-{version}-{os}-{arch}.tar.gz",
        checksums="https://sums.test/{version}.txt",
        strip="widget",
        systems=ANYWHERE,
        machines={platform.machine(): "x64"},
    ),
    go=GoBuild(packages=("example.test/widget",), go=(1, 21, 0)),
)
ARCHIVE = "widget-1.2.3-linux-x64.tar.gz"


def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        content = b"#!/bin/sh\necho v1.2.3\n"
        member = tarfile.TarInfo("widget/widget")
        member.size, member.mode = len(content), 0o755
        tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


PACKED = archive()
GOOD_SUMS = f"{hashlib.sha256(PACKED).hexdigest()}  {ARCHIVE}\n{'0' * 64}  another.tar.gz\n"


def client(sums: str = GOOD_SUMS, content: bytes = PACKED) -> httpx.Client:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=sums) if request.url.host == "sums.test" else httpx.Response(200, content=content)

    return httpx.Client(transport=httpx.MockTransport(answer))


def unreachable() -> httpx.Client:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    return httpx.Client(transport=httpx.MockTransport(answer))


@pytest.fixture
def progress() -> Progress:
    return Progress(Console(file=io.StringIO()))


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "path").mkdir()
    return {"PATH": str(tmp_path / "path"), "PLATFORMCTL_CACHE_DIR": str(tmp_path / "cache"), "HOME": str(tmp_path)}


def executable(folder: Path, name: str, body: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_a_release_is_unpacked_when_its_sum_is_the_published_one(tmp_path: Path, progress: Progress) -> None:
    from_release(TOOL, progress, client())(tmp_path)
    assert (tmp_path / "bin" / "widget").stat().st_mode & 0o111


def test_a_zip_keeps_what_may_be_run(tmp_path: Path, progress: Progress) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, mode in (("widget", 0o755), ("LICENSE.txt", 0o644)):
            member = zipfile.ZipInfo(name)
            member.external_attr = mode << 16
            packed.writestr(member, "#!/bin/sh\n")
    content = buffer.getvalue()
    assert TOOL.release is not None
    release = replace(TOOL.release, url="https://archive.test/widget_{version}_{os}.zip", strip=".")
    sums = f"{hashlib.sha256(content).hexdigest()}  widget_1.2.3_linux.zip\n"
    from_release(replace(TOOL, release=release), progress, client(sums, content))(tmp_path)
    assert (tmp_path / "bin" / "widget").stat().st_mode & 0o111
    assert not (tmp_path / "bin" / "LICENSE.txt").stat().st_mode & 0o111
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]


@pytest.mark.parametrize(
    ("sums", "content"),
    [
        (GOOD_SUMS, PACKED + b"x"),
        (f"{'a' * 64}  {ARCHIVE}\n", PACKED),
        ("", PACKED),
        ("<html>log in</html>", PACKED),
        (GOOD_SUMS.replace("another.tar.gz", ARCHIVE).replace(f"  {ARCHIVE}", "  other", 1), PACKED),
    ],
    ids=["archive changed", "sum changed", "no sums", "a page instead of sums", "sum of another file"],
)
def test_a_release_with_another_sum_is_refused(sums: str, content: bytes, progress: Progress) -> None:
    with pytest.raises(RefusedError, match="refused"):
        from_release(TOOL, progress, client(sums, content))


def test_a_refused_release_ends_the_search(environ: dict[str, str], progress: Progress, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    monkeypatch.setattr(cli, "from_release", lambda tool, progress: from_release(tool, progress, client(content=b"evil")))
    monkeypatch.setattr(cli, "from_go", lambda *_: built.append("go"))
    with pytest.raises(RefusedError):
        install_tool(TOOL, progress, environ=environ)
    assert built == []


def test_no_network_is_a_reason_not_a_crash(progress: Progress) -> None:
    with pytest.raises(CannotError, match=r"cannot be reached \(ConnectError at sums\.test\)"):
        from_release(TOOL, progress, unreachable())


def test_no_release_for_this_machine(progress: Progress) -> None:
    assert TOOL.release is not None
    with pytest.raises(CannotError, match="no official release"):
        from_release(replace(TOOL, release=replace(TOOL.release, machines={})), progress, client())


def test_order_of_search(environ: dict[str, str], progress: Progress, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each way is taken only when those before it are closed; opened one by one from the last to the first."""

    def filler(word: str) -> Callable[[Path], None]:
        def fill(folder: Path) -> None:
            (folder / "bin").mkdir()
            executable(folder / "bin", "widget", f"echo v1.2.3 {word}")

        return fill

    def closed(*_: object) -> None:
        raise CannotError("closed")

    monkeypatch.setattr(cli, "from_release", closed)
    monkeypatch.setattr(cli, "from_go", closed)
    with pytest.raises(ToolError, match=r"no widget 1\.2\.0 or newer is on PATH; closed; closed") as caught:
        install_tool(TOOL, progress, environ=environ)
    assert "\n" not in str(caught.value)

    monkeypatch.setattr(cli, "from_go", lambda *_: filler("go"))
    other = {**environ, "PLATFORMCTL_CACHE_DIR": str(tmp_path / "other")}
    assert "go" in install_tool(TOOL, progress, environ=other).path.read_text()

    monkeypatch.setattr(cli, "from_release", lambda *_: filler("release"))
    assert "release" in install_tool(TOOL, progress, environ=environ).path.read_text()

    monkeypatch.setattr(cli, "from_release", closed)
    monkeypatch.setattr(cli, "from_go", closed)
    again = install_tool(TOOL, progress, environ=environ)
    assert (again.where, again.version) == ("cache", "1.2.3")

    on_path = executable(Path(environ["PATH"]), "widget", "echo v1.4.0")
    first = install_tool(TOOL, progress, environ=environ)
    assert (first.where, first.version, first.path) == ("PATH", "1.4.0", on_path)


@pytest.mark.parametrize("body", ["echo v1.1.9", "echo nothing", "exit 3", "echo v1.3.0; exit 1"])
def test_an_unfit_tool_on_path_is_passed_over(body: str, environ: dict[str, str]) -> None:
    executable(Path(environ["PATH"]), "widget", body)
    assert find_tool(TOOL, environ=environ) is None


PAIR = replace(TOOL, companions=(Executable("gadget", (3, 5, 0)),), release=None)


def test_executables_that_work_together_are_taken_from_path_together(environ: dict[str, str]) -> None:
    folder = Path(environ["PATH"])
    main = executable(folder, "widget", "echo v1.2.0")
    assert find_tool(PAIR, environ=environ) is None
    executable(folder, "gadget", "echo v3.4.9")
    assert find_tool(PAIR, environ=environ) is None
    companion = executable(folder, "gadget", "echo gadget Version: 3.5.0")
    found = find_tool(PAIR, environ=environ)
    assert found is not None
    assert (found.version, found.executables) == ("1.2.0", {"widget": main, "gadget": companion})


def test_a_build_without_one_of_its_executables_is_not_taken_for_whole(
    environ: dict[str, str], progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ["widget"]

    def fill(folder: Path) -> None:
        (folder / "bin").mkdir()
        for name in made:
            executable(folder / "bin", name, "true")

    monkeypatch.setattr(cli, "from_go", lambda *_: fill)
    install_tool(PAIR, progress, environ=environ)
    assert find_tool(PAIR, environ=environ) is None
    made.append("gadget")
    install_tool(PAIR, progress, environ=environ)
    found = find_tool(PAIR, environ=environ)
    assert found is not None
    assert all(path.is_file() for path in found.executables.values())
    assert set(found.executables) == {"widget", "gadget"}


def test_a_damaged_cache_is_installed_again(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    progress = Progress(Console(file=said, width=400))
    monkeypatch.setattr(cli, "from_release", lambda tool, progress: from_release(tool, progress, client()))
    path = install_tool(TOOL, progress, environ=environ).path
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"!")
    assert find_tool(TOOL, environ=environ) is None
    assert install_tool(TOOL, progress, environ=environ).path.read_bytes() == whole
    assert "is damaged" in said.getvalue()


def test_without_go_it_says_so(environ: dict[str, str], progress: Progress) -> None:
    with pytest.raises(CannotError, match="no `go` on PATH"):
        from_go(TOOL, progress, environ)


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        ("go1.20.3\\nlocal", True),
        ("go1.20\\nauto", True),
        ("go1.24.2\\nlocal", True),
        ("go1.24.2\\nauto", False),
        ("go1.25.11\\nlocal", False),
        ("go1.26\\nlocal", False),
    ],
)
def test_an_old_go_is_refused_unless_it_fetches_a_newer(answer: str, refused: bool, environ: dict[str, str], progress: Progress) -> None:
    executable(Path(environ["PATH"]), "go", f"printf '{answer}\\n'")
    tool = replace(TOOL, go=GoBuild(packages=("example.test/widget",), go=(1, 25, 11)))
    if refused:
        with pytest.raises(CannotError, match=r"Go 1\.25\.11 or newer is needed"):
            from_go(tool, progress, environ)
    else:
        assert callable(from_go(tool, progress, environ))


def test_a_failed_go_build_says_why(environ: dict[str, str], progress: Progress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = 'case "$1" in env) printf "go1.26.0\\nlocal\\n";; *) echo "verifying module: checksum mismatch" >&2; exit 1;; esac'
    executable(Path(environ["PATH"]), "go", body)
    monkeypatch.setattr("platformctl.engine.toolbox.LOCKS", tmp_path / "locks")
    (tmp_path / "locks" / "widget").mkdir(parents=True)
    fill = from_go(TOOL, progress, {**environ, "PATH": f"{environ['PATH']}{os.pathsep}/usr/bin{os.pathsep}/bin"})
    with pytest.raises(ToolError, match=r"the Go build of widget 1\.2\.3 failed: verifying module: checksum mismatch"):
        fill(tmp_path)


def test_every_go_build_is_locked() -> None:
    for tool in TOOLS.values():
        if tool.go:
            lock = (tool.lock / "go.mod").read_text()
            declared = next(line for line in lock.splitlines() if line.startswith("go "))
            assert parse_version(declared) == tool.go.go
            assert (tool.lock / "go.sum").stat().st_size > 0
            own = {package for package in tool.go.packages if package.startswith("./")}
            assert all((tool.lock / package / "main.go").is_file() for package in own)
            for package in {*tool.go.packages} - own:
                module = next(line for line in lock.splitlines() if package.rsplit("/cmd/", 1)[0] in line)
                assert f" {tool.go.module(tool.version)}" in module
            assert tool.version in tool.go.linker_flags(tool.version)


def test_every_go_build_makes_the_tools_executables() -> None:
    for tool in TOOLS.values():
        if tool.go:
            assert {package.rsplit("/", 1)[-1] for package in tool.go.packages} == {program.name for program in tool.executables}


def test_versions_are_filled_into_the_linker_flags() -> None:
    assert KUBERNETES.go is not None
    flags = KUBERNETES.go.linker_flags("1.35.4")
    assert "version.gitVersion=v1.35.4 " in flags
    assert "version.gitMajor=1 " in flags
    assert "version.gitMinor=35 " in flags


def test_our_own_folders_on_path_are_not_taken_for_the_users(environ: dict[str, str]) -> None:
    hidden = Path(environ["PLATFORMCTL_CACHE_DIR"]) / "hosts" / "x"
    hidden.mkdir(parents=True)
    executable(hidden, "pulumi", "echo v9.9.9")
    assert find_cli({**environ, "PATH": f"{hidden}{os.pathsep}{environ['PATH']}"}) is None


def test_a_cli_without_python_host_gets_ours_beside_it(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORMCTL_CACHE_DIR", environ["PLATFORMCTL_CACHE_DIR"])
    executable(Path(environ["PATH"]), "pulumi", "echo v3.300.1")
    found = find_cli(environ)
    assert found is not None
    assert (found.version, found.has_python_host) == ("3.300.1", False)
    assert (found.path.parent / "pulumi-language-python").stat().st_mode & 0o111
    assert found.environ(environ)["PATH"].split(os.pathsep)[0] == str(found.path.parent)
    again = find_cli(found.environ(environ))
    assert again == found


def test_a_cli_with_its_own_python_host_is_left_alone(environ: dict[str, str]) -> None:
    own = executable(Path(environ["PATH"]), "pulumi", "echo v3.300.1")
    executable(Path(environ["PATH"]), "pulumi-language-python", "true")
    found = find_cli(environ)
    assert found is not None
    assert (found.path, found.has_python_host, found.host) == (own, True, None)


def test_the_minimum_is_below_what_we_install() -> None:
    pinned = parse_version(PULUMI.version)
    assert pinned is not None
    assert pinned >= PULUMI.minimum


@pytest.mark.parametrize(("seconds", "text"), [(0.04, "0.0s"), (9.96, "10.0s"), (12.4, "12s"), (59.6, "1m00s"), (214.0, "3m34s")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_long_work_gives_signs_of_life_in_a_log() -> None:
    said = io.StringIO()
    quick = Progress(Console(file=said, width=200), heartbeat=0.01)
    over = __import__("threading").Event()
    with quick.activity("Building"):
        over.wait(0.2)
    lines = said.getvalue().splitlines()
    assert lines[0] == "Building ..."
    assert any("so far" in line for line in lines)
    assert lines[-1].startswith("Building: done in")


def test_cache_is_where_the_variable_says(environ: dict[str, str], progress: Progress, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "from_release", lambda tool, progress: from_release(tool, progress, client()))
    path = install_tool(TOOL, progress, environ=environ).path
    assert path.is_relative_to(Path(environ["PLATFORMCTL_CACHE_DIR"]))
    assert path.is_relative_to(ToolCache(Path(environ["PLATFORMCTL_CACHE_DIR"])).folder(TOOL))
    assert obtain.CONNECT_SECONDS <= 5
