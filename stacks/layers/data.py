"""The data layer: what holds the environment's data, and who may use it. Everything stands in the environment file; without it, nothing."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_random as random

from platform_components.component import PlatformComponent
from platform_components.data.bucket import Bucket
from platform_components.data.bucket_args import BucketArgs
from platform_components.data.cache import Cache
from platform_components.data.cache_args import CacheArgs
from platform_components.data.connection import Access, Connection
from platform_components.data.database import Database
from platform_components.data.database_args import DatabaseArgs
from platform_components.data.options import NetworkPlace
from platform_components.data.queue import Queue
from platform_components.data.queue_args import QueueArgs
from platform_components.data.store_alerts import StoreAlerts
from platform_components.data.store_alerts_args import StoreAlertsArgs
from platform_components.data.stream import Stream
from platform_components.data.stream_args import StreamArgs
from platform_components.declarations.data import GrantSettings
from platform_components.declarations.environment import Environment
from platform_components.declarations.team import may_hold_data
from platform_components.identity.args import IdentityRef
from platform_components.names import child_name
from platform_components.resilience.args import BackupPlanArgs
from platform_components.resilience.backup_plan import BackupPlan
from stacks.contracts import DataOutputs, said
from stacks.providers import options
from stacks.upstream import Upstream

TEAMS = Path(__file__).resolve().parents[1] / "teams"

COMPONENTS: Mapping[str, tuple[Any, Any]] = {
    "buckets": (Bucket, BucketArgs),
    "queues": (Queue, QueueArgs),
    "databases": (Database, DatabaseArgs),
    "caches": (Cache, CacheArgs),
    "streams": (Stream, StreamArgs),
}
"""Component and its args, by section."""


def build(environment: Environment, upstream: Upstream) -> DataOutputs:
    """Build what the environment declares, in the order it is written."""
    opts = pulumi.ResourceOptions.merge(options(environment, "data"), pulumi.ResourceOptions(providers=[random.Provider("random")]))
    tiers = {(kind, name): tier for kind, name, tier in environment.data.tiers()}
    told = None
    if environment.data.notify:
        alerts = StoreAlertsArgs(notify=environment.data.notify)
        told = StoreAlerts(child_name(environment.environment, "stores"), alerts, opts).topic_arn
    connections: dict[str, dict[str, Any]] = {}
    for kind, (component, args) in COMPONENTS.items():
        for name, settings in getattr(environment.data, kind).items():
            given = {field: value for field, value in settings if field != "grants"}
            if told is not None and settings.alarms.topic_arn is None:
                given["alarms"] = settings.alarms.model_copy(update={"topic_arn": told})
            tier = tiers.get((kind, name))
            if tier is not None:
                given["network"] = NetworkPlace(vpc_id=upstream.network.vpc_id, subnet_ids=upstream.network.subnets(tier))
            store = component(child_name(environment.environment, name), args(**given), opts)
            granted = dict(grants(store, settings.grants, upstream, consumers=getattr(settings, "consumers", ())))
            connections.setdefault(kind, {})[name] = {"connection": store.connection.as_inputs(), "grants": granted}
    backup = environment.resilience.backup
    plan = None
    if backup is not None and (connections or may_hold_data(TEAMS, environment.environment)):
        # Whatever the environment's provider made has this tag, in every layer.
        plan = BackupPlan(
            child_name(environment.environment, "backup"), BackupPlanArgs(**dict(backup), tag_value=environment.environment), opts
        )
    return DataOutputs(
        alarms_topic_arn=said(told),
        backup_vault_arn=pulumi.Output.from_input(plan.vault_arn if plan is not None else ""),
        stores=pulumi.Output.from_input(connections),
    )


def grants(
    store: Any, wanted: Mapping[str, GrantSettings], upstream: Upstream, *, consumers: Any = ()
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Grant what is wanted; what each identity is told, by its name."""
    networked = isinstance(store, PlatformComponent) and hasattr(store, "security_group_id")
    for name, grant in wanted.items():
        groups = {"cluster": upstream.require("cluster", "cluster_security_group_id")} if networked else {}
        identity = IdentityRef(name=name, role_arn=grant.role_arn, role_name=grant.role_arn.rpartition("/")[2], security_groups=groups)
        made: list[Connection] = []
        for access in grant.access:
            if access is Access.WRITE:
                made.append(store.grant_write(identity))
            else:
                made.append(store.grant_read(identity, **({"consumer": name} if consumers else {})))
        yield name, made[-1].model_copy(update={"access": tuple(grant.access)}).as_inputs()
