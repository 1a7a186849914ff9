"""Rules of IAM: who may become what, and what that allows."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from platform_policies.checks import any_of, flag, items, number, present, text, verdict
from platform_policies.documents import matches, statements
from platform_policies.escalation import administers, escalations, service_stars, weak_trusts, world_trust
from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from platform_policies.rule import PASS, Answer, Severity, Verdict, fail, passed, rule, unknown
from platform_policies.types import canonical
from platform_policies.verdicts import settle

POLICY = "aws:iam/policy:Policy"
ROLE = "aws:iam/role:Role"
USER = "aws:iam/user:User"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
USER_POLICY = "aws:iam/userPolicy:UserPolicy"
GROUP_POLICY = "aws:iam/groupPolicy:GroupPolicy"
PERMISSION_SET_POLICY = "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy"
ROLE_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
USER_ATTACHMENT = "aws:iam/userPolicyAttachment:UserPolicyAttachment"
GROUP_ATTACHMENT = "aws:iam/groupPolicyAttachment:GroupPolicyAttachment"
ATTACHMENT = "aws:iam/policyAttachment:PolicyAttachment"
USER_ATTACHMENTS = "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive"
ACCESS_KEY = "aws:iam/accessKey:AccessKey"
PASSWORD_POLICY = "aws:iam/accountPasswordPolicy:AccountPasswordPolicy"  # noqa: S105 -- a type token

DOCUMENTS = (POLICY, ROLE, ROLE_POLICY, USER_POLICY, GROUP_POLICY, PERMISSION_SET_POLICY)
ATTACHMENTS = (ROLE_ATTACHMENT, USER_ATTACHMENT, GROUP_ATTACHMENT, ATTACHMENT)
ADMINISTRATORS = ("AdministratorAccess", "IAMFullAccess", "PowerUserAccess")
"""AWS's own policies that allow everything, or everything but IAM, or IAM with which the rest is one step away."""


def _documents(node: Node) -> Iterator[tuple[str, Any]]:
    """(path, document) of every permission policy that a resource holds."""
    kind = canonical(node.type)
    if kind != ROLE:
        path = "inlinePolicy" if kind == PERMISSION_SET_POLICY else "policy"
        yield path, node.value(path)
        return
    blocks = items(node.value("inlinePolicies"))
    if blocks is None:
        yield "inlinePolicies", UNKNOWN
    for index, block in enumerate(blocks or ()):
        yield f"inlinePolicies.{index}.policy", block.get("policy") if isinstance(block, Mapping) else UNKNOWN


Judge = Callable[[Any], list[str | None]]


def _judge_documents(node: Node, judge: Judge) -> Iterator[Verdict]:
    """One verdict per document: what is wrong with its statements, None in that list for what is not known."""
    for path, document in _documents(node):
        listed = statements(document)
        if listed is None:
            yield unknown(path)
            continue
        found = judge(listed)
        faults = [one for one in found if one is not None]
        yield from (fail(path, f"{path}: {one}") for one in faults)
        if not faults:
            yield unknown(path) if found else PASS


