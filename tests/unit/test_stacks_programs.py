"""The programs of the stacks, offline: every environment and layer, what they export, and what they refuse."""

import ast
import gc
import shutil
import sys
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import pulumi
import pytest
import yaml
from platform_policies.graph import SECRET, UNKNOWN, Node, ResourceGraph

from platform_components.cluster.versions import SUPPORT
from platform_components.declarations.environment import load_environment, load_environments
from platform_components.errors import DeclarationError, UpstreamError
from platformctl.project import Project, find_project
from platformctl.readers import wire
from platformctl.readers.mock_run import MockRun, run_stack
from stacks import contracts, program
from stacks.layers import cluster
from stacks.upstream import Upstream
from tests.rule_files import contract_problems, rules_of
from tests.support import deploy

ROOT = Path(__file__).parents[2]
STACKS = ROOT / "stacks"
LAYERS = tuple("tenants-00" if layer == "tenants" else layer for layer in program.layer_order(STACKS))
"""Second halves of the names of stacks; the environments here have one shard each."""
NAMES = tuple(sorted(path.stem for path in (STACKS / "environments").glob("*.yaml")))
TEAMS = {path.stem for path in (STACKS / "teams").glob("*.yaml")}
CASES = [(name, layer) for name in NAMES for layer in LAYERS]
PROVIDER = "pulumi:providers:"


@cache
def exports(name: str, layer: str) -> Mapping[str, Any]:
    return run_stack(find_project(ROOT), f"{name}.{layer}", upstream=below(name, layer), preview=False).exports


def below(name: str, layer: str) -> dict[str, Mapping[str, Any]]:
    return {f"{name}.{lower}": exports(name, lower) for lower in LAYERS[: LAYERS.index(layer)]}


@cache
def preview(name: str, layer: str) -> MockRun:
    return run_stack(find_project(ROOT), f"{name}.{layer}", upstream=below(name, layer))


def made(graph: ResourceGraph) -> Iterator[Node]:
    """What the stack makes: not the stack itself, nor what it only reads, nor its providers."""
    return (node for node in graph if node.parent and not node.external and not node.type.startswith(PROVIDER))


@pytest.mark.parametrize(("name", "layer"), CASES)
def test_every_layer_of_every_environment_previews_offline(name: str, layer: str) -> None:
    graph = preview(name, layer).graph
    components = [node for node in graph if node.type.startswith("platform-components:index:")]
    tops = {node.name for node in components if graph.by_urn[node.parent].type == "pulumi:pulumi:Stack"}
    if layer == "data":
        # One component for each store, and none where the environment declares none.
        assert all(top.startswith(f"{name}-") for top in tops)
    else:
        # An objective is called as its series are.
        objectives = {node.name for node in components if node.type.endswith(":Slo")}
        assert tops - objectives == (TEAMS if layer.startswith("tenants-") else {name})
    for node in made(graph):
        assert "platform-components:index:" in node.urn, f"{node.urn} stands outside every component"


@pytest.mark.parametrize(("name", "layer"), CASES)
def test_no_resource_uses_a_default_provider(name: str, layer: str) -> None:
    graph = preview(name, layer).graph
    for node in made(graph):
        if node.custom:
            urn = node.provider.rpartition("::")[0]
            assert graph.by_urn[urn].type == PROVIDER + node.type.partition(":")[0], f"{node.urn} names no provider of its own"


@pytest.mark.parametrize(("name", "layer"), CASES)
def test_a_layer_exports_its_contract_and_nothing_else(name: str, layer: str) -> None:
    contract = getattr(contracts, f"{layer.partition('-')[0].capitalize()}Outputs")
    assert set(preview(name, layer).outputs) == set(get_type_hints(contract))
    assert all(value is not None for value in preview(name, layer).outputs.values())


@pytest.mark.parametrize(("name", "layer"), CASES)
def test_the_provider_is_told_region_and_tags(name: str, layer: str) -> None:
    (provider,) = (node for node in preview(name, layer).graph.of_type("pulumi:providers:aws"))
    assert provider.inputs["region"] == "eu-west-1"
    assert yaml.safe_load(provider.inputs["defaultTags"]) == {
        "tags": {"Environment": name, "Layer": layer.partition("-")[0], "ManagedBy": "platform-components"}
    }
    assert "allowedAccountIds" not in provider.inputs


