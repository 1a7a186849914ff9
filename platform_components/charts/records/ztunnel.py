"""ztunnel: the node's share of an ambient mesh: mutual TLS and layer 4 rules for every pod on it.

Chart and values: istio/istio, manifests/charts/ztunnel at 1.30.3. Its sockets lie in the network namespaces of the pods, so what a pod
sends and is sent is held by the NetworkPolicies of the pod's own namespace.
"""

from platform_components.charts.addon import Addon, PodSecurity, Values
from platform_components.charts.hardening import resources
from platform_components.charts.records.istiod import DATA_PLANE, KUBERNETES, NAMESPACE, REPOSITORY, VARIANT, VERSION, Istio, hub, image
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic


def values(site: Site, istio: Istio | None = None) -> Values:
    """One proxy per node, on every node; memory for some ten thousand pods.

    Args:
        site: the cluster.
        istio: the mesh, at the version that this part has reached. None: the record's version.
    """
    istio = istio or Istio()
    return {
        "hub": hub(site),
        "tag": istio.version,
        "variant": VARIANT,
        "revision": istio.revision,
        "istioNamespace": NAMESPACE,
        "network": istio.network or "",
        "multiCluster": {"clusterName": site.cluster_name},
        "logAsJson": True,
        "resources": resources(100, 128, 1024),
        # Connections of the node's pods outlive the old proxy by this much.
        "terminationGracePeriodSeconds": 60,
    }


ADDON = Addon(
    name="ztunnel",
    role="ztunnel",
    chart="ztunnel",
    repository=REPOSITORY,
    version=VERSION,
    app_version=VERSION,
    kubernetes=KUBERNETES,
    namespace=DATA_PLANE,
    pod_security=PodSecurity.PRIVILEGED,
    traffic=Traffic(metrics=(15020,), used={NAMESPACE: (15012,)}, outside=()),
    images=(image("ztunnel"),),
    values=values,
    needs=("istio-cni",),
    optional=True,
    exceptions={
        "priorityClass": "system-node-critical, as the chart has it",
        "runAsNonRoot": "opens sockets in the network namespaces of pods",
        "capabilities": "NET_ADMIN, SYS_ADMIN and NET_RAW, for the same",
        "allowPrivilegeEscalation": "Kubernetes sets it with SYS_ADMIN",
        "seccompProfile": "the chart gives no way to set it",
        "hostPath": "the socket of istio-cni",
        "topologySpread": "one pod on every node",
        "podDisruptionBudget": "a DaemonSet is not evicted",
        "networkPolicy": "the namespace's own are narrower than the chart's",
    },
)
