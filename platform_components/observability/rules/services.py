"""Alerts on the platform's own services: monitoring itself, the mesh, CI, backups, cost. Pure."""

from collections.abc import Mapping

from platform_components.observability import dashboards
from platform_components.observability.alerts import Alert, Group, Record, Severity

WATCHDOG = "Watchdog"
"""Fires always: that it stops arriving is the alarm, raised by the dead man's switch outside the cluster."""

HOURS_OF_A_MONTH = 730

_COST = (
    "sum(node_total_hourly_cost) + (sum(kubecost_cluster_management_cost) or vector(0)) + (sum(kubecost_load_balancer_cost) or vector(0))"
)
_WAITED = "histogram_quantile(0.95, sum by (le, organization, repository) (rate(gha_job_startup_duration_seconds_bucket[15m])))"


def monitoring_group() -> Group:
    """What watches the watchers."""

    def alert(name: str, expression: str, lasting: str, severity: Severity, summary: str) -> Alert:
        return Alert(name, expression, severity, summary, dashboard=dashboards.OVERVIEW, lasting=lasting)

    return Group(
        "platform-monitoring",
        [
            alert(WATCHDOG, "vector(1)", "0s", Severity.NONE, "Prometheus evaluates rules and Alertmanager delivers; this always fires"),
            alert(
                "TargetsDown",
                "100 * count by (job) (up == 0) / count by (job) (up) > 10",
                "15m",
                Severity.TICKET,
                '{{ $value | printf "%.0f" }}% of the targets of {{ $labels.job }} cannot be scraped',
            ),
            alert(
                "MetricsMissing",
                'absent(up{job="kube-state-metrics"}) or absent(up{job="kubelet"}) '
                'or max by (job) (up{job=~"kube-state-metrics|kubelet"}) == 0',
                "10m",
                Severity.PAGE,
                "No metrics of {{ $labels.job }} arrive, so that most alerts cannot fire",
            ),
            alert(
                "RulesFail",
                "sum by (rule_group) (increase(prometheus_rule_evaluation_failures_total[10m])) > 0",
                "10m",
                Severity.PAGE,
                "Prometheus cannot evaluate rules of {{ $labels.rule_group }}",
            ),
            alert(
                "AlertsNotDelivered",
                "max(prometheus_notifications_alertmanagers_discovered) < 1 "
                "or sum(rate(alertmanager_notifications_failed_total[10m])) / sum(rate(alertmanager_notifications_total[10m])) > 0.01",
                "10m",
                Severity.PAGE,
                "Alerts do not reach those who should hear them",
            ),
            alert(
                "ConfigurationNotLoaded",
                "min(prometheus_config_last_reload_successful) == 0 or min(alertmanager_config_last_reload_successful) == 0",
                "10m",
                Severity.TICKET,
                "Prometheus or Alertmanager runs with an old configuration: the new one is refused",
            ),
            alert(
                "SamplesNotStoredLongTerm",
                "sum by (remote_name) (rate(prometheus_remote_storage_samples_failed_total[10m])) > 0",
                "15m",
                Severity.TICKET,
                "Samples for {{ $labels.remote_name }} are lost",
            ),
            alert(
                "LogsDiscarded",
                "sum by (tenant, reason) (rate(loki_discarded_samples_total[10m])) > 0",
                "15m",
                Severity.TICKET,
                "Loki refuses lines of tenant {{ $labels.tenant }}: {{ $labels.reason }}",
            ),
        ],
    )


def mesh_group() -> Group:
    """The mesh's control plane. What services suffer is a matter of their objectives."""

    def alert(name: str, expression: str, lasting: str, severity: Severity, summary: str) -> Alert:
        return Alert(name, expression, severity, summary, dashboard=dashboards.MESH, lasting=lasting)

    return Group(
        "platform-mesh",
        [
            alert(
                "MeshConfigurationRejected",
                "sum(increase(pilot_total_xds_rejects[10m])) > 0",
                "10m",
                Severity.TICKET,
                "Proxies refuse configuration that istiod sends, and go on with the old one",
            ),
            alert(
                "MeshConfigurationSlow",
                "histogram_quantile(0.99, sum by (le) (rate(pilot_proxy_convergence_time_bucket[10m]))) > 30",
                "15m",
                Severity.TICKET,
                "99% of configuration reaches proxies within {{ $value }} seconds; new pods may be without traffic that long",
            ),
        ],
    )


