import json
from typing import Any

import pytest
from platform_policies.escalation import ROLE_TAKERS, SELF_GRANTS
from platform_policies.graph import UNKNOWN
from platform_policies.rule import Status
from platform_policies.rules import iam
from platform_policies.rules.iam import ATTACHMENT, ATTACHMENTS, DOCUMENTS, PERMISSION_SET_POLICY, POLICY, ROLE, RULES, USER

from tests.policies.cases import Case, judge, node
from tests.policies.table import Table, case_id, prove

CASES: list[Case] = []


def allow(action: Any = "s3:GetObject", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    listed = [{key: value for key, value in one.items() if value is not None} for one in statements]
    return {"policy": json.dumps({"Statement": listed}) if UNKNOWN not in str(listed) else {"Statement": listed}}


def held(type_: str, policy: Any) -> dict[str, Any]:
    """A document where a type has it."""
    if type_ == ROLE:
        return {"inlinePolicies": [{"name": "x", "policy": policy}]}
    return {"inlinePolicy" if type_ == PERMISSION_SET_POLICY else "policy": policy}


def path(type_: str) -> str:
    return {ROLE: "inlinePolicies.0.policy", PERMISSION_SET_POLICY: "inlinePolicy"}.get(type_, "policy")


def everywhere(t: Table, bad: dict[str, Any]) -> None:
    """What holds for every rule of documents, for each type that holds one."""
    for type_ in DOCUMENTS:
        t.passing(held(type_, document(allow("s3:GetObject", "arn:aws:s3:::b/*"))["policy"]), type_, of=type_)
        t.failing(held(type_, bad["policy"]), type_, of=type_, at=path(type_))
        t.unknown(held(type_, UNKNOWN), type_, of=type_, at=path(type_))
        t.absent(Status.PASS, {}, type_, of=type_)
    t.unknown({"inlinePolicies": UNKNOWN}, "blocks", of=ROLE, at="inlinePolicies")
    t.unknown({"inlinePolicies": [UNKNOWN]}, "block", of=ROLE)
    t.unknown({"policy": "{"}, "unreadable")


def admin() -> None:
    t = Table(CASES, "aws-iam-no-admin-policy", POLICY)
    everywhere(t, document(allow("*")))
    t.passing(document(allow("*", "arn:aws:s3:::b")), "resource")
    t.passing(document(allow("s3:*")), "service")
    t.passing(document({**allow("*"), "Effect": "Deny"}), "deny")
    t.failing(document(allow(None, NotAction=["iam:*"])), "all but", says="a statement allows all but iam:* on every resource")
    t.failing(document(allow("*", Sid=UNKNOWN)), "a name not known", says="a statement allows *")
    t.failing(document(allow("*", Sid="All")), "a name", says="statement All allows *")
    t.passing(document(allow(None, NotAction=["*"])), "all but all")
    t.passing(document(allow(None)), "no action")
    t.failing(document(allow("*", None, NotResource="x")), "all resources but")
    t.failing(document(allow("*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})), "with a condition")
    t.unknown(document(allow("*", [UNKNOWN])), "resource")
    t.unknown(document(allow(UNKNOWN)), "action")
    t.passing(document(allow(UNKNOWN, "x")), "action, of one resource")
    for type_ in ATTACHMENTS:
        t.passing({"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}, type_, of=type_)
        t.failing({"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}, type_, of=type_, at="policyArn")
        t.unknown({"policyArn": UNKNOWN}, type_, of=type_)
        t.skipped({}, f"{type_} own", of=type_, refers={"policyArn": ["policy"]}, others=[node(POLICY, "policy", {})])
    t.passing({"policyArn": "arn:aws:iam::1:policy/AdministratorAccess"}, "own", of=ATTACHMENT)
    t.passing({"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}, "setting", of=ATTACHMENT, settings={"policies": []})
    arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws-cn:iam::aws:policy/IAMFullAccess"]
    t.failing({"managedPolicyArns": arns}, "managed", of=ROLE, at="managedPolicyArns.1")
    t.passing({"managedPolicyArns": arns[:1]}, "managed", of=ROLE)
    t.unknown({"managedPolicyArns": UNKNOWN}, "managed", of=ROLE, at="managedPolicyArns")


def escalation() -> None:
    t = Table(CASES, "aws-iam-no-privilege-escalation", POLICY)
    everywhere(t, document(allow("iam:*")))
    for action in SELF_GRANTS:
        t.failing(document(allow(action)), action)
    for action in ROLE_TAKERS:
        t.failing(document(allow("iam:PassRole"), allow(action, "x")), action)
    t.failing(document(allow("iam:attach*", "arn:aws:iam::*:role/*")), "every role")
    t.failing(document(allow("iam:PutUserPolicy", None, NotResource="x")), "all but one")
    t.passing(document(allow("iam:AttachRolePolicy", "arn:aws:iam::1:role/team/*")), "roles of a path")
    t.passing(document(allow("iam:AttachRolePolicy", Condition={"StringEquals": {"iam:PermissionsBoundary": "arn"}})), "boundary")
    t.passing(document(allow("iam:PassRole")), "nothing to pass to")
    t.passing(document(allow("ec2:RunInstances")), "nothing to pass")
    t.passing(document(allow("iam:PassRole", "arn:aws:iam::1:role/node"), allow("ec2:RunInstances")), "one role")
    passed_to = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    t.passing(document(allow("iam:PassRole", Condition=passed_to), allow("ec2:RunInstances")), "to a service")
    t.unknown(document(allow("iam:PutRolePolicy", UNKNOWN)), "resource")
    t.unknown(document(allow("iam:PassRole", UNKNOWN), allow("ec2:RunInstances")), "role")
    t.passing(document(allow("iam:PassRole", UNKNOWN)), "role, nothing to pass to")
    t.unknown(document(allow("iam:PassRole", UNKNOWN), allow(UNKNOWN, "x")), "role and action")
    t.unknown(document(allow("iam:PutRolePolicy", Condition=UNKNOWN)), "condition")


def trust(statement: dict[str, Any]) -> dict[str, Any]:
    return {"assumeRolePolicy": document({"Effect": "Allow", "Action": "sts:AssumeRole", **statement})["policy"]}


def world() -> None:
    t = Table(CASES, "aws-iam-no-world-assume-role", ROLE)
    everyone = {"Principal": {"AWS": "*"}}
    t.passing(trust({"Principal": {"AWS": "arn:aws:iam::1:root"}}), "account")
    t.passing(trust({"Principal": {"Service": "ec2.amazonaws.com"}}), "service")
    t.passing(trust({**everyone, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}), "organization")
    t.passing(trust({**everyone, "Effect": "Deny"}), "deny")
    t.failing(trust(everyone), at="assumeRolePolicy")
    t.failing(trust({"Principal": "*"}), "star")
    t.failing(trust({**everyone, "Condition": {"StringEquals": {"sts:ExternalId": "x"}}}), "external id")
    t.failing(trust({**everyone, "Condition": {"StringLike": {"aws:PrincipalArn": "*"}}}), "condition for all")
    t.absent(Status.PASS)
    t.unknown({"assumeRolePolicy": UNKNOWN})
    t.unknown(trust({"Principal": {"AWS": UNKNOWN}}), "principal")
    t.unknown(trust({**everyone, "Effect": UNKNOWN}), "effect")
    t.unknown(trust({**everyone, "Condition": {"StringEquals": {"aws:PrincipalOrgID": UNKNOWN}}}), "condition")


GITHUB = "token.actions.githubusercontent.com"


def federated(condition: Any, provider: Any = f"arn:aws:iam::1:oidc-provider/{GITHUB}", **more: Any) -> dict[str, Any]:
    statement = {"Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition, **more}
    return trust(statement)


def oidc() -> None:
    rule = "aws-iam-oidc-trust-scoped"
    sub, aud = Table(CASES, rule, ROLE, "sub"), Table(CASES, rule, ROLE, "aud")

    def claims(subject: Any, operator: str = "StringLike", **more: Any) -> dict[str, Any]:
        return federated({operator: {f"{GITHUB}:sub": subject}, "StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}}, **more)

    for value in (
        "repo:org/app:ref:refs/heads/main",
        "repo:org/*",
        ["repo:org/a:*", "repo:org/b:*"],
        "system:serviceaccount:team:app",
        "system:serviceaccount:team-*:app",
    ):
        sub.passing(claims(value), str(value))
    for value in (
        "*",
        "repo:*",
        "repo:org*",
        "r*",
        "repo:*/*:environment:prod",
        "system:serviceaccount:*:app",
        ["repo:org/a", "repo:*"],
        "?epo:x",
    ):
        sub.failing(claims(value), str(value), at="assumeRolePolicy")
    sub.failing(claims("repo:org/app:x", "StringNotLike"), "negation")
    sub.failing(claims("repo:org/app:x", "StringLikeIfExists"), "if exists")
    sub.failing(federated({"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}}), "audience alone")
    sub.failing(federated({"StringEquals": {f"{GITHUB}:aud": UNKNOWN}}), "audience alone, not known")
    cognito = {"provider": "cognito-identity.amazonaws.com"}
    sub.passing(federated({"StringEquals": {"cognito-identity.amazonaws.com:aud": "pool"}}, **cognito), "Cognito")
    aud.failing(federated({"StringEquals": {"cognito-identity.amazonaws.com:sub": "x"}}, **cognito), "Cognito")
    both = {"Federated": f"arn:aws:iam::1:oidc-provider/{GITHUB}", "AWS": "arn:aws:iam::1:root"}
    aud.failing(trust({"Principal": both, "Action": ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"]}), "beside an account")
    account = trust({"Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "sts:*"})
    aud.passing(account, "account")
    saml = "arn:aws:iam::1:saml-provider/x"
    for t in (sub, aud):
        t.passing(trust({"Principal": {"Service": "ec2.amazonaws.com"}}), "service")
        t.passing(federated(None, saml, Action="sts:AssumeRoleWithSAML"), "SAML")
        t.passing(federated(None, Effect="Deny"), "deny")
        t.absent(Status.FAIL, federated(None), "condition")
        t.unknown({"assumeRolePolicy": UNKNOWN})
        t.unknown(federated(UNKNOWN), "condition")
        t.unknown(federated(None, UNKNOWN), "provider")
        t.unknown(federated(None, Effect=UNKNOWN), "effect")
        t.unknown(federated(None, Action=UNKNOWN), "action")
    sub.unknown(claims(UNKNOWN), "subject")
    aud.unknown(federated({"StringEquals": {f"{GITHUB}:aud": UNKNOWN}}), "audience")
    aud.passing(claims("*"))
    aud.failing(federated({"StringLike": {f"{GITHUB}:aud": "*"}}), "any")


def users() -> None:
    t = Table(CASES, "aws-iam-no-user-policies", ATTACHMENT)
    t.passing({"users": [], "roles": ["r"]})
    t.passing({"policyArns": []}, "exclusive", of=iam.USER_ATTACHMENTS)
    t.failing({"users": ["u"]}, at="users")
    t.failing({"policyArns": ["arn"]}, "exclusive", of=iam.USER_ATTACHMENTS, at="policyArns")
    t.failing({"user": "u"}, "inline", of=iam.USER_POLICY)
    t.failing({"user": UNKNOWN}, "attached", of=iam.USER_ATTACHMENT)
    t.absent(Status.PASS)
    t.unknown({"users": UNKNOWN})
    k = Table(CASES, "aws-iam-no-access-keys", iam.ACCESS_KEY)
    k.passing({"status": "Inactive"})
    k.failing({"status": "Active"}, at="status")
    k.absent(Status.FAIL)
    k.unknown({"status": UNKNOWN})


def passwords() -> None:
    rule = "aws-iam-password-policy"
    for sub_id, name, good, bad in (
        ("length", "minimumPasswordLength", 14, 13),
        ("reuse", "passwordReusePrevention", 24, 23),
        ("age", "maxPasswordAge", 90, 91),
    ):
        t = Table(CASES, rule, iam.PASSWORD_POLICY, sub_id)
        t.passing({name: good})
        t.failing({name: bad}, at=name)
        t.passing({name: bad}, "setting", settings={sub_id: bad})
        t.absent(Status.FAIL, at=name)
        t.unknown({name: UNKNOWN}, at=name)
    age = Table(CASES, rule, iam.PASSWORD_POLICY, "age")
    age.failing({"maxPasswordAge": 0}, "never")
    age.passing({"maxPasswordAge": 1}, "a day")
    age.passing({}, "not asked for", settings={"age": 0})
    length = Table(CASES, rule, iam.PASSWORD_POLICY, "length")
    length.absent(Status.PASS, {}, "the provider's six", settings={"length": 6})
    length.absent(Status.FAIL, {}, "more than six", settings={"length": 7})
    reuse = Table(CASES, rule, iam.PASSWORD_POLICY, "reuse")
    reuse.absent(Status.FAIL, {}, "one", settings={"reuse": 1})
    t = Table(CASES, rule, iam.PASSWORD_POLICY, "characters")
    all_kinds = dict.fromkeys(iam.KINDS, True)
    t.passing(all_kinds)
    t.absent(Status.FAIL)
    for name in iam.KINDS:
        t.failing({**all_kinds, name: False}, name, at=name)
        t.absent(Status.FAIL, {key: True for key in iam.KINDS if key != name}, name, at=name)
        t.unknown({**all_kinds, name: UNKNOWN}, name, at=name)


def stars() -> None:
    t = Table(CASES, "aws-iam-no-service-star-action", POLICY)
    everywhere(t, document(allow("s3:*", "arn:aws:s3:::b")))
    t.failing(document(allow(["s3:GetObject", "*"])), "all")
    t.passing(document(allow("s3:Get*")), "some")
    t.passing(document({**allow("s3:*"), "Effect": "Deny"}), "deny")
    t.passing(document(allow("s3:*")), "setting", settings={"services": ["s3"]})
    t.failing(document(allow("sqs:*")), "not of the setting", settings={"services": ["s3"]})
    t.unknown(document(allow(UNKNOWN)), "action")
    t.unknown(document({**allow("s3:*"), "Effect": UNKNOWN}), "effect")
    t.passing(document({**allow("s3:Get*"), "Effect": UNKNOWN}), "effect, some")


def inline() -> None:
    t = Table(CASES, "aws-iam-no-inline-policies", ROLE)
    t.passing({"inlinePolicies": []})
    t.passing({"inlinePolicies": [{}]}, "the block that removes all")
    t.failing({"inlinePolicies": [{"name": "x", "policy": "{}"}]}, at="inlinePolicies")
    for type_ in (iam.ROLE_POLICY, iam.USER_POLICY, iam.GROUP_POLICY):
        t.failing({"policy": UNKNOWN}, type_, of=type_)
    t.absent(Status.PASS)
    t.unknown({"inlinePolicies": UNKNOWN})
    t.unknown({"inlinePolicies": [UNKNOWN]}, "block")


def sessions() -> None:
    t = Table(CASES, "aws-iam-role-max-session", ROLE)
    t.passing({"maxSessionDuration": 14400})
    t.passing({"maxSessionDuration": 43200}, "setting", settings={"seconds": 43200})
    t.failing({"maxSessionDuration": 14401}, at="maxSessionDuration")
    t.absent(Status.PASS)
    t.absent(Status.PASS, {}, "an hour", settings={"seconds": 3600})
    t.absent(Status.FAIL, {}, "less than an hour", settings={"seconds": 3599})
    t.unknown({"maxSessionDuration": UNKNOWN})


def boundaries() -> None:
    t = Table(CASES, "aws-iam-permissions-boundary-required", ROLE)
    on = {"required": True}
    for type_ in (ROLE, USER):
        t.passing({"permissionsBoundary": "arn:aws:iam::1:policy/b"}, type_, of=type_, settings=on)
        t.failing({"permissionsBoundary": ""}, type_, of=type_, settings=on, at="permissionsBoundary")
        t.absent(Status.FAIL, {}, type_, of=type_, settings=on)
        t.unknown({"permissionsBoundary": UNKNOWN}, type_, of=type_, settings=on)
    named = {"required": True, "boundary": "arn:aws:iam::*:policy/boundary"}
    t.passing({"permissionsBoundary": "arn:aws:iam::1:policy/boundary"}, "named", settings=named)
    t.failing({"permissionsBoundary": "arn:aws:iam::1:policy/other"}, "another", settings=named)
    t.skipped({}, "not asked for")


for table in (admin, escalation, world, oidc, users, passwords, stars, inline, sessions, boundaries):
    table()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_cases(case: Case) -> None:
    prove(RULES, case)


def test_messages_name_the_action_and_the_provider() -> None:
    case = Case("aws-iam-no-privilege-escalation", "failing", POLICY, document(allow("iam:*", Sid="Iam")), Status.FAIL)
    assert judge(RULES[1], case)[1][0].message == "policy: statement Iam allows iam:CreatePolicyVersion on identities that it does not name"
    case = Case("aws-iam-oidc-trust-scoped", "failing", ROLE, federated(None), Status.FAIL)
    assert [one.message for one in judge(RULES[3], case)[1]] == [
        f"assumeRolePolicy: a statement trusts {GITHUB} without a condition that narrows {claim}" for claim in ("sub", "aud")
    ]
