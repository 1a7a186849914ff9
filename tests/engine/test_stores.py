"""Stores in the sandbox: what was declared is read back by boto3, and grants are evaluated, what they allow and what they do not."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.engine.conftest import Repository, copy_repository
from tests.iam_evaluator import Account, applies

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """A team's own program, up in a sandbox."""
    folder = tmp_path_factory.mktemp("stores")
    platform = copy_repository(folder / "platform")
    platform.platformctl("sandbox", "start")
    shutil.copytree(HERE / "stores", folder / "team", ignore=shutil.ignore_patterns("__pycache__"))
    team = Repository(folder / "team", platform.sandbox_environ())
    team.pulumi("stack", "init", "demo")
    team.pulumi("up", "-s", "demo", "--yes", "--skip-preview")
    yield team
    platform.platformctl("sandbox", "stop", check=None)


@pytest.fixture(scope="module")
def outputs(stores: Repository) -> dict[str, Any]:
    return dict(json.loads(stores.pulumi("stack", "output", "-s", "demo", "--json").stdout))


@pytest.fixture(scope="module")
def account(stores: Repository) -> Account:
    return Account(stores.aws)


def test_the_program_is_at_rest(stores: Repository) -> None:
    stores.pulumi("up", "-s", "demo", "--yes", "--skip-preview", "--refresh", "--expect-no-changes")


# --- buckets


def test_a_bucket_is_private_encrypted_and_versioned(stores: Repository, outputs: dict[str, Any]) -> None:
    s3, name = stores.aws("s3"), outputs["bucket"]["reports"]["name"]
    assert name == "reports-123456789012-eu-west-1"
    assert set(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": outputs["keys"]["reports"]}
    assert rule["BucketKeyEnabled"] is True
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    (owner,) = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    assert owner["ObjectOwnership"] == "BucketOwnerEnforced"
    rules = {one["ID"]: one for one in s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]}
    assert rules["expire"]["Expiration"]["Days"] == 400
    assert rules["versions"]["NoncurrentVersionExpiration"]["NoncurrentDays"] == 90
    assert rules["uploads"]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7
    assert s3.get_bucket_logging(Bucket=name)["LoggingEnabled"]["TargetBucket"] == "reports-logs-123456789012-eu-west-1"
    other = outputs["bucket"]["other"]["name"]
    lock = s3.get_object_lock_configuration(Bucket=other)["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert (lock["Mode"], lock["Days"]) == ("GOVERNANCE", 3)


def test_a_bucket_refuses_what_is_not_encrypted(account: Account, outputs: dict[str, Any]) -> None:
    role, arn = outputs["roles"]["ledger"], outputs["bucket"]["reports"]["arn"]
    written = f"{arn}/ledger/2026.csv"
    assert account.may(role, "s3:PutObject", written)
    assert not account.may(role, "s3:PutObject", written, aws__SecureTransport="false")
    assert not account.may(role, "s3:PutObject", written, s3__TlsVersion="1.1")
    assert not account.may(role, "s3:PutObject", written, s3__x_amz_server_side_encryption="AES256")
    assert account.may(role, "s3:PutObject", written, s3__x_amz_server_side_encryption="aws:kms")


def test_a_bucket_grant_is_what_was_granted_and_nothing_else(account: Account, outputs: dict[str, Any]) -> None:
    ledger, stranger = outputs["roles"]["ledger"], outputs["roles"]["stranger"]
    arn, other = outputs["bucket"]["reports"]["arn"], outputs["bucket"]["other"]["arn"]
    own, foreign = f"{arn}/ledger/2026.csv", f"{arn}/payments/2026.csv"
    assert account.may(ledger, "s3:ListBucket", arn)
    for action in ("s3:GetObject", "s3:GetObjectVersion"):
        assert account.may(ledger, action, own)
        assert account.may(ledger, action, foreign)
    for action in ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"):
        assert account.may(ledger, action, own)
        assert not account.may(ledger, action, foreign)
    for action in ("s3:DeleteObjectVersion", "s3:PutObjectAcl", "s3:GetObjectAcl", "s3:BypassGovernanceRetention"):
        assert not account.may(ledger, action, own)
    for action in ("s3:DeleteBucket", "s3:PutBucketPolicy", "s3:GetBucketPolicy", "s3:ListBucketVersions", "s3:PutEncryptionConfiguration"):
        assert not account.may(ledger, action, arn)
    for action in ("s3:GetObject", "s3:PutObject", "s3:ListBucket"):
        assert not account.may(ledger, action, f"{other}/x" if "Object" in action else other)
    assert account.may(stranger, "s3:PutObject", f"{other}/x")
    assert not account.may(stranger, "s3:GetObject", f"{other}/x")
    assert not account.may(stranger, "s3:ListBucket", arn)


def test_a_bucket_grant_uses_its_key_through_s3_only(account: Account, outputs: dict[str, Any]) -> None:
    ledger, stranger = outputs["roles"]["ledger"], outputs["roles"]["stranger"]
    key, other = outputs["keys"]["reports"], outputs["keys"]["other"]
    through_s3 = {"kms__ViaService": "s3.eu-west-1.amazonaws.com"}
    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        assert account.may(ledger, action, key, **through_s3)
        assert not account.may(ledger, action, key)
        assert not account.may(ledger, action, key, kms__ViaService="sqs.eu-west-1.amazonaws.com")
        assert not account.may(ledger, action, other, **through_s3)
        assert not account.may(stranger, action, key, **through_s3)
    for action in ("kms:Encrypt", "kms:ScheduleKeyDeletion", "kms:CreateGrant", "kms:PutKeyPolicy"):
        assert not account.may(ledger, action, key, **through_s3)


# --- queues


def test_a_queue_puts_its_failures_aside(stores: Repository, outputs: dict[str, Any]) -> None:
    sqs = stores.aws("sqs")

    def read(url: str) -> dict[str, Any]:
        return dict(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])

    jobs, failed = read(outputs["queue"]["jobs"]["endpoint"]), read(outputs["failed"]["jobs"]["jobs"])
    assert json.loads(jobs["RedrivePolicy"]) == {"deadLetterTargetArn": failed["QueueArn"], "maxReceiveCount": 3}
    assert (jobs["VisibilityTimeout"], jobs["MessageRetentionPeriod"], failed["MessageRetentionPeriod"]) == ("120", "345600", "1209600")
    assert {jobs["KmsMasterKeyId"], failed["KmsMasterKeyId"]} == {outputs["queue_keys"]["jobs"]}
    for consumer in ("billing", "shipping"):
        queue = read(outputs["queue"]["urls"][consumer])
        assert (queue["FifoQueue"], queue["ContentBasedDeduplication"]) == ("true", "true")
        assert json.loads(queue["RedrivePolicy"])["deadLetterTargetArn"] == read(outputs["failed"]["orders"][consumer])["QueueArn"]


