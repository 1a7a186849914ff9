"""The mock run: a whole project's program, what is recorded of it, and its failures told in its own words."""

import asyncio
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import pulumi_random as random
import pytest
from platform_policies.graph import SECRET, UNKNOWN

from platform_components.errors import DeclarationError, UnsupportedError, UpstreamError
from platformctl.errors import ToolError
from platformctl.project import Project, find_project
from platformctl.readers.mock_run import MockRun, run_stack
from tests.support import deploy

NewProject = Callable[..., Project]


@pytest.fixture
def new_project(tmp_path: Path) -> NewProject:
    def make(program: str, **files: str) -> Project:
        (tmp_path / "Pulumi.yaml").write_text("name: platform\nmain: stacks/\nruntime: python\n")
        (tmp_path / "stacks").mkdir(exist_ok=True)
        (tmp_path / "stacks" / "__main__.py").write_text(program)
        for name, content in files.items():
            (tmp_path / name.replace("__", "/").replace("_yaml", ".yaml").replace("_py", ".py")).write_text(content)
        return find_project(tmp_path / "stacks")

    return make


# What a program may expect of its process


def test_a_program_runs_in_its_folder_with_its_own_modules_each_time_anew(
    new_project: NewProject, capsys: pytest.CaptureFixture[str]
) -> None:
    program = "import os, own, pulumi\npulumi.export('cwd', os.getcwd())\npulumi.export('value', own.VALUE)\nprint('chatter')\n"
    before, path, argv = Path.cwd(), list(sys.path), sys.argv
    project = new_project(program, stacks__own_py="VALUE = 1\n")
    first = run_stack(project, "dev.network")
    (project.main / "own.py").write_text("VALUE = 'two'\n")
    second = run_stack(project, "dev.network")
    assert first.outputs == {"cwd": str(project.main), "value": 1}
    assert second.outputs["value"] == "two"
    assert (Path.cwd(), sys.path, sys.argv, "own" in sys.modules) == (before, path, argv, False)
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", "chatter\nchatter\n")


def test_a_program_reads_its_configuration_and_secrets_stay_secret(new_project: NewProject) -> None:
    program = """
import pulumi, pulumi_aws as aws
config = pulumi.Config()
pulumi.export("size", config.require_int("size"))
pulumi.export("flag", config.require_bool("flag"))
pulumi.export("shape", config.require_object("shape"))
pulumi.export("password", config.require_secret("password"))
pulumi.export("default", config.require("default"))
pulumi.export("region", aws.get_region_output().region)
"""
    stack = """
config:
  aws:region: ap-southeast-2
  platform:size: 3
  flag: true
  shape: {a: [1]}
  platform:password: {secure: v1:abc}
"""
    defaults = "name: platform\nmain: stacks/\nruntime: python\nconfig:\n  default: {type: string, default: given}\n  size: 1\n"
    run = run_stack(new_project(program, **{"Pulumi.dev.network_yaml": stack, "Pulumi_yaml": defaults}), "dev.network")
    assert run.outputs == {
        "size": 3,
        "flag": True,
        "shape": {"a": [1]},
        "password": dict(SECRET),
        "default": "given",
        "region": "ap-southeast-2",
    }


def test_disabled_default_providers_are_refused_as_the_engine_does(new_project: NewProject) -> None:
    program = "import pulumi_aws as aws\naws.ec2.Vpc('a', cidr_block='10.0.0.0/16')\n"
    stack = "config:\n  pulumi:disable-default-providers: ['aws']\n"
    with pytest.raises(UnsupportedError, match=r"Default provider for 'aws' disabled. 'aws:ec2/vpc:Vpc' must use an explicit provider."):
        run_stack(new_project(program, **{"Pulumi.dev.network_yaml": stack}), "dev.network")


