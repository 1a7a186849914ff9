"""Bad input on the real road: exit 2, the place named, nothing created, no traceback."""

import shutil
from pathlib import Path

import pytest

from tests.engine.conftest import ROOT, Repository


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("region: eu-west-1", "region: eu-wets-1", "region"),
        ("cidr: 10.16.0.0/16", "cidr: 10.16.0.0/33", "network.cidr"),
        ("network:", "netwrok:", "netwrok"),
    ],
)
def test_nothing_is_created(repository: Repository, old: str, new: str, field: str) -> None:
    edit(repository.root / "stacks" / "environments" / "dev.yaml", old, new)
    repository.platformctl("sandbox", "start")
    refused = repository.platformctl("up", "dev", "--sandbox", "--yes", check=2)
    assert "dev.yaml:" in refused.stderr
    assert field in refused.stderr
    assert not [vpc for vpc in repository.aws("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]


def test_an_unknown_environment_names_the_known_ones(repository: Repository) -> None:
    refused = repository.platformctl("up", "develop", "--sandbox", "--yes", check=2)
    assert "dev" in refused.stderr
    assert "prod" in refused.stderr


def test_wrong_arguments_of_a_program_are_told_without_a_traceback(repository: Repository, tmp_path: Path) -> None:
    """An application team's own program, on the plain Pulumi CLI."""
    example = tmp_path / "example"
    shutil.copytree(ROOT / "examples" / "eks-managed", example)
    edit(example / "__main__.py", '"policies":', '"policeis":')
    repository.platformctl("sandbox", "start")
    team = Repository(example, repository.sandbox_environ())
    team.pulumi("stack", "init", "demo")
    refused = team.pulumi("preview", "-s", "demo", check=None)
    assert refused.returncode != 0
    assert "__main__.py:14  EksClusterArgs.access.team.policeis  unknown key; did you mean policies?" in refused.stdout + refused.stderr
