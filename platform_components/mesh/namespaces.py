"""What a namespace needs to be in the mesh: how it joins, and what NetworkPolicies and rules of the mesh have to let through. Pure.

Sources: https://istio.io/latest/docs/ambient/usage/networkpolicy/ (port 15008, addresses of probes), https://istio.io/latest/docs/ops/deployment/application-requirements/
(ports of Istio), https://linkerd.io/2/reference/proxy-configuration/ (ports of Linkerd).
"""

from collections.abc import Mapping
from typing import Any

from platform_components.charts.records import istiod, linkerd_control_plane
from platform_components.charts.traffic import MONITORING

Spec = dict[str, Any]

AMBIENT, SIDECAR, LINKERD = "istio-ambient", "istio-sidecar", "linkerd"

HBONE = 15008
"""Port at which ztunnel takes the encrypted traffic of every port of a pod."""
PROBES = ("169.254.7.127/32", "fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128")
"""Addresses from which the kubelet's probes reach pods of an ambient mesh, past ztunnel and its rules."""
LINKERD_INBOUND = 4143

LABELS: Mapping[str, Mapping[str, str]] = {
    AMBIENT: {"istio.io/dataplane-mode": "ambient"},
    SIDECAR: {"istio.io/rev": "stable"},
    LINKERD: {},
}
"""Labels by which a namespace joins, by kind of mesh."""

ANNOTATIONS: Mapping[str, Mapping[str, str]] = {AMBIENT: {}, SIDECAR: {}, LINKERD: {"linkerd.io/inject": "enabled"}}
"""Annotations by which a namespace joins, by kind of mesh."""

_EVERY_POD: Spec = {"namespaceSelector": {}}


def network_policy_exceptions(kind: str) -> dict[str, Spec]:
    """Specs of the NetworkPolicies that let a mesh through in a namespace whose policies deny everything else, by name.

    Encrypted traffic hides the port that is meant: in an ambient mesh rules about ports belong into an AuthorizationPolicy.
    """
    return {
        AMBIENT: {
            "allow-mesh": {
                "podSelector": {},
                "policyTypes": ["Ingress", "Egress"],
                "ingress": [{"from": [_EVERY_POD], "ports": _ports(HBONE)}],
                "egress": [{"to": [_EVERY_POD], "ports": _ports(HBONE)}],
            },
            "allow-mesh-probes": {
                "podSelector": {},
                "policyTypes": ["Ingress"],
                "ingress": [{"from": [{"ipBlock": {"cidr": address}} for address in PROBES]}],
            },
        },
        SIDECAR: {
            "allow-mesh": _egress([{"to": [_namespace(istiod.NAMESPACE)], "ports": _ports(15012)}]),
            "allow-mesh-metrics": _metrics(15020, 15090),
        },
        LINKERD: {
            "allow-mesh": {
                "podSelector": {},
                "policyTypes": ["Ingress", "Egress"],
                "ingress": [{"from": [_EVERY_POD], "ports": _ports(LINKERD_INBOUND)}],
                "egress": [
                    {"to": [_EVERY_POD], "ports": _ports(LINKERD_INBOUND)},
                    {"to": [_namespace(linkerd_control_plane.NAMESPACE)], "ports": _ports(8080, 8086, 8090)},
                ],
            },
            "allow-mesh-metrics": _metrics(4191),
        },
    }[kind]


def own_namespace(namespace: str) -> Spec:
    """Spec of the AuthorizationPolicy that lets workloads of a namespace call each other, for the mesh's own allows nothing."""
    return {"action": "ALLOW", "rules": [{"from": [{"source": {"namespaces": [namespace]}}]}]}


def _ports(*ports: int) -> list[Spec]:
    return [{"port": port, "protocol": "TCP"} for port in ports]


def _namespace(name: str) -> Spec:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def _metrics(*ports: int) -> Spec:
    return {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [_namespace(MONITORING)], "ports": _ports(*ports)}]}


def _egress(rules: list[Spec]) -> Spec:
    return {"podSelector": {}, "policyTypes": ["Egress"], "egress": rules}