def test_a_topic_delivers_to_each_consumer_what_it_asked_for(stores: Repository, outputs: dict[str, Any]) -> None:
    sns, topic = stores.aws("sns"), outputs["queue"]["topic"]
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (attributes["FifoTopic"], attributes["KmsMasterKeyId"]) == ("true", outputs["queue_keys"]["orders"])
    found = {one["Endpoint"]: one["SubscriptionArn"] for one in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]}
    assert set(found) == set(outputs["queue"]["arns"].values())
    shipping = sns.get_subscription_attributes(SubscriptionArn=found[outputs["queue"]["arns"]["shipping"]])["Attributes"]
    assert json.loads(shipping["FilterPolicy"]) == {"kind": ["paid"]}
    sqs = stores.aws("sqs")
    for number, kind in enumerate(("paid", "open")):
        sns.publish(
            TopicArn=topic,
            Message=kind,
            MessageGroupId=kind,
            MessageDeduplicationId=str(number),
            MessageAttributes={"kind": {"DataType": "String", "StringValue": kind}},
        )
    arrived = {
        consumer: [
            one["Body"]
            for _ in range(2)
            for one in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0).get("Messages", [])
        ]
        for consumer, url in outputs["queue"]["urls"].items()
    }
    assert set(arrived["billing"]) == {"paid", "open"}
    assert set(arrived["shipping"]) == {"paid"}