@rule(
    "aws-iam-no-admin-policy",
    title="No policy allows everything on everything",
    severity=Severity.CRITICAL,
    types=(*DOCUMENTS, *ATTACHMENTS),
    fix="Name the actions and resources that are needed; give people administration through the identity centre, for a time",
    defaults={"policies": list(ADMINISTRATORS)},
)
def no_admin(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Whoever gets hold of one administrator has the account."""
    if canonical(node.type) in ATTACHMENTS:
        if any(canonical(one.type) == POLICY for one in graph.referred(node, "policyArn")):
            return None  # a policy of this program is judged where it stands
        return _no_admin_arn("policyArn", node.value("policyArn"), settings["policies"])
    answers = list(_judge_documents(node, administers))
    arns = items(node.value("managedPolicyArns"))
    if arns is None:
        answers.append(unknown("managedPolicyArns"))
    answers.extend(_no_admin_arn(f"managedPolicyArns.{index}", arn, settings["policies"]) for index, arn in enumerate(arns or ()))
    return settle(answers)


def _no_admin_arn(path: str, arn: Any, refused: list[str]) -> Verdict:
    if not isinstance(arn, str) or arn == UNKNOWN:
        return unknown(path)
    mighty = ":aws:policy/" in arn and arn.rpartition("/")[2] in refused
    return verdict(not mighty, path, f"{path} is {arn}")


@rule(
    "aws-iam-no-privilege-escalation",
    title="No policy lets its holder give himself more",
    severity=Severity.HIGH,
    types=DOCUMENTS,
    fix="Limit the action to named resources, iam:PassRole also with iam:PassedToService, or require iam:PermissionsBoundary",
)
def no_escalation(node: Node, _graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """Some actions are administration in one more step: attach a policy, pass a mighty role to a function of one's own."""
    return settle(_judge_documents(node, escalations))


@rule(
    "aws-iam-no-world-assume-role",
    title="No role can be assumed by everyone",
    severity=Severity.CRITICAL,
    types=(ROLE,),
    fix="Name the accounts, roles or services in Principal, or add a condition on aws:PrincipalOrgID or aws:PrincipalAccount",
)
def no_world_assume(node: Node, _graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """Trust for * lets any account of the world become the role."""
    return _judge_trust(node, world_trust, "")


@rule(
    "aws-iam-oidc-trust-scoped",
    title="Trust in an OpenID Connect provider names who, and for which audience",
    severity=Severity.CRITICAL,
    types=(ROLE,),
    fix="Add StringEquals or StringLike conditions on PROVIDER:sub (repository, or namespace and service account) and PROVIDER:aud",
    sub_ids=("sub", "aud"),
)
def oidc_trust(node: Node, _graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """GitHub, and a cluster, issue tokens to everybody they serve: without a condition on the subject all of them become the role."""
    answers = []
    for claim in ("sub", "aud"):
        answers.extend(_judge_trust(node, partial(weak_trusts, claim=claim), claim))
    return answers


def _judge_trust(node: Node, judge: Judge, sub_id: str) -> list[Verdict]:
    path = "assumeRolePolicy"
    listed = statements(node.value(path))
    if listed is None:
        return [unknown(path, sub_id=sub_id)]
    found = judge(listed)
    faults = [fail(path, f"{path}: {one}", sub_id=sub_id) for one in found if one is not None]
    return faults or [unknown(path, sub_id=sub_id) if found else passed(sub_id=sub_id)]


@rule(
    "aws-iam-no-user-policies",
    title="No user has permissions of his own",
    severity=Severity.LOW,
    types=(USER_POLICY, USER_ATTACHMENT, USER_ATTACHMENTS, ATTACHMENT),
    fix="Attach the policy to a group or role, or use the identity centre",
)
def no_user_policies(node: Node, _graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """Permissions of single users are forgotten when people change their work."""
    kind = canonical(node.type)
    if kind in {USER_POLICY, USER_ATTACHMENT}:
        return fail("user", "a policy of one user alone")
    path = "users" if kind == ATTACHMENT else "policyArns"
    users = items(node.value(path))
    return verdict(None if users is None else not users, path, f"{path} has {len(users or ())} entries: users with policies of their own")


@rule(
    "aws-iam-no-access-keys",
    title="No user has an access key",
    severity=Severity.HIGH,
    types=(ACCESS_KEY,),
    fix="Use a role: OpenID Connect for CI, the identity centre for people, pod identity for workloads",
)
def no_access_keys(node: Node, _graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """Keys do not expire, and are found in repositories, laptops and logs for years; this one also lies in the stack's state."""
    status = text(node, "status", "Active")
    return verdict(None if status is None else status.lower() == "inactive", "status", "an access key that is active and does not expire")


STRENGTHS = (
    ("length", "minimumPasswordLength", 6, "length"),
    ("reuse", "passwordReusePrevention", 0, "reuse"),
)
KINDS = ("requireLowercaseCharacters", "requireUppercaseCharacters", "requireNumbers", "requireSymbols")


@rule(
    "aws-iam-password-policy",
    title="Passwords of users are long, mixed, new and not older than ninety days",
    severity=Severity.MEDIUM,
    types=(PASSWORD_POLICY,),
    fix="Set minimumPasswordLength 14, passwordReusePrevention 24, maxPasswordAge 90 and the four require... to true",
    sub_ids=("length", "reuse", "characters", "age"),
    defaults={"length": 14, "reuse": 24, "age": 90},
)
def password_policy(node: Node, _graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Short passwords are guessed, old ones bought."""
    answers = []
    for sub_id, path, default, setting in STRENGTHS:
        value = number(node, path, default)
        enough = None if value is None else value >= float(settings[setting])
        shown = "absent" if node.value(path) is None else node.value(path)
        answers.append(verdict(enough, path, f"{path} is {shown}, less than {settings[setting]}", sub_id=sub_id))
    answers.extend(_characters(node))
    age, most = number(node, "maxPasswordAge", 0), float(settings["age"])
    young = None if age is None else most == 0 or 0 < age <= most
    shown = "absent or 0: passwords do not expire" if not age else f"{int(age)} days, more than {settings['age']}"
    answers.append(verdict(young, "maxPasswordAge", f"maxPasswordAge is {shown}", sub_id="age"))
    return answers


def _characters(node: Node) -> list[Verdict]:
    answers = [verdict(flag(node, path, False), path, f"{path} is not true", sub_id="characters") for path in KINDS]
    return settle(answers, sub_id="characters")


@rule(
    "aws-iam-no-service-star-action",
    title="No policy allows all actions of a service",
    severity=Severity.LOW,
    types=DOCUMENTS,
    fix="Name the actions that are used; IAM Access Analyzer lists them",
    defaults={"services": []},
)
def no_service_star(node: Node, _graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A star also allows what the service learns next year, and the one action that deletes all."""
    return settle(_judge_documents(node, lambda listed: service_stars(listed, settings["services"])))


@rule(
    "aws-iam-no-inline-policies",
    title="Permissions stand in policies of their own, not inside users, groups and roles",
    severity=Severity.LOW,
    types=(ROLE_POLICY, USER_POLICY, GROUP_POLICY, ROLE),
    fix="Make it an aws.iam.Policy and attach it",
    advisory=True,
)
def no_inline(node: Node, _graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """Inline policies have no versions, cannot be reused, and are missed by reviews that list policies."""
    if canonical(node.type) != ROLE:
        return fail("policy", "an inline policy, which has no versions and appears in no list of policies")
    blocks = items(node.value("inlinePolicies"))
    held = None if blocks is None else any_of(present(block) for block in blocks)
    return verdict(None if held is None else not held, "inlinePolicies", "inlinePolicies holds a policy")


@rule(
    "aws-iam-role-max-session",
    title="Sessions of a role end the same working day",
    severity=Severity.LOW,
    types=(ROLE,),
    fix="Set maxSessionDuration to 14400 seconds or less, or leave it out for one hour",
    defaults={"seconds": 14400},
)
def max_session(node: Node, _graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Stolen credentials of a session are good until it ends; a session cannot be called back."""
    seconds = number(node, "maxSessionDuration", 3600)
    short = None if seconds is None else seconds <= float(settings["seconds"])
    shown = None if seconds is None else int(seconds)
    return verdict(short, "maxSessionDuration", f"maxSessionDuration is {shown} seconds, more than {settings['seconds']}")


@rule(
    "aws-iam-permissions-boundary-required",
    title="Every role and user has a permissions boundary, where the organization asks for one",
    severity=Severity.MEDIUM,
    types=(ROLE, USER),
    fix="Set permissionsBoundary to the ARN of the boundary policy",
    defaults={"required": False, "boundary": "*"},
)
def boundary(node: Node, _graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A boundary holds even if a policy is too wide: teams can write their own roles and stay inside.

    Judged only where the setting `required` is true; `boundary` is a pattern of the ARNs that count.
    """
    if not settings["required"]:
        return None
    arn = text(node, "permissionsBoundary")
    wanted = str(settings["boundary"])
    good = None if arn is None else bool(arn) and matches(wanted, arn)
    shown = f"is {arn}, not {wanted}" if arn else "is absent"
    return verdict(good, "permissionsBoundary", f"permissionsBoundary {shown}")


RULES = (
    no_admin,
    no_escalation,
    no_world_assume,
    oidc_trust,
    no_user_policies,
    no_access_keys,
    password_policy,
    no_service_star,
    no_inline,
    max_session,
    boundary,
)
