"""Kubernetes services and ingresses: what is open to the world, and how."""

import json
from collections.abc import Mapping
from typing import Any

from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from platform_policies.pods import dig, items, opaque
from platform_policies.rule import PASS, Answer, Severity, Verdict, fail, passed, rule, unknown

SERVICE = "kubernetes:core:Service"
INGRESS = "kubernetes:networking.k8s.io:Ingress"

WORLD = ("0.0.0.0/0", "::/0")

_AWS = "service.beta.kubernetes.io/aws-load-balancer"
INTERNAL: Mapping[str, tuple[str, ...]] = {
    f"{_AWS}-scheme": ("internal",),
    f"{_AWS}-internal": ("true", "0.0.0.0/0"),
    "service.beta.kubernetes.io/azure-load-balancer-internal": ("true",),
    "networking.gke.io/load-balancer-type": ("Internal",),
    "cloud.google.com/load-balancer-type": ("Internal",),
}
"""Annotations that keep a load balancer off the internet, and the values by which they do."""

INTERNAL_BY_DEFAULT = ("service.k8s.aws/nlb", "eks.amazonaws.com/nlb")
"""Load balancer classes whose scheme is internal where none is set (AWS Load Balancer Controller, EKS Auto Mode)."""


@rule(
    "k8s-service-no-public-loadbalancer",
    title="Services are not open to the internet",
    severity=Severity.HIGH,
    types=[SERVICE],
    fix="Annotate it service.beta.kubernetes.io/aws-load-balancer-scheme: internal or set spec.loadBalancerSourceRanges; no externalIPs",
    sub_ids=("public-loadbalancer", "externalIPs"),
)
def no_public_service(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:  # noqa: ARG001 -- the signature of a rule
    """A public load balancer goes past the ingress and its controls; an external IP lets a service take traffic meant for another."""
    return _load_balancer(node), _external_ips(node)


def _external_ips(node: Node) -> Verdict:
    path, listed = "spec.externalIPs", dig(node.inputs, "spec", "externalIPs")
    if listed == UNKNOWN:
        return unknown(path, sub_id="externalIPs")
    if listed:
        return fail(path, f"externalIPs takes traffic to {', '.join(map(str, items(listed)))} into the service", sub_id="externalIPs")
    return passed(sub_id="externalIPs")


def _load_balancer(node: Node) -> Verdict:
    sub_id = "public-loadbalancer"
    kind = dig(node.inputs, "spec", "type")
    if kind not in ("LoadBalancer", UNKNOWN):
        return passed(sub_id=sub_id)
    annotations = dig(node.inputs, "metadata", "annotations")
    found = {key: dig(annotations, key) for key in (*INTERNAL, f"{_AWS}-type", "service.beta.kubernetes.io/load-balancer-source-ranges")}
    if any(found[key] in values for key, values in INTERNAL.items()):
        return passed(sub_id=sub_id)
    path, ranges = "spec.loadBalancerSourceRanges", dig(node.inputs, "spec", "loadBalancerSourceRanges")
    if ranges is None and isinstance(annotated := found["service.beta.kubernetes.io/load-balancer-source-ranges"], str):
        ranges = UNKNOWN if annotated == UNKNOWN else [one.strip() for one in annotated.split(",") if one.strip()]
    narrow = bool(items(ranges)) and not any(opaque(one) or one in WORLD for one in items(ranges))
    scheme, manager = found[f"{_AWS}-scheme"], (dig(node.inputs, "spec", "loadBalancerClass"), found[f"{_AWS}-type"])
    if narrow or (scheme is None and (manager[0] in INTERNAL_BY_DEFAULT or manager[1] in ("external", "nlb-ip"))):
        return passed(sub_id=sub_id)
    for where, value in (
        ("metadata.annotations", annotations),
        *((f"metadata.annotations.{key}", value) for key, value in found.items()),
        ("spec.loadBalancerClass", manager[0] if scheme is None else None),
        (path, UNKNOWN if any(map(opaque, items(ranges))) and not any(one in WORLD for one in items(ranges)) else None),
        ("spec.type", kind),
    ):
        if value == UNKNOWN:
            return unknown(where, sub_id=sub_id)
    return fail("spec.type", "type is LoadBalancer and nothing keeps it off the internet", sub_id=sub_id)


@rule(
    "k8s-ingress-tls",
    title="Ingresses serve every host over TLS",
    severity=Severity.MEDIUM,
    types=[INGRESS],
    fix="List the host under spec.tls with its secretName, or give the ALB a certificate (alb.ingress.kubernetes.io/certificate-arn)",
)
def ingress_tls(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:  # noqa: ARG001 -- the signature of a rule
    """Without TLS, whoever is on the way reads and changes what users send, their sessions included."""
    alb = _alb(dig(node.inputs, "metadata", "annotations"))
    covered = _covered(dig(node.inputs, "spec", "tls"))
    hosts = [dig(one, "host") for one in items(dig(node.inputs, "spec", "rules"))] or [None]
    answers = [True if alb else _served(host, covered) for host in hosts]
    bad = [host for host, answer in zip(hosts, answers, strict=True) if answer is False]
    if alb is None and not all(answers):
        return unknown("metadata.annotations")
    if bad:
        name = "every host" if bad[0] in (None, UNKNOWN) else f"host {bad[0]}"
        return fail("spec.tls", f"{name} is in no entry of spec.tls: it is served in the clear")
    return PASS if all(answers) else unknown("spec.tls")


def _alb(annotations: Any) -> bool | None:
    """Whether an AWS load balancer serves the ingress over TLS; None where that cannot be said."""
    certificate, ports = (dig(annotations, f"alb.ingress.kubernetes.io/{key}") for key in ("certificate-arn", "listen-ports"))
    if annotations == UNKNOWN:
        return None
    if certificate:
        return True  # whatever its ARN is going to be
    return None if ports == UNKNOWN else isinstance(ports, str) and _https_only(ports)


def _served(host: Any, covered: list[Any] | None) -> bool | None:
    """Whether a host has TLS; None where that cannot be said."""
    if covered is None or any(_matches(host, one) for one in covered if UNKNOWN not in (one, host)):
        return True
    return None if UNKNOWN in covered or (host == UNKNOWN and covered) else False


def _https_only(ports: str) -> bool:
    """Whether an ALB's listeners (`[{"HTTPS":443}]`) are all HTTPS, whose certificate the controller finds by the hosts."""
    try:
        listeners = json.loads(ports)
    except ValueError:
        return False
    kinds = {kind for one in items(listeners) if isinstance(one, Mapping) for kind in one}
    return kinds == {"HTTPS"}


def _covered(tls: Any) -> list[Any] | None:
    """Hosts that have TLS; None where an entry without hosts covers every one."""
    hosts: list[Any] = []
    for entry in items(tls):
        own = dig(entry, "hosts")
        if own is None or own == []:
            return None
        hosts.extend(UNKNOWN if opaque(one) else one for one in items(own))
    return hosts


def _matches(host: Any, covered: Any) -> bool:
    """Whether a host is one that has TLS, by name or by a wildcard of one label."""
    if host is None:
        return False
    return bool(host == covered or (str(covered).startswith("*.") and str(host).partition(".")[2] == str(covered)[2:]))


RULES = (no_public_service, ingress_tls)
