"""A service account of a cluster that already exists may read one bucket, and nothing else."""

import pulumi
import pulumi_aws as aws

import platform_components as platform

cluster = platform.ClusterRef(name="shop", arn="arn:aws:eks:eu-west-1:123456789012:cluster/shop")
reports = aws.s3.Bucket("reports")
reader = platform.WorkloadIdentity(
    "report-reader",
    platform.WorkloadIdentityArgs(
        cluster=cluster,
        namespace="reporting",
        service_account="reader",
        statements=[
            platform.Statement(sid="ListReports", actions=["s3:ListBucket"], resources=[reports.arn]),
            platform.Statement(sid="ReadReports", actions=["s3:GetObject"], resources=[pulumi.Output.concat(reports.arn, "/*")]),
        ],
    ),
)

pulumi.export("role_arn", reader.role_arn)
