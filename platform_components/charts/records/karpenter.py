"""karpenter: launches nodes as pods ask for them, and takes them away again.

Chart and values: aws/karpenter-provider-aws, charts/karpenter at v1.14.1; the published chart names the image of its own version. Its pods
may not run on nodes that it makes itself, which the chart's affinity holds.
"""

from typing import Any

from platform_components.charts.addon import Addon, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import resources
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

VERSION = "1.14.1"
IMAGE = Image("public.ecr.aws", "karpenter/controller", VERSION)
KUBERNETES = KubernetesRange("1.29", "1.36", "https://karpenter.sh/docs/upgrading/compatibility/")


def values(site: Site, interruption_queue: Any = "interruptions", service_account: str = "karpenter") -> Values:
    """The controller, told its cluster and where EC2 announces what it takes back.

    Args:
        site: the cluster.
        interruption_queue: name of the queue.
        service_account: the one whose identity the cluster layer made.
    """
    image = mirrored(IMAGE, site.mirror)
    return {
        "replicas": site.replicas,
        "controller": {
            # The chart's own digest is that of its own registry.
            "image": {"repository": f"{image.registry}/{image.repository}", "tag": image.tag, **({"digest": ""} if site.mirror else {})},
            "resources": resources(500, 1024),
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        },
        "serviceAccount": {"create": True, "name": service_account},
        "serviceMonitor": {"enabled": site.monitors},
        "settings": {
            "clusterName": site.cluster_name,
            "interruptionQueue": interruption_queue,
            # A pod's own preferences bind only while capacity for them can be had.
            "preferencePolicy": "Respect",
            "featureGates": {"nodeRepair": True},
        },
        "tolerations": list(site.tolerations),
    }


ADDON = Addon(
    name="karpenter",
    role="karpenter",
    chart="karpenter",
    repository="oci://public.ecr.aws/karpenter",
    version=VERSION,
    app_version=VERSION,
    kubernetes=KUBERNETES,
    namespace="kube-system",
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(metrics=(8080,)),
    images=(IMAGE,),
    values=values,
    service_account="karpenter",
    needs=("karpenter-crd", "prometheus-operator-crds"),
    exceptions={
        "podDisruptionBudget": "the chart always makes one, with one pod that may be away",
        "priorityClass": "system-cluster-critical, as the chart has it",
    },
)
