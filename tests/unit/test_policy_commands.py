import json
from pathlib import Path

import pytest
from platform_policies import catalogue

from platformctl.__main__ import run


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: mine\nruntime: python\n")
    (tmp_path / "__main__.py").write_text("")
    (tmp_path / "policies").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in listed] == [rule.id for rule in catalogue.rules()]
    (ssh,) = [one for one in listed if one["id"] == "aws-sg-no-world-ssh"]
    assert ssh["frameworks"]["cis-aws"] == ["6.3", "6.4"]
    assert {"id", "title", "severity", "types", "frameworks"} <= set(ssh)


def test_list_of_one_framework(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "list", "--framework", "pss"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["k8s-pss-baseline", "k8s-pss-restricted", "2"]
    assert "(pss baseline)" in lines[0]


def test_a_list_of_one_framework_says_how_much_of_it_is_covered_and_who_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "list", "--framework", "nsa"]) == 0
    said = capsys.readouterr().out
    assert "of 27 controls of NSA/CISA Kubernetes Hardening Guidance 1.0" in said
    for part in ("Mapping: trivy-checks 80e53822", "Counted against: the points that trivy-checks", "not an auditor's"):
        assert part in said


def test_a_framework_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "list", "--framework", "pci"]) == 2
    assert "pci  is no framework here; choose from cis-aws" in capsys.readouterr().err


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "explain", "aws-kms-rotation"]) == 0
    out = capsys.readouterr().out
    for text in (
        "aws-kms-rotation\n",
        "why",
        "fix",
        "aws:kms/key:Key",
        "CKV_AWS_7",
        "4.6",
        "prowler 5.46",
        "not an auditor's",
        "remediate",
    ):
        assert text in out


def test_every_rule_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    for rule in catalogue.rules():
        assert run(["policy", "explain", rule.id]) == 0
        assert run(["policy", "explain", rule.id, "--json"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("aws-kms-rotate", "did you mean aws-kms-rotation"),
        ("s3-versioning", "did you mean aws-s3-versioning"),
        ("zzz", "`platformctl policy list` names them all"),
    ],
)
def test_a_rule_that_is_not_there(given: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "explain", given]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert hint in captured.err
    assert captured.err.count("\n") == 1


def test_no_waivers(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "waivers"]) == 0
    assert capsys.readouterr().out == "0 holding, 0 expired, 0 malformed\n"


def test_waivers_that_hold_are_shown_and_others_are_the_gate_s_no(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = project / "policies" / "waivers.yaml"
    good = "  - {rule: aws-kms-rotation, urn: '*', reason: imported, owner: me, ticket: T-1, expires: 9999-12-31}\n"
    path.write_text("waivers:\n" + good)
    assert run(["policy", "waivers"]) == 0
    out = capsys.readouterr().out
    for text in ("aws-kms-rotation  holds, last day 9999-12-31  me  T-1", "imported", "1 holding, 0 expired, 0 malformed"):
        assert text in out
    path.write_text("waivers:\n" + good.replace("9999", "2020"))
    assert run(["policy", "waivers", "--json"]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert [(one["state"], one["expires"], one["line"]) for one in shown["waivers"]] == [("expired", "2020-12-31", 2)]
    path.write_text("waivers:\n" + good.replace("imported", "''"))
    assert run(["policy", "waivers"]) == 1
    assert "waivers.yaml:2  malformed: reason is missing" in capsys.readouterr().out


def test_a_waiver_file_that_is_none(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "policies" / "waivers.yaml").write_text("waivers: &a [*a]")
    assert run(["policy", "waivers"]) == 2
    captured = capsys.readouterr()
    assert captured.err.endswith("waivers.yaml:1  an anchor that contains itself; write the value out\n")
    assert captured.err.count("\n") == 1
