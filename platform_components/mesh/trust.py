"""Certificates of a mesh: the authority of its cluster, the roots that proxies trust, and the alerts on both. Pure; issuers may be late.

A root signs one intermediate per cluster, and that signs workloads: a cluster that is lost takes no other with it, and what is renewed
often is not what everybody trusts. Sources: https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/ and
https://linkerd.io/2/tasks/automatically-rotating-control-plane-tls-credentials/.
"""

from collections.abc import Callable, Mapping
from typing import Any

from platform_components.certificates.issuers import ROOT
from platform_components.charts.records import istiod, linkerd_control_plane
from platform_components.charts.records.linkerd_control_plane import TRUST_KEY
from platform_components.observability import dashboards
from platform_components.observability.alerts import Alert, Group, Links, Severity, rule_spec

Spec = dict[str, Any]

SHARED = "mesh-authority"
"""ClusterIssuer of an authority whose key lies in a Secret."""

_WEBHOOK_DAYS = 90
_HOUR = 3600
_DAY = 24 * _HOUR
_PAGE_DAYS = 7


def shared_authority(secret: str) -> Spec:
    """The issuer that signs with the key pair of a Secret."""
    return {"ca": {"secretName": secret}}


def intermediate(secret: str, name: str, days: int, issuer: Any) -> Spec:
    """The authority of this cluster's mesh.

    Args:
        secret: where it lies.
        name: its own; Linkerd looks for that of its identity service.
        days: its lifetime.
        issuer: who signs it; may be late.
    """
    return {
        "isCA": True,
        "secretName": secret,
        "commonName": name,
        "dnsNames": [name],
        "duration": f"{days * 24}h",
        "renewBefore": f"{days * 24 // 3}h",
        "usages": ["cert sign", "crl sign", "digital signature"],
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        "issuerRef": issuer,
    }


def webhook(name: str, issuer: Any) -> Spec:
    """A certificate of one of Linkerd's webhooks."""
    service = f"linkerd-{name}.{linkerd_control_plane.NAMESPACE}.svc"
    return {
        "secretName": linkerd_control_plane.webhook_secret(name),
        "commonName": service,
        "dnsNames": [service],
        "duration": f"{_WEBHOOK_DAYS * 24}h",
        "renewBefore": f"{_WEBHOOK_DAYS * 24 // 3}h",
        "usages": ["server auth"],
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        "issuerRef": issuer,
    }


def trust_roots(*, secret: str | None, root_certificate: str | None) -> Spec:
    """The roots that Linkerd's proxies trust, copied into its namespace.

    Args:
        secret: Secret of the root, in namespace cert-manager. None: the platform's own.
        root_certificate: the root itself, where no Secret holds it.
    """
    source: Spec = {"inLine": root_certificate} if root_certificate else {"secret": {"name": secret or ROOT, "key": "tls.crt"}}
    return {
        "sources": [source],
        "target": {
            "configMap": {"key": TRUST_KEY},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": linkerd_control_plane.NAMESPACE}},
        },
    }


def expiry_rules(namespace: str, certificate: str, days: int, links: Links) -> Spec:
    """Alerts on an authority that is not renewed, and on a control plane that goes on signing with the old one.

    Renewal begins when a third of the lifetime is left: a sixth left means that it has failed for a long time.
    """
    expires = f'min(certmanager_certificate_expiration_timestamp_seconds{{namespace="{namespace}",name="{certificate}"}})'
    rules = [
        _alert(
            "MeshAuthorityNotRenewed",
            f"{expires} - time() < {days * _DAY // 6}",
            "1h",
            Severity.TICKET,
            f"The mesh's authority {namespace}/{certificate} should have been renewed and expires in {{{{ $value | humanizeDuration }}}}",
        ),
        _alert(
            "MeshAuthorityExpires",
            f"{expires} - time() < {_PAGE_DAYS * _DAY}",
            "10m",
            Severity.PAGE,
            f"The mesh's authority {namespace}/{certificate} expires in {{{{ $value | humanizeDuration }}}}; then no workload gets a "
            "certificate",
        ),
        *_STALE[namespace](expires),
    ]
    return rule_spec([Group("mesh-certificates", rules)], links)


def _alert(name: str, expression: str, lasting: str, severity: Severity, summary: str) -> Alert:
    return Alert(name, expression, severity, summary, dashboard=dashboards.MESH, lasting=lasting)


def _istiod_signs_with_the_old(expires: str) -> list[Alert]:
    return [
        _alert(
            "MeshAuthorityNotReloaded",
            f"{expires} - min(citadel_server_cert_chain_expiry_timestamp) > {_HOUR}",
            "1h",
            Severity.TICKET,
            "istiod signs with an authority that has been renewed since; restart it",
        )
    ]


def _workloads_are_not_renewed(_: str) -> list[Alert]:
    return [
        _alert(
            "MeshWorkloadNotRenewed",
            f"min by (namespace, pod) (control_identity_cert_expiration_timestamp_seconds) - time() < {4 * _HOUR}",
            "15m",
            Severity.PAGE,
            "{{ $labels.namespace }}/{{ $labels.pod }} has not been given a new certificate; restart linkerd-identity if its authority "
            "was renewed",
        )
    ]


_STALE: Mapping[str, Callable[[str], list[Alert]]] = {
    istiod.NAMESPACE: _istiod_signs_with_the_old,
    linkerd_control_plane.NAMESPACE: _workloads_are_not_renewed,
}
"""What a control plane says of itself, by its namespace."""
