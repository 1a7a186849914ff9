"""aws-privateca-issuer: lets cert-manager have certificates signed by AWS Private CA.

Chart and values: cert-manager/aws-privateca-issuer, charts/aws-pca-issuer at v1.9.0. Permissions: its README.
"""

from platform_components.charts.addon import Addon, Definitions, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import NON_ROOT_UID, container_security, pod_security, priority, resources, spread
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

VERSION = "v1.9.0"
IMAGE = Image("public.ecr.aws", "k1n1h4h4/cert-manager-aws-privateca-issuer", VERSION)
LABELS = {"app.kubernetes.io/name": "aws-privateca-issuer", "app.kubernetes.io/instance": "private-ca"}


def values(site: Site) -> Values:
    """A controller beside cert-manager, with cert-manager as the approver of its requests."""
    image = mirrored(IMAGE, site.mirror)
    return {
        "image": {"repository": f"{image.registry}/{image.repository}", "tag": image.tag},
        "replicaCount": site.replicas,
        "podDisruptionBudget": {"maxUnavailable": 1},
        "resources": resources(50, 64, 128),
        "podSecurityContext": pod_security(NON_ROOT_UID),
        "securityContext": container_security(),
        "topologySpreadConstraints": spread(LABELS),
        "tolerations": list(site.tolerations),
        "nodeSelector": dict(site.node_selector or {}),
        **priority(site.priority_class),
        "serviceAccount": {"create": True, "name": ADDON.service_account},
        "serviceMonitor": {"create": site.monitors},
    }


ADDON = Addon(
    name="aws-privateca-issuer",
    role="private-ca",
    chart="aws-privateca-issuer",
    repository="https://cert-manager.github.io/aws-privateca-issuer",
    version=VERSION,
    app_version=VERSION,
    kubernetes=KubernetesRange("1.25", "1.36", "uses only stable APIs"),
    namespace="cert-manager",
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(metrics=(8080,)),
    images=(IMAGE,),
    values=values,
    definitions=Definitions(("awspca.cert-manager.io",), upgraded=False, source="the chart's crds/"),
    service_account="aws-privateca-issuer",
    needs=("cert-manager",),
    optional=True,
    exceptions={"networkPolicy": "the chart has none"},
)
