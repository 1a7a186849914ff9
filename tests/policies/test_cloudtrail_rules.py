"""CloudTrail rules, case by case."""

import pytest
from platform_policies.graph import UNKNOWN
from platform_policies.rule import Status
from platform_policies.rules import cloudtrail

from tests.policies.cases import Case, node
from tests.policies.table import Table, case_id, prove

CASES: list[Case] = []


def _multiregion() -> None:
    rule, path = "aws-cloudtrail-multiregion", "isMultiRegionTrail"
    table = Table(CASES, rule, cloudtrail.TRAIL, "multiregion")
    table.passing({path: True})
    table.failing({path: False}, at=path)
    table.absent(Status.FAIL, at=path)
    table.unknown({path: UNKNOWN}, at=path)
    table.passing({path: True, "enableLogging": True}, "recording")
    table.failing({path: True, "enableLogging": False}, "off", at="enableLogging")
    table.unknown({path: True, "enableLogging": UNKNOWN}, "perhaps off", at="enableLogging")
    table.failing({path: False, "enableLogging": UNKNOWN}, "perhaps off, and of one region", at=path)
    valid, path = Table(CASES, rule, cloudtrail.TRAIL, "validation"), "enableLogFileValidation"
    valid.passing({path: True})
    valid.failing({path: False}, at=path)
    valid.absent(Status.FAIL, at=path)
    valid.unknown({path: UNKNOWN}, at=path)


def _cmk() -> None:
    rule = "aws-cloudtrail-cmk"
    for sub_id, path, kind in (("cmk", "kmsKeyId", "aws:kms/key:Key"), ("cwlogs", "cloudWatchLogsGroupArn", cloudtrail.LOG_GROUP)):
        table = Table(CASES, rule, cloudtrail.TRAIL, sub_id)
        table.passing({path: "arn:x"})
        table.passing({}, "made in the same run", others=[node(kind, "other", {})], refers={path: ["other"]})
        table.unknown({}, "from something else", others=[node("aws:ssm/parameter:Parameter", "p", {})], refers={path: ["p"]}, at=path)
        table.failing({path: ""}, at=path)
        table.absent(Status.FAIL, at=path)
        table.unknown({path: UNKNOWN}, at=path)


_multiregion()
_cmk()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_case(case: Case) -> None:
    prove(cloudtrail.RULES, case)
