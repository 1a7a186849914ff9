"""IAM and other documents of a cluster. Pure functions on plain strings; the wiring fills in what is known late.

Resource policies (of the key and the queue) name `*` where IAM means "this resource"; what looks broad in them is held by conditions, and
the reason stands beside each statement.
"""

from collections.abc import Mapping
from typing import Any

from platform_components.identity.statements import POLICY_VERSION, Statement
from platform_components.place import Place


def log_group_name(cluster_name: str) -> str:
    """The name EKS writes control plane logs to; it cannot be chosen."""
    return f"/aws/eks/{cluster_name}/cluster"


KEY_REASONS: Mapping[str, str] = {
    "AccountOwnsKey": "Without it only this document could ever change the key; IAM policies of the account decide instead, as AWS "
    "advises.",
    "LogsOfThisCluster": "CloudWatch Logs encrypts with it, for this one log group.",
    "VolumesThroughEc2": "Any principal of this account, but only through EC2: Auto Scaling, Karpenter and the CSI driver attach "
    "volumes that way. "
    "It is what AWS puts on its own key for EBS; naming the service-linked role fails where it does not exist yet.",
}
"""Why each statement of the key's policy is as broad as it is."""


def key_policy(place: Place, cluster_name: str) -> dict[str, Any]:
    """Policy of the cluster's key: for its secrets (EKS takes a grant from whoever makes the cluster), its log group and its volumes."""
    use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    log_group = place.arn("logs", f"log-group:{log_group_name(cluster_name)}")
    return _document(
        {"Sid": "AccountOwnsKey", "Effect": "Allow", "Principal": {"AWS": place.root}, "Action": "kms:*", "Resource": "*"},
        {
            "Sid": "LogsOfThisCluster",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{place.region}.{place.suffix}"},
            "Action": use,
            "Resource": "*",
            "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": log_group}},
        },
        {
            "Sid": "VolumesThroughEc2",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [*use, "kms:CreateGrant"],
            "Resource": "*",
            "Condition": {
                "StringEquals": {"kms:CallerAccount": place.account, "kms:ViaService": f"ec2.{place.region}.{place.suffix}"},
            },
        },
    )


def queue_policy(queue_arn: str, rule_arn: str) -> dict[str, Any]:
    """Policy of the interruption queue: one EventBridge rule may send, and nobody may talk to it in the clear."""
    return _document(
        {
            "Sid": "InterruptionRuleSends",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
        },
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": queue_arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )


def cni_ipv6_statements(place: Place) -> tuple[Statement, ...]:
    """What the VPC CNI needs for IPv6; AWS has no managed policy for it.

    Source: https://github.com/aws/amazon-vpc-cni-k8s/blob/master/docs/iam-policy.md#ipv6-mode, narrowed to this account's interfaces. Since
    1.22 it also keeps the security groups of its interfaces in step with the node's, for IPv6 too (.../releases/tag/v1.22.1).
    """
    interfaces, groups = place.arn("ec2", "network-interface/*"), place.arn("ec2", "security-group/*")
    reads = ("InstanceTypes", "Instances", "NetworkInterfaces", "SecurityGroups", "Subnets", "Tags")
    return (
        Statement(sid="ReadInterfaces", actions=tuple(f"ec2:Describe{noun}" for noun in reads), resources=("*",)),
        Statement(sid="AssignAddresses", actions=("ec2:AssignIpv6Addresses",), resources=(interfaces,)),
        Statement(sid="TagInterfaces", actions=("ec2:CreateTags",), resources=(interfaces,)),
        Statement(sid="SetSecurityGroups", actions=("ec2:ModifyNetworkInterfaceAttribute",), resources=(interfaces, groups)),
    )


def kubeconfig(
    name: str, endpoint: str, certificate_authority: str, region: str, *, role_arn: str | None = None, profile: str | None = None
) -> dict[str, Any]:
    """A kubeconfig that holds no credential: the AWS CLI makes a token of 15 minutes from the caller's own identity, each time.

    Args:
        name: physical name of the cluster; also of the context.
        endpoint: URL of its API.
        certificate_authority: its certificate authority, base64.
        region: its region.
        role_arn: role to assume for the token; omitted: the caller itself.
        profile: AWS CLI profile to use; omitted: the environment's.
    """
    command = ["--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json"]
    if role_arn:
        command += ["--role-arn", role_arn]
    login: dict[str, Any] = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": command,
        "interactiveMode": "Never",
    }
    if profile:
        login["env"] = [{"name": "AWS_PROFILE", "value": profile}]
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": endpoint, "certificate-authority-data": certificate_authority}}],
        "users": [{"name": name, "user": {"exec": login}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }


def _document(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": POLICY_VERSION, "Statement": list(statements)}
