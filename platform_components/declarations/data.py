"""DataSettings: the `data` section of an environment: what holds data, by kind and name, and who may use it."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError, model_validator

from platform_components.args import Args
from platform_components.data.bucket_args import BucketArgs
from platform_components.data.cache_args import CacheSettings
from platform_components.data.connection import Access
from platform_components.data.database_args import DatabaseSettings
from platform_components.data.queue_args import QueueArgs
from platform_components.data.stream_args import StreamKind, StreamSettings
from platform_components.finops.args import Email
from platform_components.network.addresses import Tier
from platform_components.profile import Profile, with_defaults

StoreName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,9}[a-z0-9]$")]
"""2 to 11 characters: with the environment's name and a role it stays within what AWS allows."""

RoleArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$")]


class GrantSettings(Args):
    """What somebody may do with a store."""

    role_arn: RoleArn = Field(description="ARN of the role that is granted it: `role_arn` of a WorkloadIdentity. Required.")
    access: tuple[Access, ...] = Field((Access.READ,), min_length=1, description="What for: read, write or both. Omitted: read.")


class StoredBucket(BucketArgs):
    """A bucket of an environment."""

    grants: Mapping[StoreName, GrantSettings] = Field(default={}, description="Who may use it, by a name of your own. Omitted: nobody.")


class StoredQueue(QueueArgs):
    """A queue of an environment; a grant to read is to the consumer of the grant's name, where there are consumers."""

    grants: Mapping[StoreName, GrantSettings] = Field(default={}, description="Who may use it, by a name of your own. Omitted: nobody.")


class StoredDatabase(DatabaseSettings):
    """A database of an environment, in the tier `database`."""

    grants: Mapping[StoreName, GrantSettings] = Field(default={}, description="Who may use it, by a name of your own. Omitted: nobody.")


class StoredCache(CacheSettings):
    """A cache of an environment, in the tier `cache`."""

    grants: Mapping[StoreName, GrantSettings] = Field(default={}, description="Who may use it, by a name of your own. Omitted: nobody.")


class StoredStream(StreamSettings):
    """A stream of an environment; Kafka stands in the tier `intra`."""

    grants: Mapping[StoreName, GrantSettings] = Field(default={}, description="Who may use it, by a name of your own. Omitted: nobody.")


class StoreDefaults(Args):
    """What every store of a kind has unless it says otherwise: those of teams, too."""

    buckets: BucketArgs = Field(BucketArgs(), description="Of buckets; see the page of Bucket. Omitted: as there.")
    queues: QueueArgs = Field(QueueArgs(), description="Of queues; see the page of Queue. Omitted: as there.")
    databases: DatabaseSettings = Field(DatabaseSettings(), description="Of databases; see the page of Database. Omitted: as there.")
    caches: CacheSettings = Field(CacheSettings(), description="Of caches; see the page of Cache. Omitted: as there.")
    streams: StreamSettings = Field(StreamSettings(), description="Of streams; see the page of Stream. Omitted: as there.")

    def written(self, topic_arn: Any = None) -> dict[str, dict[str, Any]]:
        """What is set, by kind, in YAML form.

        Args:
            topic_arn: what alarms tell where nothing else is set. Omitted: nobody.
        """
        found = self.model_dump(mode="json", exclude_unset=True)
        told = {"alarms": {"topic_arn": topic_arn}} if topic_arn is not None else {}
        return {kind: with_defaults(told, found.get(kind, {})) for kind in type(self).model_fields}


class DataSettings(Args):
    """What holds an environment's data."""

    defaults: StoreDefaults = Field(
        StoreDefaults(),
        description="What every store of a kind (buckets, queues, databases, caches, streams) has unless it says otherwise, those of teams "
        "too. Omitted: as the profile says.",
    )
    notify: tuple[Email, ...] = Field(
        default=(),
        max_length=10,
        description="E-mail addresses that hear of alarms of stores, those of teams too, on a topic of their own with a key at $1 a month; "
        "see the page of StoreAlerts. A store whose `alarms.topic_arn` is set tells that topic. Omitted: nobody; the alarms are only seen.",
    )
    buckets: Mapping[StoreName, StoredBucket] = Field(default={}, description="Buckets by name; see the page of Bucket. Omitted: none.")
    queues: Mapping[StoreName, StoredQueue] = Field(default={}, description="Queues by name; see the page of Queue. Omitted: none.")
    databases: Mapping[StoreName, StoredDatabase] = Field(
        default={}, description="Databases by name; see the page of Database. Omitted: none."
    )
    caches: Mapping[StoreName, StoredCache] = Field(default={}, description="Caches by name; see the page of Cache. Omitted: none.")
    streams: Mapping[StoreName, StoredStream] = Field(default={}, description="Streams by name; see the page of Stream. Omitted: none.")

    @model_validator(mode="before")
    @classmethod
    def _over_defaults(cls, data: Any) -> Any:
        """Lay each store over the defaults of its kind; what is wrong, or no mapping, is left for its own field to refuse."""
        if not isinstance(data, Mapping) or not isinstance(data.get("defaults", {}), Mapping):
            return data
        laid = dict(data)
        for kind, below in data.get("defaults", {}).items():
            stores = data.get(kind)
            if isinstance(stores, Mapping) and isinstance(below, Mapping) and _sound(kind, below):
                laid[kind] = {name: with_defaults(below, store) if isinstance(store, Mapping) else store for name, store in stores.items()}
        return laid

    def tiers(self) -> Iterator[tuple[str, str, Tier]]:
        """Kind, name and tier of each store that stands in the network."""
        for name in self.databases:
            yield "databases", name, Tier.DATABASE
        for name in self.caches:
            yield "caches", name, Tier.CACHE
        for name, stream in self.streams.items():
            if stream.kind is StreamKind.KAFKA:
                yield "streams", name, Tier.INTRA


KINDS = tuple(StoreDefaults.model_fields)
"""What a kind of store is called here."""


def _sound(kind: str, defaults: Mapping[str, Any]) -> bool:
    try:
        StoreDefaults.model_validate({kind: defaults})
    except ValidationError:
        return False
    return True


_QUIET = {"removal": "delete", "alarms": {"enabled": False}}

PROFILE_DEFAULTS: Mapping[Profile, Mapping[str, Any]] = {
    # Thrown away by one command, on the smallest machines, in one zone, without keys and alarms that cost by the month.
    Profile.DEV: {
        "defaults": {
            "buckets": {**_QUIET, "encryption": {"owned_key": False}, "access_logs": {"enabled": False}},
            "queues": _QUIET,
            "databases": {
                **_QUIET,
                "encryption": {"owned_key": False},
                "size": "micro",
                "standby": False,
                "deletion_protection": False,
                "backup_days": 1,
                "blue_green": False,
                "logs_days": 14,
            },
            "caches": {**_QUIET, "encryption": {"owned_key": False}, "size": "micro", "copies": 0, "snapshot_days": 0, "logs_days": 14},
            "streams": {**_QUIET, "encryption": {"owned_key": False}, "retention_hours": 24},
        }
    },
    Profile.PRODUCTION: {},
    Profile.REGULATED: {
        "defaults": {
            "buckets": {"access_logs": {"retention_days": 400}, "versions_days": 400},
            "databases": {"backup_days": 35, "logs_days": 400},
            "caches": {"logs_days": 400},
        }
    },
}
"""A profile's values where they differ from the fields' own defaults, which are those of production. YAML form."""
