"""Network, compute, EKS, IAM and key rules over what the real SDK registers: names on the wire, references in both shapes."""

import base64
import json
from collections.abc import Iterable
from typing import Any

import pulumi_aws as aws
import pytest
from platform_policies.evaluate import evaluate
from platform_policies.rule import Rule, Settings, Status
from platform_policies.rules import ec2, eks, iam, kms, network, secrets, security_groups

from tests.support import deploy

MODULES = (network, security_groups, ec2, eks, iam, kms, secrets)
RULES: tuple[Rule, ...] = tuple(rule for module in MODULES for rule in module.RULES)
SETTINGS = Settings({"aws-iam-permissions-boundary-required": {"required": True}})
ACCOUNT = "123456789012"
GITHUB = "token.actions.githubusercontent.com"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def _document(**elements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **elements}]})


def _sound_network() -> tuple[list[aws.ec2.Subnet], aws.ec2.SecurityGroup]:
    vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
    aws.ec2.DefaultSecurityGroup("default", vpc_id=vpc.id)
    aws.ec2.FlowLog("logs", vpc_id=vpc.id, traffic_type="ALL", log_destination="arn:aws:logs:x")
    table = aws.ec2.RouteTable("private", vpc_id=vpc.id)
    nat = aws.ec2.NatGateway("nat", subnet_id="subnet-1", allocation_id="eipalloc-1")
    aws.ec2.Route("out", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", nat_gateway_id=nat.id)
    subnets = [aws.ec2.Subnet(zone, vpc_id=vpc.id, availability_zone=zone, cidr_block=f"10.0.{i}.0/24") for i, zone in enumerate("ab")]
    for index, subnet in enumerate(subnets):
        aws.ec2.RouteTableAssociation(f"private-{index}", subnet_id=subnet.id, route_table_id=table.id)
    own = _document(Principal="*", Action="*", Resource="*", Condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}})
    for service in ("s3", "dynamodb"):
        aws.ec2.VpcEndpoint(service, vpc_id=vpc.id, service_name=f"com.amazonaws.eu-west-1.{service}", policy=own)
    rule = {"rule_no": 100, "action": "allow", "protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_block": "0.0.0.0/0"}
    acl = aws.ec2.NetworkAcl("acl", vpc_id=vpc.id, ingress=[rule])
    numbers: Any = {"protocol": "tcp", "cidr_block": "0.0.0.0/0"}
    aws.ec2.NetworkAclRule("deny", network_acl_id=acl.id, rule_number=1, rule_action="deny", from_port=3389, to_port=3389, **numbers)
    aws.ec2.NetworkAclRule("replies", network_acl_id=acl.id, rule_number=2, rule_action="allow", from_port=1024, to_port=65535, **numbers)
    inline: Any = {"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["0.0.0.0/0"], "description": "HTTPS"}
    group = aws.ec2.SecurityGroup("web", vpc_id=vpc.id, description="Web", ingress=[inline], egress=[inline])
    aws.vpc.SecurityGroupIngressRule(
        "ssh", security_group_id=group.id, description="Operators", ip_protocol="tcp", from_port=22, to_port=22, cidr_ipv4="10.0.0.0/8"
    )
    return subnets, group


def _sound_compute(subnet: aws.ec2.Subnet, group: aws.ec2.SecurityGroup) -> None:
    aws.ec2.Instance(
        "web",
        ami="ami-1",
        instance_type="t3.micro",
        subnet_id=subnet.id,
        vpc_security_group_ids=[group.id],
        metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 1},
        root_block_device={"encrypted": True},
        user_data="#!/bin/sh\necho hello",
    )
    aws.ebs.Volume("data", availability_zone="a", size=8, encrypted=True)


def _sound_cluster(subnets: list[aws.ec2.Subnet], key: aws.kms.Key) -> None:
    trust = _document(Principal={"Service": "ec2.amazonaws.com"}, Action="sts:AssumeRole")
    role = aws.iam.Role("node", assume_role_policy=trust, permissions_boundary="arn:aws:iam::1:policy/boundary")
    aws.iam.RolePolicyAttachment("node", role=role.name, policy_arn="arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy")
    cluster = aws.eks.Cluster(
        "cluster",
        role_arn="arn:aws:iam::1:role/cluster",
        version="1.35",
        vpc_config={
            "subnet_ids": [subnet.id for subnet in subnets],
            "endpoint_public_access": False,
            "endpoint_private_access": True,
            "public_access_cidrs": ["203.0.113.0/24"],
        },
        encryption_config={"resources": ["secrets"], "provider": {"key_arn": key.arn}},
        enabled_cluster_log_types=list(eks.LOG_TYPES),
        access_config={"authentication_mode": "API"},
        deletion_protection=True,
    )
    aws.eks.PodIdentityAssociation(
        "app", cluster_name=cluster.name, namespace="app", service_account="app", role_arn="arn:aws:iam::1:role/app"
    )
    aws.eks.NodeGroup(
        "system",
        cluster_name=cluster.name,
        node_role_arn=role.arn,
        subnet_ids=[subnet.id for subnet in subnets],
        scaling_config={"min_size": 1, "max_size": 2, "desired_size": 1},
    )


