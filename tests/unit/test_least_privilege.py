"""Every IAM document of the components, found in their graphs wherever it stands: what it lets whom do to what."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data
from platform_policies.graph import Node, ResourceGraph

from platform_components.cluster.node_pools.auto import tagging_statements
from platform_components.finops.args import CostAlertsArgs
from platform_components.finops.cost_alerts import CostAlerts
from platform_components.identity.statements import is_every_resource, is_mutating
from platform_components.network.args import VpcArgs
from platform_components.network.vpc import Vpc
from tests.support import deploy
from tests.unit.cluster_cases import ENGINES, KARPENTER, bring_up

IDENTITY = {("aws:iam/rolePolicy:RolePolicy", "policy")}
TRUST = {("aws:iam/role:Role", "assumeRolePolicy")}
RESOURCE = {
    ("aws:kms/key:Key", "policy"),
    ("aws:sns/topic:Topic", "policy"),
    ("aws:sqs/queuePolicy:QueuePolicy", "policy"),
    ("aws:ec2/vpcEndpoint:VpcEndpoint", "policy"),
}

NETWORKS: dict[str, dict[str, Any]] = {
    "closed": {"nat": "none", "tiers": ["private", "intra"], "endpoints": "airgapped"},
    "open": {"endpoints": "eks-private", "query_logs": {"enabled": True}, "ipv6": True},
    "organization": {"endpoints": "eks-private", "endpoint_settings": {"organization_id": "o-abcdefghij"}},
}
CLUSTERS: dict[str, dict[str, Any]] = {
    **{engine: {"pools": pools} for engine, pools in ENGINES.items()},
    "ipv6": {"pools": KARPENTER, "kubernetes_network": {"ip_family": "ipv6"}, "irsa": True, "node_session_manager": True},
    "built-in pools": {"auto_mode": {"builtin_pools": ["system"]}, "addons": {"vpc_cni": {"pod_security_groups": True}}},
}

MANAGED = {
    "AmazonEBSCSIDriverEKSClusterScopedPolicy",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSClusterPolicy",
    "AmazonEKSComputePolicy",
    "AmazonEKSFargatePodExecutionRolePolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingPolicy",
    "AmazonEKSVPCResourceController",
    "AmazonEKSWorkerNodeMinimalPolicy",
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKS_CNI_Policy",
    "AmazonSSMManagedInstanceCore",
}
"""Policies of AWS that some role here may hold, each made by AWS for that one use."""

AWS_POLICIES: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
"""AWS's own policies as moto's makers last read them from an account."""

WITH_REASON = {statement.sid for statement in tagging_statements() if statement.reason}


ALERTS = CostAlertsArgs(monthly_usd=600, tag_value="dev", notify=("a@example.com",))


@pytest.fixture(scope="module", params=[*NETWORKS, *CLUSTERS, "cost alerts"])
def graph(request: pytest.FixtureRequest) -> ResourceGraph:
    name = request.param
    if name == "cost alerts":
        return deploy(lambda: CostAlerts("dev", ALERTS)).graph
    if name in CLUSTERS:
        return bring_up(**CLUSTERS[name]).graph
    args = VpcArgs.model_validate({"cidr": "10.0.0.0/16", "zones": ["euw1-az1", "euw1-az2"], **NETWORKS[name]})
    return deploy(lambda: Vpc("net", args)).graph


def documents(graph: ResourceGraph) -> Iterator[tuple[tuple[str, str], Node, dict[str, Any]]]:
    """Every input, however deep, that reads as a policy document, with the type and the path it stands under."""
    for node in graph:
        for path, text in _texts(node.inputs, ""):
            if '"Statement"' in text:
                yield (node.type, path), node, json.loads(text)


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, path)
    elif isinstance(value, str):
        yield path, value


def allowing(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [statement for statement in document["Statement"] if statement["Effect"] == "Allow"]


def many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_every_document_is_of_a_kind_that_is_judged_below(graph):
    assert {place for place, _, _ in documents(graph)} <= IDENTITY | TRUST | RESOURCE
    assert any(True for _ in documents(graph))


def test_a_role_changes_everything_only_for_a_written_reason(graph):
    for place, node, document in documents(graph):
        for statement in allowing(document) if place in IDENTITY else ():
            broad = any(map(is_every_resource, many(statement["Resource"])))
            if broad and any(map(is_mutating, many(statement["Action"]))):
                assert statement["Sid"] in WITH_REASON, f"{node.name}: {statement['Sid']}"
                assert statement["Condition"], f"{node.name}: {statement['Sid']}"
            assert not [action for action in many(statement["Action"]) if action.endswith("*")], node.name


def test_only_named_services_and_providers_are_trusted_and_pods_only_one_by_one(graph):
    for place, node, document in documents(graph):
        for statement in allowing(document) if place in TRUST else ():
            (kind, who) = next(iter(statement["Principal"].items()))
            assert kind in {"Service", "Federated"}, node.name
            assert len(statement["Principal"]) == 1
            if who not in {"ec2.amazonaws.com", "eks.amazonaws.com"}:
                condition = json.dumps(statement["Condition"])
                assert "aws:SourceArn" in condition or "aws:RequestTag/kubernetes-service-account" in condition, node.name
            assert set(many(statement["Action"])) <= {"sts:AssumeRole", "sts:TagSession"}


def test_what_lets_anybody_in_names_who_that_is(graph):
    for place, node, document in documents(graph):
        for statement in allowing(document) if place in RESOURCE else ():
            if statement["Principal"] not in ("*", {"AWS": "*"}) or statement.get("Condition"):
                continue
            # The one exception: packages and image layers in buckets of AWS, by name, to read.
            assert (node.type, statement["Action"]) == ("aws:ec2/vpcEndpoint:VpcEndpoint", "s3:GetObject"), node.name
            assert all(resource.startswith("arn:aws:s3:::") and "eu-west-1" in resource for resource in statement["Resource"])


def test_no_role_holds_a_policy_of_aws_that_is_not_on_the_list(graph):
    held = {node.inputs["policyArn"].rpartition("/")[2] for node in graph.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")}
    assert held <= MANAGED
    assert not [node.name for node in graph.of_type("aws:iam/role:Role") if {"inlinePolicies", "managedPolicyArns"} & set(node.inputs)]


def test_every_policy_of_aws_that_is_attached_exists_under_its_path(graph):
    for node in graph.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment"):
        path, _, name = node.inputs["policyArn"].partition(":policy")[2].rpartition("/")
        assert AWS_POLICIES[name]["Path"] == f"{path}/", node.name
