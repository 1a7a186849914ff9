"""Every correction, with the rule it serves."""

from collections.abc import Mapping
from typing import Any

import pytest
from platform_policies import catalogue
from platform_policies.evaluate import judge
from platform_policies.graph import SECRET, UNKNOWN, Node, ResourceGraph
from platform_policies.remediation import REMEDIATIONS, remedy
from platform_policies.rule import Settings, Status

POD = "kubernetes:core/v1:Pod"
CONTAINER = {"name": "a", "image": "b"}
CORRECTED: Mapping[str, tuple[str, Mapping[str, Any], Mapping[str, Any]]] = {
    "aws-logs-retention": ("aws:cloudwatch/logGroup:LogGroup", {"name": "a"}, {"name": "a", "retentionInDays": 365}),
    "aws-kms-rotation": ("aws:kms/key:Key", {"enableKeyRotation": False}, {"enableKeyRotation": True}),
    "aws-s3-public-access-block": (
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {"bucket": UNKNOWN, "blockPublicAcls": True},
        {
            "bucket": UNKNOWN,
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
    ),
    "aws-ec2-imdsv2-hop-limit": (
        "aws:ec2/launchTemplate:LaunchTemplate",
        {"metadataOptions": {"httpTokens": "optional", "httpPutResponseHopLimit": 1}},
        {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1}},
    ),
    "aws-ecr-scan-on-push": ("aws:ecr/repository:Repository", {}, {"imageScanningConfiguration": {"scanOnPush": True}}),
    "aws-ecr-immutable-tags": ("aws:ecr/repository:Repository", {"imageTagMutability": "MUTABLE"}, {"imageTagMutability": "IMMUTABLE"}),
    "aws-elb-drop-invalid-headers": ("aws:alb/loadBalancer:LoadBalancer", {}, {"dropInvalidHeaderFields": True}),
    "cost-gp2-to-gp3": ("aws:ebs/volume:Volume", {"type": "gp2", "size": 8}, {"type": "gp3", "size": 8}),
    "k8s-pss-restricted": (
        POD,
        {"spec": {"containers": [CONTAINER]}},
        {
            "spec": {
                "containers": [{**CONTAINER, "securityContext": {"allowPrivilegeEscalation": False}}],
                "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            }
        },
    ),
    "k8s-sa-default-not-used": (
        POD,
        {"spec": {"containers": [CONTAINER]}},
        {"spec": {"containers": [CONTAINER], "automountServiceAccountToken": False}},
    ),
}


def failures(rule: str, kind: str, inputs: Mapping[str, Any]) -> int:
    node = Node("u", kind, "n", inputs)
    return sum(one.status is Status.FAIL for one in judge(catalogue.by_id()[rule], node, ResourceGraph((node,))))


def test_every_correction_is_proven() -> None:
    assert set(CORRECTED) == set(REMEDIATIONS)


@pytest.mark.parametrize("rule", CORRECTED)
def test_a_correction_helps_and_changes_nothing_else(rule: str) -> None:
    kind, before, after = CORRECTED[rule]
    corrected = remedy(catalogue.by_id()[rule], Node("u", kind, "n", before), Settings(), before)
    assert corrected == after
    assert failures(rule, kind, after) < failures(rule, kind, before)


@pytest.mark.parametrize("rule", CORRECTED)
def test_what_was_corrected_is_left_alone(rule: str) -> None:
    kind, _, after = CORRECTED[rule]
    again = remedy(catalogue.by_id()[rule], Node("u", kind, "n", after), Settings(), after)
    assert again is None or again == after


def test_nothing_is_written_over_or_below_what_is_not_known_or_secret() -> None:
    rule = catalogue.by_id()["aws-ec2-imdsv2-hop-limit"]
    for given in (UNKNOWN, dict(SECRET), {"httpTokens": UNKNOWN}):
        inputs = {"metadataOptions": given}
        assert remedy(rule, Node("u", "aws:ec2/launchTemplate:LaunchTemplate", "n", inputs), Settings(), inputs) is None


def test_the_given_properties_are_not_touched() -> None:
    given: dict[str, Any] = {"spec": {"containers": [dict(CONTAINER)]}}
    remedy(catalogue.by_id()["k8s-pss-restricted"], Node("u", POD, "n", given), Settings(), given)
    assert given == {"spec": {"containers": [CONTAINER]}}


def test_a_list_that_is_not_there_is_not_made() -> None:
    inputs: dict[str, Any] = {"spec": {"containers": [CONTAINER]}}
    corrected = remedy(catalogue.by_id()["k8s-pss-restricted"], Node("u", POD, "n", inputs), Settings(), inputs)
    assert corrected is not None
    assert "initContainers" not in corrected["spec"]
