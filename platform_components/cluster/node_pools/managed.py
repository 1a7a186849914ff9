"""Managed node groups: a launch template and a group for each pool, one role for all."""

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from platform_components.cluster.args import EksClusterArgs
from platform_components.cluster.instances import architectures
from platform_components.cluster.pools import Accelerator, DesiredSize, Disk, ManagedPool, NodeOs, TaintEffect, pool_labels, pool_taints
from platform_components.cluster.site import ServiceRole, Site
from platform_components.identity.trust import service_trust

GPU_LABEL = "nvidia.com/gpu.present"
"""Label of nodes with GPUs of NVIDIA that Karpenter did not launch; it labels its own."""

_EFFECTS = {
    TaintEffect.NO_SCHEDULE: "NO_SCHEDULE",
    TaintEffect.PREFER_NO_SCHEDULE: "PREFER_NO_SCHEDULE",
    TaintEffect.NO_EXECUTE: "NO_EXECUTE",
}
_ARCHITECTURES = {"amd64": "x86_64", "arm64": "ARM_64"}


def node_role(site: Site, name: str, *, session_manager: bool, uses: str) -> ServiceRole:
    """Create a role for EC2 nodes: join the cluster, and pull images. The CNI has its own."""
    managed = {"worker": "AmazonEKSWorkerNodePolicy", "registry": "AmazonEC2ContainerRegistryPullOnly"}
    if session_manager:
        managed["session-manager"] = "AmazonSSMManagedInstanceCore"
    return site.role(name, json.dumps(service_trust("ec2.amazonaws.com")), managed, uses=uses)


def create_managed_pools(
    site: Site,
    args: EksClusterArgs,
    cluster: aws.eks.Cluster,
    role: ServiceRole,
    volume_key: pulumi.Output[str] | None,
    after: Sequence[pulumi.Resource],
) -> list[pulumi.Resource]:
    """Create the managed node groups, once `after` stands."""
    pools = {name: pool for name, pool in args.all_pools.items() if isinstance(pool, ManagedPool)}
    return [_create_group(site, args, cluster, role, name, pool, volume_key, [*after, *role.permissions]) for name, pool in pools.items()]


def _create_group(
    site: Site,
    args: EksClusterArgs,
    cluster: aws.eks.Cluster,
    role: ServiceRole,
    name: str,
    pool: ManagedPool,
    volume_key: pulumi.Output[str] | None,
    after: Sequence[pulumi.Resource],
) -> aws.eks.NodeGroup:
    template = _create_template(site, args, name, pool, volume_key)
    return aws.eks.NodeGroup(
        # No physical name: a change that replaces the group brings the new nodes up before the old ones drain.
        site.child("pool", name),
        cluster_name=cluster.name,
        node_role_arn=role.role.arn,
        subnet_ids=args.network.subnets(args.node_tier),
        version=pool.version or args.version,
        release_version=pool.release_version,
        ami_type=ami_type(pool),
        capacity_type="SPOT" if pool.spot else "ON_DEMAND",
        instance_types=list(pool.instance_types),
        launch_template=aws.eks.NodeGroupLaunchTemplateArgs(id=template.id, version=template.latest_version.apply(str)),
        scaling_config=aws.eks.NodeGroupScalingConfigArgs(
            min_size=pool.min, max_size=pool.max, desired_size=pool.min if pool.desired is None else pool.desired
        ),
        update_config=aws.eks.NodeGroupUpdateConfigArgs(
            max_unavailable_percentage=pool.update.max_unavailable, update_strategy=pool.update.strategy.value.upper()
        ),
        force_update_version=pool.force_update,
        node_repair_config=repair_config(pool),
        warm_pool_config=warm_pool_config(pool),
        labels=node_labels(name, pool),
        taints=[
            aws.eks.NodeGroupTaintArgs(key=taint.key, value=taint.value or None, effect=_EFFECTS[taint.effect])
            for taint in pool_taints(name, pool)
        ],
        tags=site.tags(site.child("pool", name)),
        opts=site.options(
            depends_on=list(after),
            # An autoscaler owns the size from the first day on; min and max stay ours.
            # https://docs.aws.amazon.com/eks/latest/userguide/autoscaling.html
            ignore_changes=["scalingConfig.desiredSize"] if pool.desired_size is DesiredSize.AUTOSCALED else None,
        ),
    )


