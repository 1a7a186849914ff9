"""The policy packs under the real engine: what they refuse, what they warn of, and that they find what platformctl finds."""

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from platform_policies import catalogue
from platform_policies.rule import Pack

from platformctl.__main__ import run
from platformctl.project import find_project
from tests.contract.test_insecure_shop import SHOP, declared
from tests.engine.conftest import ROOT, Repository, copy_repository

PACKS = ("policies/security", "policies/cost")

SWITCHES = {
    "PULUMI_DEBUG_COMMANDS": "1",  # makes the CLI take --event-log
    # Nobody else looks at these states: without a checkpoint after every step an `up` takes half the time.
    "PULUMI_EXPERIMENTAL": "1",
    "PULUMI_SKIP_CHECKPOINTS": "1",
}

Said = tuple[str, str, str, bool]
"""Rule, URN, text, and whether it blocks."""
Case = tuple[str, str, str]
"""Rule, URN and case."""

FAULTY = """\
import pulumi
import pulumi_aws as aws

group = aws.ec2.SecurityGroup(
    "open",
    description="open",
    ingress=[{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"], "description": "all"}],
)
key = aws.kms.Key("still", description="still", deletion_window_in_days=30)
"""

LATE = """\
import pulumi
import pulumi_aws as aws

address = aws.ec2.Eip("address", domain="vpc")
group = aws.ec2.SecurityGroup(
    "late",
    description="late",
    ingress=[{
        "protocol": "tcp", "from_port": 22, "to_port": 22, "description": "all",
        "cidr_blocks": [address.id.apply(lambda _: "0.0.0.0/0")],
    }],
)
"""


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """The repository with its packs and a running sandbox, whose environment is asked for once."""
    copy = copy_repository(tmp_path_factory.mktemp("packs") / "platform")
    shutil.copytree(ROOT / "policies", copy.root / "policies", ignore=shutil.ignore_patterns("__pycache__", "platform_policies"))
    copy.platformctl("sandbox", "start")
    yield Repository(copy.root, {**copy.sandbox_environ(), **SWITCHES})
    copy.platformctl("sandbox", "stop", check=None)


