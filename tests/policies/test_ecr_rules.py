"""ECR rules, case by case."""

import json
from typing import Any

import pytest
from platform_policies.graph import UNKNOWN, Node
from platform_policies.rule import Status
from platform_policies.rules import ecr

from tests.policies.cases import Case, node
from tests.policies.table import Table, case_id, prove

CASES: list[Case] = []


def _tags() -> None:
    table, path, filters = (
        Table(CASES, "aws-ecr-immutable-tags", ecr.REPOSITORY),
        "imageTagMutability",
        "imageTagMutabilityExclusionFilters",
    )
    partly = {path: "IMMUTABLE_WITH_EXCLUSION"}
    table.passing({path: "IMMUTABLE"})
    table.passing({**partly, filters: [{"filter": "latest*", "filterType": "WILDCARD"}]}, "but for some")
    table.failing({**partly, filters: [{"filter": "a"}, {"filter": "**"}]}, "but for all", at=filters)
    table.failing({path: "MUTABLE"}, at=path)
    table.failing({path: "MUTABLE_WITH_EXCLUSION", filters: [{"filter": "v*"}]}, "some only", at=path)
    table.absent(Status.FAIL, at=path)
    table.unknown({path: UNKNOWN}, at=path)
    table.unknown({**partly, filters: UNKNOWN}, "exceptions", at=filters)
    table.unknown({**partly, filters: [{"filter": UNKNOWN}]}, "exception", at=filters)
    table.passing({path: "IMMUTABLE", filters: UNKNOWN}, "whatever the exceptions")


def _scan() -> None:
    table, path = Table(CASES, "aws-ecr-scan-on-push", ecr.REPOSITORY), "imageScanningConfiguration.scanOnPush"

    def registry(pattern: Any, frequency: Any = "SCAN_ON_PUSH") -> list[Node]:
        rules = [{"scanFrequency": frequency, "repositoryFilters": [{"filter": pattern, "filterType": "WILDCARD"}]}]
        return [node(ecr.SCANNING, "scanning", {"scanType": "BASIC", "rules": rules})]

    table.passing({"imageScanningConfiguration": {"scanOnPush": True}})
    table.failing({"imageScanningConfiguration": {"scanOnPush": False}}, at=path)
    table.absent(Status.FAIL, at=path)
    table.unknown({"imageScanningConfiguration": {"scanOnPush": UNKNOWN}}, at=path)
    table.unknown({"imageScanningConfiguration": UNKNOWN}, "block", at=path)
    table.passing({}, "registry", others=registry("*"))
    table.passing({}, "registry, continuously", others=registry("*", "CONTINUOUS_SCAN"))
    table.failing({}, "registry, by hand", others=registry("*", "MANUAL"))
    table.passing({"name": "team/app"}, "registry, by pattern", others=registry("team/*"))
    table.passing({"name": "team/app"}, "registry, by part of the name", others=registry("app"))
    table.failing({"name": "team/app"}, "registry, for others", others=registry("app*"))
    table.passing({}, "registry, deployed", others=registry("app*"), outputs={"name": "app-1"})
    table.unknown({}, "name", others=registry("app*"))
    table.unknown({"name": "a"}, "filter", others=registry(UNKNOWN))
    table.unknown({}, "frequency", others=registry("*", UNKNOWN))
    table.unknown({}, "rules", others=[node(ecr.SCANNING, "scanning", {"rules": UNKNOWN})])
    table.unknown({}, "rule", others=[node(ecr.SCANNING, "scanning", {"rules": [UNKNOWN]})])
    table.unknown(
        {}, "filters", others=[node(ecr.SCANNING, "scanning", {"rules": [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": UNKNOWN}]})]
    )
    table.failing({}, "no rules", others=[node(ecr.SCANNING, "scanning", {})])


def _lifecycle() -> None:
    table, kind = Table(CASES, "aws-ecr-lifecycle", ecr.REPOSITORY), ecr.LIFECYCLE
    table.passing({}, others=[node(kind, "policy", {"policy": "{}"}, {"repository": ["subject"]})])
    table.passing({"name": "app"}, "by name", others=[node(kind, "policy", {"policy": {"rules": [{}]}, "repository": "app"})])
    table.failing({"name": "app"}, others=[node(kind, "policy", {"policy": "{}", "repository": "other"})])
    table.failing({}, "empty", others=[node(kind, "policy", {"policy": ""}, {"repository": ["subject"]})])
    table.absent(Status.FAIL)
    table.unknown({}, others=[node(kind, "policy", {"policy": "{}", "repository": UNKNOWN})])
    table.unknown({}, "policy", others=[node(kind, "policy", {"policy": UNKNOWN}, {"repository": ["subject"]})])


def _policy() -> None:
    table = Table(CASES, "aws-ecr-no-public-policy", ecr.REPOSITORY_POLICY)

    def allow(**changes: Any) -> str:
        return json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage", **changes}})

    table.passing({"policy": allow(Principal={"AWS": "arn:aws:iam::1:root"})})
    table.passing({"policy": allow(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})}, "own organisation")
    table.failing({"policy": allow()}, at="policy")
    table.failing({"policy": allow(Principal={"AWS": ["arn:aws:iam::1:root", "*"]})}, "one of two")
    table.failing({"policy": allow()}, "registry", of=ecr.REGISTRY_POLICY)
    table.absent(Status.PASS, of=ecr.REPOSITORY)
    table.unknown({"policy": UNKNOWN}, at="policy")


_tags()
_scan()
_lifecycle()
_policy()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_case(case: Case) -> None:
    prove(ecr.RULES, case)
