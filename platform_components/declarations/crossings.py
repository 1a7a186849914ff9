"""Rules between the sections of an environment: what no section can see of itself. Pure; each finding is (path, message)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from platform_components.audit.args import EnvironmentAudit
from platform_components.certificates.args import PrivateCaIssuer
from platform_components.charts.args import AddonSettings, range_problems
from platform_components.ci.args import CiSettings
from platform_components.cluster.args import EksClusterSettings, LogType
from platform_components.cluster.pools import Consolidation, KarpenterPool, ProvisionedPool
from platform_components.declarations.data import KINDS, DataSettings
from platform_components.declarations.document import FieldPath
from platform_components.declarations.platform import PlatformSettings
from platform_components.delivery.progressive_args import ProgressiveSettings
from platform_components.mesh.args import Linkerd, PrivateCaAuthority, addon_problems
from platform_components.mesh.owners import CHARTS
from platform_components.names import child_name, component_name_problem
from platform_components.network.args import VpcArgs
from platform_components.network.checks import eks_zone_problems
from platform_components.network.zones import NO_EKS_CONTROL_PLANE, zone_id_problem, zone_problem
from platform_components.resilience.args import ResilienceSettings
from platform_components.resilience.promises import broken
from platform_components.secrets.args import SecretsSettings
from platform_components.secrets.reference import SecretStore
from platform_components.tenancy.args import TenantsSettings
from platform_components.tenancy.isolation import model_pool

Finding = tuple[FieldPath, str]

RESERVED_TAGS = ("Environment", "Layer", "ManagedBy")
"""Tags that say where a resource comes from; nobody else may set them."""

MIN_CONTROL_PLANE_ZONES = 2
"""Zones in which EKS wants subnets (https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html)."""


def zone_findings(region: str, zones: Sequence[Any], network_region: Any = None) -> Iterator[Finding]:
    """Zones that do not belong to the environment's region; what is no zone id at all is left to the network's own checks."""
    if network_region is not None and network_region != region:
        yield ("network", "region"), f"the environment lies in {region}; leave the network's region out"
    for index, zone in enumerate(zones):
        if isinstance(zone, str) and zone_id_problem(zone) is None and (message := zone_problem(region, zone)):
            yield ("network", "zones", index), message


def tag_findings(section: str, tags: Any) -> Iterator[Finding]:
    """Tags of a section that would contradict the platform's own on the same resources: a difference that every preview shows anew."""
    for key in tags if isinstance(tags, Mapping) else ():
        if key in RESERVED_TAGS:
            yield (section, "tags", key), f"the tag {key} is set by the platform; choose another key"


def cluster_findings(network: VpcArgs, cluster: EksClusterSettings) -> Iterator[Finding]:
    """What the cluster asks of the network and does not get."""
    yield from _tier_findings(network, cluster)
    yield from _address_findings(network, cluster)
    for index, zone in enumerate(network.zones):
        # The cluster is given the subnets of every zone of its tier, and EKS refuses all of them for one such.
        for message in eks_zone_problems([zone]):
            yield ("network", "zones", index), message
    zones = [zone for zone in network.zones if zone not in NO_EKS_CONTROL_PLANE]
    if len(zones) < MIN_CONTROL_PLANE_ZONES:
        message = (
            f"a cluster needs {MIN_CONTROL_PLANE_ZONES} zones that can hold its control plane; only {', '.join(zones) or 'none'} here can"
        )
        yield ("network", "zones"), message


def data_findings(environment: str, network: VpcArgs, data: DataSettings) -> Iterator[Finding]:
    """Stores whose tier the network lacks, and names that are too long with the environment's before them."""
    for kind, name, tier in data.tiers():
        if tier not in network.tiers:
            yield ("data", kind, name), f"stands in the tier {tier}, which network.tiers does not have; add it there"
    for kind in KINDS:
        for name in getattr(data, kind):
            if problem := component_name_problem(child_name(environment, name)):
                yield ("data", kind, name), f"with the environment's name it {problem}"


def slo_findings(periods: Mapping[str, int], retention_days: int) -> Iterator[Finding]:
    """Objectives over periods that Prometheus does not remember: their budgets would seem fuller than they are."""
    for name, days in periods.items():
        if days > retention_days:
            message = (
                f"Prometheus keeps {retention_days} days; choose a shorter period, or raise observability.metrics.retention_days to {days}"
            )
            yield ("slos", name, "period_days"), message


def resilience_findings(data: DataSettings, resilience: ResilienceSettings) -> Iterator[Finding]:
    """Promises that what is configured does not keep."""
    for _, field, message in broken(data, resilience):
        yield ("resilience", field), message


def secrets_findings(cluster: EksClusterSettings, secrets: SecretsSettings | None) -> Iterator[Finding]:
    """What the store of secrets asks of the cluster: a store acts as its own service account by the cluster's IAM provider only."""
    if secrets is not None and secrets.backend is SecretStore.AWS and not cluster.irsa:
        message = "aws-secrets-manager needs a cluster whose service accounts IAM can tell apart; set cluster.irsa to true"
        yield ("secrets", "backend"), message


def progressive_findings(environment: Any, progressive: ProgressiveSettings | None) -> Iterator[Finding]:
    """An order of environments that has no place for this one; what is no name at all is left to its own checks."""
    if isinstance(environment, str) and progressive is not None and (problem := progressive.place_problem(environment)):
        yield ("delivery", "progressive", "promotion"), problem


