"""The commands that stand on the engine, as far as they go without one."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from platform_components.errors import DeclarationError, UnsupportedError, UpstreamError
from platformctl.__main__ import run
from platformctl.commands import stack as commands
from platformctl.commands.conditions import need_layers_below, need_no_layer_above, need_no_protection
from platformctl.commands.place import Place, place_of
from platformctl.commands.stack import _ask_to_type, _drift_of
from platformctl.engine import cli
from platformctl.engine.backend import account_environ, chosen_backend
from platformctl.engine.cache import ToolCache
from platformctl.engine.drift import Drift, Kind
from platformctl.engine.leaving import NOTHING, Leaving
from platformctl.engine.toolbox import PULUMI, TOOLS, Tool
from platformctl.errors import ToolError
from platformctl.project import Project, find_project
from platformctl.sandbox import lifecycle
from platformctl.sandbox.client import SandboxClient


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_ACCESS_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (tmp_path / "project" / "__main__.py").write_text("")
    return find_project(tmp_path / "project")


def test_state_stays_in_the_repository_unless_the_user_says_otherwise(project: Project) -> None:
    environ = account_environ(project, {"PULUMI_CONFIG_PASSPHRASE": "x", "PULUMI_HOME": str(project.root)})
    assert environ["PULUMI_BACKEND_URL"] == f"{(project.root / '.platform' / 'state').as_uri()}?metadata=skip"
    assert (project.root / ".platform" / "state").is_dir()


def test_the_passphrase_must_be_the_users_own(project: Project) -> None:
    with pytest.raises(ToolError, match="set PULUMI_CONFIG_PASSPHRASE") as caught:
        account_environ(project, {"PULUMI_HOME": str(project.root)})
    assert "\n" not in str(caught.value)
    assert not (project.root / ".platform").exists()
    assert account_environ(project, {"PULUMI_HOME": str(project.root), "PULUMI_CONFIG_PASSPHRASE_FILE": "f"})


@pytest.mark.parametrize(
    ("environ", "credentials", "project_file", "backend"),
    [
        ({"PULUMI_BACKEND_URL": "s3://a"}, '{"current": "file:///b"}', "backend: {url: s3://c}", "s3://a"),
        ({}, '{"current": "file:///b"}', "backend: {url: s3://c}", "s3://c"),
        ({}, '{"current": "file:///b"}', "", "file:///b"),
        ({"PULUMI_ACCESS_TOKEN": "t"}, "", "", "https://api.pulumi.com"),
        ({}, '{"current": ""}', "", ""),
        ({}, "not json", "", ""),
        ({}, "[]", "", ""),
        ({}, "", "", ""),
    ],
)
def test_the_users_choice_of_backend(
    project: Project, tmp_path: Path, environ: dict[str, str], credentials: str, project_file: str, backend: str
) -> None:
    (tmp_path / "home").mkdir()
    if credentials:
        (tmp_path / "home" / "credentials.json").write_text(credentials)
    (project.root / "Pulumi.yaml").write_text(f"name: p\nruntime: python\n{project_file}\n")
    assert chosen_backend(project, {"PULUMI_HOME": str(tmp_path / "home"), **environ}) == backend


def test_without_a_running_sandbox_it_is_the_account(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
    monkeypatch.setenv("AWS_PROFILE", "production")
    place = place_of(project, ["dev"], None, "default")
    assert not place.is_sandbox
    assert "real account of AWS profile production" in place.title


def test_only_up_starts_a_sandbox(project: Project) -> None:
    with pytest.raises(ToolError, match="sandbox default is not running"):
        place_of(project, ["dev"], True, "default")


def test_destroying_in_a_sandbox_that_does_not_run_is_done(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["destroy", "dev", "--sandbox", "-C", str(project.root)]) == 0
    assert "nothing to destroy" in capsys.readouterr().out


def test_a_place_does_not_print_its_environment() -> None:
    assert "hunter2" not in repr(Place("x", {"PULUMI_CONFIG_PASSPHRASE": "hunter2"}, is_sandbox=False))


def test_nobody_to_ask_means_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("dev\n"))
    with pytest.raises(DeclarationError, match="--yes"):
        _ask_to_type("All will be deleted.", "dev")


class FakeRunner:
    def __init__(self, *there: str, protected: dict[str, list[str]] | None = None) -> None:
        self.there = there
        self.protections = protected or {}

    def exists(self, stack: str) -> bool:
        return stack in self.there

    def is_up(self, stack: str) -> bool:
        return stack in self.there

    def protected(self, stack: str) -> list[str]:
        return self.protections.get(stack, [])

    def drift(self, stack: str, leaving: Leaving) -> list[Drift]:
        if stack not in self.there:
            raise ToolError(f"{stack} has not been brought up")
        return []


def test_a_layer_that_is_missing_is_a_difference() -> None:
    found = _drift_of(FakeRunner("dev.network"), ["dev.network", "dev.cluster"], NOTHING)  # type: ignore[arg-type]
    assert found["dev.network"] == []
    assert [(item.kind, item.name) for item in found["dev.cluster"]] == [(Kind.MISSING, "dev.cluster")]
    with pytest.raises(ToolError, match="has not been brought up"):
        _drift_of(FakeRunner(), ["dev.network", "dev.cluster"], NOTHING)  # type: ignore[arg-type]


HERE = find_project(Path(__file__).parent)
IN_SANDBOX = Place("x", {}, is_sandbox=True, option=" --sandbox")


def test_a_layer_is_not_brought_up_before_the_one_it_reads() -> None:
    with pytest.raises(
        UpstreamError, match=r"dev\.cluster reads dev\.network, which is not up; run `platformctl up dev\.network --sandbox` first"
    ):
        need_layers_below(HERE, FakeRunner(), ["dev.cluster"], IN_SANDBOX)  # type: ignore[arg-type]
    need_layers_below(HERE, FakeRunner("dev.network"), ["dev.cluster"], IN_SANDBOX)  # type: ignore[arg-type]
    need_layers_below(HERE, FakeRunner(), ["dev.network", "dev.cluster"], IN_SANDBOX)  # type: ignore[arg-type]


def test_a_layer_is_not_pulled_away_from_under_another() -> None:
    with pytest.raises(
        UpstreamError, match=r"dev\.cluster is up and stands on dev\.network; run `platformctl destroy dev\.cluster --sandbox`"
    ):
        need_no_layer_above(HERE, FakeRunner("dev.network", "dev.cluster"), ["dev.network"], IN_SANDBOX)  # type: ignore[arg-type]
    need_no_layer_above(HERE, FakeRunner("dev.network"), ["dev.network"], IN_SANDBOX)  # type: ignore[arg-type]
    need_no_layer_above(HERE, FakeRunner("dev.network", "dev.cluster"), ["dev.cluster", "dev.network"], IN_SANDBOX)  # type: ignore[arg-type]


def test_nothing_is_destroyed_where_something_is_protected() -> None:
    runner = FakeRunner("dev.network", "dev.cluster", protected={"dev.cluster": ["aws:eks/cluster:Cluster dev-cluster"]})
    with pytest.raises(
        UnsupportedError, match=r"(?s)^dev\.cluster: aws:eks/cluster:Cluster dev-cluster: .*`platformctl up dev\.cluster --san"
    ) as caught:
        need_no_protection(runner, ["dev.cluster", "dev.network"], IN_SANDBOX)  # type: ignore[arg-type]
    assert str(caught.value).splitlines()[1:] == ["Nothing was deleted."]
    need_no_protection(runner, ["dev.network"], IN_SANDBOX)  # type: ignore[arg-type]


def test_the_account_is_not_meant_by_who_forgot_the_flag(project: Project) -> None:
    with pytest.raises(ToolError, match="sandbox default does not run, so the real account is meant"):
        place_of(project, ["dev"], None, "default")


NO_WAY = {"PATH": "/usr/bin:/bin", "https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "", "no_proxy": ""}
"""An environment with neither pulumi nor go nor a way out."""


@pytest.mark.skipif(bool(shutil.which("pulumi", path=NO_WAY["PATH"]) or shutil.which("go", path=NO_WAY["PATH"])), reason="they are there")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_make_up_where_no_cli_can_be_had_says_so_and_previews(tmp_path: Path, options: list[str]) -> None:
    """The command of `make up`, on a machine without pulumi, go and network."""
    copy = tmp_path / "platform"
    copy.mkdir()
    shutil.copy(HERE.root / "Pulumi.yaml", copy)
    shutil.copytree(HERE.main, copy / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-m", "platformctl", "up", "dev", "--sandbox", "--yes", "--or-preview", *options],
        cwd=copy,
        env={**os.environ, **NO_WAY, "PLATFORMCTL_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    said = done.stderr if options else done.stdout
    (sentence,) = [line for line in said.splitlines() if line.startswith("pulumi cannot be had:")]
    assert "there is no `go` on PATH" in sentence
    assert sentence.endswith("Until then, the offline preview:")
    if options:
        assert json.loads(done.stdout)["summary"]["resources"] > 50
    else:
        assert "dev.cluster  " in done.stdout
    assert "Traceback" not in done.stderr
    assert not (copy / ".platform").exists()


def test_without_a_cli_or_preview_previews(project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def nowhere(*_: object, **__: object) -> None:
        raise ToolError("pulumi cannot be had: this and that.")

    monkeypatch.setattr(cli, "install_cli", nowhere)
    monkeypatch.setattr(commands, "refuse_bad_input", lambda *_: {})
    assert run(["up", "dev", "--sandbox", "--or-preview", "-C", str(project.root)]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[0].startswith("pulumi cannot be had: this and that. Until then, the offline preview:")
    assert "dev" in printed.splitlines()[1]


def test_up_says_how_much_no_api_server_has_checked(project: Project) -> None:
    said = io.StringIO()
    with lifecycle.temporary(project.root, "default", lambda _: None) as sandbox:
        commands._say_what_was_not_checked(project, "default", Console(file=said, width=400))
        assert said.getvalue() == ""
        document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "default"}}
        stored = SandboxClient(sandbox.url).request("PUT", "kubernetes", "default", "v1", "ConfigMap", "default", "x", body=document)
        assert stored.ok
        commands._say_what_was_not_checked(project, "default", Console(file=said, width=400))
    assert said.getvalue().startswith("1 Kubernetes object was only checked against schemas; ")
    assert "tools install kubernetes" in said.getvalue()


def test_a_tool_brings_what_it_is_of_no_use_without(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[str] = []

    def found(tool: Tool, _: object) -> cli.Found:
        asked.append(tool.name)
        return cli.Found(Path("/x"), tool.version, "cache", {})

    monkeypatch.setattr(cli, "install_tool", found)
    assert run(["tools", "install", "kubernetes"]) == 0
    assert asked == ["kubernetes", "definitions"]
    asked.clear()
    assert run(["tools", "install"]) == 0
    assert sorted(asked) == sorted(TOOLS)


def test_tools_list_and_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PLATFORMCTL_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(["tools", "list", "--json"]) == 0
    (row,) = [row for row in json.loads(capsys.readouterr().out) if row["name"] == "pulumi"]
    assert (row["state"], row["pinned"]) == ("missing", PULUMI.version)
    assert "platformctl tools install pulumi" in row["detail"]

    def fill(folder: Path) -> None:
        (folder / "bin").mkdir()
        (folder / "bin" / "pulumi").write_text("x")

    cache = ToolCache(tmp_path)
    with cache.locked(PULUMI):
        cache.put(PULUMI, "bin/pulumi", "go", fill)
    assert run(["tools", "install", "pulumi"]) == 0
    assert f"pulumi {PULUMI.version} (cache)" in capsys.readouterr().out
    (cache.folder(PULUMI) / "bin" / "pulumi").write_text("xx")
    assert run(["tools", "list"]) == 0
    assert "damaged" in capsys.readouterr().out

    assert run(["tools", "install", "nonsense", "rubbish"]) == 2
    refused = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in refused] == ["nonsense", "rubbish"]
