"""A pilot light: backups of everything with the tag go to a second region every six hours, where an empty network waits for them."""

import json

import pulumi
import pulumi_aws as aws

import platform_components as platform

tags = {"Environment": "prod"}
provider = aws.Provider("elsewhere", region="eu-central-1")
elsewhere = pulumi.ResourceOptions(provider=provider)

# The network costs nothing while nothing is in it; NAT and endpoints come when it is needed.
network = platform.Vpc(
    "dr",
    platform.VpcArgs(cidr="10.64.0.0/16", zones=["euc1-az1", "euc1-az2"], nat="none", tags=tags),
    pulumi.ResourceOptions(providers=[provider]),
)
key = aws.kms.Key(
    "dr-vault-key",
    description="Copies of prod's backups",
    enable_key_rotation=True,
    policy=aws.get_caller_identity_output().account_id.apply(
        lambda account: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"}
                ],
            }
        )
    ),
    tags=tags,
    opts=elsewhere,
)
vault = aws.backup.Vault("dr-vault", name="dr-vault", kms_key_arn=key.arn, tags=tags, opts=elsewhere)
plan = platform.BackupPlan(
    "prod",
    platform.BackupPlanArgs(
        tag_value="prod",
        schedules={"often": {"every_hours": 6, "keep_days": 14, "copy_to": ["dr"]}, "weekly": {"every_hours": 168, "keep_days": 365}},
        copies={"dr": {"vault_arn": "arn:aws:backup:eu-central-1:123456789012:backup-vault:dr-vault", "keep_days": 14}},
        tags=tags,
    ),
)

pulumi.export("vault_arn", vault.arn)
pulumi.export("plan_id", plan.plan_id)
pulumi.export("network", network.vpc_id)
