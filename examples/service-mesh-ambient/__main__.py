"""An ambient mesh in an existing cluster, and a closed namespace whose workloads are in it and may call each other."""

import pulumi
import pulumi_kubernetes as k8s

import platform_components as platform
from platform_components.mesh.namespaces import network_policy_exceptions, own_namespace

KIND, TEAM = "istio-ambient", "payments"

arn = pulumi.Config().require("cluster")
around = {
    "cluster": platform.ClusterRef(name=arn.rpartition("/")[2], arn=arn),
    "environment": "shop",
    "region": "eu-west-1",
    "vpc_id": "vpc-0123456789abcdef0",
    "domain": "shop.example.com",
}
kinds = platform.AddonRelease("shop", platform.AddonReleaseArgs(addon="prometheus-operator-crds", **around))
certificates = platform.Certificates("shop", platform.CertificatesArgs(**around), pulumi.ResourceOptions(depends_on=[kinds]))
mesh = platform.ServiceMesh(
    "shop",
    platform.ServiceMeshArgs(
        **around,
        # No load balancer: this cluster has nobody who makes one.
        mesh={"kind": KIND, "gateway": {"load_balancer": "none"}},
        internal_issuer=certificates.internal_issuer,
        public_issuer=certificates.public_issuer,
    ),
    pulumi.ResourceOptions(depends_on=[kinds, certificates]),
)

levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
namespace = k8s.core.v1.Namespace(
    TEAM,
    metadata={
        "name": TEAM,
        # The second lets its routes join the gateway.
        "labels": mesh.namespace_labels.apply(lambda joins: {**joins, **levels, "platform-components/ingress": "true"}),
    },
)
inside = pulumi.ResourceOptions(depends_on=[namespace])
k8s.core.v1.ResourceQuota(TEAM, metadata={"name": "team", "namespace": TEAM}, spec={"hard": {"pods": "50"}}, opts=inside)
limits = [{"type": "Container", "default": {"memory": "256Mi"}, "defaultRequest": {"cpu": "50m", "memory": "64Mi"}}]
k8s.core.v1.LimitRange(TEAM, metadata={"name": "team", "namespace": TEAM}, spec={"limits": limits}, opts=inside)
closed = {"default-deny": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}}
for policy, spec in {**closed, **network_policy_exceptions(KIND)}.items():
    k8s.networking.v1.NetworkPolicy(f"{TEAM}-{policy}", metadata={"name": policy, "namespace": TEAM}, spec=spec, opts=inside)
k8s.apiextensions.CustomResource(
    f"{TEAM}-inside",
    api_version="security.istio.io/v1",
    kind="AuthorizationPolicy",
    metadata={"name": "allow-inside", "namespace": TEAM},
    spec=own_namespace(TEAM),
    opts=pulumi.ResourceOptions(depends_on=[namespace, mesh]),
)

pulumi.export("gateway", mesh.gateway)
pulumi.export("revisions", mesh.revisions)
