"""Buckets of metrics, logs and traces: one each, so that what writes one can never read another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from platform_components.args import Late
from platform_components.component import PlatformComponent
from platform_components.identity.statements import POLICY_VERSION, Statement
from platform_components.names import child_name
from platform_components.tags import MANAGED_BY, merge_tags

_UPLOAD_DAYS = 7
"""After which parts of an upload that was never finished are dropped; nobody sees them, and they are charged for."""


@dataclass(frozen=True, slots=True)
class Store:
    """A bucket, and when it is safe to write to it."""

    bucket: pulumi.Output[str]
    """Name, known once everything that protects it is there."""
    arn: pulumi.Output[str]
    settings: tuple[pulumi.Resource, ...]

    def statements(self) -> tuple[Statement, ...]:
        """What a store of telemetry needs of its bucket: it lists, reads, writes, and deletes what has expired."""
        return (
            Statement(sid="List", actions=("s3:GetBucketLocation", "s3:ListBucket"), resources=(self.arn,)),
            Statement(
                sid="Objects",
                actions=("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"),
                resources=(pulumi.Output.concat(self.arn, "/*"),),
            ),
        )


def create_store(
    component: PlatformComponent,
    name: str,
    role: str,
    *,
    noncurrent_days: int,
    key_arn: Late[str] | None,
    keep: bool,
    tags: Mapping[str, str],
) -> Store:
    """Create a bucket that is private, encrypted, versioned, and reached over TLS alone.

    Args:
        component: its parent.
        name: the component's own name.
        role: what it holds.
        noncurrent_days: how long an object can still be had back that was deleted or written over.
        key_arn: KMS key that encrypts it. None: a key of S3's own, which costs nothing.
        keep: whether it stays, with what it holds, when the component goes.
        tags: its tags.
    """
    named = child_name(name, role)
    # Deletion by the store itself, by age and by tenant: a lifecycle rule that expires objects would tear holes into blocks and indexes.
    bucket = aws.s3.Bucket(
        named,
        force_destroy=not keep,
        tags=merge_tags({"Name": named, "ManagedBy": MANAGED_BY}, tags),
        opts=component.child_options(retain_on_delete=keep or None),
    )
    child = component.child_options(retain_on_delete=keep or None)
    encryption: Any = {"sse_algorithm": "aws:kms", "kms_master_key_id": key_arn} if key_arn else {"sse_algorithm": "AES256"}
    access = aws.s3.BucketPublicAccessBlock(
        named,
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=child,
    )
    settings = (
        access,
        aws.s3.BucketOwnershipControls(named, bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=child),
        aws.s3.BucketVersioning(named, bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=child),
        aws.s3.BucketServerSideEncryptionConfiguration(
            named,
            bucket=bucket.bucket,
            rules=[{"apply_server_side_encryption_by_default": encryption, "bucket_key_enabled": True}],
            opts=child,
        ),
        aws.s3.BucketLifecycleConfiguration(
            named,
            bucket=bucket.bucket,
            rules=[
                {
                    "id": "abandoned",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": _UPLOAD_DAYS},
                    "noncurrent_version_expiration": {"noncurrent_days": noncurrent_days},
                }
            ],
            opts=child,
        ),
        aws.s3.BucketPolicy(
            named,
            bucket=bucket.bucket,
            policy=pulumi.Output.json_dumps(bucket.arn.apply(tls_only)),
            opts=component.child_options(retain_on_delete=keep or None, depends_on=[access]),
        ),
    )
    ready = pulumi.Output.all(bucket.bucket, *(setting.urn for setting in settings)).apply(lambda parts: str(parts[0]))
    return Store(ready, bucket.arn, settings)


def tls_only(arn: str) -> dict[str, Any]:
    """A bucket's policy: nothing in plain text, and nothing older than TLS 1.2."""

    def deny(sid: str, condition: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "Sid": sid,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": condition,
        }

    statements = [
        deny("TlsOnly", {"Bool": {"aws:SecureTransport": "false"}}),
        deny("ModernTls", {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
    ]
    return {"Version": POLICY_VERSION, "Statement": statements}
