"""Budgets with their notifications."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from platformctl.sandbox.aws.rows import Call, F, Name, Row, Scope, Update, rows, text

_BUDGET: Final = {"AccountId": text("{account}"), "BudgetName": "$name"}
_LIMITS: Final = ("budgetType", "timeUnit", "limitAmount", "limitUnit", "costFilters")
_KEYS: Final = {
    "notificationType": "NotificationType",
    "comparisonOperator": "ComparisonOperator",
    "threshold": "Threshold",
    "thresholdType": "ThresholdType",
}
_SUBSCRIBERS: Final = {"subscriberEmailAddresses": "EMAIL", "subscriberSnsTopicArns": "SNS"}


def _described(scope: Scope) -> dict[str, Any]:
    new = scope.new
    budget = {"BudgetName": new["name"], "BudgetType": new["budgetType"], "TimeUnit": new["timeUnit"]}
    if new.get("limitAmount") is not None:
        budget["BudgetLimit"] = {"Amount": new["limitAmount"], "Unit": new.get("limitUnit")}
    if new.get("costFilters"):
        budget["CostFilters"] = {entry["name"]: entry["values"] for entry in new["costFilters"]}
    return budget


def _notification(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {api: entry[prop] for prop, api in _KEYS.items()}


def _subscribers(entry: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"SubscriptionType": kind, "Address": address} for prop, kind in _SUBSCRIBERS.items() for address in entry.get(prop) or ()]


def _with_subscribers(scope: Scope) -> list[dict[str, Any]]:
    return [{"Notification": _notification(entry), "Subscribers": _subscribers(entry)} for entry in scope.new.get("notifications") or ()]


def _set_notifications(scope: Scope) -> None:
    """As the provider does: the old ones go, the new ones come."""
    where = {"AccountId": scope.region.account, "BudgetName": scope.new["name"]}
    for entry in scope.old.get("notifications") or ():
        scope.call("budgets", "delete_notification", **where, Notification=_notification(entry))
    for entry in scope.new.get("notifications") or ():
        scope.call("budgets", "create_notification", **where, Notification=_notification(entry), Subscribers=_subscribers(entry))


def _read_notifications(scope: Scope) -> list[dict[str, Any]]:
    where = {"AccountId": scope.region.account, "BudgetName": scope.item["BudgetName"]}
    found = []
    for notification in scope.call("budgets", "describe_notifications_for_budget", **where)["Notifications"]:
        entry: dict[str, Any] = {prop: notification[api] for prop, api in _KEYS.items()}
        answer = scope.call("budgets", "describe_subscribers_for_notification", **where, Notification=notification)
        for prop, kind in _SUBSCRIBERS.items():
            addresses = [one["Address"] for one in answer["Subscribers"] if one["SubscriptionType"] == kind]
            if addresses:
                entry[prop] = addresses
        found.append(entry)
    return found


def _moment(end: str) -> F:
    """A moment as the provider writes it: `2026-11-01_00:00`."""

    def compute(scope: Scope) -> str | None:
        found = scope.item.get("TimePeriod", {}).get(end)
        return found.strftime("%Y-%m-%d_%H:%M") if isinstance(found, datetime) else None

    return F(compute)


ROWS = rows(
    Row(
        "aws:budgets/budget:Budget",
        "budgets",
        create=Call(
            "create_budget",
            {
                "AccountId": text("{account}"),
                "Budget": F(_described, (*_LIMITS, "name")),
                "NotificationsWithSubscribers": F(_with_subscribers, ("notifications",)),
            },
        ),
        id=text("{account}:{name}", "name"),
        read=Call(
            "describe_budget", {"AccountId": text("{account}"), "BudgetName": F(lambda scope: scope.id.partition(":")[2])}, at="Budget"
        ),
        props={
            "arn": F(lambda scope: f"arn:{scope.region.partition}:budgets::{scope.region.account}:budget/{scope.item['BudgetName']}"),
            "accountId": text("{account}"),
            "name": "BudgetName",
            "budgetType": "BudgetType",
            "timeUnit": "TimeUnit",
            "limitAmount": "BudgetLimit.Amount",
            "limitUnit": "BudgetLimit.Unit",
            "costFilters": F(
                lambda scope: [{"name": name, "values": values} for name, values in (scope.item.get("CostFilters") or {}).items()]
            ),
            "notifications": F(_read_notifications),
            "timePeriodStart": _moment("Start"),
            "timePeriodEnd": _moment("End"),
        },
        updates=(
            Update(_LIMITS, (Call("update_budget", {"AccountId": text("{account}"), "NewBudget": F(_described)}),)),
            Update(("notifications",), (_set_notifications,)),
        ),
        delete=(Call("delete_budget", _BUDGET),),
        name=Name(max_length=100),
        local=frozenset({"namePrefix"}),
        parse=lambda text_: {"name": text_.partition(":")[2]},
    ),
)
