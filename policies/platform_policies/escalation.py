"""What statements of IAM documents amount to: administration, ways to more, trust in strangers.

Each function answers with the faults it found, in words; None stands in the list for what is not known before `up`. No entry: no fault.
"""

import re
from collections.abc import Sequence

from platform_policies.checks import all_of, any_of
from platform_policies.documents import Condition, Statement, allows_action, has_condition, principals_public
from platform_policies.graph import UNKNOWN

Faults = list[str | None]

SELF_GRANTS = (
    "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:AttachUserPolicy",
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:PutUserPolicy",
    "iam:PutGroupPolicy",
    "iam:PutRolePolicy",
    "iam:AddUserToGroup",
    "iam:UpdateAssumeRolePolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:UpdateLoginProfile",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteUserPermissionsBoundary",
    "iam:PutRolePermissionsBoundary",
    "iam:PutUserPermissionsBoundary",
)
"""Actions that give whoever holds them for any identity the rights of any identity (Rhino Security Labs, AWS IAM privilege escalation)."""

ROLE_TAKERS = (
    "ec2:RunInstances",
    "lambda:CreateFunction",
    "lambda:UpdateFunctionConfiguration",
    "ecs:RegisterTaskDefinition",
    "cloudformation:CreateStack",
    "glue:CreateDevEndpoint",
    "glue:CreateJob",
    "sagemaker:CreateNotebookInstance",
    "sagemaker:CreateTrainingJob",
    "codebuild:CreateProject",
    "datapipeline:CreatePipeline",
    "states:CreateStateMachine",
    "ssm:StartAutomationExecution",
    "eks:CreateNodegroup",
    "eks:CreatePodIdentityAssociation",
)
"""Actions that run something with a role that is passed to it."""

CALLERS = (
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalTag/",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOrgID",
    "aws:SourceVpc",
    "aws:SourceVpce",
)

_EVERY_IDENTITY = re.compile(r"\*|arn:[^:]*:iam::[^:]*:(?:\*|(?:role|user|group|policy)/\*)")
_STAR = re.compile(r"(?:[a-z0-9-]+:)?\*", re.IGNORECASE)
_WITHOUT_SUBJECT = ("cognito-identity.amazonaws.com", "accounts.google.com", "graph.facebook.com", "www.amazon.com")
"""Providers whose tokens AWS tells apart by the audience: there sub is one end user."""


def administers(statements: Sequence[Statement]) -> Faults:
    """Statements that allow everything, or all but a few things, on every resource."""
    return [
        f"{one.label} allows {', '.join(one.actions) or 'all but ' + ', '.join(one.not_actions)} on every resource" if answer else None
        for one in statements
        if (answer := all_of((allows_action(one, "*"), _everywhere(one)))) is not False
    ]


def _everywhere(statement: Statement) -> bool | None:
    if statement.not_resources:
        return True
    return any_of(None if one == UNKNOWN else one == "*" for one in statement.resources)


def escalations(statements: Sequence[Statement]) -> Faults:
    """Actions by which the holder gets more than the document says, on identities that nobody named."""
    found: Faults = []
    for one in statements:
        for action in SELF_GRANTS:
            answer = _on_every_identity(one, action)
            if answer is not False:
                found.append(f"{one.label} allows {action} on identities that it does not name" if answer else None)
                break
    passing = any_of(_on_every_identity(one, "iam:PassRole") for one in statements)
    takers = [action for action in ROLE_TAKERS if any(allows_action(one, action) for one in statements)]
    if passing and takers:
        found.append(f"iam:PassRole for every role, with {takers[0]}, which runs something with it")
    elif passing is None and (takers or any(allows_action(one, action) is None for one in statements for action in ROLE_TAKERS)):
        found.append(None)
    return found


def _on_every_identity(statement: Statement, action: str) -> bool | None:
    """Whether an action is allowed on identities that nobody named, and no condition limits it."""
    identities = any_of(None if one == UNKNOWN else _EVERY_IDENTITY.fullmatch(one) is not None for one in statement.resources)
    narrowed = has_condition(statement, ["*"])
    unlimited = None if narrowed is None else not narrowed
    return all_of((allows_action(statement, action), True if statement.not_resources else identities, unlimited))


def service_stars(statements: Sequence[Statement], allowed: Sequence[str]) -> Faults:
    """Actions that are all actions of a service, other than those of services that are allowed."""
    found: Faults = []
    for one in statements:
        if one.effect == "Deny":
            continue
        stars = [action for action in one.actions if _STAR.fullmatch(action) and action.partition(":")[0] not in allowed]
        if stars and one.allows:
            found.append(f"{one.label} allows {', '.join(stars)}")
        elif stars or UNKNOWN in one.actions:
            found.append(None)
    return found


def world_trust(statements: Sequence[Statement]) -> Faults:
    """Statements of a trust policy that let in everyone."""
    found: Faults = []
    for one in statements:
        narrowed = has_condition(one, CALLERS)
        allows = None if one.effect == UNKNOWN else one.allows
        answer = all_of((allows, principals_public(one), None if narrowed is None else not narrowed))
        if answer is not False:
            found.append(f"{one.label} lets everyone assume the role (principal *)" if answer else None)
    return found


def weak_trusts(statements: Sequence[Statement], claim: str) -> Faults:
    """Statements that trust an OpenID Connect provider without saying which subject, or which audience."""
    found: Faults = []
    for one in statements:
        federated = [value for kind, value in one.principals if kind == "Federated" and ":saml-provider/" not in value]
        if not federated or allows_action(one, "sts:AssumeRoleWithWebIdentity") is False:
            continue
        found.extend(_weak_trust(one, provider, claim) for provider in federated if _is_weak(one, provider, claim) is not False)
    return found


def _weak_trust(statement: Statement, provider: str, claim: str) -> str | None:
    if not _is_weak(statement, provider, claim) or statement.effect == UNKNOWN or UNKNOWN in statement.actions:
        return None
    return f"{statement.label} trusts {provider.rpartition('oidc-provider/')[2]} without a condition that narrows {claim}"


def _is_weak(statement: Statement, provider: str, claim: str) -> bool | None:
    """Whether a provider's tokens are let in whatever their claim."""
    if claim == "sub" and provider in _WITHOUT_SUBJECT:
        return False
    tests = [one for one in statement.conditions if one.key.endswith(f":{claim}")]
    if any(_chosen(one) for one in tests):
        return False
    keys_unknown = any(UNKNOWN in (one.key, one.operator) for one in statement.conditions)
    doubtful = provider == UNKNOWN or keys_unknown or any(UNKNOWN in one.values for one in tests)
    return None if doubtful else True


def _chosen(condition: Condition) -> bool:
    """Whether a condition lets in known subjects only."""
    return condition.narrows and UNKNOWN not in condition.values and all(_names_someone(value) for value in condition.values)


def _names_someone(value: str) -> bool:
    """Whether a subject is known before its first wildcard: an organization of GitHub whole, a namespace in part."""
    known = re.split(r"[*?]", value, maxsplit=1)[0]
    if known == value:
        return True
    if known.startswith("repo:"):
        return "/" in known
    return not any(generic.startswith(known) for generic in ("repo:", "system:serviceaccount:"))
