"""aws-load-balancer-controller: load balancers of AWS for ingresses and services.

Chart and values: aws/eks-charts, stable/aws-load-balancer-controller 3.5.0. The certificate of its webhook comes from cert-manager: the
chart would make another at every render.
"""

from collections.abc import Mapping

from platform_components.charts.addon import Addon, Definitions, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, resources, spread
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

VERSION = "3.5.0"
IMAGE = Image("public.ecr.aws", "eks/aws-load-balancer-controller", f"v{VERSION}")
LABELS = {"app.kubernetes.io/name": "aws-load-balancer-controller"}
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
"""TLS 1.2 and 1.3 with forward secrecy (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html)."""


def values(site: Site, tags: Mapping[str, str] | None = None) -> Values:
    """Private unless an object says otherwise, pods as targets, modern TLS.

    Args:
        site: the cluster.
        tags: tags of every load balancer it makes; the provider's default tags do not reach those.
    """
    image = mirrored(IMAGE, site.mirror)
    return {
        "clusterName": site.cluster_name,
        "region": site.region,
        "vpcId": site.vpc_id,
        "image": {"repository": f"{image.registry}/{image.repository}", "tag": image.tag},
        "replicaCount": site.replicas,
        "podDisruptionBudget": {"maxUnavailable": 1} if site.highly_available else {},
        "enableCertManager": True,
        "serviceAccount": {"create": True, "name": ADDON.service_account},
        "resources": resources(100, 128, 512),
        "podSecurityContext": pod_security(fs_group=65534),
        "securityContext": container_security(),
        "topologySpreadConstraints": spread(LABELS),
        "tolerations": list(site.tolerations),
        "nodeSelector": dict(site.node_selector or {}),
        "defaultTargetType": "ip",
        "defaultLoadBalancerScheme": "internal",
        "defaultSSLPolicy": TLS_POLICY,
        "defaultTags": dict(tags or {}),
        # One that joins another team's group would take its rules over.
        "disableIngressGroupNameAnnotation": True,
        "enableServiceMutatorWebhook": False,
        "serviceMonitor": {"enabled": site.monitors},
    }


ADDON = Addon(
    name="aws-load-balancer-controller",
    role="load-balancers",
    chart="aws-load-balancer-controller",
    repository="https://aws.github.io/eks-charts",
    version=VERSION,
    app_version=f"v{VERSION}",
    kubernetes=KubernetesRange(
        "1.22", "1.36", "https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/installation/"
    ),
    namespace="aws-load-balancer-controller",
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(webhooks=(9443,), metrics=(8080,)),
    images=(IMAGE,),
    values=values,
    definitions=Definitions(("elbv2.k8s.aws", "gateway.k8s.aws"), upgraded=False, source="the chart's crds/"),
    service_account="aws-load-balancer-controller",
    needs=("cert-manager", "prometheus-operator-crds"),
    exceptions={"priorityClass": "system-cluster-critical, as the chart has it"},
)