def test_a_queue_grant_is_what_was_granted_and_nothing_else(account: Account, outputs: dict[str, Any]) -> None:
    ledger, stranger = outputs["roles"]["ledger"], outputs["roles"]["stranger"]
    jobs, topic, arns = outputs["queue"]["jobs"]["arn"], outputs["queue"]["topic"], outputs["queue"]["arns"]
    assert account.may(ledger, "sqs:SendMessage", jobs)
    assert not account.may(ledger, "sqs:SendMessage", jobs, aws__SecureTransport="false")
    assert not account.may(ledger, "sqs:ReceiveMessage", jobs)
    for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"):
        assert account.may(stranger, action, jobs)
        assert account.may(ledger, action, arns["billing"])
        assert not account.may(ledger, action, arns["shipping"])
        assert not account.may(stranger, action, arns["billing"])
        assert not account.may(stranger, action, f"{jobs}-failed")
    for action in ("sqs:PurgeQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes", "sqs:AddPermission"):
        assert not account.may(ledger, action, jobs)
        assert not account.may(stranger, action, jobs)
    assert account.may(ledger, "sns:Publish", topic)
    assert not account.may(ledger, "sns:Publish", topic, aws__SecureTransport="false")
    assert not account.may(ledger, "sns:Subscribe", topic)
    assert not account.may(stranger, "sns:Publish", topic)
    keys = outputs["queue_keys"]
    assert account.may(ledger, "kms:GenerateDataKey", keys["jobs"], kms__ViaService="sqs.eu-west-1.amazonaws.com")
    assert account.may(ledger, "kms:GenerateDataKey", keys["orders"], kms__ViaService="sns.eu-west-1.amazonaws.com")
    assert not account.may(stranger, "kms:GenerateDataKey", keys["jobs"], kms__ViaService="sqs.eu-west-1.amazonaws.com")
    assert account.may(stranger, "kms:Decrypt", keys["jobs"], kms__ViaService="sqs.eu-west-1.amazonaws.com")


# --- databases


def test_a_database_is_what_was_declared(stores: Repository, outputs: dict[str, Any]) -> None:
    rds, made = stores.aws("rds"), outputs["database_ids"]["accounts"]
    (found,) = rds.describe_db_instances(DBInstanceIdentifier=made["identifier"])["DBInstances"]
    assert (found["Engine"], found["DBInstanceClass"], found["DBName"]) == ("postgres", "db.t4g.medium", "app")
    assert (found["StorageEncrypted"], found["KmsKeyId"]) == (True, made["key"])
    assert (found["PubliclyAccessible"], found["MultiAZ"], found["DeletionProtection"]) == (False, True, True)
    assert (found["BackupRetentionPeriod"], found["MaxAllocatedStorage"], found["CopyTagsToSnapshot"]) == (21, 100, True)
    assert (found["IAMDatabaseAuthenticationEnabled"], found["AutoMinorVersionUpgrade"]) == (True, True)
    assert set(found["EnabledCloudwatchLogsExports"]) == {"postgresql", "upgrade"}
    assert [one["VpcSecurityGroupId"] for one in found["VpcSecurityGroups"]] == [made["group"]]
    secret = stores.aws("secretsmanager").describe_secret(SecretId=found["MasterUserSecret"]["SecretArn"])
    assert secret["ARN"] == made["secret"] == found["MasterUserSecret"]["SecretArn"]
    group = found["DBParameterGroups"][0]["DBParameterGroupName"]
    values = {one["ParameterName"]: one["ParameterValue"] for one in rds.describe_db_parameters(DBParameterGroupName=group)["Parameters"]}
    assert values["rds.force_ssl"] == "1"
    groups = {one["logGroupName"]: one for one in stores.aws("logs").describe_log_groups(logGroupNamePrefix="/aws/rds/")["logGroups"]}
    log = groups[f"/aws/rds/instance/{made['identifier']}/postgresql"]
    assert (log["retentionInDays"], log["kmsKeyId"]) == (90, made["key"])


def test_aurora_is_what_was_declared(stores: Repository, outputs: dict[str, Any]) -> None:
    rds, made = stores.aws("rds"), outputs["database_ids"]["events"]
    (found,) = rds.describe_db_clusters(DBClusterIdentifier=made["identifier"])["DBClusters"]
    assert (found["Engine"], found["DatabaseName"], found["Port"]) == ("aurora-mysql", "events", 3306)
    assert (found["StorageEncrypted"], found["IAMDatabaseAuthenticationEnabled"], found["DeletionProtection"]) == (True, True, False)
    assert (found["BackupRetentionPeriod"], sorted(found["EnabledCloudwatchLogsExports"])) == (14, ["error", "slowquery"])
    assert len(found["DBClusterMembers"]) == 2
    values = rds.describe_db_cluster_parameters(DBClusterParameterGroupName=found["DBClusterParameterGroup"])["Parameters"]
    assert {one["ParameterName"]: one["ParameterValue"] for one in values}["require_secure_transport"] == "ON"


