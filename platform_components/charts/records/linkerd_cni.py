"""linkerd-cni: takes pods into the mesh on their node, so that no pod needs rights over its network.

Chart and values: linkerd/linkerd2, charts/linkerd2-cni at edge-26.8.3.
"""

from platform_components.charts.addon import Addon, Image, PodSecurity, Values, mirrored
from platform_components.charts.hardening import resources
from platform_components.charts.records.linkerd_control_plane import APP_VERSION, CNI, KUBERNETES, REPOSITORY, VERSION, Linkerd, by_resource
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

IMAGE = Image("cr.l5d.io", "linkerd/cni-plugin", "v1.7.0-alpha.1")


def values(site: Site, linkerd: Linkerd | None = None) -> Values:
    """One agent per node, on every node, and beside it what restarts pods that came before it.

    Args:
        site: the cluster.
        linkerd: the mesh. None: one without IPv6.
    """
    linkerd = linkerd or Linkerd()
    image = mirrored(IMAGE, site.mirror)
    return {
        "image": {"name": f"{image.registry}/{image.repository}", "version": image.tag},
        "priorityClassName": "system-node-critical",
        "disableIPv6": not linkerd.ipv6,
        "resources": by_resource(resources(20, 32, 128)),
        "repairController": {"enabled": True, "logFormat": "json", "resources": by_resource(resources(10, 32, 64))},
    }


ADDON = Addon(
    name="linkerd-cni",
    role="linkerd-cni",
    chart="linkerd2-cni",
    repository=REPOSITORY,
    version=VERSION,
    app_version=APP_VERSION,
    kubernetes=KUBERNETES,
    namespace=CNI,
    pod_security=PodSecurity.PRIVILEGED,
    traffic=Traffic(metrics=(9990,)),
    images=(IMAGE,),
    values=values,
    optional=True,
    exceptions={
        "priorityClass": "system-node-critical",
        "runAsNonRoot": "writes the node's network configuration",
        "capabilities": "the chart gives no way to set them",
        "hostPath": "the node's CNI folders",
        "topologySpread": "one pod on every node",
        "podDisruptionBudget": "a DaemonSet is not evicted",
        "networkPolicy": "the chart has none",
    },
)
