"""Corrections the engine may make to a resource's inputs, where a rule's level is `remediate`.

Only what changes a resource in place and takes nothing from anybody: never encryption of what exists (a replacement), a public endpoint
or an IAM document.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from platform_policies.evaluate import Undecidable, judge
from platform_policies.graph import SECRET, Node, ResourceGraph
from platform_policies.rule import Rule, Settings, Status, is_unknown
from platform_policies.types import canonical


class Correction(NamedTuple):
    """An input that is set to a value, in resources of some types."""

    types: Sequence[str]
    """Canonical types."""
    path: str
    """Dotted path of the input; `*` stands for each item of a list that is there, every other part is made where it is missing."""
    value: Any


_POD_SPECS: Mapping[str, Sequence[str]] = {
    "spec": ("kubernetes:core:Pod",),
    "spec.template.spec": (
        "kubernetes:apps:Deployment",
        "kubernetes:apps:StatefulSet",
        "kubernetes:apps:DaemonSet",
        "kubernetes:apps:ReplicaSet",
        "kubernetes:batch:Job",
    ),
    "spec.jobTemplate.spec.template.spec": ("kubernetes:batch:CronJob",),
}


def _pods(path: str, value: Any) -> list[Correction]:
    return [Correction(types, f"{prefix}.{path}", value) for prefix, types in _POD_SPECS.items()]


REMEDIATIONS: Mapping[str, Sequence[Correction]] = {
    "aws-logs-retention": [Correction(["aws:cloudwatch/logGroup:LogGroup"], "retentionInDays", 365)],
    "aws-kms-rotation": [Correction(["aws:kms/key:Key"], "enableKeyRotation", True)],
    "aws-s3-public-access-block": [
        Correction(["aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"], name, True)
        for name in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    ],
    "aws-ec2-imdsv2-hop-limit": [Correction(["aws:ec2/launchTemplate:LaunchTemplate"], "metadataOptions.httpTokens", "required")],
    "aws-ecr-scan-on-push": [Correction(["aws:ecr/repository:Repository"], "imageScanningConfiguration.scanOnPush", True)],
    "aws-ecr-immutable-tags": [Correction(["aws:ecr/repository:Repository"], "imageTagMutability", "IMMUTABLE")],
    "aws-elb-drop-invalid-headers": [Correction(["aws:lb/loadBalancer:LoadBalancer"], "dropInvalidHeaderFields", True)],
    "cost-gp2-to-gp3": [
        Correction(["aws:ebs/volume:Volume"], "type", "gp3"),
        Correction(["aws:ec2/launchTemplate:LaunchTemplate"], "blockDeviceMappings.*.ebs.volumeType", "gp3"),
    ],
    "k8s-pss-restricted": [
        *_pods("containers.*.securityContext.allowPrivilegeEscalation", False),
        *_pods("initContainers.*.securityContext.allowPrivilegeEscalation", False),
        *_pods("securityContext.seccompProfile.type", "RuntimeDefault"),
    ],
    "k8s-sa-default-not-used": _pods("automountServiceAccountToken", False),
}
"""Corrections by rule id."""


def remedy(rule: Rule, node: Node, settings: Settings, properties: Mapping[str, Any]) -> dict[str, Any] | None:
    """The resource's properties as the rule wants them; None where the rule has nothing against it, or nothing safe helps.

    Args:
        rule: a rule with corrections.
        node: the resource.
        settings: settings of the rules.
        properties: its inputs as the wire has them, secrets and unknown values included; what is not corrected goes back as it came.
    """
    before = _failures(rule, node, settings)
    if not before:
        return None
    corrected, judged = copy.deepcopy(dict(properties)), copy.deepcopy(dict(node.inputs))
    for correction in REMEDIATIONS[rule.id]:
        if canonical(node.type) in correction.types:
            _each(judged, corrected, correction.path.split("."), correction.value)
    after = _failures(rule, Node(node.urn, node.type, node.name, judged), settings)
    return corrected if after is not None and after < before else None


def _failures(rule: Rule, node: Node, settings: Settings) -> int | None:
    """Failures of a rule on a resource by itself; None where it needs the graph or a value that is not known."""
    try:
        verdicts = judge(rule, node, ResourceGraph((node,)), settings)
    except Undecidable:
        return None
    return sum(verdict.status is Status.FAIL for verdict in verdicts)


def _each(judged: Any, corrected: Any, path: Sequence[str], value: Any) -> None:
    """Set a value at a path in two likenesses of the same inputs, but not over or below what is not known or secret."""
    head, *rest = path
    if head == "*":
        if isinstance(judged, list) and isinstance(corrected, list):
            for one, other in zip(judged, corrected, strict=False):
                _each(one, other, rest, value)
        return
    if not isinstance(judged, dict) or not isinstance(corrected, dict) or judged == SECRET:
        return
    if not rest:
        if not is_unknown(judged.get(head)) and judged.get(head) != SECRET:
            judged[head] = corrected[head] = value
        return
    if judged.get(head) is None:
        if rest[0] == "*":
            return
        judged[head], corrected[head] = {}, {}
    _each(judged[head], corrected[head], rest, value)
