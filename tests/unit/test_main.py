"""The command line itself: exit codes, messages, and how fast it starts."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from platform_components.errors import DeclarationError, PlatformError, Problem, UnsupportedError, UpstreamError
from platformctl import __main__ as command_line
from platformctl.commands import preview as preview_module
from platformctl.errors import ToolError

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
        (KeyboardInterrupt(), 130, ""),
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
