"""Buckets: one with everything inside it, one in pieces of which each is wrong, one for the trail."""

import pulumi_aws as aws
from common import document

uploads = aws.s3.Bucket("uploads", acl="public-read-write")

reports = aws.s3.Bucket("reports")
aws.s3.BucketPublicAccessBlock(
    "reports-block",
    bucket=reports.id,
    block_public_acls=True,
    ignore_public_acls=True,
    block_public_policy=False,
    restrict_public_buckets=False,
)
aws.s3.BucketPolicy(
    "reports-policy",
    bucket=reports.id,
    policy=document({"Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}),
)
aws.s3.BucketAcl("reports-acl", bucket=reports.id, acl="authenticated-read")
aws.s3.BucketServerSideEncryptionConfiguration(
    "reports-encryption", bucket=reports.id, rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}]
)
aws.s3.BucketVersioning("reports-versioning", bucket=reports.id, versioning_configuration={"status": "Suspended"})
aws.s3.BucketLifecycleConfiguration(
    "reports-lifecycle", bucket=reports.id, rules=[{"id": "old", "status": "Disabled", "expiration": {"days": 30}}]
)

trail_files = aws.s3.Bucket("trail-files")
aws.s3.BucketLogging("trail-files-logging", bucket=trail_files.id, target_bucket=uploads.id, target_prefix="access/")
aws.s3.BucketLifecycleConfiguration(
    "trail-files-lifecycle",
    bucket=trail_files.id,
    rules=[
        {
            "id": "logs",
            "status": "Enabled",
            "filter": {"prefix": "AWSLogs/"},
            "expiration": {"days": 90},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 3},
        }
    ],
)
trail = aws.cloudtrail.Trail("trail", s3_bucket_name=trail_files.id)

aws.cloudwatch.LogGroup("application-logs")
aws.backup.Vault("vault")
aws.ecr.Repository("images", name="shop")
shared = aws.ecr.Repository(
    "shared-images",
    name="shop-shared",
    image_tag_mutability="IMMUTABLE_WITH_EXCLUSION",
    image_tag_mutability_exclusion_filters=[{"filter": "*", "filter_type": "WILDCARD"}],
    image_scanning_configuration={"scan_on_push": True},
)
aws.ecr.LifecyclePolicy(
    "shared-images-lifecycle",
    repository=shared.name,
    policy='{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 50},'
    ' "action": {"type": "expire"}}]}',
)
aws.ecr.RepositoryPolicy("shared-images-policy", repository=shared.name, policy=document({"Principal": "*", "Action": "ecr:BatchGetImage"}))
