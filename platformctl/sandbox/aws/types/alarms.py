"""CloudWatch alarms and dashboards."""

import json
from typing import Any, Final

from platformctl.sandbox.aws.rows import TAG_LIST, Call, F, Name, Row, Scope, Tags, Update, arn, rows, untag

_PLAIN: Final = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluationPeriods": "EvaluationPeriods",
    "extendedStatistic": "ExtendedStatistic",
    "insufficientDataActions": "InsufficientDataActions",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "okActions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}


def _dimensions(scope: Scope) -> Any:
    return [{"Name": name, "Value": value} for name, value in (scope.new.get("dimensions") or {}).items()] or None


def _read_dimensions(scope: Scope) -> Any:
    return {entry["Name"]: entry["Value"] for entry in scope.item.get("Dimensions") or ()} or None


def _threshold(scope: Scope) -> Any:
    """The threshold as whoever writes 900 expects it; moto answers 900.0."""
    value = scope.item.get("Threshold")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _alarm_arn(scope: Scope) -> str:
    return f"arn:{scope.region.partition}:cloudwatch:{scope.region.name}:{scope.region.account}:alarm:{scope.id}"


_PARAMETERS: Final = {
    "AlarmName": "$name",
    **{api: f"${prop}" for prop, api in _PLAIN.items()},
    "Dimensions": F(_dimensions, ("dimensions",)),
}

ROWS = rows(
    Row(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "cloudwatch",
        create=Call("put_metric_alarm", {**_PARAMETERS, "Tags": TAG_LIST}),
        id=F(lambda scope: scope.new["name"]),
        read=Call("describe_alarms", {"AlarmNames": [F(lambda scope: scope.id)]}, at="MetricAlarms[0]"),
        props={
            "arn": "AlarmArn",
            "name": "AlarmName",
            "dimensions": F(_read_dimensions),
            # Lists come back empty, never absent.
            **{prop: F(lambda scope, api=api: scope.item.get(api) or None) for prop, api in _PLAIN.items() if prop.endswith("Actions")},  # type: ignore[misc]
            **{prop: api for prop, api in _PLAIN.items() if not prop.endswith("Actions")},
            "threshold": F(_threshold),
        },
        updates=(Update((*_PLAIN, "dimensions"), (Call("put_metric_alarm", _PARAMETERS),)),),
        delete=(Call("delete_alarms", {"AlarmNames": [F(lambda scope: scope.id)]}),),
        defaults={"actionsEnabled": True, "treatMissingData": "missing"},
        name=Name(),
        tags=Tags(
            read=Call("list_tags_for_resource", {"ResourceARN": F(_alarm_arn)}, at="Tags"),
            add=Call("tag_resource", {"ResourceARN": "$out.arn", "Tags": TAG_LIST}),
            remove=Call("untag_resource", {"ResourceARN": "$out.arn", "TagKeys": F(untag)}),
        ),
        parse=lambda name: {"name": name},
    ),
    Row(
        "aws:cloudwatch/dashboard:Dashboard",
        "cloudwatch",
        create=Call("put_dashboard", {"DashboardName": "$dashboardName", "DashboardBody": "$dashboardBody"}),
        id=F(lambda scope: scope.new["dashboardName"]),
        read=Call("get_dashboard", {"DashboardName": "$id"}),
        props={
            "dashboardName": "DashboardName",
            "dashboardBody": F(lambda scope: json.dumps(json.loads(scope.item["DashboardBody"]))),
            "dashboardArn": arn("cloudwatch", "dashboard/{id}", regional=False),
        },
        updates=(
            Update(("dashboardBody",), (Call("put_dashboard", {"DashboardName": "$dashboardName", "DashboardBody": "$dashboardBody"}),)),
        ),
        delete=(Call("delete_dashboards", {"DashboardNames": [F(lambda scope: scope.id)]}),),
        parse=lambda name: {"dashboardName": name},
    ),
)
