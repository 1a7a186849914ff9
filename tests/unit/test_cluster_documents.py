import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from platform_components.cluster.documents import KEY_REASONS, cni_ipv6_statements, key_policy, kubeconfig, queue_policy
from platform_components.cluster.karpenter_policy import INTERRUPTION_PATTERN, karpenter_statements
from platform_components.cluster.node_pools.auto import tagging_statements
from platform_components.identity.statements import (
    INLINE_POLICY_MAX,
    Effect,
    Statement,
    is_every_resource,
    is_mutating,
    policy_document,
    render,
    wildcard_problem,
)
from platform_components.identity.trust import chain_trust, fargate_trust, irsa_trust, pod_identity_trust, service_trust
from platform_components.place import Place

PLACE = Place("123456789012", "eu-west-1", "aws")
NODE_ROLE = "arn:aws:iam::123456789012:role/nodes"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:queue"

POLICIES = {
    "karpenter": karpenter_statements(PLACE, "dev", NODE_ROLE, QUEUE),
    "cni": cni_ipv6_statements(PLACE),
    "auto mode tags": tagging_statements(),
}
"""Every identity policy this library writes itself."""


@pytest.mark.parametrize("policy", POLICIES)
def test_no_statement_allows_a_mutating_action_everywhere_without_a_reason(policy):
    assert [problem for statement in POLICIES[policy] if (problem := wildcard_problem(statement))] == []


@pytest.mark.parametrize("policy", POLICIES)
def test_a_reason_stands_only_where_one_is_needed_and_never_reaches_aws(policy):
    for statement in POLICIES[policy]:
        needed = any(map(is_every_resource, statement.resources)) and any(map(is_mutating, statement.actions))
        assert bool(statement.reason) == needed, statement.sid
        assert not statement.reason or statement.reason not in json.dumps(render(statement))


@pytest.mark.parametrize("policy", POLICIES)
def test_statement_ids_are_unique_in_a_policy(policy):
    ids = [statement.sid for statement in POLICIES[policy]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("resource", ["*", "arn:aws:s3:::*", "arn:aws:ec2:eu-west-1:123456789012:*"])
def test_a_mutating_action_everywhere_is_refused_without_a_reason(resource):
    with pytest.raises(ValidationError, match="name the resources, or write the reason"):
        Statement(sid="Broad", actions=("s3:DeleteObject",), resources=(resource,))
    assert Statement(sid="Broad", actions=("s3:DeleteObject",), resources=(resource,), reason="The sweeper empties every bucket").reason


@pytest.mark.parametrize("action", ["s3:*", "*", "kms:Decrypt", "iam:PassRole", "ec2:CreateTags", "s3:Put*"])
def test_what_may_change_something_counts_as_mutating(action):
    assert is_mutating(action)


@pytest.mark.parametrize("action", ["ec2:DescribeInstances", "s3:GetObject", "iam:ListRoles", "dynamodb:Query", "s3:Get*"])
def test_what_only_reads_does_not(action):
    assert not is_mutating(action)


def test_a_denial_may_be_as_broad_as_it_likes():
    assert Statement(sid="No", actions=("s3:*",), resources=("*",), effect=Effect.DENY)


_STATEMENTS = st.builds(
    lambda sid, actions, resources: Statement(sid=sid, actions=tuple(actions), resources=tuple(resources), reason="drawn at random"),
    st.from_regex(r"[A-Za-z0-9]{1,20}", fullmatch=True),
    st.lists(st.sampled_from(["s3:GetObject", "s3:PutObject", "sqs:SendMessage"]), min_size=1, max_size=3),
    st.lists(st.sampled_from(["*", "arn:aws:s3:::a/*", "arn:aws:s3:::b"]), min_size=1, max_size=3),
)


@given(_STATEMENTS)
def test_a_single_value_stands_alone_as_aws_writes_it_back(statement):
    rendered = render(statement)
    for key, values in (("Action", statement.actions), ("Resource", statement.resources)):
        assert rendered[key] == (values[0] if len(values) == 1 else list(values))


def test_karpenters_policy_fits_in_a_role_at_the_longest_names():
    place = Place("123456789012", "ap-southeast-1", "aws-us-gov")
    cluster = "c" * 45
    document = policy_document(
        karpenter_statements(place, cluster, f"arn:aws-us-gov:iam::123456789012:role/{'r' * 64}", f"arn:aws-us-gov:sqs:x:1:{'q' * 80}")
    )
    assert len(json.dumps(document, separators=(",", ":"))) <= INLINE_POLICY_MAX


def test_karpenter_deletes_only_what_carries_its_clusters_tag():
    document = policy_document(POLICIES["karpenter"])
    delete = next(statement for statement in document["Statement"] if statement["Sid"] == "DeleteOwn")
    assert delete["Condition"]["StringEquals"] == {"aws:ResourceTag/kubernetes.io/cluster/dev": "owned"}
    assert delete["Condition"]["StringLike"] == {"aws:ResourceTag/karpenter.sh/nodepool": "*"}


def test_karpenter_passes_no_role_but_the_nodes():
    passing = [statement for statement in POLICIES["karpenter"] if "iam:PassRole" in statement.actions]
    assert [statement.resources for statement in passing] == [(NODE_ROLE,)]


def test_the_cni_may_do_in_ipv6_mode_what_its_maintainers_list_and_no_more():
    allowed = {action for statement in POLICIES["cni"] for action in statement.actions}
    assert allowed == {
        "ec2:AssignIpv6Addresses",
        "ec2:CreateTags",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeInstances",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeTags",
        "ec2:ModifyNetworkInterfaceAttribute",
    }
    for statement in POLICIES["cni"]:
        if any(map(is_mutating, statement.actions)):
            assert all(resource.startswith("arn:aws:ec2:eu-west-1:123456789012:") for resource in statement.resources)


def test_karpenter_changes_no_identity_but_the_first_spot_role():
    changing = {
        (action, *statement.resources)
        for statement in POLICIES["karpenter"]
        for action in statement.actions
        if action.startswith("iam:") and is_mutating(action) and action != "iam:PassRole"
    }
    role = "arn:aws:iam::123456789012:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
    assert changing == {("iam:CreateServiceLinkedRole", role)}


def test_one_event_pattern_covers_all_interruptions():
    assert len(INTERRUPTION_PATTERN["detail-type"]) == 5
    assert INTERRUPTION_PATTERN["source"] == ["aws.ec2", "aws.health"]


def test_each_statement_of_the_key_policy_has_its_reason_beside_it():
    statements = key_policy(PLACE, "dev")["Statement"]
    assert {statement["Sid"] for statement in statements} == set(KEY_REASONS)


def test_the_key_serves_logs_of_this_cluster_and_volumes_of_this_account_only():
    statements = {statement["Sid"]: statement for statement in key_policy(PLACE, "dev")["Statement"]}
    logs = statements["LogsOfThisCluster"]
    assert logs["Principal"] == {"Service": "logs.eu-west-1.amazonaws.com"}
    assert logs["Condition"]["ArnEquals"] == {
        "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/eks/dev/cluster"
    }
    volumes = statements["VolumesThroughEc2"]
    assert volumes["Condition"]["StringEquals"] == {"kms:CallerAccount": "123456789012", "kms:ViaService": "ec2.eu-west-1.amazonaws.com"}


def test_only_the_account_itself_may_manage_the_key():
    managing = [statement for statement in key_policy(PLACE, "dev")["Statement"] if statement["Action"] == "kms:*"]
    assert [statement["Principal"] for statement in managing] == [{"AWS": "arn:aws:iam::123456789012:root"}]


def test_china_has_its_own_dns_suffix():
    statements = key_policy(Place("123456789012", "cn-north-1", "aws-cn"), "dev")["Statement"]
    assert statements[1]["Principal"] == {"Service": "logs.cn-north-1.amazonaws.com.cn"}


def test_the_queue_takes_messages_from_its_rule_and_only_over_tls():
    allow, deny = queue_policy(QUEUE, "arn:aws:events:eu-west-1:123456789012:rule/r")["Statement"]
    assert allow["Condition"] == {"ArnEquals": {"aws:SourceArn": "arn:aws:events:eu-west-1:123456789012:rule/r"}}
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


CLUSTER = PLACE.cluster("dev")


def test_pod_identity_trusts_one_service_account_of_one_cluster():
    (statement,) = pod_identity_trust(CLUSTER, "payments", "ledger")["Statement"]
    assert statement["Condition"]["StringEquals"] == {
        "aws:SourceAccount": "123456789012",
        "aws:RequestTag/eks-cluster-arn": CLUSTER,
        "aws:RequestTag/kubernetes-namespace": "payments",
        "aws:RequestTag/kubernetes-service-account": "ledger",
    }


def test_without_session_tags_only_the_account_can_be_checked():
    (statement,) = pod_identity_trust(CLUSTER, "payments", "ledger", session_tags=False)["Statement"]
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}


