"""What every dashboard here has in common: variables, links, and panels that say what they show, in which unit and from when it is bad."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import common, logs, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as grafana
from grafana_foundation_sdk.builders import loki as loki_query
from grafana_foundation_sdk.builders import prometheus as prometheus_query
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from platform_components.observability.dashboards import UIDS

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
LOGS = "logs"
"""Variable of the data source of logs, in dashboards that show some."""
LOKI = models.DataSourceRef(type_val="loki", uid=f"${{{LOGS}}}")
SCHEMA_VERSION = 41
"""Of Grafana 11.6, from which the SDK's models are generated; later ones read it."""
GRID_WIDTH = 24
TITLES: Mapping[str, str] = {
    "platform-overview": "Platform overview",
    "platform-cluster": "Cluster",
    "platform-mesh": "Mesh",
    "platform-slo": "Objectives",
    "platform-ci": "CI queue",
    "platform-cost": "Cost",
    "platform-tenant": "Tenant",
}
TAG = "platform"

Query = tuple[str, str]
"""An expression, and the legend of its series."""
Step = tuple[float, str]
"""From which value on a colour holds."""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One panel. `steps` colour values from a number on; below the first it is green."""

    title: str
    description: str
    unit: str
    queries: Sequence[Query]
    steps: Sequence[Step] = ()
    base: str = "green"
    width: int = 12
    height: int = 8
    lowest: float | None = 0
    highest: float | None = None
    decimals: int | None = None
    source: models.DataSourceRef = SOURCE


@dataclass(frozen=True, kw_only=True)
class Graph(Panel):
    """Values over time."""

    stacked: bool = False


@dataclass(frozen=True, kw_only=True)
class Stat(Panel):
    """One number, now."""

    width: int = 4
    height: int = 4


@dataclass(frozen=True, kw_only=True)
class Table(Panel):
    """Rows of labels and a value, now."""

    hidden: Sequence[str] = ()
    """Columns that are not shown, beside time and type."""
    renamed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Lines(Panel):
    """Lines of logs, the newest first."""

    unit: str = "short"
    source: models.DataSourceRef = LOKI


@dataclass(frozen=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: Sequence[Panel]


def dashboard(uid: str, description: str, rows: Sequence[Row], *, variables: Sequence[object] = ()) -> models.Dashboard:
    """Build one dashboard: variables for data source, team and namespace, links to all the others, and rows of panels."""
    builder = (
        grafana.Dashboard(TITLES[uid])
        .uid(uid)
        .description(description)
        .tags([TAG])
        .readonly()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .time("now-6h", "now")
        .refresh("1m")
        .timezone("browser")
        .with_variable(grafana.DatasourceVariable("datasource").label("Data source").type("prometheus").include_all(False).multi(False))
        .with_variable(variable("team", "Team", "label_values(namespace:team:info, team)"))
        .with_variable(variable("namespace", "Namespace", 'label_values(namespace:team:info{team=~"$team"}, namespace)'))
    )
    for extra in variables:
        builder = builder.with_variable(extra)
    for other in UIDS:
        if other != uid:
            builder = builder.link(
                grafana.DashboardLink(TITLES[other])
                .type(models.DashboardLinkType.LINK)
                .url(f"/d/{other}")
                .include_vars(True)
                .keep_time(True)
                .as_dropdown(False)
                .target_blank(False)
                .tags([])
                .icon("dashboard")
                .tooltip(f"The same team and time in {TITLES[other]}")
            )
    for row in rows:
        builder = builder.with_row(grafana.Row(row.title))
        for panel in row.panels:
            builder = builder.with_panel(_panel(panel))
    built = builder.build()
    built.schema_version = SCHEMA_VERSION
    for number, each in enumerate(built.panels or [], 1):
        each.id_val = number
    return built


def variable(name: str, label: str, query: str, *, several: bool = True) -> grafana.QueryVariable:
    """A variable whose values a query finds."""
    built = (
        grafana.QueryVariable(name)
        .label(label)
        .query(query)
        .datasource(SOURCE)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(several)
        .include_all(several)
    )
    if several:
        built = built.all_value(".*").current(models.VariableOption(selected=True, text=["All"], value=["$__all"]))
    return built


def log_source() -> grafana.DatasourceVariable:
    """The variable of the data source of logs: the platform's own is that of all tenants, and each team has one of its own."""
    return grafana.DatasourceVariable(LOGS).label("Logs").type("loki").include_all(False).multi(False)


def _panel(panel: Panel) -> "logs.Panel | timeseries.Panel | stat.Panel | table.Panel":
    builder: logs.Panel | timeseries.Panel | stat.Panel | table.Panel
    match panel:
        case Graph():
            builder = (
                timeseries.Panel()
                .fill_opacity(10)
                .show_points(common_models.VisibilityMode.NEVER)
                .legend(
                    common.VizLegendOptions()
                    .display_mode(common_models.LegendDisplayMode.LIST)
                    .placement(common_models.LegendPlacement.BOTTOM)
                    .show_legend(True)
                )
                .tooltip(common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI).sort(common_models.SortOrder.DESCENDING))
            )
            if panel.stacked:
                builder = builder.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL)).fill_opacity(40)
            if panel.steps:
                builder = builder.thresholds_style(common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED))
        case Stat():
            builder = (
                stat.Panel()
                .color_mode(common_models.BigValueColorMode.VALUE)
                .graph_mode(common_models.BigValueGraphMode.AREA)
                .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
            )
        case Table():
            renamed = {"Value": panel.title, **panel.renamed}
            builder = table.Panel().with_transformation(
                models.DataTransformerConfig(
                    id_val="organize",
                    options={"excludeByName": dict.fromkeys(("Time", "__name__", *panel.hidden), True), "renameByName": renamed},
                )
            )
        case Lines():
            builder = (
                logs.Panel()
                .show_time(True)
                .wrap_log_message(True)
                .enable_log_details(True)
                .sort_order(common_models.LogsSortOrder.DESCENDING)
                .dedup_strategy(common_models.LogsDedupStrategy.NONE)
            )
        case _:
            raise TypeError(type(panel))
    builder = (
        builder.title(panel.title)
        .description(panel.description)
        .unit(panel.unit)
        .datasource(panel.source)
        .span(panel.width)
        .height(panel.height)
        .thresholds(_thresholds(panel))
        .no_value("-" if isinstance(panel, Stat) else "nothing")
    )
    if panel.lowest is not None:
        builder = builder.min(panel.lowest)
    if panel.highest is not None:
        builder = builder.max(panel.highest)
    if panel.decimals is not None:
        builder = builder.decimals(panel.decimals)
    for number, (expression, legend) in enumerate(panel.queries):
        builder = builder.with_target(_target(panel, chr(ord("A") + number), expression, legend))
    return builder


def _target(panel: Panel, reference: str, expression: str, legend: str) -> loki_query.Dataquery | prometheus_query.Dataquery:
    if panel.source is LOKI:
        return loki_query.Dataquery().ref_id(reference).expr(expression).legend_format(legend).query_type("range").datasource(LOKI)
    query = prometheus_query.Dataquery().ref_id(reference).expr(expression).legend_format(legend).datasource(SOURCE)
    if isinstance(panel, Graph):
        return query.range()
    return query.instant().format(PromQueryFormat.TABLE if isinstance(panel, Table) else PromQueryFormat.TIME_SERIES)


def _thresholds(panel: Panel) -> grafana.ThresholdsConfig:
    steps = [models.Threshold(value=None, color=panel.base), *(models.Threshold(value=value, color=color) for value, color in panel.steps)]
    return grafana.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)
