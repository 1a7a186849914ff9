"""The way into an Istio mesh: a Gateway for the environment's domain, its certificate, and the redirect to it. Pure.

Source: https://istio.io/latest/docs/tasks/traffic-management/ingress/gateway-api/#manual-deployment.
"""

from typing import Any

from platform_components.charts.records.istio_gateway import NAME
from platform_components.labels import INGRESS

Spec = dict[str, Any]

GATEWAY = "ingress"
"""Name of the Gateway; routes refer to it as `istio-ingress/ingress`."""
CERTIFICATE = "ingress"
_PLAIN = "http"
_DAYS = 90


def hostnames(domain: str) -> tuple[str, str]:
    """Names that the gateway answers for: the domain, and every name directly below it."""
    return domain, f"*.{domain}"


def certificate(domain: str, issuer: Any) -> Spec:
    """One certificate for all names of the gateway."""
    return {
        "secretName": CERTIFICATE,
        "dnsNames": list(hostnames(domain)),
        "duration": f"{_DAYS * 24}h",
        "renewBefore": f"{_DAYS * 24 // 3}h",
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        "issuerRef": issuer,
    }


def gateway(domain: str) -> Spec:
    """Listeners for the domain; its proxies are those of the release, whose service is its address."""
    return {
        "gatewayClassName": "istio",
        "addresses": [{"type": "Hostname", "value": f"{NAME}.{NAME}.svc.cluster.local"}],
        "listeners": [
            {"name": _PLAIN, "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "Same"}}},
            *(_listener(name, host) for name, host in zip(("https", "https-names"), hostnames(domain), strict=True)),
        ],
    }


def redirect() -> Spec:
    """Whoever comes without TLS is sent to it."""
    return {
        "parentRefs": [{"name": GATEWAY, "sectionName": _PLAIN}],
        "rules": [{"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}]}],
    }


def _listener(name: str, hostname: str) -> Spec:
    """A listener that takes routes of namespaces which the platform lets in: what the gateway may call, it may call for those alone."""
    return {
        "name": name,
        "port": 443,
        "protocol": "HTTPS",
        "hostname": hostname,
        "tls": {"mode": "Terminate", "certificateRefs": [{"name": CERTIFICATE}]},
        "allowedRoutes": {"namespaces": {"from": "Selector", "selector": {"matchLabels": {INGRESS: "true"}}}},
    }
