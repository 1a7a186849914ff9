"""Flow logs and DNS query logs, their log groups, and the key that encrypts them."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from platform_components.args import Late
from platform_components.network.documents import flow_log_permissions, flow_log_trust, logs_key_policy, to_json
from platform_components.network.site import Site

KEY_DELETION_DAYS = 30
"""How long a deleted key can still be had back: the longest KMS offers."""


@dataclass(frozen=True)
class Logs:
    """What was made; None where it was not asked for."""

    flow_log_group: aws.cloudwatch.LogGroup | None
    query_log_group: aws.cloudwatch.LogGroup | None
    key: aws.kms.Key | None


def create_logs(site: Site) -> Logs:
    """Create the logs that the args ask for, and the key first."""
    args = site.args
    to_cloudwatch = args.flow_logs.destination == "cloudwatch"
    key = _create_key(site) if args.logs_encryption.creates_key and (to_cloudwatch or args.query_logs.enabled) else None
    key_arn: Late[str] | None = key.arn if key is not None else args.logs_encryption.key_arn
    flow = _log_group(site, "flow-logs", args.flow_logs.retention_days, args.flow_logs.keep_on_destroy, key_arn) if to_cloudwatch else None
    if flow is not None:
        _create_flow_log_to_cloudwatch(site, flow)
    elif args.flow_logs.destination == "s3":
        _create_flow_log_to_s3(site)
    queries = None
    if args.query_logs.enabled:
        queries = _log_group(site, "query-logs", args.query_logs.retention_days, args.query_logs.keep_on_destroy, key_arn)
        _create_query_log(site, queries)
    return Logs(flow, queries, key)


def _create_key(site: Site) -> aws.kms.Key:
    name = site.child("logs")
    kept = site.args.flow_logs.keep_on_destroy or site.args.query_logs.keep_on_destroy
    return aws.kms.Key(
        name,
        description=f"Log groups of network {site.name}",
        enable_key_rotation=True,
        deletion_window_in_days=KEY_DELETION_DAYS,
        policy=site.document(
            lambda account: to_json(logs_key_policy(partition=site.partition, region=site.args.region_name, account=account))
        ),
        tags=site.tags(name),
        # Logs that outlive the network could not be read without the key.
        opts=site.options(retain_on_delete=kept or None),
    )


def _log_group(site: Site, role: str, days: int, keep: bool, key_arn: Late[str] | None) -> aws.cloudwatch.LogGroup:
    """Create a log group before anything writes to it: one that a service makes by itself has no retention and no key."""
    name = site.child(role)
    return aws.cloudwatch.LogGroup(
        name, retention_in_days=days, kms_key_id=key_arn, skip_destroy=keep or None, tags=site.tags(name), opts=site.options()
    )


def _record_format(site: Site) -> str:
    return " ".join(f"${{{field}}}" for field in site.args.flow_logs.fields)


def _create_flow_log_to_cloudwatch(site: Site, group: aws.cloudwatch.LogGroup) -> None:
    name, region = site.child("flow-logs"), site.args.region_name
    role = aws.iam.Role(
        name,
        description=f"Lets the flow logs of network {site.name} write to their log group",
        assume_role_policy=site.document(lambda account: to_json(flow_log_trust(partition=site.partition, region=region, account=account))),
        tags=site.tags(name),
        opts=site.options(),
    )
    permissions = aws.iam.RolePolicy(
        name, role=role.id, policy=group.arn.apply(lambda arn: to_json(flow_log_permissions(arn))), opts=site.options()
    )
    logs = site.args.flow_logs
    aws.ec2.FlowLog(
        name,
        vpc_id=site.vpc.id,
        traffic_type=logs.traffic,
        log_destination_type="cloud-watch-logs",
        log_destination=group.arn,
        iam_role_arn=role.arn,
        log_format=_record_format(site),
        max_aggregation_interval=logs.interval_seconds,
        tags=site.tags(name),
        opts=site.options(depends_on=[permissions]),
    )


def _create_flow_log_to_s3(site: Site) -> None:
    name, logs = site.child("flow-logs"), site.args.flow_logs
    aws.ec2.FlowLog(
        name,
        vpc_id=site.vpc.id,
        traffic_type=logs.traffic,
        log_destination_type="s3",
        log_destination=logs.bucket_arn,
        log_format=_record_format(site),
        max_aggregation_interval=logs.interval_seconds,
        destination_options=aws.ec2.FlowLogDestinationOptionsArgs(
            file_format="parquet" if logs.parquet else "plain-text",
            hive_compatible_partitions=logs.parquet,
            per_hour_partition=logs.parquet,
        ),
        tags=site.tags(name),
        opts=site.options(),
    )


def _create_query_log(site: Site, group: aws.cloudwatch.LogGroup) -> None:
    name = site.child("query-logs")
    config = aws.route53.ResolverQueryLogConfig(name, destination_arn=group.arn, tags=site.tags(name), opts=site.options())
    aws.route53.ResolverQueryLogConfigAssociation(
        name, resolver_query_log_config_id=config.id, resource_id=site.vpc.id, opts=site.options()
    )


def log_group_name(group: aws.cloudwatch.LogGroup | None) -> pulumi.Output[str | None]:
    """The name of a log group, or None where there is none."""
    return group.name.apply(str) if group is not None else pulumi.Output.from_input(None)
