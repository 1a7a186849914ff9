"""cert-manager with an authority of its own in an existing cluster, and one certificate that it signs."""

import pulumi
import pulumi_kubernetes as k8s

import platform_components as platform

arn = pulumi.Config().require("cluster")
around = {
    "cluster": platform.ClusterRef(name=arn.rpartition("/")[2], arn=arn),
    "environment": "shop",
    "region": "eu-west-1",
    "vpc_id": "vpc-0123456789abcdef0",
}
kinds = platform.AddonRelease("shop", platform.AddonReleaseArgs(addon="prometheus-operator-crds", **around))
certificates = platform.Certificates("shop", platform.CertificatesArgs(**around), pulumi.ResourceOptions(depends_on=[kinds]))
k8s.apiextensions.CustomResource(
    "ledger",
    api_version="cert-manager.io/v1",
    kind="Certificate",
    metadata={"name": "ledger", "namespace": "default"},
    spec={"secretName": "ledger-tls", "dnsNames": ["ledger.default.svc"], "issuerRef": certificates.internal_issuer},
)

pulumi.export("issuer", certificates.internal_issuer)
pulumi.export("bundle", certificates.bundle_name)
