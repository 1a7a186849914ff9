"""A service account may read one bucket, and nothing else. Cluster and bucket exist already."""

import pulumi

import platform_components as platform

cluster = platform.ClusterRef(name="shop", arn="arn:aws:eks:eu-west-1:123456789012:cluster/shop")
reports = "arn:aws:s3:::" + pulumi.Config().require("bucket")
reader = platform.WorkloadIdentity(
    "report-reader",
    platform.WorkloadIdentityArgs(
        cluster=cluster,
        namespace="reporting",
        service_account="reader",
        statements=[
            platform.Statement(sid="ListReports", actions=["s3:ListBucket"], resources=[reports]),
            platform.Statement(sid="ReadReports", actions=["s3:GetObject"], resources=[f"{reports}/*"]),
        ],
    ),
)

pulumi.export("role_arn", reader.role_arn)