@pytest.mark.parametrize(("name", "layer"), CASES)
def test_preview_and_up_register_the_same_resources(name: str, layer: str) -> None:
    after_up = run_stack(find_project(ROOT), f"{name}.{layer}", upstream=below(name, layer), preview=False)
    assert sorted(after_up.graph.by_urn) == sorted(preview(name, layer).graph.by_urn)


def test_production_runs_what_its_own_registry_signed() -> None:
    run = run_stack(find_project(ROOT), "prod.delivery", upstream=below("prod", "delivery"), preview=False)
    (rule,) = [node for node in run.graph if node.type.endswith(":ImageValidatingPolicy")]
    (attestor,) = rule.inputs["spec"]["attestors"]
    # Its public half is known once it is made.
    assert (attestor["name"], attestor["cosign"]["key"]["data"]) == ("registry", UNKNOWN)
    assert any(urn.endswith("::prod-signing") for urn in rule.dependencies)
    assert run.exports["signing_public_key"].startswith("-----BEGIN PUBLIC KEY-----")
    assert run.exports["signing_key"] == "awskms:///alias/prod-signing"
    assert "monitoring" in rule.inputs["spec"]["matchConstraints"]["namespaceSelector"]["matchExpressions"][0]["values"]
    (tags,) = [
        node
        for node in preview("prod", "platform").graph
        if node.name == "prod-image-tags" and node.type.endswith(":ValidatingAdmissionPolicy")
    ]
    assert {"name": "require_digests", "expression": "true"} in tags.inputs["spec"]["variables"]


# --- what is refused


