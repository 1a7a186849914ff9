"""jenkins: one controller that runs no job itself, and makes a pod for each build.

Chart and values: jenkinsci/helm-charts, charts/jenkins at jenkins-5.9.53. Its configuration is code and whole: the chart's own is off, for
it is text that nobody can check. Plugins are held to versions, and what they need to the oldest that they take.
"""

from dataclasses import dataclass
from typing import Any

from platform_components.charts.addon import Addon, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, priority, resources
from platform_components.charts.records import istio_gateway
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

VERSION = "5.9.53"
APP_VERSION = "2.568.2"
IMAGES = {
    "controller": Image("docker.io", "jenkins/jenkins", f"{APP_VERSION}-jdk21"),
    "reload": Image("docker.io", "kiwigrid/k8s-sidecar", "2.10.1"),
    "agent": Image("docker.io", "jenkins/inbound-agent", "3385.vf1123fb_515da_-1"),
}
NAMESPACE = "jenkins"
JOBS = "ci-jenkins"
RELEASE = "jenkins"
PORT = 8080
UID = 1000
"""User `jenkins` of the images."""
PLUGINS = (
    "kubernetes:4540.v612369217f87",
    "workflow-aggregator:608.v67378e9d3db_1",
    "git:5.10.1",
    "configuration-as-code:2115.vf6de120eef70",
    "matrix-auth:3.3",
    "oic-auth:4.718.ve731df6ca_88a_",
    "prometheus:856.vc9e3d6e4b_b_9e",
    "artifact-manager-s3:973.v6a_51253e896b_",
)
"""The first four in the versions of the chart."""


@dataclass(frozen=True, slots=True)
class Controller:
    """One controller."""

    secret: str = "jenkins"  # noqa: S105 -- the name of a Secret
    """Name of the Secret whose keys the configuration may name."""
    configuration: Any = "jenkins: {}\n"
    """Configuration as code, YAML; may be late."""
    volume_gib: int = 20
    """Room for what is not code: jobs and their results."""


def values(site: Site, controller: Controller = Controller()) -> Values:
    """The controller, which nobody logs in to by password."""
    images = {part: mirrored(image, site.mirror) for part, image in IMAGES.items()}
    image, reload = images["controller"], images["reload"]
    return {
        "fullnameOverride": RELEASE,
        "controller": {
            "image": {"registry": image.registry, "repository": image.repository, "tag": image.tag, "pullPolicy": "IfNotPresent"},
            "admin": {"createSecret": False},
            "existingSecret": controller.secret,
            "numExecutors": 0,
            "resources": resources(500, 2048, 4096),
            "initContainerResources": resources(100, 512, 1024),
            "javaOpts": "-XX:MaxRAMPercentage=60",
            "podSecurityContextOverride": {**pod_security(UID, fs_group=UID), "fsGroupChangePolicy": "OnRootMismatch"},
            "containerSecurityContext": container_security(uid=UID),
            # Agents come by WebSocket, at the port that people use.
            "agentListenerEnabled": False,
            "installPlugins": list(PLUGINS),
            "installLatestPlugins": False,
            "JCasC": {
                "defaultConfig": False,
                "overwriteConfiguration": True,
                "securityRealm": "",
                "authorizationStrategy": "",
                "configScripts": {"platform": controller.configuration},
            },
            "sidecars": {
                "configAutoReload": {
                    "image": {"registry": reload.registry, "repository": reload.repository, "tag": reload.tag},
                    "resources": resources(10, 64, 128),
                    "containerSecurityContext": container_security(uid=UID),
                }
            },
            "prometheus": {"enabled": site.monitors},
            "nodeSelector": dict(site.node_selector or {}),
            "tolerations": list(site.tolerations),
            # The one there is: while it is moved nobody builds.
            "podDisruptionBudget": {"enabled": site.highly_available, "apiVersion": "policy/v1", "maxUnavailable": 0},
            "testEnabled": False,
            **priority(site.priority_class),
        },
        "agent": {"namespace": JOBS},
        "persistence": {"size": f"{controller.volume_gib}Gi"},
        "serviceAccount": {"name": RELEASE},
    }


ADDON = Addon(
    name="jenkins",
    role="jenkins",
    chart="jenkins",
    repository="https://charts.jenkins.io",
    version="5.9.53",
    app_version="2.568.2",
    kubernetes=KubernetesRange("1.29", "1.36", "the chart names none; it uses apps/v1, rbac/v1 and v1 only"),
    namespace=NAMESPACE,
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(metrics=(PORT,), served={JOBS: (PORT,), istio_gateway.NAME: (PORT,)}),
    images=(IMAGES["controller"], IMAGES["reload"]),
    values=values,
    needs=("prometheus-operator-crds",),
    optional=True,
)
