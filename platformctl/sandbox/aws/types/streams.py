"""Streams: Kinesis, and Kafka without servers, which moto does not keep apart from the kind with servers."""

from typing import Any

from platformctl.sandbox.aws.rows import TAG_MAP, Call, F, Name, Row, Scope, Tags, Update, arn, rows, untag

_STREAM = {"StreamName": "$name"}


def _mode(scope: Scope) -> Any:
    return (scope.new.get("streamModeDetails") or {}).get("streamMode", "PROVISIONED")


def _shards(scope: Scope) -> Any:
    return scope.new.get("shardCount") if _mode(scope) == "PROVISIONED" else None


def _set_retention(scope: Scope) -> None:
    new, old = int(scope.new.get("retentionPeriod") or 24), int(scope.old.get("retentionPeriod") or 24)
    if new != old:
        change = "increase" if new > old else "decrease"
        scope.call("kinesis", f"{change}_stream_retention_period", StreamName=scope.new["name"], RetentionPeriodHours=new)


def _set_encryption(scope: Scope) -> None:
    if scope.old.get("kmsKeyId"):
        scope.call("kinesis", "stop_stream_encryption", StreamName=scope.new["name"], EncryptionType="KMS", KeyId=scope.old["kmsKeyId"])
    if scope.new.get("kmsKeyId"):
        scope.call("kinesis", "start_stream_encryption", StreamName=scope.new["name"], EncryptionType="KMS", KeyId=scope.new["kmsKeyId"])


def _set_shards(scope: Scope) -> None:
    if scope.old and _shards(scope) and scope.new.get("shardCount") != scope.old.get("shardCount"):
        scope.call(
            "kinesis",
            "update_shard_count",
            StreamName=scope.new["name"],
            TargetShardCount=scope.new["shardCount"],
            ScalingType="UNIFORM_SCALING",
        )


def _arn(scope: Scope) -> str:
    return f"arn:{scope.region.partition}:kinesis:{scope.region.name}:{scope.region.account}:stream/{scope.new['name']}"


def _subnets(scope: Scope) -> Any:
    return [{"SubnetIds": one["subnetIds"], "SecurityGroupIds": one.get("securityGroupIds")} for one in scope.new["vpcConfigs"]]


def _login(scope: Scope) -> Any:
    return {"Sasl": {"Iam": {"Enabled": scope.new["clientAuthentication"]["sasl"]["iam"]["enabled"]}}}


def _tag(scope: Scope) -> None:
    if scope.new.get("tags"):
        scope.call("kinesis", "add_tags_to_stream", StreamName=scope.new["name"], Tags=dict(scope.new["tags"]))


ROWS = rows(
    Row(
        "aws:kinesis/stream:Stream",
        "kinesis",
        create=Call(
            "create_stream",
            {
                **_STREAM,
                "ShardCount": F(_shards, ("shardCount",)),
                "StreamModeDetails": {"StreamMode": F(_mode, ("streamModeDetails",))},
            },
        ),
        id=F(_arn),
        read=Call("describe_stream_summary", _STREAM, at="StreamDescriptionSummary"),
        props={
            "arn": "StreamARN",
            "name": "StreamName",
            "retentionPeriod": "RetentionPeriodHours",
            "encryptionType": "EncryptionType",
            "kmsKeyId": F(lambda scope: scope.item.get("KeyId") or None),
            "streamModeDetails": "{streamMode: StreamModeDetails.StreamMode}",
            "shardCount": F(lambda scope: scope.item["OpenShardCount"] if scope.new.get("shardCount") else None),
        },
        updates=(
            Update(("retentionPeriod",), (_set_retention,), on_create=True),
            Update(("kmsKeyId", "encryptionType"), (_set_encryption,), on_create=True),
            Update(("shardCount",), (_set_shards,)),
            Update(
                ("streamModeDetails",),
                (Call("update_stream_mode", {"StreamARN": "$id", "StreamModeDetails": {"StreamMode": F(_mode)}}),),
            ),
        ),
        delete=(Call("delete_stream", _STREAM),),
        name=Name(max_length=128),
        tags=Tags(
            read=Call("list_tags_for_stream", _STREAM, at="Tags"),
            add=Call("add_tags_to_stream", {**_STREAM, "Tags": TAG_MAP}),
            remove=Call("remove_tags_from_stream", {**_STREAM, "TagKeys": F(untag)}),
        ),
        after_create=(_tag,),
        local=frozenset({"enforceConsumerDeletion"}),
    ),
    Row(
        "aws:msk/serverlessCluster:ServerlessCluster",
        "kafka",
        emulated=False,
        needs=(Call("describe_subnets", {"SubnetIds": F(lambda scope: scope.new["vpcConfigs"][0]["subnetIds"])}, service="ec2"),),
        create=Call(
            "create_cluster_v2",
            {
                "ClusterName": "$clusterName",
                "Serverless": {"VpcConfigs": F(_subnets, ("vpcConfigs",)), "ClientAuthentication": F(_login, ("clientAuthentication",))},
                "Tags": TAG_MAP,
            },
        ),
        id=arn("kafka", "cluster/{clusterName}/01234567-89ab-cdef-0123-456789abcdef-s1", "clusterName"),
        props={
            "arn": F(lambda scope: scope.id),
            "bootstrapBrokersSaslIam": F(
                lambda scope: f"boot-{scope.new['clusterName']}.c1.kafka-serverless.{scope.region.name}.amazonaws.com:9098"
            ),
            "clusterUuid": F(lambda scope: scope.id.rpartition("/")[2]),
        },
        name=Name("clusterName", max_length=64),
        force_new=frozenset({"clusterName", "vpcConfigs", "clientAuthentication"}),
    ),
)
