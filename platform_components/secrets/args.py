"""What an environment says of its secrets, and what a SecretsPlatform is given."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from platform_components.args import Args, Late
from platform_components.charts.args import InstallationArgs
from platform_components.data.options import Removal
from platform_components.profile import Profile
from platform_components.secrets.reference import SecretStore


class OidcSettings(Args):
    """How people log in; the client's secret stands in the stack's configuration."""

    issuer: str = Field(pattern=r"^https://\S+$", description="Issuer of the identity provider. Required.")
    client_id: str = Field(description="Client id of Vault there. Required.")
    redirect_uris: tuple[str, ...] = Field(min_length=1, description="Where the identity provider may send people back to. Required.")
    groups_claim: str = Field(default="groups", description="Claim with the groups of a person. Omitted: groups.")


class OidcLogin(OidcSettings):
    """How people log in."""

    client_secret: Late[str] = Field(description="Its secret; a secret of the stack's configuration. Required.")


class RecoverySettings(Args):
    """Who holds the recovery keys."""

    pgp_keys: tuple[str, ...] = Field(
        min_length=3, description="Whose public keys encrypt a recovery key each: `keybase:<name>` or base64. Required."
    )
    threshold: int = Field(default=2, ge=2, description="How many of them together can make a root token. Omitted: 2.")

    @model_validator(mode="after")
    def _can_be_reached(self) -> "RecoverySettings":
        if self.threshold > len(self.pgp_keys):
            raise ValueError(f"threshold {self.threshold} is more than the {len(self.pgp_keys)} keys; nobody could make a root token")
        return self


class BootstrapSettings(RecoverySettings):
    """The first start, as an environment says it."""

    program_role: str = Field(
        pattern=r"^[\w+=,.@-]{1,64}(/[\w+=,.@-]{1,64})*$",
        description="Name, with its path, of the IAM role of the environment's account that its stacks run as. Required.",
    )


class Bootstrap(RecoverySettings):
    """The first start: who holds the recovery keys, and who builds the content."""

    program_arn: Late[str] = Field(
        description="ARN of the IAM role that this program runs as; nobody else logs in as the program. Required."
    )


class VaultSettings(Args):
    """How Vault is built; nothing of it counts with AWS Secrets Manager."""

    backend: SecretStore = Field(
        default=SecretStore.VAULT, description="What keeps the secrets. With aws-secrets-manager no Vault is built. Omitted: vault."
    )
    servers: Literal[3, 5] = Field(default=3, description="Servers of Vault: 3 outlive the loss of one, 5 of two. Omitted: 3.")
    storage_gib: int = Field(
        default=20, ge=5, le=1000, description="Volume of each server's data, in GiB. Omitted: 20; 10 with profile dev."
    )
    audit_gib: int = Field(
        default=20, ge=5, le=1000, description="Volume of each server's audit log, in GiB. Omitted: 20; 10 with profile dev."
    )
    snapshot_schedule: Annotated[str, StringConstraints(pattern=r"^\S+ \S+ \S+ \S+ \S+$")] = Field(
        default="17 */6 * * *", description="When snapshots are taken, in five fields of cron, UTC. Omitted: every six hours."
    )
    snapshot_days: int = Field(
        default=35, ge=1, description="How long they are kept, in days. Omitted: 35; 3 with profile dev, 400 if regulated."
    )
    removal: Removal = Field(
        default=Removal.KEEP,
        description="What becomes of the snapshots, and of the key without which nobody can read them, when Vault goes. Omitted: keep; "
        "delete with profile dev.",
    )
    address: Late[str] | None = Field(
        default=None,
        description="URL at which this program reaches Vault, such as a name inside the VPC. Omitted: the address in the cluster.",
    )
    requests_per_second: int = Field(default=500, ge=1, description="The most requests per second, of all together. Omitted: 500.")
    pki_domain: str = Field(
        default="internal", description="Common name of the authority that teams' certificates come from. Omitted: internal."
    )

    @property
    def keeps(self) -> bool:
        """Whether snapshots and key outlive Vault."""
        return self.removal is Removal.KEEP


class SecretsSettings(VaultSettings):
    """Where an environment's secrets are kept."""

    bootstrap: BootstrapSettings | None = Field(default=None, description="The first start. Needed with vault. Omitted: no Vault.")
    oidc: OidcSettings | None = Field(
        default=None,
        description="How people log in; the client's secret is set once by `pulumi config set --secret vault-oidc -s ENV.platform`. Vault "
        "only. Omitted: they do not.",
    )
    prefix: str = Field(
        default="platform",
        pattern=r"^[a-z][a-z0-9-]{0,38}$",
        description="First part of names in AWS Secrets Manager; another one for each environment of an account. Omitted: platform.",
    )

    @model_validator(mode="after")
    def _fits_backend(self) -> "SecretsSettings":
        if self.backend is SecretStore.VAULT and self.bootstrap is None:
            raise ValueError("bootstrap is needed with backend vault: who holds the recovery keys, and which role builds the content")
        if self.backend is SecretStore.AWS:
            _none_of_vault(self, "bootstrap", "oidc", "address")
        return self


class SecretsPlatformArgs(VaultSettings, InstallationArgs):
    """Vault with its content and External Secrets, or External Secrets alone before AWS Secrets Manager."""

    internal_issuer: Late[dict[str, str]] = Field(
        default={"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "platform-internal"},
        description="`issuerRef` of the servers' certificate (`Certificates.internal_issuer`). Omitted: platform-internal.",
    )
    cluster_endpoint: Late[str] | None = Field(
        default=None,
        description="URL of the cluster's API, which Vault asks whether a login is good. Needed with vault. Omitted: no Vault.",
    )
    bootstrap: Bootstrap | None = Field(default=None, description="The first start. Needed with vault. Omitted: no Vault.")
    oidc: OidcLogin | None = Field(default=None, description="How people log in. Vault only. Omitted: they do not.")
    tags: Mapping[str, str] = Field(default={}, description="Tags of everything in AWS. Omitted: only the library's own.")

    @model_validator(mode="after")
    def _fits_backend(self) -> "SecretsPlatformArgs":
        missing = [name for name in ("bootstrap", "cluster_endpoint") if getattr(self, name) is None]
        if self.backend is SecretStore.VAULT and missing:
            raise ValueError(f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} needed with backend vault")
        if self.backend is SecretStore.AWS:
            _none_of_vault(self, "bootstrap", "oidc", "address")
        return self


def _none_of_vault(args: Args, *names: str) -> None:
    if given := [name for name in names if getattr(args, name) is not None]:
        raise ValueError(f"{', '.join(given)} belong to Vault; leave them out with backend aws-secrets-manager")


PROFILE_DEFAULTS: Mapping[Profile, Mapping[str, Any]] = {
    Profile.DEV: {"storage_gib": 10, "audit_gib": 10, "snapshot_days": 3, "removal": "delete"},
    Profile.PRODUCTION: {},
    Profile.REGULATED: {"snapshot_days": 400},
}
"""A profile's values where they differ from the fields' own defaults, which are those of production. YAML form."""
