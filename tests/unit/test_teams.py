"""Team files: what they may say, what they have to agree on, and what the commands make of them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_components.declarations.environment import load_environment
from platform_components.declarations.team import Teams, fitting, load_teams, team_files
from platform_components.errors import DeclarationError
from platform_components.tenancy.args import Team
from platform_components.tenancy.placement import crowded, parse_layer, shard_layer, shard_of, shards_needed
from platform_components.tenancy.rights import TeamRole
from platformctl.__main__ import run
from platformctl.project import Project, find_project
from platformctl.teams import codeowners, register

ROOT = Path(__file__).parents[2]
SOUND: dict[str, Any] = {"team": "ledger", "owners": ["@ledger-leads"], "group": "sso-ledger", "environments": ["dev"]}


@pytest.fixture
def copy(tmp_path: Path) -> Project:
    """The platform's repository with no teams."""
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks", ignore=shutil.ignore_patterns("__pycache__", "teams"))
    (tmp_path / "stacks" / "teams").mkdir()
    return find_project(tmp_path)


def write(project: Project, **changes: Any) -> None:
    declared = {**SOUND, **changes}
    path = project.folder / "teams" / f"{declared['team']}.yaml"
    path.write_text(yaml.safe_dump(declared, sort_keys=False), encoding="utf-8")


def told(project: Project) -> list[str]:
    return [str(problem) for problem in register(project).problems]


# --- one file


