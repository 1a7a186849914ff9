from typing import Any

import pytest
from platform_policies.graph import UNKNOWN, Node
from platform_policies.rule import Status
from platform_policies.rules.secrets import ROTATION, RULES, SECRET

from tests.policies.cases import Case, node
from tests.policies.table import Table, case_id, prove

CASES: list[Case] = []


def rotating(name: str = "rotation", *, enabled: Any = None, **rules: Any) -> Node:
    inputs = {"rotationRules": rules, **({} if enabled is None else {"rotationEnabled": enabled})}
    return node(ROTATION, name, inputs, {"secretId": ["subject"]})


def rotation() -> None:
    t = Table(CASES, "aws-secrets-rotation", SECRET)
    t.passing({}, others=[rotating(automaticallyAfterDays=90)])
    t.passing({}, "rate", others=[rotating(scheduleExpression="rate(90 days)")])
    t.passing({}, "hours", others=[rotating(scheduleExpression="rate(2160 hours)")])
    t.passing({}, "cron", others=[rotating(scheduleExpression="cron(0 16 1,15 * ? *)")])
    t.passing({}, "said", others=[rotating(automaticallyAfterDays=30, enabled=True)])
    t.passing({}, "one of two", others=[rotating(automaticallyAfterDays=365), rotating("b", automaticallyAfterDays=30)])
    t.passing({}, "setting", others=[rotating(automaticallyAfterDays=365)], settings={"max_days": 365})
    arn = "arn:aws:secretsmanager:eu-west-1:1:secret:x"
    by_arn = node(ROTATION, "rotation", {"secretId": arn, "rotationRules": {"automaticallyAfterDays": 1}})
    t.passing({}, "by ARN", outputs={"arn": arn}, others=[by_arn])
    t.failing({}, others=[rotating(automaticallyAfterDays=91)])
    t.failing({}, "rate", others=[rotating(scheduleExpression="rate(91 days)")])
    t.failing({}, "hours", others=[rotating(scheduleExpression="rate(2161 hours)")])
    t.failing({}, "off", others=[rotating(automaticallyAfterDays=30, enabled=False)])
    t.failing({}, "no rules", others=[rotating()])
    t.failing({}, "no schedule", others=[rotating(scheduleExpression="never")])
    t.absent(Status.FAIL)
    t.unknown({}, "days", others=[rotating(automaticallyAfterDays=UNKNOWN)])
    t.unknown({}, "schedule", others=[rotating(scheduleExpression=UNKNOWN)])
    t.unknown({}, "on", others=[rotating(automaticallyAfterDays=30, enabled=UNKNOWN)])
    t.unknown({}, "whose", others=[node(ROTATION, "rotation", {"secretId": UNKNOWN})])


def keys() -> None:
    t = Table(CASES, "aws-secrets-cmk", SECRET)
    key = "arn:aws:kms:eu-west-1:1:key/1"
    t.passing({"kmsKeyId": key})
    t.passing({}, "key of this program", refers={"kmsKeyId": ["key"]}, others=[node("aws:kms/key:Key", "key", {})])
    t.passing({"kmsKeyId": key, "replicas": [{"region": "eu-central-1", "kmsKeyId": key}]}, "replica")
    t.failing({"kmsKeyId": "alias/aws/secretsmanager"}, "AWS's", at="kmsKeyId")
    t.failing({"kmsKeyId": "arn:aws:kms:eu-west-1:1:alias/aws/secretsmanager"}, "AWS's by ARN")
    t.failing({"kmsKeyId": key, "replicas": [{"region": "eu-central-1"}]}, "replica", at="replicas.0.kmsKeyId")
    t.absent(Status.FAIL, at="kmsKeyId")
    t.unknown({"kmsKeyId": UNKNOWN})
    t.unknown({"kmsKeyId": key, "replicas": UNKNOWN}, "replicas", at="replicas")
    t.unknown({"kmsKeyId": key, "replicas": [UNKNOWN]}, "replica")


for table in (rotation, keys):
    table()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_cases(case: Case) -> None:
    prove(RULES, case)
