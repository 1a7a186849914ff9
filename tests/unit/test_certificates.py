"""Certificates: what each issuer brings, in which order, and with which rights; and the namespace it all lives in."""

import itertools
import json
from typing import Any

import pytest
from pydantic import ValidationError

import platform_components as platform
from platform_components.certificates import issuers
from tests.support import Deployment, deploy

PCA = "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/1-2"
CLUSTER = platform.ClusterRef(name="c", arn="arn:aws:eks:eu-west-1:123456789012:cluster/c")
CUSTOM = "kubernetes:cert-manager.io"


def built(**args: Any) -> Deployment[dict[str, Any]]:
    def program() -> dict[str, Any]:
        made = platform.Certificates(
            "shop",
            platform.CertificatesArgs(cluster=CLUSTER, environment="dev", region="eu-west-1", vpc_id="vpc-1", **args),
        )
        return {"public": made.public_issuer, "internal": made.internal_issuer, "bundle": made.bundle_name}

    return deploy(program)


def named(done: Deployment[dict[str, Any]], name: str) -> Any:
    return next(node for node in done.graph if node.name == f"shop-{name}")


def test_without_a_word_the_platforms_own_authority_signs_everything() -> None:
    done = built()
    reference = {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "platform-internal"}
    assert done.value("public") == done.value("internal") == reference
    assert not list(done.graph.of_type("aws:iam/role:Role")), "nothing calls AWS, so nothing has a right to"
    assert named(done, "internal-issuer").inputs["spec"] == {"ca": {"secretName": "platform-root"}}
    assert named(done, "root").inputs["spec"]["duration"] == "87600h"


def test_what_signs_comes_after_what_makes_it_possible() -> None:
    done = built()
    order = ["cert-manager", "root-issuer", "root", "bundle", "internal-issuer"]
    for before, later in itertools.pairwise(order):
        assert named(done, before).urn in named(done, later).dependencies
    assert {named(done, "root").urn, named(done, "trust-manager").urn} <= set(named(done, "bundle").dependencies)


def test_acme_may_prove_names_in_its_own_zones_and_do_nothing_else() -> None:
    done = built(issuer={"kind": "acme", "email": "ops@example.com"}, zones={"dev.example.com": "Z1", "b.example.com": "Z2"})
    assert done.value("public") == {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "platform-public"}
    solvers = named(done, "public-issuer").inputs["spec"]["acme"]["solvers"]
    assert [(solver["selector"]["dnsZones"], solver["dns01"]["route53"]["hostedZoneID"]) for solver in solvers] == [
        (["b.example.com"], "Z2"),
        (["dev.example.com"], "Z1"),
    ]
    (policy,) = done.graph.of_type("aws:iam/rolePolicy:RolePolicy")
    change, *_ = json.loads(policy.inputs["policy"])["Statement"]
    assert change["Resource"] == ["arn:aws:route53:::hostedzone/Z2", "arn:aws:route53:::hostedzone/Z1"]
    assert change["Condition"] == {"ForAllValues:StringEquals": {"route53:ChangeResourceRecordSetsRecordTypes": "TXT"}}
    association = done.one("aws:eks/podIdentityAssociation:PodIdentityAssociation").inputs
    assert (association["namespace"], association["serviceAccount"]) == ("cert-manager", "cert-manager")


def test_a_private_ca_is_named_and_may_sign() -> None:
    done = built(issuer={"kind": "acm-pca", "arn": PCA})
    assert done.value("public")["kind"] == "AWSPCAClusterIssuer"
    (policy,) = done.graph.of_type("aws:iam/rolePolicy:RolePolicy")
    assert json.loads(policy.inputs["policy"])["Statement"][0]["Resource"] == PCA
    assert named(done, "private-ca").inputs["values"]["serviceAccount"]["name"] == "aws-privateca-issuer"


def test_acme_without_a_zone_is_refused_with_the_way_out() -> None:
    with pytest.raises(ValidationError, match="needs a Route 53 zone; give zones, or choose issuer internal or acm-pca"):
        built(issuer={"kind": "acme"})


def test_without_monitors_nothing_needs_their_kinds() -> None:
    done = built(monitors=False)
    assert not list(done.graph.of_type("kubernetes:monitoring.coreos.com/v1:PrometheusRule"))
    assert named(done, "cert-manager").inputs["values"]["prometheus"]["servicemonitor"]["enabled"] is False


def test_a_root_is_renewed_with_its_key_a_year_before_it_ends() -> None:
    for years in (2, 10, 30):
        spec = issuers.root_certificate(years)
        assert int(spec["duration"].rstrip("h")) - int(spec["renewBefore"].rstrip("h")) == (years - 1) * 8760
        assert spec["privateKey"]["rotationPolicy"] == "Never"


def test_an_overlay_of_values_goes_over_the_platforms() -> None:
    done = built(addons={"cert-manager": {"version": "v1.21.0", "values": {"webhook": {"timeoutSeconds": 10}}}})
    release = named(done, "cert-manager").inputs
    assert release["version"] == "v1.21.0"
    assert release["values"]["webhook"]["timeoutSeconds"] == 10
    assert release["values"]["webhook"]["replicaCount"] == 2


def test_the_namespace_is_closed_bounded_and_labelled() -> None:
    done = built()
    labels = named(done, "namespace-cert-manager").inputs["metadata"]["labels"]
    assert {labels[f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "audit", "warn")} == {"restricted"}
    deny = named(done, "cert-manager-default-deny").inputs["spec"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    outside = named(done, "cert-manager-platform").inputs["spec"]["egress"]
    blocks = [peer["ipBlock"] for rule in outside for peer in rule["to"] if "ipBlock" in peer]
    assert {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]} in blocks, "the metadata service stays out of reach"