def test_irsa_trusts_one_subject_and_audience_exactly():
    (statement,) = irsa_trust("arn:aws:iam::1:oidc-provider/x", "https://oidc.example/id/A", "payments", "ledger")["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {"oidc.example/id/A:sub": "system:serviceaccount:payments:ledger", "oidc.example/id/A:aud": "sts.amazonaws.com"}
    }


def test_fargate_is_trusted_for_the_profiles_of_one_cluster():
    (statement,) = fargate_trust("aws", "eu-west-1", "123456789012", "dev")["Statement"]
    assert statement["Condition"] == {"ArnLike": {"aws:SourceArn": "arn:aws:eks:eu-west-1:123456789012:fargateprofile/dev/*"}}


def test_the_far_end_of_a_chain_wants_the_associations_own_external_id():
    (statement,) = chain_trust("arn:aws:iam::1:role/near", "region/1/cluster/dev/a-1")["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::1:role/near"}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "region/1/cluster/dev/a-1"}}
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]


def test_only_auto_mode_lets_eks_tag_sessions():
    assert service_trust("eks.amazonaws.com")["Statement"][0]["Action"] == "sts:AssumeRole"
    assert service_trust("eks.amazonaws.com", tag_sessions=True)["Statement"][0]["Action"] == ["sts:AssumeRole", "sts:TagSession"]


def test_a_kubeconfig_holds_a_command_and_no_token():
    config = kubeconfig("dev", "https://api", "Q0E=", "eu-west-1", role_arn="arn:aws:iam::1:role/reader", profile="work")
    (user,) = config["users"]
    assert set(user["user"]) == {"exec"}
    login = user["user"]["exec"]
    assert login["args"][-2:] == ["--role-arn", "arn:aws:iam::1:role/reader"]
    assert login["env"] == [{"name": "AWS_PROFILE", "value": "work"}]
    assert config["current-context"] == config["contexts"][0]["name"] == "dev"
