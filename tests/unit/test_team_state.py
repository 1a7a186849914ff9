"""Where teams lie: what is planned when shards are added, what is refused, and what holds data."""

import os
from typing import Any

import pytest

from platform_components.errors import PlatformError
from platform_components.tenancy.placement import shard_of
from platformctl.commands.conditions import leave_broken_teams
from platformctl.commands.team_state import holds_data, named_of
from platformctl.engine.leaving import Leaving, by_component
from platformctl.engine.parallel import together
from platformctl.project import Project
from platformctl.teams import astray, orphans, placed
from tests.unit.test_teams import copy, write  # noqa: F401 -- a fixture

STACK = "urn:pulumi:dev.tenants-00::platform::pulumi:pulumi:Stack::platform-dev.tenants-00"


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:dev.tenants-00::platform::{kind}::{name}"


def state(*teams: str) -> list[dict[str, Any]]:
    """A state with a component and two resources for each team, one of them below another component."""
    rows: list[dict[str, Any]] = [
        {"urn": STACK, "custom": False},
        {"urn": urn("pulumi:providers:aws", "aws"), "custom": True, "parent": STACK},
    ]
    for team in teams:
        top, inner = urn("x:index:Tenant", team), urn("x:index:Tenant$x:index:WorkloadIdentity", f"{team}--api")
        rows += [
            {"urn": top, "custom": False, "parent": STACK},
            {
                "urn": urn("x:index:Tenant$aws:ecr/repository:Repository", f"{team}--api-images"),
                "custom": True,
                "parent": top,
                "provider": f"{urn('pulumi:providers:aws', 'aws')}::0123",
            },
            {"urn": inner, "custom": False, "parent": top},
            {"urn": urn("x:index:Tenant$x:index:WorkloadIdentity$aws:iam/role:Role", f"{team}--api-role"), "custom": True, "parent": inner},
        ]
    return rows


class Backend:
    """What a runner knows of states."""

    def __init__(self, **stacks: list[dict[str, Any]]) -> None:
        self.stacks = {f"dev.{name.replace('_', '-')}": rows for name, rows in stacks.items()}

    def exists(self, stack: str) -> bool:
        return stack in self.stacks

    def resources(self, stack: str) -> list[dict[str, Any]]:
        return self.stacks.get(stack, [])


def test_resources_go_with_the_component_they_lie_in() -> None:
    found = by_component(state("ledger", "ledger-two"))
    assert {team: len(urns) for team, urns in found.items()} == {"ledger": 4, "ledger-two": 4}
    assert found["ledger"][0].endswith("x:index:Tenant::ledger")
    assert list(by_component(state("ledger", "ledger-two"), ["ledger"])) == ["ledger"]


def test_a_team_that_belongs_elsewhere_is_moved_and_no_other(copy: Project) -> None:  # noqa: F811
    teams = [f"team-{index}" for index in range(12)]
    found = placed(copy, Backend(tenants_00=state(*teams)), "dev")  # type: ignore[arg-type]
    assert astray(found, "dev", 1) == []
    moves = astray(found, "dev", 3)
    assert {move.team for move in moves} == {team for team in teams if shard_of(team, 3)}
    assert all(move.target == f"dev.tenants-{shard_of(move.team, 3):02d}" and len(move.urns) == 4 for move in moves)


def test_stacks_beyond_the_last_shard_are_looked_for(copy: Project) -> None:  # noqa: F811
    backend = Backend(tenants_00=[], tenants_01=state("ledger"))
    found = placed(copy, backend, "dev")  # type: ignore[arg-type]
    assert [(move.source, move.target) for move in astray(found, "dev", 1)] == [("dev.tenants-01", "dev.tenants-00")]


def test_a_team_that_is_no_longer_declared_is_told(copy: Project) -> None:  # noqa: F811
    for team, changes in {"here": {}, "left": {"environments": ["prod"]}, "broken": {"quota": 7}}.items():
        write(copy, team=team, **changes)
    found = placed(copy, Backend(tenants_00=state("here", "left", "broken", "gone")), "dev")  # type: ignore[arg-type]
    assert orphans(found, copy) == [("gone", "dev.tenants-00"), ("left", "dev.tenants-00")]


