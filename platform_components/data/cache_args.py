"""What a Cache is given."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field, model_validator

from platform_components.data.engines import Size
from platform_components.data.options import NetworkPlace, StoreArgs


class CacheEngine(StrEnum):
    """Which store it is; both speak Redis's protocol."""

    VALKEY = "valkey"
    """Cheaper by a fifth, and free software."""
    REDIS = "redis"


class CacheForm(StrEnum):
    """Who chooses the machines."""

    NODES = "nodes"
    """Nodes of a size, with copies in other zones."""
    SERVERLESS = "serverless"
    """AWS, by the load; it costs by what is stored and asked."""


VERSIONS: Mapping[CacheEngine, str] = {CacheEngine.VALKEY: "8.0", CacheEngine.REDIS: "7.1"}
"""Version of an engine where none is given."""

NODE_TYPES: Mapping[Size, str] = {
    Size.MICRO: "cache.t4g.micro",
    Size.SMALL: "cache.t4g.small",
    Size.MEDIUM: "cache.m7g.large",
    Size.LARGE: "cache.r7g.large",
    Size.XLARGE: "cache.r7g.xlarge",
    Size.XXLARGE: "cache.r7g.2xlarge",
}
"""0.5, 1.4, 6.4, 13, 26 and 53 GB of memory."""

LIMITS: Mapping[Size, tuple[int, int]] = {
    Size.MICRO: (1, 2_000),
    Size.SMALL: (5, 5_000),
    Size.MEDIUM: (20, 15_000),
    Size.LARGE: (50, 30_000),
    Size.XLARGE: (100, 60_000),
    Size.XXLARGE: (500, 150_000),
}
"""Most gigabytes, and most processing units a second, of a serverless cache."""


class CacheSettings(StoreArgs):
    """A private, encrypted cache with users: everything but where it stands."""

    engine: CacheEngine = Field(CacheEngine.VALKEY, description="Which store it is. Omitted: Valkey.")
    form: CacheForm = Field(CacheForm.NODES, description="Nodes of a size, or serverless. Changing it replaces the cache. Omitted: nodes.")
    version: str | None = Field(None, description="Version, in quotes; of a serverless cache the major one counts. Omitted: 8.0 or 7.1.")
    size: Size = Field(Size.MEDIUM, description="How big, by name; of a serverless cache, the most it may become. Omitted: medium.")
    shards: int = Field(1, ge=1, le=500, description="Parts that the keys are spread over; with nodes. Omitted: 1.")
    copies: int = Field(
        1, ge=0, le=5, description="Copies of each shard in other zones; one of them takes over. Omitted: 1; 0 with profile dev."
    )
    snapshot_days: int = Field(
        7, ge=0, le=35, description="How long daily snapshots are kept, in days. 0: none. Omitted: 7; 0 with profile dev."
    )
    logs_days: int = Field(90, ge=1, description="How long its logs are kept, in days, as CloudWatch counts them; with nodes. Omitted: 90.")

    @property
    def version_text(self) -> str:
        """Its version."""
        return self.version or VERSIONS[self.engine]

    @model_validator(mode="after")
    def _can_be(self) -> "CacheSettings":
        if self.form is CacheForm.SERVERLESS and self.shards > 1:
            raise ValueError("shards has no meaning with form serverless; AWS spreads the keys itself")
        return self


class CacheArgs(CacheSettings):
    """A private, encrypted cache, and where it stands."""

    network: NetworkPlace = Field(description="Where it stands: subnets that lead nowhere, such as the tier `cache`. Required.")
