"""How a program of the platform logs in at Vault: with its role of AWS, in whichever stack it runs."""

import pulumi
import pulumi_vault as vault

from platform_components.secrets.documents import PROGRAM_ROLE


def login_header(environment: str, domain: str | None) -> str:
    """What a login says it is for, so that one that was caught elsewhere is no login at this Vault."""
    return f"vault.{domain or environment}"


def vault_provider(
    name: str,
    address: pulumi.Input[str],
    environment: str,
    region: pulumi.Input[str],
    domain: str | None = None,
    opts: pulumi.ResourceOptions | None = None,
) -> vault.Provider:
    """The provider of Vault.

    Args:
        name: name of the provider.
        address: where Vault is reached; the authority of its certificate comes from `VAULT_CACERT` of the process.
        environment: name of the environment.
        region: AWS region that the login is signed for.
        domain: DNS domain of the environment, if it has one.
        opts: options of the provider.
    """
    return vault.Provider(
        name,
        address=address,
        auth_login_aws=vault.ProviderAuthLoginAwsArgs(role=PROGRAM_ROLE, aws_region=region, header_value=login_header(environment, domain)),
        # One of its own would need a right to make tokens, and outlive nothing.
        skip_child_token=True,
        opts=opts,
    )
