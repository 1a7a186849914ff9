"""What a Bucket is given."""

from enum import StrEnum

from pydantic import Field, model_validator

from platform_components.args import Args, Late
from platform_components.data.options import StoreArgs


class LockMode(StrEnum):
    """Who may delete an object before its time."""

    GOVERNANCE = "GOVERNANCE"
    """Whoever has s3:BypassGovernanceRetention."""
    COMPLIANCE = "COMPLIANCE"
    """Nobody, the account's root user included."""


class ObjectLock(Args):
    """Objects that cannot be changed or deleted for a time."""

    days: int = Field(ge=1, le=36_500, description="How long, in days from when an object was written. Required.")
    mode: LockMode = Field(LockMode.GOVERNANCE, description="Who may lift it. Omitted: those with a permission of its own.")


class AccessLogs(Args):
    """Who read and wrote what, object by object."""

    enabled: bool = Field(True, description="Keep an access log, in a bucket of its own. Omitted: true; false with profile dev.")
    retention_days: int = Field(90, ge=1, description="How long, in days. Omitted: 90.")
    bucket: Late[str] | None = Field(
        None, description="Name of an existing bucket that takes it, whose policy lets S3 write. Omitted: a bucket of its own."
    )


class BucketArgs(StoreArgs):
    """A private, encrypted bucket with versions."""

    versions_days: int | None = Field(
        90, ge=1, description="How long overwritten and deleted objects can be had back, in days. null: for ever. Omitted: 90."
    )
    expire_days: int | None = Field(None, ge=1, description="When objects are deleted, in days after they were written. Omitted: never.")
    archive_days: int | None = Field(
        None,
        ge=1,
        description="When objects move to the storage class that is cheap to keep and dear to read at once (Glacier Instant Retrieval), in "
        "days after they were written. Omitted: never.",
    )
    object_lock: ObjectLock | None = Field(
        None, description="Keep objects from being changed or deleted. Can only be said when the bucket is made. Omitted: no lock."
    )
    writer_arn: Late[str] | None = Field(
        None,
        description="ARN of a service-linked role that writes into it; no grant reaches it, so bucket and key let it. Omitted: none.",
    )
    access_logs: AccessLogs = Field(AccessLogs(), description="The access log. Omitted: kept 90 days in a bucket of its own.")

    @model_validator(mode="after")
    def _ages_agree(self) -> "BucketArgs":
        problems = []
        if self.expire_days is not None and self.archive_days is not None and self.archive_days >= self.expire_days:
            problems.append(f"archive_days {self.archive_days} is not before expire_days {self.expire_days}; nothing would be archived")
        if self.object_lock is not None and self.expire_days is not None and self.expire_days < self.object_lock.days:
            problems.append(f"expire_days {self.expire_days} is before object_lock.days {self.object_lock.days}; nothing could be deleted")
        if problems:
            raise ValueError("; ".join(problems))
        return self