def ci_group() -> Group:
    """The CI queue: jobs that wait, runners that do not come."""

    def alert(name: str, expression: str, lasting: str, severity: Severity, summary: str) -> Alert:
        return Alert(name, expression, severity, summary, dashboard=dashboards.CI, lasting=lasting)

    return Group(
        "platform-ci",
        [
            Record("repository:ci_job_wait_seconds:p95", _WAITED),
            alert(
                "CiJobsWait",
                "repository:ci_job_wait_seconds:p95 > 300",
                "15m",
                Severity.TICKET,
                "CI jobs of {{ $labels.organization }}/{{ $labels.repository }} wait {{ $value | humanizeDuration }} for a runner",
            ),
            alert(
                "CiRunnersAtMaximum",
                "max by (namespace, name) (gha_desired_runners) >= on (namespace, name) max by (namespace, name) (gha_max_runners) "
                "and on (namespace, name) max by (namespace, name) (gha_assigned_jobs - gha_running_jobs) > 0",
                "30m",
                Severity.TICKET,
                "Runner set {{ $labels.name }} is at its maximum while jobs wait",
            ),
            alert(
                "CiRunnersFail",
                "sum by (namespace, name) (gha_controller_failed_ephemeral_runners) > 0",
                "15m",
                Severity.TICKET,
                "{{ $value }} runners of {{ $labels.name }} have failed and take the place of working ones",
            ),
            alert(
                "CiListenerDown",
                "sum by (namespace, name) (gha_controller_running_listeners) == 0",
                "10m",
                Severity.PAGE,
                "Nothing listens for jobs of runner set {{ $labels.name }}: its jobs wait for ever",
            ),
        ],
    )


def backups_group(schedules: Mapping[str, int], drill_days: int | None) -> Group:
    """Freshness by age, not by the last run's status: a backup that never ran has no status.

    Args:
        schedules: hours that the newest good backup of each schedule may be old.
        drill_days: days that the last good drill may lie back. None: there is no drill.
    """

    def alert(name: str, expression: str, lasting: str, summary: str) -> Alert:
        return Alert(name, expression, Severity.TICKET, summary, dashboard=dashboards.OVERVIEW, lasting=lasting)

    if not schedules:
        return Group("platform-backups", [])
    expired = " or ".join(
        f'(time() - max by (schedule) (velero_backup_last_successful_timestamp{{schedule="{name}"}}) > {hours} * 3600 '
        f'or absent(velero_backup_last_successful_timestamp{{schedule="{name}"}}))'
        for name, hours in sorted(schedules.items())
    )
    drill = '{namespace="velero",cronjob="restore-drill"}'
    # A job that has not run yet is as old as its CronJob.
    drilled = f"max by (namespace, cronjob) (kube_cronjob_status_last_successful_time{drill} or kube_cronjob_created{drill})"
    return Group(
        "platform-backups",
        [
            alert("BackupTooOld", expired, "30m", "The newest good backup of schedule {{ $labels.schedule }} is too old, or there is none"),
            alert(
                "BackupLocationUnavailable",
                "min by (backup_location_name) (velero_backup_location_status_gauge) == 0",
                "30m",
                "Velero cannot reach location {{ $labels.backup_location_name }}: nothing can be backed up or restored",
            ),
            *(
                [
                    alert(
                        "RestoreDrillTooOld",
                        f"time() - {drilled} > {drill_days} * 86400",
                        "30m",
                        "No restore has been proved for {{ $value | humanizeDuration }}",
                    )
                ]
                if drill_days is not None
                else []
            ),
        ],
    )


def cost_group(monthly_usd: float | None) -> Group:
    """What the cluster costs as it runs now; a budget tells days later, and with everything else of the account."""
    rules: list[Record | Alert] = [
        Record("cluster:cost_monthly_usd:sum", f"({_COST}) * {HOURS_OF_A_MONTH}"),
        Record(
            "namespace:cost_hourly_usd:sum",
            "sum by (namespace) (container_cpu_allocation * on (node) group_left () max by (node) (node_cpu_hourly_cost)) "
            "+ sum by (namespace) "
            "(container_memory_allocation_bytes / 1024 ^ 3 * on (node) group_left () max by (node) (node_ram_hourly_cost))",
        ),
    ]
    if monthly_usd is not None:
        rules.append(
            Alert(
                "ClusterCostOverBudget",
                f"cluster:cost_monthly_usd:sum > {monthly_usd:g}",
                Severity.TICKET,
                "At today's rate the cluster costs ${{ $value | humanize }} a month, over the environment's budget",
                dashboard=dashboards.COST,
                lasting="6h",
            )
        )
    return Group("platform-cost", rules)
