"""The policy packs under the real engine: what they refuse, what they warn of, and that they find what platformctl finds."""

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from platform_policies import catalogue
from platform_policies.evaluate import Finding, evaluate
from platform_policies.graph import ResourceGraph
from platform_policies.rule import Pack, Status

from platformctl.commands.preview import preview_layers
from platformctl.project import find_project
from platformctl.readers.state import read_state
from tests.engine.conftest import ROOT, Repository, copy_repository

PACKS = ("--policy-pack", "policies/security", "--policy-pack", "policies/cost")

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


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """The repository with its packs and a running sandbox, and the network of dev brought up."""
    copy = copy_repository(tmp_path_factory.mktemp("packs") / "platform")
    shutil.copytree(ROOT / "policies", copy.root / "policies", ignore=shutil.ignore_patterns("__pycache__", "platform_policies"))
    copy.platformctl("up", "dev.network", "--sandbox", "--yes")
    yield copy
    copy.platformctl("sandbox", "stop", check=None)


def program(platform: Repository, name: str, text: str) -> Path:
    folder = platform.root / name
    folder.mkdir(exist_ok=True)
    (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
    (folder / "__main__.py").write_text(text)
    return folder


def pulumi(platform: Repository, folder: Path, *arguments: str, stack: str, check: int | None) -> Any:
    packs = [str(platform.root / one) if one.startswith("policies/") else one for one in PACKS]
    return platform.pulumi(*arguments, "-s", stack, "-C", str(folder), *packs, check=check)


def events(platform: Repository, folder: Path, stack: str, monkeypatch: pytest.MonkeyPatch, *more: str) -> list[Mapping[str, Any]]:
    """What the policies said in a preview, from the engine's own events."""
    monkeypatch.setenv("PULUMI_ENABLE_STREAMING_JSON_PREVIEW", "1")
    platform.pulumi("stack", "select", "--create", stack, "-C", str(folder))
    said = pulumi(platform, folder, "preview", "--json", *more, stack=stack, check=None).stdout
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def violations(found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one["policyEvent"] for one in found if "policyEvent" in one]


def told(finding: Finding) -> tuple[str, str, str]:
    """A finding of the offline host as the pack tells it."""
    case = f"[{finding.sub_id}] " if finding.sub_id else ""
    failed = finding.status is Status.FAIL
    text = f"{case}{finding.message}. {finding.rule.fix}" if failed else f"{case}unknown: {finding.message}"
    return finding.rule.id, finding.urn, text


def offline(graph: ResourceGraph) -> set[tuple[str, str, str]]:
    return {told(one) for one in evaluate(graph, catalogue.rules()).findings}


def online(found: Sequence[Mapping[str, Any]]) -> set[tuple[str, str, str]]:
    return {(one["policyName"], one["resourceUrn"], one["message"].strip()) for one in violations(found)}


@pytest.mark.parametrize("stack", ["dev.network", "prod.network", "dev.cluster"])
def test_both_hosts_find_the_same(platform: Repository, stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if stack == "dev.network":
        exported = platform.root / "state.json"
        exported.write_text(platform.pulumi("stack", "export", "-s", stack).stdout)
        graph = read_state(exported)
    else:
        graph = preview_layers(find_project(platform.root), [stack])[stack].graph
    found = events(platform, platform.root, stack, monkeypatch)
    expected = offline(graph)
    assert online(found) == expected
    assert expected, "the stack has something to find, or this test shows nothing"


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


def test_what_a_preview_cannot_know_is_decided_at_up(platform: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = program(platform, "late", LATE)
    said = [one for one in violations(events(platform, folder, "prod.late", monkeypatch)) if one["policyName"] == "aws-sg-no-world-ssh"]
    assert [(one["enforcementLevel"], one["message"].startswith("unknown: ")) for one in said] == [("advisory", True)]
    finished = pulumi(platform, folder, "up", "--skip-preview", "--yes", stack="prod.late", check=None)
    assert finished.returncode != 0
    assert "[mandatory]" in next(line for line in finished.stdout.splitlines() if "aws-sg-no-world-ssh" in line)
    groups = platform.aws("ec2").describe_security_groups()["SecurityGroups"]
    assert not [one for one in groups if one["GroupName"].startswith("late")]
    platform.pulumi("destroy", "--yes", "-s", "prod.late", "-C", str(folder))


def test_waivers_and_configuration_reach_the_engine(platform: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
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
        found = events(
            platform, folder, "prod.faulty", monkeypatch, "--policy-pack-config", str(config), "--policy-pack-config", str(config)
        )
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
    config.write_text(json.dumps({"aws-no-such-rule": "mandatory", "aws-kms-rotation": {"days": 90}}))
    platform.pulumi("stack", "select", "--create", "dev.faulty", "-C", str(folder))
    given = ("--policy-pack-config", str(config), "--policy-pack-config", str(config))
    finished = pulumi(platform, folder, "preview", *given, stack="dev.faulty", check=None)
    assert finished.returncode != 0
    said = finished.stdout + finished.stderr
    assert "policy pack config: there is no rule aws-no-such-rule" in said
    assert "policy pack config: aws-kms-rotation has no setting days; it has none" in said


def test_every_rule_is_in_one_pack() -> None:
    assert len(catalogue.pack(Pack.SECURITY)) + len(catalogue.pack(Pack.COST)) == len(catalogue.rules())
