"""`platformctl check`: what is judged, by which files, and the exit code."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from platformctl.__main__ import run

FIELDS = {"rule", "sub_id", "status", "severity", "urn", "resource_type", "property", "message", "fix"}
PROGRAM = """
import pulumi_aws as aws

aws.s3.Bucket("logs")
aws.ec2.SecurityGroup("open", description="all", ingress=[
    {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"], "description": "ssh"},
])
"""
SSH = "aws-sg-no-world-ssh"
WAIVER = "waivers: [{{rule: aws-kms-rotation, urn: '{urn}', reason: a test, owner: me, ticket: T-1, expires: 9999-12-31}}]\n"
GROUP = "urn:pulumi:prod::shop::aws:ec2/securityGroup:SecurityGroup::open"


def group(urn: str = GROUP, source: str = "") -> dict[str, Any]:
    rule = {"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"], "description": "ssh"}
    position = {"sourcePosition": f"project:///{source}"} if source else {}
    kind = "aws:ec2/securityGroup:SecurityGroup"
    return {"urn": urn, "type": kind, "custom": True, "inputs": {"description": "all", "ingress": [rule]}, **position}


def preview_of(*states: dict[str, Any]) -> str:
    return json.dumps({"steps": [{"op": "create", "urn": state["urn"], "newState": state} for state in states]})


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """An application team's own project, in a repository of theirs."""
    folder = tmp_path / "repository" / "infra"
    folder.mkdir(parents=True)
    (tmp_path / "repository" / ".git").mkdir()
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (folder / "__main__.py").write_text(PROGRAM)
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of no project."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def check_json(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 1) -> dict[str, Any]:
    assert run(["check", *arguments, "--json"]) == code
    output: dict[str, Any] = json.loads(capsys.readouterr().out)
    return output


def of_rule(result: dict[str, Any], rule: str) -> dict[str, Any]:
    return next(finding for finding in result["findings"] if finding["rule"] == rule)


# What is judged


def test_a_program_of_an_application_team(program: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = check_json(capsys, "--program", str(program))
    finding = of_rule(result, SSH)
    assert set(finding) >= FIELDS
    assert (finding["status"], finding["blocks"], finding["source"]) == ("fail", True, "infra/__main__.py:5")
    assert finding["urn"] == "urn:pulumi:preview::shop::aws:ec2/securityGroup:SecurityGroup::open"
    assert result["summary"]["blocking"] >= 1
    assert {finding["status"] for finding in result["findings"]} <= {"fail", "unknown", "waived"}


def test_a_programs_stacks_are_those_with_a_file(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for stack in ("dev", "prod"):
        (program / f"Pulumi.{stack}.yaml").write_text("config: {}\n")
    assert check_json(capsys, "--program", str(program))["summary"]["stacks"] == ["dev", "prod"]
    assert check_json(capsys, "prod", "--program", str(program))["summary"]["stacks"] == ["prod"]
    assert check_json(capsys, "-C", str(program))["summary"]["stacks"] == ["dev", "prod"]


def test_a_preview_and_a_state_of_the_engine(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "preview.json").write_text(preview_of(group(source="own.py#3")))
    (elsewhere / "state.json").write_text(json.dumps({"version": 3, "deployment": {"resources": [group()]}}))
    assert of_rule(check_json(capsys, "--preview-json", "preview.json"), SSH)["source"] == "own.py:3"
    assert of_rule(check_json(capsys, "--state", "state.json"), SSH)["source"] is None


def test_a_preview_from_standard_input(elsewhere: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(preview_of(group())))
    assert of_rule(check_json(capsys, "--preview-json", "-"), SSH)["urn"] == GROUP


def test_clean_is_zero(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "state.json").write_text(json.dumps({"version": 3, "deployment": {"resources": []}}))
    assert run(["check", "--state", "state.json"]) == 0
    assert "nothing blocks, 0 passed; 0 resources" in capsys.readouterr().out


def test_one_pack_only(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "preview.json").write_text(preview_of(group()))
    result = check_json(capsys, "--preview-json", "preview.json", "--pack", "security")
    assert of_rule(result, SSH)
    assert run(["check", "--preview-json", "preview.json", "--pack", "cost"]) in {0, 1}
    assert SSH not in capsys.readouterr().out


# By which files


@pytest.mark.parametrize(("level", "code"), [("advisory", 0), ("mandatory", 1), ("remediate", 1), ("disabled", 0)])
def test_levels_of_the_project(program: Path, capsys: pytest.CaptureFixture[str], level: str, code: int) -> None:
    (program / "policies").mkdir()
    (program / "policies" / "enforcement.yaml").write_text(f"environments: {{prod: {level}}}\n")
    result = check_json(capsys, "prod", "--program", str(program), code=code)
    assert bool(result["findings"]) == (level != "disabled")
    assert run(["check", "other", "--program", str(program)]) == 1


def test_files_of_the_project_hold_for_its_own_previews_only(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (program / "policies").mkdir()
    (program / "policies" / "enforcement.yaml").write_text("default: advisory\n")
    (program / "own.json").write_text(preview_of(group(source="main.py#2")))
    (program / "other.json").write_text(preview_of(group(GROUP.replace("::shop::", "::other::"), source="main.py#2")))
    own = check_json(capsys, "--preview-json", str(program / "own.json"), "-C", str(program), code=0)
    assert of_rule(own, SSH)["source"] == "infra/main.py:2"
    assert of_rule(check_json(capsys, "--preview-json", str(program / "other.json")), SSH)["source"] == "main.py:2"


def test_waivers_are_counted_apart(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "preview.json").write_text(preview_of(group()))
    (elsewhere / "w.yaml").write_text(
        f"waivers:\n- {{rule: {SSH}, urn: '*::open', reason: jump host, owner: net, ticket: N-1, expires: 2999-12-31}}\n"
    )
    without = check_json(capsys, "--preview-json", "preview.json")["summary"]
    result = check_json(capsys, "--preview-json", "preview.json", "--waivers", "w.yaml", code=1 if without["blocking"] > 1 else 0)
    assert of_rule(result, SSH)["status"] == "waived"
    assert (result["summary"]["waived"], result["summary"]["blocking"]) == (1, without["blocking"] - 1)
    assert result["summary"]["passed"] == without["passed"]


def test_an_expired_waiver_blocks(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "preview.json").write_text(preview_of(group()))
    (elsewhere / "w.yaml").write_text(
        f"waivers:\n- {{rule: {SSH}, urn: '*::open', reason: jump host, owner: net, ticket: N-1, expires: 2020-12-31}}\n"
    )
    result = check_json(capsys, "--preview-json", "preview.json", "--waivers", "w.yaml")
    assert of_rule(result, SSH)["blocks"]
    assert of_rule(result, "waiver-expired")["source"].endswith("w.yaml:2")


def _with_gateways(count: int, region: str = "eu-west-1") -> str:
    root = "urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop-prod"
    provider = "urn:pulumi:prod::shop::pulumi:providers:aws::default::id"
    states: list[dict[str, Any]] = [{"urn": root, "type": "pulumi:pulumi:Stack"}]
    for number in range(count):
        kind, inputs = "aws:ec2/natGateway:NatGateway", {"subnetId": "subnet-1", "tags": {"Environment": "prod"}}
        urn = f"urn:pulumi:prod::shop::{kind}::nat-{number}"
        states.append({"urn": urn, "type": kind, "custom": True, "inputs": inputs, "provider": provider})
    return json.dumps({**json.loads(preview_of(*states)), "config": {"aws:region": region} if region else {}})


def test_what_a_change_adds_is_held_against_a_limit(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in (("before", _with_gateways(1)), ("after", _with_gateways(2)), ("nowhere", _with_gateways(1, ""))):
        (elsewhere / f"{name}.json").write_text(text)
    rules = {"cost-diff-absolute": {"settings": {"max_increase_usd": 40}}, "cost-diff-percent": {"settings": {"max_increase_percent": 99}}}
    (elsewhere / "enforcement.yaml").write_text(json.dumps({"rules": rules}))
    given = ("--preview-json", "after.json", "--settings", "enforcement.yaml")
    told = [one["message"] for one in check_json(capsys, *given, "--against", "before.json")["findings"]]
    assert [text for text in told if "%" in text] == ["at least $70.08 a month after $35.04: more than 99 % above it"]
    assert not check_json(capsys, *given, code=0)["findings"], "nothing to compare with"
    assert not check_json(capsys, *given, "--against", "after.json", code=0)["findings"]
    assert run(["check", *given, "--against", "nowhere.json"]) == 2
    assert "nowhere.json  prod cannot be priced: " in capsys.readouterr().err


def test_what_is_unknown_blocks_only_where_that_is_asked(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unknown = {**group(), "inputs": {"description": "x", "ingress": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}}
    (elsewhere / "preview.json").write_text(preview_of(unknown))
    (elsewhere / "s.yaml").write_text("rules: {aws-sg-attached: {enforcement: disabled}}\n")
    arguments = ("--preview-json", "preview.json", "--settings", "s.yaml")
    finding = of_rule(check_json(capsys, *arguments, code=0), SSH)
    assert (finding["status"], finding["blocks"]) == ("unknown", False)
    assert of_rule(check_json(capsys, *arguments, "--strict"), SSH)["blocks"]


# Where it is written to


def test_reports_are_written_and_annotations_printed(program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "made" / "for" / "it"
    files = [f"--sarif={out / 'a.sarif'}", f"--junit={out / 'a.xml'}", f"--html={out / 'a.html'}"]
    assert run(["check", "--program", str(program), "--github", *files]) == 1
    assert "::error file=infra/__main__.py,line=5,title=aws-sg-no-world-ssh" in capsys.readouterr().out
    log = json.loads((out / "a.sarif").read_text())
    assert SSH in {result["ruleId"] for result in log["runs"][0]["results"]}
    assert SSH in (out / "a.xml").read_text()
    assert "__main__.py:5" in (out / "a.html").read_text()


def test_compliance_is_written_as_a_page_and_as_csv(program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, table = tmp_path / "c.html", tmp_path / "c.csv"
    assert run(["check", "--program", str(program), "--compliance", str(page), "--compliance", str(table)]) == 1
    assert "CIS Amazon Web Services Foundations Benchmark" in page.read_text()
    assert ",6.3,failing," in table.read_text()


def test_preview_writes_the_same_reports_and_is_no_gate(program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [f"--{form}={tmp_path / form}" for form in ("sarif", "junit", "html")]
    assert run(["preview", "prod", "-C", str(program), *files]) == 0
    assert "aws:ec2/securityGroup:SecurityGroup" in capsys.readouterr().out
    assert all(SSH in (tmp_path / form).read_text() for form in ("sarif", "junit", "html"))
    assert "<h2>Resources</h2>" in (tmp_path / "html").read_text()


# Bad input: exit 2 and one clear line


@pytest.mark.parametrize(
    ("files", "arguments", "expected"),
    [
        ({"p.json": "{"}, ["--preview-json", "p.json"], "p.json:1  is no valid JSON"),
        ({"p.json": '{"version": 3, "deployment": {}}'}, ["--preview-json", "p.json"], "read it with --state"),
        ({"s.json": '{"version": 2, "deployment": {}}'}, ["--state", "s.json"], "s.json  is a state of version 2; version 3 is read"),
        ({}, ["--state", "none.json"], "none.json  cannot be read: No such file or directory"),
        (
            {"s.yaml": "rules: {aws-no-such-rule: {}}\n"},
            ["--settings", "s.yaml"],
            "s.yaml:1  rules.aws-no-such-rule: there is no",
        ),
        ({"s.yaml": "default: sometimes\n"}, ["--settings", "s.yaml"], "'sometimes' is no level"),
        ({}, ["--settings", "none.yaml"], "none.yaml  there is no such file"),
        ({}, ["--waivers", "none.yaml"], "none.yaml  there is no such file"),
        ({"w.yaml": "waivers: &all\n- *all\n"}, ["--waivers", "w.yaml"], "an anchor that contains itself"),
        ({"w.yaml": "[1]\n"}, ["--waivers", "w.yaml"], "must be a mapping with one key"),
        ({"w.yaml": "waivers: [all]\n"}, ["--waivers", "w.yaml"], "w.yaml:1  malformed waiver: a waiver is a mapping with rule, urn,"),
        ({"w.yaml": WAIVER.format(urn="open")}, ["--waivers", "w.yaml"], "w.yaml:1  malformed waiver: urn 'open' covers no URN"),
        ({"w.yaml": WAIVER.format(urn="")}, ["--waivers", "w.yaml"], "w.yaml:1  malformed waiver: urn is missing"),
        ({"p.json": preview_of(group())[:-9]}, ["--preview-json", "p.json"], "p.json:1  is no valid JSON"),
        ({"p.json": '{"steps": [{"op": "create"}]}'}, ["--preview-json", "p.json"], "p.json  steps[0]: a step 'create' needs `newState`"),
        ({}, ["--preview-json", "a", "--state", "b"], "give one of --preview-json, --state"),
        ({}, ["--json", "--github"], "give --json or --github, not both"),
        ({"s.json": '{"version": 3, "deployment": {}}'}, ["dev", "--state", "s.json"], "leave out dev"),
        ({}, ["--program", "nowhere"], "nowhere is no folder"),
        ({}, [], "no Pulumi.yaml in"),
        (
            {"s.json": '{"version": 3, "deployment": {}}', "f": ""},
            ["--state", "s.json", "--html", "f/x.html"],
            "x.html  cannot be written",
        ),
    ],
)
def test_bad_input(elsewhere: Path, capsys: pytest.CaptureFixture[str], files: dict[str, str], arguments: list[str], expected: str) -> None:
    (elsewhere / "preview.json").write_text(preview_of(group()))
    for name, text in files.items():
        (elsewhere / name).write_text(text)
    if arguments[:1] in (["--settings"], ["--waivers"]):
        arguments = ["--preview-json", "preview.json", *arguments]
    assert run(["check", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert expected in captured.err
    assert captured.err.count("\n") == 1


def test_a_pack_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--pack", "style"]) == 2
    assert "security" in capsys.readouterr().err


def test_a_program_that_fails_is_a_failed_tool(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (program / "__main__.py").write_text("1 / 0\n")
    assert run(["check", "--program", str(program)]) == 3
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_reader_who_has_gone_is_no_failure(program: Path) -> None:
    command = f"{sys.executable} -m platformctl check --program {program} | head -1"
    finished = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert finished.returncode == 0
    assert finished.stderr == ""
