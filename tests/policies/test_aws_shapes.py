"""Data and edge rules over what the real SDK registers: names on the wire, references as a preview and as a deployment have them."""

import json
from collections.abc import Iterable
from typing import Any

import pulumi_aws as aws
import pytest
from platform_policies.evaluate import Judgement, evaluate
from platform_policies.rule import Rule, Status
from platform_policies.rules import backup, cloudtrail, ecr, edge, elasticache, logs, messaging, rds, s3

from tests.support import deploy

MODULES = (s3, rds, elasticache, backup, messaging, ecr, edge, logs, cloudtrail)
RULES: tuple[Rule, ...] = tuple(rule for module in MODULES for rule in module.RULES)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def _failures(judgement: Judgement) -> set[tuple[str, str]]:
    return {(one.rule.id, one.sub_id) for one in judgement.findings if one.status is Status.FAIL}


def _sound_bucket(key: aws.kms.Key) -> aws.s3.Bucket:
    bucket, target = aws.s3.Bucket("data"), aws.s3.Bucket("access")
    for name, one in (("data", bucket), ("access", target)):
        aws.s3.BucketPublicAccessBlock(
            name, bucket=one.id, block_public_acls=True, block_public_policy=True, ignore_public_acls=True, restrict_public_buckets=True
        )
        aws.s3.BucketVersioning(name, bucket=one.id, versioning_configuration={"status": "Enabled"})
        statement = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": ["arn:aws:s3:::x", "arn:aws:s3:::x/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        aws.s3.BucketPolicy(name, bucket=one.id, policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
        rule: Any = {"id": "parts", "status": "Enabled", "abort_incomplete_multipart_upload": {"days_after_initiation": 3}}
        aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=one.id,
            rules=[rule],
        )
    by_key: Any = {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn}
    aws.s3.BucketServerSideEncryptionConfiguration("data", bucket=bucket.id, rules=[{"apply_server_side_encryption_by_default": by_key}])
    aws.s3.BucketLogging("data", bucket=bucket.id, target_bucket=target.id, target_prefix="data/")
    return bucket


def _sound_trail(bucket: aws.s3.Bucket, key: aws.kms.Key) -> None:
    retention: Any = {"default_retention": {"mode": "COMPLIANCE", "days": 365}}
    aws.s3.BucketObjectLockConfiguration("data", bucket=bucket.id, rule=retention)
    group = aws.cloudwatch.LogGroup("trail", retention_in_days=400, kms_key_id=key.arn)
    aws.cloudtrail.Trail(
        "trail",
        s3_bucket_name=bucket.id,
        is_multi_region_trail=True,
        enable_log_file_validation=True,
        kms_key_id=key.arn,
        cloud_watch_logs_group_arn=group.arn.apply(lambda arn: f"{arn}:*"),
    )


def _sound_data(key: aws.kms.Key) -> None:
    group = aws.rds.ParameterGroup("db", name="db", family="postgres14", parameters=[{"name": "rds.force_ssl", "value": "1"}])
    instance = aws.rds.Instance(
        "db",
        instance_class="db.t4g.medium",
        engine="postgres",
        engine_version="14",
        storage_encrypted=True,
        multi_az=True,
        deletion_protection=True,
        backup_retention_period=7,
        iam_database_authentication_enabled=True,
        enabled_cloudwatch_logs_exports=["postgresql"],
        manage_master_user_password=True,
        parameter_group_name=group.name,
    )
    switches = aws.rds.ClusterParameterGroup(
        "aurora", name="aurora", family="aurora-mysql8.0", parameters=[{"name": "require_secure_transport", "value": "ON"}]
    )
    cluster = aws.rds.Cluster(
        "aurora",
        engine="aurora-mysql",
        storage_encrypted=True,
        deletion_protection=True,
        backup_retention_period=7,
        iam_database_authentication_enabled=True,
        enabled_cloudwatch_logs_exports=["error"],
        manage_master_user_password=True,
        db_cluster_parameter_group_name=switches.name,
    )
    for name in ("a", "b"):
        aws.rds.ClusterInstance(name, cluster_identifier=cluster.id, instance_class="db.r6g.large", engine=aws.rds.EngineType.AURORA_MYSQL)
    aws.elasticache.ReplicationGroup(
        "cache",
        description="sessions",
        engine="valkey",
        transit_encryption_enabled=True,
        automatic_failover_enabled=True,
        snapshot_retention_limit=1,
        user_group_ids=["users"],
    )
    vault = aws.backup.Vault("vault", kms_key_arn=key.arn)
    plan = aws.backup.Plan("plan", rules=[{"rule_name": "daily", "target_vault_name": vault.name}])
    aws.backup.Selection("selection", plan_id=plan.id, iam_role_arn="arn:aws:iam::1:role/b", resources=[instance.arn, cluster.arn])


