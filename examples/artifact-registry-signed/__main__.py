"""Images of one service: pushed and signed by its pipeline, copied to another region; upstream registries cached, and packages."""

import pulumi

import platform_components as platform

registry = platform.ArtifactRegistry(
    "images",
    platform.ArtifactRegistryArgs(
        repositories={"shop": {"movable_tags": ["cache-*"]}},
        upstreams={"quay": {"registry": "quay.io"}, "kubernetes": {"registry": "registry.k8s.io"}},
        packages={"domain": "acme", "repositories": {"python": {"upstreams": ["pypi"]}, "pypi": {"public": "pypi"}}},
        replicate_to=[{"region": "eu-central-1"}],
        tags={"Environment": "shared", "Team": "platform"},
    ),
)
pipeline = platform.PipelineIdentity(
    "shop",
    platform.PipelineIdentityArgs(
        github=platform.GitHubPipelines(repository="acme/shop", owner_id="1200", repository_id="84000", branches=["main"]),
        statements=[*registry.push_statements("shop"), *registry.package_statements("python")],
    ),
)
registry.grant_signing("shop", pipeline.role_arn)

pulumi.export("repositories", registry.repository_urls)
pulumi.export("signing_key", registry.signing_key)
pulumi.export("signing_public_key", registry.signing_public_key)
pulumi.export("role_arn", pipeline.role_arn)
