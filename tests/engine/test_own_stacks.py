"""Production under the security pack on the real engine, where every rule is mandatory: nothing is refused, in the preview or at `up`."""

import shutil
from collections.abc import Iterator

import pytest

from tests.engine.conftest import ROOT, Repository, copy_repository

pytestmark = pytest.mark.long

PACK = ("--policy-pack", "policies/security")


@pytest.fixture
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """The repository with its packs, waivers and levels, and a running sandbox."""
    copy = copy_repository(tmp_path_factory.mktemp("own") / "platform")
    shutil.copytree(ROOT / "policies", copy.root / "policies", ignore=shutil.ignore_patterns("__pycache__", "platform_policies"))
    copy.platformctl("sandbox", "start")
    yield copy
    copy.platformctl("sandbox", "stop", check=None)


def test_production_passes_its_own_pack(platform: Repository) -> None:
    # A layer is previewed over what the one below has become.
    for stack in ("prod.network", "prod.cluster"):
        platform.pulumi("stack", "init", stack)
        for command in (("preview",), ("up", "--skip-preview", "--yes")):
            said = platform.pulumi(*command, "-s", stack, *PACK).stdout
            assert "[mandatory]" not in said
            # The pack was asked, and what is only a hint was told.
            hints = [line for line in said.splitlines() if "[advisory]" in line]
            assert any("aws-iam-no-inline-policies" in line for line in hints), said
            assert ("up" in command) is not any("unknown: " in line for line in said.splitlines()), said
