"""The language host's own decisions: which Python, which entry point, which part of a traceback, how long it waits."""

import asyncio
import contextvars
import subprocess
import sys
import types
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pulumi
import pytest
from pulumi.runtime import stack
from pulumi.runtime.proto import language_pb2

from platformctl.engine import language_host
from platformctl.engine.language_host import PythonLanguageHost, program_path, user_traceback
from platformctl.engine.language_launcher import project_python, virtualenv_python


def virtualenv(folder: Path, *, sdk: bool = True) -> Path:
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    if sdk:
        package = folder / "lib" / "python3.11" / "site-packages" / "pulumi"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
    return python


def project(root: Path, runtime: str, name: str = "Pulumi.yaml") -> Path:
    (root / "prog" / "deep").mkdir(parents=True)
    (root / name).write_text(f"name: x\nruntime: {runtime}\n")
    return root / "prog" / "deep"


def test_the_projects_own_python_is_taken(tmp_path: Path) -> None:
    below = project(tmp_path, "{name: python, options: {virtualenv: venv}}")
    assert project_python(below) is None, "it is not there yet"
    python = virtualenv(tmp_path / "venv")
    assert project_python(below) == str(python)


@pytest.mark.parametrize(
    "runtime", ["python", "{name: python}", "{name: python, options: {}}", "{name: python, options: {virtualenv: ''}}", "[", "3"]
)
def test_a_project_that_names_none_gets_ours(tmp_path: Path, runtime: str) -> None:
    virtualenv(tmp_path / "venv")
    assert project_python(project(tmp_path, runtime)) is None


def test_a_virtual_environment_without_the_sdk_is_no_use(tmp_path: Path) -> None:
    virtualenv(tmp_path / "venv", sdk=False)
    assert virtualenv_python(tmp_path, "venv") is None


