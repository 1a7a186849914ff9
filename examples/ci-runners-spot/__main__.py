"""Runners in a cluster whose pool `ci` is spot capacity and dedicated: two sizes, two forges, a cache, and builds without root."""

import pulumi

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
# Base images are fetched once, and are there when the registry they come from is not.
registry = platform.ArtifactRegistry("shop", platform.ArtifactRegistryArgs(upstreams={"quay": {"registry": "quay.io"}}, signing=False))
runners = platform.CiRunners(
    "shop",
    platform.CiRunnersArgs(
        **around,
        pools={
            # 100 services at the usual six runs of four jobs: how many are kept ready follows from it.
            "standard": {"max": 120, "load": {"services": 100, "wait_seconds": 60}},
            "large": {"max": 10, "vcpu": 8, "memory_gib": 16},
        },
        github={"url": "https://github.com/example"},
        gitlab={"url": "https://gitlab.example.com", "pools": ["standard"]},
        cache={},
        builds={},
        registry_cache={"quay.io": pulumi.Output.concat(registry.registry, "/quay")},
        internal_issuer=certificates.internal_issuer,
        tags={"Environment": "production"},
    ),
    pulumi.ResourceOptions(depends_on=[certificates]),
)

pulumi.export("runs_on", runners.runner_names)
pulumi.export("cache", runners.cache_bucket)
