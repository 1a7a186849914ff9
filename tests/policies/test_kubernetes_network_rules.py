"""Rules of Kubernetes services and ingresses, case by case."""

from typing import Any

import pytest
from platform_policies.graph import SECRET, UNKNOWN
from platform_policies.rule import Status
from platform_policies.rules import kubernetes_network as network

from tests.policies.cases import Case
from tests.policies.table import Table, case_id, prove

CASES: list[Case] = []

SERVICE = "kubernetes:core/v1:Service"
INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
AWS = "service.beta.kubernetes.io/aws-load-balancer"
RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"


def service(kind: Any = "LoadBalancer", annotations: Any = None, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"annotations": annotations}, "spec": {"type": kind, **spec}}


def _load_balancer() -> None:
    table, path = Table(CASES, "k8s-service-no-public-loadbalancer", SERVICE, "public-loadbalancer"), "spec.type"
    table.passing(service("ClusterIP"))
    table.passing(service("NodePort"), "node port")
    table.failing(service(), at=path)
    for key, value in (
        (f"{AWS}-scheme", "internal"),
        (f"{AWS}-internal", "true"),
        (f"{AWS}-internal", "0.0.0.0/0"),
        ("service.beta.kubernetes.io/azure-load-balancer-internal", "true"),
        ("networking.gke.io/load-balancer-type", "Internal"),
        (f"{AWS}-type", "external"),
        (f"{AWS}-type", "nlb-ip"),
        (RANGES, "10.0.0.0/8, 192.0.2.0/24"),
    ):
        table.passing(service(annotations={key: value}), f"{key} {value}")
        table.unknown(service(annotations={key: UNKNOWN}), f"{key} {value}", at=f"metadata.annotations.{key}")
    for key, value in (
        (f"{AWS}-scheme", "internet-facing"),
        (f"{AWS}-internal", "false"),
        (f"{AWS}-type", "nlb"),
        (RANGES, "0.0.0.0/0"),
        (RANGES, "10.0.0.0/8,::/0"),
        (RANGES, ""),
    ):
        table.failing(service(annotations={key: value}), f"{key} {value}", at=path)
    for name in ("service.k8s.aws/nlb", "eks.amazonaws.com/nlb"):
        table.passing(service(loadBalancerClass=name), name)
        table.failing(service(annotations={f"{AWS}-scheme": "internet-facing"}, loadBalancerClass=name), f"{name} facing the internet")
    table.failing(service(loadBalancerClass="other"), "another class")
    table.passing(service(loadBalancerSourceRanges=["10.0.0.0/8"]), "ranges")
    table.failing(service(loadBalancerSourceRanges=["10.0.0.0/8", "0.0.0.0/0"]), "the world in ranges")
    table.failing(service(loadBalancerSourceRanges=["0.0.0.0/0", UNKNOWN]), "the world beside an unknown range")
    table.failing(service(loadBalancerSourceRanges=[]), "no ranges")
    table.failing(service(annotations={RANGES: "10.0.0.0/8"}, loadBalancerSourceRanges=["0.0.0.0/0"]), "the field wins")
    table.unknown(service(loadBalancerSourceRanges=UNKNOWN), "ranges", at="spec.loadBalancerSourceRanges")
    table.unknown(service(loadBalancerSourceRanges=["10.0.0.0/8", UNKNOWN]), "a range", at="spec.loadBalancerSourceRanges")
    table.unknown(service(loadBalancerSourceRanges=[SECRET]), "a secret range")
    table.unknown(service(loadBalancerClass=UNKNOWN), "class", at="spec.loadBalancerClass")
    table.failing(service(annotations={f"{AWS}-scheme": "internet-facing"}, loadBalancerClass=UNKNOWN), "class beside a scheme")
    table.unknown(service(annotations=UNKNOWN), "annotations", at="metadata.annotations")
    table.unknown(service(UNKNOWN), at=path)
    table.passing(service(UNKNOWN, {f"{AWS}-scheme": "internal"}), "unknown type, internal at any rate")
    table.absent(Status.PASS)


