"""The command line itself: exit codes, messages, and how fast it starts."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import typer

from platform_components.errors import DeclarationError, PlatformError, Problem, UnsupportedError, UpstreamError
from platformctl import __main__ as command_line
from platformctl.commands import preview as preview_module
from platformctl.errors import ToolError
from platformctl.invocation import program

RunWith = Callable[[BaseException | None], tuple[int, str, str]]


@pytest.fixture
def run_with(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunWith:
    """Run a command that ends in an error."""

    def run(error: BaseException | None) -> tuple[int, str, str]:
        def command() -> None:
            if error is not None:
                raise error

        monkeypatch.setattr(preview_module, "preview", command)
        monkeypatch.setattr(command_line, "COMMANDS", (("", "preview", "preview:preview"), ("", "other", "preview:preview")))
        code = command_line.run(["preview"])
        output = capsys.readouterr()
        return code, output.out, output.err

    return run


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (None, 0, ""),
        (DeclarationError([Problem("a", "x.y", "f.yaml", 3), Problem("b")]), 2, "f.yaml:3  x.y  a\nb\n"),
        (UnsupportedError("no such version"), 2, "no such version\n"),
        (UpstreamError("not brought up"), 2, "not brought up\n"),
        (PlatformError("bad"), 2, "bad\n"),
        (ToolError("the engine failed"), 3, "the engine failed\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (typer.Abort(), 130, "interrupted\n"),
        (typer.Exit(1), 1, ""),
        (SystemExit(1), 1, ""),
        (SystemExit(None), 0, ""),
        (SystemExit("words"), 3, "words\n"),
        (ValueError("a fault"), 3, "platformctl failed: ValueError: a fault; set PLATFORMCTL_TRACEBACK=1 to see where\n"),
    ],
)
def test_every_end_has_its_exit_code_and_one_message(run_with: RunWith, error: BaseException | None, code: int, message: str) -> None:
    assert run_with(error) == (code, "", message)


def test_a_fault_shows_its_traceback_to_who_asks(run_with: RunWith, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORMCTL_TRACEBACK", "1")
    with pytest.raises(ValueError, match="a fault"):
        run_with(ValueError("a fault"))


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["preview"], ["preview", "dev", "--nonsense"], ["-C"], ["-C", "/nowhere/at/all", "preview", "dev"]]
)
def test_wrong_usage_is_bad_input(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert command_line.run(arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert "Error: " in output.err
    assert "Traceback" not in output.err


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.run(["--help"]) == 0
    listed = capsys.readouterr().out
    names = {group or name for group, name, _ in command_line.COMMANDS}
    assert [name for name in sorted(names) if f"  {name} " not in listed] == []


def test_outside_a_platform_repository_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.run(["preview", "dev", "-C", str(tmp_path)]) == 2
    assert "no Pulumi.yaml in" in capsys.readouterr().err


def test_help_imports_nothing_heavy() -> None:
    heavy = ("pulumi", "pulumi_aws", "pulumi_kubernetes", "moto", "boto3", "botocore", "grpc", "rich.console")
    script = f"import sys; from platformctl.__main__ import build_app; build_app(); print([m for m in {heavy!r} if m in sys.modules])"
    result: Any = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert result.stdout == "[]\n"


ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("seconds", [0.15, 0.4, 0.8, 1.1, 1.3])
def test_ctrl_c_at_any_moment_is_one_line_and_130(seconds: float) -> None:
    """In the imports, in the program under preview, in its event loop."""
    process = subprocess.Popen(
        [sys.executable, "-m", "platformctl", "preview", "dev", "-C", str(ROOT)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    try:
        _, error = process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    # A fast machine may be through already; a slow one may be in the interpreter's own start, which nobody can quieten.
    assert (process.returncode, error) in ((130, "interrupted\n"), (0, "")) or before_our_first_line(process.returncode, error), error


def before_our_first_line(code: int, error: str) -> bool:
    """Whether Ctrl-C came while Python itself was starting, or was at the one import that stands before the answer to it."""
    frames = re.findall(r'File "[^"]*/(?:platformctl|platform_components)/.*\n +(.*)', error)
    in_first_import = bool(frames) and frames[0] == "from platformctl import interrupts"
    return (code == -signal.SIGINT and not error) or (error.startswith("Traceback") and (not frames or in_first_import))


RUN = {
    "module": "import runpy; runpy.run_module('platformctl', run_name='__main__', alter_sys=True)",
    "script": "from platformctl.__main__ import main; main()",
}
"""What `python -m platformctl` and the installed script do, after the interpreter's own start."""

