"""An account with health records: who did what, kept for six years where nobody can delete it, and told where it cannot wait."""

import pulumi
import pulumi_aws as aws

import platform_components as platform

trail = platform.AuditTrail(
    "clinic",
    platform.AuditTrailArgs(
        retention="hipaa",
        lock="compliance",
        trail={"s3_buckets": ["arn:aws:s3:::clinic-records"]},
        log_groups={"eks": "/aws/eks/clinic/cluster"},
        filters={"eks": '{ $.apiVersion = "audit.k8s.io/*" }'},
        tags={"Environment": "prod", "Team": "security"},
    ),
)
aws.sns.TopicSubscription("on-call", topic=trail.topic_arn, protocol="https", endpoint="https://events.pager.example.com/security")
network = platform.Vpc(
    "clinic",
    platform.VpcArgs(
        cidr="10.40.0.0/16",
        zones=["euw1-az1", "euw1-az2"],
        flow_logs={"destination": "s3", "bucket_arn": trail.flow_logs_arn},
        tags={"Environment": "prod", "Team": "security"},
    ),
)

pulumi.export("bucket_arn", trail.bucket_arn)
pulumi.export("trail_arn", trail.trail_arn)
pulumi.export("detector_id", trail.detector_id)