def program(platform: Repository, name: str, text: str) -> Path:
    folder = platform.root / name
    folder.mkdir(exist_ok=True)
    (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
    (folder / "__main__.py").write_text(text)
    return folder


def pulumi(platform: Repository, folder: Path, *arguments: str, stack: str, check: int | None, packs: Path | None = None) -> Any:
    """Run a command with both packs: those of the folder `packs`, or else of the platform."""
    chosen = [argument for pack in PACKS for argument in ("--policy-pack", str((packs or platform.root) / pack))]
    return platform.pulumi(*arguments, "-s", stack, "-C", str(folder), *chosen, check=check)


def events(platform: Repository, folder: Path, stack: str, *more: str, packs: Path | None = None) -> list[Mapping[str, Any]]:
    """What the policies said in a preview, from the engine's own events; the preview itself is left in `preview.json`."""
    platform.pulumi("stack", "select", "--create", stack, "-C", str(folder))
    log = platform.root / "events.json"
    log.unlink(missing_ok=True)
    shown = pulumi(platform, folder, "preview", "--json", "--event-log", str(log), *more, stack=stack, check=None, packs=packs).stdout
    (platform.root / "preview.json").write_text(shown, encoding="utf-8")
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def violations(found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one["policyEvent"] for one in found if "policyEvent" in one]


def checked(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """What `platformctl check` finds."""
    capsys.readouterr()
    assert run(["check", *arguments, "--json"]) in {0, 1}
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["findings"]
    return found


def offline(found: Sequence[Mapping[str, Any]]) -> tuple[set[Said], set[Case]]:
    """What `platformctl check` finds, as the pack tells it, and what of it is not decided."""
    everything, undecided = set(), set()
    for one in found:
        case = f"[{one['sub_id']}] " if one["sub_id"] else ""
        text = f"{one['message']}. {one['fix']}" if one["status"] == "fail" else f"unknown: {one['message']}"
        said = (one["rule"], one["urn"], f"{case}{text}", one["blocks"])
        everything.add(said)
        if one["status"] == "unknown":
            undecided.add(case_of(said))
    return everything, undecided


def without_words(found: Sequence[Mapping[str, Any]]) -> set[tuple[Any, ...]]:
    """Findings by all but what they say."""
    return {tuple(one[key] for key in ("rule", "sub_id", "urn", "status", "property", "blocks")) for one in found}


def online(found: Sequence[Mapping[str, Any]]) -> set[Said]:
    """What the packs told the engine."""
    return {
        (one["policyName"], one["resourceUrn"], one["message"].strip(), one["enforcementLevel"] == "mandatory") for one in violations(found)
    }


def case_of(said: Said) -> Case:
    rule, urn, text, _ = said
    return rule, urn, text[1:].partition("]")[0] if text.startswith("[") else ""


LAYERS: Mapping[str, int | None] = {"prod": None}
"""Layers that are compared: all of prod, of the others the lowest two, for they run the same programs; all of all with EVERY_LAYER=1.

To preview a layer, those below it are brought up: all of all takes ten minutes.
"""


@pytest.mark.long
@pytest.mark.parametrize("environment", sorted(path.stem for path in (ROOT / "stacks" / "environments").glob("*.yaml")))
def test_both_hosts_find_the_same_in_every_layer(platform: Repository, environment: str, capsys: pytest.CaptureFixture[str]) -> None:
    root, told_in_all = platform.root, set[Said]()
    *lower, last = find_project(root).stacks_of(environment)[: None if os.environ.get("EVERY_LAYER") else LAYERS.get(environment, 2)]
    for stack in (*lower, last):
        told = online(events(platform, root, stack))
        told_in_all |= told
        same_graph, _ = offline(checked(capsys, "--preview-json", str(root / "preview.json"), "-C", str(root)))
        assert told == same_graph, stack
        # Without a cloud the layers below are not known; what is decided all the same is decided alike.
        without_cloud, undecided = offline(checked(capsys, stack, "-C", str(root)))
        assert not {said for said in told ^ without_cloud if case_of(said) not in undecided}, stack
        if stack != last:
            platform.pulumi("up", "--yes", "--skip-preview", "-s", stack)
    assert told_in_all, "there is something to find, or this shows nothing"


def test_both_hosts_find_the_same_planted_faults(platform: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """The insecure example, judged by its own packs and settings."""
    folder = platform.root / "shop"
    shutil.copytree(SHOP, folder, ignore=shutil.ignore_patterns("__pycache__"))
    told = online(events(platform, folder, "demo", packs=folder))
    assert {*declared("planted"), *declared("consequences")} == {
        (rule, case, urn.rpartition("::")[2]) for rule, urn, case in map(case_of, told)
    }
    same_graph = checked(capsys, "--preview-json", str(platform.root / "preview.json"), "-C", str(folder))
    assert told == offline(same_graph)[0]
    # Offline no provider fills in defaults of inputs, and a message tells an absent value from a default: all but the words is the same.
    assert without_words(same_graph) == without_words(checked(capsys, "demo", "--program", str(SHOP)))


def test_both_hosts_find_the_same_in_a_state(platform: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    platform.pulumi("stack", "select", "--create", "dev.network")
    platform.pulumi("up", "--yes", "--skip-preview", "-s", "dev.network")
    exported = platform.root / "state.json"
    exported.write_text(platform.pulumi("stack", "export", "-s", "dev.network").stdout, encoding="utf-8")
    told = online(events(platform, platform.root, "dev.network"))
    assert told
    assert told == offline(checked(capsys, "--state", str(exported), "-C", str(platform.root)))[0]


def test_the_same_faults_are_refused_in_prod_and_told_in_dev(platform: Repository) -> None:
    folder = program(platform, "faulty", FAULTY)
    for stack, code, level in (("dev.faulty", 0, "advisory"), ("prod.faulty", None, "mandatory"), ("other.faulty", None, "mandatory")):
        platform.pulumi("stack", "select", "--create", stack, "-C", str(folder))
        finished = pulumi(platform, folder, "preview", stack=stack, check=code)
        assert (finished.returncode == 0) is (code == 0)
        for rule in ("aws-sg-no-world-ssh", "aws-kms-rotation"):
            assert f"[{level}]" in next(line for line in finished.stdout.splitlines() if rule in line)


def test_a_stack_over_its_environments_budget_is_refused_in_prod_and_told_in_dev(platform: Repository) -> None:
    def preview(environment: str, budget: str, *, refused: bool) -> str:
        declaration = platform.root / "stacks" / "environments" / f"{environment}.yaml"
        before = declaration.read_text(encoding="utf-8")
        declaration.write_text(re.sub(r"monthly_usd: \d+", f"monthly_usd: {budget}", before), encoding="utf-8")
        stack = f"{environment}.network"
        platform.pulumi("stack", "select", "--create", stack)
        try:
            finished = platform.pulumi("preview", "-s", stack, "--policy-pack", "policies/cost", check=None)
            platform.platformctl("check", stack, "--pack", "cost", check=int(refused))
        finally:
            declaration.write_text(before, encoding="utf-8")
        assert (finished.returncode != 0) is refused
        return next((line for line in finished.stdout.splitlines() if "cost-stack-monthly-max" in line), "")

    assert not preview("prod", "18000", refused=False)
    assert "[mandatory]" in preview("prod", "1", refused=True)
    assert "[advisory]" in preview("dev", "1", refused=False)


def test_what_is_refused_is_never_created(platform: Repository) -> None:
    folder = program(platform, "faulty", FAULTY)
    platform.pulumi("stack", "select", "--create", "prod.faulty", "-C", str(folder))
    finished = pulumi(platform, folder, "up", "--skip-preview", "--yes", stack="prod.faulty", check=None)
    assert finished.returncode != 0
    made = json.loads(platform.pulumi("stack", "export", "-s", "prod.faulty", "-C", str(folder)).stdout)["deployment"].get("resources", [])
    assert not [one["urn"] for one in made if one["type"].startswith("aws:")]


def test_what_a_preview_cannot_know_is_decided_at_up(platform: Repository) -> None:
    folder = program(platform, "late", LATE)
    said = [one for one in violations(events(platform, folder, "prod.late")) if one["policyName"] == "aws-sg-no-world-ssh"]
    assert [(one["enforcementLevel"], one["message"].startswith("unknown: ")) for one in said] == [("advisory", True)]
    finished = pulumi(platform, folder, "up", "--skip-preview", "--yes", stack="prod.late", check=None)
    assert finished.returncode != 0
    assert "[mandatory]" in next(line for line in finished.stdout.splitlines() if "aws-sg-no-world-ssh" in line)
    groups = platform.aws("ec2").describe_security_groups()["SecurityGroups"]
    assert not [one for one in groups if one["GroupName"].startswith("late")]
    platform.pulumi("destroy", "--yes", "-s", "prod.late", "-C", str(folder))


def test_waivers_and_configuration_reach_the_engine(platform: Repository) -> None:
    folder = program(platform, "faulty", FAULTY)
    config = platform.root / "config.json"
    config.write_text(
        json.dumps({"aws-kms-rotation": {"enforcementLevel": "remediate"}, "aws-sg-attached": {"enforcementLevel": "disabled"}})
    )
    waivers = platform.root / "policies" / "waivers.yaml"
    before = waivers.read_text()
    waivers.write_text(
        "waivers:\n  - {rule: aws-sg-no-world-ssh, urn: '*::open', reason: a test, owner: me, ticket: T-1, expires: 9999-12-31}\n"
        "  - {rule: aws-sg-no-world-ssh, urn: '*::gone', reason: a test, owner: me, ticket: T-2, expires: 2020-01-01}\n"
    )
    try:
        found = events(platform, folder, "prod.faulty", "--policy-pack-config", str(config), "--policy-pack-config", str(config))
    finally:
        waivers.write_text(before)
    said = {(one["policyName"], one["enforcementLevel"]) for one in violations(found)}
    assert ("aws-sg-no-world-ssh", "advisory") in said
    assert ("waiver-expired", "mandatory") in said
    assert not [name for name, _ in said if name in {"aws-kms-rotation", "aws-sg-attached"}]
    corrected = [one["policyRemediationEvent"] for one in found if "policyRemediationEvent" in one]
    assert [(one["policyName"], one["after"]["enableKeyRotation"]) for one in corrected] == [("aws-kms-rotation", True)]


def test_a_wrong_file_stops_the_engine_with_its_line(platform: Repository) -> None:
    levels = platform.root / "policies" / "enforcement.yaml"
    before = levels.read_text()
    levels.write_text("rules:\n  aws-no-such-rule: {enforcement: disabled}\n")
    folder = program(platform, "faulty", FAULTY)
    platform.pulumi("stack", "select", "--create", "dev.faulty", "-C", str(folder))
    try:
        finished = pulumi(platform, folder, "preview", stack="dev.faulty", check=None)
    finally:
        levels.write_text(before)
    assert finished.returncode != 0
    assert "enforcement.yaml:2  rules.aws-no-such-rule: there is no such rule" in finished.stdout + finished.stderr


def test_a_pack_configuration_of_no_rule_stops_the_engine(platform: Repository) -> None:
    folder = program(platform, "faulty", FAULTY)
    config = platform.root / "config.json"
    config.write_text(json.dumps({"aws-no-such-rule": "mandatory", "aws-kms-rotation": {"enforcementLevel": "mandatory", "days": 90}}))
    platform.pulumi("stack", "select", "--create", "dev.faulty", "-C", str(folder))
    given = ("--policy-pack-config", str(config), "--policy-pack-config", str(config))
    finished = pulumi(platform, folder, "preview", *given, stack="dev.faulty", check=None)
    assert finished.returncode != 0
    said = finished.stdout + finished.stderr
    assert "policy pack config: there is no rule aws-no-such-rule" in said
    assert "policy pack config: aws-kms-rotation has no setting days; it has none" in said


def test_every_rule_is_in_one_pack() -> None:
    assert len(catalogue.pack(Pack.SECURITY)) + len(catalogue.pack(Pack.COST)) == len(catalogue.rules())