def test_a_default_provider_has_the_stacks_configuration(new_project: NewProject) -> None:
    program = """
import pulumi, pulumi_aws as aws
aws.ec2.Vpc("first", cidr_block="10.0.0.0/16", tags={"Own": "yes"})
aws.ec2.Vpc("second", cidr_block="10.1.0.0/16", opts=pulumi.ResourceOptions(provider=aws.Provider("other", region="us-east-1")))
"""
    config = "config:\n  aws:region: eu-west-1\n  aws:defaultTags: {tags: {Environment: demo}}\n  aws:token: {secure: x}\n"
    project = new_project(program)
    default, other = run_stack(project, "dev").graph.of_type("pulumi:providers:aws")
    assert (default.inputs, other.inputs["region"]) == ({}, "us-east-1"), "nothing is configured"

    (project.root / "Pulumi.dev.yaml").write_text(config)
    graph = run_stack(project, "dev").graph
    default, other = graph.of_type("pulumi:providers:aws")
    assert default.urn.startswith("urn:pulumi:dev::platform::pulumi:providers:aws::default_")
    assert default.inputs == {"region": "eu-west-1", "defaultTags": '{"tags": {"Environment": "demo"}}', "token": {"secret": True}}
    first, second = graph.of_type("aws:ec2/vpc:Vpc")
    assert (first.provider, second.provider) == (f"{default.urn}::{UNKNOWN}", f"{other.urn}::{UNKNOWN}")
    assert first.inputs["tags"] == {"Environment": "demo", "Own": "yes"}
    assert "tags" not in second.inputs


def test_manifests_are_read_without_a_cluster(new_project: NewProject) -> None:
    program = "import pulumi_kubernetes as k8s\nk8s.yaml.ConfigGroup('all', yaml=[{text!r}])\n"
    text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: b}, data: {since: 2026-01-01}}"
    graph = run_stack(new_project(program.format(text=text)), "dev").graph
    (found,) = graph.of_type("kubernetes:core:ConfigMap")
    assert (found.name, found.inputs["data"]) == ("b/a", {"since": "2026-01-01"})
    with pytest.raises(UnsupportedError, match="kubernetes:yaml:decode: the text is not YAML"):
        run_stack(new_project(program.format(text="a: [")), "dev")


def test_nothing_of_a_run_is_left_behind_even_after_a_failure(new_project: NewProject) -> None:
    project = new_project("import pulumi, pulumi_aws as aws\naws.ec2.Vpc('a', cidr_block='10.0.0.0/16')\nraise ValueError('x')\n")
    before, path = Path.cwd(), list(sys.path)
    with pytest.raises(ToolError):
        run_stack(project, "dev.network")
    assert (Path.cwd(), sys.path) == (before, path)
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.get_running_loop()
    assert len(run_stack(new_project("import pulumi\n"), "dev.network").graph) == 1


# Failures


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (
            "def build():\n    raise ValueError('no luck')\n\nbuild()\n",
            """dev.network: the program failed: ValueError: no luck
  stacks/__main__.py:4  build()
  stacks/__main__.py:2  raise ValueError('no luck')""",
        ),
        (
            "import pulumi\n\ndef wrong(x):\n    return x.nothing\n\npulumi.export('x', pulumi.Output.from_input(1).apply(wrong))\n",
            """dev.network: the program failed: AttributeError: 'int' object has no attribute 'nothing'
  stacks/__main__.py:4  return x.nothing""",
        ),
        ("import pulumi\npulumi.Config().require('size')\n", "dev.network: Missing required configuration variable 'platform:size'"),
        (
            "import nowhere\n",
            "dev.network: the program failed: ModuleNotFoundError: No module named 'nowhere'\n  stacks/__main__.py:1",
        ),
        ("raise SystemExit('gave up')\n", "dev.network: the program ended itself with 'gave up'"),
        ("import pulumi\npulumi.log.error('the program says no')\n", "the program says no"),
    ],
)
def test_a_failing_program_is_told_in_its_own_words(new_project: NewProject, program: str, message: str) -> None:
    with pytest.raises(ToolError) as failure:
        run_stack(new_project(program), "dev.network")
    assert str(failure.value).startswith(message)
    assert "Traceback" not in str(failure.value)
    assert "mock_run" not in str(failure.value)


def test_a_syntax_error_names_file_and_line(new_project: NewProject) -> None:
    project = new_project("import pulumi\nif:\n")
    with pytest.raises(ToolError, match=r"SyntaxError(.|\n)*stacks/__main__.py:2"):
        run_stack(project, "dev.network")


