"""The AWS provider of a stack: explicit, so that no resource is ever made with whatever region or account happens to be configured."""

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from platform_components.declarations.environment import Environment


def options(environment: Environment, layer: str, kubeconfig: pulumi.Input[str] | None = None) -> pulumi.ResourceOptions:
    """Options for a layer's components: they use the AWS provider of this stack and, with a kubeconfig, its Kubernetes provider.

    Credentials come from the provider's usual chain (environment variables, profile, instance role), never from a file of this repository.
    """
    provider = aws.Provider(
        "aws",
        region=environment.region,
        allowed_account_ids=[environment.account_id] if environment.account_id else None,
        default_tags=aws.ProviderDefaultTagsArgs(tags=environment.default_tags(layer)),
    )
    if kubeconfig is None:
        return pulumi.ResourceOptions(providers=[provider])
    return pulumi.ResourceOptions(providers=[provider, k8s.Provider("kubernetes", kubeconfig=kubeconfig)])
