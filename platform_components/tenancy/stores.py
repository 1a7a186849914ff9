"""What a team's data is kept in: a store for each claim, what each service may do with it, and how its pods are told."""

from collections.abc import Mapping
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

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
from platform_components.data.store import Store
from platform_components.identity.workload_identity import WorkloadIdentity
from platform_components.labels import owned
from platform_components.names import child_name
from platform_components.tenancy.args import TenantArgs, namespace_of
from platform_components.tenancy.claims import TIERS, DataClaim, DataKind, TenantData, environment_variables, settings_of, store_name
from platform_components.tenancy.objects import cost_tags

COMPONENTS: Final[Mapping[DataKind, tuple[Any, Any]]] = {
    DataKind.BUCKET: (Bucket, BucketArgs),
    DataKind.QUEUE: (Queue, QueueArgs),
    DataKind.DATABASE: (Database, DatabaseArgs),
    DataKind.CACHE: (Cache, CacheArgs),
}
"""Component and its args, by kind of claim."""


def create_stores(
    component: PlatformComponent, args: TenantArgs, identities: Mapping[str, WorkloadIdentity]
) -> dict[str, dict[str, Connection]]:
    """Create what the team claims, and grant it; connections by service and claim.

    Args:
        component: the tenant.
        args: what the tenant is given.
        identities: roles by service.
    """
    team, data = args.declaration, args.data
    if data is None:
        return {}
    called = namespace_of(team.team, args.environment)
    tags = cost_tags(team.team, called, more=args.tags)
    stores = {claim: _create(component, store_name(called, claim), wanted, data, tags) for claim, wanted in team.data.items()}
    return {
        name: {claim: _grant(stores[claim], identities[name], access, data) for claim, access in service.needs.items()}
        for name, service in team.services.items()
    }


def _create(component: PlatformComponent, name: str, claim: DataClaim, data: TenantData, tags: Mapping[str, str]) -> Store:
    made, args = COMPONENTS[claim.kind]
    given = {**settings_of(claim, data.defaults), "tags": tags}
    tier = TIERS.get(claim.kind)
    if tier is not None:
        given["network"] = NetworkPlace(vpc_id=data.vpc_id, subnet_ids=data.subnet_ids[tier])
    store: Store = made(name, args(**given), component.child_options())
    return store


def _grant(store: Any, identity: WorkloadIdentity, access: tuple[Access, ...], data: TenantData) -> Connection:
    networked = hasattr(store, "security_group_id")
    groups = {"cluster": data.security_group_id} if networked else {}
    ref = identity.ref().model_copy(update={"security_groups": groups})
    grants = {Access.READ: store.grant_read, Access.WRITE: store.grant_write}
    # In the order of the enum: of a store that knows users, whoever may write logs in as the user who does.
    made: list[Connection] = [grants[kind](ref) for kind in Access if kind in access]
    return made[-1].model_copy(update={"access": tuple(kind for kind in Access if kind in access)})


def create_connections(
    component: PlatformComponent, name: str, namespace: k8s.core.v1.Namespace, connections: Mapping[str, Mapping[str, Connection]]
) -> None:
    """Tell each service's pods how its stores are reached, as variables for `envFrom`; there is no secret among them.

    Args:
        component: the tenant.
        name: the tenant's own name.
        namespace: the team's namespace.
        connections: connections by service and claim.
    """
    for service, claims in connections.items():
        if not claims:
            continue
        metadata: Any = {"name": data_config(service), "namespace": namespace.metadata.name, "labels": owned()}
        k8s.core.v1.ConfigMap(
            child_name(f"{name}--{service}", "data"),
            metadata=metadata,
            data=pulumi.Output.from_input({claim: one.as_inputs() for claim, one in claims.items()}).apply(_variables),
            opts=component.child_options(),
        )


def data_config(service: str) -> str:
    """Name of the ConfigMap with a service's variables."""
    return f"data-{service}"


def _variables(connections: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {key: value for claim, one in connections.items() for key, value in environment_variables(claim, one).items()}
