"""The control plane: its key, log group and role, the cluster, and what stands directly on it."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from platform_components.cluster.args import EksClusterArgs
from platform_components.cluster.documents import key_policy, log_group_name
from platform_components.cluster.node_pools.auto import CLUSTER_POLICIES, NODE_POLICIES, tagging_statements
from platform_components.cluster.site import ServiceRole, Site
from platform_components.identity.trust import service_trust


@dataclass(frozen=True)
class Foundation:
    """What must stand before the cluster."""

    key_arn: pulumi.Output[str]
    log_group: aws.cloudwatch.LogGroup | None
    role: ServiceRole
    builtin_node_role: ServiceRole | None
    """Role of the nodes in Auto Mode's built-in pools; EKS makes their access entry itself."""


def lay_foundation(site: Site, args: EksClusterArgs) -> Foundation:
    """Create key, log group and roles."""
    key_arn = _key(site, args)
    return Foundation(key_arn, _log_group(site, args, key_arn), _cluster_role(site, args), _builtin_node_role(site, args))


def create_cluster(site: Site, args: EksClusterArgs, base: Foundation) -> aws.eks.Cluster:
    """Create the cluster.

    Its name is fixed, since the log group, IAM conditions and people go by it, and a log group of that name must exist before it. It is
    deliberately not deleted before a replacement: a change that would replace it fails ("already exists") instead of taking it down.
    """
    name = site.child("cluster")
    waits: list[pulumi.Resource] = [*base.role.permissions]
    if base.log_group is not None:
        # Without this EKS makes the group itself, without retention or key.
        waits.append(base.log_group)
    if base.builtin_node_role is not None:
        waits += base.builtin_node_role.permissions
    tuning = args.control_plane
    return aws.eks.Cluster(
        name,
        name=site.cluster_name,
        role_arn=base.role.role.arn,
        version=args.version,
        vpc_config=_vpc_config(args),
        access_config=aws.eks.ClusterAccessConfigArgs(authentication_mode="API", bootstrap_cluster_creator_admin_permissions=False),
        # EKS would install its own, unmanaged and unconfigured; those in `addons` replace them.
        bootstrap_self_managed_addons=False,
        encryption_config=aws.eks.ClusterEncryptionConfigArgs(
            provider=aws.eks.ClusterEncryptionConfigProviderArgs(key_arn=base.key_arn), resources=["secrets"]
        ),
        enabled_cluster_log_types=[log.value for log in args.logging.types],
        kubernetes_network_config=_network_config(args),
        upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(support_type=args.upgrade_policy.value.upper()),
        deletion_protection=args.deletion_protection,
        zonal_shift_config=aws.eks.ClusterZonalShiftConfigArgs(enabled=args.zonal_shift),
        # AWS wants compute, storage and load balancing to agree, and takes silence for "as it was": all three are always said.
        compute_config=_compute(args, base),
        storage_config=aws.eks.ClusterStorageConfigArgs(
            block_storage=aws.eks.ClusterStorageConfigBlockStorageArgs(enabled=args.auto_mode_on)
        ),
        control_plane_scaling_config=aws.eks.ClusterControlPlaneScalingConfigArgs(tier=tuning.tier) if tuning.tier else None,
        kube_api_server_config=aws.eks.ClusterKubeApiServerConfigArgs(event_ttl=f"{ttl}m") if (ttl := tuning.event_ttl_minutes) else None,
        tags=site.tags(site.cluster_name),
        opts=site.options(depends_on=waits, protect=args.deletion_protection),
    )


def open_private_endpoint(site: Site, args: EksClusterArgs, security_group_id: pulumi.Output[str]) -> None:
    """Let networks other than the nodes reach the private endpoint, by rules on the group that EKS made."""
    for cidr in args.endpoint_access.private_cidrs:
        name = site.child("api", str(cidr).replace("/", "-"))
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=security_group_id,
            description=f"Kubernetes API from {cidr}",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=str(cidr),
            tags=site.tags(name),
            opts=site.options(),
        )


def create_oidc_provider(site: Site, issuer: pulumi.Output[str]) -> aws.iam.OpenIdConnectProvider:
    """Create the IAM OIDC provider that IRSA needs; AWS checks the certificate itself, so there is no thumbprint to go stale."""
    name = site.child("oidc")
    return aws.iam.OpenIdConnectProvider(name, url=issuer, client_id_lists=["sts.amazonaws.com"], tags=site.tags(name), opts=site.options())