@pytest.mark.parametrize("wrapper", ["pulumi.RunError", "KeyError"])
def test_a_refusal_keeps_its_type_however_it_is_wrapped(new_project: NewProject, wrapper: str) -> None:
    program = f"""
import pulumi
from platform_components.errors import DeclarationError, Problem

def refuse(_):
    try:
        raise DeclarationError([Problem('no', field='network.cidr')])
    except DeclarationError as error:
        raise {wrapper}('wrapped') from error

pulumi.export('x', pulumi.Output.from_input(1).apply(refuse))
"""
    with pytest.raises(DeclarationError, match=r"network\.cidr  no"):
        run_stack(new_project(program), "dev.network")


def test_a_missing_stack_below_is_named(new_project: NewProject) -> None:
    project = new_project("import pulumi\npulumi.StackReference('organization/platform/dev.network')\n")
    with pytest.raises(UpstreamError, match=r"stack dev.network has not been brought up, and stack dev.cluster reads its outputs"):
        run_stack(project, "dev.cluster")


# Layers


BELOW = """
import pulumi, pulumi_aws as aws
vpc = aws.ec2.Vpc("v", cidr_block="10.0.0.0/16", assign_generated_ipv6_cidr_block=True)
role = aws.iam.Role("r", assume_role_policy="{}")
pulumi.export("vpc_id", vpc.id)
pulumi.export("arn", role.arn)
pulumi.export("ipv6", vpc.ipv6_cidr_block)
pulumi.export("plain", {"cidr": vpc.cidr_block, "count": 3})
pulumi.export("key", pulumi.Output.secret({"a": vpc.id}))
"""
ABOVE = """
import ipaddress, json, pulumi, pulumi_aws as aws
below = pulumi.StackReference("organization/platform/dev.network")
half = below.require_output("ipv6").apply(lambda block: str(next(ipaddress.ip_network(block).subnets(prefixlen_diff=8))))
document = below.require_output("arn").apply(lambda arn: json.dumps({"Principal": arn}))
aws.ec2.Subnet("s", vpc_id=below.require_output("vpc_id"), ipv6_cidr_block=half, tags={
    "document": document,
    "key": below.require_output("key").apply(json.dumps),
    "cidr": below.require_output("plain").apply(lambda plain: plain["cidr"]),
})
"""


def test_what_follows_from_an_unknown_of_a_layer_below_is_unknown(new_project: NewProject) -> None:
    below = run_stack(new_project(BELOW), "dev.network", preview=False)
    assert below.outputs == {
        "vpc_id": UNKNOWN,
        "arn": UNKNOWN,
        "ipv6": UNKNOWN,
        "plain": {"cidr": "10.0.0.0/16", "count": 3},
        "key": dict(SECRET),
    }
    above = run_stack(new_project(ABOVE), "dev.cluster", upstream={"dev.network": below.exports})
    subnet = next(above.graph.of_type("aws:ec2/subnet:Subnet"))
    assert subnet.inputs == {
        "vpcId": UNKNOWN,
        "ipv6CidrBlock": UNKNOWN,
        "tags": {"document": UNKNOWN, "key": dict(SECRET), "cidr": "10.0.0.0/16"},
    }


def test_a_preview_and_a_run_for_exports_register_the_same(new_project: NewProject) -> None:
    def shape(run: MockRun) -> list[tuple[str, str]]:
        return [(node.type, node.name) for node in run.graph]

    project = new_project(BELOW)
    assert shape(run_stack(project, "dev.network")) == shape(run_stack(project, "dev.network", preview=False))


# What is recorded


def test_the_source_of_a_resource_is_the_programs_own_line(new_project: NewProject) -> None:
    program = "from own import build\n\n\nbuild()\n"
    own = "import pulumi_aws as aws\n\n\ndef build():\n    aws.ec2.Vpc('a', cidr_block='10.0.0.0/16')\n"
    run = run_stack(new_project(program, stacks__own_py=own), "dev.network")
    assert next(run.graph.of_type("aws:ec2/vpc:Vpc")).source == "stacks/own.py:5"


