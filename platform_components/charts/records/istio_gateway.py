"""istio-gateway: proxies at the edge of the mesh; what they serve is a Gateway of the Gateway API beside them.

Chart and values: istio/istio, manifests/charts/gateway at 1.30.3.
"""

from collections.abc import Sequence

from platform_components.charts.addon import Addon, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, priority, resources, spread
from platform_components.charts.records.istiod import KUBERNETES, REPOSITORY, VERSION, Istio, image
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

NAME = "istio-ingress"
"""Name of the deployment, its service and its account, and of the namespace."""
PORTS = {"http": 80, "https": 443}
LABELS = {"app": NAME, "istio": "ingress"}


def values(
    site: Site, istio: Istio | None = None, *, tag: str = "stable", scheme: str | None = "internal", hostnames: Sequence[str] = ()
) -> Values:
    """The proxies and their load balancer.

    Args:
        site: the cluster.
        istio: the mesh, at the version that the gateway has reached. None: the record's version.
        tag: revision tag whose control plane it obeys.
        scheme: `internal` or `internet-facing`. None: no load balancer.
        hostnames: names that external-dns writes for it.
    """
    istio = istio or Istio()
    proxy = mirrored(image("proxyv2", istio.version), site.mirror)
    return {
        "name": NAME,
        "revision": tag,
        "labels": dict(LABELS),
        "podAnnotations": {"sidecar.istio.io/proxyImage": str(proxy)},
        # Certificates reach it by the Gateway's own references: it needs no right over secrets.
        "rbac": {"enabled": False},
        "replicaCount": site.replicas,
        "autoscaling": {"enabled": site.highly_available, "minReplicas": site.replicas, "maxReplicas": site.replicas + 3},
        "podDisruptionBudget": {"maxUnavailable": 1} if site.highly_available else {},
        "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "terminationGracePeriodSeconds": 60,
        "resources": resources(100, 128, 1024),
        # Ports 80 and 443 without root and without a capability.
        "securityContext": {**pod_security(), "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]},
        "containerSecurityContext": container_security(),
        "topologySpreadConstraints": spread(LABELS),
        "tolerations": list(site.tolerations),
        "nodeSelector": dict(site.node_selector or {}),
        **priority(site.priority_class),
        "service": _service(scheme, hostnames),
    }


def _service(scheme: str | None, hostnames: Sequence[str]) -> Values:
    """A network load balancer that sends to pods themselves, so that no node port is open and clients keep their addresses."""
    # Without the chart's status port: the load balancer would hand it to everybody.
    ports = [{"name": name, "port": port, "targetPort": port, "protocol": "TCP"} for name, port in PORTS.items()]
    if scheme is None:
        return {"type": "ClusterIP", "ports": ports}
    return {
        "type": "LoadBalancer",
        "ports": ports,
        "loadBalancerClass": "service.k8s.aws/nlb",
        "allocateLoadBalancerNodePorts": False,
        "annotations": {
            "service.beta.kubernetes.io/aws-load-balancer-scheme": scheme,
            "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type": "ip",
            "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes": "preserve_client_ip.enabled=true",
            **({"external-dns.alpha.kubernetes.io/hostname": ",".join(hostnames)} if hostnames else {}),
        },
    }


ADDON = Addon(
    name="istio-gateway",
    role="istio-ingress",
    chart="gateway",
    repository=REPOSITORY,
    version=VERSION,
    app_version=VERSION,
    kubernetes=KUBERNETES,
    namespace=NAME,
    pod_security=PodSecurity.RESTRICTED,
    # Behind it stands whatever teams route to.
    traffic=Traffic(metrics=(15020, 15090), public=tuple(PORTS.values()), everywhere=True, outside=()),
    images=(image("proxyv2"),),
    values=values,
    needs=("istiod", "gateway-api-crds", "aws-load-balancer-controller"),
    optional=True,
    exceptions={"networkPolicy": "the namespace's own are narrower than the chart's"},
)
