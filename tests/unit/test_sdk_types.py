"""check_inputs: planted faults are found at any depth, and what is right passes."""

from typing import Any

import pytest
from platform_policies.graph import UNKNOWN

from platformctl.sdk_types import check_inputs

CLUSTER: dict[str, Any] = {
    "roleArn": "arn:aws:iam::123456789012:role/r",
    "vpcConfig": {"subnetIds": ["subnet-1", UNKNOWN], "endpointPublicAccess": False},
    "tags": {"Team": "payments"},
    "encryptionConfig": {"provider": {"keyArn": UNKNOWN}, "resources": ["secrets"]},
}
POD: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "labels": {"app": "web"}},
    "spec": {
        "replicas": 2.0,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"spec": {"containers": [{"name": "web", "image": "nginx", "ports": [{"containerPort": 80}]}]}},
    },
}


def changed(inputs: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The inputs with one value replaced, or added."""
    head, _, rest = path.partition(".")
    if rest:
        return {**inputs, head: changed(inputs.get(head, {}), rest, value)}
    return {**inputs, head: value}


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        ("aws:eks/cluster:Cluster", CLUSTER),
        ("aws:eks/cluster:Cluster", changed(CLUSTER, "vpcConfig", UNKNOWN)),
        ("aws:eks/cluster:Cluster", changed(CLUSTER, "vpcConfig", {"secret": True})),
        ("aws:eks/cluster:Cluster", changed(CLUSTER, "vpcConfig.subnetIds", {"secret": True})),
        ("aws:eks/cluster:Cluster", changed(CLUSTER, "__defaults", ["name"])),
        ("aws:eks/cluster:Cluster", changed(CLUSTER, "name", None)),
        ("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16", "ipv4NetmaskLength": 16.0}),
        ("aws:iam/role:Role", {"assumeRolePolicy": "{}"}),
        ("kubernetes:apps/v1:Deployment", POD),
        ("kubernetes:helm.sh/v3:Release", {"chart": "x", "values": {"any": {"thing": [1]}}, "repositoryOpts": {"repo": "https://x"}}),
        (
            "kubernetes:karpenter.sh/v1:NodePool",
            {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": "n"}, "spec": {"a": 1}},
        ),
        ("random:index/randomPassword:RandomPassword", {"length": 20, "special": False}),
        ("pulumi:providers:aws", {"region": "eu-west-1", "defaultTags": '{"tags":{}}', "skipMetadataApiCheck": "true"}),
        ("pulumi:providers:kubernetes", {"kubeconfig": {"secret": True}}),
        ("platform-components:index:Vpc", {"anything": 1}),
        ("datadog:index/monitor:Monitor", {"anything": 1}),
    ],
)
def test_right_inputs_pass(token: str, inputs: dict[str, Any]) -> None:
    assert check_inputs(token, inputs) == []


@pytest.mark.parametrize(
    ("token", "inputs", "fault"),
    [
        (
            "aws:eks/cluster:Cluster",
            changed(CLUSTER, "vpcConfig.endpointPublikAccess", True),
            "vpcConfig.endpointPublikAccess: no such property; did you mean endpointPublicAccess?",
        ),
        ("aws:eks/cluster:Cluster", changed(CLUSTER, "vpc_config", {}), "vpc_config: no such property; did you mean vpcConfig?"),
        ("aws:eks/cluster:Cluster", changed(CLUSTER, "zzz", 1), "zzz: no such property"),
        (
            "aws:eks/cluster:Cluster",
            changed(CLUSTER, "vpcConfig.subnetIds", "subnet-1"),
            "vpcConfig.subnetIds: must be a list, not 'subnet-1'",
        ),
        ("aws:eks/cluster:Cluster", changed(CLUSTER, "vpcConfig.subnetIds", ["a", 7]), "vpcConfig.subnetIds[1]: must be text, not 7"),
        (
            "aws:eks/cluster:Cluster",
            changed(CLUSTER, "vpcConfig.endpointPublicAccess", "no"),
            "vpcConfig.endpointPublicAccess: must be true or false, not 'no'",
        ),
        ("aws:eks/cluster:Cluster", changed(CLUSTER, "vpcConfig", []), "vpcConfig: must be an object, not a list"),
        ("aws:eks/cluster:Cluster", changed(CLUSTER, "tags", {"Team": ["a"]}), "tags['Team']: must be text, not a list"),
        ("aws:eks/cluster:Cluster", changed(CLUSTER, "tags", ["a"]), "tags: must be a map, not a list"),
        (
            "aws:eks/cluster:Cluster",
            changed(CLUSTER, "encryptionConfig.provider.keyArn", 5),
            "encryptionConfig.provider.keyArn: must be text, not 5",
        ),
        ("aws:ec2/vpc:Vpc", {"ipv4NetmaskLength": 16.5}, "ipv4NetmaskLength: must be a whole number, not 16.5"),
        ("aws:ec2/vpc:Vpc", {"ipv4NetmaskLength": True}, "ipv4NetmaskLength: must be a whole number, not True"),
        (
            "aws:ec2/securityGroup:SecurityGroup",
            {"ingress": [{"fromPort": 1, "toPort": 2, "protocol": "tcp"}, {"fromPrt": 1}]},
            "ingress[1].fromPrt: no such property; did you mean fromPort?",
        ),
        ("kubernetes:apps/v1:Deployment", changed(POD, "apiVersion", "v1"), "apiVersion: must be 'apps/v1', not 'v1'"),
        (
            "kubernetes:apps/v1:Deployment",
            changed(POD, "spec.template.spec.containers", [{"name": "web", "imagePullPolice": "Always"}]),
            "spec.template.spec.containers[0].imagePullPolice: no such property; did you mean imagePullPolicy?",
        ),
        (
            "kubernetes:karpenter.sh/v1:NodePool",
            {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"nam": "n"}},
            "metadata.nam: no such property; did you mean name?",
        ),
        (
            "kubernetes:apps/v1:Deploymint",
            POD,
            "kubernetes:apps/v1:Deploymint: no such resource type; did you mean kubernetes:apps/v1:Deployment?",
        ),
        ("aws:ec2/vpc:Vpk", {}, "aws:ec2/vpc:Vpk: no such resource type; did you mean aws:ec2/vpc:Vpc?"),
        ("aws:ec2/vpk:Vpk", {}, "aws:ec2/vpk:Vpk: no such resource type"),
        ("pulumi:providers:aws", {"regoin": "eu-west-1"}, "regoin: no such property; did you mean region?"),
        ("random:index/randomPassword:RandomPassword", {"length": "20"}, "length: must be a whole number, not '20'"),
    ],
)
def test_a_planted_fault_is_named_by_path(token: str, inputs: dict[str, Any], fault: str) -> None:
    assert check_inputs(token, inputs) == [fault]


def test_every_fault_is_told() -> None:
    faults = check_inputs("aws:eks/cluster:Cluster", {**CLUSTER, "zzz": 1, "version": 1.35, "vpcConfig": {"subnetIds": 1, "x": 2}})
    assert len(faults) == 4


def test_required_inputs_are_flagged_only_when_asked_for() -> None:
    inputs = {"vpcConfig": {}, "encryptionConfig": {"resources": ["secrets"]}}
    assert check_inputs("aws:eks/cluster:Cluster", inputs) == []
    assert check_inputs("aws:eks/cluster:Cluster", inputs, required=True) == [
        "vpcConfig.subnetIds: required, and missing",
        "encryptionConfig.provider: required, and missing",
        "roleArn: required, and missing",
    ]
    assert check_inputs("kubernetes:karpenter.sh/v1:NodePool", {"kind": "NodePool"}, required=True) == ["apiVersion: required, and missing"]
    assert check_inputs("aws:eks/cluster:Cluster", CLUSTER, required=True) == []