def _sound() -> None:
    subnets, group = _sound_network()
    _sound_compute(subnets[0], group)
    owner = _document(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Action="kms:*", Resource="*")
    key = aws.kms.Key("key", enable_key_rotation=True, policy=owner)
    _sound_cluster(subnets, key)
    secret = aws.secretsmanager.Secret("secret", kms_key_id=key.arn)
    aws.secretsmanager.SecretRotation(
        "secret", secret_id=secret.id, rotation_lambda_arn="arn:aws:lambda:x", rotation_rules={"automatically_after_days": 30}
    )
    policy = aws.iam.Policy("read", policy=_document(Action="s3:GetObject", Resource="arn:aws:s3:::b/*"))
    claims = {f"{GITHUB}:sub": "repo:org/app:ref:refs/heads/main", f"{GITHUB}:aud": "sts.amazonaws.com"}
    provider = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"}
    trust = _document(Principal=provider, Action="sts:AssumeRoleWithWebIdentity", Condition={"StringEquals": claims})
    role = aws.iam.Role("ci", assume_role_policy=trust, permissions_boundary="arn:aws:iam::1:policy/boundary")
    aws.iam.PolicyAttachment("read", policy_arn="arn:aws:iam::aws:policy/ReadOnlyAccess", roles=[role.name])
    aws.iam.RolePolicyAttachment("ci", role=role.name, policy_arn=policy.arn)
    aws.iam.AccountPasswordPolicy(
        "passwords",
        minimum_password_length=14,
        password_reuse_prevention=24,
        max_password_age=90,
        require_lowercase_characters=True,
        require_uppercase_characters=True,
        require_numbers=True,
        require_symbols=True,
    )


def _bare_network() -> aws.ec2.Subnet:
    vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
    internet = aws.ec2.InternetGateway("internet", vpc_id=vpc.id)
    table = aws.ec2.RouteTable("public", vpc_id=vpc.id)
    aws.ec2.Route("out", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", gateway_id=internet.id)
    aws.ec2.Subnet("public", vpc_id=vpc.id, availability_zone="a", cidr_block="10.0.0.0/24", map_public_ip_on_launch=True)
    hidden = aws.ec2.Subnet("hidden", vpc_id=vpc.id, availability_zone="a", cidr_block="10.0.1.0/24")
    aws.ec2.RouteTableAssociation("hidden", subnet_id=hidden.id, route_table_id=table.id)
    aws.ec2.VpcEndpoint("ecr", vpc_id=vpc.id, service_name="com.amazonaws.eu-west-1.ecr.api", vpc_endpoint_type="Interface")
    acl = aws.ec2.NetworkAcl("acl", vpc_id=vpc.id)
    aws.ec2.NetworkAclRule(
        "all", network_acl_id=acl.id, rule_number=1, rule_action="allow", protocol="-1", cidr_block="0.0.0.0/0", from_port=0, to_port=0
    )
    everything: Any = {"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}
    group = aws.ec2.SecurityGroup("web", vpc_id=vpc.id, egress=[everything])
    aws.vpc.SecurityGroupIngressRule("all", security_group_id=group.id, ip_protocol="-1", cidr_ipv6="::/0")
    return hidden


def _bare() -> None:
    """Resources with nothing but what the SDK demands, and the plain mistakes."""
    subnet = _bare_network()
    aws.ec2.Instance("web", ami="ami-1", instance_type="t3.micro", associate_public_ip_address=True)
    user_data = base64.b64encode(b"export DB_PASSWORD=correct-horse-battery").decode()
    aws.ec2.LaunchTemplate("web", metadata_options={"http_put_response_hop_limit": 2}, user_data=user_data)
    everyone = _document(Principal="*", Action="*", Resource="*")
    role = aws.iam.Role("open", assume_role_policy=_document(Principal="*", Action="sts:AssumeRole"), max_session_duration=43200)
    federated = _document(Principal={"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"}, Action="sts:AssumeRoleWithWebIdentity")
    aws.iam.Role("ci", assume_role_policy=federated)
    aws.iam.RolePolicy("open", role=role.name, policy=_document(Action="*", Resource="*"))
    user = aws.iam.User("user")
    aws.iam.UserPolicyAttachment("user", user=user.name, policy_arn="arn:aws:iam::aws:policy/AdministratorAccess")
    aws.iam.AccessKey("user", user=user.name)
    aws.iam.AccountPasswordPolicy("passwords")
    cluster = aws.eks.Cluster(
        "cluster", role_arn="arn:aws:iam::1:role/cluster", version="1.29", vpc_config={"subnet_ids": ["subnet-1", "subnet-2"]}
    )
    aws.eks.NodeGroup(
        "system",
        cluster_name=cluster.name,
        node_role_arn=role.arn,
        subnet_ids=[subnet.id],
        scaling_config={"min_size": 1, "max_size": 2, "desired_size": 1},
        remote_access={"ec2_ssh_key": "key"},
    )
    aws.kms.Key("key", deletion_window_in_days=7)
    aws.kms.Key("open", policy=everyone)
    aws.secretsmanager.Secret("secret")


def _every(rules: Iterable[Rule]) -> set[tuple[str, str]]:
    return {(rule.id, sub_id) for rule in rules for sub_id in rule.sub_ids or ("",)}


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "deployed"])
def test_sound_resources_have_no_findings(*, preview: bool) -> None:
    found = evaluate(deploy(_sound, preview=preview).graph, RULES, SETTINGS).findings
    assert [(one.rule.id, one.sub_id, str(one.status), one.urn, one.message) for one in found] == []


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "deployed"])
def test_bare_resources_fail_every_rule(*, preview: bool) -> None:
    found = evaluate(deploy(_bare, preview=preview).graph, RULES, SETTINGS).findings
    assert {(one.rule.id, one.sub_id) for one in found if one.status is Status.FAIL} == _every(RULES)
