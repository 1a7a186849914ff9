"""Rules of Secrets Manager: rotation and keys."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from platform_policies.checks import all_of, flag, items, number, own_key, related, verdict
from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from platform_policies.rule import Answer, Severity, Verdict, fail, rule, unknown
from platform_policies.verdicts import settle, stands

SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 -- a type token
ROTATION = "aws:secretsmanager/secretRotation:SecretRotation"

_RATE = re.compile(r"rate\(\s*(\d+)\s+(hour|day)s?\s*\)")


@rule(
    "aws-secrets-rotation",
    title="Every secret is rotated by itself, every ninety days at least",
    severity=Severity.MEDIUM,
    types=(SECRET,),
    fix="Add an aws.secretsmanager.SecretRotation with the secretId and rotationRules.automaticallyAfterDays of 90 or less",
    defaults={"max_days": 90},
)
def rotation(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A leaked secret that never changes is good for ever."""
    rotations = related(node, graph, ROTATION, "secretId")
    most = float(settings["max_days"])
    rotated = rotations.any(all_of((flag(one, "rotationEnabled", True), _often(one, most))) for one in rotations.nodes)
    if not rotations.nodes:
        return verdict(rotated, "", "no aws.secretsmanager.SecretRotation has its secretId")
    first = rotations.nodes[0]
    said = ", ".join(stands(first, path, default) for path, default in (("rotationEnabled", "true"), ("rotationRules", "never")))
    return verdict(rotated, "", f"{first.name} does not rotate it every {settings['max_days']} days: {said}")


def _often(node: Node, most: float) -> bool | None:
    """Whether a rotation comes often enough; a cron expression fires once a year or more often, and most of them once a month."""
    expression = node.value("rotationRules.scheduleExpression")
    if expression is None:
        days = number(node, "rotationRules.automaticallyAfterDays", float("inf"))
        return None if days is None else days <= most
    if expression == UNKNOWN:
        return None
    rate = _RATE.fullmatch(str(expression).strip())
    if rate:
        return int(rate[1]) / (24 if rate[2] == "hour" else 1) <= most
    return str(expression).startswith("cron(")


@rule(
    "aws-secrets-cmk",
    title="Every secret and replica is encrypted with a key of one's own",
    severity=Severity.MEDIUM,
    types=(SECRET,),
    fix="Set kmsKeyId to a KMS key of your own, on the secret and on each of its replicas",
)
def own_keys(node: Node, graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """AWS's key has no policy to change: who may decrypt cannot be limited, and the secret cannot be shared with another account."""
    return settle(_keys(node, graph))


def _keys(node: Node, graph: ResourceGraph) -> Iterator[Verdict]:
    yield _key(node, graph, "kmsKeyId")
    replicas = items(node.value("replicas"))
    if replicas is None:
        yield unknown("replicas")
    for index, _ in enumerate(replicas or ()):
        yield _key(node, graph, f"replicas.{index}.kmsKeyId")


def _key(node: Node, graph: ResourceGraph, path: str) -> Verdict:
    value = node.value(path)
    if value is None:
        return fail(path, f"{path} is absent: the key is aws/secretsmanager, which AWS manages")
    return verdict(own_key(node, graph, path), path, f"{path} is {value}, which AWS manages")


RULES = (rotation, own_keys)
