"""What GitOps is given."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from platform_components.args import Args
from platform_components.charts.args import InstallationArgs
from platform_components.profile import Profile

NAME = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
GitUrl = Annotated[str, Field(pattern=r"^(https://\S+|ssh://\S+|[a-z0-9._-]+@[A-Za-z0-9.-]+:\S+)$")]
"""A repository over https or ssh; plain http would let anybody on the way decide what runs."""
SecretName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]


class SecretKey(Args):
    """One key of a Secret that somebody else keeps: an operator of secrets, never this program."""

    name: SecretName = Field(description="Name of the Secret, in the namespace of the GitOps engine. Required.")
    key: str = Field(pattern=r"^[A-Za-z0-9._-]+$", description="Key in it. Required.")


class SingleSignOn(Args):
    """Who logs in, and as what."""

    issuer: str = Field(pattern=r"^https://\S+$", description="Issuer URL of the identity provider (OpenID Connect). Required.")
    client_id: str = Field(min_length=1, description="Client id of Argo CD there. Required.")
    client_secret: SecretKey = Field(
        description="Where the client secret lies; the Secret carries the label app.kubernetes.io/part-of=argocd. Required."
    )
    admin_groups: tuple[str, ...] = Field(default=(), description="Groups that may do everything. Omitted: nobody.")
    viewer_groups: tuple[str, ...] = Field(default=(), description="Groups that may see everything and change nothing. Omitted: nobody.")


class SyncWindow(Args):
    """When changes are let through, or held back."""

    kind: Literal["allow", "deny"] = Field(description="`allow`: only then; `deny`: not then. Required.")
    schedule: str = Field(pattern=r"^\S+ \S+ \S+ \S+ \S+$", description="When it begins, as five fields of cron in UTC. Required.")
    hours: int = Field(ge=1, le=168, description="How long it lasts, in hours. Required.")
    manual: bool = Field(default=False, description="Whether people may sync by hand nevertheless. Omitted: no.")


class Delivery(Args):
    """What one team delivers: from which repositories, into which namespaces."""

    repositories: tuple[GitUrl, ...] = Field(
        min_length=1, description="Repositories it may deliver from; the first is delivered. Required."
    )
    namespaces: tuple[Annotated[str, Field(pattern=NAME)], ...] = Field(
        min_length=1,
        description="Namespaces it may deliver into; they exist already. Objects that name none go into the first. Required.",
    )
    branch: str = Field(default="main", pattern=r"^[A-Za-z0-9._/-]+$", description="Branch that is delivered. Omitted: main.")
    path: str = Field(default=".", pattern=r"^[A-Za-z0-9._/-]+$", description="Folder of the repository. Omitted: its root.")
    credentials: SecretName | None = Field(
        default=None,
        description="Secret with the credentials of its repository, in its first namespace, kept by somebody else (Flux; Argo CD finds "
        "Secrets by their label). Omitted: it is public.",
    )
    groups: tuple[str, ...] = Field(default=(), description="Groups that may sync and see it (Argo CD only). Omitted: nobody.")
    windows: tuple[SyncWindow, ...] = Field(default=(), description="When changes are let through (Argo CD only). Omitted: always.")


class GitOpsBase(Args):
    """What both engines take."""

    repository: GitUrl = Field(description="Repository the platform's own objects come from. Required.")
    branch: str = Field(default="main", pattern=r"^[A-Za-z0-9._/-]+$", description="Branch that is delivered. Omitted: main.")
    path: str = Field(
        default="platform",
        pattern=r"^[A-Za-z0-9._/-]+$",
        description="Folder of it; each folder in it is one application. Omitted: platform.",
    )
    teams: Mapping[Annotated[str, Field(pattern=NAME)], Delivery] = Field(
        default={}, description="What teams deliver, by team. Omitted: the platform's own alone."
    )

    @model_validator(mode="after")
    def _namespaces_have_one_owner(self) -> "GitOpsBase":
        owners: dict[str, str] = {}
        for team, delivery in self.teams.items():
            for namespace in delivery.namespaces:
                if owners.setdefault(namespace, team) != team:
                    raise ValueError(f"namespace {namespace} belongs to teams {owners[namespace]} and {team}; give each its own")
        return self


class ArgoCd(GitOpsBase):
    """Argo CD."""

    kind: Literal["argo-cd"] = Field(description="`argo-cd`: Argo CD, with a page where people see what is out of step.")
    single_sign_on: SingleSignOn | None = Field(
        default=None, description="Who logs in. Omitted: nobody does; there is no password to fall back on."
    )


class Flux(GitOpsBase):
    """Flux."""

    kind: Literal["flux"] = Field(
        description="`flux`: Flux, without a page; `flux get` and the cluster's own events say what is out of step."
    )
    credentials: SecretName | None = Field(
        default=None,
        description="Secret with the repository's credentials, in namespace flux-system, kept by somebody else. Omitted: it is public.",
    )
    interval_minutes: int = Field(default=5, ge=1, le=1440, description="How often Git is looked at, in minutes. Omitted: 5.")

    @model_validator(mode="after")
    def _no_windows(self) -> "Flux":
        timed = [team for team, delivery in self.teams.items() if delivery.windows]
        if timed:
            raise ValueError(f"kind flux has no sync windows; take them from {', '.join(timed)}, or use argo-cd")
        return self


Engine = Annotated[ArgoCd | Flux, Field(discriminator="kind")]
"""One engine: two would undo each other's work."""


class GitOpsArgs(InstallationArgs):
    """GitOps in one cluster."""

    engine: Engine = Field(description="The engine and what it delivers. Required.")


PROFILE_DEFAULTS: Mapping[Profile, Mapping[str, Any]] = {Profile.DEV: {}, Profile.PRODUCTION: {}, Profile.REGULATED: {}}
"""A profile's values where they differ from the fields' own defaults. YAML form."""
