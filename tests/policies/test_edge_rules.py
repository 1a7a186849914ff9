"""Load balancer, certificate and zone rules, case by case."""

from typing import Any

import pytest
from platform_policies.graph import SECRET, UNKNOWN
from platform_policies.rule import Status
from platform_policies.rules import edge

from tests.policies.cases import Case, node
from tests.policies.table import Table, case_id, prove

CASES: list[Case] = []
REDIRECT = {"type": "redirect", "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}}
FORWARD = {"type": "forward", "targetGroupArn": "arn:x"}


def _tls() -> None:
    table = Table(CASES, "aws-elb-https-tls12", edge.LISTENER)
    modern = (
        "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "ELBSecurityPolicy-TLS13-1-3-2021-06",
        "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
        "ELBSecurityPolicy-TLS-1-2-2017-01",
        "ELBSecurityPolicy-TLS-1-2-Ext-2018-06",
        "ELBSecurityPolicy-FS-1-2-Res-2020-10",
    )
    old = (
        "ELBSecurityPolicy-2016-08",
        "ELBSecurityPolicy-TLS13-1-0-2021-06",
        "ELBSecurityPolicy-TLS13-1-1-2021-06",
        "ELBSecurityPolicy-TLS-1-1-2017-01",
        "ELBSecurityPolicy-TLS-1-0-2015-04",
        "ELBSecurityPolicy-FS-2018-06",
        "ELBSecurityPolicy-FS-1-1-2019-08",
    )
    for policy in modern:
        table.passing({"port": 443, "protocol": "HTTPS", "sslPolicy": policy}, policy)
    for policy in old:
        table.failing({"port": 443, "protocol": "HTTPS", "sslPolicy": policy}, policy, at="sslPolicy")
    table.passing({"port": 443, "protocol": "TLS", "sslPolicy": modern[0]}, "network")
    table.absent(Status.FAIL, {"port": 443, "protocol": "HTTPS"}, "policy", at="sslPolicy")
    table.absent(Status.FAIL, {"port": 80, "defaultActions": [FORWARD]}, "protocol", at="protocol")
    table.passing({"port": 80, "defaultActions": [REDIRECT]}, "redirect without a protocol")
    table.unknown({"port": 443, "protocol": "HTTPS", "sslPolicy": UNKNOWN}, "policy", at="sslPolicy")
    table.unknown({"port": 443, "protocol": UNKNOWN}, "protocol", at="protocol")
    plain: dict[str, Any] = {"port": 80, "protocol": "HTTP"}
    table.passing({**plain, "defaultActions": [REDIRECT]}, "redirect")
    table.failing({**plain, "defaultActions": [FORWARD]}, "plain", at="protocol")
    table.failing({**plain, "defaultActions": [{"type": "redirect", "redirect": {"port": "8080"}}]}, "redirect to HTTP")
    table.failing({**plain, "defaultActions": [{"type": "forward", "redirect": {"protocol": "HTTPS"}}]}, "a redirect that is not in force")
    table.failing(plain, "no action")
    table.unknown({**plain, "defaultActions": UNKNOWN}, "actions", at="defaultActions")
    table.unknown({**plain, "defaultActions": [UNKNOWN]}, "action")
    table.unknown({**plain, "defaultActions": [{"type": UNKNOWN}]}, "kind of action")
    table.unknown({**plain, "defaultActions": [{"type": "redirect", "redirect": UNKNOWN}]}, "redirect")
    table.unknown({**plain, "defaultActions": [{"type": "redirect", "redirect": {"protocol": UNKNOWN}}]}, "target")
    for protocol in ("TCP", "UDP"):
        table.skipped({"port": 443, "protocol": protocol}, protocol)
    table.skipped({"defaultActions": [FORWARD]}, "gateway")
    for old_type in ("aws:alb/listener:Listener", "aws:elasticloadbalancingv2/listener:Listener"):
        table.failing({**plain, "defaultActions": [FORWARD]}, old_type, of=old_type)


def _listener_rules() -> None:
    table = Table(CASES, "aws-elb-https-tls12", edge.LISTENER_RULE)
    plain, secure = (node(edge.LISTENER, "l", {"port": port, "protocol": protocol}) for port, protocol in ((80, "HTTP"), (443, "HTTPS")))
    to_listener = {"listenerArn": ["l"]}
    table.passing({"actions": [REDIRECT]}, "redirects", others=[plain], refers=to_listener)
    table.failing({"actions": [REDIRECT, FORWARD]}, "forwards", others=[plain], refers=to_listener, at="actions")
    table.unknown({"actions": UNKNOWN}, "actions", others=[plain], refers=to_listener, at="actions")
    table.unknown({"actions": [UNKNOWN]}, "action", others=[plain], refers=to_listener, at="actions")
    table.skipped({"actions": [FORWARD]}, "of a listener with TLS", others=[secure], refers=to_listener)
    table.absent(None, {"actions": [FORWARD], "listenerArn": "arn:elsewhere"}, "listener elsewhere")
    table.absent(Status.FAIL, {"actions": [FORWARD]}, "protocol", others=[node(edge.LISTENER, "l", {"port": 80})], refers=to_listener)


def _classic() -> None:
    table = Table(CASES, "aws-elb-https-tls12", edge.CLASSIC)
    table.passing({"listeners": [{"lbPort": 443, "lbProtocol": "https"}, {"lbPort": 25, "lbProtocol": "tcp"}]}, "classic")
    table.passing({"listeners": [{"lbProtocol": "SSL"}]}, "classic, ssl")
    table.failing({"listeners": [{"lbProtocol": "https"}, {"lbProtocol": "http"}]}, "classic", at="listeners")
    table.failing({"listeners": [{"lbProtocol": "http"}]}, "classic, old type", of="aws:elasticloadbalancing/loadBalancer:LoadBalancer")
    table.skipped({"listeners": [{"lbProtocol": "tcp"}]}, "classic, passed through")
    table.absent(None, name="classic without listeners")
    for name, listeners in {"listeners": UNKNOWN, "listener": [UNKNOWN], "protocol": [{"lbProtocol": UNKNOWN}]}.items():
        table.unknown({"listeners": listeners}, f"classic: {name}", at="listeners")


def _balancer() -> None:
    for rule, path, block in (
        ("aws-elb-access-logs", "accessLogs.enabled", True),
        ("aws-elb-drop-invalid-headers", "dropInvalidHeaderFields", False),
        ("aws-elb-deletion-protection", "enableDeletionProtection", False),
    ):
        table = Table(CASES, rule, edge.LOAD_BALANCER)

        def given(value: Any, path: str = path, block: bool = block) -> dict[str, Any]:
            return {"accessLogs": {"bucket": "b", "enabled": value}} if block else {path: value}

        table.passing(given(True))
        table.failing(given(False), at=path)
        table.absent(Status.FAIL, at=path)
        table.unknown(given(UNKNOWN), at=path)
        table.failing({**given(False), "loadBalancerType": "application"}, "application")
        if rule != "aws-elb-deletion-protection":
            table.skipped({**given(False), "loadBalancerType": "gateway"}, "gateway")
            table.unknown({**given(True), "loadBalancerType": UNKNOWN}, "type")
    logs = Table(CASES, "aws-elb-access-logs", edge.LOAD_BALANCER)
    logs.absent(Status.FAIL, {"accessLogs": {"bucket": "b"}}, "enabled")
    logs.failing({"loadBalancerType": "network"}, "network")
    logs.passing({"accessLogs": {"bucket": "b"}}, "classic with a bucket", of=edge.CLASSIC)
    logs.failing({"accessLogs": {"bucket": "b", "enabled": False}}, "classic, off", of=edge.CLASSIC)
    logs.absent(Status.FAIL, name="classic", of=edge.CLASSIC)
    Table(CASES, "aws-elb-drop-invalid-headers", edge.LOAD_BALANCER).skipped({"loadBalancerType": "network"}, "network")


def _certificates() -> None:
    rule = "aws-acm-no-wildcard"
    hosts, others = Table(CASES, rule, edge.CERTIFICATE, "wildcard"), "subjectAlternativeNames"
    hosts.passing({"domainName": "a.example.com", others: ["b.example.com"]})
    hosts.failing({"domainName": "*.example.com"}, at="domainName")
    hosts.failing({"domainName": "example.com", others: ["a.example.com", "*.example.com"]}, "alternative", at=others)
    hosts.absent(Status.PASS, {"domainName": "example.com"})
    hosts.unknown({"domainName": UNKNOWN}, at="domainName")
    hosts.unknown({"domainName": "a.example.com", others: UNKNOWN}, "alternatives", at=others)
    hosts.unknown({"domainName": "a.example.com", others: [UNKNOWN]}, "alternative")
    hosts.failing({"domainName": "*.example.com", others: UNKNOWN}, "whatever the alternatives")
    method = Table(CASES, rule, edge.CERTIFICATE, "dns-validated")
    method.passing({"domainName": "a.example.com", "validationMethod": "DNS"})
    method.failing({"domainName": "a.example.com", "validationMethod": "EMAIL"}, at="validationMethod")
    method.absent(Status.FAIL, {"domainName": "a.example.com"})
    method.unknown({"domainName": "a.example.com", "validationMethod": UNKNOWN}, at="validationMethod")
    method.skipped({"domainName": "a.example.com", "certificateAuthorityArn": "arn:x"}, "private authority")
    hosts.failing({"domainName": "*.example.com", "certificateAuthorityArn": "arn:x"}, "private authority")
    for table in (hosts, method):
        table.skipped({"domainName": "*.example.com", "privateKey": SECRET}, "imported")
        table.skipped({"privateKeyWo": SECRET}, "imported, written only")


def _zones() -> None:
    rule = "aws-route53-query-logs"
    for sub_id, kind, path in (("query-logs", edge.QUERY_LOG, "zoneId"), ("dnssec", edge.DNSSEC, "hostedZoneId")):
        table = Table(CASES, rule, edge.ZONE, sub_id)
        table.passing({}, others=[node(kind, "other", {}, {path: ["subject"]})])
        table.passing({}, "deployed", others=[node(kind, "other", {path: "Z1"})], outputs={"id": "Z1"})
        table.failing({}, others=[node(kind, "other", {path: "Z2"})], outputs={"id": "Z1"})
        table.absent(Status.FAIL)
        table.absent(Status.FAIL, {"vpcs": []}, "empty vpcs")
        table.unknown({}, others=[node(kind, "other", {path: UNKNOWN})])
        table.unknown({"vpcs": UNKNOWN}, "private", at="vpcs")
        table.passing({"vpcs": UNKNOWN}, "private or not", others=[node(kind, "other", {}, {path: ["subject"]})])
        table.skipped({"vpcs": [{"vpcId": UNKNOWN}]}, "private zone")
    signed = Table(CASES, rule, edge.ZONE, "dnssec")
    for status, add in (("SIGNING", signed.passing), ("NOT_SIGNING", signed.failing), (UNKNOWN, signed.unknown)):
        add({}, f"status {status[:8]}", others=[node(edge.DNSSEC, "other", {"signingStatus": status}, {"hostedZoneId": ["subject"]})])


_tls()
_listener_rules()
_classic()
_balancer()
_certificates()
_zones()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_case(case: Case) -> None:
    prove(edge.RULES, case)
