"""Shards on the real engine: a broken team's file stops that team only, and no team is made anew because a shard was added."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from platform_components.tenancy.placement import shard_layer, shard_of
from tests.engine.conftest import Repository

PROGRAM = """
import os
from pathlib import Path

import pulumi
import pulumi_random as random

from platform_components.declarations.team import load_teams, shard_files
from platform_components.tenancy.placement import parse_layer

HERE = Path(__file__).parent
SHARDS = int((HERE / "shards").read_text())
_, shard = parse_layer(pulumi.get_stack().partition(".")[2])
left = os.environ.get("PLATFORM_TEAMS_LEFT_ALONE", "").split(",")
files = {name: path for name, path in shard_files(HERE / "teams", shard, SHARDS).items() if name not in left}
teams = load_teams(files)
assert not teams.broken
provider = random.Provider("random")
for name, declared in teams.sound.items():
    tenant = pulumi.ComponentResource("x:index:Tenant", name, None, pulumi.ResourceOptions(providers=[provider]))
    for service in declared.team.services:
        random.RandomPet(f"{name}--{service}", opts=pulumi.ResourceOptions(parent=tenant))
"""
TEAMS = tuple(f"team-{index}" for index in range(6))


def declare(repository: Repository, team: str, **changes: Any) -> None:
    declared = {"team": team, "owners": [f"@{team}"], "group": f"sso-{team}", "environments": ["dev"], "services": {"api": {}}, **changes}
    (repository.root / "stacks" / "teams" / f"{team}.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")


def reshard(repository: Repository, shards: int) -> None:
    (repository.root / "stacks" / "shards").write_text(str(shards), encoding="utf-8")
    environment = {"environment": "dev", "tenants": {"shards": shards}}
    (repository.root / "stacks" / "environments" / "dev.yaml").write_text(yaml.safe_dump(environment), encoding="utf-8")


@pytest.fixture(scope="module")
def teams(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """A repository whose only layer is that of the teams, brought up in one shard."""
    root: Path = tmp_path_factory.mktemp("teams")
    for folder in ("teams", "environments", "layers"):
        (root / "stacks" / folder).mkdir(parents=True)
    (root / "Pulumi.yaml").write_text("name: platform\nruntime: python\nmain: stacks/\n", encoding="utf-8")
    (root / "stacks" / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    (root / "stacks" / "layers" / "order.yaml").write_text("- tenants\n", encoding="utf-8")
    repository = Repository(root)
    reshard(repository, 1)
    for team in TEAMS:
        declare(repository, team)
    repository.platformctl("up", "dev", "--sandbox")
    yield repository
    repository.platformctl("sandbox", "stop", check=None)


def up(repository: Repository, check: int = 0) -> tuple[dict[str, dict[str, int]], str]:
    """Changes by stack, and what was said."""
    finished = repository.platformctl("up", "dev", "--sandbox", "--json", check=check)
    rows = json.loads(finished.stdout)["layers"] if finished.stdout else []
    return {row["stack"]: row["changes"] for row in rows}, finished.stderr


def test_a_broken_file_stops_that_team_only(teams: Repository) -> None:
    broken, changed, shrunk = TEAMS[:3]
    declare(teams, broken, quota="giant")
    declare(teams, changed, services={"api": {}, "web": {}})
    declare(teams, shrunk, services={})
    planned = teams.platformctl("up", "dev", "--sandbox", "--dry-run", check=0)
    assert "1 to create, 1 to delete" in planned.stdout, planned.stdout
    changes, said = up(teams, check=2)
    counts = changes["dev.tenants-00"]
    assert (counts["create"], counts["delete"], counts.get("update", 0)) == (1, 1, 0)
    assert "no drift" in teams.platformctl("drift", "dev", "--sandbox").stdout
    declare(teams, shrunk)
    assert f"stacks/teams/{broken}.yaml" in said
    assert "there is no quota class 'giant'" in said
    declare(teams, broken)
    changes, _ = up(teams)
    # The stack, its provider, and a component and a name for each team: the broken one's are as they were.
    assert changes == {"dev.tenants-00": {"same": 2 + 2 * len(TEAMS), "create": 1}}


def test_a_team_whose_file_is_gone_is_not_deleted_by_the_way(teams: Repository) -> None:
    path = teams.root / "stacks" / "teams" / f"{TEAMS[5]}.yaml"
    text = path.read_text(encoding="utf-8")
    path.unlink()
    _, said = up(teams, check=2)
    assert f"{TEAMS[5]}  lies in dev.tenants-00 and is no longer declared there" in said
    path.write_text(text, encoding="utf-8")


def test_another_shard_moves_states_and_makes_nothing_anew(teams: Repository) -> None:
    reshard(teams, 3)
    moving = {team for team in TEAMS if shard_of(team, 3)}
    assert 0 < len(moving) < len(TEAMS)
    _, said = up(teams, check=2)
    assert {line.split("  ")[0] for line in said.splitlines() if "belongs in" in line} == moving
    planned = teams.platformctl("team", "rebalance", "dev", "--sandbox", "--json", check=1)
    assert {(row["team"], row["to"]) for row in json.loads(planned.stdout)["moves"]} == {
        (team, f"dev.{shard_layer(shard_of(team, 3))}") for team in moving
    }
    teams.platformctl("team", "rebalance", "dev", "--sandbox", "--yes")
    changes, _ = up(teams)
    assert set(changes) == {"dev.tenants-00", "dev.tenants-01", "dev.tenants-02"}
    made = {key for counts in changes.values() for key in counts} - {"same", "create"}
    assert made == set()
    # A stack that got nobody is new, with its provider.
    assert sum(counts.get("create", 0) for counts in changes.values()) <= 4
    assert sum(counts.get("same", 0) for counts in changes.values()) >= 2 * len(TEAMS) + 1


def test_offboarding_deletes_one_team(teams: Repository) -> None:
    told = teams.platformctl("team", "offboard", TEAMS[2], "dev", "--sandbox", check=1)
    assert "2 resources in" in told.stdout
    teams.platformctl("team", "offboard", TEAMS[2], "dev", "--sandbox", "--yes")
    (teams.root / "stacks" / "teams" / f"{TEAMS[2]}.yaml").unlink()
    changes, _ = up(teams)
    assert {key for counts in changes.values() for key in counts} == {"same"}
