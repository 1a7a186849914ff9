"""Alerts on what logs say, in LogQL: Loki evaluates them tenant by tenant, each over its own logs alone. Pure.

Sources: https://grafana.com/docs/loki/latest/alert/ and, for the labels that Loki makes of what a collector sends,
https://grafana.com/docs/loki/latest/send-data/otel/#format-considerations.
"""

from typing import Final

from platform_components.observability import dashboards
from platform_components.observability.alerts import Alert, Group, Severity

NAMESPACE: Final = "k8s_namespace_name"
"""Label of a log line's namespace: Loki writes `k8s.namespace.name` so."""
LEVEL: Final = "detected_level"
"""What Loki takes a line's level to be."""

_CRASHES: Final = (
    r"^panic: |^fatal error: |Traceback \(most recent call last\)|java\.lang\.OutOfMemoryError|FATAL ERROR: .* heap out of memory"
    r"|segmentation fault"
)
"""What programs of Go, Python, Java, Node.js and C write as they die."""
_ERRORS: Final = f'{{{NAMESPACE}=~".+"}} | {LEVEL}=~"error|critical|fatal"'
_SURGE, _LEAST_A_SECOND = 10, 1


def logs_group(tenant: str) -> Group:
    """Rules over one tenant's logs: its own team hears of them.

    Args:
        tenant: name of the tenant, which is that of its team.
    """

    def alert(name: str, expression: str, lasting: str, summary: str) -> Alert:
        dashboard = f"{dashboards.TENANT}?var-namespace={{{{ $labels.{NAMESPACE} }}}}"
        return Alert(name, expression, Severity.TICKET, summary, dashboard=dashboard, lasting=lasting, team=tenant)

    now, before = (f"sum by ({NAMESPACE}) (rate({_ERRORS} [15m]{offset}))" for offset in ("", " offset 1d"))
    return Group(
        "logs",
        [
            alert(
                "LogsShowCrash",
                f'sum by ({NAMESPACE}, k8s_container_name) (count_over_time({{{NAMESPACE}=~".+"}} |~ `{_CRASHES}` [10m])) > 0',
                "0s",
                f"Container {{{{ $labels.k8s_container_name }}}} of {{{{ $labels.{NAMESPACE} }}}} writes that it dies",
            ),
            alert(
                "LogErrorsSurge",
                # Unless, not and: who had none a day ago is told of too.
                f"{now} > {_LEAST_A_SECOND} unless {now} <= {_SURGE} * {before}",
                "10m",
                f"{{{{ $labels.{NAMESPACE} }}}} logs {{{{ $value | humanize }}}} errors a second, over {_SURGE} times of a day ago",
            ),
        ],
    )
