"""`platformctl cost`: the JSON contract, exit codes, the difference between two previews, and what it says of bad input."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from platformctl.__main__ import run
from platformctl.commands import cost as command
from platformctl.project import find_project

ROOT = Path(__file__).parents[2]
NAT = "aws:ec2/natGateway:NatGateway"

CONTRACT = {
    "type": "object",
    "required": ["currency", "region", "monthly", "lines", "unpriced"],
    "properties": {
        "currency": {"const": "USD"},
        "region": {"type": "string"},
        "monthly": {"type": "number", "minimum": 0},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["urn", "type", "component", "quantity", "unit", "unit_price", "monthly", "source"],
                "properties": {
                    "urn": {"type": "string", "pattern": "^urn:pulumi:"},
                    "quantity": {"type": ["number", "null"]},
                    "unit_price": {"type": "number", "exclusiveMinimum": 0},
                    "monthly": {"type": ["number", "null"]},
                    "source": {"type": "string", "minLength": 10},
                },
            },
        },
        "unpriced": {"type": "array", "items": {"type": "object", "required": ["urn", "type"]}},
    },
}


@pytest.fixture(autouse=True)
def _in_the_platform_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def cost(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    assert run(["cost", *arguments, "--json"]) == code
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    jsonschema.validate(result, CONTRACT)
    return result


@pytest.fixture
def saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """What `platformctl preview dev.network --json` printed."""
    assert run(["preview", "dev.network", "--json"]) == 0
    path = tmp_path / "preview.json"
    path.write_text(capsys.readouterr().out)
    return path


def test_json_of_an_environment(capsys: pytest.CaptureFixture[str]) -> None:
    result = cost(capsys, "dev")
    assert result["region"] == "eu-west-1"
    assert result["monthly"] == 205.596
    assert result["budget"] == {"monthly": 600, "over": False}
    assert result["coverage"] == {"priced_types": 14, "types": 14, "unpriced_types": []}
    assert result["unpriced"] == []
    assert [(ceiling["name"], ceiling["vcpu"], ceiling["monthly"]) for ceiling in result["ceilings"]] == [
        ("dev-pool-general", 32, 1062.88),
        ("dev-pool-ci", 16, 531.44),
    ]
    assert {(ceiling["basis"], ceiling["reason"]) for ceiling in result["ceilings"]} == {("ec2.m7g.large", None)}
    assert [(advice["name"], advice["saving"]) for advice in result["advice"]] == [("dev-pool-system", None)]
    assert result["catalogue"] == {"compiled": "2026-11-27", "oldest_source": "2024-07-01"}
    assert result["difference"] is None
    assert result["monthly"] == pytest.approx(sum(line["monthly"] or 0 for line in result["lines"]))


def test_the_table_says_lower_bound_coverage_catalogue_and_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cost", "dev.cluster"]) == 0
    text = capsys.readouterr().out
    assert "at least $136.53 a month in eu-west-1 (lower bound; 5 of 5 resource types priced; catalogue of 2026-11-27)" in text
    assert "the lower bound is within the budget of $600.00" in text
    assert "skypilot-org/skypilot-catalog" in text
    assert "by usage" in text


def test_what_scales_by_itself_has_a_ceiling(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cost", "dev"]) == 0
    assert "ceiling, not in the total: node pool dev-pool-general (32 vCPU): $1,062.88 a month at most" in capsys.readouterr().out


def test_brief_is_the_total_and_the_budget(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cost", "dev.network", "--brief"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "at least $38.69 a month in eu-west-1 (lower bound; 3 of 3 resource types priced; catalogue of 2026-11-27)",
        "the lower bound is within the budget of $600.00",
    ]


def test_one_more_nat_gateway_moves_the_difference_by_its_price(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = json.loads(saved.read_text())
    content["resources"] = [row for row in content["resources"] if row["type"] != NAT]
    less = tmp_path / "less.json"
    less.write_text(json.dumps(content))
    result = cost(capsys, "dev.network", "--against", str(less))
    assert result["difference"]["absolute"] == 35.04
    assert [change["urn"].rpartition("::")[2] for change in result["difference"]["changes"]] == ["dev-nat-euw1-az1"]
    assert run(["cost", "dev.network", "--against", str(less)]) == 0
    assert "difference: +$35.04 a month (+960.0 %)" in capsys.readouterr().out


def test_no_difference_against_itself(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cost(capsys, "dev.network", "--against", str(saved))["difference"]["changes"] == []


def test_a_file_and_a_region_need_no_environment(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = cost(capsys, "--preview-json", str(saved), "--region", "us-east-1")
    assert result["budget"] is None
    # The stack's provider names eu-west-1; a region that is given is the one to price in.
    assert {line["region"] for line in result["lines"]} == {"us-east-1"}
    assert result["monthly"] == 32.85 + 3.65


def test_over_the_budget_is_exit_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def declared(budget: str) -> None:
        monkeypatch.setattr(command, "_declared", lambda _project, _target: command._Declared("eu-west-1", Decimal(budget)))

    declared("136.52")
    assert cost(capsys, "dev.cluster", code=1)["budget"] == {"monthly": 136.52, "over": True}
    assert run(["cost", "dev.cluster"]) == 1
    assert "over the budget of $136.52 by $0.01" in capsys.readouterr().out
    # What exactly meets the budget is within it.
    declared("136.528")
    assert cost(capsys, "dev.cluster")["budget"]["over"] is False


def test_a_usage_file_adds_its_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    urn = f"urn:pulumi:dev.network::{find_project(ROOT).name}::platform-components:index:Vpc${NAT}::dev-nat-euw1-az1"
    usage = tmp_path / "usage.yaml"
    usage.write_text(f"version: 1\nresource_usage:\n  {urn}:\n    monthly_data_processed_gb: 1000\n")
    assert cost(capsys, "dev.network", "--usage", str(usage))["monthly"] == 38.69 + 48


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dev", "--region", "mars-1"], "there are no prices for region 'mars-1'; there are for: eu-west-1, us-east-1"),
        (["nowhere"], "there is no environment 'nowhere'"),
        ([], "name an environment, or give --preview-json or --state together with --region"),
        (["--preview-json", "a", "--state", "b", "--region", "us-east-1"], "give --preview-json or --state, not both"),
        (["--preview-json", "gone.json", "--region", "us-east-1"], "gone.json  cannot be read: No such file or directory"),
        (["--preview-json", "README.md", "--region", "us-east-1"], "README.md:1  is no valid JSON"),
        (["dev", "--usage", "README.md"], "README.md"),
    ],
)
def test_bad_input_is_exit_2_and_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cost", *arguments]) == 2
    output = capsys.readouterr()
    assert message in output.err
    assert len(output.err.strip().splitlines()) == 1
    assert not output.out


URN = "urn:pulumi:team.app::app::"
RESOURCES = [
    {"urn": f"{URN}pulumi:pulumi:Stack::app-team", "type": "pulumi:pulumi:Stack", "custom": False},
    {"urn": f"{URN}{NAT}::nat", "type": NAT, "custom": True, "id": "nat-1", "inputs": {"subnetId": "subnet-1"}},
    {"urn": f"{URN}aws:redshift/cluster:Cluster::dw", "type": "aws:redshift/cluster:Cluster", "custom": True, "id": "dw", "inputs": {}},
]


def test_a_state_and_a_preview_of_any_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state, preview = tmp_path / "state.json", tmp_path / "preview.json"
    state.write_text(json.dumps({"version": 3, "deployment": {"resources": RESOURCES[:1]}}))
    preview.write_text(json.dumps({"steps": [{"op": "create", "newState": resource} for resource in RESOURCES]}))
    result = cost(capsys, "--preview-json", str(preview), "--region", "us-east-1", "--against", str(state))
    assert result["monthly"] == 32.85
    assert result["difference"] == {
        "before": 0,
        "after": 32.85,
        "absolute": 32.85,
        "percent": None,
        "changes": [{"urn": f"{URN}{NAT}::nat", "before": 0, "after": 32.85}],
    }
    assert [entry["type"] for entry in result["unpriced"]] == ["aws:redshift/cluster:Cluster"]
    assert cost(capsys, "--state", str(state), "--region", "us-east-1")["monthly"] == 0


STEP = json.dumps({"steps": [{"op": "create", "newState": RESOURCES[1]}]})


@pytest.mark.parametrize(
    ("option", "content", "message"),
    [
        ("--state", '{"version": 2, "deployment": {}}', "is a state of version 2; version 3 is read"),
        ("--against", '{"version": 4, "deployment": {}}', "is a state of version 4; version 3 is read"),
        ("--preview-json", STEP[:-9], "is no valid JSON"),
        ("--against", STEP.replace("urn:", "nru:"), "steps[0]: is no resource; it needs `urn` and `type`"),
    ],
)
def test_a_broken_file_is_exit_2_and_one_line(
    option: str, content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file.json").write_text(content)
    arguments = [option, str(tmp_path / "file.json"), "--region", "us-east-1"]
    assert run(["cost", *(["dev"] if option == "--against" else []), *arguments]) == 2
    output = capsys.readouterr()
    assert message in output.err
    assert len(output.err.strip().splitlines()) == 1
    assert not output.out


@pytest.mark.parametrize("content", ["[]", "{}", '{"resources": [{}], "layers": []}', '{"resources": [3], "layers": []}'])
def test_a_file_of_another_kind_is_refused(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    assert run(["cost", "--preview-json", str(path), "--region", "us-east-1"]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
