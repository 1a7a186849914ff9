"""PipelineIdentity: tokens of GitHub and GitLab against the trust documents, and what the component builds."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from platform_components.identity.pipeline_args import GitHubPipelines, GitLabPipelines, PipelineIdentityArgs
from platform_components.identity.pipeline_identity import PipelineIdentity
from platform_components.identity.pipeline_trust import pipeline_trust
from platform_components.identity.statements import Statement
from tests.support import deploy
from tests.unit.cluster_cases import document

GITHUB = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::123456789012:oidc-provider/{GITHUB}"
KNOWN = {
    "aud",
    "sub",
    "amr",
    "actor",
    "actor_id",
    "job_workflow_ref",
    "repository",
    "repository_id",
    "workflow",
    "ref",
    "environment",
    "enterprise_id",
}
"""Claims of GitHub that STS compares; a condition on any other never holds."""

SHOP = {"repository": "acme/shop", "owner_id": "1200", "repository_id": "84000"}
DEPLOY = GitHubPipelines(**SHOP, branches=("main",), tags=("v1",), environments={"production": ("main", "hotfix"), "preview": ()})
MAIN = {"aud": "sts.amazonaws.com", "sub": "repo:acme/shop:ref:refs/heads/main", "repository_id": "84000", "ref": "refs/heads/main"}
PRODUCTION = MAIN | {"sub": "repo:acme/shop:environment:production", "environment": "production"}


def lets_in(trust: Mapping[str, Any], host: str, claims: Mapping[str, str], known: set[str] = KNOWN) -> bool:
    """What STS decides: a statement whose every condition holds. Only what these documents use is understood; anything else is an error."""
    for statement in trust["Statement"]:
        assert set(statement) == {"Effect", "Principal", "Action", "Condition"}
        assert (statement["Effect"], statement["Action"]) == ("Allow", "sts:AssumeRoleWithWebIdentity")
        assert set(statement["Condition"]) == {"StringEquals"}
        wanted = {key.removeprefix(f"{host}:"): value for key, value in statement["Condition"]["StringEquals"].items()}
        assert {"aud", "sub"} <= set(wanted) <= known
        if all(claims.get(claim) in ([value] if isinstance(value, str) else value) for claim, value in wanted.items()):
            return True
    return False


NEW = "repo:acme-1200/shop-84000"
GITHUB_TOKENS: list[tuple[str, Mapping[str, str], bool]] = [
    ("main", MAIN, True),
    ("main, with numbers in the subject", MAIN | {"sub": f"{NEW}:ref:refs/heads/main"}, True),
    ("the tag", MAIN | {"sub": "repo:acme/shop:ref:refs/tags/v1", "ref": "refs/tags/v1"}, True),
    ("production on main", PRODUCTION, True),
    ("production on main, with numbers", PRODUCTION | {"sub": f"{NEW}:environment:production"}, True),
    ("production on hotfix", PRODUCTION | {"ref": "refs/heads/hotfix"}, True),
    ("preview on any branch", MAIN | {"sub": "repo:acme/shop:environment:preview", "ref": "refs/heads/wip"}, True),
    ("another branch", MAIN | {"sub": "repo:acme/shop:ref:refs/heads/wip", "ref": "refs/heads/wip"}, False),
    ("a branch that begins alike", MAIN | {"sub": "repo:acme/shop:ref:refs/heads/main2"}, False),
    ("a branch in another case", MAIN | {"sub": "repo:acme/shop:ref:refs/heads/Main"}, False),
    ("a branch named like the tag", MAIN | {"sub": "repo:acme/shop:ref:refs/heads/v1"}, False),
    ("another tag", MAIN | {"sub": "repo:acme/shop:ref:refs/tags/v10"}, False),
    ("a tag named main", MAIN | {"sub": "repo:acme/shop:ref:refs/tags/main"}, False),
    ("a pull request", MAIN | {"sub": "repo:acme/shop:pull_request", "ref": "refs/pull/7/merge"}, False),
    ("a pull request that says it is main", MAIN | {"sub": "repo:acme/shop:pull_request"}, False),
    ("a forked repository", MAIN | {"sub": "repo:mallory/shop:ref:refs/heads/main", "repository_id": "99"}, False),
    ("a fork with the number of the original", MAIN | {"sub": "repo:mallory/shop:ref:refs/heads/main"}, False),
    ("the old name of a renamed organisation, taken by another", MAIN | {"repository_id": "99"}, False),
    ("that name, with the new owner's numbers", MAIN | {"sub": "repo:acme-77/shop-99:ref:refs/heads/main", "repository_id": "99"}, False),
    ("a renamed organisation", MAIN | {"sub": "repo:acme-inc/shop:ref:refs/heads/main"}, False),
    ("another repository of the owner", MAIN | {"sub": "repo:acme/shop-tools:ref:refs/heads/main", "repository_id": "98"}, False),
    ("an owner whose name ends alike", MAIN | {"sub": "repo:notacme/shop:ref:refs/heads/main"}, False),
    ("a wildcard as subject", MAIN | {"sub": "repo:acme/shop:*"}, False),
    ("a star as subject", MAIN | {"sub": "*"}, False),
    ("no subject", {claim: value for claim, value in MAIN.items() if claim != "sub"}, False),
    ("no number", {claim: value for claim, value in MAIN.items() if claim != "repository_id"}, False),
    ("another audience", MAIN | {"aud": "https://github.com/acme"}, False),
    ("production on another branch", PRODUCTION | {"ref": "refs/heads/wip"}, False),
    ("production without a branch", {claim: value for claim, value in PRODUCTION.items() if claim != "ref"}, False),
    ("another environment", PRODUCTION | {"sub": "repo:acme/shop:environment:staging"}, False),
    ("an environment that begins alike", PRODUCTION | {"sub": "repo:acme/shop:environment:production-eu"}, False),
    ("a branch named like an environment", MAIN | {"sub": "repo:acme/shop:ref:refs/heads/environment:production"}, False),
]


@pytest.mark.parametrize(("claims", "expected"), [pytest.param(claims, expected, id=name) for name, claims, expected in GITHUB_TOKENS])
def test_only_the_declared_tokens_of_github_pass(claims: Mapping[str, str], expected: bool) -> None:
    assert lets_in(pipeline_trust(PROVIDER, DEPLOY), GITHUB, claims) is expected


def test_thirty_tokens_are_tried() -> None:
    assert len(GITHUB_TOKENS) >= 30
    assert len({json.dumps(claims, sort_keys=True) for _, claims, _ in GITHUB_TOKENS}) == len(GITHUB_TOKENS)


def test_a_reusable_workflow_can_be_demanded_everywhere() -> None:
    workflow = "acme/pipelines/.github/workflows/deploy.yaml@refs/heads/main"
    trust = pipeline_trust(PROVIDER, DEPLOY.model_copy(update={"workflow": workflow}))
    for token in (MAIN, PRODUCTION):
        assert lets_in(trust, GITHUB, token | {"job_workflow_ref": workflow})
        assert not lets_in(trust, GITHUB, token | {"job_workflow_ref": workflow.replace("main", "wip")})
        assert not lets_in(trust, GITHUB, token)


def test_pull_requests_pass_where_they_are_allowed() -> None:
    trust = pipeline_trust(PROVIDER, GitHubPipelines(**SHOP, pull_requests=True))
    assert lets_in(trust, GITHUB, MAIN | {"sub": "repo:acme/shop:pull_request", "ref": "refs/pull/7/merge"})
    assert not lets_in(trust, GITHUB, MAIN)


LAB = {"aud": "https://gitlab.com", "sub": "project_path:acme/web/shop:ref_type:branch:ref:main"}


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (LAB, True),
        (LAB | {"sub": "project_path:acme/web/shop:ref_type:tag:ref:v1"}, True),
        (LAB | {"sub": "project_path:acme/web/shop:ref_type:tag:ref:main"}, False),
        (LAB | {"sub": "project_path:acme/web/shop:ref_type:branch:ref:wip"}, False),
        (LAB | {"sub": "project_path:acme/shop:ref_type:branch:ref:main"}, False),
        (LAB | {"sub": "project_path:acme/web/shop-tools:ref_type:branch:ref:main"}, False),
        (LAB | {"sub": "project_path:acme/web/*:ref_type:branch:ref:main"}, False),
        (LAB | {"sub": "*"}, False),
        (LAB | {"sub": "project_path:mallory/shop:ref_type:branch:ref:main"}, False),  # a fork
        (LAB | {"sub": "project_path:acme-inc/web/shop:ref_type:branch:ref:main"}, False),  # a renamed group
        (LAB | {"sub": "project_path:acme/web/shop:ref_type:branch:ref:refs/merge-requests/7/head"}, False),
        (LAB | {"sub": "project_path:acme/web/shop:ref_type:branch:ref:main2"}, False),
        (LAB | {"aud": "sts.amazonaws.com"}, False),
        (LAB | {"aud": "https://gitlab.acme.example"}, False),
        ({"aud": LAB["aud"]}, False),
    ],
)
def test_only_the_declared_tokens_of_gitlab_pass(claims: Mapping[str, str], expected: bool) -> None:
    trust = pipeline_trust(PROVIDER, GitLabPipelines(project="acme/web/shop", branches=("main",), tags=("v1",)))
    assert lets_in(trust, "gitlab.com", claims, {"aud", "sub"}) is expected


@pytest.mark.parametrize(
    ("model", "fields", "message"),
    [
        (GitHubPipelines, {**SHOP, "branches": ("*",)}, "branches: '\\*' is not an exact name"),
        (GitHubPipelines, {**SHOP, "environments": {"prod*": ()}}, "environments: 'prod\\*' is not"),
        (GitHubPipelines, {**SHOP, "environments": {"prod": ("release/?",)}}, "branches: 'release/\\?' is not"),
        (GitHubPipelines, {**SHOP, "tags": ("v1:ref",)}, "tags: 'v1:ref' is not"),
        (GitHubPipelines, SHOP, "an identity for nobody"),
        (GitHubPipelines, {**SHOP, "repository": "acme/*", "branches": ("main",)}, "repository"),
        (GitHubPipelines, {**SHOP, "repository_id": "*", "branches": ("main",)}, "repository_id"),
        (GitHubPipelines, {"repository": "acme/shop", "branches": ("main",)}, "owner_id"),
        (GitHubPipelines, {**SHOP, "branches": ("main",), "workflow": "acme/pipelines/.github/workflows/*@refs/heads/main"}, "workflow"),
        (GitLabPipelines, {"project": "acme/*", "branches": ("main",)}, "project"),
        (GitLabPipelines, {"project": "acme/shop"}, "an identity for nobody"),
        (GitLabPipelines, {"project": "acme/shop", "branches": ("rel*",)}, "branches: 'rel\\*' is not"),
        (PipelineIdentityArgs, {}, "give github or gitlab"),
        (PipelineIdentityArgs, {"github": DEPLOY, "gitlab": {"project": "a/b", "branches": ("main",)}}, "give github or gitlab"),
    ],
)
def test_what_is_not_exact_is_refused(model: type, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        model.model_validate(fields)


PUSH = Statement(sid="Push", actions=("ecr:PutImage",), resources=("arn:aws:ecr:eu-west-1:123456789012:repository/shop",))


def test_the_first_identity_makes_the_provider_and_the_next_takes_it() -> None:
    first = deploy(lambda: PipelineIdentity("deploy", PipelineIdentityArgs(github=DEPLOY, statements=(PUSH,))))
    provider = first.one("aws:iam/openIdConnectProvider:OpenIdConnectProvider")
    assert (provider.value("url"), provider.value("clientIdLists")) == (f"https://{GITHUB}", ["sts.amazonaws.com"])
    trust = document(first.one("aws:iam/role:Role"), "assumeRolePolicy")
    assert {statement["Principal"]["Federated"] for statement in trust["Statement"]} == {first.value("provider_arn")}
    assert document(first.one("aws:iam/rolePolicy:RolePolicy"))["Statement"][0]["Action"] == "ecr:PutImage"

    lab = GitLabPipelines(project="acme/shop", branches=("main",), host="git.acme.example")
    next_one = deploy(lambda: PipelineIdentity("lab", PipelineIdentityArgs(gitlab=lab, provider_arn=PROVIDER)))
    assert next_one.names("aws:iam/openIdConnectProvider:OpenIdConnectProvider") == []
    assert next_one.value("provider_arn") == PROVIDER
    assert "git.acme.example:sub" in json.dumps(document(next_one.one("aws:iam/role:Role"), "assumeRolePolicy"))
