"""Trust in pipelines: which tokens of GitHub and GitLab may assume a role. Pure functions.

Everything is compared by StringEquals: a wildcard in a subject is how strangers' pipelines get in. Statements are alternatives, the
conditions of one statement hold together.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from platform_components.identity.pipeline_args import GitHubPipelines, GitLabPipelines
from platform_components.identity.statements import POLICY_VERSION

GITHUB_HOST: Final = "token.actions.githubusercontent.com"
AUDIENCE: Final = "sts.amazonaws.com"
"""What tokens must be meant for; the default of aws-actions/configure-aws-credentials."""

Condition = dict[str, Any]


def host_of(source: GitHubPipelines | GitLabPipelines) -> str:
    """Host of the issuer, as it begins the condition keys."""
    return GITHUB_HOST if isinstance(source, GitHubPipelines) else source.host


def audience_of(source: GitHubPipelines | GitLabPipelines) -> str:
    """Audience of the tokens: AWS's own for GitHub, the instance for GitLab (https://docs.gitlab.com/ci/cloud_services/aws/)."""
    return AUDIENCE if isinstance(source, GitHubPipelines) else f"https://{source.host}"


def pipeline_trust(provider_arn: str, source: GitHubPipelines | GitLabPipelines) -> dict[str, Any]:
    """The trust document: one statement per way in."""
    host = host_of(source)
    alternatives = _github(source) if isinstance(source, GitHubPipelines) else _gitlab(source)
    return {
        "Version": POLICY_VERSION,
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider_arn},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": {f"{host}:{claim}": value for claim, value in condition.items()}},
            }
            for condition in alternatives
        ],
    }


def _github(source: GitHubPipelines) -> Iterator[Condition]:
    """Ways in from GitHub: by ref, by environment, by pull request.

    The numbers of repository and owner hold whatever happens to the names. Subjects of repositories made or renamed after 2026-06-18, or
    opted in, carry them (https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens); for the older
    form the claim `repository_id` is asked, which STS knows since 2026-01
    (https://aws.amazon.com/about-aws/whats-new/2026/01/aws-sts-supports-validation-identity-provider-claims/).
    """
    owner, _, name = source.repository.partition("/")
    prefixes = (f"repo:{source.repository}", f"repo:{owner}-{source.owner_id}/{name}-{source.repository_id}")

    def condition(*ends: str, **more: Any) -> Condition:
        found = {"aud": AUDIENCE, "sub": [f"{prefix}:{end}" for prefix in prefixes for end in ends], "repository_id": source.repository_id}
        return found | more | ({"job_workflow_ref": source.workflow} if source.workflow else {})

    refs = [*(f"ref:refs/heads/{branch}" for branch in source.branches), *(f"ref:refs/tags/{tag}" for tag in source.tags)]
    if refs:
        yield condition(*refs)
    for environment, branches in sorted(source.environments.items()):
        # A job in an environment has the environment for its subject, and no branch in it: that one is asked apart.
        on = {"ref": _one_or_many([f"refs/heads/{branch}" for branch in branches])} if branches else {}
        yield condition(f"environment:{environment}", **on)
    if source.pull_requests:
        yield condition("pull_request")


def _gitlab(source: GitLabPipelines) -> Iterator[Condition]:
    """Ways in from GitLab: by ref. STS knows subject and audience of its tokens only, so a project's number cannot be asked.

    A subject has the form project_path:{group}/{project}:ref_type:{type}:ref:{name} (https://docs.gitlab.com/ci/secrets/id_token_authentication/).
    """
    refs = [("branch", branch) for branch in source.branches] + [("tag", tag) for tag in source.tags]
    subjects = [f"project_path:{source.project}:ref_type:{kind}:ref:{ref}" for kind, ref in refs]
    yield {"aud": audience_of(source), "sub": _one_or_many(subjects)}


def _one_or_many(values: Sequence[str]) -> str | list[str]:
    # One value stands alone, as AWS writes it back.
    return values[0] if len(values) == 1 else list(values)
