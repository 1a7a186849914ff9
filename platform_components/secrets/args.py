"""What a SecretsPlatform is given."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from platform_components.args import Args, Late
from platform_components.charts.args import InstallationArgs
from platform_components.secrets.reference import SecretStore


class OidcLogin(Args):
    """How people log in."""

    issuer: str = Field(pattern=r"^https://\S+$", description="Issuer of the identity provider. Required.")
    client_id: str = Field(description="Client id of Vault there. Required.")
    client_secret: Late[str] = Field(description="Its secret; a secret of the stack's configuration. Required.")
    redirect_uris: tuple[str, ...] = Field(min_length=1, description="Where the identity provider may send people back to. Required.")
    groups_claim: str = Field(default="groups", description="Claim with the groups of a person. Omitted: groups.")


class Bootstrap(Args):
    """The first start: who holds the recovery keys, and who builds the content."""

    program_arn: Late[str] = Field(
        description="ARN of the IAM role that this program runs as; nobody else logs in as the program. Required."
    )
    pgp_keys: tuple[str, ...] = Field(
        min_length=3, description="Whose public keys encrypt a recovery key each: `keybase:<name>` or base64. Required."
    )
    threshold: int = Field(default=2, ge=2, description="How many of them together can make a root token. Omitted: 2.")


class SecretsPlatformArgs(InstallationArgs):
    """Vault with its content and External Secrets, or External Secrets alone before AWS Secrets Manager."""

    backend: SecretStore = Field(
        default=SecretStore.VAULT, description="What keeps the secrets. With aws-secrets-manager no Vault is built. Omitted: vault."
    )
    internal_issuer: Late[dict[str, str]] = Field(
        default={"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "platform-internal"},
        description="`issuerRef` of the servers' certificate (`Certificates.internal_issuer`). Omitted: platform-internal.",
    )
    cluster_endpoint: Late[str] | None = Field(
        default=None,
        description="URL of the cluster's API, which Vault asks whether a login is good. Needed with vault. Omitted: no Vault.",
    )
    servers: Literal[3, 5] = Field(default=3, description="Servers of Vault: 3 outlive the loss of one, 5 of two. Omitted: 3.")
    storage_gib: int = Field(default=20, ge=5, le=1000, description="Volume of each server's data, in GiB. Omitted: 20.")
    audit_gib: int = Field(default=20, ge=5, le=1000, description="Volume of each server's audit log, in GiB. Omitted: 20.")
    snapshot_schedule: Annotated[str, StringConstraints(pattern=r"^\S+ \S+ \S+ \S+ \S+$")] = Field(
        default="17 */6 * * *", description="When snapshots are taken, in five fields of cron, UTC. Omitted: every six hours."
    )
    snapshot_days: int = Field(default=35, ge=1, description="How long they are kept, in days. Omitted: 35.")
    bootstrap: Bootstrap | None = Field(default=None, description="The first start. Needed with vault. Omitted: no Vault.")
    address: Late[str] | None = Field(
        default=None,
        description="URL at which this program reaches Vault, such as a name inside the VPC. Omitted: the address in the cluster.",
    )
    oidc: OidcLogin | None = Field(default=None, description="How people log in. Omitted: they do not.")
    requests_per_second: int = Field(default=500, ge=1, description="The most requests per second, of all together. Omitted: 500.")
    tags: Mapping[str, str] = Field(default={}, description="Tags of everything in AWS. Omitted: only the library's own.")
    pki_domain: str = Field(
        default="internal", description="Common name of the authority that teams' certificates come from. Omitted: internal."
    )
