"""What an ArtifactRegistry is told of packages: a domain, and repositories that look in each other and in one public source. Pure."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from platform_components.args import Args, Late

PackageRepositoryName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,59}$")]


class PublicSource(StrEnum):
    """Public registries that CodeArtifact fetches from (https://docs.aws.amazon.com/codeartifact/latest/ug/external-connection.html)."""

    CRATES_IO = "crates-io"
    MAVEN_CENTRAL = "maven-central"
    MAVEN_GOOGLE_ANDROID = "maven-googleandroid"
    MAVEN_GRADLE_PLUGINS = "maven-gradleplugins"
    NPMJS = "npmjs"
    NUGET = "nuget-org"
    PYPI = "pypi"
    RUBYGEMS = "ruby-gems-org"


class PackageRepository(Args):
    """One repository of packages, of whatever format."""

    public: PublicSource | None = Field(
        None,
        description="Public registry that what is missing is fetched from, once, and kept. A name that was published here first is never "
        "fetched. Omitted: none.",
    )
    upstreams: tuple[PackageRepositoryName, ...] = Field(
        (), max_length=10, description="Repositories of this domain that are looked in after this one, in this order. Omitted: none."
    )


class PackageSettings(Args):
    """Packages of an organization, kept in AWS CodeArtifact."""

    domain: str = Field(
        pattern=r"^[a-z][a-z0-9-]{0,48}[a-z0-9]$",
        description="Name of the domain, which an account has once in a region; it is part of every address. Required.",
    )
    repositories: Mapping[PackageRepositoryName, PackageRepository] = Field(
        min_length=1, description="Repositories by their names. At least one. Required."
    )
    key_arn: Late[str] | None = Field(
        None, description="KMS key that packages are encrypted with. Omitted: CodeArtifact's own, without charge."
    )

    @model_validator(mode="after")
    def _upstreams_end(self) -> "PackageSettings":
        if problems := [*_upstream_problems(self.repositories)]:
            raise ValueError("; ".join(problems))
        return self

    def ordered(self) -> list[str]:
        """Names of the repositories, each after those it looks in."""
        names: dict[str, None] = {}

        def add(name: str) -> None:
            for upstream in self.repositories[name].upstreams:
                add(upstream)
            names.setdefault(name)

        for name in self.repositories:
            add(name)
        return list(names)


def _upstream_problems(repositories: Mapping[str, PackageRepository]) -> Iterator[str]:
    strangers = {
        name: sorted({*repository.upstreams} - {*repositories}) for name, repository in repositories.items() if repository.upstreams
    }
    yield from (f"repository {name} looks in {', '.join(some)}, which there is not" for name, some in strangers.items() if some)
    if any(strangers.values()):
        return
    for name in repositories:
        reached, waiting = set[str](), [*repositories[name].upstreams]
        while waiting:
            if (one := waiting.pop()) not in reached:
                reached.add(one)
                waiting += repositories[one].upstreams
        if name in reached:
            yield f"repository {name} would look in itself, by way of its upstreams"
