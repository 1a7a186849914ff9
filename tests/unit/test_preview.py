"""`platformctl preview`: layers in order, offline; the tree and the JSON."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from platform_policies.graph import UNKNOWN

from platformctl.__main__ import run

PROGRAM = """
import pulumi
import pulumi_aws as aws

environment, _, layer = pulumi.get_stack().partition(".")
print("this program talks")
if layer == "network":
    vpc = aws.ec2.Vpc("main", cidr_block="10.0.0.0/16")
    subnets = [
        aws.ec2.Subnet(f"s-{z}", vpc_id=vpc.id, cidr_block=f"10.0.{i}.0/24", opts=pulumi.ResourceOptions(parent=vpc))
        for i, z in enumerate("ab")
    ]
    pulumi.export("vpc_id", vpc.id)
    pulumi.export("cidr", vpc.cidr_block)
    pulumi.export("subnet_ids", pulumi.Output.all(*[s.id for s in subnets]).apply(lambda ids: {"private": ids}))
    pulumi.export("token", pulumi.Output.secret("hunter2"))
else:
    below = pulumi.StackReference(f"organization/platform/{environment}.network")
    pulumi.log.warn("EKS 1.35 leaves standard support in 94 days")
    group = aws.ec2.SecurityGroup("g", vpc_id=below.require_output("vpc_id"), description=below.require_output("token"))
    private = below.require_output("subnet_ids").apply(lambda tiers: tiers["private"])
    aws.eks.Cluster(
        "c",
        role_arn="arn:aws:iam::123456789012:role/r",
        vpc_config={"subnet_ids": private, "public_access_cidrs": [below.require_output("cidr")]},
    )
"""

RESOURCE = {
    "type": "object",
    "required": ["urn", "type", "name", "parent", "layer", "inputs", "dependencies", "propertyDependencies"],
    "properties": {
        "urn": {"type": "string", "pattern": "^urn:pulumi:"},
        "type": {"type": "string", "minLength": 1},
        "name": {"type": "string", "minLength": 1},
        "parent": {"type": ["string", "null"]},
        "layer": {"type": "string"},
        "inputs": {"type": "object"},
        "dependencies": {"type": "array", "items": {"type": "string"}},
        "propertyDependencies": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    },
}
CONTRACT = {
    "type": "object",
    "required": ["environment", "layers", "resources", "summary"],
    "properties": {
        "environment": {"type": "string"},
        "layers": {"type": "array", "items": {"type": "string"}},
        "resources": {"type": "array", "minItems": 1, "items": RESOURCE},
        "summary": {"type": "object", "required": ["resources", "layers", "types", "warnings"]},
    },
}
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    stacks = tmp_path / "stacks"
    for folder in ("layers", "environments"):
        (stacks / folder).mkdir(parents=True)
    (tmp_path / "Pulumi.yaml").write_text("name: platform\nmain: stacks/\nruntime: python\n")
    (stacks / "layers" / "order.yaml").write_text("[network, cluster]\n")
    (stacks / "environments" / "dev.yaml").write_text("environment: dev\n")
    (stacks / "__main__.py").write_text(PROGRAM)
    return tmp_path


def preview_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run(["preview", *arguments, "--json"]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def by_name(result: dict[str, Any], name: str) -> dict[str, Any]:
    return next(resource for resource in result["resources"] if resource["name"] == name)


def test_preview_prints_a_tree_with_counts_and_warnings(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-C", str(repository), "preview", "dev"]) == 0
    output = capsys.readouterr()
    assert output.out.splitlines() == [
        "dev.network  3 resources",
        "└── main  aws:ec2/vpc:Vpc",
        "    ├── s-a  aws:ec2/subnet:Subnet",
        "    └── s-b  aws:ec2/subnet:Subnet",
        "dev.cluster  2 resources",
        "├── organization/platform/dev.network  pulumi:pulumi:StackReference  (read)",
        "├── g  aws:ec2/securityGroup:SecurityGroup",
        "└── c  aws:eks/cluster:Cluster",
        "warning: EKS 1.35 leaves standard support in 94 days",
    ]
    assert "this program talks" in output.err


def test_preview_json_keeps_the_contract(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = preview_json(capsys, "dev", "-C", str(repository))
    jsonschema.validate(result, CONTRACT)
    assert (result["environment"], result["layers"]) == ("dev", ["network", "cluster"])
    assert result["summary"]["resources"] == 5
    assert result["summary"]["layers"] == {"network": 3, "cluster": 2}
    assert result["summary"]["warnings"] == [{"stack": "dev.cluster", "message": "EKS 1.35 leaves standard support in 94 days"}]
    subnet, vpc = by_name(result, "s-a"), by_name(result, "main")
    assert subnet["parent"] == vpc["urn"]
    assert subnet["dependencies"] == [vpc["urn"]]
    assert subnet["propertyDependencies"] == {"vpcId": [vpc["urn"]]}
    assert subnet["inputs"] == {"vpcId": UNKNOWN, "cidrBlock": "10.0.0.0/24"}
    assert subnet["source"] == "stacks/__main__.py:10"


def test_preview_of_one_layer_runs_those_below_it_and_shows_only_the_one(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = preview_json(capsys, "dev.cluster", "-C", str(repository))
    assert result["layers"] == ["cluster"]
    assert {resource["layer"] for resource in result["resources"]} == {"cluster"}
    cluster = by_name(result, "c")["inputs"]
    # The structure of what comes from below is there; what only the cloud knows is unknown, and what is declared is known.
    assert cluster["vpcConfig"] == {"subnetIds": [UNKNOWN, UNKNOWN], "publicAccessCidrs": ["10.0.0.0/16"]}
    assert by_name(result, "g")["inputs"] == {"vpcId": UNKNOWN, "description": {"secret": True}}
    assert "hunter2" not in json.dumps(result)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["preview", "prd"], "there is no environment 'prd'; choose from: dev"),
        (["preview", "dev.netwrk"], "there is no layer 'netwrk'; choose from: network, cluster"),
        (["preview", "../dev"], "there is no environment '../dev'; choose from: dev"),
        (["preview", ""], "there is no environment ''; choose from: dev"),
    ],
)
def test_preview_refuses_what_does_not_exist(
    repository: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(["-C", str(repository), *arguments]) == 2
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", f"{message}\n")


def test_preview_of_a_project_without_layers_takes_the_stack_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: own\nruntime: {name: python}\n")
    (tmp_path / "__main__.py").write_text("import pulumi_aws as aws\naws.sqs.Queue('jobs')\n")
    result = preview_json(capsys, "prod", "-C", str(tmp_path))
    assert by_name(result, "jobs")["urn"] == "urn:pulumi:prod::own::aws:sqs/queue:Queue::jobs"


def test_preview_of_this_repository_is_the_same_twice(capsys: pytest.CaptureFixture[str]) -> None:
    first = preview_json(capsys, "dev", "-C", str(REPOSITORY))
    jsonschema.validate(first, CONTRACT)
    assert first == preview_json(capsys, "dev", "-C", str(REPOSITORY))
