"""Alerts on pods, workloads and volumes. They go to the team whose namespace it is. Pure."""

from platform_components.observability import dashboards
from platform_components.observability.alerts import PLATFORM_TEAM, Alert, Group, Record, Severity

TEAM_LABEL = "label_platform_components_team"
"""`labels.TEAM` of a namespace, as kube-state-metrics tells it."""

TEAMS = "namespace:team:info"
"""Recorded: 1 for every namespace, with its team; the platform's where it has none."""

_TEAMS = f"""max by (namespace, team) (label_replace(kube_namespace_labels{{{TEAM_LABEL}!=""}}, "team", "$1", "{TEAM_LABEL}", "(.+)"))
  or on (namespace)
label_replace(max by (namespace) (kube_namespace_status_phase{{phase="Active"}} == 1), "team", "{PLATFORM_TEAM}", "", "")"""

_USED = "kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes"
_INODES = "kubelet_volume_stats_inodes_used / kubelet_volume_stats_inodes"


def owned(expression: str) -> str:
    """An expression by namespace, with the team that owns it."""
    return f"({expression}) * on (namespace) group_left (team) {TEAMS}"


def _alert(name: str, expression: str, lasting: str, severity: Severity, summary: str) -> Alert:
    dashboard = f"{dashboards.TENANT}?var-namespace={{{{ $labels.namespace }}}}"
    return Alert(name, owned(expression), severity, summary, dashboard=dashboard, lasting=lasting, team="")


def workloads_group() -> Group:
    """Pods that do not come up or stay up, and workloads that have fewer than they want."""
    return Group(
        "platform-workloads",
        [
            Record(TEAMS, _TEAMS),
            _alert(
                "PodCrashLooping",
                "max by (namespace, pod, container) "
                '(max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}[5m])) >= 1',
                "15m",
                Severity.TICKET,
                "Container {{ $labels.container }} of {{ $labels.namespace }}/{{ $labels.pod }} keeps crashing",
            ),
            _alert(
                "PodImageNotPulled",
                "max by (namespace, pod, container) "
                '(kube_pod_container_status_waiting_reason{reason=~"ImagePullBackOff|ErrImagePull"}) == 1',
                "15m",
                Severity.TICKET,
                "The image of {{ $labels.container }} in {{ $labels.namespace }}/{{ $labels.pod }} cannot be pulled",
            ),
            _alert(
                "PodsPending",
                'sum by (namespace) (kube_pod_status_phase{phase="Pending"} == 1)',
                "20m",
                Severity.TICKET,
                "{{ $value }} pods of {{ $labels.namespace }} have been pending for 20 minutes",
            ),
            _alert(
                "DeploymentWithoutPods",
                "max by (namespace, deployment) (kube_deployment_spec_replicas > 0) "
                "and on (namespace, deployment) kube_deployment_status_replicas_available == 0",
                "10m",
                Severity.PAGE,
                "Deployment {{ $labels.namespace }}/{{ $labels.deployment }} has no pod that is available",
            ),
            _alert(
                "StatefulSetNotReady",
                "max by (namespace, statefulset) (kube_statefulset_replicas - kube_statefulset_status_replicas_ready) > 0",
                "20m",
                Severity.TICKET,
                "StatefulSet {{ $labels.namespace }}/{{ $labels.statefulset }} lacks {{ $value }} pods",
            ),
            _alert(
                "DaemonSetNotReady",
                "max by (namespace, daemonset) (kube_daemonset_status_desired_number_scheduled - kube_daemonset_status_number_ready) > 0",
                "20m",
                Severity.TICKET,
                "DaemonSet {{ $labels.namespace }}/{{ $labels.daemonset }} is missing on {{ $value }} nodes",
            ),
            _alert(
                "JobFailed",
                'max by (namespace, job_name) (kube_job_failed{condition="true"}) == 1',
                "5m",
                Severity.TICKET,
                "Job {{ $labels.namespace }}/{{ $labels.job_name }} has failed",
            ),
            _alert(
                "AutoscalerAtMaximum",
                "max by (namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_status_current_replicas "
                ">= kube_horizontalpodautoscaler_spec_max_replicas)",
                "1h",
                Severity.TICKET,
                "{{ $labels.namespace }}/{{ $labels.horizontalpodautoscaler }} has been at its maximum of {{ $value }} for an hour",
            ),
            _alert(
                "QuotaNearlyUsed",
                "max by (namespace, resource) "
                '(kube_resourcequota{type="used"} / ignoring (type) (kube_resourcequota{type="hard"} > 0)) > 0.9',
                "30m",
                Severity.TICKET,
                "{{ $labels.namespace }} uses {{ $value | humanizePercentage }} of its quota of {{ $labels.resource }}",
            ),
        ],
    )


def volumes_group() -> Group:
    """Volumes that fill up: a ticket while there is time to grow one, a page when there is not."""
    claim = "max by (namespace, persistentvolumeclaim)"
    return Group(
        "platform-volumes",
        [
            _alert(
                "VolumeFilling",
                f"{claim} ({_USED}) < 0.2 and {claim} (predict_linear(kubelet_volume_stats_available_bytes[6h], 4 * 24 * 3600)) < 0",
                "1h",
                Severity.TICKET,
                "Volume {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} will be full within four days",
            ),
            _alert(
                "VolumeFull",
                f"{claim} ({_USED}) < 0.03",
                "5m",
                Severity.PAGE,
                "Volume {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} has {{ $value | humanizePercentage }} left",
            ),
            _alert(
                "VolumeInodesFilling",
                f"{claim} ({_INODES}) > 0.9",
                "1h",
                Severity.TICKET,
                "Volume {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} uses {{ $value | humanizePercentage }} of its inodes",
            ),
        ],
    )