def test_nested_components_have_the_engines_urns() -> None:
    class Box(pulumi.ComponentResource):
        def __init__(self, kind: str, name: str, inner: bool, opts: pulumi.ResourceOptions | None = None) -> None:
            super().__init__(f"test:index:{kind}", name, {}, opts)
            here = pulumi.ResourceOptions(parent=self)
            if inner:
                Box("Inner", f"{name}-inner", inner=False, opts=here)
            else:
                aws.sqs.Queue(f"{name}-queue", opts=here)

    deployment = deploy(lambda: Box("Outer", "a", inner=True))
    queue = deployment.one("aws:sqs/queue:Queue")
    assert queue.urn == "urn:pulumi:test.network::platform::test:index:Outer$test:index:Inner$aws:sqs/queue:Queue::a-inner-queue"


def test_the_provider_of_a_resource_is_recorded_and_says_its_region() -> None:
    def build() -> pulumi.Output[str]:
        provider = aws.Provider("p", region="cn-north-1")
        return aws.sns.Topic("t", opts=pulumi.ResourceOptions(provider=provider)).arn

    deployment = deploy(build)
    provider = deployment.one("pulumi:providers:aws")
    assert deployment.one("aws:sns/topic:Topic").provider.startswith(f"{provider.urn}::")
    assert deployment.value(deployment.result).startswith("arn:aws-cn:sns:cn-north-1:123456789012:t-")


@pytest.mark.parametrize("preview", [True, False])
def test_default_tags_of_the_provider_lie_under_a_resources_own(preview: bool) -> None:
    def build() -> pulumi.Output[Any]:
        provider = aws.Provider("p", default_tags={"tags": {"Environment": "dev", "Team": "platform"}})
        opts = pulumi.ResourceOptions(provider=provider)
        aws.ec2.RouteTableAssociation("no-tags", route_table_id="rtb-1", subnet_id="s-1", opts=opts)
        aws.autoscaling.Group("list", max_size=1, min_size=1, tags=[{"key": "a", "value": "b", "propagate_at_launch": True}], opts=opts)
        aws.ec2.Eip("untagged", opts=opts)
        return aws.ec2.Vpc("a", cidr_block="10.0.0.0/16", tags={"Team": "payments"}, opts=opts).tags

    deployment = deploy(build, preview=preview)
    assert deployment.one("aws:ec2/vpc:Vpc").inputs["tags"] == {"Environment": "dev", "Team": "payments"}
    assert deployment.value(deployment.result) == {"Environment": "dev", "Team": "payments"}
    assert deployment.one("aws:ec2/eip:Eip").inputs == {"tags": {"Environment": "dev", "Team": "platform"}}
    assert "tags" not in deployment.one("aws:ec2/routeTableAssociation:RouteTableAssociation").inputs
    assert len(deployment.one("aws:autoscaling/group:Group").inputs["tags"]) == 1


@pytest.mark.parametrize("preview", [True, False])
def test_a_resource_of_someone_else_is_read_by_its_id(preview: bool) -> None:
    deployment = deploy(lambda: aws.ec2.Vpc.get("theirs", "vpc-123"), preview=preview)
    node = deployment.one("aws:ec2/vpc:Vpc")
    assert (node.external, node.custom) == (True, True)
    assert deployment.output(deployment.result.id) == ("vpc-123", True, False)
    assert deployment.output(deployment.result.arn).known is not preview


def test_provider_generated_secrets_are_secret_outputs() -> None:
    deployment = deploy(lambda: random.RandomPassword("p", length=20))
    assert deployment.output(deployment.result.result).secret
    assert deployment.one("random:index/randomPassword:RandomPassword").outputs["result"] == dict(SECRET)


