"""The table of resource types, one module for each AWS service or a part of one, imported when the first of its types is met."""

from functools import cache
from importlib import import_module
from typing import Final

from platformctl.sandbox.aws.rows import Row

MODULES: Final = {
    "acm": ("certificates",),
    "amp": ("amp",),
    "backup": ("backup",),
    "budgets": ("budgets",),
    "codeartifact": ("packages",),
    "cloudtrail": ("trails",),
    "cloudwatch": ("logs", "events", "alarms", "firehose"),
    "costexplorer": ("costexplorer",),
    "dynamodb": ("dynamodb",),
    "ebs": ("instances",),
    "ec2": ("vpc", "routing", "security", "acls", "endpoints", "compute", "instances", "peering", "ipam"),
    "ec2transitgateway": ("transit",),
    "ecr": ("registry",),
    "eks": ("eks_cluster", "eks_nodes", "eks_access"),
    "elasticache": ("data", "caches"),
    "elb": ("classic_balancing",),
    "guardduty": ("guardduty",),
    "iam": ("iam", "users"),
    "kinesis": ("streams", "firehose"),
    "kms": ("kms",),
    "lb": ("balancing",),
    "msk": ("streams",),
    "rds": ("data", "databases"),
    "route53": ("route53", "route53_zones", "resolver"),
    "s3": ("s3",),
    "secretsmanager": ("secrets",),
    "sns": ("sns",),
    "sqs": ("sqs",),
    "ssm": ("ssm",),
    "vpc": ("security",),
    "wafv2": ("wafv2",),
}
"""Table modules by the first part of a type token's module."""


@cache
def find(token: str) -> Row | None:
    """The row of a type token such as `aws:ec2/vpc:Vpc`."""
    parts = token.split(":")
    service = parts[1].split("/")[0] if len(parts) > 1 else ""
    for name in MODULES.get(service, ()):
        row = _table(name).get(token)
        if row is not None:
            return row
    return None


def all_rows() -> dict[str, Row]:
    """Every row by type."""
    return {token: row for names in MODULES.values() for name in names for token, row in _table(name).items()}


@cache
def _table(name: str) -> dict[str, Row]:
    return dict(import_module(f"{__name__}.{name}").ROWS)
