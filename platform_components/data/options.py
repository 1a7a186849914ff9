"""What every store is given: its key, what becomes of it on destroy, and who hears of trouble."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field, model_validator

from platform_components.args import Args, Late


class Removal(StrEnum):
    """What becomes of a store, and what is in it, when the program no longer has it."""

    KEEP = "keep"
    """The engine refuses to delete or replace it (protect); where that is lifted it is forgotten, not deleted (retain on delete)."""
    DELETE = "delete"
    """It is deleted with everything in it."""


class StoreEncryption(Args):
    """Which key encrypts a store."""

    owned_key: bool = Field(
        True,
        description="Make a KMS key with yearly rotation for it, at $1 a month. Omitted: true, without `key_arn`; false with profile dev.",
    )
    key_arn: Late[str] | None = Field(
        None,
        description="ARN of an existing key, whose policy lets the account's IAM decide. Omitted: the owned key, else the one AWS manages.",
    )
    deletion_window_days: int = Field(30, ge=7, le=30, description="Days between the deletion of the owned key and its end. Omitted: 30.")

    @property
    def creates_key(self) -> bool:
        """Whether a key is to be made."""
        return self.owned_key and self.key_arn is None

    @property
    def has_key(self) -> bool:
        """Whether there is a key of one's own, so that who uses the store must be allowed to use it."""
        return self.owned_key or self.key_arn is not None


class Alarms(Args):
    """Alarms in CloudWatch, and a dashboard."""

    enabled: bool = Field(True, description="Make the alarms and the dashboard. Omitted: true; false with profile dev.")
    topic_arn: Late[str] | None = Field(
        None, description="SNS topic that is told when an alarm goes off and when it is over. Omitted: nobody; the alarms are only seen."
    )


class StoreArgs(Args):
    """What every store is given."""

    encryption: StoreEncryption = Field(StoreEncryption(), description="The key of what it holds. Omitted: a key of its own.")
    removal: Removal = Field(
        Removal.KEEP,
        description="What becomes of it when the program no longer has it, or would replace it. Omitted: keep; delete with profile dev.",
    )
    alarms: Alarms = Field(Alarms(), description="Alarms and dashboard. Omitted: both, telling nobody.")
    tags: Mapping[str, str] = Field(default={}, description="Tags of everything it makes. Omitted: only the library's own.")

    @property
    def keeps(self) -> bool:
        """Whether data outlives the program's interest in it."""
        return self.removal is Removal.KEEP


class NetworkPlace(Args):
    """Where in a network a store stands."""

    vpc_id: Late[str] = Field(description="Id of the VPC. Required.")
    subnet_ids: Late[tuple[str, ...]] = Field(description="Ids of its subnets, in two zones at least. Required.")

    @model_validator(mode="after")
    def _spans_zones(self) -> "NetworkPlace":
        if isinstance(self.subnet_ids, tuple) and len(set(self.subnet_ids)) < 2:  # noqa: PLR2004 -- one, and one for when it fails
            raise ValueError("subnet_ids names fewer than two subnets; a store stands in two zones at least")
        return self
