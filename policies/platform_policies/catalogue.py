"""Every rule there is, in the order of reports."""

from collections.abc import Mapping
from functools import cache

from platform_policies.rule import Pack, Rule
from platform_policies.rules import (
    backup,
    cloudtrail,
    cost,
    ec2,
    ecr,
    edge,
    eks,
    elasticache,
    iam,
    kms,
    kubernetes_namespaces,
    kubernetes_network,
    kubernetes_pod_security,
    kubernetes_pods,
    kubernetes_rbac,
    logs,
    messaging,
    network,
    rds,
    s3,
    secrets,
    security_groups,
)

RULES: tuple[Rule, ...] = (
    *network.RULES,
    *security_groups.RULES,
    *ec2.RULES,
    *eks.RULES,
    *iam.RULES,
    *kms.RULES,
    *secrets.RULES,
    *s3.RULES,
    *rds.RULES,
    *elasticache.RULES,
    *backup.RULES,
    *messaging.RULES,
    *ecr.RULES,
    *edge.RULES,
    *logs.RULES,
    *cloudtrail.RULES,
    *kubernetes_pod_security.RULES,
    *kubernetes_pods.RULES,
    *kubernetes_rbac.RULES,
    *kubernetes_namespaces.RULES,
    *kubernetes_network.RULES,
    *cost.RULES,
)
"""Every rule."""


def rules() -> tuple[Rule, ...]:
    """Every rule, in the order of reports."""
    return RULES


def pack(one: Pack) -> tuple[Rule, ...]:
    """The rules of a pack."""
    return tuple(rule for rule in RULES if rule.pack is one)


@cache
def by_id() -> Mapping[str, Rule]:
    """Every rule by its id."""
    return {rule.id: rule for rule in RULES}
