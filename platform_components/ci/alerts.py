"""Alerts on the runners that bring no rules of their own; those of GitHub are in the platform's. Pure.

Sources of the metrics: https://docs.gitlab.com/runner/monitoring/ and docs/metrics/index.md of jenkinsci/prometheus-plugin.
"""

from collections.abc import Collection
from typing import Final

from platform_components.observability import dashboards
from platform_components.observability.alerts import Alert, Group, Links, Severity, Spec, rule_spec

STUCK_HOURS: Final = 6
"""Longest that a job runs: GitHub ends it by itself then."""

_WAITED = "histogram_quantile(0.95, sum by (le, container) (rate(gitlab_runner_job_queue_duration_seconds_bucket[15m])))"
_STARTED = 'max by (namespace, pod) (kube_pod_start_time{namespace=~"ci-gitlab|ci-jenkins"})'
_RUNNING = 'max by (namespace, pod) (kube_pod_status_phase{namespace=~"ci-gitlab|ci-jenkins",phase="Running"}) == 1'


def alerts(kinds: Collection[str], links: Links) -> Spec:
    """Rules for the kinds of runners there are.

    Args:
        kinds: github, gitlab, jenkins.
        links: where people are sent.
    """
    rules = [alert for kind, found in _OF.items() if kind in kinds for alert in found]
    stuck = [_STUCK] if {"gitlab", "jenkins"} & set(kinds) else []
    return rule_spec([Group("ci-runners", [*rules, *stuck])], links)


def _alert(name: str, expression: str, lasting: str, summary: str) -> Alert:
    return Alert(name, expression, Severity.TICKET, summary, dashboard=dashboards.CI, lasting=lasting)


_OF = {
    "gitlab": (
        _alert(
            "CiGitLabJobsWait",
            f"{_WAITED} > 300",
            "15m",
            "Jobs of {{ $labels.container }} wait {{ $value | humanizeDuration }} for a runner of GitLab",
        ),
        _alert(
            "CiGitLabAtMaximum",
            "sum by (container) (gitlab_runner_jobs) >= sum by (container) (gitlab_runner_concurrent)",
            "30m",
            "{{ $labels.container }} has as many jobs as it may have: others wait",
        ),
    ),
    "jenkins": (
        _alert(
            "CiJenkinsBuildsWait",
            "max by (label) (default_jenkins_executors_queue_length) > 0",
            "15m",
            "{{ $value }} builds wait for an agent with label {{ $labels.label }}",
        ),
    ),
}
_STUCK = _alert(
    "CiJobStuck",
    f"time() - {_STARTED} > {STUCK_HOURS * 3600} and on (namespace, pod) {_RUNNING}",
    "10m",
    "Job {{ $labels.namespace }}/{{ $labels.pod }} has run for {{ $value | humanizeDuration }}",
)
