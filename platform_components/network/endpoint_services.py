"""VPC endpoints by profile: which AWS services get one, and why. Pure data.

Sources: https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html (what a cluster without egress calls),
https://karpenter.sh/docs/getting-started/getting-started-with-karpenter/ (private clusters) and
https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html (services that have endpoints).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class EndpointProfile(StrEnum):
    """Which AWS services have an endpoint inside the VPC (the tables below list them, each with its reason)."""

    MINIMAL = "minimal"
    """Gateway endpoints for S3 and DynamoDB, which cost nothing."""
    EKS_PRIVATE = "eks-private"
    """And what EKS nodes, Karpenter, the load balancer controller and Pod Identity call, so that it does not leave the VPC."""
    AIRGAPPED = "airgapped"
    """And what workloads and operators need where there is no way out at all."""


GATEWAY_SERVICES = ("s3", "dynamodb")
"""Services with a gateway endpoint: a route, free of charge. Image layers of ECR come from S3."""


@dataclass(frozen=True, slots=True)
class InterfaceService:
    """A service with an interface endpoint."""

    reason: str
    """Who calls it."""
    policy: bool = True
    """Whether its documentation says that its endpoint takes a policy; where it does not, none is attached."""


INTERFACE_SERVICES: Mapping[str, InterfaceService] = {
    "ec2": InterfaceService("VPC CNI, EBS CSI driver, Karpenter, node bootstrap"),
    "ecr.api": InterfaceService("authorisation of image pulls"),
    "ecr.dkr": InterfaceService("image manifests; layers come through the S3 gateway"),
    "eks": InterfaceService("node bootstrap and Karpenter: DescribeCluster"),
    "eks-auth": InterfaceService("Pod Identity agent: credentials of pods", policy=False),
    "sts": InterfaceService("roles for service accounts, and every assumed role"),
    "elasticloadbalancing": InterfaceService("AWS Load Balancer Controller"),
    "autoscaling": InterfaceService("Cluster Autoscaler and managed node groups"),
    "sqs": InterfaceService("Karpenter: interruption queue"),
    "ssm": InterfaceService("Karpenter: AMI parameters; operators: Session Manager"),
    "logs": InterfaceService("log agents"),
    "kms": InterfaceService("secrets and volumes of workloads"),
    "secretsmanager": InterfaceService("External Secrets and the CSI secrets driver"),
    "ssmmessages": InterfaceService("operators: Session Manager", policy=False),
    "ec2messages": InterfaceService("operators: Session Manager", policy=False),
    "monitoring": InterfaceService("CloudWatch metrics of agents"),
    "events": InterfaceService("EventBridge, for controllers and applications"),
    "sns": InterfaceService("notifications of applications"),
    "elasticfilesystem": InterfaceService("EFS CSI driver"),
    "xray": InterfaceService("traces"),
    "guardduty-data": InterfaceService("GuardDuty runtime agent"),
}
"""What is known about interface services by short name; an endpoint outside this table is made without a policy."""

_EKS = ("ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "sts", "elasticloadbalancing", "autoscaling", "sqs", "ssm", "logs")
_CLOSED = ("kms", "secretsmanager", "ssmmessages", "ec2messages", "monitoring", "events", "sns", "elasticfilesystem", "xray")

PROFILES: Mapping[EndpointProfile, tuple[str, ...]] = {
    EndpointProfile.MINIMAL: (),
    EndpointProfile.EKS_PRIVATE: _EKS,
    EndpointProfile.AIRGAPPED: (*_EKS, *_CLOSED),
}
"""Interface endpoints of a profile; the gateways are part of all."""


def service_name(region: str, short_name: str, overrides: Mapping[str, str] | None = None) -> str:
    """Full name of an endpoint service in a region."""
    return (overrides or {}).get(short_name) or f"com.amazonaws.{region}.{short_name}"


def takes_policy(short_name: str) -> bool:
    """Whether the service's endpoint is known to take a policy."""
    return short_name in GATEWAY_SERVICES or (short_name in INTERFACE_SERVICES and INTERFACE_SERVICES[short_name].policy)
