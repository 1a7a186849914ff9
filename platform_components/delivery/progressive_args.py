"""What ProgressiveDelivery is given: the controller, when releases may begin, and in which order environments get them."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from platform_components.admission.policy import Mode
from platform_components.args import Args, Late
from platform_components.charts.args import InstallationArgs
from platform_components.delivery.rollout_args import Engine
from platform_components.names import ENVIRONMENT_PATTERN
from platform_components.observability.plans import PROMETHEUS_URL


class Day(StrEnum):
    """A day of the week."""

    SUNDAY = "sun"
    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"

    @property
    def number(self) -> int:
        """As cron and PromQL count: 0 is Sunday."""
        return list(Day).index(self)


class Window(Args):
    """Hours in which releases may begin, in UTC."""

    days: tuple[Day, ...] = Field(
        default=(Day.MONDAY, Day.TUESDAY, Day.WEDNESDAY, Day.THURSDAY),
        min_length=1,
        description="Days of the week: sun to sat. Omitted: Monday to Thursday.",
    )
    from_hour: int = Field(ge=0, le=23, description="First hour, 0 to 23. Required.")
    until_hour: int = Field(ge=1, le=24, description="Hour at which it ends, 1 to 24. Required.")

    @model_validator(mode="after")
    def _in_order(self) -> "Window":
        if self.until_hour <= self.from_hour:
            raise ValueError(
                f"until_hour ({self.until_hour}) must be after from_hour ({self.from_hour}); write a night as two windows, to 24 and from 0"
            )
        return self


class Stage(Args):
    """An environment in the order of promotion."""

    environment: Annotated[str, Field(pattern=ENVIRONMENT_PATTERN)] = Field(description="Name of the environment. Required.")
    soak_minutes: int = Field(
        default=60,
        ge=0,
        le=43_200,
        description="How long a version has to run there, healthy, before the next environment may have it, in minutes. Omitted: 60.",
    )


class ProgressiveSettings(Args):
    """How releases come in, as an environment file declares it."""

    engine: Engine = Field(default=Engine.ARGO_ROLLOUTS, description="Controller: argo-rollouts or flagger. Omitted: argo-rollouts.")
    windows: tuple[Window, ...] = Field(default=(), max_length=14, description="When releases may begin. Omitted: always.")
    promotion: tuple[Stage, ...] = Field(
        default=(),
        description="Environments in the order in which versions reach them, this one among them; in every one but the first, only images "
        "that `platformctl promotion approve` has recorded may run in namespaces of teams. Omitted: in any order.",
    )
    mode: Mode = Field(
        default=Mode.ENFORCE,
        description="Whether admission policies refuse what goes past gates and order, or warn of it. Omitted: enforce.",
    )

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [stage.environment for stage in self.promotion]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"environment {name} is named twice in promotion; each has one place in the order")
        return self

    def place_problem(self, environment: str) -> str | None:
        """Say that an environment has no place in the order, or None where it has one, or there is no order."""
        names = [stage.environment for stage in self.promotion]
        if not names or environment in names:
            return None
        return f"environment {environment} has no place in promotion, which names {', '.join(names)}; add it"


class ProgressiveDeliveryArgs(InstallationArgs, ProgressiveSettings):
    """Progressive delivery in one cluster."""

    prometheus_url: Late[str] = Field(
        default=PROMETHEUS_URL, description="Address of Prometheus, as the controller reaches it. Omitted: that of ObservabilityStack."
    )

    @model_validator(mode="after")
    def _has_a_place(self) -> Self:
        if problem := self.place_problem(self.environment):
            raise ValueError(problem)
        return self

    @property
    def before(self) -> str | None:
        """The environment that a version comes from; None in the first, and where there is no order."""
        names = [stage.environment for stage in self.promotion]
        place = names.index(self.environment) if names else 0
        return names[place - 1] if place else None
