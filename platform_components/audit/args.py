"""What AuditTrail is given: how long the law or an auditor wants records kept, what is recorded, and who hears of findings."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from platform_components.args import Args, Late
from platform_components.finops.args import ADDRESSES_MAX, Email
from platform_components.profile import Profile

Arn = Annotated[str, StringConstraints(pattern=r"^arn:[a-z-]+:[a-z0-9-]+:", max_length=2048)]
SourceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,14}[a-z0-9]$")]
"""Name of a log group among those kept: it becomes a folder, and part of names."""


class RetentionClass(StrEnum):
    """How long records are kept, and who asks for it."""

    SOC2 = "soc2"
    """A year. SOC 2 names no number; a Type 2 report covers up to twelve months, and its examiner asks for the records of all of them
    (AICPA, Trust Services Criteria CC7.2 to CC7.4)."""
    PCI = "pci"
    """A year, of which three months at hand (PCI DSS v4.0.1, requirement 10.5.1)."""
    HIPAA = "hipaa"
    """Six years from when a record was made (45 CFR 164.316(b)(2)(i))."""


RETENTION_DAYS: Mapping[RetentionClass, int] = {RetentionClass.SOC2: 365, RetentionClass.PCI: 365, RetentionClass.HIPAA: 2192}
"""Least days of each class; six years have up to two leap days."""


class LockMode(StrEnum):
    """Who may still delete a record before its time."""

    NONE = "none"
    """Whoever may delete objects."""
    GOVERNANCE = "governance"
    """Only who has s3:BypassGovernanceRetention."""
    COMPLIANCE = "compliance"
    """Nobody, not even the account's root user: a wrong number of days is paid for to its end."""


class TrailSettings(Args):
    """What CloudTrail records."""

    s3_buckets: tuple[Late[str], ...] = Field(
        (),
        max_length=250,
        description="ARNs of buckets whose reads and writes of objects are recorded; charged by event. Omitted: none.",
    )
    functions: tuple[Late[str], ...] = Field(
        (), max_length=250, description="ARNs of Lambda functions whose calls are recorded; charged by event. Omitted: none."
    )
    insights: bool = Field(
        True, description="Whether CloudTrail tells of unusual rates of calls and errors; charged by event. Omitted: yes."
    )
    log_group_days: int = Field(
        90,
        ge=1,
        le=3653,
        description="How long events can also be searched and alarmed on in CloudWatch Logs, in days; one of AWS's steps. Omitted: 90.",
    )


class GuardDutyFeature(StrEnum):
    """Sources of GuardDuty beyond CloudTrail, flow logs and DNS, which it always reads."""

    S3 = "S3_DATA_EVENTS"
    EKS_AUDIT_LOGS = "EKS_AUDIT_LOGS"
    RUNTIME = "RUNTIME_MONITORING"
    MALWARE = "EBS_MALWARE_PROTECTION"
    RDS = "RDS_LOGIN_EVENTS"
    LAMBDA = "LAMBDA_NETWORK_LOGS"


class GuardDutySettings(Args):
    """What GuardDuty watches. An account has one detector in a region."""

    detector_id: Late[str] | None = Field(
        None,
        description="Detector that is there already, such as the organization's; its features stay. Omitted: a new one.",
    )
    features: tuple[GuardDutyFeature, ...] = Field(
        (GuardDutyFeature.S3, GuardDutyFeature.EKS_AUDIT_LOGS, GuardDutyFeature.RDS, GuardDutyFeature.LAMBDA),
        description="What else a new detector reads; each is charged by volume. Omitted: all that need no agent or snapshot.",
    )
    alert_severity: float = Field(
        7, ge=1, le=10, description="Least severity of a finding that is told at once: 7 is high, 4 medium. Omitted: 7."
    )


