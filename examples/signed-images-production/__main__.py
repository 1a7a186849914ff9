"""A registry whose key signs, and an existing cluster in which only what it signed is run, by digest, from that registry."""

import pulumi

import platform_components as platform

arn = pulumi.Config().require("cluster")
around = {
    "cluster": platform.ClusterRef(name=arn.rpartition("/")[2], arn=arn),
    "environment": "shop",
    "region": "eu-west-1",
    "vpc_id": "vpc-0123456789abcdef0",
}
registry = platform.ArtifactRegistry(
    "images", platform.ArtifactRegistryArgs(repositories={"shop": {}}, tags={"Environment": "shared", "Team": "platform"})
)
kinds = platform.AddonRelease("shop", platform.AddonReleaseArgs(addon="prometheus-operator-crds", **around))
platform.AdmissionPolicies(
    "shop",
    platform.AdmissionPoliciesArgs(
        registries=registry.registry.apply(lambda host: [host]),
        require_digests=True,
        exempt_namespaces=["kyverno", "monitoring"],
    ),
)
signed = platform.SignedImages(
    "shop",
    platform.SignedImagesArgs(**around, public_keys={"images": registry.signing_public_key}, exempt_namespaces=["monitoring"]),
    pulumi.ResourceOptions(depends_on=[kinds]),
)

pulumi.export("policy", signed.policy)
pulumi.export("registry", registry.registry)
pulumi.export("signing_key", registry.signing_key)
