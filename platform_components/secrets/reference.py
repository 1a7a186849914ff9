"""SecretReference: where a secret lies, for whoever has to read it; never what it is."""

from enum import StrEnum

from pydantic import Field

from platform_components.args import Args, Late


class SecretStore(StrEnum):
    """What keeps a secret."""

    AWS = "aws-secrets-manager"
    VAULT = "vault"


class SecretReference(Args):
    """Where a secret lies; never what it is."""

    store: SecretStore = Field(description="What keeps it. Required.")
    reference: Late[str] = Field(description="ARN or name in AWS Secrets Manager, or path in Vault. Required.")
    key: str | None = Field(default=None, description="Which field of it. Omitted: the whole of it.")