def test_a_database_grant_is_one_user_one_port_and_nothing_else(stores: Repository, account: Account, outputs: dict[str, Any]) -> None:
    ledger, stranger = outputs["roles"]["ledger"], outputs["roles"]["stranger"]
    (instance,) = stores.aws("rds").describe_db_instances(DBInstanceIdentifier=outputs["database_ids"]["accounts"]["identifier"])[
        "DBInstances"
    ]
    users = f"arn:aws:rds-db:eu-west-1:123456789012:dbuser:{instance['DbiResourceId']}"
    assert account.may(ledger, "rds-db:connect", f"{users}/writer")
    for user in ("reader", "master", "rds_superuser"):
        assert not account.may(ledger, "rds-db:connect", f"{users}/{user}")
    assert not account.may(stranger, "rds-db:connect", f"{users}/writer")
    secret = outputs["database_ids"]["accounts"]["secret"]
    assert not account.may(ledger, "secretsmanager:GetSecretValue", secret)
    for action in ("rds:DeleteDBInstance", "rds:ModifyDBInstance", "rds:CreateDBSnapshot"):
        assert not account.may(ledger, action, instance["DBInstanceArn"])
    (group,) = stores.aws("ec2").describe_security_groups(GroupIds=[outputs["database_ids"]["accounts"]["group"]])["SecurityGroups"]
    (rule,) = group["IpPermissions"]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 5432, 5432)
    assert [one["GroupId"] for one in rule["UserIdGroupPairs"]] == [outputs["nodes"]]
    assert (rule["IpRanges"], rule["Ipv6Ranges"], group["IpPermissionsEgress"]) == ([], [], [])


# --- caches and streams


def test_a_cache_is_granted_by_user_and_a_stream_by_record(stores: Repository, account: Account, outputs: dict[str, Any]) -> None:
    ledger, stranger = outputs["roles"]["ledger"], outputs["roles"]["stranger"]
    cache, user = outputs["cache"]["arn"], "arn:aws:elasticache:eu-west-1:123456789012:user"
    assert outputs["cache"]["user"] == "sessions-write"
    assert account.may(ledger, "elasticache:Connect", cache)
    assert account.may(ledger, "elasticache:Connect", f"{user}:sessions-write")
    assert not account.may(ledger, "elasticache:Connect", f"{user}:sessions-read")
    assert not account.may(ledger, "elasticache:DeleteReplicationGroup", cache)
    assert not account.may(stranger, "elasticache:Connect", cache)
    stream = outputs["stream"]["arn"]
    found = stores.aws("kinesis").describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]
    assert (found["RetentionPeriodHours"], found["EncryptionType"], found["KeyId"]) == (48, "KMS", outputs["stream_key"])
    assert found["StreamModeDetails"]["StreamMode"] == "ON_DEMAND"
    assert account.may(ledger, "kinesis:GetRecords", stream)
    assert not account.may(ledger, "kinesis:PutRecord", stream)
    assert not account.may(ledger, "kinesis:DeleteStream", stream)
    assert not account.may(stranger, "kinesis:GetRecords", stream)
    assert account.may(ledger, "kms:Decrypt", outputs["stream_key"], kms__ViaService="kinesis.eu-west-1.amazonaws.com")
    assert not account.may(ledger, "kms:GenerateDataKey", outputs["stream_key"], kms__ViaService="kinesis.eu-west-1.amazonaws.com")


# --- every kind of store, read and written


@dataclass(frozen=True)
class Grant:
    """What one resource of a store allows whom, out of everything that is asked."""

    store: str
    resource: str
    """Form of its ARN: `{arn}` is the store's own."""
    read: str
    write: str
    never: str

    @property
    def asked(self) -> set[str]:
        return {action for part in (self.read, self.write, self.never) for action in part.split()}


def kafka(actions: str) -> str:
    return " ".join(f"kafka-cluster:{action}" for action in actions.split())


