"""Cost: what the cluster costs as it runs now, by team, by kind, and what of it nobody uses."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.building import Graph, Row, Stat, Table, dashboard
from platform_components.observability.dashboards import COST
from platform_components.observability.rules.services import HOURS_OF_A_MONTH

_TEAM = 'namespace:cost_hourly_usd:sum * on (namespace) group_left (team) namespace:team:info{team=~"$team"}'
_NODE = "max by (node) (node_total_hourly_cost)"
_TYPED = "max by (node, instance_type) (node_total_hourly_cost)"


def build() -> Dashboard:
    """The dashboard."""
    return dashboard(
        COST,
        "What the cluster costs at this moment's rate, by team and kind, and what of it nobody uses. Prices are OpenCost's.",
        [_now(), _teams(), _kinds()],
    )


def _now() -> Row:
    return Row(
        "Now",
        [
            Stat(
                title="Cluster, a month",
                description=f"At this moment's rate: {HOURS_OF_A_MONTH} hours of nodes, control plane and load balancers.",
                unit="currencyUSD",
                queries=[("cluster:cost_monthly_usd:sum", "")],
                width=6,
            ),
            Stat(
                title="Team, a month",
                description="CPU and memory that the chosen teams' pods have requested or used, whichever is more.",
                unit="currencyUSD",
                queries=[(f"sum({_TEAM}) * {HOURS_OF_A_MONTH}", "")],
                width=6,
            ),
            Stat(
                title="CPU that nobody requested",
                description="Share of the nodes' CPU that no pod has asked for: what consolidation can save.",
                unit="percentunit",
                queries=[("1 - cluster:cpu_requests_cores:sum / cluster:cpu_allocatable_cores:sum", "")],
                steps=[(0.3, "orange"), (0.5, "red")],
                width=6,
            ),
            Stat(
                title="On spot",
                description="Share of the nodes' cost that is spot capacity.",
                unit="percentunit",
                queries=[(f"sum({_NODE} * on (node) max by (node) (kubecost_node_is_spot)) / sum({_NODE})", "")],
                width=6,
            ),
        ],
    )


def _teams() -> Row:
    return Row(
        "Teams",
        [
            Graph(
                title="Cost by team, a month",
                description="At each moment's rate.",
                unit="currencyUSD",
                queries=[(f"sum by (team) ({_TEAM}) * {HOURS_OF_A_MONTH}", "{{team}}")],
                stacked=True,
            ),
            Table(
                title="Dollars a month",
                description="By team and namespace, the dearest first.",
                unit="currencyUSD",
                queries=[(f"sort_desc(sum by (team, namespace) ({_TEAM}) * {HOURS_OF_A_MONTH})", "")],
            ),
            Table(
                title="CPU cores requested and not used",
                description="The twenty namespaces with most to give back: requests less the use of the last hour.",
                unit="short",
                queries=[
                    (
                        (
                            "topk(20, sum by (namespace) "
                            '(kube_pod_container_resource_requests{resource="cpu",namespace=~"$namespace"}) '
                            '- sum by (namespace) (rate(container_cpu_usage_seconds_total{container!="",namespace=~"$namespace"}[1h])))'
                        ),
                        "",
                    )
                ],
                decimals=1,
            ),
            Table(
                title="Memory requested and not used",
                description="The twenty namespaces with most to give back.",
                unit="bytes",
                queries=[
                    (
                        (
                            "topk(20, sum by (namespace) "
                            '(kube_pod_container_resource_requests{resource="memory",namespace=~"$namespace"}) '
                            '- sum by (namespace) (container_memory_working_set_bytes{container!="",namespace=~"$namespace"}))'
                        ),
                        "",
                    )
                ],
            ),
        ],
    )


def _kinds() -> Row:
    return Row(
        "Nodes and volumes",
        [
            Graph(
                title="Nodes by instance type, a month",
                description="At each moment's rate.",
                unit="currencyUSD",
                queries=[
                    (
                        f"sum by (instance_type) ({_TYPED}) * {HOURS_OF_A_MONTH}",
                        "{{instance_type}}",
                    )
                ],
                stacked=True,
                width=8,
            ),
            Graph(
                title="Node pools, a month",
                description="As Karpenter reckons its pools, at list prices.",
                unit="currencyUSD",
                queries=[(f"sum by (nodepool) (karpenter_nodepools_cost_total) * {HOURS_OF_A_MONTH}", "{{nodepool}}")],
                stacked=True,
                width=8,
            ),
            Graph(
                title="Volumes, a month",
                description="Price a GB and hour, times what the claims hold.",
                unit="currencyUSD",
                queries=[
                    (
                        (
                            "sum(sum by (persistentvolume) (pod_pvc_allocation) / 1024 ^ 3 "
                            f"* on (persistentvolume) max by (persistentvolume) (pv_hourly_cost)) * {HOURS_OF_A_MONTH}"
                        ),
                        "volumes",
                    )
                ],
                width=8,
            ),
        ],
    )
