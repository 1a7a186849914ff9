"""external-secrets: writes what a team may read of Vault or AWS Secrets Manager into Kubernetes Secrets, from a store in its namespace.

Chart and values: external-secrets/external-secrets, deploy/charts/external-secrets at helm-chart-2.9.0. Stores of the whole cluster are
off, kinds and controllers both: one of them would be a way from any namespace to whatever it may read.
"""

from platform_components.charts.addon import Addon, Definitions, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, priority, resources, spread
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

APP_VERSION = "v2.9.0"
IMAGE = Image("ghcr.io", "external-secrets/external-secrets", APP_VERSION)
CLUSTER_WIDE = ("ClusterExternalSecret", "ClusterPushSecret", "ClusterGenerator")
NAMESPACE = "external-secrets"
SERVICE_ACCOUNT = "external-secrets"
SIZES = {"": resources(50, 256, 512), "webhook": resources(20, 64, 128), "certController": resources(20, 96, 256)}
"""By part of the chart; for some thousand secrets."""


def values(site: Site) -> Values:
    """Only stores of a namespace; the certificate of the webhook is cert-manager's."""
    image = mirrored(IMAGE, site.mirror)
    common: Values = {
        "image": {"repository": f"{image.registry}/{image.repository}", "tag": image.tag},
        "replicaCount": site.replicas,
        **priority(site.priority_class),
        "tolerations": list(site.tolerations),
        "nodeSelector": {"kubernetes.io/os": "linux", **(site.node_selector or {})},
        "podSecurityContext": {"enabled": True, **pod_security()},
        "securityContext": {"enabled": True, **container_security()},
        "podDisruptionBudget": {"enabled": site.highly_available, "minAvailable": 1},
        "metrics": {"service": {"enabled": True}},
    }
    return {
        **_part(common, "external-secrets", ""),
        "installCRDs": True,
        "crds": {"createClusterSecretStore": False, **{f"create{kind}": False for kind in CLUSTER_WIDE}},
        "processClusterStore": False,
        **{f"process{kind}": False for kind in CLUSTER_WIDE},
        # Nothing is pushed from the cluster into a store.
        "processPushSecret": False,
        "leaderElect": site.highly_available,
        "concurrent": 10,
        # A login for each read would be most of what Vault is asked.
        "vault": {"enableTokenCache": True},
        "rbac": {"aggregateToView": False, "aggregateToEdit": False, "aggregateToAdmin": False},
        # Its metrics name the namespace of each ExternalSecret, not its own.
        "serviceMonitor": {"enabled": site.monitors, "honorLabels": True},
        "webhook": {
            **_part(common, "external-secrets-webhook", "webhook"),
            "certManager": {"enabled": True, "addInjectorAnnotations": True, "cert": {"create": True}},
        },
        # cert-manager does its work.
        "certController": {"create": False, "resources": SIZES["certController"]},
    }


def _part(common: Values, name: str, part: str) -> Values:
    return {**common, "resources": SIZES[part], "topologySpreadConstraints": spread({"app.kubernetes.io/name": name})}


ADDON = Addon(
    name="external-secrets",
    role="external-secrets",
    chart="external-secrets",
    repository="oci://ghcr.io/external-secrets/charts",
    version="2.9.0",
    app_version="v2.9.0",
    kubernetes=KubernetesRange("1.32", "1.36", "https://external-secrets.io/latest/introduction/stability-support/"),
    namespace=NAMESPACE,
    pod_security=PodSecurity.RESTRICTED,
    # It logs in at Vault, which listens beside it.
    traffic=Traffic(webhooks=(10250,), metrics=(8080,), used={"vault": (8200,)}),
    images=(IMAGE,),
    values=values,
    definitions=Definitions(("external-secrets.io", "generators.external-secrets.io"), upgraded=True, source="the chart's templates"),
    service_account=SERVICE_ACCOUNT,
    needs=("prometheus-operator-crds", "cert-manager"),
    optional=True,
)
