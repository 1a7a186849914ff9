"""AWS Backup rules, case by case."""

from typing import Any

import pytest
from platform_policies.graph import SECRET, UNKNOWN, Node
from platform_policies.rule import Status
from platform_policies.rules import backup

from tests.policies.cases import Case, node
from tests.policies.table import Table, case_id, prove

DATABASE = "aws:rds/instance:Instance"
CASES: list[Case] = []


def _vault() -> None:
    table, path = Table(CASES, "aws-backup-vault-cmk", backup.VAULT), "kmsKeyArn"
    table.passing({path: "arn:aws:kms:eu-west-1:1:key/x"})
    table.passing({}, "key made in the same run", others=[node("aws:kms/key:Key", "key", {})], refers={path: ["key"]})
    table.failing({path: "alias/aws/backup"}, "AWS's key", at=path)
    table.absent(Status.FAIL, at=path)
    table.unknown({path: UNKNOWN}, at=path)


def selection(refers: bool = False, /, **inputs: Any) -> list[Node]:
    """A selection; it may refer to the judged resource as a preview has it."""
    return [node(backup.SELECTION, "selection", inputs, {"resources": ["subject"]} if refers else None)]


def _named(table: Table) -> None:
    arn = "arn:aws:rds:eu-west-1:1:db:app"
    table.passing({}, "by reference", others=selection(True))
    table.passing({}, "by reference in a list", others=[*selection(True, resources=[UNKNOWN, "arn:aws:ec2:*:*:volume/*"])])
    table.passing({}, "by ARN", others=selection(resources=[arn]), outputs={"arn": arn})
    table.failing({}, "another ARN", others=selection(resources=[f"{arn}2"]), outputs={"arn": arn})
    table.passing({}, "everything", others=selection(resources=["*"]))
    table.passing({}, "no parts: everything", others=selection())
    table.passing({}, "all of the type", others=selection(resources=["arn:aws:rds:*:*:db:*"]))
    table.failing({}, "all of another type", others=selection(resources=["arn:aws:ec2:*:*:volume/*"]))
    table.unknown({}, "some of the type", others=selection(resources=["arn:aws:rds:*:*:db:app*"]))
    table.passing({}, "some of the type, deployed", others=selection(resources=["arn:aws:rds:*:*:db:app*"]), outputs={"arn": arn})
    table.unknown({}, "some", others=selection(resources=UNKNOWN))
    table.unknown({}, "a secret one", others=selection(resources=[SECRET]))
    table.unknown({}, "one", others=selection(resources=[UNKNOWN]))
    table.passing({}, "one, and everything", others=selection(resources=[UNKNOWN, "*"]))
    table.failing({}, "excepted", others=selection(resources=["*"], notResources=["arn:aws:rds:*"]))
    table.passing({}, "others excepted", others=selection(resources=["*"], notResources=["arn:aws:ec2:*"]))
    table.unknown({}, "perhaps excepted", others=selection(resources=["*"], notResources=UNKNOWN))
    samples = {
        "aws:rds/cluster:Cluster": "arn:aws:rds:*:*:cluster:*",
        "aws:dynamodb/table:Table": "arn:aws:dynamodb:*:*:table/*",
        "aws:efs/fileSystem:FileSystem": "arn:aws:elasticfilesystem:*:*:file-system/*",
        "aws:ebs/volume:Volume": "arn:aws:ec2:*:*:volume/*",
    }
    for type_, pattern in samples.items():
        table.passing({}, type_, of=type_, others=selection(resources=[pattern]))
        table.absent(Status.FAIL, name=type_, of=type_)


def _tagged(table: Table) -> None:
    daily = {"type": "STRINGEQUALS", "key": "backup", "value": "daily"}
    weekly = {**daily, "value": "weekly"}
    has = {"tags": {"backup": "daily"}}
    table.passing(has, "tag", others=selection(selectionTags=[weekly, daily]))
    table.passing({"tagsAll": {"backup": "daily"}}, "tag of the provider", others=selection(selectionTags=[daily]))
    table.failing(has, "other tag", others=selection(selectionTags=[weekly]))
    table.failing({}, "no tag", others=selection(selectionTags=[daily]))
    table.failing(has, "tag, of another type", others=selection(resources=["arn:aws:ec2:*:*:volume/*"], selectionTags=[daily]))
    table.failing({}, "of the type, without the tag", others=selection(resources=["*"], selectionTags=[daily]))
    table.unknown({"tags": UNKNOWN}, "tags", others=selection(selectionTags=[daily]))
    table.unknown({"tags": {"backup": UNKNOWN}}, "tag", others=selection(selectionTags=[daily]))
    table.unknown(has, "selection's tags", others=selection(selectionTags=UNKNOWN))
    table.unknown(has, "selection's tag", others=selection(selectionTags=[{**daily, "value": UNKNOWN}]))
    tests = {
        "stringEquals": ("daily", "weekly"),
        "stringLikes": ("dai*", "week*"),
        "stringNotEquals": ("weekly", "daily"),
        "stringNotLikes": ("week*", "dai*"),
    }
    key = "aws:ResourceTag/backup"
    for operator, (met, unmet) in tests.items():
        good, bad = {"key": key, "value": met}, {"key": key, "value": unmet}
        table.passing(has, operator, others=selection(conditions=[{operator: [good]}]))
        table.failing(has, operator, others=selection(conditions=[{operator: [bad]}]))
        table.failing(has, f"{operator}, of two", others=selection(conditions=[{operator: [good, bad]}]))
        table.unknown(has, operator, others=selection(conditions=[{operator: [{"key": key, "value": UNKNOWN}]}]))
        table.unknown(has, f"{operator}, all", others=selection(conditions=[{operator: UNKNOWN}]))
    table.unknown(has, "conditions", others=selection(conditions=UNKNOWN))
    table.unknown(has, "condition", others=selection(conditions=[UNKNOWN]))
    table.passing(has, "plan of another stack", settings={"plan_tags": {"backup": "daily"}})
    table.failing(has, "no plan of another stack", settings={"plan_tags": {"backup": "weekly"}})
    table.unknown({"tags": UNKNOWN}, "plan of another stack", settings={"plan_tags": {"backup": "weekly"}})


def _covers() -> None:
    table = Table(CASES, "aws-backup-plan-covers-stateful", DATABASE)
    table.absent(Status.FAIL)
    table.skipped({"replicateSourceDb": "a"}, "replica")
    _named(table)
    _tagged(table)


_vault()
_covers()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_case(case: Case) -> None:
    prove(backup.RULES, case)
