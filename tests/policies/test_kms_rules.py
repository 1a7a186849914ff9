import json
from typing import Any

import pytest
from platform_policies.graph import SECRET, UNKNOWN
from platform_policies.rule import Status
from platform_policies.rules.kms import EXTERNAL, KEY, KEY_POLICY, KEYS, REPLICA, RULES

from tests.policies.cases import Case, node
from tests.policies.table import Table, case_id, prove

CASES: list[Case] = []


def rotation() -> None:
    t = Table(CASES, "aws-kms-rotation", KEY)
    t.passing({"enableKeyRotation": True})
    t.passing({"enableKeyRotation": True, "customerMasterKeySpec": UNKNOWN}, "whatever it is")
    t.failing({"enableKeyRotation": False}, at="enableKeyRotation", says="enableKeyRotation is false")
    t.failing({"enableKeyRotation": False, "customerMasterKeySpec": "SYMMETRIC_DEFAULT", "keyUsage": "ENCRYPT_DECRYPT"}, "symmetric")
    t.skipped({"customerMasterKeySpec": "RSA_2048"}, "asymmetric")
    t.skipped({"keyUsage": "GENERATE_VERIFY_MAC"}, "HMAC")
    t.skipped({"customKeyStoreId": "cks-1"}, "custom store")
    t.absent(Status.FAIL, says="enableKeyRotation is absent, which means false")
    t.unknown({"enableKeyRotation": UNKNOWN}, at="enableKeyRotation")
    t.unknown({"customerMasterKeySpec": UNKNOWN}, "kind", at="customerMasterKeySpec")
    t.unknown({"keyUsage": UNKNOWN}, "usage")
    t.unknown({"customKeyStoreId": UNKNOWN}, "store")


def allow(**elements: Any) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*", **elements}]}


def principals() -> None:
    t = Table(CASES, "aws-kms-no-wildcard-principal", KEY)
    for type_ in (*KEYS, KEY_POLICY):
        t.failing({"policy": json.dumps(allow())}, type_, of=type_, at="policy")
        t.passing({"policy": allow(Principal={"AWS": "arn:aws:iam::1:root"})}, type_, of=type_)
    for key in ("kms:CallerAccount", "aws:PrincipalOrgID", "aws:SourceArn"):
        t.passing({"policy": allow(Condition={"StringEquals": {key: "1"}})}, key)
    t.passing({"policy": allow(Effect="Deny")}, "deny")
    t.passing({"policy": allow(Principal={"Service": "logs.eu-west-1.amazonaws.com"})}, "service")
    t.failing({"policy": allow(Condition={"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}})}, "service alone")
    t.failing({"policy": allow(Principal=None, NotPrincipal={"AWS": "arn:x"})}, "all but one")
    t.absent(Status.PASS)
    t.unknown({"policy": {"Statement": ["x"]}}, "no statement")
    t.unknown({"policy": {"Statement": [SECRET]}}, "secret statement")
    t.unknown({"policy": {"Statement": 7}}, "no statements")
    t.unknown({"policy": allow(Effect=["Allow"])}, "odd effect")
    t.unknown({"policy": allow(Condition={"StringEquals": SECRET})}, "secret condition")
    t.unknown({"policy": allow(Condition={"StringEquals": 7})}, "odd condition")
    t.unknown({"policy": UNKNOWN}, at="policy")
    t.unknown({"policy": allow(Principal={"AWS": UNKNOWN})}, "principal")
    t.unknown({"policy": allow(Effect=UNKNOWN)}, "effect")
    t.unknown({"policy": allow(Condition={"StringEquals": {"kms:CallerAccount": UNKNOWN}})}, "condition")


def window() -> None:
    t = Table(CASES, "aws-kms-deletion-window", KEY)
    t.passing({"deletionWindowInDays": 30})
    t.passing({"deletionWindowInDays": 7}, "setting", settings={"days": 7})
    t.failing({"deletionWindowInDays": 29}, at="deletionWindowInDays")
    for type_ in KEYS:
        t.failing({"deletionWindowInDays": 7}, type_, of=type_)
        t.absent(Status.PASS, {}, type_, of=type_)
    t.unknown({"deletionWindowInDays": UNKNOWN})


def defined() -> None:
    t = Table(CASES, "aws-kms-policy-defined", KEY)
    separate = node(KEY_POLICY, "policy", {}, {"keyId": ["subject"]})
    for type_ in KEYS:
        t.passing({"policy": json.dumps(allow())}, type_, of=type_)
        t.passing({}, f"{type_} by a resource", of=type_, others=[separate])
        t.absent(Status.FAIL, {}, type_, of=type_)
        t.unknown({"policy": UNKNOWN}, type_, of=type_)
    t.passing({}, "by id", outputs={"id": "k-1"}, others=[node(KEY_POLICY, "policy", {"keyId": "k-1"})])
    t.failing({"policy": ""}, "empty")
    t.failing({}, "another's", outputs={"id": "k-1"}, others=[node(KEY_POLICY, "policy", {"keyId": "k-2"})])
    t.unknown({}, "whose", others=[node(KEY_POLICY, "policy", {"keyId": UNKNOWN})])
    t.passing({"policy": UNKNOWN}, "either way", of=REPLICA, others=[separate])
    t.passing({"policy": "{}"}, "either way, one known", of=EXTERNAL, others=[node(KEY_POLICY, "policy", {"keyId": UNKNOWN})])


for table in (rotation, principals, window, defined):
    table()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_cases(case: Case) -> None:
    prove(RULES, case)
