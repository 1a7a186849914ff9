"""The network layer: one VPC, and before it the audit trail that its flow logs go to."""

import pulumi

from platform_components.audit.args import AuditSettings, AuditTrailArgs
from platform_components.audit.audit_trail import AuditTrail
from platform_components.declarations.environment import Environment
from platform_components.network.args import VpcArgs
from platform_components.network.options import FlowLogs
from platform_components.network.vpc import Vpc
from stacks.contracts import NetworkOutputs
from stacks.providers import options
from stacks.upstream import Upstream


def build(environment: Environment, upstream: Upstream) -> NetworkOutputs:  # noqa: ARG001 -- the lowest layer reads nothing
    """Build the audit trail, where the environment has one, and the network."""
    opts = options(environment, "network")
    trail = audit_trail(environment, opts)
    vpc = Vpc(environment.environment, network_args(environment, trail), opts)
    nothing = pulumi.Output.from_input("")
    return NetworkOutputs(
        vpc_id=vpc.vpc_id,
        cidr=vpc.cidr,
        subnet_ids=vpc.subnet_ids,
        nat_public_ips=vpc.nat_public_ips,
        audit_bucket_arn=trail.bucket_arn if trail is not None else nothing,
        audit_key_arn=trail.key_arn if trail is not None else nothing,
        audit_topic_arn=trail.topic_arn if trail is not None else nothing,
    )


def audit_trail(environment: Environment, opts: pulumi.ResourceOptions) -> AuditTrail | None:
    """The account's audit trail: in the lowest layer, so that it is there before what it records, and outlives it."""
    if environment.audit is None:
        return None
    settings = {field: getattr(environment.audit, field) for field in AuditSettings.model_fields}
    return AuditTrail(environment.environment, AuditTrailArgs(**settings, tags=environment.default_tags("network")), opts)


def network_args(environment: Environment, trail: AuditTrail | None) -> VpcArgs:
    """What the file says of the network, its flow logs among the records; those that it sends elsewhere itself stay there."""
    network = environment.network
    if trail is None or environment.audit is None or not environment.audit.flow_logs or network.flow_logs.destination != "cloudwatch":
        return network
    logs = FlowLogs(**{**dict(network.flow_logs), "destination": "s3", "bucket_arn": trail.flow_logs_arn})
    return VpcArgs(**{**dict(network), "flow_logs": logs})
