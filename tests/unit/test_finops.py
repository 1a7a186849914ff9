"""CostAlerts: what it tells whom, who may publish to its topic, and what it watches for anomalies."""

import json
from pathlib import Path
from typing import Any

import pytest
from platform_policies.catalogue import RULES, by_id
from platform_policies.evaluate import evaluate
from platform_policies.graph import Node, ResourceGraph
from platform_policies.rule import Settings
from pydantic import ValidationError

from platform_components.component import public_outputs
from platform_components.declarations.environment import Environment
from platform_components.finops.args import CostAlertsArgs
from platform_components.finops.cost_alerts import CostAlerts
from platform_components.finops.documents import PUBLISHERS
from platformctl.commands.cost import preview_graph
from platformctl.project import find_project
from tests.support import Deployment, deploy

BUDGET = "aws:budgets/budget:Budget"
TOPIC = "aws:sns/topic:Topic"
KEY = "aws:kms/key:Key"
MONITOR = "aws:costexplorer/anomalyMonitor:AnomalyMonitor"
SUBSCRIPTION = "aws:costexplorer/anomalySubscription:AnomalySubscription"
COST_TAG = "aws:costexplorer/costAllocationTag:CostAllocationTag"
TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:prod-cost-alerts"
MAIL = ["a@example.com", "b@example.com"]


def given(**fields: Any) -> CostAlertsArgs:
    return CostAlertsArgs.model_validate({"monthly_usd": 600, "tag_value": "prod", **fields})


def alerts(preview: bool = False, **fields: Any) -> Deployment[CostAlerts]:
    return deploy(lambda: CostAlerts("prod", given(**fields)), preview=preview)


def statements(node: Node) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in json.loads(node.value("policy"))["Statement"]}


def told(budget: Node) -> set[tuple[str, float, str, str]]:
    return {
        (entry["notificationType"], entry["threshold"], entry["thresholdType"], entry["comparisonOperator"])
        for entry in budget.value("notifications")
    }


def test_the_budget_of_a_month_counts_what_has_the_tag() -> None:
    budget = alerts(monthly_usd=18000.5).one(BUDGET)
    assert (budget.value("budgetType"), budget.value("timeUnit")) == ("COST", "MONTHLY")
    assert (budget.value("limitAmount"), budget.value("limitUnit")) == ("18000.5", "USD")
    assert budget.value("costFilters") == [{"name": "TagKeyValue", "values": ["user:Environment$prod"]}]
    assert alerts(monthly_usd=600).one(BUDGET).value("limitAmount") == "600"


