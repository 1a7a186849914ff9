"""Databases, caches and their secrets."""

import network
import pulumi_aws as aws
from common import TAGS

plain_parameters = aws.rds.ParameterGroup("plain-parameters", family="postgres11", parameters=[{"name": "rds.force_ssl", "value": "0"}])
orders = aws.rds.Instance(
    "orders",
    engine="postgres",
    engine_version="11.22",
    instance_class="db.m4.large",
    allocated_storage=100,
    username="shop",
    password="correct-horse-battery",
    publicly_accessible=True,
    auto_minor_version_upgrade=False,
    parameter_group_name=plain_parameters.name,
    vpc_security_group_ids=[network.database.id],
    skip_final_snapshot=True,
    tags=TAGS,
)
ledger = aws.rds.Cluster(
    "ledger",
    engine="aurora-mysql",
    engine_version="8.0.mysql_aurora.3.08.0",
    master_username="shop",
    master_password="correct-horse-battery",
    backup_retention_period=1,
    enabled_cloudwatch_logs_exports=["slowquery"],
    vpc_security_group_ids=[network.database.id],
    skip_final_snapshot=True,
    tags=TAGS,
)
aws.rds.ClusterInstance(
    "ledger-writer",
    cluster_identifier=ledger.id,
    engine="aurora-mysql",
    instance_class="db.r7g.large",
    publicly_accessible=True,
    auto_minor_version_upgrade=False,
    tags=TAGS,
)

aws.elasticache.Cluster(
    "sessions", engine="redis", node_type="cache.m3.medium", num_cache_nodes=1, security_group_ids=[network.database.id], tags=TAGS
)
aws.elasticache.ReplicationGroup(
    "carts",
    description="Carts of customers",
    engine="redis",
    node_type="cache.m7g.large",
    num_cache_clusters=1,
    transit_encryption_enabled=True,
    transit_encryption_mode="preferred",
    security_group_ids=[network.database.id],
    tags=TAGS,
)
aws.secretsmanager.Secret("database-password", tags=TAGS)
aws.dynamodb.Table("visits", hash_key="id", attributes=[{"name": "id", "type": "S"}], billing_mode="PAY_PER_REQUEST")
