"""Velero in an existing cluster: all of it every night, one team's namespace every four hours, and a drill every Monday."""

import pulumi

import platform_components as platform

arn = pulumi.Config().require("cluster")
around = {
    "cluster": platform.ClusterRef(name=arn.rpartition("/")[2], arn=arn),
    "environment": "shop",
    "region": "eu-west-1",
    "vpc_id": "vpc-0123456789abcdef0",
}
kinds = platform.AddonRelease("shop", platform.AddonReleaseArgs(addon="prometheus-operator-crds", **around))
backup = platform.ClusterBackup(
    "shop",
    platform.ClusterBackupArgs(
        **around,
        schedules={"daily": {}, "payments": {"every_hours": 4, "keep_days": 7, "namespaces": ["payments"]}},
        tags={"Environment": "production", "Team": "shop"},
    ),
    pulumi.ResourceOptions(depends_on=[kinds]),
)

pulumi.export("bucket", backup.bucket_name)
pulumi.export("schedules", backup.schedule_names)
