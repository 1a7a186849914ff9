"""Images of one service: pushed and signed by its pipeline, copied to another region, upstream registries cached beside them."""

import pulumi

import platform_components as platform

registry = platform.ArtifactRegistry(
    "images",
    platform.ArtifactRegistryArgs(
        repositories={"shop": {"movable_tags": ["cache-*"]}},
        upstreams={"quay": {"registry": "quay.io"}, "kubernetes": {"registry": "registry.k8s.io"}},
        replicate_to=[{"region": "eu-central-1"}],
        tags={"Environment": "shared", "Team": "platform"},
    ),
)
pipeline = platform.PipelineIdentity(
    "shop",
    platform.PipelineIdentityArgs(
        github=platform.GitHubPipelines(repository="acme/shop", owner_id="1200", repository_id="84000", branches=["main"]),
        statements=registry.push_statements("shop"),
    ),
)

pulumi.export("repositories", registry.repository_urls)
pulumi.export("signing_key", registry.signing_key)
pulumi.export("role_arn", pipeline.role_arn)
