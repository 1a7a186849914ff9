"""Cluster: nodes, the control plane as far as it shows, DNS, Karpenter, addresses, volumes, certificates."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.building import Graph, Row, Stat, Table, dashboard
from platform_components.observability.dashboards import CLUSTER

_DISKS = 'fstype!~"tmpfs|overlay|squashfs|ramfs"'


def build() -> Dashboard:
    """The dashboard."""
    return dashboard(
        CLUSTER,
        "Nodes, the control plane as far as it shows, DNS, Karpenter, addresses, volumes and certificates.",
        [_nodes(), _control_plane(), _growth(), _storage()],
    )


def _nodes() -> Row:
    return Row(
        "Nodes",
        [
            Stat(
                title="Nodes",
                description="Nodes of the cluster.",
                unit="short",
                queries=[("count(kube_node_info)", "")],
            ),
            Stat(
                title="Pods",
                description="Pods that run or wait.",
                unit="short",
                queries=[("cluster:pods_running:sum", "")],
            ),
            Stat(
                title="Pods that find no node",
                description="Pods that Karpenter cannot place.",
                unit="short",
                queries=[("max(karpenter_scheduler_unschedulable_pods_count)", "")],
                steps=[(1, "orange")],
            ),
            Table(
                title="Nodes not ready",
                description="Nodes whose kubelet does not report, or reports that it is not ready.",
                unit="short",
                queries=[('kube_node_status_condition{condition="Ready",status="true"} == 0', "")],
                hidden=("condition", "container", "endpoint", "instance", "job", "pod", "service", "status", "Value"),
                height=4,
            ),
            Graph(
                title="CPU in use",
                description="Share of each node's CPU that works.",
                unit="percentunit",
                queries=[
                    ('1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[$__rate_interval]))', "{{instance}}"),
                ],
                highest=1,
                width=8,
            ),
            Graph(
                title="Memory in use",
                description="Share of each node's memory that cannot be given to others.",
                unit="percentunit",
                queries=[("1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", "{{instance}}")],
                steps=[(0.95, "red")],
                highest=1,
                width=8,
            ),
            Graph(
                title="Waiting for CPU, memory and disk",
                description="Share of time in which something waited (pressure stall information), all nodes.",
                unit="percentunit",
                queries=[
                    ("avg(rate(node_pressure_cpu_waiting_seconds_total[$__rate_interval]))", "CPU"),
                    ("avg(rate(node_pressure_memory_waiting_seconds_total[$__rate_interval]))", "memory"),
                    ("avg(rate(node_pressure_io_waiting_seconds_total[$__rate_interval]))", "disk"),
                ],
                width=8,
            ),
            Graph(
                title="Processes killed for want of memory",
                description="Kills by the kernel, by node.",
                unit="short",
                queries=[("sum by (instance) (increase(node_vmstat_oom_kill[$__rate_interval]))", "{{instance}}")],
                width=8,
            ),
            Graph(
                title="Network",
                description="Bytes a second over all nodes, without loopback and pods' own interfaces.",
                unit="Bps",
                queries=[
                    ('sum(rate(node_network_receive_bytes_total{device!~"lo|veth.*|eni.*"}[$__rate_interval]))', "received"),
                    ('sum(rate(node_network_transmit_bytes_total{device!~"lo|veth.*|eni.*"}[$__rate_interval]))', "sent"),
                ],
                width=8,
            ),
            Graph(
                title="Connections tracked, of what there can be",
                description="A full table drops new connections.",
                unit="percentunit",
                queries=[("max by (instance) (node_nf_conntrack_entries / node_nf_conntrack_entries_limit)", "{{instance}}")],
                steps=[(0.8, "orange")],
                highest=1,
                width=8,
            ),
        ],
    )


def _control_plane() -> Row:
    return Row(
        "API server and DNS",
        [
            Graph(
                title="API requests by verb",
                description="Requests a second.",
                unit="reqps",
                queries=[("sum by (verb) (rate(apiserver_request_total[$__rate_interval]))", "{{verb}}")],
                stacked=True,
                width=8,
            ),
            Graph(
                title="API errors",
                description="Share of answers that are the API server's own errors; 3% pages.",
                unit="percentunit",
                queries=[
                    (
                        (
                            'sum(rate(apiserver_request_total{code=~"5.."}[$__rate_interval])) '
                            "/ sum(rate(apiserver_request_total[$__rate_interval]))"
                        ),
                        "errors",
                    )
                ],
                steps=[(0.03, "red")],
                width=8,
            ),
            Graph(
                title="API latency, 99th percentile",
                description="By verb, without requests that stay open.",
                unit="s",
                queries=[
                    (
                        (
                            "histogram_quantile(0.99, sum by (le, verb) (rate(apiserver_request_duration_seconds_bucket"
                            '{verb=~"GET|POST|PUT|PATCH|DELETE",subresource!~"log|exec|portforward|attach|proxy"}[$__rate_interval])))'
                        ),
                        "{{verb}}",
                    )
                ],
                steps=[(2, "orange")],
                width=8,
            ),
            Graph(
                title="Webhooks that refuse or fail",
                description="Rejections a second, by webhook and cause.",
                unit="reqps",
                queries=[
                    (
                        "sum by (name, error_type) (rate(apiserver_admission_webhook_rejection_count[$__rate_interval]))",
                        "{{name}} {{error_type}}",
                    )
                ],
                width=8,
            ),
            Graph(
                title="DNS answers",
                description="Answers of CoreDNS a second, by code.",
                unit="reqps",
                queries=[("sum by (rcode) (rate(coredns_dns_responses_total[$__rate_interval]))", "{{rcode}}")],
                stacked=True,
                width=8,
            ),
            Graph(
                title="DNS latency, 99th percentile",
                description="By zone.",
                unit="s",
                queries=[
                    (
                        "histogram_quantile(0.99, sum by (le, zone) (rate(coredns_dns_request_duration_seconds_bucket[$__rate_interval])))",
                        "{{zone}}",
                    )
                ],
                width=8,
            ),
        ],
    )


def _growth() -> Row:
    return Row(
        "Growth",
        [
            Graph(
                title="Node pools: vCPU of their limit",
                description="At its limit a pool launches no further node.",
                unit="percentunit",
                queries=[("nodepool:cpu_usage_cores:max / nodepool:cpu_limit_cores:max", "{{nodepool}}")],
                steps=[(0.85, "orange"), (0.95, "red")],
                highest=1,
                width=8,
            ),
            Graph(
                title="Nodes launched and ended",
                description="By pool; many of both means churn.",
                unit="short",
                queries=[
                    ("sum by (nodepool) (increase(karpenter_nodeclaims_created_total[$__rate_interval]))", "{{nodepool}} launched"),
                    ("sum by (nodepool) (increase(karpenter_nodeclaims_terminated_total[$__rate_interval]))", "{{nodepool}} ended"),
                ],
                width=8,
            ),
            Graph(
                title="Launches that fail, interruptions",
                description="Errors of EC2 by kind, and notices of interruption by kind.",
                unit="short",
                queries=[
                    ('sum by (error) (increase(karpenter_cloudprovider_errors_total{method="Create"}[$__rate_interval]))', "{{error}}"),
                    (
                        "sum by (message_type) (increase(karpenter_interruption_received_messages_total[$__rate_interval]))",
                        "{{message_type}}",
                    ),
                ],
                width=8,
            ),
            Graph(
                title="Addresses of the node subnets",
                description="Share that nodes and pods have taken, by zone: what the CNI holds, and each interface's own.",
                unit="percentunit",
                queries=[("zone:subnet_addresses_taken:sum / on (zone) zone:subnet_addresses_size:max", "{{zone}}")],
                steps=[(0.85, "orange")],
                highest=1,
                width=8,
            ),
            Graph(
                title="Addresses that nodes hold and use",
                description="Held but unused addresses are what the CNI keeps warm.",
                unit="short",
                queries=[
                    ("sum(awscni_total_ip_addresses)", "held"),
                    ("sum(awscni_assigned_ip_addresses)", "used by pods"),
                ],
                width=8,
            ),
            Graph(
                title="Addresses refused",
                description="Pods that a node had no address for; any pages.",
                unit="short",
                queries=[("sum(increase(awscni_no_available_ip_addresses[$__rate_interval]))", "refused")],
                steps=[(1, "red")],
                width=8,
            ),
        ],
    )


def _storage() -> Row:
    return Row(
        "Volumes and certificates",
        [
            Graph(
                title="Volumes: space left",
                description="The ten fullest volumes.",
                unit="percentunit",
                queries=[
                    (
                        (
                            "bottomk(10, max by (namespace, persistentvolumeclaim) "
                            '(kubelet_volume_stats_available_bytes{namespace=~"$namespace"} / kubelet_volume_stats_capacity_bytes))'
                        ),
                        "{{namespace}}/{{persistentvolumeclaim}}",
                    )
                ],
                highest=1,
                width=8,
            ),
            Graph(
                title="Nodes: space left on disk",
                description="The ten fullest file systems.",
                unit="percentunit",
                queries=[
                    (
                        (
                            f"bottomk(10, min by (instance, mountpoint) "
                            f"(node_filesystem_avail_bytes{{{_DISKS}}} / node_filesystem_size_bytes))"
                        ),
                        "{{instance}} {{mountpoint}}",
                    )
                ],
                highest=1,
                width=8,
            ),
            Table(
                title="Certificates by time left",
                description="The ten that expire first. cert-manager renews when a third of the lifetime is left.",
                unit="s",
                queries=[("bottomk(10, min by (namespace, name) (certmanager_certificate_expiration_timestamp_seconds) - time())", "")],
                steps=[(3 * 86400, "orange"), (14 * 86400, "green")],
                base="red",
                width=8,
            ),
        ],
    )
