"""Cache: Valkey or Redis on ElastiCache, of nodes or serverless.

Builds the cache, its users, key, network, log groups, alarms and dashboard, and what grants need. Does not build global data stores, nor
parameter groups of its own.
"""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from platform_components.data.cache_args import LIMITS, NODE_TYPES, CacheArgs, CacheEngine, CacheForm
from platform_components.data.connection import Access, Connection
from platform_components.data.documents import logs_encrypt
from platform_components.data.grants import cache_statements
from platform_components.data.monitoring import CACHE, SERVERLESS_CACHE
from platform_components.data.store import Identity, Store, granted
from platform_components.names import child_name

PORT = 6379
"""Port of the endpoints, whichever the engine."""

RIGHTS: Mapping[Access, str] = {
    Access.READ: "on ~* &* -@all +@read +@connection +@pubsub -publish -keys",
    Access.WRITE: "on ~* &* -@all +@read +@write +@connection +@pubsub +@transaction +@scripting -flushall -flushdb -keys -swapdb",
}
"""Commands of the two users: neither empties the cache, looks through all of its keys at once, nor administers it."""

NOBODY = "off ~* -@all"
"""Of Redis's default user, which cannot be left out."""


class Cache(Store):
    """A private, encrypted cache whose users log in with IAM tokens; there is no password.

    Example::

        sessions = Cache("sessions", CacheArgs(network=NetworkPlace(vpc_id=vpc_id, subnet_ids=subnet_ids)))
        connection = sessions.grant_write(shop)
    """

    endpoint: pulumi.Output[str]
    """Host name of what takes writes."""
    port: pulumi.Output[int]
    """Port of the endpoint."""
    arn: pulumi.Output[str]
    """ARN of the cache."""
    security_group_id: pulumi.Output[str]
    """Security group of the cache."""
    key_arn: pulumi.Output[str | None]
    """ARN of its key; none where AWS manages it."""

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._key = self.create_key(lambda at: logs_encrypt(at, f"/aws/elasticache/{name}/*"))
        self.security_group_id = self.create_group(args.network.vpc_id).id
        self._users = {access: self._create_user(access) for access in RIGHTS}
        group = self._create_user_group()
        self.endpoint, self.arn = self._create_serverless(group) if args.form is CacheForm.SERVERLESS else self._create_nodes(group)
        self.port = pulumi.Output.from_input(PORT)
        self.key_arn = pulumi.Output.from_input(self._key)
        self.register()

    @property
    def connection(self) -> Connection:
        """How to reach it; nobody's role yet."""
        return Connection(kind="cache", name=self._name, endpoint=self.endpoint, port=PORT, arn=self.arn)

    def grant_read(self, identity: Identity) -> Connection:
        """Let an identity in as the user who reads."""
        return self._grant(identity, Access.READ)

    def grant_write(self, identity: Identity) -> Connection:
        """Let an identity in as the user who reads and writes."""
        return self._grant(identity, Access.WRITE)

    def _grant(self, identity: Identity, access: Access) -> Connection:
        user = self._users[access]
        role_arn = self.allow(identity, access, cache_statements(self.arn, user.arn))
        network = self.open(identity, self.security_group_id, PORT)
        return granted(self.connection, role_arn, (access,), network).model_copy(update={"user": self._user_name(access)})

    def _user_name(self, access: Access) -> str:
        return child_name(self._name, access.value)

    def _create_user(self, access: Access) -> aws.elasticache.User:
        # With IAM, the user's id and name have to be the same.
        name = self._user_name(access)
        return aws.elasticache.User(
            child_name(self._name, "user", access.value),
            user_id=name,
            user_name=name,
            engine=self._args.engine.value,
            access_string=RIGHTS[access],
            authentication_mode=aws.elasticache.UserAuthenticationModeArgs(type="iam"),
            tags=self.child_tags(name),
            opts=self.child_options(),
        )

    def _create_user_group(self) -> aws.elasticache.UserGroup:
        name = child_name(self._name, "users")
        users = [user.user_id for user in self._users.values()]
        if self._args.engine is CacheEngine.REDIS:
            default = child_name(self._name, "default")
            nobody = aws.elasticache.User(
                child_name(self._name, "user", "default"),
                user_id=default,
                user_name="default",
                engine="redis",
                access_string=NOBODY,
                no_password_required=True,
                tags=self.child_tags(default),
                opts=self.child_options(),
            )
            users.append(nobody.user_id)
        return aws.elasticache.UserGroup(
            name, user_group_id=name, engine=self._args.engine.value, user_ids=users, tags=self.child_tags(name), opts=self.child_options()
        )

    def _create_nodes(self, users: aws.elasticache.UserGroup) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        args, name = self._args, self._name
        subnets = aws.elasticache.SubnetGroup(
            child_name(name, "subnets"),
            description=f"Cache {name}",
            subnet_ids=args.network.subnet_ids,
            tags=self.child_tags(child_name(name, "subnets")),
            opts=self.child_options(),
        )
        logs = {kind: self._create_log(kind) for kind in ("slow-log", "engine-log")}
        several = args.copies > 0
        cache = aws.elasticache.ReplicationGroup(
            name,
            description=f"Cache {name}",
            engine=args.engine.value,
            engine_version=args.version_text,
            node_type=NODE_TYPES[args.size],
            cluster_mode="enabled" if args.shards > 1 else "disabled",
            num_node_groups=args.shards,
            replicas_per_node_group=args.copies,
            automatic_failover_enabled=several,
            multi_az_enabled=several,
            subnet_group_name=subnets.name,
            security_group_ids=[self.security_group_id],
            at_rest_encryption_enabled=True,
            kms_key_id=self._key,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            user_group_ids=[users.user_group_id],
            snapshot_retention_limit=args.snapshot_days,
            snapshot_window="03:00-04:00",
            final_snapshot_identifier=f"{name}-final" if args.keeps else None,
            maintenance_window="sun:04:30-sun:05:30",
            auto_minor_version_upgrade=True,
            log_delivery_configurations=[
                aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs(
                    destination=group.name, destination_type="cloudwatch-logs", log_format="json", log_type=kind
                )
                for kind, group in logs.items()
            ],
            tags=self.child_tags(name),
            opts=self.data_options(),
        )
        # By its first member: nodes, not groups, have most metrics.
        self.watch(CACHE, {"CacheClusterId": cache.member_clusters.apply(min)})
        endpoint = cache.configuration_endpoint_address if args.shards > 1 else cache.primary_endpoint_address
        return endpoint, cache.arn

    def _create_log(self, kind: str) -> aws.cloudwatch.LogGroup:
        name = child_name(self._name, kind)
        return aws.cloudwatch.LogGroup(
            name,
            name=f"/aws/elasticache/{self._name}/{kind}",
            retention_in_days=self._args.logs_days,
            kms_key_id=self._key,
            tags=self.child_tags(name),
            opts=self.child_options(),
        )

    def _create_serverless(self, users: aws.elasticache.UserGroup) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        args, name = self._args, self._name
        gigabytes, units = LIMITS[args.size]
        limits = aws.elasticache.ServerlessCacheCacheUsageLimitsArgs(
            data_storage=aws.elasticache.ServerlessCacheCacheUsageLimitsDataStorageArgs(maximum=gigabytes, unit="GB"),
            ecpu_per_seconds=[aws.elasticache.ServerlessCacheCacheUsageLimitsEcpuPerSecondArgs(maximum=units)],
        )
        cache = aws.elasticache.ServerlessCache(
            name,
            name=name,
            description=f"Cache {name}",
            engine=args.engine.value,
            major_engine_version=args.version_text.split(".")[0],
            cache_usage_limits=limits,
            subnet_ids=args.network.subnet_ids,
            security_group_ids=[self.security_group_id],
            kms_key_id=self._key,
            user_group_id=users.user_group_id,
            snapshot_retention_limit=args.snapshot_days,
            daily_snapshot_time="03:00" if args.snapshot_days else None,
            tags=self.child_tags(name),
            opts=self.data_options(),
        )
        self.watch(SERVERLESS_CACHE, {"clusterId": cache.name})
        return cache.endpoints.apply(lambda found: str(found[0].address)), cache.arn