def test_the_teams_here_are_sound() -> None:
    assert register(find_project(ROOT)).problems == []


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"ownerz": ["@a"]}, ":7  ownerz", "unknown key; did you mean owners?"),
        ({"group": "system:masters"}, ":4  group  ", "begins like the platform's or Kubernetes' own groups"),
        ({"quota": "smal"}, ":7  quota", "there is no quota class 'smal'; choose from small, medium, large, huge"),
        ({"quotas": {"prod": "large"}}, ":8  quotas.prod", "ledger has no namespace in prod"),
        ({"services": {"api": {"port": 0}}}, ":9  services.api.port", "must be at least 1, not 0"),
        ({"services": {"a--b": {}}}, ":8  services.a--b", 'the key "a--b" does not have the form'),
        ({"services": {"default": {}}}, ":8  services.default", "is the service account that Kubernetes makes"),
        ({"services": {"api": {"callers": ["ledger"]}}}, ":10  services.api.callers[0]", "may call each other without being named"),
        ({"egress": {"addresses": {"0.0.0.0/0": [443]}}}, ":9  egress.addresses.0.0.0.0/0", "is wider than a /16"),
        ({"egress": {"addresses": {"169.254.169.254/32": [80]}}}, ":9  egress", "it belongs to the node itself"),
        ({"access": {"ci": {}}}, ":8  access.ci", "names nobody; give groups, sso or principal"),
        ({"environments": ["dev", "dev"]}, ":7  environments[1]", "dev is named twice; leave one out"),
        ({"owners": ["payments"]}, ":3  owners[0]", "'payments' is nobody a review can ask"),
        ({"services": {"secrets-reader": {}}}, ":8  services.secrets-reader", "that External Secrets reads the team's secrets as"),
        ({"services": {"api": {"needs": {"x": ["read"]}}}}, ":10  services.api.needs.x", 'the key "x" does not have the form'),
        ({"services": {"api": {"needs": {"jobs": ["read"]}}}}, ":10  services.api.needs.jobs", "ledger claims no data 'jobs'; it has none"),
        ({"data": {"jobs": {"kind": "queue", "plan": "huge"}}}, ":8  data.jobs", "there is no plan 'huge' for a queue"),
        ({"alerts": {"page": [{"kind": "slack", "key": "a"}]}}, ":9  alerts.page[0].channel", "is required"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_in_its_place(copy: Project, changes: dict[str, Any], place: str, words: str) -> None:
    write(copy, **changes)
    (line,) = told(copy)
    assert line.startswith(f"stacks/teams/ledger.yaml{place}"), line
    assert words in line


def test_a_file_is_called_like_its_team(copy: Project) -> None:
    write(copy)
    (copy.folder / "teams" / "ledger.yaml").rename(copy.folder / "teams" / "other.yaml")
    assert told(copy) == ["stacks/teams/other.yaml:1  team  is 'ledger', but the file is called other.yaml; they must agree"]


# --- files among each other


def crossing(copy: Project, other: dict[str, Any], **changes: Any) -> list[str]:
    write(copy, **changes)
    write(copy, **{"team": "payments", "group": "sso-payments", "owners": ["@payments-leads"], **other})
    return told(copy)


@pytest.mark.parametrize(
    ("other", "changes", "place", "words"),
    [
        ({}, {"environments": ["dve"]}, "ledger.yaml:6  environments[0]", "there is no environment 'dve'; did you mean dev?"),
        ({}, {"calls": ["payment/api"]}, "ledger.yaml:8  calls[0]", "there is no team 'payment'; did you mean payments?"),
        ({}, {"calls": ["payments/api"]}, "ledger.yaml:8  calls[0]", "payments has no service 'api'; it has none"),
        (
            {"services": {"api": {}}},
            {"calls": ["payments/api"]},
            "ledger.yaml:8  calls[0]",
            "payments does not name ledger among the callers of api; ask @payments-leads",
        ),
        (
            {"services": {"api": {"callers": ["ledger"]}}, "environments": ["prod"]},
            {"calls": ["payments/api"]},
            "ledger.yaml:8  calls[0]",
            "share no environment",
        ),
        ({"services": {"api": {"callers": ["nobody"]}}}, {}, "payments.yaml:10  services.api.callers[0]", "there is no team 'nobody'"),
        (
            {"domains": ["pay.example.org"]},
            {"domains": ["eu.pay.example.org"]},
            "payments.yaml:8  domains[0]",
            "pay.example.org and eu.pay.example.org overlap, and that is team ledger's (stacks/teams/ledger.yaml:8)",
        ),
        ({}, {"domains": ["example.com"]}, "ledger.yaml:8  domains[0]", "overlap, and that is the domain of environment dev"),
        ({}, {"domains": ["a.payments.dev.example.com"]}, "ledger.yaml:8  domains[0]", "team payments's own in dev"),
        (
            {},
            {"egress": {"addresses": {"10.16.4.0/24": [5432]}}},
            "ledger.yaml:9  egress.addresses.10.16.4.0/24",
            "10.16.4.0/24 overlaps 10.16.0.0/16, the network of dev",
        ),
        (
            {"access": {"ci": {"principal": "arn:aws:iam::123456789012:role/deploy"}}},
            {"access": {"ci": {"principal": "arn:aws:iam::123456789012:role/deploy"}}},
            "payments.yaml:9  access.ci.principal",
            "is ci of ledger already",
        ),
        (
            {"team": "pay-two-three-44", "environments": ["staging"], "data": {"receipts": {"kind": "bucket"}}},
            {},
            "pay-two-three-44.yaml:8  data.receipts",
            "is called pay-two-three-44-staging-receipts in staging, which has 33 characters; use a name that makes it at most 30",
        ),
        ({"quota": "huge"}, {}, "environments/dev.yaml:1  tenants.quota_overcommit", "teams may request 100 vCPU; the pools hold 38"),
    ],
)
def test_what_is_wrong_between_files_is_told_at_one_of_them(
    copy: Project, other: dict[str, Any], changes: dict[str, Any], place: str, words: str
) -> None:
    lines = crossing(copy, other, **changes)
    assert len(lines) == 1, lines
    assert place in lines[0]
    assert words in lines[0]


def test_a_store_needs_its_tier_and_a_name_of_its_own(copy: Project) -> None:
    dev = copy.folder / "environments" / "dev.yaml"
    declared = yaml.safe_load(dev.read_text(encoding="utf-8"))
    declared |= {"network": {**declared["network"], "tiers": ["public", "private", "intra"]}, "data": {}}
    dev.write_text(yaml.safe_dump(declared), encoding="utf-8")
    write(copy, data={"entries": {"kind": "database"}, "jobs": {"kind": "queue"}})
    (line,) = told(copy)
    assert line.startswith("stacks/teams/ledger.yaml:8  data.entries  a database stands in the tier database, which the network of dev")
    environment = register(copy).environments["dev"]
    teams = load_teams(team_files(copy.folder / "teams"))
    assert (list(fitting(teams, environment).sound), list(fitting(teams, environment).broken)) == ([], ["ledger"])
    write(copy, data={})
    write(copy, team="dev", data={"jobs": {"kind": "queue"}})
    dev.write_text(yaml.safe_dump({**declared, "data": {"queues": {"dev-jobs": {}}}}), encoding="utf-8")
    (line,) = told(copy)
    assert "dev.yaml:8  data.jobs  is called dev-dev-jobs in dev, and so is that of queues.dev-jobs of environment dev; choose an" in line


def test_a_teams_store_keeps_what_its_environment_promises(copy: Project) -> None:
    dev = copy.folder / "environments" / "dev.yaml"
    declared = yaml.safe_load(dev.read_text(encoding="utf-8")) | {"data": {}}
    promised = {**declared, "resilience": {"rpo_hours": 0.01}}
    dev.write_text(yaml.safe_dump(promised), encoding="utf-8")
    write(copy, data={"entries": {"kind": "database"}, "jobs": {"kind": "queue"}})
    (line,) = told(copy)
    assert "ledger.yaml:8  data.entries  breaks resilience.rpo_hours of dev: 0.01 h are promised for the loss of a zone" in line
    dev.write_text(yaml.safe_dump({**promised, "data": {"defaults": {"databases": {"standby": True}}}}), encoding="utf-8")
    assert told(copy) == []
    # Each by itself is sound; the plan and the defaults together are not.
    dev.write_text(yaml.safe_dump({**declared, "data": {"defaults": {"databases": {"removal": "keep"}}}}), encoding="utf-8")
    write(copy, data={"entries": {"kind": "database"}})
    assert told(copy) == []


def test_teams_that_agree_are_not_complained_of(copy: Project) -> None:
    assert crossing(copy, {"services": {"api": {"callers": ["ledger"]}}}, calls=["payments/api"], domains=["ledger.example.org"]) == []


def without_karpenter(project: Project) -> None:
    path = project.folder / "environments" / "dev.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("capacity: karpenter", "capacity: auto"), encoding="utf-8")


def test_nodes_of_a_teams_own_need_karpenter_in_each_environment(copy: Project) -> None:
    write(copy, isolations={"dev": "node_pool"})
    assert told(copy) == []
    without_karpenter(copy)
    (line,) = told(copy)
    assert line.startswith("stacks/teams/ledger.yaml:8  isolations.dev"), line
    assert "dev has no pool of capacity karpenter; add one there" in line


def test_nodes_of_a_teams_own_are_no_part_of_what_others_share(copy: Project) -> None:
    write(copy, quota="huge")
    assert "teams may request 96 vCPU; the pools hold 38" in told(copy)[0]
    write(copy, quota="huge", isolation="node_pool")
    assert told(copy) == []


def test_a_virtual_cluster_runs_images_that_the_environment_admits(copy: Project) -> None:
    write(copy, environments=["dev", "prod"], isolation="virtual_cluster")
    (line,) = told(copy)
    assert line.startswith("stacks/teams/ledger.yaml:8  isolation"), line
    assert "prod admits no images from ghcr.io/loft-sh, docker.io/coredns; add them to platform.admission.registries" in line


def test_what_git_holds_is_not_delivered_into_a_virtual_cluster(copy: Project) -> None:
    write(copy, isolation="virtual_cluster", delivery={"repository": "https://git.example.com/ledger.git"})
    (line,) = told(copy)
    assert "in dev ledger has a virtual cluster; leave it out, and let pipelines push" in line


def test_the_pool_that_theirs_are_like_is_one_of_karpenters(copy: Project) -> None:
    path = copy.folder / "environments" / "dev.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "tenants: {node_pool: system}\n", encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"tenants.node_pool  system is no pool of capacity karpenter; choose from general, ci"):
        load_environment(path)


def test_a_broken_file_is_the_fault_of_nobody_else(copy: Project) -> None:
    lines = crossing(copy, {"services": 7}, calls=["payments/api"])
    assert [line.split("  ")[0] for line in lines] == ["stacks/teams/payments.yaml:7"]


def test_too_many_teams_for_their_shards_are_told_with_the_number_it_takes(copy: Project) -> None:
    path = copy.folder / "environments" / "dev.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "tenants: {teams_per_shard: 2}\n", encoding="utf-8")
    for index in range(6):
        write(copy, team=f"team-{index}", quota="small")
    names = [f"team-{index}" for index in range(6)]
    (line,) = told(copy)
    assert "tenants.shards  shard 00 would hold 6 teams, and may hold 2" in line
    assert f"set shards to {shards_needed(names, 2)}, then move teams with `platformctl team rebalance dev`" in line


# --- shards


def test_another_shard_takes_teams_and_moves_no_others() -> None:
    names = [f"team-{index}" for index in range(1000)]
    for shards in (1, 2, 5, 20):
        before, after = ({name: shard_of(name, count) for name in names} for count in (shards, shards + 1))
        moved = {name for name in names if before[name] != after[name]}
        assert {after[name] for name in moved} == {shards}
        assert len(moved) == pytest.approx(1000 / (shards + 1), abs=4 * (1000 / (shards + 1)) ** 0.5)


def test_the_shards_needed_hold_everybody() -> None:
    names = [f"team-{index}" for index in range(500)]
    shards = shards_needed(names, 25)
    assert crowded(names, shards, 25) == {}
    assert crowded(names, shards - 1, 25)
    assert shards < 40


def test_a_shards_stack_is_told_from_a_layers() -> None:
    assert [parse_layer(name) for name in ("tenants-00", "tenants-120", "tenants", "tenants-1", "tenants-007", "network")] == [
        ("tenants", 0),
        ("tenants", 120),
        ("tenants", None),
        ("tenants-1", None),
        ("tenants-007", None),
        ("network", None),
    ]
    assert parse_layer(shard_layer(7)) == ("tenants", 7)


# --- the commands


def test_new_writes_a_file_that_is_sound(copy: Project, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["team", "new", "ledger", "--owner", "@org/ledger", "--group", "sso-ledger", "-e", "dev", "--service", "api:9000"]
    assert run([*command, "-C", str(copy.root)]) == 0
    assert told(copy) == []
    team = register(copy).teams.sound["ledger"].team
    assert (team.owners, team.environments, team.services["api"].port) == (("@org/ledger",), ("dev",), 9000)
    assert run([*command, "-C", str(copy.root)]) == 2
    assert "is there already" in capsys.readouterr().err


def test_new_says_everything_that_is_wrong_and_writes_nothing(copy: Project, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["team", "new", "kube-x", "--owner", "me", "--group", "system:masters", "--quota", "giant"]
    assert run([*command, "-C", str(copy.root)]) == 2
    assert [line.split("  ")[0] for line in capsys.readouterr().err.splitlines()] == [
        "Team.team",
        "Team.owners[0]",
        "Team.group",
        "Team.quota",
    ]
    assert team_files(copy.folder / "teams") == {}


def test_new_names_the_option_where_nobody_can_be_asked(copy: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["team", "new", "ledger", "--owner", "@a", "-C", str(copy.root)]) == 2
    assert capsys.readouterr().err == "--group  is required where nobody can be asked: group of the login\n"


def test_list_and_validate_as_json(copy: Project, capsys: pytest.CaptureFixture[str]) -> None:
    crossing(copy, {"quota": "tiny"})
    assert run(["team", "validate", "--json", "-C", str(copy.root)]) == 2
    said = json.loads(capsys.readouterr().out)
    assert said["teams"] == ["ledger"]
    assert [(one["file"], one["line"], one["field"]) for one in said["problems"]] == [("stacks/teams/payments.yaml", 7, "quota")]
    assert run(["team", "list", "--json", "-C", str(copy.root)]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["ledger"]["stacks"] == {"dev": "dev.tenants-00"}
    assert rows["payments"]["problems"]


def test_owners_approve_their_own_file_and_lines_of_others_stay(copy: Project) -> None:
    write(copy)
    (copy.root / "CODEOWNERS").write_text("* @platform\n", encoding="utf-8")
    assert run(["team", "codeowners", "-C", str(copy.root)]) == 0
    text = (copy.root / "CODEOWNERS").read_text(encoding="utf-8")
    assert text.splitlines()[0] == "* @platform"
    assert "/stacks/teams/ledger.yaml @ledger-leads" in text.splitlines()
    assert run(["team", "codeowners", "--check", "-C", str(copy.root)]) == 0
    write(copy, owners=["@others"])
    assert run(["team", "codeowners", "--check", "-C", str(copy.root)]) == 1
    teams = [Team.model_validate({**SOUND, "owners": ["@others"]})]
    assert codeowners(teams, "stacks/teams", codeowners(teams, "stacks/teams", text)) == codeowners(teams, "stacks/teams", text)


def test_the_code_owners_here_are_up_to_date() -> None:
    assert run(["team", "codeowners", "--check", "-C", str(ROOT)]) == 0


# --- fuzzed files

WORDS = st.sampled_from(["payments", "sso-x", "@me", "dev", "small", "", "a b", "system:masters", "10.0.0.0/24", "x" * 300, "\u202e", "no"])
LEAVES = st.one_of(WORDS, st.integers(-(2**70), 2**70), st.floats(allow_nan=True), st.booleans(), st.none(), st.text(max_size=8))
VALUES = st.recursive(LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)), max_leaves=6)
KEYS = (*Team.model_fields, "teams", "Team", "port")
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "owners": st.lists(st.sampled_from(["@a", "@a/b", "a@example.com", "a"]), max_size=3),
    "environments": st.lists(st.sampled_from(["dev", "prod", "moon"]), max_size=3),
    "services": st.dictionaries(
        st.sampled_from(["api", "web", "a--b", "default", "x" * 15]),
        st.fixed_dictionaries(
            {},
            optional={
                "port": st.integers(-1, 70000),
                "public": st.booleans(),
                "callers": st.lists(WORDS, max_size=2),
                "needs": st.dictionaries(st.sampled_from(["jobs", "entries", "x"]), st.lists(st.sampled_from(["read", "own"])), max_size=2),
                "slo": st.one_of(st.none(), st.fixed_dictionaries({}, optional={"percent": LEAVES, "within_ms": st.integers(0, 600)})),
            },
        ),
        max_size=3,
    ),
    "data": st.dictionaries(
        st.sampled_from(["jobs", "entries", "a-b"]),
        st.fixed_dictionaries(
            {"kind": st.sampled_from(["queue", "database", "tape"])},
            optional={"plan": st.sampled_from(["small", "ordered", ""]), "removal": st.sampled_from(["keep", "delete", "burn"])},
        ),
        max_size=2,
    ),
    "alerts": st.dictionaries(
        st.sampled_from(["page", "ticket", "pager"]),
        st.lists(
            st.fixed_dictionaries({"kind": st.sampled_from(["slack", "pagerduty", "bell"])}, optional={"key": WORDS, "channel": WORDS}),
            max_size=2,
        ),
        max_size=2,
    ),
    "egress": st.fixed_dictionaries(
        {}, optional={"internet": st.booleans(), "addresses": st.dictionaries(WORDS, st.lists(st.integers(0, 9)))}
    ),
}
CHANGES = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3)
SHAPED = st.fixed_dictionaries({}, optional=FIELDS)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "ledger.yaml"


