"""What a TeamSecrets is given."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from platform_components.args import Args, Late
from platform_components.identity.args import KUBERNETES_NAME, ClusterRef
from platform_components.secrets.reference import SecretStore
from platform_components.secrets.tenancy import MAX_TTL_SECONDS, TEAM_PATTERN

KubernetesName = Annotated[str, StringConstraints(pattern=KUBERNETES_NAME)]
SecretKeyName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,63}$")]
DomainName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")]
READER = "secrets-reader"
"""Service account that External Secrets logs in as for a team, in each of its namespaces."""


class VaultServer(Args):
    """Vault, as External Secrets reaches it."""

    address: Late[str] = Field(description="URL inside the cluster. Required.")
    ca_config_map: str = Field(
        default="platform-ca",
        description="ConfigMap of every namespace that holds the authority of Vault's certificate. Omitted: platform-ca.",
    )
    ca_key: str = Field(default="ca.crt", description="Its key. Omitted: ca.crt.")


class ClusterAccess(Args):
    """From where in one cluster a team logs in."""

    namespaces: tuple[KubernetesName, ...] = Field(min_length=1, description="Namespaces of the team. Required.")
    service_accounts: tuple[KubernetesName, ...] = Field(
        default=(READER,), min_length=1, description=f"Service accounts that may log in. Omitted: {READER}, which External Secrets uses."
    )


class People(Args):
    """Who of the team writes its secrets."""

    group: str = Field(description="Group of the identity provider, as its token names it. Required.")
    accessor: Late[str] = Field(description="Accessor of the OIDC login (`SecretsPlatform.oidc_accessor`). Required.")


class TeamSecretsArgs(Args):
    """One team's part of the store: what it may read, who writes it, and the SecretStore of each namespace."""

    team: str = Field(pattern=TEAM_PATTERN, description="Name of the team. Required.")
    clusters: Mapping[str, ClusterAccess] = Field(
        min_length=1, description="From where the team logs in, by cluster (as SecretsPlatform names it). Required."
    )
    backend: SecretStore = Field(default=SecretStore.VAULT, description="What keeps the secrets. Omitted: vault.")
    server: VaultServer | None = Field(
        default=None, description="How External Secrets reaches Vault. Omitted: no SecretStore; policies and roles only."
    )
    store_cluster: str | None = Field(
        default=None,
        description="Which of `clusters` the Kubernetes provider leads to; its namespaces get a SecretStore. Omitted: the only one.",
    )
    domains: tuple[DomainName, ...] = Field(
        default=(), description="Domains that the team may have certificates of, with what lies below. Vault only. Omitted: none."
    )
    people: People | None = Field(default=None, description="Who writes the team's secrets. Vault only. Omitted: nobody but operators.")
    alert_keys: tuple[SecretKeyName, ...] = Field(
        default=(),
        description="Keys of what reaches the team's people when an alert fires: written by the team at `TEAM/alerts.keys`, and copied "
        "into the Secret `alerts-TEAM` of the namespace monitoring, which has to be there. Omitted: none.",
    )
    token_seconds: int = Field(
        default=MAX_TTL_SECONDS, ge=60, le=MAX_TTL_SECONDS, description="Life of a workload's login, in seconds. Omitted: 3600, the most."
    )
    cluster: ClusterRef | None = Field(
        default=None,
        description="The cluster, with its OIDC provider: roles of AWS trust one service account of a namespace. Needed with "
        "aws-secrets-manager, where it must name oidc_issuer and oidc_provider_arn. Omitted: Vault only.",
    )
    region: Late[str] | None = Field(default=None, description="Region of AWS Secrets Manager. Needed with it. Omitted: Vault only.")
    prefix: str = Field(
        default="platform", pattern=r"^[a-z][a-z0-9-]{0,38}$", description="First part of names in AWS Secrets Manager. Omitted: platform."
    )

    @model_validator(mode="after")
    def _complete(self) -> "TeamSecretsArgs":
        problems = []
        if self.backend is SecretStore.AWS:
            missing = [name for name in ("cluster", "region") if getattr(self, name) is None]
            problems += [f"{name} is needed with backend aws-secrets-manager" for name in missing]
            problems += [
                f"{name} is Vault's; leave it out with backend aws-secrets-manager" for name in ("domains", "people") if getattr(self, name)
            ]
        if self.store_cluster is not None and self.store_cluster not in self.clusters:
            problems.append(f"store_cluster {self.store_cluster!r} is none of clusters: {', '.join(self.clusters)}")
        if self.store_cluster is None and len(self.clusters) > 1 and (self.server is not None or self.backend is SecretStore.AWS):
            problems.append("store_cluster is needed where there are several clusters; say which one the Kubernetes provider leads to")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def store_access(self) -> ClusterAccess:
        """The cluster whose namespaces get a SecretStore."""
        return self.clusters[self.store_cluster or next(iter(self.clusters))]
