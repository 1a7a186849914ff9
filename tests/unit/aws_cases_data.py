"""Cases of stores, and of what watches and keeps them."""

import json

from tests.unit.aws_cases import A, B, Case

_BODY = {"widgets": [{"type": "text", "properties": {"markdown": "one"}}]}

DATA = [
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
]