def _create_template(
    site: Site, args: EksClusterArgs, name: str, pool: ManagedPool, volume_key: pulumi.Output[str] | None
) -> aws.ec2.LaunchTemplate:
    """Create a pool's launch template.

    Disk and metadata options stand here alone: beside a template EKS ignores the group's own. No security group: EKS adds the cluster's,
    the only one tagged `kubernetes.io/cluster/<name>`, and with a second such tag the load balancer controller finds no target.
    """
    role = site.child("pool", name)
    tags = site.tags(role)
    return aws.ec2.LaunchTemplate(
        role,
        description=f"Nodes of pool {name}",
        update_default_version=True,
        block_device_mappings=block_devices(pool.os, pool.disk, volume_key),
        metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
            http_endpoint="enabled",
            http_tokens="required",
            http_put_response_hop_limit=pool.metadata_hop_limit,
            http_protocol_ipv6="enabled" if args.kubernetes_network.ip_family == "ipv6" else "disabled",
        ),
        # An instance can be hibernated only where it was launched so; its encrypted root volume holds the memory
        # (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/hibernating-prerequisites.html).
        hibernation_options=aws.ec2.LaunchTemplateHibernationOptionsArgs(configured=True)
        if pool.warm_pool is not None and pool.warm_pool.state == "hibernated"
        else None,
        # Default tags of a provider do not reach what a template launches.
        tag_specifications=[
            aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=tags)
            for kind in ("instance", "network-interface", "volume")
        ],
        tags=tags,
        opts=site.options(),
    )


def node_labels(name: str, pool: ManagedPool) -> dict[str, str]:
    """The pool's labels, and that by which NVIDIA's device plugin knows its nodes; Bottlerocket brings a plugin of its own."""
    gpus = pool.accelerator is Accelerator.NVIDIA and pool.os is NodeOs.AL2023
    return {**({GPU_LABEL: "true"} if gpus else {}), **pool_labels(name, pool)}


def ami_type(pool: ManagedPool) -> str:
    """EKS's name of a pool's image."""
    architecture = _ARCHITECTURES[architectures(pool.instance_types)[0]]
    if pool.os is NodeOs.BOTTLEROCKET:
        return f"BOTTLEROCKET_{architecture}" + ("_NVIDIA" if pool.accelerator is Accelerator.NVIDIA else "")
    variant = "STANDARD" if pool.accelerator is Accelerator.NONE else pool.accelerator.value.upper()
    return f"AL2023_{architecture}_{variant}"


def block_devices(os: NodeOs, disk: Disk, volume_key: pulumi.Input[str] | None) -> list[aws.ec2.LaunchTemplateBlockDeviceMappingArgs]:
    """Encrypted gp3 volumes: one, or two with Bottlerocket, where the second holds images and pods.

    Bottlerocket's own volume keeps the size of its snapshot: that differs between variants and releases, AWS refuses a smaller one, and a
    larger one is of no use (https://github.com/bottlerocket-os/bottlerocket/issues/2915, .../karpenter-provider-aws/pull/2400).
    """
    devices: dict[str, Disk | None] = {"/dev/xvda": disk}
    if os is NodeOs.BOTTLEROCKET:
        devices = {"/dev/xvda": None, "/dev/xvdb": disk}
    return [
        aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
            device_name=device,
            ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                volume_size=volume.size_gib if volume else None,
                iops=volume.iops if volume else None,
                throughput=volume.throughput_mib if volume else None,
                volume_type="gp3",
                # The provider wants these flags as text.
                encrypted="true",
                delete_on_termination="true",
                kms_key_id=volume_key,
            ),
        )
        for device, volume in devices.items()
    ]


def repair_config(pool: ManagedPool) -> aws.eks.NodeGroupNodeRepairConfigArgs:
    """How broken nodes are replaced."""
    repair = pool.repair
    return aws.eks.NodeGroupNodeRepairConfigArgs(
        enabled=repair.enabled,
        max_parallel_nodes_repaired_percentage=repair.max_parallel if repair.enabled else None,
        max_unhealthy_node_threshold_percentage=repair.stop_above_unhealthy if repair.enabled else None,
    )


def warm_pool_config(pool: ManagedPool) -> aws.eks.NodeGroupWarmPoolConfigArgs | None:
    """Nodes booted beforehand, if any."""
    warm = pool.warm_pool
    if warm is None:
        return None
    return aws.eks.NodeGroupWarmPoolConfigArgs(
        min_size=warm.min_size, pool_state=warm.state.upper(), reuse_on_scale_in=warm.reuse, max_group_prepared_capacity=warm.max_prepared
    )
