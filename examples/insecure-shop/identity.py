"""Who may what: more than anybody needs."""

import pulumi_aws as aws
from common import ACCOUNT, BOUNDARY, document, trust

everything = aws.iam.Policy("everything", policy=document({"Action": "*", "Resource": "*"}))
releases = aws.iam.Policy(
    "releases", policy=document({"Action": ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"], "Resource": "*"})
)

GITHUB = "token.actions.githubusercontent.com"
ci = aws.iam.Role(
    "ci",
    assume_role_policy=trust({"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"}, "sts:AssumeRoleWithWebIdentity"),
    max_session_duration=43200,
    permissions_boundary=BOUNDARY,
)
aws.iam.RolePolicyAttachment("ci-administers", role=ci.name, policy_arn="arn:aws:iam::aws:policy/AdministratorAccess")
partner = aws.iam.Role("partner", assume_role_policy=trust({"AWS": "*"}))
support = aws.iam.Role(
    "support",
    assume_role_policy=trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
    managed_policy_arns=["arn:aws:iam::aws:policy/IAMFullAccess"],
    permissions_boundary=BOUNDARY,
)
aws.iam.RolePolicy(
    "support-notes", role=support.name, policy=document({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::support-notes/*"})
)

deployer = aws.iam.User("deployer", permissions_boundary=BOUNDARY)
aws.iam.UserPolicy("deployer-buckets", user=deployer.name, policy=document({"Action": "s3:*", "Resource": "arn:aws:s3:::shop-*"}))
aws.iam.AccessKey("deployer-key", user=deployer.name)
aws.iam.AccountPasswordPolicy("passwords", minimum_password_length=8, require_numbers=True, max_password_age=365)

data_key = aws.kms.Key(
    "data-key",
    description="Whatever asks for a key",
    deletion_window_in_days=7,
    policy=document({"Principal": "*", "Action": "kms:*", "Resource": "*"}),
)
audit_key = aws.kms.Key("audit-key", description="The trail's", enable_key_rotation=True)
backup_key = aws.kms.Key("backup-key", description="Backups of the shop", enable_key_rotation=True)
aws.kms.KeyPolicy(
    "backup-key-policy",
    key_id=backup_key.id,
    policy=document({"Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*"}),
)
