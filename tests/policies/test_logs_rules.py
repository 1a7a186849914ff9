"""CloudWatch Logs rules, case by case."""

import pytest
from platform_policies.graph import UNKNOWN
from platform_policies.rule import Status
from platform_policies.rules import logs

from tests.policies.cases import Case, node
from tests.policies.table import Table, case_id, prove

CASES: list[Case] = []


def _retention() -> None:
    table, path = Table(CASES, "aws-logs-retention", logs.LOG_GROUP, "retention"), "retentionInDays"
    table.passing({path: 7})
    table.failing({path: 5}, at=path)
    table.failing({path: 0}, "for ever", at=path)
    table.passing({path: "30"}, "as text")
    table.passing({path: 365}, "setting", settings={"min_days": 365})
    table.failing({path: 364}, "setting", settings={"min_days": 365})
    table.absent(Status.FAIL, at=path)
    table.unknown({path: UNKNOWN}, at=path)
    table.skipped({"logGroupClass": "DELIVERY"}, "delivery")
    table.failing({"logGroupClass": "STANDARD"}, "standard")


def _cmk() -> None:
    table, path = Table(CASES, "aws-logs-retention", logs.LOG_GROUP, "cmk"), "kmsKeyId"
    table.passing({path: "arn:aws:kms:eu-west-1:1:key/x"})
    table.passing({}, "key made in the same run", others=[node("aws:kms/key:Key", "key", {})], refers={path: ["key"]})
    table.unknown({}, "something made in the same run", others=[node("aws:ssm/parameter:Parameter", "p", {})], refers={path: ["p"]})
    table.failing({path: ""}, at=path)
    table.failing({path: "alias/aws/logs"}, "AWS's alias")
    table.failing({path: "arn:aws:kms:eu-west-1:1:alias/aws/logs"}, "AWS's alias, by ARN")
    table.passing({path: "alias/logs"}, "own alias")
    table.absent(Status.FAIL, at=path)
    table.unknown({path: UNKNOWN}, at=path)


_retention()
_cmk()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_case(case: Case) -> None:
    prove(logs.RULES, case)
