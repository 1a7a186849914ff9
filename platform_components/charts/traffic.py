"""Traffic of a platform namespace: everything is denied, and what its pods need is allowed again. Pure.

Sources: https://kubernetes.io/docs/concepts/services-networking/network-policies/; address of the Pod Identity agent:
https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html; of the metadata service:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MONITORING = "monitoring"
"""Namespace that scrapes metrics."""

RELEASING = ("argo-rollouts", "flagger-system")
"""Namespaces of the controllers that judge releases by metrics."""

_ANYWHERE = ({"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}, {"cidr": "::/0", "except": ["fd00:ec2::/32", "fe80::/10"]})
"""Everything but link-local addresses: never the metadata service."""
_POD_IDENTITY = ({"cidr": "169.254.170.23/32"}, {"cidr": "fd00:ec2::23/128"})

Spec = Any
"""A piece of a Kubernetes object."""


@dataclass(frozen=True, slots=True)
class Block:
    """Addresses outside the cluster."""

    cidr: str
    ports: tuple[int, ...]
    excluded: tuple[str, ...] = ()
    """Blocks within it that are meant not to be reached."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the pods of a namespace may be reached at and may reach, beside each other and DNS."""

    webhooks: tuple[int, ...] = ()
    """Ports at which the API server calls them; it comes from addresses that no selector knows."""
    metrics: tuple[int, ...] = ()
    """Ports at which they are scraped."""
    served: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Ports at which the pods of other namespaces may reach them, by namespace."""
    public: tuple[int, ...] = ()
    """Ports at which anybody may reach them."""
    used: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Ports of other namespaces' pods that they may reach, by namespace."""
    everywhere: bool = False
    """Whether they may reach every pod of the cluster, at any port: a gateway has to."""
    outside: tuple[int, ...] = (443,)
    """Ports outside the cluster that they may reach: 443 for the APIs of Kubernetes and AWS."""
    blocks: tuple[Block, ...] = ()
    """Addresses outside the cluster that they may reach, where `outside` would be too wide."""
    isolated: bool = False
    """Whether they are kept from each other too, and from the Pod Identity agent: where what runs in one is not trusted by the next."""


def network_policies(traffic: Traffic) -> dict[str, Spec]:
    """The specs of a namespace's two NetworkPolicies, by name: everything is denied, and what is needed is allowed."""
    inside: Spec = [{"podSelector": {}}]
    ingress = [
        *([] if traffic.isolated else [{"from": inside}]),
        *([{"ports": _ports(traffic.webhooks)}] if traffic.webhooks else []),
        *([{"from": [_namespace(MONITORING)], "ports": _ports(traffic.metrics)}] if traffic.metrics else []),
        *({"from": [_namespace(name)], "ports": _ports(ports)} for name, ports in sorted(traffic.served.items())),
        *([{"ports": _ports(traffic.public)}] if traffic.public else []),
    ]
    egress = [
        *([] if traffic.isolated else [{"to": inside}]),
        {"to": [_namespace("kube-system")], "ports": [{"port": 53, "protocol": kind} for kind in ("UDP", "TCP")]},
        *([] if traffic.isolated else [{"to": [{"ipBlock": dict(block)} for block in _POD_IDENTITY], "ports": _ports((80,))}]),
        *([{"to": [{"ipBlock": dict(block)} for block in _ANYWHERE], "ports": _ports(traffic.outside)}] if traffic.outside else []),
        *({"to": [{"ipBlock": _block(block)}], "ports": _ports(block.ports)} for block in traffic.blocks),
        *({"to": [_namespace(name)], "ports": _ports(ports)} for name, ports in sorted(traffic.used.items())),
        *([{"to": [{"namespaceSelector": {}}]}] if traffic.everywhere else []),
    ]
    both = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    return {"default-deny": both, "platform": {**both, "ingress": ingress, "egress": egress}}


LIMITS: Spec = {
    "limits": [
        {"type": "Container", "default": {"memory": "512Mi"}, "defaultRequest": {"cpu": "50m", "memory": "128Mi"}},
    ]
}
"""What a container gets that says nothing of its size: a hook's job, or one that a chart cannot size."""

PODS = 250
"""A ceiling that no add-on comes near, so that one that goes wrong does not fill the cluster; agents on every node need a higher one."""


def quota(pods: int) -> Spec:
    """The most a namespace may hold."""
    return {"hard": {"pods": str(pods), "services.nodeports": "0"}}


def _ports(ports: tuple[int, ...]) -> list[Spec]:
    return [{"port": port, "protocol": "TCP"} for port in ports]


def _block(block: Block) -> Spec:
    return {"cidr": block.cidr, **({"except": list(block.excluded)} if block.excluded else {})}


def _namespace(name: str) -> Spec:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
