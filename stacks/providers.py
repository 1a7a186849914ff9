"""The AWS provider of a stack: explicit, so that no resource is ever made with whatever region or account happens to be configured."""

import pulumi
import pulumi_aws as aws

from platform_components.declarations.environment import Environment


def options(environment: Environment, layer: str) -> pulumi.ResourceOptions:
    """Options for a layer's components: they use the AWS provider of this stack.

    Credentials come from the provider's usual chain (environment variables, profile, instance role), never from a file of this repository.
    """
    provider = aws.Provider(
        "aws",
        region=environment.region,
        allowed_account_ids=[environment.account_id] if environment.account_id else None,
        default_tags=aws.ProviderDefaultTagsArgs(tags=environment.default_tags(layer)),
    )
    return pulumi.ResourceOptions(providers=[provider])