def _sound_edge(bucket: aws.s3.Bucket, key: aws.kms.Key) -> None:
    dead = aws.sqs.Queue("dead")
    aws.sqs.Queue("work", redrive_policy=dead.arn.apply(lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})))
    aws.sns.Topic("news", kms_master_key_id=key.id)
    repository = aws.ecr.Repository(
        "app", name="team/app", image_tag_mutability="IMMUTABLE", image_scanning_configuration={"scan_on_push": True}
    )
    aws.ecr.LifecyclePolicy("app", repository=repository.name, policy=json.dumps({"rules": []}))
    certificate = aws.acm.Certificate("app", domain_name="app.example.com", validation_method="DNS")
    balancer = aws.lb.LoadBalancer(
        "app", enable_deletion_protection=True, drop_invalid_header_fields=True, access_logs={"bucket": bucket.id, "enabled": True}
    )
    to_https: Any = {"type": "redirect", "redirect": {"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"}}
    aws.lb.Listener("plain", load_balancer_arn=balancer.arn, port=80, protocol="HTTP", default_actions=[to_https])
    aws.alb.Listener(
        "tls",
        load_balancer_arn=balancer.arn,
        port=443,
        protocol="HTTPS",
        certificate_arn=certificate.arn,
        ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06",
        default_actions=[{"type": "fixed-response", "fixed_response": {"content_type": "text/plain", "status_code": "404"}}],
    )
    zone = aws.route53.Zone("zone", name="example.com")
    group = aws.cloudwatch.LogGroup("queries", retention_in_days=30, kms_key_id=key.arn)
    aws.route53.QueryLog("zone", zone_id=zone.zone_id, cloudwatch_log_group_arn=group.arn)
    aws.route53.HostedZoneDnsSec("zone", hosted_zone_id=zone.id)


def _sound() -> None:
    key = aws.kms.Key("key")
    bucket = _sound_bucket(key)
    _sound_trail(bucket, key)
    _sound_data(key)
    _sound_edge(bucket, key)


def _bare() -> None:
    """Resources with nothing but what the SDK demands."""
    bucket = aws.s3.Bucket("data")
    aws.s3.BucketAcl("data", bucket=bucket.id, acl="public-read")
    aws.cloudtrail.Trail("trail", s3_bucket_name=bucket.id)
    aws.rds.Instance(
        "db",
        instance_class="db.t4g.micro",
        engine="mysql",
        engine_version="8.0",
        password="x",
        publicly_accessible=True,
        auto_minor_version_upgrade=False,
    )
    aws.elasticache.ReplicationGroup("cache", description="sessions")
    aws.backup.Vault("vault")
    everyone = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]})
    aws.s3.BucketPolicy("data", bucket=bucket.id, policy=everyone)
    aws.sqs.Queue("work", sqs_managed_sse_enabled=False, policy=everyone)
    aws.sns.Topic("news", policy=everyone)
    repository = aws.ecr.Repository("app")
    aws.ecr.RepositoryPolicy("app", repository=repository.name, policy=everyone)
    balancer = aws.lb.LoadBalancer("app")
    aws.lb.Listener("plain", load_balancer_arn=balancer.arn, port=80, default_actions=[{"type": "forward", "target_group_arn": "arn:x"}])
    aws.acm.Certificate("app", domain_name="*.example.com")
    aws.route53.Zone("zone", name="example.com")
    aws.cloudwatch.LogGroup("app")


def _every(rules: Iterable[Rule]) -> set[tuple[str, str]]:
    return {(rule.id, sub_id) for rule in rules for sub_id in rule.sub_ids or ("",)}


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "deployed"])
def test_sound_resources_have_no_findings(*, preview: bool) -> None:
    found = evaluate(deploy(_sound, preview=preview).graph, RULES).findings
    assert [(one.rule.id, one.sub_id, str(one.status), one.urn, one.message) for one in found] == []


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "deployed"])
def test_bare_resources_fail_every_rule(*, preview: bool) -> None:
    judgement = evaluate(deploy(_bare, preview=preview).graph, RULES)
    assert _failures(judgement) == _every(RULES)
