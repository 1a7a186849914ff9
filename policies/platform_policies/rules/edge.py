"""The edge: load balancers, certificates and public zones."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from platform_policies.checks import all_of, any_of, flag, items, present, related, text, verdict
from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from platform_policies.rule import Answer, Severity, Verdict, fail, passed, rule, unknown
from platform_policies.types import canonical

LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
CLASSIC = "aws:elb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
LISTENER_RULE = "aws:lb/listenerRule:ListenerRule"
CERTIFICATE = "aws:acm/certificate:Certificate"
ZONE = "aws:route53/zone:Zone"
QUERY_LOG = "aws:route53/queryLog:QueryLog"
DNSSEC = "aws:route53/hostedZoneDnsSec:HostedZoneDnsSec"

MODERN_TLS = re.compile(r"ELBSecurityPolicy-(TLS13-1-[23]-|TLS-1-2-|FS-1-2-)")
"""Policies of ELB that answer TLS 1.2 and above only (ELB user guides, "Security policies")."""


@rule(
    "aws-elb-https-tls12",
    title="Load balancers speak TLS 1.2 or above to clients",
    severity=Severity.HIGH,
    types=(LISTENER, LISTENER_RULE, CLASSIC),
    fix="Use protocol HTTPS with sslPolicy ELBSecurityPolicy-TLS13-1-2-2021-06 or newer; an HTTP listener may redirect to HTTPS only",
)
def https_tls12(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Plain HTTP and old TLS can be read and changed on the way. Listeners that pass TCP or UDP through are left out."""
    del settings
    kind = canonical(node.type)
    if kind == CLASSIC:
        return _classic(node)
    if kind == LISTENER_RULE:
        return _rule_of_plain_listener(node, graph)
    if node.value("protocol") is None and node.value("port") is None:
        return None  # of a gateway load balancer, which has neither
    protocol = text(node, "protocol", "HTTP")
    if protocol is None:
        return unknown("protocol")
    if protocol.upper() in {"HTTPS", "TLS"}:
        policy = text(node, "sslPolicy", "ELBSecurityPolicy-2016-08")
        modern = None if policy is None else MODERN_TLS.match(policy) is not None
        return verdict(modern, "sslPolicy", f"sslPolicy is {policy}: it answers TLS below 1.2")
    return _redirects(node) if protocol.upper() == "HTTP" else None


def _redirects(listener: Node) -> Verdict:
    actions = items(listener.value("defaultActions"))
    if actions is None:
        return unknown("defaultActions")
    return verdict(any_of(map(_to_https, actions)), "protocol", "protocol is HTTP, and defaultActions do not redirect to HTTPS")


def _to_https(action: Any) -> bool | None:
    if not isinstance(action, Mapping) or action.get("type") == UNKNOWN:
        return None
    redirect = action.get("redirect") or {}
    target = redirect.get("protocol", "#{protocol}") if isinstance(redirect, Mapping) else UNKNOWN
    return all_of((action.get("type") == "redirect", None if target == UNKNOWN else target == "HTTPS"))


def _rule_of_plain_listener(node: Node, graph: ResourceGraph) -> Verdict | None:
    """A rule beside the redirect must not serve what the redirect was to keep out."""
    listeners = [one for one in graph.referred(node, "listenerArn") if canonical(one.type) == LISTENER]
    if not any(one.value("port") is not None and one.value("protocol", "HTTP") == "HTTP" for one in listeners):
        return None
    actions = items(node.value("actions"))
    if actions is None:
        return unknown("actions")
    kinds = [one.get("type") if isinstance(one, Mapping) else UNKNOWN for one in actions]
    redirected = all_of(None if kind == UNKNOWN else kind != "forward" for kind in kinds)
    return verdict(redirected, "actions", f"actions of a rule of {listeners[0].name}, which speaks plain HTTP, forward requests")


def _classic(node: Node) -> Verdict | None:
    listeners = items(node.value("listeners"))
    if listeners is None:
        return unknown("listeners")
    protocols = [str(one.get("lbProtocol", "")).upper() if isinstance(one, Mapping) else UNKNOWN.upper() for one in listeners]
    spoken = [protocol for protocol in protocols if protocol != "TCP"]
    if not spoken:
        return None
    secure = all_of(None if protocol == UNKNOWN.upper() else protocol in {"HTTPS", "SSL"} for protocol in spoken)
    return verdict(secure, "listeners", "listeners has one with lbProtocol HTTP: requests travel in clear")


