"""Every kind of store, one identity that is granted something, and one that is not."""

import json

import pulumi
import pulumi_aws as aws

import platform_components as platform

TRUST = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
)


def identity(name: str) -> platform.IdentityRef:
    """A role, by any means made."""
    role = aws.iam.Role(name, assume_role_policy=TRUST)
    return platform.IdentityRef(name=name, role_name=role.name, role_arn=role.arn)


ledger, stranger = identity("ledger"), identity("stranger")
throwaway = {"removal": "delete"}

reports = platform.Bucket("reports", platform.BucketArgs(**throwaway, expire_days=400))
reports.grant_read(ledger)
reports.grant_write(ledger, prefix="ledger/")
secrets = platform.Bucket("other", platform.BucketArgs(**throwaway, object_lock={"days": 3}))
secrets.grant_write(stranger)

pulumi.export("roles", {"ledger": ledger.role_name, "stranger": stranger.role_name})
pulumi.export("bucket", {"reports": reports.connection.as_inputs(), "other": secrets.connection.as_inputs()})
pulumi.export("keys", {"reports": reports.key_arn, "other": secrets.key_arn})
