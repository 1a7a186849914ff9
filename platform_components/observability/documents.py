"""Documents of the stores: where they find their bucket. Pure; without a credential, for the pod has an identity."""

import json


def object_store(bucket: str, region: str) -> str:
    """Thanos' description of its bucket, as JSON, which YAML takes."""
    config = {"bucket": bucket, "endpoint": f"s3.{region}.amazonaws.com", "region": region, "aws_sdk_auth": True}
    return json.dumps({"type": "S3", "config": config}, sort_keys=True)


def log_group_arn(name: str, cluster_arn: str, region: str) -> str:
    """ARN of the streams of a log group, in the account of the cluster."""
    _, partition, _, _, account, *_ = cluster_arn.split(":")
    return f"arn:{partition}:logs:{region}:{account}:log-group:{name}:*"
