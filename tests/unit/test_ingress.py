"""Zones and ways in: who may write where, what is private unless said, and what stands before the public."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

import platform_components as platform
from tests.support import Deployment, deploy

ARN = "arn:aws:eks:eu-west-1:123456789012:cluster/shop"
CLUSTER = platform.ClusterRef(name="shop", arn=ARN)
ABOVE = {"zone_id": "Z0ABOVE", "role_arn": "arn:aws:iam::210987654321:role/dns"}


def zone(**args: Any) -> Deployment[dict[str, Any]]:
    def program() -> dict[str, Any]:
        made = platform.PublicZone("shop", platform.PublicZoneArgs(domain="shop.example.com", **args))
        return {"id": made.zone_id, "ds": made.ds_record, "servers": made.name_servers}

    return deploy(program)


def ingress(**args: Any) -> Deployment[dict[str, Any]]:
    def program() -> dict[str, Any]:
        made = platform.Ingress(
            "shop", platform.IngressArgs(cluster=CLUSTER, environment="dev", region="eu-west-1", vpc_id="vpc-1", **args)
        )
        return {"acl": made.web_acl_arn, "public": made.public_class_name}

    return deploy(program)


def of(done: Deployment[dict[str, Any]], kind: str) -> list[Any]:
    return [node for node in done.graph if node.type.rpartition(":")[2] == kind]


def statements(done: Deployment[dict[str, Any]], name: str) -> dict[str, Any]:
    policy = next(node for node in of(done, "RolePolicy") if node.name == name)
    return {statement["Sid"]: statement for statement in json.loads(policy.inputs["policy"])["Statement"]}


# --- zones


def test_logs_and_keys_stand_where_route_53_wants_them() -> None:
    done = zone()
    for kind in ("Key", "LogGroup", "LogResourcePolicy"):
        assert {node.inputs["region"] for node in of(done, kind)} == {"us-east-1"}, kind
    (group,) = of(done, "LogGroup")
    assert (group.inputs["name"], group.inputs["retentionInDays"]) == ("/aws/route53/shop.example.com", 90)


def test_route_53_may_sign_and_write_for_this_account_alone() -> None:
    done = zone()
    signing = next(node for node in of(done, "Key") if node.inputs.get("keyUsage") == "SIGN_VERIFY")
    assert signing.inputs["customerMasterKeySpec"] == "ECC_NIST_P256"
    used = [entry for entry in json.loads(signing.inputs["policy"])["Statement"] if "Service" in entry["Principal"]]
    assert {entry["Condition"]["StringEquals"]["aws:SourceAccount"] for entry in used} == {"123456789012"}
    assert {action for entry in used for action in [entry["Action"]] if isinstance(action, str)} == {"kms:CreateGrant"}
    (policy,) = of(done, "LogResourcePolicy")
    (write,) = json.loads(policy.inputs["policyDocument"])["Statement"]
    assert write["Resource"] == "arn:aws:logs:us-east-1:123456789012:log-group:/aws/route53/shop.example.com:*"


def test_a_zone_is_signed_after_its_key_is_there() -> None:
    done = zone()
    (signer,), (signed,) = of(done, "KeySigningKey"), of(done, "HostedZoneDnsSec")
    assert signer.urn in signed.dependencies


def test_a_delegation_says_where_the_zone_is_and_whom_to_trust_as_the_role_of_the_other_account() -> None:
    done = zone(delegation=ABOVE)
    records = {node.inputs["type"]: node for node in of(done, "Record")}
    assert set(records) == {"NS", "DS"}
    (provider,) = [node for node in done.graph if node.name == "shop-zone-above"]
    assert "arn:aws:iam::210987654321:role/dns" in str(provider.inputs["assumeRoles"])
    assert all(node.provider.rpartition("::")[0] == provider.urn for node in records.values())
    assert {node.inputs["zoneId"] for node in records.values()} == {"Z0ABOVE"}


def test_what_is_not_wanted_is_not_there() -> None:
    done = zone(dnssec=False, query_logs=False, delegation={"zone_id": "Z0ABOVE"})
    assert not [*of(done, "Key"), *of(done, "QueryLog"), *of(done, "HostedZoneDnsSec")]
    assert [node.inputs["type"] for node in of(done, "Record")] == ["NS"]
    assert done.value("ds") is None


# --- ways in


def test_load_balancers_are_private_and_tls_is_modern() -> None:
    release = next(node for node in of(ingress(), "Release") if node.inputs["chart"] == "aws-load-balancer-controller")
    values = release.inputs["values"]
    assert (values["defaultLoadBalancerScheme"], values["defaultTargetType"]) == ("internal", "ip")
    assert "TLS13" in values["defaultSSLPolicy"]
    assert values["enableCertManager"] is True, "a certificate of the chart's own would differ at every render"


def test_the_controller_changes_only_what_carries_its_tag_and_the_clusters_own_group() -> None:
    rights = statements(ingress(), "shop-lbc-policy")
    assert rights["LetLoadBalancersReachPods"]["Condition"] == {"StringEquals": {"aws:ResourceTag/aws:eks:cluster-name": "shop"}}
    for sid in ("ChangeItsSecurityGroups", "ChangeItsLoadBalancers", "RegisterPods"):
        assert rights[sid]["Condition"] == {"Null": {"aws:ResourceTag/elbv2.k8s.aws/cluster": "false"}}, sid
    named = [sid for sid, entry in rights.items() if entry["Resource"] == "*"]
    assert sorted(named) == ["Look", "LookAtCertificatesAndFirewalls"], "everything else names this account and region"
    assert all(
        arn.startswith(("arn:aws:elasticloadbalancing:eu-west-1:123456789012:", "arn:aws:ec2:eu-west-1:123456789012:", "arn:aws:wafv2:"))
        for sid, entry in rights.items()
        if sid not in named
        for arn in ([entry["Resource"]] if isinstance(entry["Resource"], str) else entry["Resource"])
    )


def test_names_are_written_into_the_zones_given_and_never_deleted_unless_asked() -> None:
    done = ingress(zones={"shop.example.com": "Z1"})
    release = next(node for node in of(done, "Release") if node.inputs["chart"] == "external-dns").inputs["values"]
    assert release["policy"] == "upsert-only"
    assert release["domainFilters"] == ["shop.example.com"]
    assert "--zone-id-filter=Z1" in release["extraArgs"]
    assert release["txtOwnerId"] == "dev"
    assert statements(done, "shop-names-policy")["WriteRecords"]["Resource"] == "arn:aws:route53:::hostedzone/Z1"


def test_without_zones_nobody_writes_names() -> None:
    assert "external-dns" not in [node.inputs["chart"] for node in of(ingress(), "Release")]


def test_what_is_public_by_class_is_behind_the_firewall() -> None:
    done = ingress()
    (acl,), (parameters,) = of(done, "WebAcl"), of(done, "IngressClassParams")
    assert done.value("public") == "alb-public"
    assert acl.urn in parameters.dependencies
    assert parameters.inputs["spec"]["scheme"] == "internet-facing"
    priorities = [rule["priority"] for rule in acl.inputs["rules"]]
    assert priorities == sorted(set(priorities)), "AWS refuses two rules of one priority"
    assert acl.inputs["rules"][0]["action"] == {"block": {}}


def test_a_firewall_can_count_first() -> None:
    rules = of(ingress(firewall={"mode": "count"}), "WebAcl")[0].inputs["rules"]
    assert rules[0]["action"] == {"count": {}}
    assert {json.dumps(rule["overrideAction"]) for rule in rules[1:]} == {'{"count": {}}'}


def test_without_a_firewall_there_is_no_public_class() -> None:
    done = ingress(firewall=None)
    assert not of(done, "WebAcl")
    assert not of(done, "IngressClass")
    assert done.value("acl") is None


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"delegation": {"zone_id": "example.com"}}, "should match pattern"),
        ({"delegation": {"zone_id": "Z1", "role_arn": "dns"}}, "should match pattern"),
    ],
)
def test_a_delegation_that_aws_would_not_know_is_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        zone(**args)
