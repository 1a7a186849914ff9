"""Fargate profiles: one for each pool, one pod execution role for all."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from platform_components.cluster.args import EksClusterArgs
from platform_components.cluster.pools import FargatePool
from platform_components.cluster.site import Site
from platform_components.identity.trust import fargate_trust


def create_fargate_pools(
    site: Site, args: EksClusterArgs, cluster: aws.eks.Cluster, after: Sequence[pulumi.Resource]
) -> list[pulumi.Resource]:
    """Create the Fargate profiles and their role; nothing where no pool asks for it."""
    pools = {name: pool for name, pool in args.all_pools.items() if isinstance(pool, FargatePool)}
    if not pools:
        return []
    trust = site.document(lambda place: fargate_trust(place.partition, place.region, place.account, site.cluster_name))
    role = site.role("fargate", trust, {"pods": "AmazonEKSFargatePodExecutionRolePolicy"}, uses="Fargate pods: pull images, write logs")
    return [
        aws.eks.FargateProfile(
            site.child("pool", name),
            cluster_name=cluster.name,
            pod_execution_role_arn=role.role.arn,
            subnet_ids=args.network.subnets(args.node_tier),
            selectors=[
                aws.eks.FargateProfileSelectorArgs(namespace=selector.namespace, labels=dict(selector.labels) or None)
                for selector in pool.selectors
            ],
            tags=site.tags(site.child("pool", name)),
            opts=site.options(depends_on=[*after, *role.permissions]),
        )
        for name, pool in pools.items()
    ]
