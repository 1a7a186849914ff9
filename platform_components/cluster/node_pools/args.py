"""What KarpenterPools is given."""

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from platform_components.args import Args, Late
from platform_components.cluster.pools import KarpenterPool, PoolName


class KarpenterNodes(Args):
    """What the nodes of Karpenter's pools stand on, wherever their objects are registered."""

    instance_profile_name: Late[str] = Field(description="`EksCluster.karpenter_instance_profile_name`. Required.")
    security_group_id: Late[str] = Field(description="`EksCluster.cluster_security_group_id`. Required.")
    subnet_ids: Late[Sequence[str]] = Field(description="Subnets of the nodes. Required.")
    volume_key_arn: Late[str] | None = Field(default=None, description="KMS key of the nodes' volumes. Omitted: the AWS key for EBS.")
    ip_family: Literal["ipv4", "ipv6"] = Field(default="ipv4", description="Family of the cluster's addresses. Omitted: ipv4.")
    tags: Mapping[str, str] = Field(default={}, description="Tags of the nodes and volumes. Omitted: only the library's own.")


class KarpenterPoolsArgs(KarpenterNodes):
    """Karpenter pools whose objects are registered outside the cluster's own layer."""

    pools: Mapping[PoolName, KarpenterPool] = Field(description="The pools, as in the cluster's own settings. Required.")
