"""argo-cd: keeps the cluster as Git says.

Chart and values: argoproj/argo-helm, charts/argo-cd at argo-cd-10.1.1, with DandyDeveloper/charts, charts/redis-ha at redis-ha-4.38.0.
The password of its cache is made in the cluster by the chart's own job and kept there: no render differs from the last.
"""

from typing import Any

from platform_components.charts.addon import Addon, Definitions, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, priority, resources, spread
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

APP_VERSION = "v3.4.4"
ARGO_CD = Image("quay.io", "argoproj/argocd", APP_VERSION)
REDIS = Image("ecr-public.aws.com", "docker/library/redis", "8.2.3-alpine")
HAPROXY = Image("ecr-public.aws.com", "docker/library/haproxy", "3.3.10-alpine")

SIZES: Values = {
    "controller": resources(250, 1024, 2048),
    "repoServer": resources(250, 512, 1024),
    "server": resources(100, 256, 512),
    "applicationSet": resources(50, 128, 512),
    "notifications": resources(50, 96, 256),
}
"""By component; for some hundred applications."""


def values(site: Site, settings: Values | None = None, rights: Values | None = None) -> Values:
    """Nobody logs in with a password, nobody has a role by default, nobody gets a shell.

    Args:
        site: the cluster.
        settings: entries of `argocd-cm`: single sign-on, address.
        rights: entries of `argocd-rbac-cm`.
    """
    image = mirrored(ARGO_CD, site.mirror)
    metrics = {"enabled": True, "serviceMonitor": {"enabled": site.monitors}}
    return {
        "global": {
            "domain": f"argocd.{site.domain or site.environment}",
            "image": {"repository": f"{image.registry}/{image.repository}", "tag": image.tag},
            "securityContext": pod_security(),
            "networkPolicy": {"create": False},
            "tolerations": list(site.tolerations),
            "nodeSelector": {"kubernetes.io/os": "linux", **(site.node_selector or {})},
            **priority(site.priority_class),
        },
        "crds": {"install": True, "keep": True},
        "configs": {
            "cm": {
                "admin.enabled": False,
                "exec.enabled": False,
                "application.resourceTrackingMethod": "annotation",
                "resource.customizations.ignoreDifferences.all": _OTHER_HANDS,
                **(settings or {}),
            },
            # Glob matching of the default would let a project's role match more than its own name.
            "rbac": {"policy.default": "", "scopes": "[groups]", "policy.csv": "", **(rights or {})},
        },
        **{name: _component(site, name, metrics) for name in SIZES},
        "dex": {"enabled": False},
        "redisSecretInit": {"resources": resources(20, 64), "containerSecurityContext": container_security()},
        **_cache(site),
    }


_OTHER_HANDS = "managedFieldsManagers:\n  - kube-controller-manager\n  - rollouts-controller\n"
"""Replicas are the autoscaler's, weights of routes are a roll-out's: Argo CD leaves fields alone that these write."""


def _component(site: Site, name: str, metrics: Values) -> Values:
    made: Values = {
        "resources": SIZES[name],
        "containerSecurityContext": container_security(),
        "topologySpreadConstraints": spread({"app.kubernetes.io/name": f"argocd-{_NAMES[name]}"}),
        "metrics": metrics,
    }
    # One controller holds the state of all applications, one notifier sends each message once.
    if name not in ("controller", "notifications"):
        made |= {"replicas": site.replicas, "pdb": {"enabled": site.highly_available, "maxUnavailable": 1}}
    return made


_NAMES = {
    "controller": "application-controller",
    "repoServer": "repo-server",
    "server": "server",
    "applicationSet": "applicationset-controller",
    "notifications": "notifications-controller",
}


def _cache(site: Site) -> Values:
    """One Redis, or three with a proxy where high availability is wanted: what it holds can be made again at any time."""
    redis, proxy = mirrored(REDIS, site.mirror), mirrored(HAPROXY, site.mirror)
    image = {"repository": f"{redis.registry}/{redis.repository}", "tag": redis.tag}
    alone: Values = {"enabled": not site.highly_available, "image": image, "resources": resources(50, 64, 256)}
    several: dict[str, Any] = {
        "enabled": site.highly_available,
        "image": image,
        **priority(site.priority_class),
        "redis": {"resources": resources(50, 128, 512)},
        "sentinel": {"resources": resources(20, 32, 128)},
        "init": {"resources": resources(20, 32, 64)},
        "splitBrainDetection": {"resources": resources(20, 32, 64)},
        "haproxy": {
            "image": {"repository": f"{proxy.registry}/{proxy.repository}", "tag": proxy.tag},
            **priority(site.priority_class),
            "resources": resources(50, 64, 256),
            "init": {"resources": resources(20, 32, 64)},
        },
    }
    return {"redis": alone, "redis-ha": several}


ADDON = Addon(
    name="argo-cd",
    role="argo-cd",
    chart="argo-cd",
    repository="oci://ghcr.io/argoproj/argo-helm",
    version="10.1.1",
    app_version=APP_VERSION,
    kubernetes=KubernetesRange("1.32", "1.36", "https://argo-cd.readthedocs.io/en/stable/operator-manual/tested-kubernetes-versions/"),
    namespace="argocd",
    pod_security=PodSecurity.RESTRICTED,
    # Git over ssh and https; whoever reaches the server has to log in.
    traffic=Traffic(metrics=(8080, 8082, 8083, 8084, 9001), public=(8080,), outside=(22, 443)),
    images=(ARGO_CD, REDIS, HAPROXY),
    values=values,
    definitions=Definitions(("argoproj.io",), upgraded=True, source="the chart's templates, crds.install"),
    needs=("prometheus-operator-crds",),
    optional=True,
    exceptions={
        "replicas": "the application controller and the notifier run once",
        "readOnlyRootFilesystem": "Redis, as its chart sets it",
    },
)
