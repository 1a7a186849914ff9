"""Documents of an ArtifactRegistry: lifecycles, who may pull, what pipelines need. Pure but for Late values in statements."""

from collections.abc import Sequence
from typing import Any, Final

import pulumi

from platform_components.identity.statements import POLICY_VERSION, Statement
from platform_components.place import Place

PULL: Final = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
PUSH: Final = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
"""What a push takes; signatures and attestations are read back before they are written, so pulling is part of it
(https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html)."""
SIGN: Final = ("DescribeKey", "GetPublicKey", "Sign")
"""What cosign asks of a key in KMS, as operations of a grant."""


def lifecycle(keep_images: int, untagged_days: int) -> dict[str, Any]:
    """Images without a tag go after some days, and all but the newest of the others."""
    return {
        "rules": [
            {
                "rulePriority": 1,
                "description": f"Images without a tag go after {untagged_days} days",
                "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": untagged_days},
                "action": {"type": "expire"},
            },
            {
                "rulePriority": 2,
                "description": f"The newest {keep_images} images are kept",
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": keep_images},
                "action": {"type": "expire"},
            },
        ]
    }


def pull_policy(place: Place, readers: Sequence[str], organization: str | None) -> dict[str, Any] | None:
    """Policy of a repository for other accounts; None where no other may pull."""
    statements: list[dict[str, Any]] = []
    if readers:
        roots = [f"arn:{place.partition}:iam::{account}:root" for account in sorted(readers)]
        statements.append({"Sid": "ReadersPull", "Effect": "Allow", "Principal": {"AWS": roots}, "Action": list(PULL)})
    if organization:
        statements.append(
            {
                "Sid": "OrganizationPulls",
                "Effect": "Allow",
                "Principal": "*",
                "Action": list(PULL),
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": organization}},
            }
        )
    return {"Version": POLICY_VERSION, "Statement": statements} if statements else None


KEEP_KEY: Final = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:CreateGrant",
    "kms:DeleteAlias",
    "kms:Describe*",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:Get*",
    "kms:List*",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
    "kms:Verify",
)
"""What IAM of the account decides about a signing key: everything but signing."""


def signing_key_policy(place: Place) -> dict[str, Any]:
    """Policy of the signing key: IAM of this account decides who keeps it, and nobody signs but by a grant.

    Whoever may do everything in the account still cannot sign: it would first have to make a grant, which stands in CloudTrail.
    """
    return {
        "Version": POLICY_VERSION,
        "Statement": [
            {"Sid": "AccountKeeps", "Effect": "Allow", "Principal": {"AWS": place.root}, "Action": list(KEEP_KEY), "Resource": "*"}
        ],
    }


def log_in() -> Statement:
    """What everybody needs who pulls or pushes; a login names no repository."""
    return Statement(sid="LogIn", actions=("ecr:GetAuthorizationToken",), resources=("*",))


def push_statements(repository_arn: pulumi.Output[str]) -> tuple[Statement, ...]:
    """What a pipeline needs to push to one repository."""
    return (log_in(), Statement(sid="Push", actions=PUSH, resources=(repository_arn,)))