@rule(
    "aws-elb-access-logs",
    title="Load balancers log requests",
    severity=Severity.MEDIUM,
    types=(LOAD_BALANCER, CLASSIC),
    fix="Set accessLogs with enabled true and a bucket",
)
def access_logs(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """The access log is the only record of who asked what before it reached the service. Gateway load balancers have none: left out."""
    del graph, settings
    kind = text(node, "loadBalancerType", "application")
    if kind == "gateway":
        return None
    classic = canonical(node.type) == CLASSIC and node.value("accessLogs") is not None
    on = flag(node, "accessLogs.enabled", default=classic)
    return verdict(on if kind else None, "accessLogs.enabled", "accessLogs.enabled is not true: requests leave no trace")


@rule(
    "aws-elb-drop-invalid-headers",
    title="Application load balancers drop malformed headers",
    severity=Severity.LOW,
    types=(LOAD_BALANCER,),
    fix="Set dropInvalidHeaderFields true",
)
def drop_invalid_headers(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Malformed headers are how requests are smuggled past one server into another."""
    del graph, settings
    kind = text(node, "loadBalancerType", "application")
    if kind not in {"application", None}:
        return None
    path = "dropInvalidHeaderFields"
    return verdict(flag(node, path, default=False) if kind else None, path, f"{path} is not true: malformed headers reach the targets")


@rule(
    "aws-elb-deletion-protection",
    title="Load balancers cannot be deleted by one command",
    severity=Severity.LOW,
    types=(LOAD_BALANCER,),
    fix="Set enableDeletionProtection true",
)
def deletion_protection(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A deleted load balancer comes back under another name, which every DNS record must then follow."""
    del graph, settings
    path = "enableDeletionProtection"
    return verdict(flag(node, path, default=False), path, f"{path} is not true")


@rule(
    "aws-acm-no-wildcard",
    title="Certificates name their hosts, and are renewed through DNS",
    severity=Severity.LOW,
    types=(CERTIFICATE,),
    fix="List the host names in domainName and subjectAlternativeNames, and set validationMethod DNS",
    sub_ids=("wildcard", "dns-validated"),
)
def acm_no_wildcard(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """A stolen wildcard key speaks for every host; a certificate validated by mail expires when nobody reads the mail."""
    del graph, settings
    if node.value("privateKey") is not None or node.value("privateKeyWo") is not None:
        return  # imported: neither asked for nor renewed here
    yield _names_hosts(node)
    if node.value("certificateAuthorityArn") is not None:
        return  # a private authority asks for no validation
    method = text(node, "validationMethod", "EMAIL")
    right = None if method is None else method == "DNS"
    yield verdict(right, "validationMethod", f"validationMethod is {method}: renewal waits for a person", sub_id="dns-validated")


def _names_hosts(node: Node) -> Verdict:
    alternatives = items(node.value("subjectAlternativeNames"))
    path, names = "domainName", [node.value("domainName", "")]
    if alternatives is None:
        names.append(UNKNOWN)
        path = "subjectAlternativeNames"
    else:
        names += alternatives
    wild = next((name for name in names if isinstance(name, str) and name.startswith("*.")), None)
    if wild:
        path = "domainName" if wild == names[0] else "subjectAlternativeNames"
        return fail(path, f"{path} has {wild}: one key for every host below it", sub_id="wildcard")
    return unknown(path, sub_id="wildcard") if UNKNOWN in names else passed(sub_id="wildcard")


@rule(
    "aws-route53-query-logs",
    title="Public zones are signed and log queries",
    severity=Severity.LOW,
    types=(ZONE,),
    fix="Add a QueryLog, and a HostedZoneDnsSec with a KeySigningKey, for the zone",
    sub_ids=("query-logs", "dnssec"),
)
def route53_query_logs(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Unsigned answers can be forged; without query logs nobody sees which names are being probed. Private zones have neither: left out."""
    del settings
    private = present(node.value("vpcs"))
    if private:
        return
    logs, signing = related(node, graph, QUERY_LOG, "zoneId"), related(node, graph, DNSSEC, "hostedZoneId")
    logged = logs.any(True for _ in logs.nodes)
    signed = signing.any(_signs(one) for one in signing.nodes)
    for sub_id, holds, message in (
        ("query-logs", logged, "no QueryLog is for this zone"),
        ("dnssec", signed, "no HostedZoneDnsSec that is SIGNING is for this zone"),
    ):
        yield unknown("vpcs", sub_id=sub_id) if private is None and not holds else verdict(holds, "", message, sub_id=sub_id)


def _signs(dnssec: Node) -> bool | None:
    status = text(dnssec, "signingStatus", "SIGNING")
    return None if status is None else status == "SIGNING"


RULES = (https_tls12, access_logs, drop_invalid_headers, deletion_protection, acm_no_wildcard, route53_query_logs)
