"""What a Queue is given."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from platform_components.args import Args
from platform_components.data.options import StoreArgs

DAY = 86_400
LONGEST = 14 * DAY
"""How long SQS keeps a message at most, in seconds."""

ConsumerName = str


class Consumer(Args):
    """One of several consumers of the same messages: it has a queue of its own."""

    filter: Mapping[str, Any] = Field(
        default={}, description="Which messages it gets: an SNS filter policy over their attributes. Omitted: all of them."
    )


class QueueArgs(StoreArgs):
    """An encrypted queue whose failures are put aside, or a topic with such a queue for each consumer."""

    fifo: bool = Field(
        False, description="Keep the order, and deliver once, within a message group. Changing it replaces the queue. Omitted: false."
    )
    consumers: Mapping[ConsumerName, Consumer] = Field(
        default={},
        description="Fan-out: consumers by name, each with a queue of its own behind one topic. Omitted: one queue, and no topic.",
    )
    visibility_seconds: int = Field(
        60, ge=0, le=43_200, description="How long a message is hidden from others once it is received, in seconds. Omitted: 60."
    )
    retention_seconds: int = Field(
        4 * DAY, ge=60, le=LONGEST, description="How long a message is kept, in seconds. Omitted: four days. Failures are kept for 14."
    )
    attempts: int = Field(5, ge=1, le=1000, description="How often a message is received before it is put aside. Omitted: 5.")
    delay_seconds: int = Field(0, ge=0, le=900, description="How long a new message is held back, in seconds. Omitted: 0.")
    high_throughput: bool = Field(False, description="With fifo: order within groups only, and many times the messages. Omitted: false.")

    @model_validator(mode="after")
    def _can_be(self) -> "QueueArgs":
        problems = []
        if self.high_throughput and not self.fifo:
            problems.append("high_throughput needs fifo: true; a queue without order has no limit")
        wrong = [name for name in self.consumers if not name.replace("-", "").isalnum() or name.lower() != name]
        if wrong:
            problems.append(f"consumers {', '.join(wrong)}: use lower-case letters, digits and hyphens")
        if self.consumers and self.encryption.key_arn is None and not self.encryption.owned_key:
            problems.append(
                "consumers need a key of their own (encryption.owned_key or key_arn): AWS's key lets no topic write into a queue"
            )
        if problems:
            raise ValueError("; ".join(problems))
        return self
