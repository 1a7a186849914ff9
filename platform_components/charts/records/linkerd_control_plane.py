"""linkerd-control-plane: Linkerd's identity, policy and discovery, and the injector of its proxies.

Chart and values: linkerd/linkerd2, charts/linkerd-control-plane at edge-26.8.3 (the project publishes edge releases only). All of its
certificates are given to it, for those it makes itself are others at every render.
"""

from dataclasses import dataclass

from platform_components.charts.addon import Addon, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import priority, resources
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

VERSION = "2026.8.3"
APP_VERSION = "edge-26.8.3"
REPOSITORY = "https://helm.linkerd.io/edge"
KUBERNETES = KubernetesRange("1.31", "1.36", "kubeVersion of the chart; edge releases follow the versions that clouds offer")
NAMESPACE = "linkerd"
CNI = "linkerd-cni"
"""Namespace of what runs on every node, with rights over its network."""

ISSUER = "linkerd-identity-issuer"
"""Secret with the authority that signs workloads' certificates."""
TRUST_ROOTS = "linkerd-identity-trust-roots"
"""ConfigMap with the roots that proxies trust."""
TRUST_KEY = "ca-bundle.crt"
WEBHOOKS = {"proxyInjector": "proxy-injector", "profileValidator": "sp-validator", "policyValidator": "policy-validator"}
"""Webhooks by the name that the chart's values give them; each has a service `linkerd-<name>` and a secret `linkerd-<name>-k8s-tls`."""

CONTROLLER = Image("cr.l5d.io", "linkerd/controller", APP_VERSION)
PROXY = Image("cr.l5d.io", "linkerd/proxy", APP_VERSION)
DEBUG = Image("cr.l5d.io", "linkerd/debug", APP_VERSION)


@dataclass(frozen=True, slots=True)
class Linkerd:
    """What the charts of one mesh are told alike."""

    trust_domain: str = "cluster.local"
    inbound: str = "all-authenticated"
    """Who may call a workload that no policy speaks of."""
    ipv6: bool = False
    access_logs: bool = True
    tracing: tuple[str, int] | None = None
    """Host and port of an OTLP collector in the mesh."""
    collector: tuple[str, str] = ("monitoring", "opentelemetry-collector")
    """The collector's namespace and service account, by which its proxy is known."""


def webhook_secret(name: str) -> str:
    """Secret, and Certificate, of a webhook."""
    return f"linkerd-{name}-k8s-tls"


def by_resource(size: Values) -> Values:
    """Sizes as Linkerd's charts take them: by resource, then by kind."""
    return {
        "cpu": {"request": size["requests"]["cpu"]},
        "memory": {"request": size["requests"]["memory"], "limit": size["limits"]["memory"]},
    }


def values(site: Site, linkerd: Linkerd | None = None) -> Values:
    """The control plane; a pod that cannot be given its proxy is refused, for all others would refuse it later.

    Args:
        site: the cluster.
        linkerd: the mesh. None: one of this cluster alone.
    """
    linkerd = linkerd or Linkerd()
    controller, proxy, debug = (_address(site, image) for image in (CONTROLLER, PROXY, DEBUG))
    return {
        "identityTrustDomain": linkerd.trust_domain,
        "identity": {"externalCA": True, "issuer": {"scheme": "kubernetes.io/tls"}},
        **{value: {"externalSecret": True, "injectCaFrom": f"{NAMESPACE}/{webhook_secret(name)}"} for value, name in WEBHOOKS.items()},
        "cniEnabled": True,
        "disableIPv6": not linkerd.ipv6,
        # It reports the cluster to the project every day.
        "disableHeartBeat": True,
        "controllerImage": controller,
        "controllerReplicas": site.replicas,
        "controllerLogFormat": "json",
        "enablePodAntiAffinity": site.highly_available,
        "enablePodDisruptionBudget": site.highly_available,
        "webhookFailurePolicy": "Fail",
        "destinationResources": by_resource(resources(50, 96, 384)),
        "identityResources": by_resource(resources(20, 32, 128)),
        "proxyInjectorResources": by_resource(resources(20, 64, 256)),
        "spValidatorResources": by_resource(resources(20, 48, 128)),
        "policyController": {"resources": by_resource(resources(20, 64, 256))},
        "proxy": _proxy(linkerd, proxy),
        "debugContainer": {"image": {"name": debug}},
        "nodeSelector": {"kubernetes.io/os": "linux", **(site.node_selector or {})},
        **priority(site.priority_class),
        "tolerations": list(site.tolerations),
        "podMonitor": {"enabled": site.monitors},
    }


def _proxy(linkerd: Linkerd, image: str) -> Values:
    settings: Values = {
        "image": {"name": image},
        "defaultInboundPolicy": linkerd.inbound,
        "logFormat": "json",
        "nativeSidecar": True,
        "resources": by_resource(resources(20, 32, 256)),
    }
    if linkerd.access_logs:
        settings["accessLog"] = "json"
    if linkerd.tracing:
        host, port = linkerd.tracing
        namespace, account = linkerd.collector
        identity = {"namespace": namespace, "serviceAccountName": account}
        settings["tracing"] = {"enabled": True, "collector": {"endpoint": f"{host}:{port}", "meshIdentity": identity}}
    return settings


def _address(site: Site, image: Image) -> str:
    found = mirrored(image, site.mirror)
    return f"{found.registry}/{found.repository}"


ADDON = Addon(
    name="linkerd-control-plane",
    role="linkerd",
    chart="linkerd-control-plane",
    repository=REPOSITORY,
    version=VERSION,
    app_version=APP_VERSION,
    kubernetes=KUBERNETES,
    namespace=NAMESPACE,
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(webhooks=(8443, 9443), metrics=(4191, 9990, 9995, 9996, 9997), public=(8080, 8086, 8090)),
    images=(CONTROLLER, PROXY, DEBUG),
    values=values,
    needs=("linkerd-crds", "linkerd-cni", "gateway-api-crds", "cert-manager", "trust-manager", "prometheus-operator-crds"),
    optional=True,
    exceptions={
        "topologySpread": "the chart knows anti-affinity only: never two on a node, and other zones first",
        "networkPolicy": "the chart has none",
    },
)