AT_IMPORT = """
import os, signal, sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == {moment!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
sys.argv = ["platformctl", "preview", "dev"]
{run}
"""


@pytest.mark.parametrize("run", RUN.values(), ids=RUN)
@pytest.mark.parametrize(
    "moment", ["platform_components", "platformctl.errors", "typer", "platformctl.commands", "platformctl.commands.preview"]
)
def test_ctrl_c_in_our_own_imports_is_answered(run: str, moment: str) -> None:
    program = AT_IMPORT.format(moment=moment, run=run)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


def test_what_stands_before_the_answer_to_ctrl_c_is_light() -> None:
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import platformctl.interrupts; print(*sys.modules)"
    # Without site, which has imports of its own.
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert {name for name in imported if name.startswith("platform")} == {"platformctl", "platformctl.interrupts"}
    assert not {"re", "typing", "inspect", "importlib.metadata"} & imported


def test_ctrl_c_in_an_install_leaves_nothing_running(tmp_path: Path) -> None:
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text('#!/bin/sh\nif [ "$1" = env ]; then echo go1.26.0; echo auto; exit; fi\nexec sleep 61\n')
    go.chmod(0o755)
    nowhere = "http://127.0.0.1:9"
    environ = {**os.environ, "PATH": f"{go.parent}:/usr/bin:/bin", "https_proxy": nowhere, "HTTPS_PROXY": nowhere, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "platformctl", "tools", "install", "pulumi"],
        env={**environ, "PLATFORMCTL_CACHE_DIR": str(tmp_path / "cache")},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        said = [process.stderr.readline()]
        while not said[-1].startswith("Building"):
            assert said[-1], said
            said.append(process.stderr.readline())
        deadline = time.monotonic() + 20
        while not any("sleep" in child.name() for child in psutil.Process(process.pid).children(recursive=True)):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == "interrupted\n"
    assert process.returncode == 130
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
    assert [path for path in tmp_path.iterdir() if path.name.startswith("platformctl-")] == []
    assert [path.name for path in (tmp_path / "cache" / "tools" / "pulumi").iterdir()] == [".lock"]


def test_a_reader_who_has_gone_is_no_failure() -> None:
    command = f"'{sys.executable}' -m platformctl preview prod --json -C '{ROOT}' | true; echo ${{PIPESTATUS[0]}} >&2"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr == "141\n"


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_has_a_short_form(capsys: pytest.CaptureFixture[str], option: str) -> None:
    assert command_line.run([option]) == 0
    assert "Commands:" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("platformctl ")


@pytest.mark.parametrize(
    ("called", "words"),
    [
        ("{bin}/platformctl", "platformctl"),
        (".venv/bin/platformctl", ".venv/bin/platformctl"),
        ("/elsewhere/platformctl", "/elsewhere/platformctl"),
        ("/with space/platformctl", "'/with space/platformctl'"),
        ("/lib/platformctl/__main__.py", "/py -m platformctl"),
        ("/bin/pytest", "platformctl"),
    ],
)
def test_hints_name_the_program_as_it_was_called(tmp_path: Path, called: str, words: str) -> None:
    on_path = tmp_path / "platformctl"
    on_path.write_text("")
    on_path.chmod(0o755)
    assert program([called.format(bin=tmp_path)], "/py", {"PATH": str(tmp_path)}) == words


def test_a_program_off_path_is_named_with_its_path(tmp_path: Path) -> None:
    assert program(["/venv/bin/platformctl"], "/py", {"PATH": str(tmp_path)}) == "/venv/bin/platformctl"