GRANTS = (
    Grant("reports", "{arn}", "s3:ListBucket", "", "s3:DeleteBucket s3:PutBucketPolicy s3:GetBucketPolicy s3:ListBucketVersions"),
    Grant(
        "reports",
        "{arn}/a",
        "s3:GetObject s3:GetObjectVersion",
        "s3:PutObject s3:DeleteObject s3:AbortMultipartUpload s3:ListMultipartUploadParts",
        "s3:DeleteObjectVersion s3:PutObjectAcl s3:BypassGovernanceRetention",
    ),
    Grant(
        "jobs",
        "{arn}",
        "sqs:ReceiveMessage sqs:DeleteMessage sqs:ChangeMessageVisibility sqs:GetQueueAttributes sqs:GetQueueUrl",
        "sqs:SendMessage sqs:GetQueueAttributes sqs:GetQueueUrl",
        "sqs:PurgeQueue sqs:DeleteQueue sqs:SetQueueAttributes sqs:AddPermission",
    ),
    Grant(
        "clicks",
        "{arn}",
        "kinesis:DescribeStreamSummary kinesis:ListShards kinesis:GetShardIterator kinesis:GetRecords",
        "kinesis:DescribeStreamSummary kinesis:ListShards kinesis:PutRecord kinesis:PutRecords",
        "kinesis:DeleteStream kinesis:MergeShards kinesis:StopStreamEncryption",
    ),
    Grant("feed", "{arn}", kafka("Connect DescribeCluster"), kafka("Connect DescribeCluster WriteDataIdempotently"), kafka("AlterCluster")),
    Grant(
        "feed", "{topic}", kafka("DescribeTopic ReadData"), kafka("DescribeTopic WriteData"), kafka("CreateTopic DeleteTopic AlterTopic")
    ),
    Grant("feed", "{group}", kafka("DescribeGroup AlterGroup"), "", kafka("DeleteGroup")),
    *(
        grant
        for store in ("ledgers", "audit")
        for grant in (
            Grant(store, "{users}/reader", "rds-db:connect", "", ""),
            Grant(store, "{users}/writer", "", "rds-db:connect", ""),
            Grant(store, "{users}/master", "", "", "rds-db:connect"),
            Grant(store, "{arn}", "", "", "rds:ModifyDBInstance rds:DeleteDBInstance rds:ModifyDBCluster rds:DeleteDBCluster"),
        )
    ),
    Grant("carts", "{arn}", "elasticache:Connect", "elasticache:Connect", "elasticache:DeleteReplicationGroup"),
    Grant("carts", "{user}:carts-read", "elasticache:Connect", "", "elasticache:ModifyUser"),
    Grant("carts", "{user}:carts-write", "", "elasticache:Connect", "elasticache:ModifyUser"),
    Grant("carts", "{user}:carts-default", "", "", "elasticache:Connect elasticache:ModifyUser"),
)
REGION = "eu-west-1:123456789012"


@pytest.fixture(scope="module")
def arns(stores: Repository, outputs: dict[str, Any]) -> dict[str, dict[str, str]]:
    """By store, the ARNs that the forms above name."""
    rds, ids = stores.aws("rds"), outputs["granted_ids"]
    (instance,) = rds.describe_db_instances(DBInstanceIdentifier=ids["ledgers"])["DBInstances"]
    (cluster,) = rds.describe_db_clusters(DBClusterIdentifier=ids["audit"])["DBClusters"]
    users = {"ledgers": instance["DbiResourceId"], "audit": cluster["DbClusterResourceId"]}
    found = {}
    for name, granted in outputs["granted"].items():
        arn = granted["read"]["arn"]
        found[name] = {
            "arn": arn,
            "topic": arn.replace(":cluster/", ":topic/") + "/orders",
            "group": arn.replace(":cluster/", ":group/") + "/billing",
            "users": f"arn:aws:rds-db:{REGION}:dbuser:{users.get(name)}",
            "user": f"arn:aws:elasticache:{REGION}:user",
        }
    return found


@pytest.mark.parametrize("grant", GRANTS, ids=lambda grant: f"{grant.store} {grant.resource}")
def test_a_grant_gives_exactly_what_it_is_for(
    account: Account, outputs: dict[str, Any], arns: dict[str, dict[str, str]], grant: Grant
) -> None:
    resource = grant.resource.format(**arns[grant.store])
    for role, expected in (("reader", grant.read), ("writer", grant.write), ("stranger", "")):
        if role == "stranger" and grant.store == "jobs":
            continue  # was granted it above
        allowed = {action for action in grant.asked if account.may(outputs["roles"][role], action, resource)}
        assert allowed == set(expected.split()), role


@pytest.mark.parametrize(("store", "service", "writes"), [("reports", "s3", True), ("jobs", "sqs", True), ("clicks", "kinesis", False)])
def test_a_grant_uses_the_stores_key_through_its_service(
    account: Account, outputs: dict[str, Any], store: str, service: str, writes: bool
) -> None:
    key, asked = outputs["granted_keys"][store], ("kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant", "kms:ScheduleKeyDeletion")
    expected = {"reader": {"kms:Decrypt"}, "writer": {"kms:GenerateDataKey", *(["kms:Decrypt"] if writes else [])}}
    for role, wanted in expected.items():
        name = outputs["roles"][role]
        assert {
            action for action in asked if account.may(name, action, key, kms__ViaService=f"{service}.eu-west-1.amazonaws.com")
        } == wanted
        assert not [action for action in asked if account.may(name, action, key)]


