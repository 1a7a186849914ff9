"""What a Stream is given."""

from enum import StrEnum

from pydantic import Field, model_validator

from platform_components.data.options import NetworkPlace, StoreArgs


class StreamKind(StrEnum):
    """Which service carries the records."""

    KINESIS = "kinesis"
    """Amazon Kinesis: no network, no brokers."""
    KAFKA = "kafka"
    """Amazon MSK Serverless: Kafka's protocol, with IAM in place of passwords."""


class StreamSettings(StoreArgs):
    """An encrypted stream of records: everything but where it stands."""

    kind: StreamKind = Field(StreamKind.KINESIS, description="Which service carries it. Changing it replaces the stream. Omitted: Kinesis.")
    retention_hours: int = Field(
        168, ge=24, le=8760, description="How long records are kept, in hours; with Kinesis, Kafka says it by topic. Omitted: a week."
    )
    shards: int | None = Field(
        None, ge=1, description="Shards, of 1 MB in and 2 MB out a second each; with Kinesis. Omitted: on demand, as many as are needed."
    )

    @model_validator(mode="after")
    def _can_be(self) -> "StreamSettings":
        if self.kind is StreamKind.KAFKA and self.shards is not None:
            raise ValueError("shards has no meaning with kind kafka; topics have partitions")
        return self


class StreamArgs(StreamSettings):
    """An encrypted stream of records, and where it stands."""

    network: NetworkPlace | None = Field(
        None, description="Where it stands; required with Kafka, and of no use with Kinesis. Omitted: nowhere."
    )

    @model_validator(mode="after")
    def _stands(self) -> "StreamArgs":
        if self.kind is StreamKind.KAFKA and self.network is None:
            raise ValueError("kind kafka needs network: the subnets that its clients reach it in")
        return self
