"""What a team asks for to keep data in: claims by kind and plan, and what becomes of them in an environment. Pure but for Late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator

from platform_components.args import Args, Late
from platform_components.data.bucket_args import BucketArgs
from platform_components.data.cache_args import CacheSettings
from platform_components.data.database_args import DatabaseSettings
from platform_components.data.options import Removal
from platform_components.data.queue_args import QueueArgs
from platform_components.declarations.translate import choices
from platform_components.names import child_name
from platform_components.network.addresses import Tier
from platform_components.profile import with_defaults
from platform_components.tenancy.networks import DataReach

ClaimName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{1,10}$")]
"""2 to 11 characters without a hyphen: so that in TEAM-ENVIRONMENT-CLAIM nobody's name can end as another's begins."""

REDIS_PORT: Final = 6379
HTTPS_PORT: Final = 443


class DataKind(StrEnum):
    """What kind of store a claim is for."""

    BUCKET = "bucket"
    QUEUE = "queue"
    DATABASE = "database"
    CACHE = "cache"


SECTIONS: Final[Mapping[DataKind, str]] = MappingProxyType(
    {DataKind.BUCKET: "buckets", DataKind.QUEUE: "queues", DataKind.DATABASE: "databases", DataKind.CACHE: "caches"}
)
"""What a kind is called in the `data` section of an environment."""

TIERS: Final[Mapping[DataKind, Tier]] = MappingProxyType({DataKind.DATABASE: Tier.DATABASE, DataKind.CACHE: Tier.CACHE})
"""Tier of the network that a kind stands in; the others are AWS's own services."""

SETTINGS: Final[Mapping[DataKind, type[Args]]] = MappingProxyType(
    {DataKind.BUCKET: BucketArgs, DataKind.QUEUE: QueueArgs, DataKind.DATABASE: DatabaseSettings, DataKind.CACHE: CacheSettings}
)
"""What a store of each kind can be set to."""

_SIZES: Final = {size: {"size": size} for size in ("small", "medium", "large", "xlarge")}

PLANS: Final[Mapping[DataKind, Mapping[str, Mapping[str, Any]]]] = MappingProxyType(
    {
        DataKind.BUCKET: {
            "standard": {},
            "archive": {"archive_days": 30},
            "scratch": {"expire_days": 30, "versions_days": 7},
        },
        DataKind.QUEUE: {"standard": {}, "ordered": {"fifo": True}},
        DataKind.DATABASE: _SIZES,
        DataKind.CACHE: _SIZES,
    }
)
"""Plans by kind, the usual one first: what of a store's settings a team decides. The rest is the environment's."""


class DataClaim(Args):
    """One store of a team, in every environment of the team."""

    kind: DataKind = Field(description="What it is: bucket, queue, database or cache. Required.")
    plan: str = Field(
        default="",
        description="What for, or how big: bucket standard, archive (moved to cheap storage after 30 days) or scratch (deleted after 30 "
        "days); queue standard or ordered; database and cache small, medium, large or xlarge. An environment's `data.defaults` go over "
        "it. Omitted: the first of these.",
    )
    removal: Removal | None = Field(
        default=None,
        description="What becomes of it when it is no longer claimed: keep or delete. Omitted: as the environment says, which is keep, and "
        "delete with profile dev.",
    )

    @model_validator(mode="after")
    def _planned(self) -> Self:
        known = PLANS[self.kind]
        if self.plan and self.plan not in known:
            raise ValueError(f"there is no plan {self.plan!r} for a {self.kind.value}; choose from {choices(list(known))}")
        return self


class TenantData(Args):
    """What an environment has for the stores of its tenants."""

    vpc_id: Late[str] = Field(description="Id of the VPC. Required.")
    security_group_id: Late[str] = Field(description="Security group that pods send from: the cluster's. Required.")
    subnet_ids: Mapping[str, Late[tuple[str, ...]]] = Field(
        default={}, description="Subnets by tier: database and cache. Omitted: none, so that neither can be claimed."
    )
    addresses: Mapping[str, tuple[Late[str], ...]] = Field(
        default={}, description="Their IPv4 blocks by tier, which pods are let out to. Omitted: none; nothing there is reached."
    )
    endpoints: tuple[Late[str], ...] = Field(
        default=(), description="IPv4 blocks of the endpoints of AWS's services inside the VPC. Omitted: only their public addresses."
    )
    defaults: Mapping[str, Mapping[str, Any]] = Field(
        default={}, description="`data.defaults` of the environment, by kind (buckets, ...). Omitted: those of production."
    )


