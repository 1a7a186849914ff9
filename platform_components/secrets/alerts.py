"""Alerts on Vault, and on secrets that do not reach their namespaces. Pure.

Only the active server answers for metrics, so that a sealed one is told by its readiness.
Source: https://developer.hashicorp.com/vault/docs/internals/telemetry/metrics/all.
"""

from typing import Any, Final

from platform_components.charts.records.vault import NAMESPACE, TLS_SECRET
from platform_components.observability import dashboards
from platform_components.observability.alerts import Alert, Group, Links, Severity, rule_spec
from platform_components.secrets.documents import CERTIFICATE_HOURS, SNAPSHOTS

Spec = dict[str, Any]

LEASES: Final = 100_000
"""Five times what ten thousand services hold, each with a login and a user of a database."""
_IN: Final = f'namespace="{NAMESPACE}"'
_SERVERS: Final = f'{_IN},pod=~"vault-[0-9]+"'
_JOB: Final = f'{_IN},cronjob="{SNAPSHOTS}"'
_DAY: Final = 86400
_SNAPSHOT_HOURS: Final = 26
"""A daily schedule and what it may be late."""


def vault_rules(links: Links) -> Spec:
    """Alerts on Vault itself."""
    succeeded, scheduled = f"kube_cronjob_status_last_successful_time{{{_JOB}}}", f"kube_cronjob_status_last_schedule_time{{{_JOB}}}"
    issued = f'max(certmanager_certificate_expiration_timestamp_seconds{{{_IN},name="{TLS_SECRET}"}}) - {CERTIFICATE_HOURS * 3600}'
    alerts = [
        _alert(
            "VaultSealed",
            f'max by (pod) (kube_pod_status_ready{{{_SERVERS},condition="false"}}) == 1',
            "5m",
            Severity.PAGE,
            "Vault on {{ $labels.pod }} is sealed or does not answer",
        ),
        _alert(
            "VaultHasNoLeader",
            f"(sum(vault_core_active{{{_IN}}}) or vector(0)) == 0",
            "3m",
            Severity.PAGE,
            "No server of Vault leads, so that nobody reads a secret",
        ),
        _alert(
            "VaultAuditFails",
            " + ".join(f"sum(increase(vault_audit_log_{of}_failure{{{_IN}}}[10m]))" for of in ("request", "response")) + " > 0",
            "0s",
            Severity.PAGE,
            "Vault could not write to an audit device; when none is left it answers nobody",
        ),
        _alert(
            "VaultLeasesPileUp",
            f"max(vault_expire_num_leases{{{_IN}}}) > {LEASES}",
            "30m",
            Severity.TICKET,
            f"Vault holds {{{{ $value }}}} leases, more than {LEASES:,}",
        ),
        _alert(
            "VaultRequestsLimited",
            f"sum(increase(vault_quota_rate_limit_violation{{{_IN}}}[10m])) > 0",
            "10m",
            Severity.TICKET,
            "Vault has turned requests away for ten minutes: there are more than its limit",
        ),
        _alert(
            "VaultSnapshotTooOld",
            f"time() - {succeeded} > {_SNAPSHOT_HOURS * 3600} or {scheduled} > {succeeded} or {scheduled} unless {succeeded}",
            "2h",
            Severity.TICKET,
            "The last snapshot of Vault failed, or is too old",
        ),
        _alert(
            "VaultCertificateNotLoaded",
            f"min by (pod) (kube_pod_start_time{{{_SERVERS}}}) < on () group_left () ({issued}) and on () (time() - ({issued}) > {_DAY})",
            "1h",
            Severity.TICKET,
            "Vault on {{ $labels.pod }} still answers with a certificate that was renewed a day ago",
        ),
    ]
    return rule_spec([Group("vault", alerts)], links)


def delivery_rules(links: Links) -> Spec:
    """Alerts on secrets on their way into the cluster, whatever keeps them."""
    alert = _alert(
        "SecretNotRefreshed",
        'max by (namespace, name) (externalsecret_status_condition{condition="Ready",status="False"}) == 1',
        "15m",
        Severity.TICKET,
        "ExternalSecret {{ $labels.namespace }}/{{ $labels.name }} has not been refreshed for 15 minutes",
    )
    return rule_spec([Group("external-secrets", [alert])], links)


def _alert(name: str, expression: str, lasting: str, severity: Severity, summary: str) -> Alert:
    return Alert(name, expression, severity, summary, dashboard=dashboards.CLUSTER, lasting=lasting)
