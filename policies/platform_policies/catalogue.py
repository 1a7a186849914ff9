"""Every rule there is."""

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from functools import cache

from platform_policies.rule import Pack, Rule

MODULES: Sequence[str] = (
    "network",
    "ec2",
    "eks",
    "iam",
    "kms",
    "secrets",
    "s3",
    "rds",
    "elasticache",
    "backup",
    "sqs",
    "sns",
    "ecr",
    "elb",
    "acm",
    "route53",
    "logs",
    "cloudtrail",
    "pod_security",
    "kubernetes",
    "cost",
)
"""Modules of rules/, in the order of reports."""


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, in the order of reports."""
    found: list[Rule] = []
    for name in MODULES:
        if importlib.util.find_spec(f"platform_policies.rules.{name}"):
            found.extend(importlib.import_module(f"platform_policies.rules.{name}").RULES)
    return tuple(found)


def pack(one: Pack) -> tuple[Rule, ...]:
    """The rules of a pack."""
    return tuple(rule for rule in rules() if rule.pack is one)


@cache
def by_id() -> Mapping[str, Rule]:
    """Every rule by its id."""
    return {rule.id: rule for rule in rules()}
