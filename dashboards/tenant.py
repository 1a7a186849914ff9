"""Tenant: everything a team asks of its own namespaces: alerts, pods, use beside requests and quota, traffic, volumes, cost."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.building import LOKI, Graph, Lines, Row, Stat, Table, dashboard, log_source
from platform_components.observability.dashboards import TENANT
from platform_components.observability.rules.logs import LEVEL, NAMESPACE
from platform_components.observability.rules.services import HOURS_OF_A_MONTH

_IN = 'namespace=~"$namespace"'
_CONTAINER = f'{_IN},container!=""'
_BY = "sum by (namespace, container)"


def build() -> Dashboard:
    """The dashboard."""
    return dashboard(
        TENANT,
        "What a team asks of its own namespaces: alerts, pods, use beside requests and quota, traffic, volumes, cost.",
        [_now(), _pods(), _use(), _rest(), _logs()],
        variables=[log_source()],
    )


def _now() -> Row:
    return Row(
        "Now",
        [
            Stat(
                title="Firing alerts",
                description="Alerts of the team, of any severity.",
                unit="short",
                queries=[('count(ALERTS{alertstate="firing",team=~"$team"}) or vector(0)', "")],
                steps=[(1, "red")],
            ),
            Stat(
                title="Pods",
                description="Pods that run or wait.",
                unit="short",
                queries=[(f'sum(kube_pod_status_phase{{{_IN},phase=~"Pending|Running"}})', "")],
            ),
            Stat(
                title="Pods not ready",
                description="Pods that run and take no traffic.",
                unit="short",
                queries=[
                    (
                        (
                            f'count((kube_pod_status_ready{{{_IN},condition="true"}} == 0) '
                            f'and on (namespace, pod) (kube_pod_status_phase{{{_IN},phase="Running"}} == 1)) or vector(0)'
                        ),
                        "",
                    )
                ],
                steps=[(1, "orange")],
            ),
            Stat(
                title="Restarts in the last hour",
                description="Restarts of containers.",
                unit="short",
                queries=[(f"sum(increase(kube_pod_container_status_restarts_total{{{_IN}}}[1h]))", "")],
                steps=[(1, "orange"), (10, "red")],
                decimals=0,
            ),
            Stat(
                title="Least error budget left",
                description="Of the worst objective of the namespace's services.",
                unit="percentunit",
                queries=[('min(slo:period_error_budget_remaining:ratio{team=~"$team"})', "")],
                steps=[(0, "orange"), (0.25, "green")],
                base="red",
                lowest=None,
            ),
            Stat(
                title="Cost, a month",
                description="At this moment's rate.",
                unit="currencyUSD",
                queries=[(f"sum(namespace:cost_hourly_usd:sum{{{_IN}}}) * {HOURS_OF_A_MONTH}", "")],
            ),
        ],
    )


def _pods() -> Row:
    return Row(
        "Pods",
        [
            Table(
                title="Alerts",
                description="What fires for the team.",
                unit="short",
                queries=[('sum by (alertname, severity, namespace) (ALERTS{alertstate="firing",team=~"$team"})', "")],
                width=8,
            ),
            Table(
                title="Containers that wait",
                description="Why containers do not start.",
                unit="short",
                queries=[(f"sum by (namespace, pod, container, reason) (kube_pod_container_status_waiting_reason{{{_IN}}} == 1)", "")],
                width=8,
            ),
            Graph(
                title="Replicas that are missing",
                description="Wanted less available, by deployment.",
                unit="short",
                queries=[
                    (
                        (
                            f"kube_deployment_spec_replicas{{{_IN}}} - on (namespace, deployment) "
                            "kube_deployment_status_replicas_available > 0"
                        ),
                        "{{namespace}}/{{deployment}}",
                    )
                ],
                width=8,
            ),
        ],
    )


def _use() -> Row:
    return Row(
        "Use",
        [
            Graph(
                title="CPU",
                description="Cores in use, requested, and the most the containers may use.",
                unit="short",
                queries=[
                    (f"sum(rate(container_cpu_usage_seconds_total{{{_CONTAINER}}}[$__rate_interval]))", "used"),
                    (f'sum(kube_pod_container_resource_requests{{{_IN},resource="cpu"}})', "requested"),
                    (f'sum(kube_pod_container_resource_limits{{{_IN},resource="cpu"}})', "limit"),
                ],
            ),
            Graph(
                title="Memory",
                description="Bytes in use, requested, and the most the containers may use before they are killed.",
                unit="bytes",
                queries=[
                    (f"sum(container_memory_working_set_bytes{{{_CONTAINER}}})", "used"),
                    (f'sum(kube_pod_container_resource_requests{{{_IN},resource="memory"}})', "requested"),
                    (f'sum(kube_pod_container_resource_limits{{{_IN},resource="memory"}})', "limit"),
                ],
            ),
            Graph(
                title="CPU throttled",
                description="Share of periods in which a container had to wait for its CPU limit.",
                unit="percentunit",
                queries=[
                    (
                        (
                            f"{_BY} (rate(container_cpu_cfs_throttled_periods_total{{{_CONTAINER}}}[$__rate_interval])) "
                            f"/ {_BY} (rate(container_cpu_cfs_periods_total{{{_CONTAINER}}}[$__rate_interval]))"
                        ),
                        "{{namespace}}/{{container}}",
                    )
                ],
                steps=[(0.25, "orange")],
                highest=1,
            ),
            Graph(
                title="Quota",
                description="Used of what the namespace may have, by resource; at 1 new pods are refused.",
                unit="percentunit",
                queries=[
                    (
                        (
                            f'max by (namespace, resource) (kube_resourcequota{{{_IN},type="used"}} '
                            f'/ ignoring (type) (kube_resourcequota{{{_IN},type="hard"}} > 0))'
                        ),
                        "{{namespace}} {{resource}}",
                    )
                ],
                steps=[(0.9, "orange"), (1, "red")],
                highest=1,
            ),
        ],
    )


def _rest() -> Row:
    requests = 'istio_requests_total{reporter=~"destination|waypoint",destination_service_namespace=~"$namespace"}'
    return Row(
        "Traffic and volumes",
        [
            Graph(
                title="Requests by code",
                description="Requests a second to the team's services.",
                unit="reqps",
                queries=[(f"sum by (response_code) (rate({requests}[$__rate_interval]))", "{{response_code}}")],
                stacked=True,
                width=8,
            ),
            Graph(
                title="Network",
                description="Bytes a second of the pods.",
                unit="Bps",
                queries=[
                    (f"sum(rate(container_network_receive_bytes_total{{{_IN}}}[$__rate_interval]))", "received"),
                    (f"sum(rate(container_network_transmit_bytes_total{{{_IN}}}[$__rate_interval]))", "sent"),
                ],
                width=8,
            ),
            Graph(
                title="Volumes: space left",
                description="Share of each volume that is free.",
                unit="percentunit",
                queries=[
                    (
                        (
                            f"max by (namespace, persistentvolumeclaim) (kubelet_volume_stats_available_bytes{{{_IN}}} "
                            f"/ kubelet_volume_stats_capacity_bytes)"
                        ),
                        "{{namespace}}/{{persistentvolumeclaim}}",
                    )
                ],
                highest=1,
                width=8,
            ),
        ],
    )


def _logs() -> Row:
    # Loki wants one matcher that nothing empty fits, and all namespaces are `.*`.
    lines = f'{{{NAMESPACE}=~".+",{NAMESPACE}=~"$namespace"}}'
    return Row(
        "Logs",
        [
            Graph(
                title="Lines by level",
                description="Lines a second, by the level that Loki takes them to have.",
                unit="short",
                queries=[(f"sum by ({LEVEL}) (rate({lines} [$__auto]))", f"{{{{{LEVEL}}}}}")],
                stacked=True,
                width=8,
                source=LOKI,
            ),
            Lines(
                title="Errors",
                description="The newest lines that are errors.",
                queries=[(f'{lines} | {LEVEL}=~"error|critical|fatal"', "")],
                width=16,
            ),
        ],
    )
