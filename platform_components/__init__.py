"""Reusable Pulumi components of the platform.

    import platform_components as platform

    network = platform.Vpc("shop", platform.VpcArgs(cidr="10.0.0.0/16", zones=["euw1-az1", "euw1-az2"]))

Importing this package reads no config, no clock and no network; each name loads its own module when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from platform_components.admission.admission_policies import AdmissionPolicies
    from platform_components.admission.args import AdmissionPoliciesArgs
    from platform_components.admission.signature_args import SignedImagesArgs
    from platform_components.admission.signed_images import SignedImages
    from platform_components.args import Late
    from platform_components.audit.args import AuditTrailArgs, LogArchiveArgs
    from platform_components.audit.audit_trail import AuditTrail
    from platform_components.audit.log_archive import LogArchive
    from platform_components.autoscaling.args import AutoscalingArgs
    from platform_components.autoscaling.autoscaling import Autoscaling
    from platform_components.autoscaling.priorities import PriorityClassesArgs
    from platform_components.autoscaling.priority_classes import PriorityClasses
    from platform_components.certificates.args import CertificatesArgs
    from platform_components.certificates.certificates import Certificates
    from platform_components.charts.args import AddonReleaseArgs
    from platform_components.charts.release import AddonRelease
    from platform_components.ci.args import CiRunnersArgs
    from platform_components.ci.ci_runners import CiRunners
    from platform_components.cluster.args import EksClusterArgs
    from platform_components.cluster.eks_cluster import EksCluster
    from platform_components.cluster.node_pools.args import KarpenterPoolsArgs
    from platform_components.cluster.node_pools.provisioned import KarpenterPools
    from platform_components.data.bucket import Bucket
    from platform_components.data.bucket_args import BucketArgs
    from platform_components.data.cache import Cache
    from platform_components.data.cache_args import CacheArgs
    from platform_components.data.connection import Connection
    from platform_components.data.database import Database
    from platform_components.data.database_args import DatabaseArgs
    from platform_components.data.queue import Queue
    from platform_components.data.queue_args import QueueArgs
    from platform_components.data.store_alerts import StoreAlerts
    from platform_components.data.store_alerts_args import StoreAlertsArgs
    from platform_components.data.stream import Stream
    from platform_components.data.stream_args import StreamArgs
    from platform_components.delivery.args import GitOpsArgs
    from platform_components.delivery.artifact_registry import ArtifactRegistry
    from platform_components.delivery.gitops import GitOps
    from platform_components.delivery.progressive_args import ProgressiveDeliveryArgs
    from platform_components.delivery.progressive_delivery import ProgressiveDelivery
    from platform_components.delivery.registry_args import ArtifactRegistryArgs
    from platform_components.delivery.rollout import Rollout
    from platform_components.delivery.rollout_args import RolloutArgs
    from platform_components.errors import DeclarationError, PlatformError, UnsupportedError
    from platform_components.finops.args import CostAlertsArgs
    from platform_components.finops.cost_alerts import CostAlerts
    from platform_components.identity.args import ClusterRef, IdentityRef, WorkloadIdentityArgs
    from platform_components.identity.pipeline_args import GitHubPipelines, GitLabPipelines, PipelineIdentityArgs
    from platform_components.identity.pipeline_identity import PipelineIdentity
    from platform_components.identity.statements import Statement
    from platform_components.identity.workload_identity import WorkloadIdentity
    from platform_components.ingress.args import IngressArgs
    from platform_components.ingress.ingress import Ingress
    from platform_components.ingress.public_zone import PublicZone
    from platform_components.ingress.zone_args import PublicZoneArgs
    from platform_components.mesh.args import ServiceMeshArgs
    from platform_components.mesh.service_mesh import ServiceMesh
    from platform_components.network.args import VpcArgs
    from platform_components.network.reference import VpcRef
    from platform_components.network.vpc import Vpc
    from platform_components.observability.args import ObservabilityStackArgs
    from platform_components.observability.observability_stack import ObservabilityStack
    from platform_components.observability.slo.args import SloArgs
    from platform_components.observability.slo.slo import Slo
    from platform_components.profile import Profile
    from platform_components.resilience.args import BackupPlanArgs
    from platform_components.resilience.backup_plan import BackupPlan
    from platform_components.resilience.cluster_args import ClusterBackupArgs
    from platform_components.resilience.cluster_backup import ClusterBackup
    from platform_components.secrets.args import SecretsPlatformArgs
    from platform_components.secrets.reference import SecretReference
    from platform_components.secrets.secrets_platform import SecretsPlatform
    from platform_components.secrets.team_args import TeamSecretsArgs
    from platform_components.secrets.team_secrets import TeamSecrets
    from platform_components.tenancy.args import Team, TenantArgs
    from platform_components.tenancy.context import TeamContext
    from platform_components.tenancy.tenant import Tenant

_MODULES = {
    "AddonRelease": "charts.release",
    "AddonReleaseArgs": "charts.args",
    "AdmissionPolicies": "admission.admission_policies",
    "AdmissionPoliciesArgs": "admission.args",
    "ArtifactRegistry": "delivery.artifact_registry",
    "ArtifactRegistryArgs": "delivery.registry_args",
    "AuditTrail": "audit.audit_trail",
    "AuditTrailArgs": "audit.args",
    "Autoscaling": "autoscaling.autoscaling",
    "AutoscalingArgs": "autoscaling.args",
    "BackupPlan": "resilience.backup_plan",
    "BackupPlanArgs": "resilience.args",
    "ClusterBackup": "resilience.cluster_backup",
    "ClusterBackupArgs": "resilience.cluster_args",
    "Bucket": "data.bucket",
    "BucketArgs": "data.bucket_args",
    "Cache": "data.cache",
    "CacheArgs": "data.cache_args",
    "Certificates": "certificates.certificates",
    "CertificatesArgs": "certificates.args",
    "CiRunners": "ci.ci_runners",
    "CiRunnersArgs": "ci.args",
    "ClusterRef": "identity.args",
    "Connection": "data.connection",
    "CostAlerts": "finops.cost_alerts",
    "CostAlertsArgs": "finops.args",
    "Database": "data.database",
    "DatabaseArgs": "data.database_args",
    "DeclarationError": "errors",
    "EksCluster": "cluster.eks_cluster",
    "EksClusterArgs": "cluster.args",
    "GitHubPipelines": "identity.pipeline_args",
    "GitLabPipelines": "identity.pipeline_args",
    "GitOps": "delivery.gitops",
    "GitOpsArgs": "delivery.args",
    "IdentityRef": "identity.args",
    "Ingress": "ingress.ingress",
    "IngressArgs": "ingress.args",
    "KarpenterPools": "cluster.node_pools.provisioned",
    "KarpenterPoolsArgs": "cluster.node_pools.args",
    "Late": "args",
    "LogArchive": "audit.log_archive",
    "LogArchiveArgs": "audit.args",
    "ObservabilityStack": "observability.observability_stack",
    "ObservabilityStackArgs": "observability.args",
    "PipelineIdentity": "identity.pipeline_identity",
    "PipelineIdentityArgs": "identity.pipeline_args",
    "PlatformError": "errors",
    "PriorityClasses": "autoscaling.priority_classes",
    "PriorityClassesArgs": "autoscaling.priorities",
    "Profile": "profile",
    "ProgressiveDelivery": "delivery.progressive_delivery",
    "ProgressiveDeliveryArgs": "delivery.progressive_args",
    "PublicZone": "ingress.public_zone",
    "PublicZoneArgs": "ingress.zone_args",
    "Queue": "data.queue",
    "QueueArgs": "data.queue_args",
    "Rollout": "delivery.rollout",
    "RolloutArgs": "delivery.rollout_args",
    "SecretReference": "secrets.reference",
    "SecretsPlatform": "secrets.secrets_platform",
    "SecretsPlatformArgs": "secrets.args",
    "ServiceMesh": "mesh.service_mesh",
    "ServiceMeshArgs": "mesh.args",
    "SignedImages": "admission.signed_images",
    "SignedImagesArgs": "admission.signature_args",
    "Slo": "observability.slo.slo",
    "SloArgs": "observability.slo.args",
    "Statement": "identity.statements",
    "Team": "tenancy.args",
    "TeamContext": "tenancy.context",
    "Tenant": "tenancy.tenant",
    "TenantArgs": "tenancy.args",
    "StoreAlerts": "data.store_alerts",
    "StoreAlertsArgs": "data.store_alerts_args",
    "Stream": "data.stream",
    "StreamArgs": "data.stream_args",
    "TeamSecrets": "secrets.team_secrets",
    "TeamSecretsArgs": "secrets.team_args",
    "UnsupportedError": "errors",
    "Vpc": "network.vpc",
    "VpcArgs": "network.args",
    "VpcRef": "network.reference",
    "WorkloadIdentity": "identity.workload_identity",
    "WorkloadIdentityArgs": "identity.args",
}

__all__ = [
    "AddonRelease",
    "AddonReleaseArgs",
    "AdmissionPolicies",
    "AdmissionPoliciesArgs",
    "ArtifactRegistry",
    "ArtifactRegistryArgs",
    "AuditTrail",
    "AuditTrailArgs",
    "Autoscaling",
    "AutoscalingArgs",
    "BackupPlan",
    "BackupPlanArgs",
    "Bucket",
    "BucketArgs",
    "Cache",
    "CacheArgs",
    "Certificates",
    "CertificatesArgs",
    "CiRunners",
    "CiRunnersArgs",
    "ClusterBackup",
    "ClusterBackupArgs",
    "ClusterRef",
    "Connection",
    "CostAlerts",
    "CostAlertsArgs",
    "Database",
    "DatabaseArgs",
    "DeclarationError",
    "EksCluster",
    "EksClusterArgs",
    "GitHubPipelines",
    "GitLabPipelines",
    "GitOps",
    "GitOpsArgs",
    "IdentityRef",
    "Ingress",
    "IngressArgs",
    "KarpenterPools",
    "KarpenterPoolsArgs",
    "Late",
    "LogArchive",
    "LogArchiveArgs",
    "ObservabilityStack",
    "ObservabilityStackArgs",
    "PipelineIdentity",
    "PipelineIdentityArgs",
    "PlatformError",
    "PriorityClasses",
    "PriorityClassesArgs",
    "Profile",
    "ProgressiveDelivery",
    "ProgressiveDeliveryArgs",
    "PublicZone",
    "PublicZoneArgs",
    "Queue",
    "QueueArgs",
    "Rollout",
    "RolloutArgs",
    "SecretReference",
    "SecretsPlatform",
    "SecretsPlatformArgs",
    "ServiceMesh",
    "ServiceMeshArgs",
    "SignedImages",
    "SignedImagesArgs",
    "Slo",
    "SloArgs",
    "Statement",
    "StoreAlerts",
    "StoreAlertsArgs",
    "Stream",
    "StreamArgs",
    "Team",
    "TeamContext",
    "TeamSecrets",
    "TeamSecretsArgs",
    "Tenant",
    "TenantArgs",
    "UnsupportedError",
    "Vpc",
    "VpcArgs",
    "VpcRef",
    "WorkloadIdentity",
    "WorkloadIdentityArgs",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