def test_our_own_virtual_environment_is_not_another(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(sys.prefix)
    assert virtualenv_python(tmp_path, ".venv") is None


def test_the_nearest_project_file_decides(tmp_path: Path) -> None:
    virtualenv(tmp_path / "outer")
    below = project(tmp_path, "{name: python, options: {virtualenv: outer}}")
    (below.parent / "PulumiPolicy.yaml").write_text("runtime: python\n")
    assert project_python(below) is None


def test_no_project_at_all(tmp_path: Path) -> None:
    assert project_python(tmp_path) is None


def request(root: Path, entry: str) -> Any:
    info = language_pb2.ProgramInfo(root_directory=str(root), program_directory=str(root), entry_point=entry)
    return language_pb2.RunRequest(pwd=str(root), program=entry, info=info)


@pytest.mark.parametrize(("entry", "expected"), [(".", ""), ("", ""), ("main.py", "main.py")])
def test_entry_point(tmp_path: Path, entry: str, expected: str) -> None:
    assert program_path(request(tmp_path, entry)) == (tmp_path / expected).resolve()


def python_prefix(packs: Path) -> str:
    """Where the Python that is picked for a pack in this folder finds its packages."""
    info = language_pb2.ProgramInfo(root_directory=str(packs / "security"))
    info.options.update({"virtualenv": "../../.venv"})
    python = language_host._plugin_python(language_pb2.RunPluginRequest(info=info))
    return subprocess.run([python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True).stdout.strip()


def test_a_pack_in_a_linked_folder_finds_the_virtual_environment_it_names(tmp_path: Path) -> None:
    (tmp_path / "shared" / "policies" / "security").mkdir(parents=True)
    (tmp_path / "repository").mkdir()
    linked = tmp_path / "repository" / "policies"
    linked.symlink_to(tmp_path / "shared" / "policies")
    assert python_prefix(linked) == sys.prefix, "neither place has one, so it is ours"
    venv.create(tmp_path / "shared" / ".venv")
    assert python_prefix(linked) == str(tmp_path / "shared" / ".venv")
    venv.create(tmp_path / "repository" / ".venv")
    assert python_prefix(linked) == str(tmp_path / "repository" / ".venv"), "the one beside the link, as the path is written"


class Nothing(pulumi.runtime.Mocks):
    """Says of each resource what it was given."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        return args.name, args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        return {}


def raised_in(file: Path, source: str) -> BaseException:
    file.write_text(source)
    try:
        exec(compile(source, str(file), "exec"), {})  # noqa: S102 -- an error with frames of that file
    except BaseException as error:  # noqa: BLE001 -- whatever it is
        return error
    raise AssertionError("it did not raise")


def test_a_traceback_begins_in_the_program(tmp_path: Path) -> None:
    error = raised_in(tmp_path / "__main__.py", "def f():\n    raise ValueError('boom')\nf()\n")
    text = user_traceback(error, tmp_path)
    assert "line 3, in <module>" in text
    assert "line 2, in f" in text
    assert text.endswith("ValueError: boom")
    assert __file__ not in text


def test_a_traceback_without_a_frame_of_the_program_is_whole(tmp_path: Path) -> None:
    error = raised_in(tmp_path / "elsewhere.py", "raise ValueError('boom')\n")
    (tmp_path / "program").mkdir()
    assert __file__ in user_traceback(error, tmp_path / "program")


def test_a_syntax_error_says_itself_where_it_is(tmp_path: Path) -> None:
    error = raised_in(tmp_path / "__main__.py", "def half(:\n")
    text = user_traceback(error, tmp_path)
    assert __file__ not in text
    assert "__main__.py" in text


CHAIN = """
import asyncio
import pulumi

step = pulumi.Output.from_input(0)
for _ in range(200):
    step = step.apply(lambda value: asyncio.sleep(0.001, value + 1))
    step.apply(lambda value: value)
"""


@pytest.fixture
def run_to_its_end(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """The host's own way through a program, on the SDK's mocks."""

    async def run_in_stack(execute: Callable[[], None]) -> None:
        pulumi.runtime.set_mocks(Nothing())
        execute()
        await stack.wait_for_rpcs()

    def run(program: Path) -> None:
        pulumi.runtime.reset_options(project="project", stack="stack")  # as the host does; mocks alone keep the outputs of other tests
        language_host._run_to_end(program, 1)

    monkeypatch.setattr(language_host, "run_in_stack", run_in_stack)
    return lambda program: contextvars.copy_context().run(run, program)


def test_outputs_that_settle_one_by_one_are_not_all_looked_at_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_to_its_end: Callable[[Path], None]
) -> None:
    (tmp_path / "__main__.py").write_text(CHAIN)
    looked_at: list[int] = []
    wait = asyncio.wait

    def counted(outputs: Any, **options: Any) -> Any:
        looked_at.append(len(outputs))
        return wait(outputs, **options)

    monkeypatch.setattr(asyncio, "wait", counted)
    run_to_its_end(tmp_path)
    assert 200 <= sum(looked_at) < 1000, "not the square of 200"


@pytest.mark.parametrize("failing", ["raise ValueError('in an apply')", "raise pulumi.RunError('in an apply')"])
def test_what_fails_in_an_apply_is_told(tmp_path: Path, run_to_its_end: Callable[[Path], None], failing: str) -> None:
    (tmp_path / "__main__.py").write_text(f"{CHAIN}\ndef fail(value):\n    {failing}\n\nstep.apply(fail).apply(print)\n")
    with pytest.raises((ValueError, pulumi.RunError), match="in an apply"):
        run_to_its_end(tmp_path)


def test_modules_of_the_project_are_forgotten_and_installed_ones_kept(tmp_path: Path) -> None:
    installed = tmp_path / ".venv" / "lib" / "site-packages" / "bought.py"
    with language_host._fresh_modules(tmp_path):
        for name, file in (("made_here", tmp_path / "made_here.py"), ("bought", installed), ("from_far", Path("/far/from_far.py"))):
            module = types.ModuleType(name)
            module.__file__ = str(file)
            sys.modules[name] = module
    assert "made_here" not in sys.modules
    assert "bought" in sys.modules
    assert "from_far" in sys.modules
    del sys.modules["bought"], sys.modules["from_far"]


def test_what_is_installed_is_listed() -> None:
    host = PythonLanguageHost()
    direct = host.GetProgramDependencies(language_pb2.GetProgramDependenciesRequest(), None).dependencies
    everything = host.GetProgramDependencies(language_pb2.GetProgramDependenciesRequest(transitiveDependencies=True), None).dependencies
    assert "pulumi" in {item.name for item in direct}
    assert {item.name for item in direct} < {item.name for item in everything}


def test_the_launcher_serves_and_ends_with_its_parent(tmp_path: Path) -> None:
    """Started by a shell that is then killed, it ends by itself; its port is all it says."""
    launcher = Path(language_host.__file__).with_name("language_launcher.py")
    script = f'"{sys.executable}" "{launcher}" 127.0.0.1:1 & echo $!; wait'
    shell = subprocess.Popen(["/bin/sh", "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert shell.stdout is not None
    with shell.stdout:
        pid, port = int(shell.stdout.readline()), int(shell.stdout.readline())
        shell.kill()
        shell.wait()
        assert port > 0
        assert shell.stdout.read() == "", "reading ends when the host does, since it holds the other end"
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


class Refusal(grpc.RpcError):
    """A failed request, as grpc raises it."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        self.code, self.details = lambda: code, lambda: details


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (Refusal(grpc.StatusCode.UNKNOWN, "resource monitor shut down"), ""),
        (Refusal(grpc.StatusCode.UNAVAILABLE, "Socket closed"), ""),
        (Refusal(grpc.StatusCode.UNKNOWN, "no such type"), "Program failed with an unhandled exception"),
    ],
)
def test_a_request_that_meets_an_engine_which_is_ending_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Refusal, told: str
) -> None:
    said: list[str] = []
    monkeypatch.setattr(language_host.pulumi.log, "error", said.append)

    def run() -> None:
        try:
            raise refusal
        except grpc.RpcError as error:  # as the SDK does
            raise Exception(error.details())  # noqa: B904, TRY002

    result = language_host._outcome(tmp_path / "__main__.py", run)
    assert result.bail == bool(told)
    assert "".join(said).startswith(told)
    assert bool(said) == bool(told)
