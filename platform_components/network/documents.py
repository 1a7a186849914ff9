"""Policy documents of the network: plain data from plain values, so that each can be read and tested by itself."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from platform_components.network.zones import dns_suffix

Document = dict[str, Any]

_AWS_OWNED_BUCKETS = ("prod-{region}-starport-layer-bucket", "al2023-repos-{region}-de612dc2", "amazonlinux-2-repos-{region}")
"""Buckets of AWS that nodes read without credentials of their own: image layers (by presigned URL) and operating system packages.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html and https://docs.aws.amazon.com/linux/al2023/ug/s3-endpoint.html
"""


def to_json(document: Document) -> str:
    """A document as the provider wants it: one form for one content, so that nothing shows as a change that is none."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def endpoint_policy(service: str, *, partition: str, region: str, accounts: Sequence[str], organization: str | None = None) -> Document:
    """Policy of an endpoint: lets in identities of these accounts, or of the organization where one is given, and AWS services.

    It limits who passes, not what they reach: images of AWS, AMIs and public parameters belong to accounts of AWS, and what an identity may
    do with them is said in its own permissions.
    """
    mine = {"aws:PrincipalOrgID": organization} if organization else {"aws:PrincipalAccount": sorted(accounts)}
    statements: list[Document] = [
        _allow("AllowOwnIdentities", "*", "*", {"StringEquals": mine}),
        _allow("AllowAwsServices", "*", "*", {"Bool": {"aws:PrincipalIsAWSService": "true"}}),
    ]
    if service == "s3":
        buckets = [f"arn:{partition}:s3:::{bucket.format(region=region)}/*" for bucket in _AWS_OWNED_BUCKETS]
        statements.append(_allow("AllowImageLayersAndPackages", "s3:GetObject", buckets, None))
    if service == "sts":
        # Callers of these are anonymous until the call has succeeded: roles for service accounts would stop working.
        own_roles = {"aws:ResourceOrgID": organization} if organization else {"aws:ResourceAccount": sorted(accounts)}
        actions = ["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"]
        statements.append(_allow("AllowFederationIntoOwnRoles", actions, "*", {"StringEquals": own_roles}))
    return {"Version": "2012-10-17", "Statement": statements}


def _allow(sid: str, action: str | Sequence[str], resource: str | Sequence[str], condition: Mapping[str, Any] | None) -> Document:
    statement: Document = {"Sid": sid, "Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def flow_log_trust(*, partition: str, region: str, account: str) -> Document:
    """Who may take the role of the flow logs: the service, on behalf of flow logs of this account and region only."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "FlowLogsOfThisAccount",
                "Effect": "Allow",
                "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": account},
                    "ArnLike": {"aws:SourceArn": f"arn:{partition}:ec2:{region}:{account}:vpc-flow-log/*"},
                },
            }
        ],
    }


def flow_log_permissions(log_group_arn: str) -> Document:
    """What the flow logs may do: write streams of their own log group, which exists already."""
    group = log_group_arn.removesuffix(":*")
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "WriteOwnLogGroup",
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                "Resource": [group, f"{group}:*"],
            },
            {
                # DescribeLogGroups has no narrower resource than the log groups of the account and region.
                "Sid": "FindLogGroup",
                "Effect": "Allow",
                "Action": "logs:DescribeLogGroups",
                "Resource": ":".join((*group.split(":")[:5], "log-group", "*")),
            },
        ],
    }


def logs_key_policy(*, partition: str, region: str, account: str) -> Document:
    """Policy of the key of the log groups: the account administers it, CloudWatch Logs uses it for this account's log groups alone."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                # Without it the key could never be changed again; it delegates to the account's own IAM policies.
                "Sid": "AccountAdministers",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                # The service principal takes the partition's DNS suffix
                # (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/service_principal).
                "Sid": "CloudWatchLogsUses",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{region}.{dns_suffix(partition)}"},
                "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
                "Resource": "*",
                "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:{partition}:logs:{region}:{account}:log-group:*"}},
            },
        ],
    }
