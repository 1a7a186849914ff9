"""gha-runner-scale-set: one set of ephemeral runners of GitHub Actions, told apart by the name that workflows give as `runs-on`.

Chart and values: actions/actions-runner-controller, charts/gha-runner-scale-set at gha-runner-scale-set-0.14.2. Installed once for each
pool by CiRunners. A runner takes one job and is gone. Without a container mode the chart gives it a service account without rights.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from platform_components.charts.addon import Addon, Image, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, priority, resources
from platform_components.charts.records import gha_runner_scale_set_controller as controller
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

IMAGE = Image("ghcr.io", "actions/actions-runner", "2.335.1")
UID = 1001
"""User `runner` of the image."""


@dataclass(frozen=True, slots=True)
class ScaleSet:
    """One set of runners."""

    url: str = "https://github.com/example"
    """Organization, repository or enterprise that the runners are for."""
    secret: str = "github-app"  # noqa: S105 -- the name of a Secret
    """Name of the Secret with the GitHub App, beside the runners."""
    name: str = "runners"
    """What workflows write as `runs-on`."""
    group: str | None = None
    """Runner group, which says whose jobs they take. None: the default one."""
    idle: int = 0
    """Runners kept ready."""
    maximum: int = 1
    """Most runners at a time."""
    pod: Mapping[str, Any] = field(default_factory=dict)
    """Metadata and spec of a runner's pod: where it runs."""
    container: Mapping[str, Any] = field(default_factory=lambda: {"resources": resources(2000, 4096)})
    """Size and environment of its container."""


def values(site: Site, runners: ScaleSet = ScaleSet()) -> Values:
    """One set; the listener that asks GitHub for its jobs runs beside the controller."""
    image = mirrored(IMAGE, site.mirror)
    own = {"securityContext": pod_security(UID, fs_group=UID), "automountServiceAccountToken": False}
    container = {
        "name": "runner",
        "image": str(image),
        "command": ["/home/runner/run.sh"],
        # The runner writes beside its own programs.
        "securityContext": container_security(read_only=False, uid=UID),
        **runners.container,
    }
    return {
        "githubConfigUrl": runners.url,
        "githubConfigSecret": runners.secret,
        "runnerScaleSetName": runners.name,
        **({"runnerGroup": runners.group} if runners.group else {}),
        "minRunners": runners.idle,
        "maxRunners": runners.maximum,
        # Said, for the chart would else ask the cluster, which a preview cannot.
        "controllerServiceAccount": {"namespace": controller.NAMESPACE, "name": controller.SERVICE_ACCOUNT},
        "listenerTemplate": {
            "spec": {
                "containers": [{"name": "listener", "securityContext": container_security(uid=65532), "resources": resources(20, 64, 128)}],
                "securityContext": pod_security(),
                "tolerations": list(site.tolerations),
                **priority(site.priority_class),
            }
        },
        "template": {**runners.pod, "spec": {**own, **runners.pod.get("spec", {}), "containers": [container]}},
    }


ADDON = Addon(
    name="gha-runner-scale-set",
    role="github-runners",
    chart="gha-runner-scale-set",
    repository=controller.ADDON.repository,
    version="0.14.2",
    app_version="0.14.2",
    kubernetes=controller.KUBERNETES,
    namespace="ci-github",
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(isolated=True, outside=()),
    images=(IMAGE,),
    values=values,
    needs=("gha-runner-scale-set-controller",),
    optional=True,
    exceptions={"readOnlyRootFilesystem": "the runner writes its settings and logs beside its own programs"},
)
