"""CI queue: how long jobs wait, what runs, and whether runners come."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.building import Graph, Row, Stat, Table, dashboard
from platform_components.observability.dashboards import CI

_SET = "namespace, name"
_IN = 'namespace=~"$namespace"'
_WAITED = f"rate(gha_job_startup_duration_seconds_bucket{{{_IN}}}[$__rate_interval])"


def build() -> Dashboard:
    """The dashboard."""
    return dashboard(
        CI, "How long CI jobs wait, what runs, and whether runners come.", [_now(), _queue(), _runners(), _gitlab(), _jenkins()]
    )


def _now() -> Row:
    return Row(
        "Now",
        [
            Stat(
                title="Waiting jobs",
                description="Jobs assigned to a runner set that do not run yet.",
                unit="short",
                queries=[(f"sum(gha_assigned_jobs{{{_IN}}}) - sum(gha_running_jobs{{{_IN}}})", "")],
                steps=[(1, "orange")],
                width=6,
            ),
            Stat(
                title="Running jobs",
                description="Jobs that run now.",
                unit="short",
                queries=[(f"sum(gha_running_jobs{{{_IN}}})", "")],
                width=6,
            ),
            Stat(
                title="Wait, 95th percentile",
                description="95% of jobs got a runner within this time; five minutes make a ticket.",
                unit="s",
                queries=[
                    (
                        f"histogram_quantile(0.95, sum by (le) ({_WAITED}))",
                        "",
                    )
                ],
                steps=[(120, "orange"), (300, "red")],
                width=6,
            ),
            Stat(
                title="Runners that failed",
                description="Ephemeral runners that failed and count as alive until they are removed.",
                unit="short",
                queries=[(f"sum(gha_controller_failed_ephemeral_runners{{{_IN}}})", "")],
                steps=[(1, "red")],
                width=6,
            ),
        ],
    )


def _queue() -> Row:
    return Row(
        "Queue",
        [
            Graph(
                title="Waiting and running",
                description="Jobs of all runner sets.",
                unit="short",
                queries=[
                    (f"sum(gha_assigned_jobs{{{_IN}}}) - sum(gha_running_jobs{{{_IN}}})", "waiting"),
                    (f"sum(gha_running_jobs{{{_IN}}})", "running"),
                ],
                stacked=True,
            ),
            Graph(
                title="Wait by repository, 95th percentile",
                description="From when a job is queued until a runner has it.",
                unit="s",
                queries=[("repository:ci_job_wait_seconds:p95", "{{organization}}/{{repository}}")],
                steps=[(300, "red")],
            ),
            Graph(
                title="Jobs by result",
                description="Jobs that ended, a minute.",
                unit="cpm",
                queries=[
                    (f"60 * sum by (job_result) (rate(gha_completed_jobs_total{{{_IN}}}[$__rate_interval]))", "{{job_result}}"),
                ],
                stacked=True,
            ),
            Graph(
                title="Time that jobs run",
                description="Median and 95th percentile; with jobs an hour it gives the runners that are needed.",
                unit="s",
                queries=[
                    (
                        (
                            f"histogram_quantile({quantile}, sum by (le) "
                            f"(rate(gha_job_execution_duration_seconds_bucket{{{_IN}}}[$__rate_interval])))"
                        ),
                        legend,
                    )
                    for quantile, legend in ((0.5, "median"), (0.95, "95%"))
                ],
            ),
        ],
    )


def _runners() -> Row:
    return Row(
        "Runners",
        [
            Graph(
                title="Runners wanted, of the most there may be",
                description="At 1 jobs wait until others end.",
                unit="percentunit",
                queries=[
                    (
                        f"max by ({_SET}) (gha_desired_runners{{{_IN}}}) / on ({_SET}) max by ({_SET}) (gha_max_runners{{{_IN}}})",
                        "{{name}}",
                    )
                ],
                steps=[(0.9, "orange"), (1, "red")],
                highest=1,
                width=8,
            ),
            Graph(
                title="Busy and idle",
                description="Idle runners are what `min` keeps warm, and cost.",
                unit="short",
                queries=[(f"sum(gha_busy_runners{{{_IN}}})", "busy"), (f"sum(gha_idle_runners{{{_IN}}})", "idle")],
                stacked=True,
                width=8,
            ),
            Table(
                title="Listeners",
                description="Runner sets and their listeners; a set without one never starts a job.",
                unit="short",
                queries=[(f"sum by ({_SET}) (gha_controller_running_listeners{{{_IN}}})", "")],
                steps=[(1, "green")],
                base="red",
                width=8,
            ),
        ],
    )


def _gitlab() -> Row:
    waited = "rate(gitlab_runner_job_queue_duration_seconds_bucket[$__rate_interval])"
    return Row(
        "GitLab",
        [
            Graph(
                title="GitLab: wait, 95th percentile",
                description="From when a job is queued at GitLab until a runner takes it.",
                unit="s",
                queries=[(f"histogram_quantile(0.95, sum by (le) ({waited}))", "95%")],
                steps=[(300, "red")],
                width=8,
            ),
            Graph(
                title="GitLab: jobs running, of what may run",
                description="By pool; at the limit jobs wait.",
                unit="short",
                queries=[("sum by (pod) (gitlab_runner_jobs)", "{{pod}} running"), ("sum by (pod) (gitlab_runner_limit)", "{{pod}} limit")],
                width=8,
            ),
            Graph(
                title="GitLab: jobs that failed, by reason",
                description="Failures a minute; `runner_system_failure` is the platform's own.",
                unit="cpm",
                queries=[
                    ("60 * sum by (failure_reason) (rate(gitlab_runner_failed_jobs_total[$__rate_interval]))", "{{failure_reason}}"),
                ],
                stacked=True,
                width=8,
            ),
        ],
    )


def _jenkins() -> Row:
    return Row(
        "Jenkins",
        [
            Graph(
                title="Jenkins: queue",
                description="Builds that wait; stuck ones have waited far longer than is usual for them.",
                unit="short",
                queries=[("sum(jenkins_queue_size_value)", "waiting"), ("sum(jenkins_queue_stuck_value)", "stuck")],
            ),
            Graph(
                title="Jenkins: executors",
                description="Executors of all agents, and those that build.",
                unit="short",
                queries=[("sum(jenkins_executor_count_value)", "there"), ("sum(jenkins_executor_in_use_value)", "in use")],
            ),
        ],
    )
