"""What PublicZone is given."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from platform_components.args import Args
from platform_components.cluster.args import RETENTION_DAYS
from platform_components.profile import Profile

ZoneId = Annotated[str, Field(pattern=r"^Z[A-Z0-9]{1,31}$")]


class Delegation(Args):
    """The zone above, which has to say where this one is."""

    zone_id: ZoneId = Field(description="Id of the zone above, such as that of example.com. Required.")
    role_arn: str | None = Field(
        default=None,
        pattern=r"^arn:[a-z-]+:iam::[0-9]{12}:role/\S+$",
        description="Role that may write into it, where it lies in another account. Omitted: it lies in this one.",
    )


class PublicZoneSettings(Args):
    """A public zone, as an environment file declares it; its name is the environment's domain."""

    delegation: Delegation | None = Field(
        default=None, description="The zone above. Omitted: whoever keeps it enters `name_servers` and `ds_record` by hand."
    )
    query_logs: bool = Field(default=True, description="Log which names are asked for. Omitted: yes.")
    retention_days: int = Field(
        default=90, json_schema_extra={"enum": list(RETENTION_DAYS)}, description="How long those logs are kept, in days. Omitted: 90."
    )
    dnssec: bool = Field(default=True, description="Sign answers, so that they cannot be forged. Omitted: yes.")


class PublicZoneArgs(PublicZoneSettings):
    """A public Route 53 zone."""

    domain: str = Field(description="DNS domain of the zone, such as prod.example.com. Required.")
    tags: Mapping[str, str] = Field(default={}, description="Tags of everything in it. Omitted: only the library's own.")


PROFILE_DEFAULTS: Mapping[Profile, Mapping[str, Any]] = {
    Profile.DEV: {
        # Signing and logging cost a key each, and nobody attacks what nobody uses.
        "dnssec": False,
        "query_logs": False,
    },
    Profile.PRODUCTION: {},
    Profile.REGULATED: {"retention_days": 2192},
}
"""A profile's values where they differ from the fields' own defaults. YAML form."""