def judged(path: Path, text: str) -> Teams:
    """Load one file; every problem has a file and a line, and a field unless the file as a whole cannot be read."""
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    found = load_teams({path.stem: path})
    for problem in found.problems:
        assert problem.file == str(path)
        assert "\n" not in str(problem)
    return found


FUZZ = settings(max_examples=2600, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest.mark.timeout(900)
@FUZZ
@given(changes=CHANGES, shaped=SHAPED)
def test_any_mapping_is_a_team_or_is_refused_by_field(scratch: Path, changes: dict[str, Any], shaped: dict[str, Any]) -> None:
    found = judged(scratch, json.dumps({**SOUND, **changes, **shaped}, default=str))
    for problem in found.problems:
        assert problem.line >= 1
        assert problem.field, problem


@pytest.mark.timeout(900)
@FUZZ
@given(text=st.text(alphabet=st.characters(codec="utf-8"), max_size=60), cut=st.integers(0, 140))
def test_any_text_is_a_team_or_is_refused(scratch: Path, text: str, cut: int) -> None:
    whole = yaml.safe_dump(SOUND, sort_keys=False)
    judged(scratch, whole[:cut] + text + whole[cut:])


def test_roles_without_an_admin_group_leave_the_team_its_own_admins() -> None:
    team = Team.model_validate(SOUND)
    assert (team.groups_of(TeamRole.ADMIN), team.groups_of(TeamRole.VIEWER)) == (("sso-ledger",), ())
    led = Team.model_validate({**SOUND, "access": {"team-admin": {"groups": ["sso-leads"]}}})
    assert (led.groups_of(TeamRole.ADMIN), led.groups_of(TeamRole.DEVELOPER)) == (("sso-leads",), ("sso-ledger",))


def test_a_directory_without_teams_is_empty(tmp_path: Path) -> None:
    assert team_files(tmp_path / "none") == {}
    with pytest.raises(DeclarationError):
        raise DeclarationError(load_teams({"x": tmp_path / "x.yaml"}).problems)
