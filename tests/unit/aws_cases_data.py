"""Cases of stores, and of what watches and keeps them."""

import json

from tests.unit.aws_cases import A, B, Case

_BODY = {"widgets": [{"type": "text", "properties": {"markdown": "one"}}]}

DATA = [
    Case(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        lambda w: {
            "securityGroupId": w.group,
            "referencedSecurityGroupId": w.group,
            "ipProtocol": "tcp",
            "fromPort": 5432,
            "toPort": 5432,
            "description": "clients",
        },
        lambda _: {"tags": B},
    ),
    Case(
        "aws:sqs/queue:Queue",
        lambda _: {"redriveAllowPolicy": '{"redrivePermission": "denyAll"}', "tags": A},
        lambda _: {"redriveAllowPolicy": '{"redrivePermission": "allowAll"}', "tags": B},
    ),
    Case(
        "aws:rds/clusterParameterGroup:ClusterParameterGroup",
        lambda _: {"family": "aurora-postgresql17", "parameters": [{"name": "rds.force_ssl", "value": "1"}], "tags": A},
        lambda _: {"parameters": [{"name": "rds.force_ssl", "value": "0"}], "tags": B},
    ),
    Case(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        lambda w: {
            "name": "alarm",
            "namespace": "AWS/SQS",
            "metricName": "ApproximateAgeOfOldestMessage",
            "dimensions": {"QueueName": "q"},
            "statistic": "Maximum",
            "comparisonOperator": "GreaterThanThreshold",
            "threshold": 900,
            "period": 60,
            "evaluationPeriods": 3,
            "alarmActions": [w.topic],
            "tags": A,
        },
        lambda _: {"threshold": 1800, "alarmDescription": "old", "alarmActions": None, "tags": B},
    ),
    Case(
        "aws:cloudwatch/dashboard:Dashboard",
        lambda _: {"dashboardName": "d", "dashboardBody": json.dumps(_BODY)},
        lambda _: {"dashboardBody": json.dumps({"widgets": []})},
    ),
    Case(
        "aws:s3/bucketLogging:BucketLogging",
        lambda w: {"bucket": w.bucket, "targetBucket": w.log_bucket, "targetPrefix": "a/"},
        lambda _: {"targetPrefix": "b/"},
    ),
    Case("aws:s3/bucketMetric:BucketMetric", lambda w: {"bucket": w.bucket, "name": "all"}, lambda _: {"name": "other"}, ("name",)),
    Case(
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        lambda w: {"bucket": w.locked_bucket, "rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 3}}},
        lambda _: {"rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 4}}},
        stays=True,
    ),
    Case(
        "aws:kinesis/stream:Stream",
        lambda w: {
            "name": "clicks",
            "streamModeDetails": {"streamMode": "PROVISIONED"},
            "shardCount": 2,
            "retentionPeriod": 48,
            "encryptionType": "KMS",
            "kmsKeyId": w.key.outputs["arn"],
            "tags": A,
        },
        lambda _: {"shardCount": 3, "retentionPeriod": 24, "tags": B},
    ),
    Case(
        "aws:msk/serverlessCluster:ServerlessCluster",
        lambda w: {
            "clusterName": "clicks",
            "clientAuthentication": {"sasl": {"iam": {"enabled": True}}},
            "vpcConfigs": [{"subnetIds": w.subnets[:2], "securityGroupIds": [w.group]}],
            "tags": A,
        },
        lambda _: {"tags": B},
    ),
    Case(
        "aws:elasticache/user:User",
        lambda _: {
            "userId": "reader",
            "userName": "reader",
            "engine": "valkey",
            "accessString": "on ~* +@read",
            "authenticationMode": {"type": "iam"},
            "tags": A,
        },
        lambda _: {"accessString": "on ~* +@all", "tags": B},
    ),
    Case(
        "aws:elasticache/userGroup:UserGroup",
        lambda _: {"userGroupId": "users", "engine": "valkey", "userIds": ["reader"], "tags": A},
        lambda _: {"userIds": ["reader", "writer"], "tags": B},
    ),
    Case(
        "aws:elasticache/serverlessCache:ServerlessCache",
        lambda w: {
            "name": "sessions",
            "engine": "valkey",
            "subnetIds": w.subnets[:2],
            "securityGroupIds": [w.group],
            "cacheUsageLimits": {"dataStorage": {"maximum": 5, "unit": "GB"}, "ecpuPerSeconds": [{"maximum": 5000}]},
            "tags": A,
        },
        lambda _: {"snapshotRetentionLimit": 3, "dailySnapshotTime": "03:00", "tags": B},
    ),
    Case(
        "aws:sns/topicSubscription:TopicSubscription",
        lambda w: {"topic": w.topic, "protocol": "https", "endpoint": "https://example.com/b", "filterPolicy": '{"kind": ["paid"]}'},
        lambda _: {"filterPolicy": '{"kind": ["open"]}'},
    ),
    Case(
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
        lambda w: {"backupVaultName": w.vault, "minRetentionDays": 7, "maxRetentionDays": 400},
        lambda _: {"maxRetentionDays": 500},
        ("maxRetentionDays",),
    ),
    Case(
        "aws:backup/plan:Plan",
        lambda w: {
            "name": "plan",
            "rules": [
                {
                    "ruleName": "daily",
                    "targetVaultName": w.vault,
                    "schedule": "cron(0 3 * * ? *)",
                    "lifecycle": {"deleteAfter": 35},
                    "copyActions": [{"destinationVaultArn": "arn:aws:backup:eu-central-1:123456789012:backup-vault:dr"}],
                }
            ],
            "tags": A,
        },
        lambda w: {"rules": [{"ruleName": "daily", "targetVaultName": w.vault, "lifecycle": {"deleteAfter": 40}}], "tags": B},
    ),
    Case(
        "aws:backup/selection:Selection",
        lambda w: {
            "planId": "plan",
            "iamRoleArn": w.role_arn,
            "selectionTags": [{"type": "STRINGEQUALS", "key": "Environment", "value": "prod"}],
        },
        lambda _: {"selectionTags": [{"type": "STRINGEQUALS", "key": "Environment", "value": "dev"}]},
        ("selectionTags[0].value",),
    ),
    Case(
        "aws:backup/restoreTestingPlan:RestoreTestingPlan",
        lambda _: {
            "name": "drill",
            "scheduleExpression": "cron(0 5 ? * MON *)",
            "recoveryPointSelection": {
                "algorithm": "LATEST_WITHIN_WINDOW",
                "includeVaults": ["*"],
                "recoveryPointTypes": ["SNAPSHOT"],
            },
            "tags": A,
        },
        lambda _: {"scheduleExpression": "cron(0 5 * * ? *)", "tags": B},
    ),
    Case(
        "aws:backup/restoreTestingSelection:RestoreTestingSelection",
        lambda w: {
            "name": "drill_databases",
            "restoreTestingPlanName": "drill",
            "protectedResourceType": "RDS",
            "iamRoleArn": w.role_arn,
            "protectedResourceArns": ["*"],
        },
        lambda _: {"validationWindowHours": 4},
    ),
    Case(
        "aws:backup/framework:Framework",
        lambda _: {
            "name": "prod_framework",
            "controls": [
                {"name": "BACKUP_RECOVERY_POINT_ENCRYPTED"},
                {
                    "name": "BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK",
                    "inputParameters": [{"name": "requiredRetentionDays", "value": "35"}],
                    "scope": {"tags": {"Environment": "prod"}},
                },
            ],
            "tags": A,
        },
        lambda _: {"controls": [{"name": "BACKUP_RECOVERY_POINT_ENCRYPTED"}], "tags": B},
    ),
    Case(
        "aws:backup/reportPlan:ReportPlan",
        lambda _: {
            "name": "prod_report_jobs",
            "reportDeliveryChannel": {"s3BucketName": "reports", "formats": ["CSV", "JSON"]},
            "reportSetting": {"reportTemplate": "BACKUP_JOB_REPORT"},
            "tags": A,
        },
        lambda _: {"reportDeliveryChannel": {"s3BucketName": "reports", "formats": ["JSON"]}, "tags": B},
    ),
    Case(
        "aws:iam/serviceLinkedRole:ServiceLinkedRole",
        lambda _: {"awsServiceName": "reports.backup.amazonaws.com", "description": "reports"},
        lambda _: {"description": "reports of backups"},
    ),
]