def _key(site: Site, args: EksClusterArgs) -> pulumi.Output[str]:
    if args.encryption.key_arn is not None:
        return pulumi.Output.from_input(args.encryption.key_arn)
    name = site.child("key")
    key = aws.kms.Key(
        name,
        description=f"Secrets, control plane logs and volumes of EKS cluster {site.cluster_name}",
        enable_key_rotation=True,
        rotation_period_in_days=args.encryption.rotation_days,
        deletion_window_in_days=args.encryption.deletion_window_days,
        policy=site.document(lambda place: key_policy(place, site.cluster_name)),
        tags=site.tags(name),
        opts=site.options(protect=args.deletion_protection),
    )
    # Fixed, so that people find it; an alias holds nothing, so it may go before its replacement comes.
    aws.kms.Alias(
        site.child("key-alias"),
        name=f"alias/eks/{site.cluster_name}",
        target_key_id=key.key_id,
        opts=site.options(delete_before_replace=True),
    )
    return key.arn


def _log_group(site: Site, args: EksClusterArgs, key_arn: pulumi.Output[str]) -> aws.cloudwatch.LogGroup | None:
    """The log group, which outlives the cluster on destroy.

    EKS's own service-linked role may bring it back when it delivers last lines after that; nothing on this side can forbid it. A cluster of
    the same name then stops at "already exists": delete the group, or set `generation`.
    """
    if not args.logging.types:
        return None
    name = log_group_name(site.cluster_name)
    return aws.cloudwatch.LogGroup(
        site.child("logs"),
        name=name,
        retention_in_days=args.logging.retention_days,
        kms_key_id=key_arn if args.logging.encrypted else None,
        log_group_class="INFREQUENT_ACCESS" if args.logging.infrequent_access else "STANDARD",
        tags=site.tags(name),
        opts=site.options(protect=args.deletion_protection),
    )


def _cluster_role(site: Site, args: EksClusterArgs) -> ServiceRole:
    managed = {"cluster": "AmazonEKSClusterPolicy"}
    if args.auto_mode_on:
        managed |= CLUSTER_POLICIES
    if args.addons.vpc_cni.pod_security_groups:
        managed["pod-security-groups"] = "AmazonEKSVPCResourceController"
    trust = json.dumps(service_trust("eks.amazonaws.com", tag_sessions=args.auto_mode_on))
    role = site.role("cluster-role", trust, managed, uses=f"Control plane of EKS cluster {site.cluster_name}")
    return site.with_statements(role, pulumi.Output.from_input(tagging_statements()), "cluster-role-tags") if args.auto_mode_on else role


def _builtin_node_role(site: Site, args: EksClusterArgs) -> ServiceRole | None:
    if not args.auto_mode.builtin_pools:
        return None
    trust = json.dumps(service_trust("ec2.amazonaws.com"))
    return site.role("builtin-node", trust, NODE_POLICIES, uses=f"Nodes of the built-in pools of EKS cluster {site.cluster_name}")


def _vpc_config(args: EksClusterArgs) -> aws.eks.ClusterVpcConfigArgs:
    access = args.endpoint_access
    return aws.eks.ClusterVpcConfigArgs(
        subnet_ids=args.network.subnets(args.control_plane_tier),
        endpoint_private_access=True,
        endpoint_public_access=access.public is not None,
        public_access_cidrs=[str(cidr) for cidr in access.public.cidrs] if access.public is not None else None,
        control_plane_egress_mode="CUSTOMER_ROUTED" if access.egress == "customer-routed" else None,
    )


def _network_config(args: EksClusterArgs) -> aws.eks.ClusterKubernetesNetworkConfigArgs:
    network = args.kubernetes_network
    return aws.eks.ClusterKubernetesNetworkConfigArgs(
        ip_family=network.ip_family,
        service_ipv4_cidr=str(network.service_cidr) if network.service_cidr is not None else None,
        elastic_load_balancing=aws.eks.ClusterKubernetesNetworkConfigElasticLoadBalancingArgs(enabled=args.auto_mode_on),
    )


def _compute(args: EksClusterArgs, base: Foundation) -> aws.eks.ClusterComputeConfigArgs:
    role = base.builtin_node_role
    return aws.eks.ClusterComputeConfigArgs(
        enabled=args.auto_mode_on,
        node_pools=list(args.auto_mode.builtin_pools) if role is not None else None,
        node_role_arn=role.role.arn if role is not None else None,
    )
