"""istio-cni: takes pods into the mesh on their node, so that no pod needs rights over its network.

Chart and values: istio/istio, manifests/charts/istio-cni at 1.30.3.
"""

from platform_components.charts.addon import Addon, PodSecurity, Values
from platform_components.charts.hardening import resources
from platform_components.charts.records.istiod import DATA_PLANE, KUBERNETES, REPOSITORY, VARIANT, VERSION, Istio, hub, image
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic


def values(site: Site, istio: Istio | None = None) -> Values:
    """One agent per node, on every node.

    Args:
        site: the cluster.
        istio: the mesh, at the version that this part has reached. None: an ambient one at the record's version.
    """
    istio = istio or Istio()
    return {
        "ambient": {"enabled": istio.ambient},
        "revision": istio.revision,
        "resources": resources(50, 96, 256),
        "seccompProfile": {"type": "RuntimeDefault"},
        # The field of the pod, not the annotation that was there before it.
        "useAppArmorAnnotation": False,
        "global": {"hub": hub(site), "tag": istio.version, "variant": VARIANT, "logAsJson": True},
    }


ADDON = Addon(
    name="istio-cni",
    role="istio-cni",
    chart="cni",
    repository=REPOSITORY,
    version=VERSION,
    app_version=VERSION,
    kubernetes=KUBERNETES,
    namespace=DATA_PLANE,
    pod_security=PodSecurity.PRIVILEGED,
    traffic=Traffic(metrics=(15014,)),
    images=(image("install-cni"),),
    values=values,
    needs=("istiod",),
    optional=True,
    exceptions={
        "priorityClass": "system-node-critical, as the chart has it",
        "runAsNonRoot": "enters the network namespaces of pods and writes the node's network configuration",
        "capabilities": "NET_ADMIN, NET_RAW, SYS_PTRACE, SYS_ADMIN and DAC_OVERRIDE, for the same",
        "hostPath": "the node's CNI folders, /proc and the sockets of the two agents",
        "readOnlyRootFilesystem": "the chart gives no way to set it",
        "topologySpread": "one pod on every node",
        "podDisruptionBudget": "a DaemonSet is not evicted",
        "networkPolicy": "the namespace's own are narrower than the chart's",
    },
)
