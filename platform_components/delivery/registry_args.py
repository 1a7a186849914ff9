"""What an ArtifactRegistry is given: repositories, where images come from, where they go, and who signs them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, StringConstraints, model_validator

from platform_components.args import Args, Late
from platform_components.delivery.package_args import PackageSettings

RepositoryName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*$", min_length=2, max_length=200)]
AccountId = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
SignerName = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]

OPEN_UPSTREAMS: Final = ("public.ecr.aws", "quay.io", "registry.k8s.io")
"""Registries that are read without credentials."""
CLOSED_UPSTREAMS: Final = ("ghcr.io", "registry-1.docker.io", "registry.gitlab.com")
"""Registries ECR reads with credentials only (https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html)."""
CREDENTIALS_PREFIX: Final = "ecr-pullthroughcache/"
"""How the name of a secret with such credentials has to begin (same source)."""


class Scanning(StrEnum):
    """How images are searched for known holes."""

    BASIC = "BASIC"
    """When they are pushed; no charge."""
    ENHANCED = "ENHANCED"
    """By Amazon Inspector: when they are pushed and again whenever a hole becomes known; charged per image."""


class Repository(Args):
    """One repository of images."""

    movable_tags: tuple[str, ...] = Field(
        (), max_length=5, description="Patterns of tags that may be moved, such as cache-*; every other tag stays for ever. Omitted: none."
    )
    keep_images: int = Field(100, ge=1, le=10_000, description="Tagged images that are kept, the newest. Omitted: 100.")
    untagged_days: int = Field(14, ge=1, description="Days until an image without a tag is removed. Omitted: 14.")

    @model_validator(mode="after")
    def _most_tags_fixed(self) -> "Repository":
        if any(set(pattern) == {"*"} for pattern in self.movable_tags):
            raise ValueError("movable_tags has *, so that no tag would be fixed; name the tags that may be moved")
        return self


class Upstream(Args):
    """A registry whose images are fetched once and kept."""

    registry: str = Field(description=f"Host: one of {', '.join((*OPEN_UPSTREAMS, *CLOSED_UPSTREAMS))}. Required.")
    credentials_arn: Late[str] | None = Field(
        None,
        description=f"Secret with user name and access token, its name beginning with {CREDENTIALS_PREFIX}. Omitted: none, which only "
        f"{', '.join(OPEN_UPSTREAMS)} allow.",
    )

    @model_validator(mode="after")
    def _reachable(self) -> "Upstream":
        if self.registry not in (*OPEN_UPSTREAMS, *CLOSED_UPSTREAMS):
            raise ValueError(f"registry {self.registry} cannot be cached; choose from {', '.join((*OPEN_UPSTREAMS, *CLOSED_UPSTREAMS))}")
        if self.registry in CLOSED_UPSTREAMS and self.credentials_arn is None:
            raise ValueError(f"registry {self.registry} is read with credentials only; give credentials_arn")
        if isinstance(self.credentials_arn, str) and f":secret:{CREDENTIALS_PREFIX}" not in self.credentials_arn:
            raise ValueError(f"the name of the secret in credentials_arn must begin with {CREDENTIALS_PREFIX}; ECR reads no other")
        return self


class Destination(Args):
    """Where every pushed image is copied to."""

    region: Region = Field(description="Region. Required.")
    account: AccountId | None = Field(None, description="Account, whose registry policy must let this one in. Omitted: the same account.")


class ArtifactRegistrySettings(Args):
    """What an environment may say of its account's registry."""

    repositories: Mapping[RepositoryName, Repository] = Field(
        {}, description="Repositories by their names. Omitted: none; teams add theirs."
    )
    readers: tuple[AccountId, ...] = Field((), description="Other accounts that may pull every image. Omitted: none.")
    organization_id: str | None = Field(
        None,
        pattern=r"^o-[a-z0-9]{10,32}$",
        description="Organization whose accounts may all pull. Omitted: only this account and readers.",
    )
    upstreams: Mapping[Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$", max_length=30)], Upstream] = Field(
        {}, description="Registries to cache, by the prefix their images get here. Omitted: none."
    )
    replicate_to: tuple[Destination, ...] = Field((), max_length=25, description="Where images are copied to. Omitted: nowhere.")
    scanning: Scanning = Field(Scanning.BASIC, description="How images are scanned. Omitted: BASIC, on push.")
    signing: bool = Field(True, description="Make a key in KMS that pipelines sign images with and nobody can take away. Omitted: yes.")
    signers: Mapping[SignerName, Late[str]] = Field(
        {},
        description="ARNs of the roles that may sign, by names of your own; nobody else can. Omitted: none yet; `grant_signing` adds some.",
    )
    packages: PackageSettings | None = Field(None, description="Packages beside images; who may pull may read them. Omitted: none.")
    force_delete: bool = Field(False, description="Let a repository be destroyed with the images in it. Omitted: no.")

    @model_validator(mode="after")
    def _signers_have_a_key(self) -> "ArtifactRegistrySettings":
        if self.signers and not self.signing:
            raise ValueError("signers are named and signing is off; leave signing out, or name no signers")
        return self


class ArtifactRegistryArgs(ArtifactRegistrySettings):
    """Images of one account and region: a registry exists once in each, and so should this component."""

    tags: Mapping[str, str] = Field({}, description="Tags of everything that can have them. Omitted: only the library's own.")
