"""Managed add-ons: which ones a cluster needs, what they are told, and the order they come in."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import pulumi
import pulumi_aws as aws

from platform_components.cluster.addon_args import Addon, Conflicts, ExtraAddon, VpcCni
from platform_components.cluster.args import EksClusterSettings
from platform_components.cluster.documents import cni_ipv6_statements
from platform_components.cluster.pools import AutoPool, FargatePool, KarpenterPool, ManagedPool
from platform_components.cluster.site import ServiceRole, Site
from platform_components.profile import with_defaults

Identity = aws.eks.AddonPodIdentityAssociationArgs

CNI = "vpc-cni"
AGENT = "eks-pod-identity-agent"
EBS_CSI = "aws-ebs-csi-driver"


class Wave(Enum):
    """When an add-on comes, seen from the nodes."""

    BEFORE_NODES = "before"
    """A node is not ready without it, and it needs no node to be installed."""
    AFTER_NODES = "after"
    """It runs as pods, and EKS waits until they are ready."""


@dataclass(frozen=True)
class Plan:
    """One add-on to install."""

    name: str
    """Its name at AWS."""
    wave: Wave
    settings: Addon
    configuration: Mapping[str, Any] = field(default_factory=dict)
    """Values made from typed fields; those of the settings are laid over them."""


def plan_addons(settings: EksClusterSettings) -> list[Plan]:
    """The add-ons a cluster gets, in the order they are installed. What Auto Mode and Fargate run by themselves is left out."""
    pools = settings.all_pools.values()
    ec2 = any(isinstance(pool, (ManagedPool, KarpenterPool)) for pool in pools)
    fargate = any(isinstance(pool, FargatePool) for pool in pools)
    auto = settings.auto_mode_on or any(isinstance(pool, AutoPool) for pool in pools)
    addons = settings.addons
    plans: list[Plan] = []
    if ec2 or not (fargate or auto):
        # Without pools too: nodes that others bring can then join. The agent first, since the CNI gets its credentials from it.
        plans += [
            Plan(AGENT, Wave.BEFORE_NODES, addons.pod_identity_agent),
            Plan("kube-proxy", Wave.BEFORE_NODES, addons.kube_proxy),
            Plan(CNI, Wave.BEFORE_NODES, addons.vpc_cni, cni_configuration(addons.vpc_cni)),
        ]
    if ec2 or fargate:
        on_fargate = {} if ec2 or auto else {"computeType": "Fargate"}
        plans.append(Plan("coredns", Wave.AFTER_NODES, addons.coredns, on_fargate))
    if ec2:
        plans += [
            Plan("eks-node-monitoring-agent", Wave.AFTER_NODES, addons.node_monitoring),
            Plan(EBS_CSI, Wave.AFTER_NODES, addons.ebs_csi),
        ]
    plans += [Plan(name, Wave.AFTER_NODES, extra) for name, extra in addons.extra.items()]
    return [plan for plan in plans if plan.settings.enabled]


def cni_configuration(cni: VpcCni) -> dict[str, Any]:
    """The VPC CNI's values (https://github.com/aws/amazon-vpc-cni-k8s#cni-configuration-variables); it takes all of them as text."""
    env = {
        "AWS_VPC_K8S_CNI_EXTERNALSNAT": _flag(cni.external_snat),
        "ENABLE_POD_ENI": _flag(cni.pod_security_groups),
        "ENABLE_PREFIX_DELEGATION": _flag(cni.prefix_delegation),
    }
    if cni.pod_security_groups:
        # Otherwise traffic of such pods leaves through the node's own group, and NetworkPolicy does not apply.
        env["POD_SECURITY_GROUP_ENFORCING_MODE"] = "standard"
    if cni.warm_ip_target is not None:
        env["WARM_IP_TARGET"] = str(cni.warm_ip_target)
    if cni.minimum_ip_target is not None:
        env["MINIMUM_IP_TARGET"] = str(cni.minimum_ip_target)
    return {"enableNetworkPolicy": _flag(cni.network_policy), "env": env}


def create_addons(
    site: Site, cluster: aws.eks.Cluster, settings: EksClusterSettings, wave: Wave, after: Sequence[pulumi.Resource]
) -> list[pulumi.Resource]:
    """Create the add-ons of one wave.

    Args:
        site: the ground.
        cluster: the cluster.
        settings: the cluster's settings.
        wave: which add-ons.
        after: what they wait for; on destroy it outlives them.
    """
    made: list[pulumi.Resource] = []
    for plan in plan_addons(settings):
        if plan.wave is not wave:
            continue
        # The CNI waits for the agent besides: a node's first call for credentials must find it.
        agent = made[:1] if plan.name == CNI else []
        made.append(_create(site, cluster, settings, plan, [*after, *agent]))
    return made


def _create(
    site: Site, cluster: aws.eks.Cluster, settings: EksClusterSettings, plan: Plan, after: Sequence[pulumi.Resource]
) -> aws.eks.Addon:
    configuration = with_defaults(plan.configuration, plan.settings.configuration)
    identities, permissions = _identities(site, settings, plan)
    return aws.eks.Addon(
        site.child("addon", plan.name),
        cluster_name=cluster.name,
        addon_name=plan.name,
        addon_version=plan.settings.version,
        configuration_values=json.dumps(configuration, sort_keys=True) if configuration else None,
        pod_identity_associations=identities or None,
        # An add-on that EKS finds half there already (a leftover, or the self-managed one) is taken over, not an error.
        resolve_conflicts_on_create=Conflicts.OVERWRITE.value.upper(),
        resolve_conflicts_on_update=plan.settings.on_update.value.upper(),
        preserve=plan.settings.keep,
        tags=site.tags(site.child("addon", plan.name)),
        opts=site.options(depends_on=[*after, *permissions]),
    )


def _identities(site: Site, settings: EksClusterSettings, plan: Plan) -> tuple[list[Identity], Sequence[pulumi.Resource]]:
    """The service accounts of an add-on that call AWS, with their roles, and what gives those their permissions."""
    if isinstance(plan.settings, ExtraAddon):
        return [Identity(service_account=account, role_arn=arn) for account, arn in plan.settings.pod_identity.items()], ()
    if plan.name == CNI:
        role = _cni_role(site, ipv6=settings.kubernetes_network.ip_family == "ipv6")
        return [Identity(service_account="aws-node", role_arn=role.role.arn)], role.permissions
    if plan.name == EBS_CSI:
        # Held to volumes and instances of this cluster by tags of the session, which Pod Identity sets; the older policy was not.
        # https://github.com/kubernetes-sigs/aws-ebs-csi-driver/issues/2918
        managed = {"driver": "AmazonEBSCSIDriverEKSClusterScopedPolicy"}
        role = site.pod_role("ebs-csi", "kube-system", "ebs-csi-controller-sa", managed, uses="EBS CSI driver")
        return [Identity(service_account="ebs-csi-controller-sa", role_arn=role.role.arn)], role.permissions
    return [], ()


def _cni_role(site: Site, *, ipv6: bool) -> ServiceRole:
    """The CNI's own role, so that nodes, and any pod that reaches theirs, hold no right over network interfaces."""
    managed = {} if ipv6 else {"cni": "AmazonEKS_CNI_Policy"}
    role = site.pod_role("vpc-cni", "kube-system", "aws-node", managed, uses="VPC CNI")
    return site.with_statements(role, site.place.apply(cni_ipv6_statements), "vpc-cni-ipv6") if ipv6 else role


def _flag(value: bool) -> str:
    return "true" if value else "false"