@pytest.fixture
def copy(tmp_path: Path) -> Project:
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    shutil.copytree(STACKS, tmp_path / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    return find_project(tmp_path)


def edit(project: Project, name: str, old: str, new: str) -> None:
    path = project.folder / "environments" / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        ("dev", f"stack dev  a stack is named ENVIRONMENT.LAYER; choose a layer from: {', '.join(LAYERS)}"),
        ("dev.netwrok", f"stack dev.netwrok  there is no layer 'netwrok'; choose a layer from: {', '.join(LAYERS)}"),
        ("dev.network.x", f"stack dev.network.x  there is no layer 'network.x'; choose a layer from: {', '.join(LAYERS)}"),
        (".network", "there is no environment ''; choose from: dev, prod, staging"),
        ("develop.network", "there is no environment 'develop'; choose from: dev, prod, staging"),
        ("../dev.network", f"stack ../dev.network  there is no layer './dev.network'; choose a layer from: {', '.join(LAYERS)}"),
    ],
)
def test_a_stack_name_that_means_nothing_names_the_choices(stack: str, message: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        run_stack(find_project(ROOT), stack)
    assert str(caught.value) == message


def test_a_fault_in_the_file_is_told_relative_to_the_repository(copy: Project) -> None:
    edit(copy, "prod", "euw1-az3]", "euw1-az4]")
    with pytest.raises(DeclarationError) as caught:
        run_stack(copy, "prod.network")
    place, field, message = str(caught.value).split("  ")
    assert (place, field) == ("stacks/environments/prod.yaml:8", "network.zones[2]")
    assert message == "zone euw1-az4 does not exist in eu-west-1; choose from euw1-az1, euw1-az2, euw1-az3"


def test_an_overlap_with_a_neighbour_stops_the_stack_and_a_broken_neighbour_does_not(copy: Project) -> None:
    edit(copy, "staging", "cidr: ", "cdir: ")
    assert len(run_stack(copy, "dev.network").graph) > 1
    edit(copy, "prod", "10.32.0.0/16", "10.16.0.0/20")
    with pytest.raises(DeclarationError, match=r"dev\.yaml:8  network\.cidr  10\.16\.0\.0/16 overlaps 10\.16\.0\.0/20 of environment prod"):
        run_stack(copy, "dev.network")


def test_the_engine_is_given_a_run_error_so_that_it_prints_no_traceback(copy: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(copy, "dev", "region: eu-west-1", "region: moon")
    with pytest.raises(pulumi.RunError, match=r"^stacks/environments/dev\.yaml:5  region  region 'moon' does not exist") as caught:
        program.run("dev.network", copy.folder)
    assert isinstance(caught.value.__cause__, DeclarationError)


def test_an_account_id_fences_the_provider(copy: Project) -> None:
    edit(copy, "dev", "domain:", 'account_id: "012345678901"\ndomain:')
    (provider,) = run_stack(copy, "dev.network").graph.of_type("pulumi:providers:aws")
    assert yaml.safe_load(provider.inputs["allowedAccountIds"]) == ["012345678901"]


# --- reading the layers below

NETWORK: dict[str, Any] = {"vpc_id": "vpc-1", "cidr": "10.0.0.0/16", "subnet_ids": {"private": ["subnet-1", "subnet-2"]}}


def test_the_network_is_read_as_a_reference() -> None:
    def build() -> dict[str, Any]:
        network = Upstream("dev").network
        return {"vpc": network.vpc_id, "private": network.subnets("private"), "cache": network.subnets("cache")}

    done = deploy(build, stack="dev.cluster", upstream={"dev.network": NETWORK})
    assert done.value("vpc") == "vpc-1"
    assert done.value("private") == ["subnet-1", "subnet-2"]
    assert done.value("cache") == []
    assert [node.inputs["name"] for node in done.graph.of_type("pulumi:pulumi:StackReference")] == ["organization/platform/dev.network"]


def test_a_secret_stays_one() -> None:
    upstream = {"dev.network": {**NETWORK, "vpc_id": wire.secret("vpc-1")}}
    done = deploy(lambda: {"vpc": Upstream("dev").network.vpc_id}, stack="dev.cluster", upstream=upstream)
    assert done.output("vpc").secret


def test_a_missing_output_is_told_by_stack_and_key() -> None:
    upstream = {"dev.network": {key: value for key, value in NETWORK.items() if key != "subnet_ids"}}
    with pytest.raises(UpstreamError, match=r"stack dev\.network exports no subnet_ids; bring it up again") as caught:
        deploy(lambda: Upstream("dev").network.subnets("private"), stack="dev.cluster", upstream=upstream)
    assert isinstance(caught.value, pulumi.RunError), "else the engine's host would print a traceback from inside the apply"


# The SDK's get_output makes coroutines that a failing program leaves behind; they are collected here, so that no other test is blamed.
@pytest.mark.filterwarnings("ignore:coroutine 'Output:RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_missing_stack_is_told_by_name() -> None:
    with pytest.raises(UpstreamError, match=r"stack dev\.network has not been brought up"):
        deploy(lambda: Upstream("dev").network.vpc_id, stack="dev.cluster")
    gc.collect()


# --- the cluster layer


def warnings_on(today: date) -> list[str]:
    environment = load_environments(STACKS / "environments")["dev"]
    done = deploy(
        lambda: cluster.build(environment, Upstream("dev"), today=today),
        preview=True,
        stack="dev.cluster",
        upstream={"dev.network": NETWORK},
    )
    return done.warnings


@pytest.mark.parametrize(
    ("days_left", "expected"),
    [(61, []), (60, ["in 60 days"]), (0, ["in 0 days"]), (-1, ["left standard support on"]), (-400, ["left extended support on"])],
)
def test_it_warns_when_support_of_the_version_ends_soon(days_left: int, expected: list[str]) -> None:
    version = load_environments(STACKS / "environments")["dev"].cluster.version
    found = warnings_on(SUPPORT[version].standard_until - timedelta(days=days_left))
    assert len(found) == len(expected)
    for text, part in zip(found, expected, strict=True):
        assert f"EKS {version}" in text
        assert part in text


def test_the_environments_tags_reach_what_aws_makes_for_the_cluster() -> None:
    (template,) = preview("dev", "cluster").graph.of_type("aws:ec2/launchTemplate:LaunchTemplate")
    for specification in template.inputs["tagSpecifications"]:
        assert {"Environment": "dev", "Layer": "cluster", "ManagedBy": "platform-components"}.items() <= specification["tags"].items()
    assert {specification["resourceType"] for specification in template.inputs["tagSpecifications"]} >= {"instance", "volume"}


def test_the_cluster_stands_in_the_network_below() -> None:
    environment = load_environments(STACKS / "environments")["dev"]
    done = deploy(lambda: cluster.build(environment, Upstream("dev")), stack="dev.cluster", upstream={"dev.network": NETWORK})
    assert done.one("aws:eks/cluster:Cluster").inputs["vpcConfig"]["subnetIds"] == NETWORK["subnet_ids"]["private"]


def test_every_environment_has_managed_and_karpenter_nodes() -> None:
    for name in NAMES:
        assert list(preview(name, "cluster").graph.of_type("aws:eks/nodeGroup:NodeGroup"))
        assert list(preview(name, "platform").graph.of_type("kubernetes:karpenter.sh:NodePool"))
        assert not list(preview(name, "cluster").graph.of_type("kubernetes:karpenter.sh:NodePool")), (
            "they live and die with their controller"
        )


def test_the_kubeconfig_is_exported_as_a_secret() -> None:
    assert preview("dev", "cluster").outputs["kubeconfig"] == SECRET


# --- the audit trail


def test_trail_flow_logs_and_audit_log_end_in_one_bucket() -> None:
    """In whichever environment has the section; the others send their flow logs to a log group of their own."""
    network, above = preview("prod", "network").graph, preview("prod", "cluster").graph
    (bucket,) = (node for node in network.of_type("aws:s3/bucket:Bucket") if node.name == "prod-records")
    (trail,) = network.of_type("aws:cloudtrail/trail:Trail")
    (flow,) = network.of_type("aws:ec2/flowLog:FlowLog")
    assert bucket.urn in trail.property_dependencies["s3BucketName"]
    assert (flow.inputs["logDestinationType"], bucket.urn in flow.property_dependencies["logDestination"]) == ("s3", True)
    (forward,) = above.of_type("aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter")
    (group,) = (node for node in above.of_type("aws:cloudwatch/logGroup:LogGroup") if node.inputs["name"].startswith("/aws/eks/"))
    assert (forward.inputs["logGroup"], forward.inputs["filterPattern"]) == (group.inputs["name"], '{ $.apiVersion = "audit.k8s.io/*" }')
    (cluster_made,) = above.of_type("aws:eks/cluster:Cluster")
    assert cluster_made.urn in forward.property_dependencies["logGroup"], "the log group is there before the cluster is"
    (stream,) = above.of_type("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream")
    assert stream.inputs["extendedS3Configuration"]["bucketArn"] == exports("prod", "network")["audit_bucket_arn"]
    (other,) = preview("dev", "network").graph.of_type("aws:ec2/flowLog:FlowLog")
    assert other.inputs["logDestinationType"] == "cloud-watch-logs"
    assert not list(preview("dev", "cluster").graph.of_type("aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter"))


# --- how the folder hangs together


def test_every_layer_module_is_in_the_order_and_the_other_way_round() -> None:
    modules = {path.stem for path in (STACKS / "layers").glob("*.py")} - {"__init__"}
    assert set(program.layer_order(STACKS)) == modules
    assert find_project(ROOT).layers() == program.layer_order(STACKS)


def test_default_providers_are_off_for_every_stack() -> None:
    settings = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert settings["config"]["pulumi:disable-default-providers"] == ["*"]


def test_environments_differ_by_data_only() -> None:
    profiles = {"production", "regulated"}
    for path in STACKS.rglob("*.py"):
        texts = {node.value for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Constant)}
        assert not texts & ({*NAMES} | profiles), f"{path.name} knows an environment or a profile by name"


def test_the_entry_point_stays_a_dozen_lines() -> None:
    code = ast.parse((STACKS / "__main__.py").read_text(encoding="utf-8"))
    assert sum(isinstance(node, ast.stmt) for node in ast.walk(code)) <= 12


@pytest.mark.parametrize(("name", "layer"), CASES)
def test_every_alert_of_every_layer_keeps_its_contract(name: str, layer: str) -> None:
    """Whatever component makes it, in whatever layer: links too are addresses that somebody woken at night can open."""
    specs = [node.inputs["spec"] for node in preview(name, layer).graph.of_type("kubernetes:monitoring.coreos.com/v1:PrometheusRule")]
    alerts = [rule for spec in specs for rule in rules_of(spec) if "alert" in rule]
    assert alerts or layer not in {"platform", "observability"}
    assert {rule["alert"]: found for rule in alerts if (found := contract_problems(rule))} == {}


def test_an_alert_watches_the_addresses_of_every_zone() -> None:
    zones = load_environment(ROOT / "stacks" / "environments" / "prod.yaml").network.zones
    objects = [node.inputs for node in preview("prod", "observability").graph.of_type("kubernetes:monitoring.coreos.com/v1:PrometheusRule")]
    rules = [rule for one in objects for group in one["spec"]["groups"] for rule in group["rules"]]
    assert "SubnetAddressesRunOut" in {rule.get("alert") for rule in rules}
    sizes = {rule["labels"]["zone"]: rule["expr"] for rule in rules if rule.get("record") == "zone:subnet_addresses_size:max"}
    assert set(sizes) == set(zones)


def test_no_program_of_ours_hides_a_module_of_python() -> None:
    """The engine puts the folder of the program first on the path of imports: a `secrets.py` there would be everybody's `secrets`."""
    ours = {path.stem for path in (ROOT / "stacks").iterdir()}
    assert not ours & sys.stdlib_module_names