class AuditSettings(Args):
    """Records of an account, how long they are kept, and who hears of what they show: as an environment file declares them."""

    retention: RetentionClass = Field(RetentionClass.SOC2, description="Who asks how long records are kept. Omitted: soc2, a year.")
    retention_days: int | None = Field(
        None, ge=1, le=36_500, description="Days that records are kept, not fewer than the class asks for. Omitted: the class's own."
    )
    archive_after_days: int = Field(
        90, ge=30, description="Days after which records move to Glacier Instant Retrieval, still read at once. Omitted: 90."
    )
    lock: LockMode = Field(
        LockMode.GOVERNANCE,
        description="Who may delete a record before its time. Cannot be turned on later. Omitted: governance.",
    )
    trail: TrailSettings | None = Field(
        TrailSettings(),
        description="What CloudTrail records, in every region. null: no trail. Omitted: see its table.",
    )
    guardduty: GuardDutySettings | None = Field(
        GuardDutySettings(), description="What GuardDuty watches. null: no GuardDuty. Omitted: see its table."
    )
    notify: tuple[Email, ...] = Field(
        (),
        max_length=ADDRESSES_MAX,
        description="E-mail addresses that hear of findings, of use of the root user and of attempts on the trail, once they have "
        "confirmed. Omitted: none; who subscribes to the topic.",
    )
    keep_on_destroy: bool = Field(True, description="Whether buckets and keys stay when the component goes. Omitted: yes.")

    @property
    def days(self) -> int:
        """Days that records are kept."""
        return self.retention_days or RETENTION_DAYS[self.retention]

    @model_validator(mode="after")
    def _keeps_what_is_asked(self) -> Self:
        least = RETENTION_DAYS[self.retention]
        if self.retention_days is not None and self.retention_days < least:
            raise ValueError(f"retention_days is {self.retention_days}; {self.retention} asks for at least {least}")
        # Glacier Instant Retrieval charges for 90 days at least: records that leave before cost more than they save.
        if self.archive_after_days + 90 > self.days:
            raise ValueError(f"archive_after_days is {self.archive_after_days}; it must be at most {self.days - 90}, 90 before the end")
        return self


class EnvironmentAudit(AuditSettings):
    """The `audit` section of an environment: one environment of an account has it, for the account's trail records all of them."""

    flow_logs: bool = Field(
        True, description="Whether the network's flow logs go there, instead of to a log group of their own. Omitted: yes."
    )
    cluster_logs: bool = Field(True, description="Whether the audit log of the cluster's control plane is kept there too. Omitted: yes.")


class AuditTrailArgs(AuditSettings):
    """Records of an account, how long they are kept, and who hears of what they show."""

    log_groups: Mapping[SourceName, Late[str]] = Field(
        default={},
        description="Names of CloudWatch log groups whose records are kept too, such as `/aws/eks/NAME/cluster`, by a name of yours that "
        "becomes their folder. Omitted: none.",
    )
    filters: Mapping[SourceName, str] = Field(
        default={},
        description='Filter pattern of a log group\'s records, by that name; `{ $.apiVersion = "audit.k8s.io/*" }` keeps the audit log '
        "of a control plane only. Omitted: everything.",
    )
    topic_arn: Late[str] | None = Field(
        None,
        description="SNS topic that hears of findings, of use of the root user and of attempts on the trail; its policy must let "
        "events.amazonaws.com publish. Omitted: an own one, encrypted with the records' key.",
    )
    tags: Mapping[str, str] = Field(default={}, description="Tags of everything it makes. Omitted: only the library's own.")

    @model_validator(mode="after")
    def _records_something(self) -> Self:
        if self.trail is None and self.guardduty is None and not self.log_groups:
            raise ValueError("nothing is recorded; give a trail, guardduty or log_groups")
        if unknown := unnamed_filters(self.log_groups, self.filters):
            raise ValueError(unknown)
        return self


class LogArchiveArgs(Args):
    """Log groups whose records are kept in the bucket of an AuditTrail, of this program or another."""

    bucket_arn: Late[str] = Field(description="ARN of the bucket: `AuditTrail.bucket_arn`. Required.")
    key_arn: Late[str] = Field(description="ARN of the key that encrypts the records: `AuditTrail.key_arn`. Required.")
    log_groups: Mapping[SourceName, Late[str]] = Field(
        min_length=1, description="Names of CloudWatch log groups of class Standard, by a name that becomes their folder. Required."
    )
    filters: Mapping[SourceName, str] = Field(
        default={}, description="Filter pattern of a log group's records, by that name. Omitted: everything."
    )
    tags: Mapping[str, str] = Field(default={}, description="Tags of everything it makes. Omitted: only the library's own.")

    @model_validator(mode="after")
    def _filters_are_of_log_groups(self) -> Self:
        if unknown := unnamed_filters(self.log_groups, self.filters):
            raise ValueError(unknown)
        return self


def unnamed_filters(log_groups: Mapping[str, object], filters: Mapping[str, str]) -> str | None:
    """Say which filters are of no log group, or None where all are of one."""
    unknown = sorted(filters.keys() - log_groups.keys())
    return f"filters names {', '.join(unknown)}, which log_groups does not" if unknown else None


PROFILE_DEFAULTS: Mapping[Profile, Mapping[str, Any]] = {
    # What is tried out goes again, records and all.
    Profile.DEV: {"lock": "none", "keep_on_destroy": False},
    Profile.PRODUCTION: {},
    Profile.REGULATED: {"retention": "hipaa"},
}
"""A profile's values where they differ from the fields' own defaults, which are those of production. YAML form."""