def _external_ips() -> None:
    table, path = Table(CASES, "k8s-service-no-public-loadbalancer", SERVICE, "externalIPs"), "spec.externalIPs"
    table.passing(service("ClusterIP", externalIPs=[]))
    table.failing(service("ClusterIP", externalIPs=["192.0.2.1"]), at=path)
    table.unknown(service("ClusterIP", externalIPs=UNKNOWN), at=path)
    table.absent(Status.PASS)


def ingress(tls: Any = None, hosts: tuple[Any, ...] = ("a.example.org",), annotations: Any = None) -> dict[str, Any]:
    return {"metadata": {"annotations": annotations}, "spec": {"tls": tls, "rules": [{"host": host} for host in hosts]}}


def _tls() -> None:
    table, path = Table(CASES, "k8s-ingress-tls", INGRESS), "spec.tls"
    table.passing(ingress([{"hosts": ["a.example.org"], "secretName": "tls"}]))
    table.passing(ingress([{"secretName": "tls"}]), "an entry for all hosts")
    table.passing(ingress([{"hosts": [], "secretName": "tls"}]), "an entry with no hosts")
    table.passing(ingress([{"hosts": ["*.example.org"]}]), "by wildcard")
    table.failing(ingress([{"hosts": ["*.example.org"]}], ("a.b.example.org",)), "a wildcard is one label")
    table.failing(ingress([{"hosts": ["*.example.com"]}]), "another wildcard")
    table.failing(ingress([{"hosts": ["b.example.org"]}]), "another host", at=path)
    table.failing(ingress([{"hosts": ["a.example.org"]}], ("a.example.org", "b.example.org")), "one host of two", at=path)
    table.failing(ingress([{"hosts": ["a.example.org"]}], ()), "no rules")
    table.failing(ingress([{"hosts": ["a.example.org"]}], (None,)), "a rule for every host")
    table.failing(ingress(), at=path, of="kubernetes:extensions/v1beta1:Ingress")
    table.failing(ingress(hosts=(UNKNOWN,)), "no TLS for a host that is not known")
    table.absent(Status.FAIL, at=path)
    table.unknown(ingress(UNKNOWN), at=path)
    table.unknown(ingress([{"hosts": UNKNOWN}]), "hosts", at=path)
    table.unknown(ingress([{"hosts": [UNKNOWN]}]), "one TLS host", at=path)
    table.unknown(ingress([{"hosts": [SECRET]}]), "a secret TLS host", at=path)
    table.unknown(ingress([{"hosts": ["a.example.org"]}], (UNKNOWN,)), "host", at=path)
    table.unknown({"spec": {"tls": [{"hosts": ["a.example.org"]}], "rules": UNKNOWN}}, "rules", at=path)
    alb = "alb.ingress.kubernetes.io"
    table.passing(ingress(annotations={f"{alb}/certificate-arn": "arn:aws:acm:eu-west-1:1:certificate/x"}), "ALB's certificate")
    table.passing(ingress(annotations={f"{alb}/certificate-arn": UNKNOWN}), "ALB's certificate of the same run")
    table.failing(ingress(annotations={f"{alb}/certificate-arn": ""}), "ALB without certificate")
    table.passing(ingress(annotations={f"{alb}/listen-ports": '[{"HTTPS":443}]'}), "ALB's listener")
    table.failing(ingress(annotations={f"{alb}/listen-ports": '[{"HTTP":80},{"HTTPS":443}]'}), "ALB's listeners")
    table.failing(ingress(annotations={f"{alb}/listen-ports": "443"}), "no listeners")
    table.failing(ingress(annotations={f"{alb}/listen-ports": "HTTPS"}), "no JSON")
    table.unknown(ingress(annotations={f"{alb}/listen-ports": UNKNOWN}), "ALB's listeners", at="metadata.annotations")
    table.unknown(ingress(annotations=UNKNOWN), "annotations", at="metadata.annotations")
    table.passing(ingress([{"secretName": "tls"}], annotations=UNKNOWN), "TLS whatever the annotations")


_load_balancer()
_external_ips()
_tls()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_case(case: Case) -> None:
    prove(network.RULES, case)
