"""Cases of budgets and of what watches costs."""

import json
from typing import Any

from tests.unit.aws_cases import ACCOUNT, A, B, Case, World
from tests.unit.aws_sandbox import REGION


def _budget(limit: str, percent: int) -> dict[str, Any]:
    notification = {"notificationType": "ACTUAL", "comparisonOperator": "GREATER_THAN", "threshold": percent, "thresholdType": "PERCENTAGE"}
    told = {"subscriberEmailAddresses": ["a@example.com"], "subscriberSnsTopicArns": [f"arn:aws:sns:{REGION}:{ACCOUNT}:told"]}
    return {
        "budgetType": "COST",
        "timeUnit": "MONTHLY",
        "limitAmount": limit,
        "limitUnit": "USD",
        "notifications": [{**notification, **told}],
    }


def _monitored(value: str) -> str:
    tags = {"Key": "Environment", "MatchOptions": None, "Values": [value]}
    return json.dumps({"And": None, "Dimensions": None, "Not": None, "Or": None, "Tags": tags})


def _subscription(world: World, impact: str) -> dict[str, Any]:
    dimension = {"key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE", "matchOptions": ["GREATER_THAN_OR_EQUAL"], "values": [impact]}
    return {
        "frequency": "IMMEDIATE",
        "monitorArnLists": [f"arn:aws:ce::{ACCOUNT}:anomalymonitor/1"],
        "subscribers": [{"type": "SNS", "address": world.topic}],
        "thresholdExpression": {"dimension": dimension},
    }


COSTS = [
    Case(
        "aws:budgets/budget:Budget",
        lambda _: {**_budget("600", 80), "tags": A},
        lambda _: {**_budget("700", 90), "costFilters": [{"name": "TagKeyValue", "values": ["user:Environment$dev"]}], "tags": B},
    ),
    Case("aws:budgets/budget:Budget", lambda _: {**_budget("1", 80), "name": "one"}, lambda _: {"name": "two"}, ("name",)),
    Case(
        "aws:costexplorer/anomalyMonitor:AnomalyMonitor",
        lambda _: {"monitorType": "CUSTOM", "monitorSpecification": _monitored("dev"), "tags": A},
        lambda _: {"tags": B},
    ),
    Case(
        "aws:costexplorer/anomalyMonitor:AnomalyMonitor",
        lambda _: {"monitorType": "CUSTOM", "monitorSpecification": _monitored("dev")},
        lambda _: {"monitorSpecification": _monitored("prod")},
        ("monitorSpecification",),
    ),
    Case(
        "aws:costexplorer/anomalySubscription:AnomalySubscription",
        lambda w: {**_subscription(w, "100"), "tags": A},
        lambda w: {**_subscription(w, "250"), "tags": B},
    ),
    Case(
        "aws:costexplorer/costAllocationTag:CostAllocationTag",
        lambda _: {"tagKey": "Environment", "status": "Active"},
        lambda _: {"status": "Inactive"},
    ),
]
