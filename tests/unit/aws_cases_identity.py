"""Cases of roles, policies and keys."""

from tests.unit.aws_cases import EVERYONE_READ, EVERYONE_WRITE, READ, TRUST, WRITE, A, B, Case
from tests.unit.aws_sandbox import REGION

IDENTITY = [
    Case(
        "aws:iam/role:Role",
        lambda _: {
            "assumeRolePolicy": TRUST,
            "description": "d",
            "managedPolicyArns": ["arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"],
            "inlinePolicies": [{"name": "x", "policy": READ}],
            "tags": A,
        },
        lambda _: {
            "assumeRolePolicy": TRUST.replace("eks", "ec2"),
            "maxSessionDuration": 7200,
            "managedPolicyArns": ["arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"],
            "permissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess",
            "inlinePolicies": [{"name": "x", "policy": WRITE}],
            "tags": B,
        },
    ),
    Case("aws:iam/rolePolicy:RolePolicy", lambda w: {"role": w.role.id, "policy": READ}, lambda _: {"policy": WRITE}),
    Case(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        lambda w: {"role": w.role.id, "policyArn": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"},
        lambda _: {"policyArn": "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"},
        ("policyArn",),
    ),
    Case("aws:iam/policy:Policy", lambda _: {"policy": READ, "tags": A}, lambda _: {"policy": WRITE, "tags": B}),
    Case("aws:iam/instanceProfile:InstanceProfile", lambda w: {"role": w.role.id, "tags": A}, lambda _: {"role": None, "tags": B}),
    Case(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        lambda _: {"url": f"https://oidc.eks.{REGION}.amazonaws.com/id/ABC", "clientIdLists": ["sts.amazonaws.com"], "tags": A},
        lambda _: {"clientIdLists": ["x"], "thumbprintLists": ["9e99a48a9960b14926bb7f3b02e22da2b0ab7281"], "tags": B},
    ),
    Case(
        "aws:kms/key:Key",
        lambda _: {"enableKeyRotation": True, "deletionWindowInDays": 7, "policy": EVERYONE_READ, "tags": A},
        lambda _: {"rotationPeriodInDays": 180, "policy": EVERYONE_WRITE, "description": "z", "enableKeyRotation": False, "tags": B},
    ),
    Case("aws:kms/alias:Alias", lambda w: {"targetKeyId": w.key.outputs["arn"]}, lambda w: {"targetKeyId": w.key.id}),
    Case(
        "aws:kms/grant:Grant",
        lambda w: {"keyId": w.key.id, "granteePrincipal": w.role.outputs["arn"], "operations": ["DescribeKey", "Sign"], "name": "shop"},
        lambda _: {"granteePrincipal": "arn:aws:iam::123456789012:role/other"},
        ("granteePrincipal",),
    ),
]
