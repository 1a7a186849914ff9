"""Issuers, the platform's root and the alerts on expiry, as Kubernetes objects. Pure; zone ids may be late and are handed through.

Sources: https://cert-manager.io/docs/configuration/acme/dns01/route53/ and https://cert-manager.io/docs/trust/trust-manager/.
"""

from collections.abc import Mapping
from typing import Any

from platform_components.observability import dashboards
from platform_components.observability.alerts import Alert, Group, Links, Severity, rule_spec

INTERNAL = "platform-internal"
"""ClusterIssuer of the platform's own authority."""
PUBLIC = "platform-public"
"""ClusterIssuer of public names, where it is another one."""
ROOT = "platform-root"
"""Root certificate, its secret, and the issuer that signs it: itself."""
BUNDLE = "platform-ca"
"""ConfigMap, in every namespace, with the root in `ca.crt`."""

_YEAR_HOURS = 8760
_WARNING_DAYS = 21
"""cert-manager renews after two thirds of a lifetime; a 90-day certificate with less than this left has failed for nine days."""
_PAGE_DAYS = 7

Spec = dict[str, Any]


def root_certificate(years: int) -> Spec:
    """The root. Its key stays through a renewal, so that what it signed goes on being trusted."""
    return {
        "isCA": True,
        "commonName": ROOT,
        "secretName": ROOT,
        "duration": f"{years * _YEAR_HOURS}h",
        "renewBefore": f"{_YEAR_HOURS}h",
        "privateKey": {"algorithm": "ECDSA", "size": 384, "rotationPolicy": "Never"},
        "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": ROOT},
    }


def self_signed() -> Spec:
    """The issuer of the root alone."""
    return {"selfSigned": {}}


def internal() -> Spec:
    """The issuer whose certificates the bundle vouches for."""
    return {"ca": {"secretName": ROOT}}


def acme(server: str, email: str | None, zones: Mapping[str, Any], region: Any) -> Spec:
    """An ACME issuer that proves a name in the zone it lies in, with the identity of cert-manager's own pods."""
    solvers = [
        {"selector": {"dnsZones": [domain]}, "dns01": {"route53": {"region": region, "hostedZoneID": zone}}}
        for domain, zone in sorted(zones.items())
    ]
    return {
        "acme": {
            "server": server,
            **({"email": email} if email else {}),
            "privateKeySecretRef": {"name": f"{PUBLIC}-account"},
            "solvers": solvers,
        }
    }


def private_ca(arn: str, region: Any) -> Spec:
    """An AWSPCAClusterIssuer."""
    return {"arn": arn, "region": region}


def bundle() -> Spec:
    """The root, as a ConfigMap in every namespace: it is no secret."""
    return {
        "sources": [{"secret": {"name": ROOT, "key": "tls.crt"}}],
        "target": {"configMap": {"key": "ca.crt"}, "namespaceSelector": {}},
    }


def expiry_rules(links: Links) -> Spec:
    """Alerts on certificates that should have been renewed, and on ones that cannot be."""
    left = "min by (namespace, name) (certmanager_certificate_expiration_timestamp_seconds) - time()"
    rules = [
        _alert(
            "CertificateNotRenewed",
            f"{left} < {_WARNING_DAYS * 86400}",
            "1h",
            Severity.TICKET,
            f"expires in less than {_WARNING_DAYS} days",
        ),
        _alert("CertificateExpires", f"{left} < {_PAGE_DAYS * 86400}", "10m", Severity.PAGE, f"expires in less than {_PAGE_DAYS} days"),
        _alert(
            "CertificateNotReady",
            'max by (namespace, name) (certmanager_certificate_ready_status{condition!="True"}) == 1',
            "30m",
            Severity.TICKET,
            "has not been issued for 30 minutes",
        ),
    ]
    return rule_spec([Group("certificates", rules)], links)


def _alert(name: str, expression: str, lasting: str, severity: Severity, what: str) -> Alert:
    summary = f"Certificate {{{{ $labels.namespace }}}}/{{{{ $labels.name }}}} {what}"
    return Alert(name, expression, severity, summary, dashboard=dashboards.CLUSTER, lasting=lasting)