def ci_findings(cluster: EksClusterSettings, ci: CiSettings | None) -> Iterator[Finding]:
    """Runners whose nodes are not there, are shared, are taken away under a job, or are fewer than the runners may be."""
    pools = ci.pools if ci is not None else {}
    for name, runners in pools.items():
        path, nodes = ("delivery", "ci", "pools", name, "node_pool"), cluster.pools.get(runners.node_pool)
        if not isinstance(nodes, ProvisionedPool):
            yield path, f"the cluster has no pool {runners.node_pool} of capacity karpenter or auto; add it to cluster.pools"
        elif not nodes.dedicated:
            yield path, f"pool {runners.node_pool} holds other workloads too; set dedicated: true there"
        elif nodes.consolidation is not Consolidation.EMPTY:
            yield path, f"pool {runners.node_pool} moves pods to save nodes, and a job cannot be moved; set consolidation: empty there"
    for node_pool in dict.fromkeys(runners.node_pool for runners in pools.values()):
        nodes = cluster.pools.get(node_pool)
        most = sum(runners.max * runners.vcpu for runners in pools.values() if runners.node_pool == node_pool)
        if isinstance(nodes, ProvisionedPool) and most > nodes.limit_vcpu:
            message = f"runners on pool {node_pool} may take {most:g} vCPUs, and it has {nodes.limit_vcpu}; lower max, or raise limit_vcpu"
            yield ("delivery", "ci", "pools"), message


def platform_findings(cluster: EksClusterSettings, platform: PlatformSettings) -> Iterator[Finding]:
    """Add-ons that do not work with the cluster's Kubernetes version; told at the add-on where the file names it."""
    charts = CHARTS[platform.mesh.kind] if platform.mesh is not None else ()
    for name, message in range_problems(cluster.version, platform.addons, charts):
        yield (("platform", "addons", name) if name in platform.addons else ("cluster", "version")), message
    yield from _mesh_findings(platform)
    if isinstance(platform.mesh, Linkerd) and cluster.kubernetes_network.ip_family == "ipv6" and not platform.mesh.ipv6:
        yield ("platform", "mesh"), "the cluster's pods have IPv6 addresses, which would pass by Linkerd's proxies; set ipv6 to true"


def tenants_findings(cluster: EksClusterSettings, tenants: TenantsSettings) -> Iterator[Finding]:
    """A pool that teams' own are to be like, and that is not there."""
    if tenants.node_pool is not None and model_pool(cluster.all_pools, tenants.node_pool) is None:
        made = [name for name, pool in cluster.all_pools.items() if isinstance(pool, KarpenterPool)]
        message = f"{tenants.node_pool} is no pool of capacity karpenter; choose from {', '.join(made) or 'none'}"
        yield ("tenants", "node_pool"), message


def _mesh_findings(platform: PlatformSettings) -> Iterator[Finding]:
    """What the mesh asks of its neighbours and does not get."""
    mesh = platform.mesh
    if mesh is None:
        return
    for path, message in addon_problems(mesh, platform.addons):
        yield ("platform", "addons", *path), message
    if isinstance(mesh.trust.authority, PrivateCaAuthority) and not isinstance(platform.certificates.issuer, PrivateCaIssuer):
        message = "acm-pca is the authority that certificates.issuer names, and that is none of AWS Private CA; name it there"
        yield ("platform", "mesh", "trust", "authority"), message
    balancers = platform.addons.get("aws-load-balancer-controller", AddonSettings())
    gateway = getattr(mesh, "gateway", None)
    if balancers.enabled is False and gateway is not None and gateway.load_balancer != "none":
        message = (
            f"an {gateway.load_balancer} load balancer is made by aws-load-balancer-controller, which is switched off; "
            "set load_balancer to none, or switch it on"
        )
        yield ("platform", "mesh", "gateway"), message


def _tier_findings(network: VpcArgs, cluster: EksClusterSettings) -> Iterator[Finding]:
    known = [*map(str, network.tiers), *network.secondary_cidrs]
    for field in ("node_tier", "control_plane_tier"):
        tier = getattr(cluster, field)
        if tier not in known:
            yield ("cluster", field), f"the network has no tier {tier}; choose from {', '.join(known)}"


def _address_findings(network: VpcArgs, cluster: EksClusterSettings) -> Iterator[Finding]:
    if cluster.kubernetes_network.ip_family == "ipv6" and not network.ipv6:
        yield ("cluster", "kubernetes_network", "ip_family"), "ipv6 needs a network that has it; set network.ipv6 to true"
    services = cluster.kubernetes_network.service_cidr
    blocks = [network.cidr, *(block.cidr for block in network.secondary_cidrs.values())]
    for block in blocks:
        if services is not None and block is not None and services.overlaps(block):
            yield ("cluster", "kubernetes_network", "service_cidr"), f"{services} overlaps {block} of the network; choose another block"


def audit_findings(audit: EnvironmentAudit | None, cluster: EksClusterSettings) -> Iterator[Finding]:
    """A control plane whose audit log is to be kept, and is not written, or where nobody may take it on from."""
    if audit is None or not audit.cluster_logs:
        return
    if LogType.AUDIT not in cluster.logging.types:
        yield (
            ("audit", "cluster_logs"),
            "the control plane writes no audit log; add audit to cluster.logging.types, or set cluster_logs to false",
        )
    if cluster.logging.infrequent_access:
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html
        yield (
            ("audit", "cluster_logs"),
            "log groups of class Infrequent Access cannot be forwarded; set cluster.logging.infrequent_access to false, or cluster_logs",
        )
