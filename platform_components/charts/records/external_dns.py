"""external-dns: writes the names of services and routes into the zones it is given.

Chart and values: kubernetes-sigs/external-dns, charts/external-dns at external-dns-helm-chart-1.21.1.
"""

from collections.abc import Sequence
from typing import Any

from platform_components.charts.addon import Addon, Definitions, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, priority, resources
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

APP_VERSION = "0.21.0"
IMAGE = Image("registry.k8s.io", "external-dns/external-dns", f"v{APP_VERSION}")
UPSERT_ONLY = "upsert-only"
DEFAULT_SOURCES = ("service", "ingress")


def values(
    site: Site,
    zones: Sequence[Any] = ("Z0123456789",),
    domains: Sequence[str] = ("example.com",),
    policy: str = UPSERT_ONLY,
    sources: Sequence[str] = DEFAULT_SOURCES,
) -> Values:
    """Held to zones and domains, and known in the zone by the environment's name, so that two clusters never fight over a record.

    Args:
        site: the cluster.
        zones: ids of the zones; it sees no others.
        domains: domains it writes below.
        policy: `upsert-only` never deletes a record, `sync` does.
        sources: kinds it reads names from.
    """
    image = mirrored(IMAGE, site.mirror)
    return {
        "image": {"repository": f"{image.registry}/{image.repository}", "tag": image.tag},
        "provider": {"name": "aws"},
        "policy": policy,
        "registry": "txt",
        "txtOwnerId": site.environment,
        "txtPrefix": "external-dns-%{record_type}-",
        "sources": list(sources),
        "domainFilters": list(domains),
        "extraArgs": [*[_argument("--zone-id-filter=", zone) for zone in zones], "--aws-zones-cache-duration=1h"],
        "serviceAccount": {"create": True, "name": ADDON.service_account},
        "podSecurityContext": pod_security(fs_group=65534),
        "securityContext": container_security(uid=65532),
        "resources": resources(20, 64, 256),
        "tolerations": list(site.tolerations),
        "nodeSelector": dict(site.node_selector or {}),
        **priority(site.priority_class),
        "serviceMonitor": {"enabled": site.monitors},
        "logFormat": "json",
    }


def _argument(flag: str, zone: Any) -> Any:
    """A flag with a zone that may be late: Outputs know how to be appended to, text does too."""
    return zone.apply(lambda known: f"{flag}{known}") if hasattr(zone, "apply") else f"{flag}{zone}"


ADDON = Addon(
    name="external-dns",
    role="external-dns",
    chart="external-dns",
    repository="https://kubernetes-sigs.github.io/external-dns",
    version="1.21.1",
    app_version=APP_VERSION,
    kubernetes=KubernetesRange("1.25", "1.36", "https://github.com/kubernetes-sigs/external-dns#kubernetes-version-compatibility"),
    namespace="external-dns",
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(metrics=(7979,)),
    images=(IMAGE,),
    values=values,
    definitions=Definitions(("externaldns.k8s.io",), upgraded=False, source="the chart's crds/"),
    service_account="external-dns",
    needs=("prometheus-operator-crds",),
    exceptions={"replicas": "one writer; a second would only wait", "podDisruptionBudget": "one replica", "topologySpread": "one replica"},
)
