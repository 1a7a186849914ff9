"""The traffic of a team's namespace: everything is denied, and what was declared is allowed again. Pure.

Both ends say who may call: the caller's namespace lets the traffic out, the service's lets it in, at its port. Encrypted traffic of a mesh
hides the port that is meant, so that the mesh's own goes with each way in, and a rule of the mesh says the service's.
Sources: https://kubernetes.io/docs/concepts/services-networking/network-policies/ and
https://istio.io/latest/docs/ambient/usage/networkpolicy/.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from platform_components.charts.records import istio_gateway, vcluster
from platform_components.charts.traffic import MONITORING
from platform_components.mesh.namespaces import AMBIENT, HBONE, LINKERD, LINKERD_INBOUND, PROBES, SIDECAR, network_policy_exceptions

Spec = dict[str, Any]

SERVICE_LABEL: Final = "app.kubernetes.io/name"
"""Label by which a service's pods are known."""

DNS: Final = ("kube-system", {"k8s-app": "kube-dns"}, 53)
POD_IDENTITY: Final = ("169.254.170.23/32", "fd00:ec2::23/128")
"""Agent of EKS Pod Identity: the one link-local address a pod may speak to."""

LINK_LOCAL: Final = "169.254.0.0/16"
PRIVATE: Final = ("10.0.0.0/8", "100.64.0.0/10", LINK_LOCAL, "172.16.0.0/12", "192.168.0.0/16")
"""What is not the internet: other tenants, the platform, and the metadata service of EC2."""
PRIVATE_6: Final = ("fc00::/7", "fe80::/10")

_INTERNET: Final[Sequence[Spec]] = (
    {"ipBlock": {"cidr": "0.0.0.0/0", "except": list(PRIVATE)}},
    {"ipBlock": {"cidr": "::/0", "except": list(PRIVATE_6)}},
)

MESH_PORTS: Final[Mapping[str | None, tuple[int, ...]]] = MappingProxyType(
    {None: (), AMBIENT: (HBONE,), SIDECAR: (), LINKERD: (LINKERD_INBOUND,)}
)
"""Ports at which a mesh takes the traffic of every port, by kind of mesh."""

GATEWAYS: Final[Mapping[str | None, str]] = MappingProxyType({AMBIENT: istio_gateway.NAME, SIDECAR: istio_gateway.NAME})
"""Namespace of the platform's gateway, by kind of mesh."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A service of the namespace, and who may call it."""

    service: str
    port: int
    callers: tuple[str, ...] = ()
    """Namespaces of other teams."""
    public: bool = False
    """Whether the platform's gateway may call it."""


@dataclass(frozen=True, slots=True)
class Call:
    """A service of another team that the namespace's pods call."""

    namespace: str
    service: str


@dataclass(frozen=True, slots=True)
class DataReach:
    """A store outside the cluster, and the service whose pods reach it."""

    service: str
    port: int
    addresses: tuple[Any, ...]
    """IPv4 blocks."""
    public: bool = False
    """Whether it is one of AWS's own services, which has public addresses, too."""


def network_policies(
    listeners: Sequence[Listener],
    calls: Sequence[Call],
    mesh: str | None,
    *,
    data: Sequence[DataReach] = (),
    internet: bool = False,
    addresses: Mapping[str, tuple[int, ...]] | None = None,
) -> dict[str, Spec]:
    """Specs of the NetworkPolicies of a namespace, by name.

    Args:
        listeners: its services.
        calls: what it calls of other teams.
        mesh: kind of the mesh it is in; None without one.
        data: what its services keep data in.
        internet: whether its pods may reach the internet.
        addresses: ports outside the cluster that they may reach, by block.
    """
    inside: list[Spec] = [{"podSelector": {}}]
    name, pods, port = DNS
    resolver = {**_namespace(name), "podSelector": {"matchLabels": dict(pods)}}
    specs = {
        "default-deny": _policy({}, ["Ingress", "Egress"]),
        "allow-same-namespace": _policy({}, ["Ingress", "Egress"], ingress=[{"from": inside}], egress=[{"to": inside}]),
        "allow-dns": _policy(
            {}, ["Egress"], egress=[{"to": [resolver], "ports": [{"port": port, "protocol": kind} for kind in ("UDP", "TCP")]}]
        ),
        "allow-identity": _policy(
            {}, ["Egress"], egress=[{"to": [{"ipBlock": {"cidr": block}} for block in POD_IDENTITY], "ports": _ports(80)}]
        ),
        "allow-metrics": _policy({}, ["Ingress"], ingress=[{"from": [_namespace(MONITORING)]}]),
        **_mesh(mesh),
    }
    for listener in listeners:
        if rules := _entries(listener, mesh):
            specs[f"allow-callers-{listener.service}"] = _policy(_pods(listener.service), ["Ingress"], ingress=rules)
    if calls:
        specs["allow-calls"] = _policy({}, ["Egress"], egress=[_exit(call) for call in calls])
    for service in dict.fromkeys(reach.service for reach in data):
        rules = [rule for reach in data if reach.service == service for rule in _data_exits(reach)]
        specs[f"allow-data-{service}"] = _policy(_pods(service), ["Egress"], egress=rules)
    outside = [
        *([{"to": list(_INTERNET)}] if internet else []),
        *({"to": [{"ipBlock": {"cidr": block}}], "ports": _ports(*ports)} for block, ports in sorted((addresses or {}).items())),
    ]
    if outside:
        specs["allow-outside"] = _policy({}, ["Egress"], egress=outside)
    return specs