@pytest.mark.parametrize(("store", "port"), [("ledgers", 3306), ("audit", 5432), ("carts", 6379), ("feed", 9098)])
def test_a_grant_opens_one_port_to_the_pods_it_is_for(stores: Repository, outputs: dict[str, Any], store: str, port: int) -> None:
    granted = outputs["granted"][store]
    (group,) = stores.aws("ec2").describe_security_groups(GroupIds=[granted["read"]["network"]["security_group_id"]])["SecurityGroups"]
    wanted = {source for access in ("read", "write") for source in granted[access]["network"]["sources"].values()}
    assert len(wanted) == 2
    found = group["IpPermissions"]
    assert {(one["IpProtocol"], one["FromPort"], one["ToPort"]) for one in found} == {("tcp", port, port)}
    assert {pair["GroupId"] for one in found for pair in one["UserIdGroupPairs"]} == wanted
    assert not [one for one in found if one["IpRanges"] or one["Ipv6Ranges"] or one["PrefixListIds"]]
    assert group["IpPermissionsEgress"] == []


def test_mysql_on_rds_is_what_was_declared(stores: Repository, outputs: dict[str, Any]) -> None:
    rds = stores.aws("rds")
    (found,) = rds.describe_db_instances(DBInstanceIdentifier=outputs["granted_ids"]["ledgers"])["DBInstances"]
    assert (found["Engine"], found["EngineVersion"], found["DBInstanceClass"]) == ("mysql", "8.4", "db.m7g.xlarge")
    assert (found["AllocatedStorage"], found["MaxAllocatedStorage"], found["StorageEncrypted"]) == (50, 400, True)
    assert (found["IAMDatabaseAuthenticationEnabled"], found["AutoMinorVersionUpgrade"], found["PubliclyAccessible"]) == (True, True, False)
    group = found["DBParameterGroups"][0]["DBParameterGroupName"]
    values = {one["ParameterName"]: one["ParameterValue"] for one in rds.describe_db_parameters(DBParameterGroupName=group)["Parameters"]}
    assert values["require_secure_transport"] == "ON"
    # Blue/green is the provider's way of updating; AWS knows it only while it is done.
    exported = json.loads(stores.pulumi("stack", "export", "-s", "demo").stdout)["deployment"]["resources"]
    instances = {one["urn"].rpartition("::")[2]: one["inputs"] for one in exported if one["type"] == "aws:rds/instance:Instance"}
    assert {name: one["blueGreenUpdate"]["enabled"] for name, one in instances.items()} == {"accounts": True, "ledgers": True}


def test_aurora_postgresql_is_what_was_declared(stores: Repository, outputs: dict[str, Any]) -> None:
    rds, identifier = stores.aws("rds"), outputs["granted_ids"]["audit"]
    (found,) = rds.describe_db_clusters(DBClusterIdentifier=identifier)["DBClusters"]
    assert (found["Engine"], found["EngineVersion"], found["Port"]) == ("aurora-postgresql", "16", 5432)
    assert (found["StorageEncrypted"], found["IAMDatabaseAuthenticationEnabled"]) == (True, True)
    values = rds.describe_db_cluster_parameters(DBClusterParameterGroupName=found["DBClusterParameterGroup"])["Parameters"]
    assert {one["ParameterName"]: one["ParameterValue"] for one in values}["rds.force_ssl"] == "1"
    members = [one for one in rds.describe_db_instances()["DBInstances"] if one.get("DBClusterIdentifier") == identifier]
    assert {one["DBInstanceClass"] for one in members} == {"db.r7g.xlarge"}
    assert len(members) == 3, "a writer, a standby, a reader"
    assert {one["AutoMinorVersionUpgrade"] for one in members} == {True}


def test_serverless_aurora_scales_between_its_bounds(stores: Repository, outputs: dict[str, Any]) -> None:
    rds, identifier = stores.aws("rds"), outputs["database_ids"]["events"]["identifier"]
    # moto takes the bounds and forgets them; the sandbox keeps what its API's model let through.
    bounds = held(stores, "aws:rds/cluster:Cluster", "events")["serverlessv2ScalingConfiguration"]
    assert (bounds["minCapacity"], bounds["maxCapacity"]) == (1, 16)
    members = [one for one in rds.describe_db_instances()["DBInstances"] if one.get("DBClusterIdentifier") == identifier]
    assert {one["DBInstanceClass"] for one in members} == {"db.serverless"}