def store_name(namespace: str, claim: str) -> str:
    """Name of a team's store in an environment: that of its namespace, then the claim's."""
    return child_name(namespace, claim)


def settings_of(claim: DataClaim, defaults: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A store's settings: the plan's, over them the environment's, and what is to become of it, as the claim says.

    Args:
        claim: the claim.
        defaults: `data.defaults` of the environment.
    """
    plans = PLANS[claim.kind]
    settings = with_defaults(plans[claim.plan or next(iter(plans))], defaults.get(SECTIONS[claim.kind], {}))
    if claim.removal is not None:
        settings["removal"] = claim.removal.value
    if claim.removal is Removal.DELETE and claim.kind is DataKind.DATABASE:
        # AWS would refuse.
        settings["deletion_protection"] = False
    return settings


@dataclass(frozen=True, slots=True)
class ClaimedStores:
    """The stores of a team in an environment, by kind and claim; a team claims no streams."""

    databases: Mapping[str, DatabaseSettings] = field(default_factory=dict)
    buckets: Mapping[str, BucketArgs] = field(default_factory=dict)
    queues: Mapping[str, QueueArgs] = field(default_factory=dict)
    caches: Mapping[str, CacheSettings] = field(default_factory=dict)
    streams: Mapping[str, Any] = field(default_factory=dict)


def claimed_stores(claims: Mapping[str, DataClaim], defaults: Mapping[str, Mapping[str, Any]]) -> ClaimedStores:
    """What claims become in an environment.

    Args:
        claims: by name.
        defaults: `data.defaults` of the environment.

    Raises:
        ValidationError: a plan and the defaults together are no store.
    """
    made: dict[str, dict[str, Any]] = {}
    for name, claim in claims.items():
        made.setdefault(SECTIONS[claim.kind], {})[name] = SETTINGS[claim.kind].model_validate(settings_of(claim, defaults))
    return ClaimedStores(**made)


def port_of(claim: DataClaim, defaults: Mapping[str, Mapping[str, Any]]) -> int:
    """Port at which pods reach the store."""
    if claim.kind is DataKind.DATABASE:
        return DatabaseSettings.model_validate(settings_of(claim, defaults)).dialect.port
    return REDIS_PORT if claim.kind is DataKind.CACHE else HTTPS_PORT


def missing_tier(claim: DataClaim, tiers: Sequence[str]) -> Tier | None:
    """The tier that a claim needs of a network and the network lacks."""
    tier = TIERS.get(claim.kind)
    return tier if tier is not None and tier not in tiers else None


def reaches(needs: Mapping[str, Sequence[str]], claims: Mapping[str, DataClaim], data: TenantData, service: str) -> list[DataReach]:
    """Where the pods of a service are let out to for what it needs, each port once.

    Args:
        needs: what it needs, by claim.
        claims: what the team claims.
        data: what the environment has.
        service: the service.
    """
    found: dict[int, DataReach] = {}
    for name in needs:
        claim, port = claims[name], port_of(claims[name], data.defaults)
        tier = TIERS.get(claim.kind)
        found[port] = DataReach(service, port, data.endpoints if tier is None else data.addresses.get(tier, ()), public=tier is None)
    return list(found.values())


def environment_variables(claim: str, connection: Mapping[str, Any]) -> dict[str, str]:
    """What a pod is told of a store, as variables called after the claim: `ENTRIES_ENDPOINT`, `ENTRIES_PORT`.

    Args:
        claim: its name.
        connection: its connection, with everything known.
    """
    told = {key: value for key, value in connection.items() if key != "role_arn" and isinstance(value, (str, int))}
    return {f"{claim}_{key}".upper(): str(value) for key, value in told.items()}
