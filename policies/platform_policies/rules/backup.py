"""AWS Backup: the vaults, and whether what holds data is in a plan."""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from platform_policies.checks import all_of, any_of, items, own_key, present, verdict
from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from platform_policies.rule import Answer, Severity, rule
from platform_policies.types import canonical

VAULT = "aws:backup/vault:Vault"
SELECTION = "aws:backup/selection:Selection"
STATEFUL: Mapping[str, str] = {
    "aws:rds/instance:Instance": "arn:aws:rds:r:a:db:",
    "aws:rds/cluster:Cluster": "arn:aws:rds:r:a:cluster:",
    "aws:dynamodb/table:Table": "arn:aws:dynamodb:r:a:table/",
    "aws:efs/fileSystem:FileSystem": "arn:aws:elasticfilesystem:r:a:file-system/",
    "aws:ebs/volume:Volume": "arn:aws:ec2:r:a:volume/",
}
"""Types AWS Backup can copy, and how their ARNs begin; region and account are stand-ins."""


@rule(
    "aws-backup-vault-cmk",
    title="Backup vaults are encrypted with a key of one's own",
    severity=Severity.MEDIUM,
    types=(VAULT,),
    fix="Set kmsKeyArn to a KMS key",
)
def vault_cmk(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Copies outlive what they copy; only a key of one's own can be refused to an intruder, or shared with another account."""
    del settings
    return verdict(own_key(node, graph, "kmsKeyArn"), "kmsKeyArn", "kmsKeyArn is not set: the vault uses AWS's own key")


@rule(
    "aws-backup-plan-covers-stateful",
    title="Whatever holds data is in a backup plan",
    severity=Severity.MEDIUM,
    types=tuple(STATEFUL),
    fix="Select the resource in an aws.backup.Selection, by ARN or tag; where a plan of another stack does, name its tag in plan_tags",
    defaults={"plan_tags": {}},
)
def plan_covers_stateful(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A service's own snapshots go when the resource goes; a copy in a vault stays. Read replicas are left out."""
    if present(node.value("replicateSourceDb")):
        return None
    elsewhere = any_of(_tagged(node, key, partial(_same, str(wanted))) for key, wanted in settings["plan_tags"].items())
    selected = any_of((elsewhere, *(_selects(selection, node, graph) for selection in graph.of_type(SELECTION))))
    return verdict(selected, "", "no aws.backup.Selection has this resource")


def _selects(selection: Node, node: Node, graph: ResourceGraph) -> bool | None:
    """Whether a selection has a resource. Its parts narrow each other; without any it has everything AWS Backup can copy."""
    excluded = _listed(selection, "notResources", node, graph)
    parts = [None if excluded is None else not excluded]
    if selection.value("resources"):
        parts.append(_listed(selection, "resources", node, graph))
    tags = items(selection.value("selectionTags"))
    if tags is None or tags:
        parts.append(None if tags is None else any_of(_by_tag(one, node) for one in tags))
    conditions = items(selection.value("conditions"))
    if conditions is None or conditions:
        parts.append(None if conditions is None else all_of(_meets(one, node) for one in conditions))
    return all_of(parts)


def _listed(selection: Node, path: str, node: Node, graph: ResourceGraph) -> bool | None:
    """Whether a list of ARNs and patterns has the resource: by reference, or by a pattern over its ARN or over all of its type."""
    listed = items(selection.value(path))
    if listed is None or UNKNOWN in listed:
        named = any(one is selection for one in graph.referring(node, SELECTION, path))
        return True if named else any_of((None, *(_matches(one, node) for one in listed or ())))
    return any_of(_matches(one, node) for one in listed)


def _matches(pattern: Any, node: Node) -> bool | None:
    if not isinstance(pattern, str) or pattern == UNKNOWN:
        return None
    arn = node.outputs.get("arn")
    if isinstance(arn, str) and arn != UNKNOWN:
        return fnmatchcase(arn, pattern)
    of_type = STATEFUL[canonical(node.type)]
    if fnmatchcase(f"{of_type}x", pattern) and pattern.endswith("*"):
        return True
    service = of_type.split(":")[2]
    return None if service in pattern else False


def _same(wanted: str, value: str) -> bool:
    return value == wanted


def _like(pattern: str, value: str) -> bool:
    return fnmatchcase(value, pattern)


def _tagged(node: Node, key: str, fits: Callable[[str], bool]) -> bool | None:
    """Whether the resource has a tag with a fitting value; tags of the provider's defaults stand in `tagsAll`."""
    answers: list[bool | None] = []
    for path in ("tags", "tagsAll"):
        tags = node.value(path, {})
        if not isinstance(tags, Mapping):
            answers.append(None)
        elif key in tags:
            answers.append(None if tags[key] == UNKNOWN else fits(str(tags[key])))
    return any_of(answers)


def _by_tag(entry: Any, node: Node) -> bool | None:
    """One of `selectionTags`: its type is always STRINGEQUALS."""
    if not isinstance(entry, Mapping) or UNKNOWN in (entry.get("key"), entry.get("value")):
        return None
    return _tagged(node, str(entry.get("key")), partial(_same, str(entry.get("value"))))


OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "stringEquals": _same,
    "stringLikes": _like,
    "stringNotEquals": lambda wanted, value: not _same(wanted, value),
    "stringNotLikes": lambda wanted, value: not _like(wanted, value),
}
"""Tests of `conditions`, by their list's name."""


def _meets(condition: Any, node: Node) -> bool | None:
    if not isinstance(condition, Mapping):
        return None
    answers: list[bool | None] = []
    for operator, test in OPERATORS.items():
        for entry in items(condition.get(operator)) or ():
            if not isinstance(entry, Mapping) or UNKNOWN in (entry.get("key"), entry.get("value")):
                answers.append(None)
                continue
            key, wanted = str(entry.get("key")).removeprefix("aws:ResourceTag/"), str(entry.get("value"))
            answers.append(_tagged(node, key, partial(test, wanted)))
        if items(condition.get(operator)) is None:
            answers.append(None)
    return all_of(answers)


RULES = (vault_cmk, plan_covers_stateful)
