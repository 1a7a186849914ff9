"""What Autoscaling is given."""

from pydantic import Field

from platform_components.args import Args, Late
from platform_components.charts.args import InstallationArgs
from platform_components.cluster.node_pools.args import KarpenterPoolsArgs


class KarpenterController(Args):
    """Karpenter's controller and its pools, where this layer installs them."""

    pools: KarpenterPoolsArgs = Field(description="The pools, and what their nodes stand on. Required.")
    interruption_queue_name: Late[str] = Field(description="`EksCluster.karpenter_queue_name`. Required.")
    namespace: str = Field(
        default="kube-system", description="Namespace of the controller; its identity is bound to it. Omitted: kube-system."
    )
    service_account: str = Field(default="karpenter", description="Service account of the controller. Omitted: karpenter.")


class AutoscalingArgs(InstallationArgs):
    """Autoscaling in one cluster."""

    karpenter: KarpenterController | None = Field(
        default=None,
        description="Karpenter's controller and pools. Omitted: none here; the cluster's own layer has them, or Auto Mode does.",
    )
