"""What CostAlerts is given: the `budget` section of an environment, and whose costs it is about."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from platform_components.args import Args, Late
from platform_components.profile import Profile

NOTIFICATIONS_MAX = 10
"""Notifications of one budget (https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Notification.html)."""
ADDRESSES_MAX = 10
"""E-mail addresses of one notification (.../API_budgets_NotificationWithSubscribers.html), and of one anomaly subscription."""

Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s.]+$", max_length=254)]
Percent = Annotated[float, Field(gt=0, le=1000)]
TagKey = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class Scope(StrEnum):
    """Which costs are meant."""

    TAG = "tag"
    """Those of resources with the tag. AWS lets only a payer account, or one without an organization, watch a tag for anomalies."""
    ACCOUNT = "account"
    """All of the account: for an account that holds nothing else. An account can have one monitor of its services."""


class BudgetSettings(Args):
    """What a month may cost, and who hears when it will be more."""

    monthly_usd: float = Field(gt=0, description="Most that a month may cost, in US dollars. Required.")
    notify: tuple[Email, ...] = Field(
        (),
        max_length=ADDRESSES_MAX,
        description="E-mail addresses that AWS writes to: at every percentage, and once a day on anomalies. Omitted: none; only the topic.",
    )
    actual_percent: tuple[Percent, ...] = Field(
        (50, 80, 100), description="Shares of the budget at which spent money is told, in percent. Omitted: 50, 80 and 100."
    )
    forecast_percent: tuple[Percent, ...] = Field(
        (100,),
        description="Shares of the budget at which AWS's forecast for the month is told, in percent. It needs five weeks of costs first. "
        "Omitted: 100.",
    )
    scope: Scope = Field(
        Scope.TAG,
        description="Whose costs: those with the environment's tag, which must be active as a cost allocation tag, or all of the account. "
        "In a member account of an organization only `account` can watch for anomalies. Omitted: tag.",
    )
    anomaly_usd: float | None = Field(
        100,
        gt=0,
        description="Least impact of an anomaly that is told, in US dollars in all. null: no anomaly detection. Omitted: 100; 25 with "
        "profile dev.",
    )
    anomaly_monitor_arn: Late[str] | None = Field(
        None,
        description="Anomaly monitor that is there already, such as the one AWS makes in new accounts. Omitted: a new one.",
    )
    cost_allocation_tags: tuple[TagKey, ...] = Field(
        (),
        description="Tag keys to activate for cost allocation; only a payer account can, for all of its accounts, once a resource has had "
        "the key for a day. They stay active on destroy. Omitted: none; who owns the payer account activates them.",
    )

    @model_validator(mode="after")
    def _tells_something_once(self) -> "BudgetSettings":
        for field in ("notify", "actual_percent", "forecast_percent", "cost_allocation_tags"):
            values = getattr(self, field)
            if twice := sorted({str(value) for value in values if values.count(value) > 1}):
                raise ValueError(f"{field} has {', '.join(twice)} twice; leave one out")
        count = len(self.actual_percent) + len(self.forecast_percent)
        if not 1 <= count <= NOTIFICATIONS_MAX:
            raise ValueError(f"actual_percent and forecast_percent name {count} shares; AWS takes 1 to {NOTIFICATIONS_MAX} in all")
        return self


class CostAlertsArgs(BudgetSettings):
    """A budget and its anomaly detection, and whose costs they are about."""

    tag_key: TagKey = Field("Environment", description="Tag that says whose a cost is; read with scope tag. Omitted: Environment.")
    tag_value: str = Field(min_length=1, max_length=256, description="Its value: the environment, or the team with tag_key Team. Required.")
    topic_arn: Late[str] | None = Field(
        None,
        description="SNS topic to publish to, whose policy and key already let AWS Budgets and Cost Anomaly Detection in: `topic_arn` of "
        "another CostAlerts. Omitted: an own one, encrypted with an own key.",
    )
    tags: Mapping[str, str] = Field(default={}, description="Tags of everything it makes. Omitted: only the library's own.")


PROFILE_DEFAULTS: Mapping[Profile, Mapping[str, Any]] = {
    # A forgotten machine is small money, and most of what dev wastes.
    Profile.DEV: {"anomaly_usd": 25},
    Profile.PRODUCTION: {},
    Profile.REGULATED: {},
}
"""A profile's values where they differ from the fields' own defaults, which are those of production. YAML form."""
