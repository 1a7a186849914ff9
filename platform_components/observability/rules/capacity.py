"""What is taken and what there is, recorded for a year's trend: what `platformctl capacity cluster` reads. Pure.

Requests, not use: the scheduler places pods by what they request, so requests are what runs out.
"""

from collections.abc import Mapping

from platform_components.observability.alerts import Group, Record

# Pods that have ended hold nothing any more; their containers' requests are still told.
_RUNNING = 'on (namespace, pod) group_left () max by (namespace, pod) (kube_pod_status_phase{phase=~"Pending|Running"} == 1)'

ZONE_ID = "label_topology_k8s_aws_zone_id"
"""Label of a node's zone id, as kube-state-metrics tells it. Ids, not names: names differ per account."""

# A node takes every address that its CNI holds, in use or warm, and one more for each of its interfaces.
_TAKEN = f"""sum by (zone) (
  label_replace(
    sum by (node) (awscni_total_ip_addresses + awscni_eni_allocated)
      * on (node) group_left ({ZONE_ID}) max by (node, {ZONE_ID}) (kube_node_labels{{{ZONE_ID}!=""}}),
    "zone", "$1", "{ZONE_ID}", "(.+)"
  )
)"""


def _requested(resource: str) -> str:
    return f'sum(kube_pod_container_resource_requests{{resource="{resource}"}} * {_RUNNING})'


def _allocatable(resource: str) -> str:
    return f'sum(kube_node_status_allocatable{{resource="{resource}"}})'


def capacity_group(subnet_addresses: Mapping[str, int]) -> Group:
    """The recording rules.

    Args:
        subnet_addresses: addresses that the node subnet of a zone can give out, by zone id.
    """
    return Group(
        "platform-capacity",
        [
            Record("cluster:cpu_requests_cores:sum", _requested("cpu")),
            Record("cluster:cpu_allocatable_cores:sum", _allocatable("cpu")),
            Record("cluster:memory_requests_bytes:sum", _requested("memory")),
            Record("cluster:memory_allocatable_bytes:sum", _allocatable("memory")),
            Record("cluster:pods_running:sum", 'sum(kube_pod_status_phase{phase=~"Pending|Running"} == 1)'),
            Record("cluster:pods_allocatable:sum", _allocatable("pods")),
            Record("nodepool:cpu_usage_cores:max", 'max by (nodepool) (karpenter_nodepools_usage{resource_type="cpu"})'),
            Record("nodepool:cpu_limit_cores:max", 'max by (nodepool) (karpenter_nodepools_limit{resource_type="cpu"})'),
            Record("zone:subnet_addresses_taken:sum", _TAKEN),
            *(
                Record("zone:subnet_addresses_size:max", f"vector({count})", {"zone": zone})
                for zone, count in sorted(subnet_addresses.items())
            ),
        ],
        interval="1m",
    )
