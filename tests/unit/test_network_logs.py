"""The logs of a network."""

import json

import pytest

from tests.unit.network_cases import build


def test_flow_logs_go_to_a_log_group_of_their_own():
    deployment = build()
    group = deployment.one("aws:cloudwatch/logGroup:LogGroup")
    assert group.inputs["retentionInDays"] == 90
    assert "skipDestroy" not in group.inputs
    log = deployment.one("aws:ec2/flowLog:FlowLog")
    assert log.inputs["trafficType"] == "ALL"
    assert log.inputs["maxAggregationInterval"] == 600
    assert log.inputs["logFormat"].startswith("${version} ${account-id} ")
    assert group.urn in log.property_dependencies["logDestination"]
    assert deployment.one("aws:iam/rolePolicy:RolePolicy").urn in log.dependencies
    trust = json.loads(deployment.one("aws:iam/role:Role").inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}


def test_an_owned_key_encrypts_all_log_groups_and_outlives_logs_that_are_kept():
    deployment = build(
        logs_encryption={"owned_key": True}, query_logs={"enabled": True, "retention_days": 365}, flow_logs={"keep_on_destroy": True}
    )
    key = deployment.one("aws:kms/key:Key")
    assert key.inputs["enableKeyRotation"] is True
    groups = {node.name: node for node in deployment.graph.of_type("aws:cloudwatch/logGroup:LogGroup")}
    assert set(groups) == {"prod-flow-logs", "prod-query-logs"}
    assert all(key.urn in node.property_dependencies["kmsKeyId"] for node in groups.values())
    assert groups["prod-flow-logs"].inputs["skipDestroy"] is True
    assert groups["prod-query-logs"].inputs["retentionInDays"] == 365
    assert deployment.value("logs_key_arn").startswith("arn:aws:kms:")


@pytest.mark.parametrize(
    ("encryption", "keys"),
    [({}, 1), ({"owned_key": True}, 1), ({"owned_key": False}, 0), ({"key_arn": "arn:aws:kms:eu-west-1:1:key/1"}, 0)],
)
def test_log_groups_have_a_key_of_their_own_unless_told_otherwise(encryption, keys):
    deployment = build(logs_encryption=encryption)
    made = list(deployment.graph.of_type("aws:kms/key:Key"))
    group = deployment.one("aws:cloudwatch/logGroup:LogGroup")
    assert len(made) == keys
    if made:
        assert group.property_dependencies["kmsKeyId"] == (made[0].urn,)
    else:
        assert group.inputs.get("kmsKeyId") == encryption.get("key_arn")
    assert (deployment.value("logs_key_arn") is not None) is bool(made)


def test_flow_logs_may_go_to_a_bucket_or_nowhere():
    deployment = build(flow_logs={"destination": "s3", "bucket_arn": "arn:aws:s3:::logs/vpc"})
    log = deployment.one("aws:ec2/flowLog:FlowLog").inputs
    assert (log["logDestinationType"], log["logDestination"]) == ("s3", "arn:aws:s3:::logs/vpc")
    assert log["destinationOptions"] == {"fileFormat": "parquet", "hiveCompatiblePartitions": True, "perHourPartition": True}
    assert not deployment.names("aws:iam/role:Role")
    nowhere = build(flow_logs={"destination": "none"})
    assert not nowhere.names("aws:ec2/flowLog:FlowLog")
    assert not nowhere.names("aws:kms/key:Key")
