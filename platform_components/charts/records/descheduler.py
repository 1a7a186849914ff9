"""descheduler: moves pods that would be placed elsewhere today. Off unless an environment enables it: it evicts what runs.

Chart and values: kubernetes-sigs/descheduler, charts/descheduler at descheduler-helm-chart-0.36.0.
"""

from platform_components.charts.addon import Addon, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, resources
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

VERSION = "0.36.0"
IMAGE = Image("registry.k8s.io", "descheduler/descheduler", f"v{VERSION}")


def values(site: Site) -> Values:
    """A job every ten minutes that repairs spread and affinity; emptying nodes is Karpenter's work, and two would take turns undoing it."""
    image = mirrored(IMAGE, site.mirror)
    plugins = {
        "balance": {"enabled": ["RemoveDuplicates", "RemovePodsViolatingTopologySpreadConstraint"]},
        "deschedule": {
            "enabled": ["RemovePodsViolatingNodeTaints", "RemovePodsViolatingNodeAffinity", "RemovePodsViolatingInterPodAntiAffinity"]
        },
    }
    names = [name for kind in plugins.values() for name in kind["enabled"]]
    affinity = {"name": "RemovePodsViolatingNodeAffinity", "args": {"nodeAffinityType": ["requiredDuringSchedulingIgnoredDuringExecution"]}}
    configuration = [affinity if name == affinity["name"] else {"name": name} for name in ["DefaultEvictor", *names]]
    return {
        "kind": "CronJob",
        "schedule": "*/10 * * * *",
        "image": {"repository": f"{image.registry}/{image.repository}", "tag": image.tag},
        "resources": resources(100, 128, 256),
        "podSecurityContext": pod_security(),
        "securityContext": container_security(uid=1000),
        "deschedulerPolicy": {"profiles": [{"name": "default", "pluginConfig": configuration, "plugins": plugins}]},
        "tolerations": list(site.tolerations),
        "nodeSelector": dict(site.node_selector or {}),
    }


ADDON = Addon(
    name="descheduler",
    role="descheduler",
    chart="descheduler",
    repository="https://kubernetes-sigs.github.io/descheduler",
    version=VERSION,
    app_version=VERSION,
    kubernetes=KubernetesRange("1.34", "1.36", "https://github.com/kubernetes-sigs/descheduler#compatibility-matrix: three minor versions"),
    namespace="descheduler",
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(),
    images=(IMAGE,),
    values=values,
    optional=True,
    exceptions={
        "replicas": "a CronJob",
        "metrics": "a job is gone before it is scraped",
        "priorityClass": "system-cluster-critical, as the chart has it",
    },
)
