"""A copy of the platform repository, a sandbox of its own, and the two command lines people use."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from xdist.scheduler import LoadScopeScheduling

from platformctl.engine.cli import find_cli, find_tool
from platformctl.engine.toolbox import ACTIONLINT, AMTOOL, KUBERNETES, LOGQL, OTELCOL, PROMTOOL, VAULT, Tool

ROOT = Path(__file__).parents[2]
PLATFORMCTL = (sys.executable, "-m", "platformctl")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the engine; a missing engine skips visibly here and fails in CI."""
    here = Path(__file__).parent
    ours = [item for item in items if here in item.path.parents]
    missing = bool(ours) and find_cli() is None
    for item in ours:
        item.add_marker(pytest.mark.engine)
        item.add_marker(pytest.mark.timeout(900 if item.get_closest_marker("long") is None else 1800))
        if missing and not os.environ.get("CI"):
            item.add_marker(pytest.mark.skip(reason="no Pulumi CLI: run `platformctl tools install pulumi`"))
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


class _ByModule(LoadScopeScheduling):
    """Tests of a module that starts something for all of them run in one worker, which starts it once; others go where there is room."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return path if _starts_something(path) else nodeid


@cache
def _starts_something(path: str) -> bool:
    return 'scope="module"' in (ROOT / path).read_text(encoding="utf-8")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """How tests are spread over workers; xdist's own groups need ids that this pytest no longer lets it change, and its own order by the
    number of tests leaves the longest for the end.
    """
    config.option.loadscopereorder = False
    return _ByModule(config, log)


@pytest.fixture(scope="session")
def kubernetes_programs() -> dict[str, Path]:
    """The programs of a Kubernetes API; without them a test skips visibly here and fails in CI."""
    found = find_tool(KUBERNETES)
    if found is None and not os.environ.get("CI"):
        pytest.skip("no Kubernetes API: run `platformctl tools install kubernetes`")
    assert found is not None
    return dict(found.executables)


@pytest.fixture(scope="session")
def promtool() -> Path:
    """Prometheus' own judge of rules."""
    return _program(PROMTOOL)


@pytest.fixture(scope="session")
def amtool() -> Path:
    """Alertmanager's own judge of routes."""
    return _program(AMTOOL)


@pytest.fixture(scope="session")
def otelcol() -> Path:
    """OpenTelemetry's own judge of collector configurations."""
    return _program(OTELCOL)


@pytest.fixture(scope="session")
def logql() -> Path:
    """Loki's own parser."""
    return _program(LOGQL)


@pytest.fixture(scope="session")
def actionlint() -> Path:
    """The judge of GitHub's workflows."""
    return _program(ACTIONLINT)


def _program(tool: Tool) -> Path:
    """A tool's program; without it a test skips visibly here and fails in CI."""
    found = find_tool(tool)
    if found is None and not os.environ.get("CI"):
        pytest.skip(f"no {tool.name}: run `platformctl tools install {tool.name}`")
    assert found is not None
    return found.path


@pytest.fixture(scope="session")
def vault_program() -> Path:
    """The program of a Vault; without it a test skips visibly here and fails in CI."""
    found = find_tool(VAULT)
    if found is None and not os.environ.get("CI"):
        pytest.skip("no Vault: run `platformctl tools install vault`")
    assert found is not None
    return found.executables["vault"]


@dataclass(frozen=True)
class Repository:
    """A repository in a folder of its own; a platform repository has a sandbox of its own, a team's uses the one it is given."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)
    """Environment with somebody else's sandbox in it; empty: this repository's own."""

    def platformctl(self, *arguments: str, check: int | None = 0, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Run platformctl on this repository and expect an exit code (None: any)."""
        return _run([*PLATFORMCTL, *arguments, "-C", str(self.root)], self.root, dict(os.environ), check, timeout)

    def pulumi(self, *arguments: str, check: int | None = 0, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Run the plain Pulumi CLI, as somebody does who has evaluated `platformctl sandbox env`."""
        return _run(["pulumi", *arguments, "--non-interactive"], self.root, self.sandbox_environ(), check, timeout)

    def sandbox_environ(self) -> dict[str, str]:
        """The process environment plus what `platformctl sandbox env` exports."""
        if self.environ:
            return self.environ
        exported = json.loads(self.platformctl("sandbox", "env", "--json").stdout)
        return {**os.environ, **exported}

    def aws(self, service: str, region: str = "eu-west-1") -> Any:
        """A boto3 client of the sandbox's AWS."""
        environ = self.sandbox_environ()
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=environ["AWS_ENDPOINT_URL"],
            aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
        )


def _run(command: list[str], cwd: Path, environ: dict[str, str], check: int | None, timeout: float) -> subprocess.CompletedProcess[str]:
    finished = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, timeout=timeout, check=False)
    if check is not None:
        assert finished.returncode == check, f"{command} exited {finished.returncode}\n{finished.stdout[-6000:]}\n{finished.stderr[-6000:]}"
    assert "Traceback (most recent call last)" not in finished.stdout + finished.stderr
    return finished


def copy_repository(root: Path) -> Repository:
    """The platform's own programs and environments, copied so that a test may edit them."""
    root.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "Pulumi.yaml", root / "Pulumi.yaml")
    shutil.copytree(ROOT / "stacks", root / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    return Repository(root)


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    """A repository with no sandbox running yet; whatever a test starts is stopped after it."""
    copy = copy_repository(tmp_path / "platform")
    yield copy
    copy.platformctl("sandbox", "stop", check=None)


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """The dev environment, brought up once for a module that only reads it."""
    copy = copy_repository(tmp_path_factory.mktemp("dev") / "platform")
    copy.platformctl("up", "dev", "--sandbox", "--yes")
    yield copy
    copy.platformctl("sandbox", "stop", check=None)
