"""Stream: records in order, on Kinesis or on MSK Serverless.

Builds the stream, its key, network, alarms and dashboard, and what grants need. Does not build topics (their owners do, with Kafka's own
tools), consumers or connectors.
"""

import pulumi
import pulumi_aws as aws

from platform_components.data.connection import Access, Connection
from platform_components.data.grants import kafka_statements, stream_statements, use_key
from platform_components.data.monitoring import KAFKA, STREAM
from platform_components.data.options import NetworkPlace
from platform_components.data.store import Identity, Store, granted
from platform_components.data.stream_args import StreamArgs, StreamKind

KAFKA_PORT = 9098
"""Port of MSK's brokers for clients that log in with IAM."""


class Stream(Store):
    """An encrypted stream of records that only granted identities write and read.

    Example::

        clicks = Stream("clicks", StreamArgs(retention_hours=48))
        connection = clicks.grant_write(shop)
    """

    endpoint: pulumi.Output[str]
    """URL of Kinesis, or bootstrap brokers of Kafka."""
    arn: pulumi.Output[str]
    """ARN of the stream or the cluster."""
    stream_name: pulumi.Output[str]
    """Name of the stream or the cluster."""
    security_group_id: pulumi.Output[str | None]
    """Security group of the brokers; none with Kinesis."""
    key_arn: pulumi.Output[str | None]
    """ARN of its key; none where AWS manages it, as it always does with MSK Serverless."""

    def __init__(self, name: str, args: StreamArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._key: pulumi.Output[str] | None = None
        self._group: pulumi.Output[str] | None = None
        if args.network is not None and args.kind is StreamKind.KAFKA:
            self._create_kafka(args.network)
        else:
            self._create_kinesis()
        self.security_group_id = pulumi.Output.from_input(self._group)
        self.key_arn = pulumi.Output.from_input(self._key)
        self.register()

    @property
    def connection(self) -> Connection:
        """How to reach it; nobody's role yet."""
        port = 443 if self._group is None else KAFKA_PORT
        return Connection(kind="stream", name=self.stream_name, endpoint=self.endpoint, port=port, arn=self.arn)

    def grant_read(self, identity: Identity) -> Connection:
        """Let an identity read records."""
        return self._grant(identity, Access.READ)

    def grant_write(self, identity: Identity) -> Connection:
        """Let an identity write records."""
        return self._grant(identity, Access.WRITE)

    def _grant(self, identity: Identity, access: Access) -> Connection:
        if self._group is not None:
            role_arn = self.allow(identity, access, kafka_statements(access, self.arn))
            return granted(self.connection, role_arn, (access,), self.open(identity, self._group, KAFKA_PORT))
        statements = [*stream_statements(access, self.arn)]
        if self._key is not None:
            statements.append(use_key("kinesis", access, self._key, self.via("kinesis")))
        return granted(self.connection, self.allow(identity, access, statements), (access,))

    def _create_kinesis(self) -> None:
        args = self._args
        self._key = self.create_key()
        mode = "ON_DEMAND" if args.shards is None else "PROVISIONED"
        stream = aws.kinesis.Stream(
            self._name,
            name=self._name,
            stream_mode_details=aws.kinesis.StreamStreamModeDetailsArgs(stream_mode=mode),
            shard_count=args.shards,
            retention_period=args.retention_hours,
            encryption_type="KMS",
            kms_key_id=self._key if self._key is not None else "alias/aws/kinesis",
            tags=self.child_tags(self._name),
            opts=self.data_options(),
        )
        self.stream_name, self.arn = stream.name, stream.arn
        self.endpoint = self._place.apply(lambda at: f"https://kinesis.{at.region}.{at.suffix}")
        self.watch(STREAM, {"StreamName": stream.name})

    def _create_kafka(self, network: NetworkPlace) -> None:
        self._group = self.create_group(network.vpc_id).id
        cluster = aws.msk.ServerlessCluster(
            self._name,
            cluster_name=self._name,
            client_authentication=aws.msk.ServerlessClusterClientAuthenticationArgs(
                sasl=aws.msk.ServerlessClusterClientAuthenticationSaslArgs(
                    iam=aws.msk.ServerlessClusterClientAuthenticationSaslIamArgs(enabled=True)
                )
            ),
            vpc_configs=[aws.msk.ServerlessClusterVpcConfigArgs(subnet_ids=network.subnet_ids, security_group_ids=[self._group])],
            tags=self.child_tags(self._name),
            opts=self.data_options(),
        )
        self.stream_name, self.arn, self.endpoint = cluster.cluster_name, cluster.arn, cluster.bootstrap_brokers_sasl_iam
        self.watch(KAFKA, {"Cluster Name": cluster.cluster_name})