def virtual_cluster_policies() -> dict[str, Spec]:
    """Specs of what a virtual cluster's control plane needs beside the rest, by name: the host's API server, which stands in the network.

    Other tenants' pods stand there too, and let nobody in.
    """
    blocks = [{"ipBlock": {"cidr": block}} for block in PRIVATE if block != LINK_LOCAL]
    return {
        "allow-virtual-cluster": _policy({"matchLabels": dict(vcluster.LABELS)}, ["Egress"], egress=[{"to": blocks, "ports": _ports(443)}])
    }


def authorization_policies(namespace: str, listeners: Sequence[Listener], mesh: str | None) -> dict[str, Spec]:
    """Specs of Istio's AuthorizationPolicies, by name: the mesh's own allow nothing between workloads; ports are told apart here."""
    if mesh not in (AMBIENT, SIDECAR):
        return {}
    specs: dict[str, Spec] = {"allow-same-namespace": {"action": "ALLOW", "rules": [{"from": [{"source": {"namespaces": [namespace]}}]}]}}
    for listener in listeners:
        if listener.callers:
            specs[f"allow-callers-{listener.service}"] = {
                "action": "ALLOW",
                "selector": _pods(listener.service),
                "rules": [
                    {
                        "from": [{"source": {"namespaces": list(listener.callers)}}],
                        "to": [{"operation": {"ports": [str(listener.port)]}}],
                    }
                ],
            }
    return specs


def _mesh(mesh: str | None) -> dict[str, Spec]:
    """What a mesh needs beside the edges: its control plane and probes. Its port is opened edge by edge."""
    if mesh is None:
        return {}
    if mesh == AMBIENT:
        probes = [{"from": [{"ipBlock": {"cidr": address}} for address in PROBES]}]
        return {"allow-mesh-probes": _policy({}, ["Ingress"], ingress=probes)}
    everywhere: Spec = {"namespaceSelector": {}}
    plane = network_policy_exceptions(mesh)["allow-mesh"]
    return {"allow-mesh": _policy({}, ["Egress"], egress=[rule for rule in plane["egress"] if everywhere not in rule["to"]])}


def _entries(listener: Listener, mesh: str | None) -> list[Spec]:
    callers = [*listener.callers, *([GATEWAYS[mesh]] if listener.public and mesh in GATEWAYS else [])]
    return [{"from": [_namespace(caller)], "ports": _ports(listener.port, *MESH_PORTS[mesh])} for caller in callers]


def _exit(call: Call) -> Spec:
    """Out to the service's pods at any port: which one it is, the service's own namespace says."""
    return {"to": [{**_namespace(call.namespace), "podSelector": _pods(call.service)}]}


def _data_exits(reach: DataReach) -> list[Spec]:
    """Out to a store. AWS's services are told apart by name only, which no NetworkPolicy knows: of their addresses all are let through."""
    places = [*({"ipBlock": {"cidr": block}} for block in reach.addresses), *(_INTERNET if reach.public else ())]
    return [{"to": places, "ports": _ports(reach.port)}] if places else []


def _policy(pods: Spec, kinds: Sequence[str], **rules: list[Spec]) -> Spec:
    return {"podSelector": pods, "policyTypes": list(kinds), **rules}


def _pods(service: str) -> Spec:
    return {"matchLabels": {SERVICE_LABEL: service}}


def _namespace(name: str) -> Spec:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def _ports(*ports: int) -> list[Spec]:
    return [{"port": port, "protocol": "TCP"} for port in ports]
