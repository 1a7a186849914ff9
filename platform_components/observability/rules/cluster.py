"""Alerts on nodes, the API server, DNS, Karpenter and addresses. Pure."""

from platform_components.observability import dashboards
from platform_components.observability.alerts import Alert, Group, Severity

_NOT_READY = 'kube_node_status_condition{condition="Ready",status="true"} == 0'
_ERRORS = 'sum(rate(apiserver_request_total{code=~"5.."}[5m])) / sum(rate(apiserver_request_total[5m]))'
_SLOW = (
    "histogram_quantile(0.99, sum by (le, verb) ("
    'rate(apiserver_request_duration_seconds_bucket{verb=~"GET|POST|PUT|PATCH|DELETE",subresource!~"log|exec|portforward|attach|proxy"}[10m])))'
)
_DNS = 'sum(rate(coredns_dns_responses_total{rcode="SERVFAIL"}[5m])) / sum(rate(coredns_dns_responses_total[5m]))'
_POOL = "nodepool:cpu_usage_cores:max / nodepool:cpu_limit_cores:max"
_SUBNET = "zone:subnet_addresses_taken:sum / on (zone) zone:subnet_addresses_size:max"


def _alert(name: str, expression: str, lasting: str, severity: Severity, summary: str) -> Alert:
    return Alert(name, expression, severity, summary, dashboard=dashboards.CLUSTER, lasting=lasting)


def nodes_group() -> Group:
    """Nodes: one that is lost is replaced by itself, many at once are an outage."""
    return Group(
        "platform-nodes",
        [
            _alert(
                "NodeNotReady",
                f"max by (node) ({_NOT_READY}) unless on (node) max by (node) (kube_node_spec_unschedulable == 1)",
                "15m",
                Severity.TICKET,
                "Node {{ $labels.node }} has not been ready for 15 minutes and nothing drains it",
            ),
            _alert(
                "NodesNotReady",
                f"count({_NOT_READY}) >= 2 and count({_NOT_READY}) / count(kube_node_info) > 0.2",
                "5m",
                Severity.PAGE,
                "{{ $value }} nodes are not ready, more than a fifth of all",
            ),
            _alert(
                "NodeFilesystemFilling",
                '(node_filesystem_avail_bytes{fstype!~"tmpfs|overlay|squashfs|ramfs"} / node_filesystem_size_bytes < 0.15) '
                'and predict_linear(node_filesystem_avail_bytes{fstype!~"tmpfs|overlay|squashfs|ramfs"}[6h], 24 * 3600) < 0',
                "30m",
                Severity.TICKET,
                "{{ $labels.mountpoint }} of {{ $labels.instance }} will be full within a day",
            ),
        ],
    )


def control_plane_group() -> Group:
    """The API server, its webhooks and DNS: all that a managed control plane lets anybody see."""
    return Group(
        "platform-control-plane",
        [
            _alert(
                "ApiServerErrors",
                f"{_ERRORS} > 0.03",
                "10m",
                Severity.PAGE,
                "{{ $value | humanizePercentage }} of the API server's answers are errors",
            ),
            _alert("ApiServerSlow", f"{_SLOW} > 2", "15m", Severity.TICKET, "99% of {{ $labels.verb }} take {{ $value }} seconds or less"),
            _alert(
                "WebhookUnreachable",
                'sum by (name) (rate(apiserver_admission_webhook_rejection_count{error_type="calling_webhook_error"}[5m])) > 0',
                "10m",
                Severity.PAGE,
                "Admission webhook {{ $labels.name }} cannot be called, and what it judges is refused",
            ),
            _alert("DnsErrors", f"{_DNS} > 0.05", "10m", Severity.PAGE, "{{ $value | humanizePercentage }} of DNS answers are SERVFAIL"),
        ],
    )


def growth_group() -> Group:
    """Limits that growth runs into: node pools, launches, addresses."""
    return Group(
        "platform-growth",
        [
            _alert(
                "NodePoolNearLimit",
                f"{_POOL} > 0.85",
                "30m",
                Severity.TICKET,
                "Node pool {{ $labels.nodepool }} uses {{ $value | humanizePercentage }} of its vCPU limit",
            ),
            _alert(
                "NodePoolAtLimit",
                f"max({_POOL}) > 0.95 and on () max(karpenter_scheduler_unschedulable_pods_count) > 0",
                "15m",
                Severity.PAGE,
                "Pods wait for nodes, and a node pool is at its limit",
            ),
            _alert(
                "NodeLaunchesFail",
                'sum by (error) (increase(karpenter_cloudprovider_errors_total{method="Create"}[15m])) > 3',
                "15m",
                Severity.TICKET,
                "Karpenter cannot launch nodes: {{ $labels.error }}",
            ),
            _alert(
                "PodAddressesRefused",
                "sum(increase(awscni_no_available_ip_addresses[10m])) > 0",
                "5m",
                Severity.PAGE,
                "Nodes have no address left for new pods",
            ),
            _alert(
                "SubnetAddressesRunOut",
                f"{_SUBNET} > 0.85",
                "30m",
                Severity.TICKET,
                "{{ $value | humanizePercentage }} of the node subnet's addresses in {{ $labels.zone }} are taken",
            ),
        ],
    )
