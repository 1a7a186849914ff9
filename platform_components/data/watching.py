"""Alarms and a dashboard in CloudWatch, for any component that has something with metrics."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from platform_components.component import PlatformComponent
from platform_components.data.monitoring import Watch, widget
from platform_components.data.options import Alarms
from platform_components.names import child_name
from platform_components.tags import MANAGED_BY, merge_tags


def create_watch(
    component: PlatformComponent,
    name: str,
    watch: Watch,
    dimensions: Mapping[str, pulumi.Input[str]],
    settings: Alarms,
    tags: Mapping[str, str],
    region: pulumi.Output[str],
    role: str = "",
) -> None:
    """Make the alarms and the dashboard of one thing that has metrics.

    Args:
        component: their parent.
        name: the component's own name.
        watch: what is watched.
        dimensions: which thing it is, as CloudWatch knows it.
        settings: whether they are made, and who is told.
        tags: tags of the alarms.
        region: where it is.
        role: tells it from others of the same component; empty where it is the only one.
    """
    if not settings.enabled:
        return
    actions = [settings.topic_arn] if settings.topic_arn is not None else None
    parts = (role,) if role else ()
    for alarm in watch.alarms:
        alarm_name = child_name(name, *parts, alarm.role)
        aws.cloudwatch.MetricAlarm(
            alarm_name,
            name=alarm_name,
            alarm_description=f"{name}: {alarm.why}",
            namespace=watch.namespace,
            metric_name=alarm.metric,
            dimensions=dimensions,
            statistic=alarm.statistic,
            comparison_operator=alarm.comparison,
            threshold=alarm.threshold,
            period=alarm.period,
            evaluation_periods=alarm.periods,
            treat_missing_data=alarm.missing,
            alarm_actions=actions,
            ok_actions=actions,
            tags=merge_tags({"Name": alarm_name, "ManagedBy": MANAGED_BY}, tags),
            opts=component.child_options(),
        )
    if not watch.graphs:
        return
    dashboard = child_name(name, *parts, "dashboard")
    widgets = [widget(title, watch.namespace, metrics, dimensions, region, place) for place, (title, metrics) in enumerate(watch.graphs)]
    aws.cloudwatch.Dashboard(
        dashboard, dashboard_name=dashboard, dashboard_body=pulumi.Output.json_dumps({"widgets": widgets}), opts=component.child_options()
    )
