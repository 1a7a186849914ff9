"""The cluster layer: one EKS cluster in the environment's network, its audit log kept among the account's records."""

from datetime import UTC, date, datetime

import pulumi

from platform_components.audit.args import LogArchiveArgs
from platform_components.audit.documents import KUBERNETES_AUDIT
from platform_components.audit.log_archive import LogArchive
from platform_components.cluster.args import EksClusterArgs
from platform_components.cluster.documents import log_group_name
from platform_components.cluster.eks_cluster import EksCluster
from platform_components.cluster.versions import support_warning
from platform_components.declarations.environment import Environment
from platform_components.tags import merge_tags
from stacks.contracts import ClusterOutputs, said
from stacks.providers import options
from stacks.upstream import Upstream


def build(environment: Environment, upstream: Upstream, today: date | None = None) -> ClusterOutputs:
    """Build the cluster, and warn where support of its version ends soon.

    Args:
        environment: the environment.
        upstream: the layers below; the network is read.
        today: the day from which support is judged; the real one where omitted.
    """
    settings = environment.cluster
    if warning := support_warning(settings.version, today or datetime.now(tz=UTC).date(), settings.upgrade_policy):
        pulumi.log.warn(warning)
    # The provider's default tags do not reach what AWS makes for the cluster (instances, volumes); the component tags those itself.
    tags = merge_tags(environment.default_tags("cluster"), settings.tags)
    args = EksClusterArgs(**{**dict(settings), "tags": tags, "network": upstream.network})
    opts = options(environment, "cluster")
    cluster = EksCluster(environment.environment, args, opts)
    if environment.audit is not None and environment.audit.cluster_logs:
        archive_audit_log(environment, upstream, cluster, opts)
    return ClusterOutputs(
        cluster_name=cluster.cluster_name,
        cluster_arn=cluster.cluster_arn,
        version=cluster.version,
        endpoint=cluster.endpoint,
        certificate_authority=cluster.certificate_authority,
        kubeconfig=cluster.kubeconfig,
        cluster_security_group_id=cluster.cluster_security_group_id,
        oidc_issuer=cluster.oidc_issuer,
        oidc_provider_arn=said(cluster.oidc_provider_arn),
        key_arn=cluster.key_arn,
        karpenter_instance_profile_name=cluster.karpenter_instance_profile_name,
        karpenter_queue_name=cluster.karpenter_queue_name,
    )


def archive_audit_log(environment: Environment, upstream: Upstream, cluster: EksCluster, opts: pulumi.ResourceOptions) -> None:
    """Keep the audit log of the control plane beside the trail; of its other logs nobody asks after a year."""
    args = LogArchiveArgs(
        bucket_arn=upstream.require("network", "audit_bucket_arn"),
        key_arn=upstream.require("network", "audit_key_arn"),
        # As an output: the log group is there before the cluster is.
        log_groups={"eks": cluster.cluster_name.apply(log_group_name)},
        filters={"eks": KUBERNETES_AUDIT},
        tags=environment.default_tags("cluster"),
    )
    LogArchive(environment.environment, args, opts)
