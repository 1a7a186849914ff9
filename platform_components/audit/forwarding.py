"""From log groups to the bucket that records are kept in, and the roles that services take on the way."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pulumi
import pulumi_aws as aws

from platform_components.args import Late
from platform_components.audit import documents
from platform_components.component import PlatformComponent
from platform_components.names import child_name
from platform_components.place import Place
from platform_components.tags import MANAGED_BY, merge_tags

_BUFFER_SECONDS, _BUFFER_MIB = 300, 64
"""Of a delivery stream: five minutes late, in files that are worth their request."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where records are kept."""

    bucket_arn: Late[str]
    key_arn: Late[str]
    ready: Sequence[pulumi.Resource] = ()
    """What must stand before a service may write."""


class Services:
    """What services do for one component: they write where they may, each by a role of its own."""

    def __init__(self, component: PlatformComponent, name: str, place: pulumi.Output[Place], tags: Mapping[str, str]) -> None:
        self._component, self._name, self._place, self._given = component, name, place, tags

    def keep(self, kept: Kept, log_groups: Mapping[str, Late[str]], filters: Mapping[str, str]) -> None:
        """Forward log groups, each into a folder of its own.

        Args:
            kept: where to.
            log_groups: names of log groups, by folder.
            filters: filter patterns, by folder; everything where there is none.
        """
        for source, group in log_groups.items():
            self._subscribe(source, group, filters.get(source, ""), self._stream(source, kept))

    def role(self, name: str, service: str, source_arn: pulumi.Output[str], description: str) -> aws.iam.Role:
        """A role that one service takes for one resource."""
        return aws.iam.Role(
            name,
            description=description,
            assume_role_policy=pulumi.Output.all(self._place, source_arn).apply(
                lambda found: json.dumps(documents.service_trust(found[0], service, found[1]))
            ),
            tags=self._tags(name),
            opts=self._component.child_options(),
        )

    def _stream(self, source: str, kept: Kept) -> aws.kinesis.FirehoseDeliveryStream:
        name, options = child_name(self._name, "logs", source), self._component.child_options
        arn = self._place.apply(partial(_stream_arn, name))
        writer = self.role(name, "firehose.amazonaws.com", arn, f"Lets delivery stream {name} write to the records")
        allowed = aws.iam.RolePolicy(
            name,
            role=writer.id,
            policy=pulumi.Output.all(kept.bucket_arn, kept.key_arn).apply(partial(_delivery, source)),
            opts=options(),
        )
        return aws.kinesis.FirehoseDeliveryStream(
            name,
            name=name,
            destination="extended_s3",
            server_side_encryption={"enabled": True, "key_type": "AWS_OWNED_CMK"},
            extended_s3_configuration={
                "role_arn": writer.arn,
                "bucket_arn": kept.bucket_arn,
                "prefix": f"{documents.LOGS}/{source}/!{{timestamp:yyyy/MM/dd}}/",
                "error_output_prefix": f"{documents.LOGS}/{source}/failed/!{{firehose:error-output-type}}/",
                "buffering_interval": _BUFFER_SECONDS,
                "buffering_size": _BUFFER_MIB,
                # What CloudWatch Logs sends is compressed already.
                "compression_format": "UNCOMPRESSED",
                "kms_key_arn": kept.key_arn,
            },
            tags=self._tags(name),
            opts=options(depends_on=[allowed, *kept.ready]),
        )

    def _subscribe(self, source: str, group: Late[str], pattern: str, stream: aws.kinesis.FirehoseDeliveryStream) -> None:
        name, options = child_name(self._name, "forward", source), self._component.child_options
        any_group = self._place.apply(lambda place: place.arn("logs", "*"))
        role = self.role(name, "logs.amazonaws.com", any_group, f"Lets CloudWatch Logs forward {source} to the records")
        allowed = aws.iam.RolePolicy(
            name,
            role=role.id,
            policy=stream.arn.apply(lambda arn: json.dumps(documents.subscription_permissions(arn))),
            opts=options(),
        )
        aws.cloudwatch.LogSubscriptionFilter(
            name,
            name=name,
            log_group=group,
            filter_pattern=pattern,
            destination_arn=stream.arn,
            role_arn=role.arn,
            opts=options(depends_on=[allowed]),
        )

    def _tags(self, name: str) -> dict[str, str]:
        return merge_tags({"Name": name, "ManagedBy": MANAGED_BY}, self._given)


def _stream_arn(stream: str, place: Place) -> str:
    return place.arn("firehose", f"deliverystream/{stream}")


def _delivery(folder: str, found: Sequence[str]) -> str:
    bucket_arn, key_arn = found
    return json.dumps(documents.delivery_permissions(bucket_arn, key_arn, folder))
