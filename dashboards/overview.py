"""Platform overview: is anything wrong, and where to look next."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.building import Graph, Row, Stat, Table, dashboard
from platform_components.observability.dashboards import OVERVIEW


def build() -> Dashboard:
    """The dashboard."""
    return dashboard(
        OVERVIEW,
        "Whether anything is wrong on the platform, and where to look next.",
        [
            Row(
                "Now",
                [
                    Stat(
                        title="Pages",
                        description="Alerts that somebody has to answer at once.",
                        unit="short",
                        queries=[('count(ALERTS{alertstate="firing",severity="page"}) or vector(0)', "")],
                        steps=[(1, "red")],
                    ),
                    Stat(
                        title="Tickets",
                        description="Alerts for working hours.",
                        unit="short",
                        queries=[('count(ALERTS{alertstate="firing",severity="ticket"}) or vector(0)', "")],
                        steps=[(1, "orange")],
                    ),
                    Stat(
                        title="Nodes not ready",
                        description="Nodes whose kubelet does not report, or reports that it is not ready.",
                        unit="short",
                        queries=[('count(kube_node_status_condition{condition="Ready",status="true"} == 0) or vector(0)', "")],
                        steps=[(1, "orange"), (2, "red")],
                    ),
                    Stat(
                        title="API server errors",
                        description="Share of the API server's answers that are its own errors; 3% pages.",
                        unit="percentunit",
                        queries=[
                            (
                                (
                                    'sum(rate(apiserver_request_total{code=~"5.."}[$__rate_interval])) '
                                    "/ sum(rate(apiserver_request_total[$__rate_interval]))"
                                ),
                                "",
                            )
                        ],
                        steps=[(0.01, "orange"), (0.03, "red")],
                        decimals=2,
                    ),
                    Stat(
                        title="Applications out of sync",
                        description="Argo CD applications that are not as Git says.",
                        unit="short",
                        queries=[('count(argocd_app_info{sync_status!="Synced"}) or vector(0)', "")],
                        steps=[(1, "orange")],
                    ),
                    Stat(
                        title="Next certificate to expire",
                        description="Time until the first certificate of cert-manager expires.",
                        unit="s",
                        queries=[("min(certmanager_certificate_expiration_timestamp_seconds) - time()", "")],
                        steps=[(3 * 86400, "orange"), (14 * 86400, "green")],
                        base="red",
                    ),
                ],
            ),
            Row(
                "Alerts",
                [
                    Table(
                        title="Firing alerts",
                        description="What fires now, by alert, team and severity. Each has a page in docs/runbooks.",
                        unit="short",
                        queries=[
                            ('sum by (alertname, severity, team) (ALERTS{alertstate="firing",alertname!="Watchdog",team=~"$team"})', "")
                        ],
                        width=12,
                    ),
                    Graph(
                        title="Firing over time",
                        description="Firing alerts by severity.",
                        unit="short",
                        queries=[('sum by (severity) (ALERTS{alertstate="firing",alertname!="Watchdog"})', "{{severity}}")],
                        stacked=True,
                    ),
                ],
            ),
            Row(
                "Capacity",
                [
                    Graph(
                        title="CPU: requested of what there is",
                        description="Share of the nodes' CPU that pods have requested. Karpenter keeps it high on purpose.",
                        unit="percentunit",
                        queries=[("cluster:cpu_requests_cores:sum / cluster:cpu_allocatable_cores:sum", "cluster")],
                        highest=1,
                        width=8,
                    ),
                    Graph(
                        title="Memory: requested of what there is",
                        description="Share of the nodes' memory that pods have requested.",
                        unit="percentunit",
                        queries=[("cluster:memory_requests_bytes:sum / cluster:memory_allocatable_bytes:sum", "cluster")],
                        highest=1,
                        width=8,
                    ),
                    Graph(
                        title="Node pools: used of their limit",
                        description="At its limit a pool launches no further node.",
                        unit="percentunit",
                        queries=[("nodepool:cpu_usage_cores:max / nodepool:cpu_limit_cores:max", "{{nodepool}}")],
                        steps=[(0.85, "orange"), (0.95, "red")],
                        highest=1,
                        width=8,
                    ),
                ],
            ),
            Row(
                "Delivery and backups",
                [
                    Graph(
                        title="Syncs",
                        description="Syncs of Argo CD by how they ended.",
                        unit="short",
                        queries=[("sum by (phase) (increase(argocd_app_sync_total[$__rate_interval]))", "{{phase}}")],
                        stacked=True,
                    ),
                    Graph(
                        title="Age of the newest good backup",
                        description="By Velero schedule.",
                        unit="s",
                        queries=[('time() - max by (schedule) (velero_backup_last_successful_timestamp{schedule!=""})', "{{schedule}}")],
                    ),
                ],
            ),
            Row(
                "Monitoring itself",
                [
                    Table(
                        title="Targets that cannot be scraped",
                        description="Down targets by job.",
                        unit="short",
                        queries=[("count by (job, namespace) (up == 0)", "")],
                        width=8,
                    ),
                    Graph(
                        title="Series in memory",
                        description="Series that Prometheus holds: what its memory is spent on.",
                        unit="short",
                        queries=[("sum(prometheus_tsdb_head_series)", "series")],
                        width=8,
                    ),
                    Graph(
                        title="Targets over their sample limit",
                        description="Scrapes refused because a target gives more samples than it may.",
                        unit="short",
                        queries=[("sum(increase(prometheus_target_scrapes_exceeded_sample_limit_total[$__rate_interval]))", "refused")],
                        width=8,
                    ),
                ],
            ),
        ],
    )
