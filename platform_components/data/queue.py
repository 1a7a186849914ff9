"""Queue: an SQS queue with a queue of its failures, or a topic with one such pair for each consumer.

Builds the queues, the topic, their key, policies, alarms and dashboard, and what grants need. Does not build subscriptions of other kinds
(HTTPS, Lambda) nor event source mappings.
"""

import json
from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from platform_components.data.connection import Access, Connection
from platform_components.data.documents import queue_policy, topic_policy, topics_deliver
from platform_components.data.grants import publish_statements, queue_statements, use_key
from platform_components.data.monitoring import DEAD_LETTERS, QUEUE
from platform_components.data.queue_args import LONGEST, Consumer, QueueArgs
from platform_components.data.store import Identity, Store, granted
from platform_components.errors import DeclarationError, Problem
from platform_components.identity.statements import Statement
from platform_components.names import child_name


class Queue(Store):
    """An encrypted queue: what fails too often is put aside and told, and nothing speaks to it in the clear.

    With consumers it is a topic, and each of them has a queue. Example::

        orders = Queue("orders", QueueArgs(consumers={"billing": {}, "shipping": {"filter": {"kind": ["paid"]}}}))
        orders.grant_write(shop)
        connection = orders.grant_read(billing, consumer="billing")
    """

    queue_urls: pulumi.Output[dict[str, str]]
    """URL of each consumer's queue; under the queue's own name without consumers."""
    queue_arns: pulumi.Output[dict[str, str]]
    """ARN of each of them."""
    dead_letter_urls: pulumi.Output[dict[str, str]]
    """URL of each queue of failures."""
    topic_arn: pulumi.Output[str | None]
    """ARN of the topic; none without consumers."""
    key_arn: pulumi.Output[str | None]
    """ARN of the key; none where AWS manages it."""

    def __init__(self, name: str, args: QueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._ending = ".fifo" if args.fifo else ""
        self._key = self.create_key(*([topics_deliver] if args.consumers else []))
        topic = self._create_topic() if args.consumers else None
        self._topic = topic
        self._queues: dict[str, aws.sqs.Queue] = {}
        letters: dict[str, aws.sqs.Queue] = {}
        for consumer, settings in (args.consumers or {name: Consumer()}).items():
            queue_name = child_name(name, consumer) if topic is not None else name
            self._queues[consumer], letters[consumer] = self._create(queue_name, topic)
            if topic is not None:
                self._subscribe(queue_name, topic, self._queues[consumer], settings)
        self.queue_urls = pulumi.Output.all(**{key: queue.url for key, queue in self._queues.items()}).apply(dict[str, str])
        self.queue_arns = pulumi.Output.all(**{key: queue.arn for key, queue in self._queues.items()}).apply(dict[str, str])
        self.dead_letter_urls = pulumi.Output.all(**{key: queue.url for key, queue in letters.items()}).apply(dict[str, str])
        self.topic_arn = pulumi.Output.from_input(topic.arn if topic is not None else None)
        self.key_arn = pulumi.Output.from_input(self._key)
        self.register()

    @property
    def connection(self) -> Connection:
        """Where to send to; nobody's role yet."""
        if self._topic is None:
            return self._of(self._name)
        endpoint = self._place.apply(lambda at: f"https://sns.{at.region}.{at.suffix}")
        return Connection(kind="queue", name=self._topic.name, endpoint=endpoint, arn=self._topic.arn)

    def grant_write(self, identity: Identity) -> Connection:
        """Let an identity send messages: to the topic where there are consumers, else to the queue."""
        service, statements = (
            ("sns", publish_statements(self._topic.arn))
            if self._topic is not None
            else ("sqs", queue_statements(Access.WRITE, [self._queues[self._name].arn]))
        )
        return self._grant(identity, Access.WRITE, self.connection, service, statements)

    def grant_read(self, identity: Identity, consumer: str = "") -> Connection:
        """Let an identity take messages off: off its consumer's queue where there are consumers.

        Raises:
            DeclarationError: there is no such consumer, or there are several and none is named.
        """
        known = sorted(self._args.consumers)
        if bool(known) is not bool(consumer) or (known and consumer not in known):
            what = f"there is no consumer {consumer!r}" if consumer else "a consumer has to be named"
            choose = f"choose from {', '.join(known)}" if known else "this queue has none; leave it out"
            raise DeclarationError([Problem(f"{what}; {choose}", field=f"Queue {self._name}")])
        key = consumer or self._name
        statements = queue_statements(Access.READ, [self._queues[key].arn])
        return self._grant(identity, Access.READ, self._of(key), "sqs", statements, *([consumer] if consumer else []))

    def _grant(
        self, identity: Identity, access: Access, connection: Connection, service: str, statements: Sequence[Statement], *parts: str
    ) -> Connection:
        wanted = [*statements]
        if self._key is not None:
            wanted.append(use_key(service, access, self._key, self.via(service)))
        return granted(connection, self.allow(identity, access, wanted, *parts), (access,))

    def _of(self, key: str) -> Connection:
        queue = self._queues[key]
        return Connection(kind="queue", name=queue.name, endpoint=queue.url, arn=queue.arn)

    def _create_topic(self) -> aws.sns.Topic:
        name = f"{self._name}{self._ending}"
        return aws.sns.Topic(
            child_name(self._name, "topic"),
            # Fixed, so that its policy can be judged before it exists.
            name=name,
            fifo_topic=self._args.fifo or None,
            content_based_deduplication=self._args.fifo or None,
            kms_master_key_id=self._key,
            policy=self._place.apply(lambda at: json.dumps(topic_policy(at.arn("sns", name)))),
            tags=self.child_tags(child_name(self._name, "topic")),
            opts=self.child_options(),
        )

    def _create(self, name: str, topic: aws.sns.Topic | None) -> tuple[aws.sqs.Queue, aws.sqs.Queue]:
        """A queue and that of its failures, with their policies, alarms and dashboard."""
        args = self._args
        dead, own = f"{name}-failed{self._ending}", f"{name}{self._ending}"
        letters = self._create_queue(
            child_name(name, "failed"),
            dead,
            message_retention_seconds=LONGEST,
            redrive_allow_policy=self._place.apply(
                lambda at: json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [at.arn("sqs", own)]})
            ),
        )
        queue = self._create_queue(
            name,
            own,
            message_retention_seconds=args.retention_seconds,
            visibility_timeout_seconds=args.visibility_seconds,
            delay_seconds=args.delay_seconds,
            receive_wait_time_seconds=20,
            redrive_policy=letters.arn.apply(lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": args.attempts})),
        )
        topics = [f"{self._name}{self._ending}"] if topic is not None else []
        for role, made, physical, senders in ((name, queue, own, topics), (child_name(name, "failed"), letters, dead, [])):
            self._set_policy(role, made, physical, senders)
        part = name.removeprefix(self._name).removeprefix("-")
        self.watch(QUEUE, {"QueueName": queue.name}, part)
        self.watch(DEAD_LETTERS, {"QueueName": letters.name}, child_name(part, "failed") if part else "failed")
        return queue, letters

    def _create_queue(self, name: str, physical: str, **settings: Any) -> aws.sqs.Queue:
        args = self._args
        return aws.sqs.Queue(
            name,
            # Fixed, so that its policy, and that of the queue of failures, can be judged before it exists.
            name=physical,
            fifo_queue=args.fifo or None,
            content_based_deduplication=args.fifo or None,
            deduplication_scope="messageGroup" if args.high_throughput else None,
            fifo_throughput_limit="perMessageGroupId" if args.high_throughput else None,
            kms_master_key_id=self._key,
            kms_data_key_reuse_period_seconds=300 if self._key is not None else None,
            sqs_managed_sse_enabled=True if self._key is None else None,
            tags=self.child_tags(name),
            opts=self.data_options(),
            **settings,
        )

    def _set_policy(self, name: str, queue: aws.sqs.Queue, physical: str, topics: Sequence[str]) -> None:
        aws.sqs.QueuePolicy(
            child_name(name, "policy"),
            queue_url=queue.url,
            policy=self._place.apply(
                lambda at: json.dumps(queue_policy(at.arn("sqs", physical), [at.arn("sns", topic) for topic in topics]))
            ),
            opts=self.child_options(),
        )

    def _subscribe(self, name: str, topic: aws.sns.Topic, queue: aws.sqs.Queue, consumer: Consumer) -> None:
        aws.sns.TopicSubscription(
            child_name(name, "subscription"),
            topic=topic.arn,
            protocol="sqs",
            endpoint=queue.arn,
            raw_message_delivery=True,
            filter_policy=json.dumps(dict(consumer.filter)) if consumer.filter else None,
            opts=self.child_options(),
        )