def test_kubernetes_objects_get_names_ids_and_assets_are_described() -> None:
    def build() -> dict[str, Any]:
        space = kubernetes.core.v1.Namespace("team", metadata={"labels": {"a": "b"}})
        config = kubernetes.core.v1.ConfigMap("c", metadata={"name": "fixed", "namespace": "n"}, data={"k": "v"})
        aws.s3.BucketObject("o", bucket="b", source=pulumi.StringAsset("text"))
        return {"name": space.metadata.name, "labels": space.metadata.labels, "id": config.id}

    deployment = deploy(build)
    assert deployment.value("name").startswith("team-")
    assert deployment.value("labels") == {"a": "b"}
    assert deployment.value("id") == "n/fixed"
    assert deployment.one("aws:s3/bucketObject:BucketObject").inputs["source"]["asset"]["text"] == "text"


def test_a_program_may_wait_for_its_own_work(new_project: NewProject) -> None:
    program = """
import asyncio, pulumi
async def slow():
    await asyncio.sleep(0.01)
    return await asyncio.get_running_loop().run_in_executor(None, lambda: "done")
pulumi.export("slow", pulumi.Output.from_input(slow()))
"""
    assert run_stack(new_project(program), "dev.network").outputs == {"slow": "done"}


def test_resources_stand_in_the_order_in_which_the_program_makes_them() -> None:
    """However long one has to wait for what it is given."""

    def program() -> None:
        async def slow() -> str:
            await asyncio.sleep(0.01)
            return "x"

        random.RandomPet("waits", prefix=pulumi.Output.from_input(slow()))
        random.RandomPet("waits-not")

    assert [node.name for node in deploy(program).graph if node.type == "random:index/randomPet:RandomPet"] == ["waits", "waits-not"]


# The project


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name: x\nruntime: nodejs\n", r"runtime  must be python, not nodejs"),
        ("runtime: python\n", r"name  must be the project's name"),
        ("name: x\nruntime: python\nmain: nowhere\n", r"main  nowhere holds no __main__.py"),
        ("- a\n", r"Pulumi.yaml  must be a YAML mapping"),
        ("", r"Pulumi.yaml  must be a YAML mapping"),
        ("name: [\n", r"Pulumi.yaml:2  cannot be read as YAML"),
        ("name: \x00\n", r"cannot be read as YAML"),
    ],
)
def test_a_bad_project_file_is_refused_with_its_place(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text(content)
    (tmp_path / "__main__.py").touch()
    with pytest.raises(DeclarationError, match=message):
        find_project(tmp_path)


def test_every_problem_of_a_project_file_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("runtime: go\n")
    with pytest.raises(DeclarationError) as refusal:
        find_project(tmp_path)
    assert len(refusal.value.problems) == 3


def test_no_project_anywhere_above_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DeclarationError, match=rf"no Pulumi.yaml in {os.path.realpath(tmp_path)} or above"):
        find_project()
    with pytest.raises(DeclarationError, match="is no folder"):
        find_project(tmp_path / "nowhere")


@pytest.mark.parametrize(("content", "message"), [("a: b\n", "must be a list of layer names"), ("config: [1]\n", "must be a list")])
def test_a_bad_order_of_layers_is_refused(new_project: NewProject, content: str, message: str) -> None:
    project = new_project("")
    (project.main / "layers").mkdir()
    (project.main / "layers" / "order.yaml").write_text(content)
    with pytest.raises(DeclarationError, match=message):
        project.stacks_of("dev")


def test_a_stack_configuration_that_is_no_mapping_is_refused(new_project: NewProject) -> None:
    with pytest.raises(DeclarationError, match="config  must be a mapping"):
        new_project("", **{"Pulumi.dev.network_yaml": "config: [1]\n"}).stack_config("dev.network")


def test_a_program_gets_its_own_modules_whatever_checkout_was_loaded_before(tmp_path: Path) -> None:
    """Two checkouts in one process: each graph tells the lines of its own."""
    import stacks.layers.network as loaded  # noqa: PLC0415 -- the point: it is loaded first

    repository = Path(__file__).parents[2]
    shutil.copy(repository / "Pulumi.yaml", tmp_path)
    shutil.copytree(repository / "stacks", tmp_path / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    graph = run_stack(find_project(tmp_path), "dev.network").graph
    assert {node.source.partition(":")[0] for node in graph} == {"", "stacks/layers/network.py", "stacks/providers.py"}
    assert sys.modules["stacks.layers.network"] is loaded
