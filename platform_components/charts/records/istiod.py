"""istiod: Istio's control plane: configuration, injection, and the certificates of workloads.

Chart and values: istio/istio, manifests/charts/istio-control/istio-discovery at 1.30.3. It is installed once per version, under a revision
of its own, so that a new version stands beside the old one before anything follows it.
"""

from dataclasses import dataclass
from typing import Any

from platform_components.charts.addon import Addon, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import priority, resources, spread
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

VERSION = "1.30.3"
REPOSITORY = "oci://registry.istio.io/release/charts"
KUBERNETES = KubernetesRange("1.32", "1.36", "https://istio.io/latest/docs/releases/supported-releases/")
NAMESPACE = "istio-system"
DATA_PLANE = "istio-data-plane"
"""Namespace of what runs on every node, with rights over it; kept apart, so that istiod's own stays restricted."""
VARIANT = "distroless"
AUTHORITY = "cacerts"
"""Secret with the certificate authority that istiod signs workloads' certificates with."""


@dataclass(frozen=True, slots=True)
class Istio:
    """What the charts of one mesh are told alike."""

    version: str = VERSION
    ambient: bool = True
    """Whether traffic is taken over on the node (ambient) or beside every pod (sidecars)."""
    outbound: str = "REGISTRY_ONLY"
    """What proxies let out: hosts that the mesh knows (`REGISTRY_ONLY`), or any (`ALLOW_ANY`)."""
    trust_domain: str = "cluster.local"
    mesh_id: str | None = None
    network: str | None = None
    tracing: tuple[str, int] | None = None
    """Host and port of an OTLP collector."""
    native_sidecars: bool = True

    @property
    def revision(self) -> str:
        """Revision of a version: its name in Kubernetes."""
        return revision(self.version)


def revision(version: str) -> str:
    """`1.30.3` is revision `1-30-3`."""
    return version.replace(".", "-")


def image(name: str, version: str = VERSION) -> Image:
    """An image of Istio, without a shell or anything else that its program does not need."""
    return Image("registry.istio.io", f"release/{name}", f"{version}-{VARIANT}")


def hub(site: Site) -> str:
    """Where Istio's images lie: its own registry, or the mirror's folder of it."""
    found = mirrored(image("pilot"), site.mirror)
    return f"{found.registry}/{found.repository}".removesuffix("/pilot")


TRACING_PROVIDER = "otlp"
"""Name of the collector in the mesh's configuration, which Telemetry refers to."""


def values(site: Site, istio: Istio | None = None) -> Values:
    """One revision of the control plane, with an authority that is given to it.

    Args:
        site: the cluster.
        istio: the mesh. None: an ambient one at the record's version.
    """
    istio = istio or Istio()
    labels = {"app": "istiod", "istio.io/rev": istio.revision}
    return {
        **({"profile": "ambient"} if istio.ambient else {}),
        "revision": istio.revision,
        "autoscaleEnabled": site.highly_available,
        "autoscaleMin": site.replicas,
        "autoscaleMax": site.replicas + 3,
        "replicaCount": site.replicas,
        "pdb": {"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"},
        "resources": resources(200, 512, 2048),
        "seccompProfile": {"type": "RuntimeDefault"},
        "tolerations": list(site.tolerations),
        "nodeSelector": dict(site.node_selector or {}),
        "topologySpreadConstraints": spread(labels),
        # Pods are redirected on the node in both modes; an init container would need rights that Pod Security refuses.
        "cni": {"enabled": True},
        "trustedZtunnelNamespace": DATA_PLANE,
        "env": {"ENABLE_NATIVE_SIDECARS": str(istio.native_sidecars).lower()},
        # Not optional, as the chart's own mount is: without the authority istiod would make one itself, and nobody would trust it later.
        "volumes": [{"name": "authority", "secret": {"secretName": AUTHORITY}}],
        "volumeMounts": [{"name": "authority", "mountPath": "/etc/authority", "readOnly": True}],
        "gatewayClasses": _gateway_classes(site),
        "meshConfig": _mesh_config(istio),
        "global": {
            "hub": hub(site),
            "tag": istio.version,
            "variant": VARIANT,
            "logAsJson": True,
            "meshID": istio.mesh_id or "",
            "network": istio.network or "",
            "multiCluster": {"clusterName": site.cluster_name},
            **priority(site.priority_class),
            "proxy": {"resources": resources(50, 64, 512), "seccompProfile": {"type": "RuntimeDefault"}},
            "waypoint": {"resources": resources(100, 128, 1024), "tolerations": list(site.tolerations)},
        },
    }


def _gateway_classes(site: Site) -> Values:
    """Waypoints and Gateways that istiod makes for teams are as available as the platform's own."""
    if not site.highly_available:
        return {}
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
    scaling = {"spec": {"minReplicas": site.replicas, "maxReplicas": site.replicas + 3, "metrics": [metric]}}
    made = {"horizontalPodAutoscaler": scaling, "podDisruptionBudget": {"spec": {"maxUnavailable": 1}}}
    return {"istio": made, "istio-waypoint": made}


def _mesh_config(istio: Istio) -> Values:
    config: dict[str, Any] = {
        "trustDomain": istio.trust_domain,
        "outboundTrafficPolicy": {"mode": istio.outbound},
        # Or /a//b passes a policy about /a/b.
        "pathNormalization": {"normalization": "MERGE_SLASHES"},
        "accessLogEncoding": "JSON",
    }
    if not istio.ambient:
        # For pods whose sidecar is not a native one: those start and stop by themselves in the right order.
        config["defaultConfig"] = {"holdApplicationUntilProxyStarts": True}
    if istio.tracing:
        host, port = istio.tracing
        config["extensionProviders"] = [{"name": TRACING_PROVIDER, "opentelemetry": {"service": host, "port": port}}]
    return config


ADDON = Addon(
    name="istiod",
    role="istiod",
    chart="istiod",
    repository=REPOSITORY,
    version=VERSION,
    app_version=VERSION,
    kubernetes=KUBERNETES,
    namespace=NAMESPACE,
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(webhooks=(15017,), metrics=(15014,), public=(15012,)),
    images=(image("pilot"), image("proxyv2")),
    values=values,
    needs=("istio-base", "cert-manager"),
    optional=True,
    exceptions={"networkPolicy": "the chart's own would open more than the namespace's: plain xDS, debugging, and every way out"},
)
