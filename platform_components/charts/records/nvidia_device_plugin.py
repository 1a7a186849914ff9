"""nvidia-device-plugin: makes a node's GPUs something that pods can ask for. Off unless an environment enables it.

Chart and values: NVIDIA/k8s-device-plugin, deployments/helm/nvidia-device-plugin at v0.20.0. For nodes of Amazon Linux, whose image brings
the driver and no plugin; Bottlerocket and Auto Mode bring one of their own.
"""

from platform_components.charts.addon import Addon, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, resources
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

VERSION = "0.20.0"
IMAGE = Image("nvcr.io", "nvidia/k8s-device-plugin", f"v{VERSION}")
_NODES = (
    {"key": "karpenter.k8s.aws/instance-gpu-manufacturer", "values": ["nvidia"]},
    {"key": "nvidia.com/gpu.present", "values": ["true"]},
)
"""Labels of nodes with GPUs: Karpenter's own, and that of managed pools."""


def values(site: Site) -> Values:
    """One agent on every node with a GPU; whole GPUs, without the chart's discovery of features, which Karpenter's labels do without."""
    image = mirrored(IMAGE, site.mirror)
    terms = [{"matchExpressions": [{**label, "operator": "In"}]} for label in _NODES]
    return {
        "image": {"repository": f"{image.registry}/{image.repository}", "tag": image.tag},
        "resources": resources(10, 64, 128),
        # The kubelet's folder of sockets is root's.
        "securityContext": {**container_security(read_only=False), "runAsNonRoot": False, "runAsUser": 0},
        "podSecurityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}},
        "tolerations": [{"operator": "Exists"}],
        "gfd": {"enabled": False},
        "nfd": {"enabled": False},
    }


ADDON = Addon(
    name="nvidia-device-plugin",
    role="gpus",
    chart="nvidia-device-plugin",
    repository="https://nvidia.github.io/k8s-device-plugin",
    version="0.20.0",
    app_version="0.20.0",
    kubernetes=KubernetesRange("1.26", "1.36", "the kubelet's device plugin API, stable since 1.26; the chart's kubeVersion is wider"),
    namespace="nvidia-device-plugin",
    pod_security=PodSecurity.PRIVILEGED,
    traffic=Traffic(outside=()),
    images=(IMAGE,),
    values=values,
    optional=True,
    exceptions={
        "priorityClass": "system-node-critical, as the chart has it",
        "runAsNonRoot": "the kubelet's folder of sockets is root's",
        "readOnlyRootFilesystem": "the container runtime writes the driver's libraries into the linker's cache",
        "hostPath": "the kubelet's folder of sockets, and those of CDI and MPS",
        "topologySpread": "one pod on every node with a GPU",
        "podDisruptionBudget": "a DaemonSet is not evicted",
        "metrics": "the plugin has none",
        "networkPolicy": "the chart has none",
    },
)