def test_half_most_all_and_a_forecast_of_all_are_told_to_everyone() -> None:
    deployment = alerts(notify=MAIL)
    budget = deployment.one(BUDGET)
    assert told(budget) == {
        (kind, share, "PERCENTAGE", "GREATER_THAN")
        for kind, share in [("ACTUAL", 50), ("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    }
    for entry in budget.value("notifications"):
        assert entry["subscriberEmailAddresses"] == MAIL
        assert entry["subscriberSnsTopicArns"] == [TOPIC_ARN] == [deployment.value("topic_arn")]


def test_shares_are_those_that_were_written() -> None:
    assert {(kind, share) for kind, share, *_ in told(alerts(actual_percent=[90], forecast_percent=[]).one(BUDGET))} == {("ACTUAL", 90)}


def test_only_the_cost_services_publish_for_this_account_and_never_in_the_clear() -> None:
    # In a preview too: the rules judge these documents before anything is made.
    for deployment in (alerts(), alerts(preview=True)):
        topic = deployment.one(TOPIC)
        assert topic.value("name") == "prod-cost-alerts"
        found = statements(topic)
        allow = found.pop("CostServicesPublish")
        assert allow == {
            "Sid": "CostServicesPublish",
            "Effect": "Allow",
            "Principal": {"Service": ["budgets.amazonaws.com", "costalerts.amazonaws.com"]},
            "Action": "sns:Publish",
            "Resource": TOPIC_ARN,
            "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
        }
        assert [(one["Effect"], one["Condition"]) for one in found.values()] == [("Deny", {"Bool": {"aws:SecureTransport": "false"}})]


def test_the_topic_has_a_key_that_those_services_may_use() -> None:
    deployment = alerts()
    key = deployment.one(KEY)
    assert deployment.one(TOPIC).value("kmsMasterKeyId") == key.outputs["arn"]
    assert key.value("enableKeyRotation") is True
    services = [one for one in statements(key).values() if "Service" in one["Principal"]]
    assert [(one["Principal"]["Service"], one["Action"], one["Condition"]) for one in services] == [
        (list(PUBLISHERS), ["kms:GenerateDataKey*", "kms:Decrypt"], {"StringEquals": {"aws:SourceAccount": "123456789012"}})
    ]


def test_a_topic_of_somebody_else_needs_no_key() -> None:
    deployment = alerts(topic_arn=TOPIC_ARN.replace("prod", "team"))
    assert deployment.names(TOPIC) == deployment.names(KEY) == []
    assert deployment.value("topic_arn") == TOPIC_ARN.replace("prod", "team")
    (address,) = deployment.one(SUBSCRIPTION).value("subscribers")
    assert address == {"type": "SNS", "address": TOPIC_ARN.replace("prod", "team")}


def test_anomalies_of_the_tag_are_told_to_the_topic_at_once_and_by_mail_daily() -> None:
    deployment = alerts(notify=MAIL, anomaly_usd=250)
    monitor = deployment.one(MONITOR)
    assert monitor.value("monitorType") == "CUSTOM"
    assert json.loads(monitor.value("monitorSpecification")) == {
        "And": None,
        "CostCategories": None,
        "Dimensions": None,
        "Not": None,
        "Or": None,
        "Tags": {"Key": "Environment", "MatchOptions": None, "Values": ["prod"]},
    }
    dimension = {"key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE", "matchOptions": ["GREATER_THAN_OR_EQUAL"], "values": ["250"]}
    for name, frequency, kind, addresses in [
        ("anomalies-topic", "IMMEDIATE", "SNS", [TOPIC_ARN]),
        ("anomalies-mail", "DAILY", "EMAIL", MAIL),
    ]:
        subscription = deployment.one(SUBSCRIPTION, name)
        assert subscription.value("frequency") == frequency
        assert subscription.value("subscribers") == [{"type": kind, "address": address} for address in addresses]
        assert subscription.value("monitorArnLists") == [deployment.value("monitor_arn")]
        assert subscription.value("thresholdExpression") == {"dimension": dimension}


def test_an_account_of_its_own_is_counted_whole_and_watched_by_service() -> None:
    deployment = alerts(scope="account")
    assert "costFilters" not in deployment.one(BUDGET).inputs
    monitor = deployment.one(MONITOR)
    assert (monitor.value("monitorType"), monitor.value("monitorDimension")) == ("DIMENSIONAL", "SERVICE")
    assert "monitorSpecification" not in monitor.inputs


def test_a_monitor_that_is_there_is_taken_and_none_is_made_where_none_is_wanted() -> None:
    arn = "arn:aws:ce::123456789012:anomalymonitor/11111111-2222-3333-4444-555555555555"
    taken = alerts(anomaly_monitor_arn=arn)
    assert taken.names(MONITOR) == []
    assert taken.one(SUBSCRIPTION).value("monitorArnLists") == [arn] == [taken.value("monitor_arn")]
    off = alerts(anomaly_usd=None)
    assert off.names(MONITOR) == off.names(SUBSCRIPTION) == []
    assert off.value("monitor_arn") is None


def test_cost_allocation_tags_are_activated_only_on_request_and_stay() -> None:
    assert alerts().names(COST_TAG) == []
    deployment = alerts(cost_allocation_tags=["Environment", "Team"])
    assert {(node.name, node.value("tagKey"), node.value("status")) for node in deployment.graph.of_type(COST_TAG)} == {
        ("prod-cost-tag-Environment", "Environment", "Active"),
        ("prod-cost-tag-Team", "Team", "Active"),
    }


def test_a_preview_has_the_shape_of_what_is_made() -> None:
    fields = {"notify": MAIL, "cost_allocation_tags": ["Environment"]}
    assert alerts(**fields).shape() == alerts(preview=True, **fields).shape()


def test_every_output_is_set() -> None:
    deployment = alerts()
    assert {name: bool(deployment.value(name)) for name in public_outputs(CostAlerts)} == {
        "budget_name": True,
        "topic_arn": True,
        "monitor_arn": True,
    }


@pytest.mark.parametrize("preview", [True, False])
def test_it_passes_every_rule(preview: bool) -> None:
    judgement = evaluate(alerts(preview, notify=MAIL, tags={"Environment": "prod"}).graph, RULES)
    assert [(one.rule.id, one.property, one.message) for one in judgement.findings] == []
    assert {"aws-sns-encrypted", "aws-sns-no-wildcard-principal", "aws-kms-rotation", "cost-required-tags"} <= set(judgement.passed_by_rule)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"actual_percent": [], "forecast_percent": []}, "actual_percent and forecast_percent name 0 shares; AWS takes 1 to 10 in all"),
        ({"actual_percent": list(range(1, 11))}, "name 11 shares; AWS takes 1 to 10 in all"),
        ({"actual_percent": [80, 80]}, "actual_percent has 80.0 twice; leave one out"),
        ({"notify": ["a@example.com", "a@example.com"]}, "notify has a@example.com twice"),
        ({"notify": ["platform"]}, "String should match pattern"),
        ({"notify": [f"{n}@example.com" for n in range(11)]}, "at most 10"),
        ({"anomaly_usd": 0}, "greater than 0"),
        ({"monthly_usd": -1}, "greater than 0"),
        ({"scope": "region"}, "'tag' or 'account'"),
    ],
)
def test_what_aws_would_refuse_is_refused_before(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        given(**fields)
    assert message in str(refused.value)


def test_the_section_of_a_file_needs_no_more_than_an_amount() -> None:
    settings = {"environment": "prod", "profile": "production", "region": "eu-west-1", "budget": {"monthly_usd": 600}}
    network = {"cidr": "10.0.0.0/16", "zones": ["euw1-az1", "euw1-az2"]}
    budget = Environment.model_validate({**settings, "network": network}).budget
    assert budget is not None
    assert (budget.actual_percent, budget.forecast_percent, budget.anomaly_usd, budget.notify) == ((50, 80, 100), (100,), 100, ())


def test_an_environment_whose_rules_require_a_budget_has_one_that_tells_somebody() -> None:
    project = find_project(Path(__file__).parents[2])
    graph = preview_graph(project, project.stacks_of("prod"))
    wanted = Settings({"cost-required-tags": {"require_budget": True}})
    judgement = evaluate(graph, [by_id()["cost-required-tags"]], wanted)
    assert [(one.urn, one.sub_id, one.message) for one in judgement.findings] == []
    without = ResourceGraph(tuple(node for node in graph if node.type != BUDGET))
    assert {one.sub_id for one in evaluate(without, [by_id()["cost-required-tags"]], wanted).findings} == {
        "budget-present-with-notification"
    }
