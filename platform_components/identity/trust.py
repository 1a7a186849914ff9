"""Trust documents: who may assume a role. Pure functions on plain strings."""

from collections.abc import Mapping, Sequence
from typing import Any

from platform_components.identity.statements import POLICY_VERSION

POD_IDENTITY_SERVICE = "pods.eks.amazonaws.com"
"""Principal of EKS Pod Identity, the same in every partition."""

ASSUME_AND_TAG = ("sts:AssumeRole", "sts:TagSession")
"""What Pod Identity needs of a role: it assumes it, and passes the pod's cluster, namespace and service account as session tags."""


def trust_document(principal: Mapping[str, Any], actions: Sequence[str], condition: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A trust document with one statement."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": dict(principal),
        "Action": actions[0] if len(actions) == 1 else list(actions),
    }
    if condition:
        statement["Condition"] = dict(condition)
    return {"Version": POLICY_VERSION, "Statement": [statement]}


def service_trust(service: str, *, tag_sessions: bool = False) -> dict[str, Any]:
    """Trust in an AWS service, such as `eks.amazonaws.com`."""
    return trust_document({"Service": service}, ASSUME_AND_TAG if tag_sessions else ASSUME_AND_TAG[:1])


def fargate_trust(partition: str, region: str, account: str, cluster_name: str) -> dict[str, Any]:
    """Trust in Fargate, for the profiles of one cluster only (confused deputy: another account's profile could use the role otherwise)."""
    profiles = f"arn:{partition}:eks:{region}:{account}:fargateprofile/{cluster_name}/*"
    return trust_document({"Service": "eks-fargate-pods.amazonaws.com"}, ASSUME_AND_TAG[:1], {"ArnLike": {"aws:SourceArn": profiles}})


def pod_identity_trust(cluster_arn: str, namespace: str, service_account: str, *, session_tags: bool = True) -> dict[str, Any]:
    """Trust in Pod Identity, for one service account of one cluster.

    Without the conditions, whoever may create an association in any cluster of the account could give this role to any pod. The request
    tags are those Pod Identity itself sets, so they cannot be forged; where session tags are switched off only the account can be checked.

    Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
    """
    equals = {"aws:SourceAccount": cluster_arn.split(":")[4]}
    if session_tags:
        equals |= {
            "aws:RequestTag/eks-cluster-arn": cluster_arn,
            "aws:RequestTag/kubernetes-namespace": namespace,
            "aws:RequestTag/kubernetes-service-account": service_account,
        }
    return trust_document({"Service": POD_IDENTITY_SERVICE}, ASSUME_AND_TAG, {"StringEquals": equals})


def irsa_trust(provider_arn: str, issuer: str, namespace: str, service_account: str) -> dict[str, Any]:
    """Trust in a cluster's OIDC provider, for one service account.

    Args:
        provider_arn: ARN of the IAM OIDC provider.
        issuer: the cluster's issuer, with or without `https://`.
        namespace: namespace of the service account; no wildcard.
        service_account: name of the service account; no wildcard.
    """
    host = issuer.removeprefix("https://")
    equals = {f"{host}:sub": f"system:serviceaccount:{namespace}:{service_account}", f"{host}:aud": "sts.amazonaws.com"}
    return trust_document({"Federated": provider_arn}, ("sts:AssumeRoleWithWebIdentity",), {"StringEquals": equals})


def chain_trust(role_arn: str, external_id: str) -> dict[str, Any]:
    """Trust document for the role at the far end of a cross-account chain; its owner puts it on `target_role_arn`.

    Args:
        role_arn: `WorkloadIdentity.role_arn`.
        external_id: `WorkloadIdentity.external_id`: only this one association may assume the role.
    """
    document = trust_document({"AWS": role_arn}, ASSUME_AND_TAG)
    document["Statement"][0]["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return document
