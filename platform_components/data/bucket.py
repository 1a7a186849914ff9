"""Bucket: a private S3 bucket that refuses whatever is not encrypted.

Builds the bucket, its key, policy, versions, lifecycle, access log, alarms and dashboard, and what grants need. Does not build
replication to another region or public websites.
"""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from platform_components.data.bucket_args import BucketArgs
from platform_components.data.connection import Access, Connection
from platform_components.data.documents import Document, access_logs_arrive, bucket_policy, kms_only, role_encrypts, role_writes
from platform_components.data.grants import bucket_statements, use_key
from platform_components.data.monitoring import BUCKET
from platform_components.data.store import Identity, Store, granted
from platform_components.errors import DeclarationError, Problem
from platform_components.names import child_name

NAME_MAX = 30
"""Longest name of a bucket, in characters: with `-logs`, account and the longest region it stays within the 63 that S3 allows."""

UPLOAD_DAYS = 7
"""When parts of an upload that was broken off are removed, in days."""


class Bucket(Store):
    """A private bucket: TLS only, encrypted by KMS, with versions, a lifecycle and an access log.

    Whoever is granted something gets a connection back. Example::

        reports = Bucket("reports", BucketArgs(expire_days=400))
        connection = reports.grant_read(ledger)
    """

    bucket_name: pulumi.Output[str]
    """Physical name: the component's, the account and the region."""
    arn: pulumi.Output[str]
    """ARN of the bucket; resolves once its policy stands."""
    key_arn: pulumi.Output[str | None]
    """ARN of its key; none where AWS manages it."""

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if len(name) > NAME_MAX:
            problem = f"is {len(name)} characters long; use at most {NAME_MAX}, since account and region follow in the bucket's own"
            raise DeclarationError([Problem(f"the name {problem}", field=f"Bucket {name!r}")])
        super().__init__(name, args, opts)
        self._args = args
        writer = [pulumi.Output.from_input(args.writer_arn)] if args.writer_arn is not None else []
        self._key = self.create_key(others=[arn.apply(role_encrypts) for arn in writer])
        # Fixed, so that its policy can be judged before it exists, and two accounts never want the same one.
        physical = self._place.apply(lambda at: f"{name}-{at.account}-{at.region}")
        writes = [
            pulumi.Output.all(self._place, physical, arn).apply(lambda at: role_writes(at[2], f"arn:{at[0].partition}:s3:::{at[1]}"))
            for arn in writer
        ]
        bucket, policy = self._create(name, physical, *writes, kms=True, lock=args.object_lock is not None)
        self._encrypt(name, bucket)
        self._age(name, bucket, args.expire_days, args.archive_days, args.versions_days)
        self._lock(bucket)
        self._log(bucket, physical)
        self._watch(bucket)
        self.bucket_name = bucket.bucket
        self.arn = pulumi.Output.all(bucket.arn, policy.id).apply(lambda known: str(known[0]))
        self.key_arn = pulumi.Output.from_input(self._key)
        self.register()

    @property
    def connection(self) -> Connection:
        """How to reach it; nobody's role yet."""
        endpoint = pulumi.Output.all(self.bucket_name, self._place).apply(lambda at: f"https://{at[0]}.s3.{at[1].region}.{at[1].suffix}")
        return Connection(kind="bucket", name=self.bucket_name, endpoint=endpoint, arn=self.arn)

    def grant_read(self, identity: Identity, prefix: str = "") -> Connection:
        """Let an identity list and read objects, under a prefix or all."""
        return self._grant(identity, Access.READ, prefix)

    def grant_write(self, identity: Identity, prefix: str = "") -> Connection:
        """Let an identity write and delete objects, under a prefix or all; reading is another grant."""
        return self._grant(identity, Access.WRITE, prefix)

    def _grant(self, identity: Identity, access: Access, prefix: str) -> Connection:
        statements = [*bucket_statements(access, self.arn, prefix)]
        if self._key is not None:
            statements.append(use_key("s3", access, self._key, self.via("s3")))
        parts = (prefix.strip("/").replace("/", "-"),) if prefix else ()
        return granted(self.connection, self.allow(identity, access, statements, *parts), (access,))

    def _create(
        self, name: str, physical: pulumi.Output[str], *others: pulumi.Output[Document], kms: bool = False, lock: bool = False
    ) -> tuple[aws.s3.Bucket, aws.s3.BucketPolicy]:
        """A private bucket with versions, and its policy.

        Args:
            name: name of the resource.
            physical: name of the bucket.
            others: what its policy says beside the refusals.
            kms: refuse other encryption than KMS.
            lock: let objects be locked.
        """
        bucket = aws.s3.Bucket(
            name,
            bucket=physical,
            object_lock_enabled=lock or None,
            force_destroy=not self._args.keeps,
            tags=self.child_tags(name),
            opts=self.data_options(),
        )
        aws.s3.BucketOwnershipControls(
            child_name(name, "owner"),
            bucket=bucket.bucket,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=self.child_options(),
        )
        aws.s3.BucketVersioning(
            child_name(name, "versions"),
            bucket=bucket.bucket,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=self.child_options(),
        )
        private = aws.s3.BucketPublicAccessBlock(
            child_name(name, "private"),
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self.child_options(),
        )

        def text(known: list[Any]) -> str:
            arn = f"arn:{known[0].partition}:s3:::{known[1]}"
            return json.dumps(bucket_policy(arn, *([kms_only(arn)] if kms else []), *known[2:]))

        policy = aws.s3.BucketPolicy(
            child_name(name, "policy"),
            bucket=bucket.bucket,
            policy=pulumi.Output.all(self._place, physical, *others).apply(text),
            # S3 refuses the one while it changes the other.
            opts=self.child_options(depends_on=[private]),
        )
        return bucket, policy

    def _encrypt(self, name: str, bucket: aws.s3.Bucket) -> None:
        default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm="aws:kms", kms_master_key_id=self._key
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            child_name(name, "encryption"),
            bucket=bucket.bucket,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=default,
                    # One request to KMS for many objects.
                    bucket_key_enabled=True,
                )
            ],
            opts=self.child_options(),
        )

    def _age(self, name: str, bucket: aws.s3.Bucket, expire: int | None, archive: int | None, versions: int | None) -> None:
        rule = aws.s3.BucketLifecycleConfigurationRuleArgs
        everything = aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix="")
        rules = [
            rule(
                id="uploads",
                status="Enabled",
                filter=everything,
                abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                    days_after_initiation=UPLOAD_DAYS
                ),
            )
        ]
        if versions is not None:
            old = aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(noncurrent_days=versions)
            rules.append(rule(id="versions", status="Enabled", filter=everything, noncurrent_version_expiration=old))
        if archive is not None:
            moved = aws.s3.BucketLifecycleConfigurationRuleTransitionArgs(days=archive, storage_class="GLACIER_IR")
            rules.append(rule(id="archive", status="Enabled", filter=everything, transitions=[moved]))
        if expire is not None:
            gone = aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=expire)
            rules.append(rule(id="expire", status="Enabled", filter=everything, expiration=gone))
        aws.s3.BucketLifecycleConfiguration(child_name(name, "lifecycle"), bucket=bucket.bucket, rules=rules, opts=self.child_options())

    def _lock(self, bucket: aws.s3.Bucket) -> None:
        lock = self._args.object_lock
        if lock is None:
            return
        retention = aws.s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(mode=lock.mode.value, days=lock.days)
        aws.s3.BucketObjectLockConfiguration(
            child_name(self._name, "lock"),
            bucket=bucket.bucket,
            rule=aws.s3.BucketObjectLockConfigurationRuleArgs(default_retention=retention),
            opts=self.child_options(),
        )

    def _log(self, bucket: aws.s3.Bucket, physical: pulumi.Output[str]) -> None:
        logs = self._args.access_logs
        if not logs.enabled:
            return
        target = pulumi.Output.from_input(logs.bucket) if logs.bucket is not None else self._create_log_bucket(physical)
        aws.s3.BucketLogging(
            child_name(self._name, "logging"),
            bucket=bucket.bucket,
            target_bucket=target,
            target_prefix=f"{self._name}/",
            opts=self.child_options(),
        )

    def _create_log_bucket(self, physical: pulumi.Output[str]) -> pulumi.Output[str]:
        """A bucket for the access log. S3 writes it with its own key only, so that it has no KMS one."""
        name = child_name(self._name, "logs")
        log_name = self._place.apply(lambda at: f"{name}-{at.account}-{at.region}")
        arrive = pulumi.Output.all(self._place, log_name, physical).apply(
            lambda at: access_logs_arrive(at[0], f"arn:{at[0].partition}:s3:::{at[1]}", f"arn:{at[0].partition}:s3:::{at[2]}")
        )
        bucket, policy = self._create(name, log_name, arrive)
        self._age(name, bucket, self._args.access_logs.retention_days, None, UPLOAD_DAYS)
        return pulumi.Output.all(bucket.bucket, policy.id).apply(lambda known: str(known[0]))

    def _watch(self, bucket: aws.s3.Bucket) -> None:
        if not self._args.alarms.enabled:
            return
        everything = "EntireBucket"
        aws.s3.BucketMetric(child_name(self._name, "metrics"), name=everything, bucket=bucket.bucket, opts=self.child_options())
        self.watch(BUCKET, {"BucketName": bucket.bucket, "FilterId": everything})
