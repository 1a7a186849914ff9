"""What a PipelineIdentity is given: which pipelines of which repository, and what they may do."""

import re
from collections.abc import Mapping

from pydantic import Field, model_validator

from platform_components.args import Args, Late
from platform_components.identity.statements import Statement

EXACT = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,254}$"
"""A name without wildcard or colon: it goes into a subject that is compared letter by letter."""
NUMBER = r"^[1-9][0-9]{0,19}$"


class GitHubPipelines(Args):
    """Workflow runs of one repository on github.com. At least one of branches, tags, environments and pull_requests must be given."""

    repository: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$", description="OWNER/NAME. Required.")
    owner_id: str = Field(pattern=NUMBER, description="Number of the owner: `gh api users/OWNER --jq .id`. Required: names are recycled.")
    repository_id: str = Field(pattern=NUMBER, description="Number of the repository: `gh api repos/OWNER/NAME --jq .id`. Required.")
    branches: tuple[str, ...] = Field(default=(), description="Branches whose runs are trusted, by their exact names. Omitted: none.")
    tags: tuple[str, ...] = Field(default=(), description="Git tags whose runs are trusted, by their exact names. Omitted: none.")
    environments: Mapping[str, tuple[str, ...]] = Field(
        default={},
        description="GitHub environments whose jobs are trusted, each with the branches they must run on; without branches the "
        "environment's own protection rules decide alone. Omitted: none.",
    )
    pull_requests: bool = Field(
        default=False, description="Trust runs for pull requests, whose code nobody has reviewed: for roles that only read. Omitted: no."
    )
    workflow: str = Field(
        default="",
        pattern=r"^(|[A-Za-z0-9-]+/[A-Za-z0-9._-]+/\.github/workflows/[A-Za-z0-9._-]+@refs/(heads|tags)/[A-Za-z0-9._/-]+)$",
        description="Reusable workflow that jobs must come from: OWNER/NAME/.github/workflows/FILE@refs/heads/BRANCH. Omitted: any.",
    )

    @model_validator(mode="after")
    def _exact(self) -> "GitHubPipelines":
        branches = (*self.branches, *(branch for some in self.environments.values() for branch in some))
        _refuse_inexact(branches=branches, tags=self.tags, environments=tuple(self.environments))
        if not (self.branches or self.tags or self.environments or self.pull_requests):
            raise ValueError("name branches, tags or environments, or allow pull_requests; an identity for nobody is a mistake")
        return self


class GitLabPipelines(Args):
    """Pipelines of one project, on gitlab.com or an instance of your own. At least one of branches and tags must be given."""

    project: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$", description="GROUP/.../NAME. Required.")
    host: str = Field(
        default="gitlab.com", pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?$", description="The instance. Omitted: gitlab.com."
    )
    branches: tuple[str, ...] = Field(default=(), description="Branches whose pipelines are trusted, by their exact names. Omitted: none.")
    tags: tuple[str, ...] = Field(default=(), description="Git tags whose pipelines are trusted, by their exact names. Omitted: none.")

    @model_validator(mode="after")
    def _exact(self) -> "GitLabPipelines":
        _refuse_inexact(branches=self.branches, tags=self.tags)
        if not (self.branches or self.tags):
            raise ValueError("name branches or tags; an identity for nobody is a mistake")
        return self


class PipelineIdentityArgs(Args):
    """The AWS role of the pipelines of one repository."""

    github: GitHubPipelines | None = Field(default=None, description="Pipelines on GitHub. Give this or gitlab.")
    gitlab: GitLabPipelines | None = Field(default=None, description="Pipelines on GitLab. Give this or github.")
    provider_arn: Late[str] | None = Field(
        default=None,
        description="ARN of the account's IAM OIDC provider for the issuer, of which there can be one only: `provider_arn` of the "
        "first identity. Omitted: it is made.",
    )
    statements: tuple[Statement, ...] = Field(default=(), description="What the pipelines may do. Omitted: what the policies say.")
    managed_policy_arns: Mapping[str, Late[str]] = Field(
        default={}, description="ARNs of managed policies to attach, by a key of your own that names the attachment. Omitted: none."
    )
    permissions_boundary: Late[str] | None = Field(default=None, description="ARN of a policy that caps the role. Omitted: no cap.")
    max_session_hours: int = Field(default=1, ge=1, le=12, description="Longest session of the role, in hours. Omitted: 1.")
    tags: Mapping[str, str] = Field(default={}, description="Tags of role and provider. Omitted: only the library's own.")

    @model_validator(mode="after")
    def _one_source(self) -> "PipelineIdentityArgs":
        if (self.github is None) == (self.gitlab is None):
            raise ValueError("give github or gitlab, one of them")
        return self


def _refuse_inexact(**names: tuple[str, ...]) -> None:
    problems = [
        f"{field}: {name!r} is not an exact name (no wildcards, colons or spaces)"
        for field, some in names.items()
        for name in some
        if not re.fullmatch(EXACT, name)
    ]
    if problems:
        raise ValueError("; ".join(problems))
