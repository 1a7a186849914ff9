"""Karpenter's side of AWS: role and access entry of its nodes, interruption queue, and the controller's role."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from platform_components.cluster.access import create_node_entry
from platform_components.cluster.args import EksClusterArgs
from platform_components.cluster.documents import queue_policy
from platform_components.cluster.karpenter_policy import INTERRUPTION_PATTERN, karpenter_statements
from platform_components.cluster.node_pools.managed import node_role
from platform_components.cluster.site import Site

QUEUE_RETENTION_SECONDS = 300
"""An interruption older than this has happened."""


@dataclass(frozen=True)
class KarpenterAws:
    """What the controller and its nodes stand on."""

    node_role: aws.iam.Role
    instance_profile: aws.iam.InstanceProfile
    queue: aws.sqs.Queue
    controller_role: aws.iam.Role
    ready: list[pulumi.Resource]
    """All of it: NodePool objects come after, and go before."""


def create_karpenter(site: Site, args: EksClusterArgs, cluster: aws.eks.Cluster) -> KarpenterAws:
    """Create Karpenter's side of AWS; its chart takes the queue's name and the service account from here.

    The nodes have a role of their own: EKS makes and removes the access entry of a managed group's role itself, and two hands on one entry
    lock nodes out.
    """
    nodes = node_role(
        site, "karpenter-node", session_manager=args.node_session_manager, uses=f"Nodes that Karpenter launches for {site.cluster_name}"
    )
    profile = aws.iam.InstanceProfile(
        site.child("karpenter-node"), role=nodes.role.name, tags=site.tags(site.child("karpenter-node")), opts=site.options()
    )
    entry = create_node_entry(site, cluster, "karpenter-node", nodes.role.arn, "EC2_LINUX")
    queue, deliveries = _create_queue(site)
    controller, identity = _create_controller(site, args, cluster, nodes.role, queue)
    return KarpenterAws(nodes.role, profile, queue, controller, [entry, profile, *nodes.permissions, *deliveries, *identity])


def _create_queue(site: Site) -> tuple[aws.sqs.Queue, list[pulumi.Resource]]:
    name = site.child("interruptions")
    queue = aws.sqs.Queue(
        name,
        message_retention_seconds=QUEUE_RETENTION_SECONDS,
        sqs_managed_sse_enabled=True,
        tags=site.tags(name),
        opts=site.options(),
    )
    rule = aws.cloudwatch.EventRule(
        name,
        description=f"What may take nodes away from EKS cluster {site.cluster_name}",
        event_pattern=json.dumps(INTERRUPTION_PATTERN),
        tags=site.tags(name),
        opts=site.options(),
    )
    policy = aws.sqs.QueuePolicy(
        name,
        queue_url=queue.url,
        policy=pulumi.Output.all(queue.arn, rule.arn).apply(lambda arns: json.dumps(queue_policy(*arns))),
        opts=site.options(),
    )
    target = aws.cloudwatch.EventTarget(name, rule=rule.name, arn=queue.arn, opts=site.options(depends_on=[policy]))
    return queue, [target]


def _create_controller(
    site: Site, args: EksClusterArgs, cluster: aws.eks.Cluster, nodes: aws.iam.Role, queue: aws.sqs.Queue
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    namespace, account = args.karpenter.namespace, args.karpenter.service_account
    role = site.pod_role("karpenter", namespace, account, {}, uses=f"Karpenter's controller in {site.cluster_name}")
    statements = pulumi.Output.all(site.place, nodes.arn, queue.arn).apply(
        lambda at: karpenter_statements(at[0], site.cluster_name, at[1], at[2])
    )
    role = site.with_statements(role, statements, "karpenter")
    association = aws.eks.PodIdentityAssociation(
        site.child("karpenter"),
        cluster_name=cluster.name,
        namespace=namespace,
        service_account=account,
        role_arn=role.role.arn,
        tags=site.tags(site.child("karpenter")),
        opts=site.options(depends_on=list(role.permissions)),
    )
    return role.role, [association]