def test_only_broken_teams_of_these_stacks_are_left_alone(
    copy: Project,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PLATFORM_TEAMS_LEFT_ALONE", "")
    write(copy)
    write(copy, team="broken", quota=7)
    assert leave_broken_teams(copy, ["dev.network"]) == {}
    assert list(leave_broken_teams(copy, ["dev.network", "dev.tenants-00"])) == ["broken"]
    assert "stacks/teams/broken.yaml:7  quota  " in capsys.readouterr().err
    assert os.environ["PLATFORM_TEAMS_LEFT_ALONE"] == "broken"


def with_data() -> list[dict[str, Any]]:
    """A team's state with a queue that is kept, its failures, one to be deleted, and secrets."""
    top = urn("x:index:Tenant", "ledger")
    found = state("ledger")
    for name, protect in (("ledger-dev-jobs", True), ("ledger-dev-jobs-failed", True), ("ledger-dev-jobs2", False)):
        queue = urn("x:index:Tenant$x:index:Queue$aws:sqs/queue:Queue", name)
        found.append({"urn": queue, "custom": True, "parent": top, "protect": protect})
    found.append({"urn": urn("x:index:Tenant$vault:index/policy:Policy", "ledger-secrets-policy"), "custom": True, "parent": top})
    return found


def test_what_holds_data_is_named() -> None:
    resources = with_data()
    rows = {row["name"]: row for row in holds_data(by_component(resources)["ledger"], resources)}
    assert {name: row["protected"] for name, row in rows.items()} == {
        "ledger--api-images": False,
        "ledger-dev-jobs": True,
        "ledger-dev-jobs-failed": True,
        "ledger-dev-jobs2": False,
        "ledger-secrets-policy": False,
    }
    assert "stay in Vault" in rows["ledger-secrets-policy"]["holds"]


def test_a_claim_names_what_it_is_made_of_and_no_other() -> None:
    resources = with_data()
    rows = holds_data(by_component(resources)["ledger"], resources)
    assert named_of(rows, ["jobs"], "ledger-dev") == {"ledger-dev-jobs", "ledger-dev-jobs-failed"}
    assert named_of(rows, ["ledger-dev-jobs2"], "ledger-dev") == {"ledger-dev-jobs2"}
    assert named_of(rows, ["job", "dev", "ledger"], "ledger-dev") == set()


def test_a_run_works_on_everything_but_what_is_left() -> None:
    resources = state("ledger", "search")
    stack = "dev.tenants-00"
    new = urn("x:index:Tenant$aws:sqs/queue:Queue", "search-dev-jobs")
    targets = Leaving(("ledger",), {stack: (new,)}).targets(stack, resources)
    pattern = new.replace("urn:pulumi:", "urn:pulumi*:")
    assert pattern in targets
    # Nor on what it stands on: the engine would take it along.
    held = {STACK, urn("pulumi:providers:aws", "aws")}
    assert set(targets) == {str(row["urn"]) for row in resources if "ledger" not in str(row["urn"]).rpartition("::")[2]} - held | {pattern}
    # A team that has nothing yet keeps nothing back.
    assert Leaving(("nobody",)).targets(stack, resources) == []
    assert Leaving().targets(stack, resources) == []


def test_one_that_fails_stops_no_other() -> None:
    def act(stack: str) -> str:
        if stack == "b":
            raise PlatformError("b: no")
        return f"{stack} done"

    found = together(["a", "b", "c"], act, lambda _: None)
    assert (found["a"], str(found["b"]), found["c"]) == ("a done", "b: no", "c done")


def test_a_fault_is_not_taken_for_a_refusal() -> None:
    with pytest.raises(ZeroDivisionError):
        together(["a"], lambda _: 1 // 0, lambda _: None)
