"""argo-rollouts: canary, blue/green and A/B releases, watched by what Prometheus measures.

Chart and values: argoproj/argo-helm, charts/argo-rollouts at argo-rollouts-2.41.0. The Gateway API comes as a plugin of its own, whose
program is copied out of its image: nothing is downloaded when the controller starts
(https://rollouts-plugin-trafficrouter-gatewayapi.readthedocs.io/en/stable/installation/).
"""

from platform_components.charts.addon import Addon, Definitions, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, priority, resources, spread
from platform_components.charts.site import Site
from platform_components.charts.traffic import MONITORING, RELEASING, Traffic

APP_VERSION = "v1.9.0"
CONTROLLER = Image("quay.io", "argoproj/argo-rollouts", APP_VERSION)
GATEWAY_API = Image("ghcr.io", "argoproj-labs/rollouts-plugin-trafficrouter-gatewayapi", "v0.9.0")
PLUGIN = "argoproj-labs/gatewayAPI"
"""Name of the plugin in a Rollout."""
NAMESPACE = RELEASING[0]

_FILE = "rollouts-plugin-trafficrouter-gatewayapi"
_FOLDER = "/plugins"
_VOLUME = {"name": "gateway-api-plugin", "mountPath": _FOLDER}


def values(site: Site) -> Values:
    """The controller with the routers that this platform has: Gateway API, Istio, load balancers of AWS."""
    image, plugin = mirrored(CONTROLLER, site.mirror), mirrored(GATEWAY_API, site.mirror)
    return {
        "installCRDs": True,
        # With the definitions every Rollout would go, and with those their pods.
        "keepCRDs": True,
        # What teams may do is written out in their own roles.
        "createClusterAggregateRoles": False,
        "controller": {
            "image": {"registry": image.registry, "repository": image.repository, "tag": image.tag},
            "replicas": site.replicas,
            "pdb": {"enabled": site.highly_available, **({"maxUnavailable": 1} if site.highly_available else {})},
            "resources": resources(100, 256, 1024),
            "topologySpreadConstraints": spread({"app.kubernetes.io/name": "argo-rollouts"}),
            "tolerations": list(site.tolerations),
            "nodeSelector": dict(site.node_selector or {}),
            **priority(site.priority_class),
            "logging": {"format": "json"},
            "metrics": {"enabled": True, "serviceMonitor": {"enabled": site.monitors}},
            "trafficRouterPlugins": [{"name": PLUGIN, "location": f"file://{_FOLDER}/{_FILE}"}],
            "initContainers": [
                {
                    "name": "gateway-api-plugin",
                    "image": str(plugin),
                    "command": ["cp", f"/bin/{_FILE}", f"{_FOLDER}/"],
                    "resources": resources(20, 64),
                    "securityContext": container_security(uid=999),
                    "volumeMounts": [_VOLUME],
                }
            ],
            "volumes": [{"name": _VOLUME["name"], "emptyDir": {"sizeLimit": "256Mi"}}],
            "volumeMounts": [{**_VOLUME, "readOnly": True}],
        },
        "podSecurityContext": pod_security(999, fs_group=999),
        "containerSecurityContext": container_security(),
        "providerRBAC": {
            "enabled": True,
            "providers": {
                "istio": True,
                "awsLoadBalancerController": True,
                "gatewayAPI": True,
                **dict.fromkeys(("ambassador", "apisix", "awsAppMesh", "contour", "glooPlatform", "smi", "traefik"), False),
            },
        },
        # Alertmanager tells people; a second way would need a second list of whom.
        "notifications": {"configmap": {"create": False}},
        "dashboard": {"enabled": False},
    }


ADDON = Addon(
    name="argo-rollouts",
    role="argo-rollouts",
    chart="argo-rollouts",
    repository="oci://ghcr.io/argoproj/argo-helm",
    version="2.41.0",
    app_version="v1.9.0",
    kubernetes=KubernetesRange("1.31", "1.36", "go.mod of v1.9.0: client-go 0.34, whose kinds these versions all serve"),
    namespace=NAMESPACE,
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(metrics=(8090,), used={MONITORING: (9090,)}),
    images=(CONTROLLER, GATEWAY_API),
    values=values,
    definitions=Definitions(("argoproj.io",), upgraded=True, source="the chart's templates, kept when the release goes"),
    needs=("prometheus-operator-crds",),
    optional=True,
)
