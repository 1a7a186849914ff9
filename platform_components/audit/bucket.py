"""The bucket that records are kept in, its key, and the bucket that says who read them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from platform_components.audit import documents
from platform_components.audit.args import AuditTrailArgs, LockMode
from platform_components.component import PlatformComponent
from platform_components.names import child_name
from platform_components.place import Place
from platform_components.tags import MANAGED_BY, merge_tags

_KEY_DELETION_DAYS = 30
"""How long a deleted key can still be had back: the longest KMS offers."""


@dataclass(frozen=True, slots=True)
class Archive:
    """Where records go."""

    bucket: aws.s3.Bucket
    key: aws.kms.Key
    ready: list[pulumi.Resource]
    """What must stand before a service may write."""


class Maker:
    """Makes the archive for one component."""

    def __init__(self, component: PlatformComponent, name: str, args: AuditTrailArgs, place: pulumi.Output[Place]) -> None:
        self._component, self._name, self._args, self.place = component, name, args, place

    def tags(self, name: str) -> dict[str, str]:
        """Tags of a child."""
        return merge_tags({"Name": name, "ManagedBy": MANAGED_BY}, self._args.tags)

    def kept(self, **more: Any) -> pulumi.ResourceOptions:
        """Options of what may outlive the component."""
        return self._component.child_options(retain_on_delete=self._args.keep_on_destroy or None, **more)

    def document(self, build: Callable[[Place], Mapping[str, Any]]) -> pulumi.Output[str]:
        """A document that needs to know the account."""
        return self.place.apply(lambda place: json.dumps(build(place)))

    def archive(self, trail: str | None) -> Archive:
        """Make both buckets and the key."""
        args, name = self._args, child_name(self._name, "records")
        guardduty, topic = args.guardduty is not None, args.topic_arn is None
        key = aws.kms.Key(
            name,
            description=f"Records of audit trail {self._name}",
            enable_key_rotation=True,
            deletion_window_in_days=_KEY_DELETION_DAYS,
            policy=self.document(lambda place: documents.key_policy(place, trail=trail, guardduty=guardduty, topic=topic)),
            tags=self.tags(name),
            opts=self.kept(),
        )
        bucket = self._bucket("records", locked=args.lock is not LockMode.NONE)
        settings = self._protect("records", bucket, {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn})
        settings.append(
            aws.s3.BucketPolicy(
                name,
                bucket=bucket.bucket,
                policy=self.document(
                    lambda place: documents.bucket_policy(place, documents.bucket_arn(place, name), trail=trail, guardduty=guardduty)
                ),
                opts=self.kept(depends_on=list(settings)),
            )
        )
        if args.lock is not LockMode.NONE:
            locked: Any = {"default_retention": {"mode": args.lock.value.upper(), "days": args.days}}
            settings.append(
                aws.s3.BucketObjectLockConfiguration(name, bucket=bucket.bucket, rule=locked, opts=self.kept(depends_on=[settings[0]]))
            )
        self._log_accesses(bucket)
        return Archive(bucket, key, settings)

    def _log_accesses(self, source: aws.s3.Bucket) -> None:
        """Who read the records, in a bucket of its own: one that logs itself never comes to rest. It takes S3's own key only."""
        name, records = child_name(self._name, "accesses"), child_name(self._name, "records")
        bucket = self._bucket("accesses", locked=False)
        settings = self._protect("accesses", bucket, {"sse_algorithm": "AES256"})
        policy = aws.s3.BucketPolicy(
            name,
            bucket=bucket.bucket,
            policy=self.document(
                lambda place: documents.access_log_policy(place, documents.bucket_arn(place, name), documents.bucket_arn(place, records))
            ),
            opts=self.kept(depends_on=list(settings)),
        )
        aws.s3.BucketLogging(
            records,
            bucket=source.bucket,
            target_bucket=bucket.bucket,
            target_prefix="records/",
            opts=self.kept(depends_on=[policy]),
        )

    def _bucket(self, role: str, *, locked: bool) -> aws.s3.Bucket:
        name = child_name(self._name, role)
        return aws.s3.Bucket(
            name,
            # Fixed, so that its policy can be judged before it exists.
            bucket=self.place.apply(lambda place: documents.bucket_name(place, name)),
            force_destroy=not self._args.keep_on_destroy,
            object_lock_enabled=locked or None,
            tags=self.tags(name),
            opts=self.kept(),
        )

    def _protect(self, role: str, bucket: aws.s3.Bucket, encryption: Any) -> list[pulumi.Resource]:
        name, args = child_name(self._name, role), self._args
        return [
            aws.s3.BucketVersioning(name, bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=self.kept()),
            aws.s3.BucketPublicAccessBlock(
                name,
                bucket=bucket.bucket,
                block_public_acls=True,
                block_public_policy=True,
                ignore_public_acls=True,
                restrict_public_buckets=True,
                opts=self.kept(),
            ),
            aws.s3.BucketOwnershipControls(name, bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=self.kept()),
            aws.s3.BucketServerSideEncryptionConfiguration(
                name,
                bucket=bucket.bucket,
                rules=[{"apply_server_side_encryption_by_default": encryption, "bucket_key_enabled": True}],
                opts=self.kept(),
            ),
            aws.s3.BucketLifecycleConfiguration(
                name, bucket=bucket.bucket, rules=documents.lifecycle(args.days, args.archive_after_days), opts=self.kept()
            ),
        ]
