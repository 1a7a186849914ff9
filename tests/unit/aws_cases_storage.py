"""Cases of buckets, parameters and the subnet groups of databases."""

from typing import Any

from tests.unit.aws_cases import EVERYONE_READ, EVERYONE_WRITE, A, B, Case


def _policy_settings() -> list[Case]:
    def of(kind: str, inputs: dict[str, Any], change: dict[str, Any], *, stays: bool = False) -> Case:
        token = f"aws:s3/{kind[:1].lower()}{kind[1:]}:{kind}"
        return Case(token, lambda w: {"bucket": w.bucket, **inputs}, lambda _: change, stays=stays)

    return [
        of("BucketPolicy", {"policy": EVERYONE_READ}, {"policy": EVERYONE_WRITE}),
        of("BucketPublicAccessBlock", {"blockPublicAcls": True}, {"blockPublicPolicy": True}),
        of(
            "BucketVersioning",
            {"versioningConfiguration": {"status": "Enabled"}},
            {"versioningConfiguration": {"status": "Suspended"}},
            stays=True,
        ),
        of(
            "BucketServerSideEncryptionConfiguration",
            {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}, "bucketKeyEnabled": True}]},
            {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        ),
        of("BucketOwnershipControls", {"rule": {"objectOwnership": "BucketOwnerEnforced"}}, {"rule": {"objectOwnership": "ObjectWriter"}}),
        of(
            "BucketLifecycleConfiguration",
            {"rules": [{"id": "a", "status": "Enabled", "expiration": {"days": 3}, "filter": {"prefix": "x/"}}]},
            {"rules": [{"id": "a", "status": "Enabled", "expiration": {"days": 4}, "filter": {"prefix": "x/"}}]},
        ),
    ]


STORAGE = [
    Case(
        "aws:rds/subnetGroup:SubnetGroup", lambda w: {"subnetIds": w.subnets[:2], "tags": A}, lambda w: {"subnetIds": w.subnets, "tags": B}
    ),
    Case(
        "aws:elasticache/subnetGroup:SubnetGroup",
        lambda w: {"subnetIds": w.subnets[:2], "tags": A},
        lambda w: {"subnetIds": w.subnets, "tags": B},
    ),
    Case(
        "aws:ssm/parameter:Parameter",
        lambda _: {"name": "/a/b", "type": "SecureString", "value": "x", "tags": A},
        lambda _: {"value": "y", "description": "d", "tags": B},
    ),
    Case("aws:s3/bucket:Bucket", lambda _: {"forceDestroy": True, "tags": A}, lambda _: {"tags": B}),
    *_policy_settings(),
]
