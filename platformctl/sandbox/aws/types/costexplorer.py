"""Cost anomaly detection and cost allocation tags: moto has none of them, so they are recorded."""

import json
import uuid
from typing import Any, Final

from platformctl.sandbox.aws.rows import Call, F, Name, Row, Scope, pascals, rows, tag_list
from platformctl.sandbox.aws.values import without_none
from platformctl.sandbox.plugin import ProviderError, Values

_MONITOR: Final = "aws:costexplorer/anomalyMonitor:AnomalyMonitor"
_TAGS: Final = F(lambda scope: tag_list(scope.new.get("tags")), ("tags",))


def _arn(kind: str) -> F:
    def compute(scope: Scope) -> str:
        identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{scope.subject.urn}#{scope.new['name']}")
        return f"arn:{scope.region.partition}:ce::{scope.region.account}:{kind}/{identity}"

    return F(compute)


def _specification(scope: Scope) -> Any:
    """The specification as the call takes it: without the keys that are null, at any depth."""
    document = scope.new.get("monitorSpecification")
    return json.loads(document, object_hook=without_none) if document else None


def _one_by_dimension(scope: Scope) -> None:
    """An account has one monitor for each dimension (https://aws.amazon.com/aws-cost-management/aws-cost-anomaly-detection/faqs/)."""
    dimension = scope.new.get("monitorDimension")
    if dimension is None:
        return
    for document in scope.region.cloud.server.all(_MONITOR).values():
        if document["urn"] != scope.subject.urn and document["inputs"].get("monitorDimension") == dimension:
            raise ProviderError("CreateAnomalyMonitor: ValidationException: Limit exceeded on dimensional spend monitor creation")


def _monitor_problem(inputs: Values) -> str | None:
    by_dimension = inputs.get("monitorType") == "DIMENSIONAL"
    wanted, other = ("monitorDimension", "monitorSpecification") if by_dimension else ("monitorSpecification", "monitorDimension")
    if inputs.get(wanted) is None or inputs.get(other) is not None:
        return f"a monitor of type {inputs.get('monitorType')} has {wanted} and no {other}"
    return None


def _subscription_problem(inputs: Values) -> str | None:
    """What AWS sends at once goes to topics, what it gathers goes to mailboxes."""
    wanted = "SNS" if inputs.get("frequency") == "IMMEDIATE" else "EMAIL"
    kinds = {entry.get("type") for entry in inputs.get("subscribers") or () if isinstance(entry, dict)}
    return f"frequency {inputs.get('frequency')} takes subscribers of type {wanted} only" if kinds - {wanted} else None


def _expression(value: Any) -> Any:
    """A threshold expression as the call takes it; only that of one dimension is told apart here."""
    return {"Dimensions": {key[:1].upper() + key[1:]: item for key, item in value["dimension"].items()}} if "dimension" in value else None


_SUBSCRIPTION: Final = {
    "MonitorArnList": "$monitorArnLists",
    "Subscribers": pascals("subscribers"),
    "Frequency": "$frequency",
    "SubscriptionName": "$name",
    "ThresholdExpression": F(lambda scope: _expression(scope.new.get("thresholdExpression") or {}), ("thresholdExpression",)),
}

ROWS = rows(
    Row(
        _MONITOR,
        "ce",
        emulated=False,
        needs=(_one_by_dimension,),
        create=Call(
            "create_anomaly_monitor",
            {
                "AnomalyMonitor": {
                    "MonitorName": "$name",
                    "MonitorType": "$monitorType",
                    "MonitorDimension": "$monitorDimension",
                    "MonitorSpecification": F(_specification, ("monitorSpecification",)),
                },
                "ResourceTags": _TAGS,
            },
        ),
        update=Call("update_anomaly_monitor", {"MonitorArn": "$id", "MonitorName": "$name"}),
        id=_arn("anomalymonitor"),
        props={"arn": F(lambda scope: scope.id)},
        sticky=frozenset({"arn"}),
        force_new=frozenset({"monitorType", "monitorDimension", "monitorSpecification"}),
        name=Name(max_length=1024),
        requires=_monitor_problem,
    ),
    Row(
        "aws:costexplorer/anomalySubscription:AnomalySubscription",
        "ce",
        emulated=False,
        create=Call("create_anomaly_subscription", {"AnomalySubscription": _SUBSCRIPTION, "ResourceTags": _TAGS}),
        update=Call("update_anomaly_subscription", {"SubscriptionArn": "$id", **_SUBSCRIPTION}),
        id=_arn("anomalysubscription"),
        props={"arn": F(lambda scope: scope.id), "accountId": F(lambda scope: scope.new.get("accountId") or scope.region.account)},
        sticky=frozenset({"arn"}),
        force_new=frozenset({"name", "accountId"}),
        name=Name(max_length=1024),
        requires=_subscription_problem,
    ),
    Row(
        "aws:costexplorer/costAllocationTag:CostAllocationTag",
        "ce",
        emulated=False,
        create=Call("update_cost_allocation_tags_status", {"CostAllocationTagsStatus": [{"TagKey": "$tagKey", "Status": "$status"}]}),
        id=F(lambda scope: scope.new["tagKey"]),
        props={"type": F(lambda _: "UserDefined")},
        force_new=frozenset({"tagKey"}),
        parse=lambda key: {"tagKey": key},
    ),
)
