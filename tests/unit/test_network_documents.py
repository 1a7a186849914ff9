"""Policy documents and the endpoint table: least privilege, word by word."""

import json

import pytest

from platform_components.network.documents import endpoint_policy, flow_log_permissions, flow_log_trust, logs_key_policy, to_json
from platform_components.network.endpoint_services import (
    GATEWAY_SERVICES,
    INTERFACE_SERVICES,
    PROFILES,
    EndpointProfile,
    service_name,
    takes_policy,
)

PLACE = {"partition": "aws", "region": "eu-west-1"}
ACCOUNT = "123456789012"


def policy(service, **given):
    return endpoint_policy(service, **PLACE, accounts=[ACCOUNT], **given)


@pytest.mark.parametrize("service", [*GATEWAY_SERVICES, *INTERFACE_SERVICES])
def test_nobody_passes_an_endpoint_without_a_condition_but_for_reading_packages(service):
    for statement in policy(service)["Statement"]:
        unconditional = "Condition" not in statement
        assert unconditional == (statement["Sid"] == "AllowImageLayersAndPackages")
        if unconditional:
            assert service == "s3"
            assert statement["Action"] == "s3:GetObject"
            assert all(arn.startswith("arn:aws:s3:::") and "eu-west-1" in arn for arn in statement["Resource"])


def test_an_endpoint_lets_in_the_accounts_or_the_organization():
    accounts = endpoint_policy("ec2", **PLACE, accounts=["2" * 12, "1" * 12])["Statement"][0]["Condition"]
    assert accounts == {"StringEquals": {"aws:PrincipalAccount": ["1" * 12, "2" * 12]}}
    organization = policy("ec2", organization="o-abcdefghij")["Statement"][0]["Condition"]
    assert organization == {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}


@pytest.mark.parametrize(
    ("given", "condition"),
    [({}, {"aws:ResourceAccount": [ACCOUNT]}), ({"organization": "o-abcdefghij"}, {"aws:ResourceOrgID": "o-abcdefghij"})],
)
def test_sts_lets_anonymous_callers_federate_into_our_own_roles_only(given, condition):
    federation = policy("sts", **given)["Statement"][-1]
    assert federation["Action"] == ["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"]
    assert federation["Condition"] == {"StringEquals": condition}


def test_image_layers_come_from_the_partition_and_region_of_the_network():
    resources = endpoint_policy("s3", partition="aws-cn", region="cn-north-1", accounts=[ACCOUNT])["Statement"][-1]["Resource"]
    assert resources[0] == "arn:aws-cn:s3:::prod-cn-north-1-starport-layer-bucket/*"


def test_the_flow_log_role_is_for_this_account_s_flow_logs():
    (statement,) = flow_log_trust(**PLACE, account=ACCOUNT)["Statement"]
    assert statement["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:eu-west-1:{ACCOUNT}:vpc-flow-log/*"},
    }


@pytest.mark.parametrize("suffix", ["", ":*"])
def test_the_flow_log_role_writes_its_own_log_group_only(suffix):
    arn = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:net-flow-logs-1a2b3c4"
    write, find = flow_log_permissions(arn + suffix)["Statement"]
    assert write["Resource"] == [arn, f"{arn}:*"]
    assert "logs:CreateLogGroup" not in write["Action"]
    assert (find["Action"], find["Resource"]) == ("logs:DescribeLogGroups", f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:*")


def test_the_key_of_the_logs_is_used_by_cloudwatch_logs_for_this_account_only():
    account, service = logs_key_policy(**PLACE, account=ACCOUNT)["Statement"]
    assert account["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert service["Principal"] == {"Service": "logs.eu-west-1.amazonaws.com"}
    context = service["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    assert context == f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:*"
    assert not [action for action in service["Action"] if action.endswith(":*")]


def test_the_key_of_the_logs_knows_the_service_by_its_name_in_china():
    _, service = logs_key_policy(partition="aws-cn", region="cn-north-1", account=ACCOUNT)["Statement"]
    assert service["Principal"] == {"Service": "logs.cn-north-1.amazonaws.com.cn"}


def test_one_content_has_one_text():
    assert to_json({"b": 1, "a": [1]}) == to_json(json.loads('{"a": [1], "b": 1}')) == '{"a":[1],"b":1}'


def test_profiles_grow_and_name_known_services():
    minimal, eks, airgapped = (set(PROFILES[profile]) for profile in EndpointProfile)
    assert minimal < eks < airgapped <= set(INTERFACE_SERVICES)
    assert eks >= {"ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "sts", "elasticloadbalancing", "sqs", "ssm", "logs"}
    assert all(service.reason for service in INTERFACE_SERVICES.values())


def test_names_and_policies_of_services():
    assert service_name("eu-west-1", "ecr.api") == "com.amazonaws.eu-west-1.ecr.api"
    assert service_name("cn-north-1", "sts", {"sts": "cn.com.amazonaws.cn-north-1.sts"}) == "cn.com.amazonaws.cn-north-1.sts"
    assert [takes_policy(service) for service in ("s3", "sts", "eks-auth", "unheard-of")] == [True, True, False, False]