@pytest.mark.parametrize(
    ("name", "engine", "node", "shards", "days"),
    [("sessions", "valkey", "cache.m7g.large", 1, 7), ("carts", "redis", "cache.r7g.large", 2, 3)],
)
def test_a_cache_is_what_was_declared(stores: Repository, name: str, engine: str, node: str, shards: int, days: int) -> None:
    """moto has no replication groups; the sandbox keeps what its API's model let through."""
    found = held(stores, "aws:elasticache/replicationGroup:ReplicationGroup", name)
    assert (found["engine"], found["nodeType"], found["numNodeGroups"], found["replicasPerNodeGroup"]) == (engine, node, shards, 1)
    assert (found["atRestEncryptionEnabled"], found["transitEncryptionEnabled"], found["transitEncryptionMode"]) == (True, True, "required")
    assert (found["automaticFailoverEnabled"], found["multiAzEnabled"], found["autoMinorVersionUpgrade"]) == (True, True, True)
    assert (found["snapshotRetentionLimit"], found["userGroupIds"]) == (days, [f"{name}-users"])


def held(stores: Repository, kind: str, name: str) -> dict[str, Any]:
    """What the state holds of one resource."""
    exported = json.loads(stores.pulumi("stack", "export", "-s", "demo").stdout)["deployment"]["resources"]
    (found,) = [one["outputs"] for one in exported if one["type"] == kind and one["urn"].endswith(f"::{name}")]
    return dict(found)


def actions(stores: Repository, role: str) -> dict[str, set[str]]:
    """What a role's policies name, action by action, and on what."""
    named: dict[str, set[str]] = {}
    for statement in Account(stores.aws).identity_statements(role):
        for action in statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]:
            resources = statement["Resource"]
            named.setdefault(action, set()).update(resources if isinstance(resources, list) else [resources])
    return named


def test_no_grant_has_a_wildcard_action_or_every_resource(stores: Repository, outputs: dict[str, Any]) -> None:
    for role in outputs["roles"].values():
        found = actions(stores, role)
        assert found
        assert not [action for action in found if "*" in action]
        assert not [resource for resources in found.values() for resource in resources if resource.split(":", 5)[5] in ("*", "")]


WATCHED = {
    "reports": "errors refused",
    "jobs": "age failed-arrived",
    "accounts": "cpu memory storage",
    "events": "cpu memory capacity",
    "ledgers": "cpu memory storage",
    "audit": "cpu memory",
    "sessions": "cpu memory evictions",
    "carts": "cpu memory evictions",
    "clicks": "lag throttled",
    "feed": "lag",
}
"""Alarms of each store; every one has a dashboard too."""


def test_alarms_and_dashboards_stand(stores: Repository, outputs: dict[str, Any]) -> None:
    cloudwatch = stores.aws("cloudwatch")
    alarms = {one["AlarmName"]: one for one in cloudwatch.describe_alarms()["MetricAlarms"]}
    for store, watched in WATCHED.items():
        own = {name.removeprefix(f"{store}-") for name in alarms if name.startswith(f"{store}-")}
        assert own == set(watched.split()), store
        assert json.loads(cloudwatch.get_dashboard(DashboardName=f"{store}-dashboard")["DashboardBody"])["widgets"]
    assert {"Name": "BucketName", "Value": outputs["bucket"]["reports"]["name"]} in alarms["reports-errors"]["Dimensions"]
    body = json.loads(cloudwatch.get_dashboard(DashboardName="reports-dashboard")["DashboardBody"])
    assert [one["properties"]["title"] for one in body["widgets"]] == ["Requests", "Errors", "Time to answer, ms"]


# --- images


def test_images_stay_are_scanned_aged_and_copied(stores: Repository, outputs: dict[str, Any]) -> None:
    ecr = stores.aws("ecr")
    found = {one["repositoryName"]: one for one in ecr.describe_repositories()["repositories"]}
    assert {name: one["repositoryUri"] for name, one in found.items()} == outputs["images"]["urls"]
    assert {name: one["imageTagMutability"] for name, one in found.items()} == {
        "shop": "IMMUTABLE",
        "tools": "IMMUTABLE_WITH_EXCLUSION",
    }
    for name, one in found.items():
        assert one["imageScanningConfiguration"]["scanOnPush"] is True
        assert one["encryptionConfiguration"]["encryptionType"] == "KMS"
        assert json.loads(ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"])["rules"][1]["selection"]["countNumber"] == (
            30 if name == "shop" else 100
        )
        (pull,) = json.loads(ecr.get_repository_policy(repositoryName=name)["policyText"])["Statement"]
        assert pull["Principal"]["AWS"] == ["arn:aws:iam::111111111111:root"]
        assert "ecr:PutImage" not in pull["Action"]
    scanning = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
    assert (scanning["scanType"], scanning["rules"][0]["scanFrequency"]) == ("BASIC", "SCAN_ON_PUSH")
    (copies,) = ecr.describe_registry()["replicationConfiguration"]["rules"]
    assert copies["destinations"] == [{"region": "eu-central-1", "registryId": "123456789012"}]


