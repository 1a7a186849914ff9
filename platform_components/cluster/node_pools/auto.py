"""EKS Auto Mode: what the cluster and the nodes need beside the three switches on the cluster itself."""

import json

import pulumi
import pulumi_aws as aws

from platform_components.cluster.access import create_node_entry
from platform_components.cluster.site import Site
from platform_components.identity.statements import Statement
from platform_components.identity.trust import service_trust

CLUSTER_POLICIES = {
    "compute": "AmazonEKSComputePolicy",
    "storage": "AmazonEKSBlockStoragePolicy",
    "load-balancing": "AmazonEKSLoadBalancingPolicy",
    "networking": "AmazonEKSNetworkingPolicy",
}
"""What the cluster's role needs, by the key of the attachment."""

NODE_POLICIES = {"worker": "AmazonEKSWorkerNodeMinimalPolicy", "registry": "AmazonEC2ContainerRegistryPullOnly"}
"""What nodes need."""

_OWN = {"aws:RequestTag/eks:eks-cluster-name": "${aws:PrincipalTag/eks:eks-cluster-name}"}
_WHY = (
    "What is made has no name yet; the tag conditions hold it to this cluster. The resources of the request (image, subnet) vary by action."
)


def tagging_statements() -> tuple[Statement, ...]:
    """What the cluster's role needs so that Auto Mode may put tags of ours on what it makes; AWS's own policies allow only AWS's tags.

    Source: https://docs.aws.amazon.com/eks/latest/userguide/auto-cluster-iam-role.html#tag-prop
    """
    return (
        Statement(
            sid="Compute",
            actions=("ec2:CreateFleet", "ec2:RunInstances", "ec2:CreateLaunchTemplate"),
            resources=("*",),
            conditions={
                "StringEquals": _OWN,
                "StringLike": {"aws:RequestTag/eks:kubernetes-node-class-name": "*", "aws:RequestTag/eks:kubernetes-node-pool-name": "*"},
            },
            reason=_WHY,
        ),
        Statement(
            sid="Storage",
            actions=("ec2:CreateVolume", "ec2:CreateSnapshot"),
            resources=("arn:*:ec2:*:*:volume/*", "arn:*:ec2:*:*:snapshot/*"),
            conditions={"StringEquals": _OWN},
        ),
        Statement(
            sid="Networking",
            actions=("ec2:CreateNetworkInterface",),
            resources=("*",),
            conditions={"StringEquals": _OWN, "StringLike": {"aws:RequestTag/eks:kubernetes-cni-node-name": "*"}},
            reason=_WHY,
        ),
        Statement(
            sid="LoadBalancing",
            actions=(
                "elasticloadbalancing:CreateLoadBalancer",
                "elasticloadbalancing:CreateTargetGroup",
                "elasticloadbalancing:CreateListener",
                "elasticloadbalancing:CreateRule",
                "ec2:CreateSecurityGroup",
            ),
            resources=("*",),
            conditions={"StringEquals": _OWN},
            reason=_WHY,
        ),
    )


def create_auto_nodes(site: Site, cluster: aws.eks.Cluster) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """Create the role of nodes in pools of our own, and let them join.

    Not the role of the built-in pools: EKS makes that one's access entry itself, and two hands on one entry lock nodes out.

    Returns:
        The role, and what must stand before a node class names it.
    """
    trust = json.dumps(service_trust("ec2.amazonaws.com"))
    granted = site.role("auto-node", trust, NODE_POLICIES, uses=f"Auto Mode nodes of {site.cluster_name}")
    entry = create_node_entry(site, cluster, "auto-node", granted.role.arn, "EC2")
    policy = aws.eks.AccessPolicyAssociation(
        site.child("access", "auto-node.node"),
        cluster_name=cluster.name,
        principal_arn=entry.principal_arn,
        policy_arn=site.place.apply(lambda place: place.access_policy("AmazonEKSAutoNodePolicy")),
        access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
        opts=site.options(),
    )
    return granted.role, [entry, policy, *granted.permissions]
