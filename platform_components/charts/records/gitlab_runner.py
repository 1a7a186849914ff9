"""gitlab-runner: takes jobs of GitLab and makes a pod for each.

Chart and values: gitlab-org/charts/gitlab-runner at v0.86.0. Installed once for each pool by CiRunners, since a runner of GitLab is one
token, whose tags GitLab keeps. Jobs run in another namespace than the token lies in.
"""

from dataclasses import dataclass
from typing import Any

from platform_components.charts.addon import Addon, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, priority, resources, spread
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

VERSION = "0.86.0"
APP_VERSION = "18.9.0"
IMAGE = Image("registry.gitlab.com", "gitlab-org/gitlab-runner", f"alpine-v{APP_VERSION}")
HELPER = Image("registry.gitlab.com", "gitlab-org/gitlab-runner/gitlab-runner-helper", f"x86_64-v{APP_VERSION}")
NAMESPACE = "gitlab-runner"
JOBS = "ci-gitlab"
METRICS_PORT = 9252
SERVICE_ACCOUNT = "gitlab-runner"
UID = 100
"""User `gitlab-runner` of the image."""

RIGHTS = (
    (("pods",), ("create", "delete", "get", "list", "watch")),
    (("pods/attach", "pods/exec"), ("create", "delete", "get", "patch")),
    (("pods/log",), ("get", "list")),
    (("events",), ("list", "watch")),
    (("configmaps", "secrets"), ("create", "delete", "get", "update")),
    (("serviceaccounts",), ("get",)),
    (("services",), ("create", "get")),
)
"""What the manager may do in the namespace of jobs (https://docs.gitlab.com/runner/executors/kubernetes/#configure-runner-api-permissions);
the chart's own default is everything."""


@dataclass(frozen=True, slots=True)
class Manager:
    """The managers of one pool."""

    url: str = "https://gitlab.com"
    name: str = "gitlab-runner"
    """Name of the release."""
    secret: str = "gitlab-runner"  # noqa: S105 -- the name of a Secret
    """Name of the Secret with the runner's token, beside the managers."""
    jobs: int = 1
    """Most jobs at a time, of all managers together."""
    config: Any = "[[runners]]\n"
    """Template of the runner's settings, TOML; may be late."""


def values(site: Site, manager: Manager = Manager()) -> Values:
    """The managers of one pool; each takes its part of the jobs."""
    image, replicas = mirrored(IMAGE, site.mirror), min(site.replicas, manager.jobs)
    return {
        "image": {"registry": image.registry, "image": image.repository, "tag": image.tag},
        "fullnameOverride": manager.name,
        "gitlabUrl": manager.url,
        "replicas": replicas,
        "concurrent": manager.jobs // replicas,
        "logFormat": "json",
        # A manager that stops lets its jobs end; unregistering first would drop them.
        "unregisterRunners": False,
        "terminationGracePeriodSeconds": 3600,
        "runners": {"secret": manager.secret, "jobNamespace": JOBS, "config": manager.config},
        # One for all pools: whoever runs CiRunners gives it what managers may do in AWS.
        "serviceAccount": {"create": False, "name": SERVICE_ACCOUNT},
        "rbac": {
            "create": True,
            "rules": [{"apiGroups": [""], "resources": list(kinds), "verbs": list(verbs)} for kinds, verbs in RIGHTS],
        },
        "metrics": {"enabled": site.monitors, "port": METRICS_PORT, "podMonitor": {"enabled": site.monitors}},
        "resources": resources(100, 128, 512),
        "podSecurityContext": pod_security(UID, fs_group=65533),
        "securityContext": container_security(read_only=False),
        "topologySpreadConstraints": spread({"app": manager.name}),
        "nodeSelector": dict(site.node_selector or {}),
        "tolerations": list(site.tolerations),
        **priority(site.priority_class),
    }


ADDON = Addon(
    name="gitlab-runner",
    role="gitlab-runner",
    chart="gitlab-runner",
    repository="https://charts.gitlab.io",
    version="0.86.0",
    app_version="18.9.0",
    kubernetes=KubernetesRange("1.29", "1.36", "https://docs.gitlab.com/runner/executors/kubernetes/: whatever Kubernetes supports"),
    namespace=NAMESPACE,
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(metrics=(METRICS_PORT,)),
    images=(IMAGE,),
    values=values,
    needs=("prometheus-operator-crds",),
    optional=True,
    exceptions={"readOnlyRootFilesystem": "the entry point writes the settings it registers with into its home"},
)