def test_what_moto_lacks_of_a_registry_is_in_the_state(stores: Repository, outputs: dict[str, Any]) -> None:
    """Caches and packages: the sandbox checks them against AWS's API and remembers them."""
    resources = json.loads(stores.pulumi("stack", "export", "-s", "demo").stdout)["deployment"]["resources"]
    made = {one["urn"].rpartition("::")[2]: one["outputs"] for one in resources if one["custom"] and "outputs" in one}
    assert made["images-cache-quay"]["upstreamRegistryUrl"] == "quay.io"
    assert made["images-packages-pypi"]["externalConnections"] == {"externalConnectionName": "public:pypi"}
    assert made["images-packages-python"]["arn"] == outputs["images"]["packages"]["python"]


def test_only_who_was_granted_the_key_signs_and_anybody_verifies(stores: Repository, outputs: dict[str, Any]) -> None:
    """What cosign signs: an in-toto statement about a digest, in a DSSE envelope, by ECDSA over SHA-256."""
    kms, key = stores.aws("kms"), outputs["images"]["key"]
    (grant,) = kms.list_grants(KeyId=key)["Grants"]
    assert grant["GranteePrincipal"].rpartition("/")[2] == outputs["roles"]["ledger"]
    assert sorted(grant["Operations"]) == ["DescribeKey", "GetPublicKey", "Sign"]
    # Whatever a role's own policies said, the key's would not let it.
    iam = stores.aws("iam")
    iam.put_role_policy(
        RoleName=outputs["roles"]["stranger"],
        PolicyName="everything",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}),
    )
    after = Account(stores.aws)
    assert after.may(outputs["roles"]["stranger"], "kms:DescribeKey", key)
    assert not after.may(outputs["roles"]["stranger"], "kms:Sign", key)
    iam.delete_role_policy(RoleName=outputs["roles"]["stranger"], PolicyName="everything")
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": "ab" * 32}}],
        "predicateType": "https://sigstore.dev/cosign/sign/v1",
        "predicate": {},
    }
    body, kind = json.dumps(statement).encode(), b"application/vnd.in-toto+json"
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)
    # moto hashes a digest once more, so that it is given the message, which cosign hashes itself: the signature is over the same hash.
    signature = kms.sign(KeyId=key, Message=signed, MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    public = serialization.load_pem_public_key(outputs["images"]["public"].encode())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert public.curve.name == "secp256r1"
    public.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        public.verify(signature, signed.replace(b"ab", b"ac"), ec.ECDSA(hashes.SHA256()))


def test_the_evaluator_knows_no_from_yes() -> None:
    """The judge itself: wildcards, conditions, and keys that a request lacks."""
    read = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/x/*"}
    assert applies(read, "s3:GetObject", "arn:aws:s3:::b/x/1", {})
    assert not applies(read, "s3:PutObject", "arn:aws:s3:::b/x/1", {})
    assert not applies(read, "s3:GetObject", "arn:aws:s3:::b/y/1", {})
    only = {**read, "Condition": {"StringEquals": {"aws:SourceVpc": ["vpc-1", "vpc-2"]}}}
    assert applies(only, "s3:GetObject", "arn:aws:s3:::b/x/1", {"aws:sourcevpc": "vpc-2"})
    assert not applies(only, "s3:GetObject", "arn:aws:s3:::b/x/1", {"aws:SourceVpc": "vpc-3"})
    assert not applies(only, "s3:GetObject", "arn:aws:s3:::b/x/1", {})
    denied = {**read, "Effect": "Deny", "Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}}
    assert applies(denied, "s3:GetObject", "arn:aws:s3:::b/x/1", {}), "a negation holds where the key is missing"
    others = {"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"}
    assert applies(others, "s3:PutObject", "arn:aws:s3:::b/x/1", {})
    assert not applies(others, "s3:GetObject", "arn:aws:s3:::b/x/1", {})
