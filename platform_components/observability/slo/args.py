"""What a service level objective is declared as, in Python and in an environment file."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, PlainSerializer, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from platform_components.args import Args, Late
from platform_components.observability.alerts import PLATFORM_TEAM, RUNBOOKS
from platform_components.observability.slo.burn import burns, plain, possible_above, tolerance_of
from platform_components.observability.slo.indicators import BadCounters, GoodCounters, Measured, NativeHistogram
from platform_components.observability.slo.selectors import labels_of, matchers_problem, selector, selector_problem, split

SHORTEST, LONGEST = 7, 90
"""Days of a period: a page needs windows well below a week, and nobody remembers more than a quarter."""


SloName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$")]
"""Name of an objective, and of its component."""


def _refused(message: str) -> PydanticCustomError:
    return PydanticCustomError("slo", "{message}", {"message": message})


def _matchers(text: str) -> str:
    if problem := matchers_problem(text):
        raise _refused(problem)
    return text.strip()


def _selector(text: str) -> str:
    if problem := selector_problem(text):
        raise _refused(problem)
    return text.strip()


Matchers = Annotated[str, AfterValidator(_matchers)]
Selector = Annotated[str, AfterValidator(_selector)]
Number = Annotated[Decimal, AfterValidator(plain), PlainSerializer(str)]
Metric = Annotated[str, Field(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]{0,199}$")]


class Availability(Args):
    """Requests that do not fail, of one counter with a label that tells failures."""

    kind: Literal["availability"] = Field(description="`availability`.")
    metric: Metric = Field(description="The counter, such as http_requests_total. Required.")
    selector: Matchers = Field(default="", description='Which of its series count, such as `job="shop"`. Omitted: all.')
    errors: Annotated[Matchers, Field(min_length=1)] = Field(description='Which of those are failures, such as `code=~"5.."`. Required.')

    def measured(self) -> Measured:
        """How it is counted."""
        return BadCounters(selector(self.metric, self.selector), selector(self.metric, self.selector, self.errors))


class Latency(Args):
    """Requests that are answered soon enough, of a histogram."""

    kind: Literal["latency"] = Field(description="`latency`.")
    metric: Metric = Field(description="The histogram, without _bucket, such as http_request_duration_seconds. Required.")
    selector: Matchers = Field(default="", description='Which of its series count, such as `job="shop", code!~"5.."`. Omitted: all.')
    within: Number = Field(
        ge=Decimal("0.0001"),
        le=100_000,
        max_digits=10,
        description="How long is soon enough, in the unit of the metric; of a classic histogram the bound of a bucket. Required.",
    )
    buckets: Literal["classic", "native"] = Field(default="classic", description="Kind of histogram. Omitted: classic.")

    @model_validator(mode="after")
    def _no_bound(self) -> Self:
        if "le" in labels_of(self.selector):
            raise _refused("the selector names `le`, which is the bound of the buckets; write it as `within`")
        return self

    def measured(self) -> Measured:
        """How it is counted."""
        if self.buckets == "native":
            return NativeHistogram(selector(self.metric, self.selector), self.within)
        # Since Prometheus 3 whole bounds are written 1.0, before as the program writes them.
        bound = f"{self.within}"
        bounds = f'le="{bound}"' if "." in bound else f'le=~"{bound}([.]0)?"'
        return GoodCounters(
            selector(f"{self.metric}_count", self.selector), selector(f"{self.metric}_bucket", self.selector, bounds), always=True
        )


class Ratio(Args):
    """Any two counters: of everything, and of what went well or of what failed."""

    kind: Literal["ratio"] = Field(description="`ratio`.")
    total: Selector = Field(description='Selector of what counts everything, such as `jobs_total{queue="mail"}`. Required.')
    good: Selector | None = Field(default=None, description="Selector of what counts successes. Omitted: `bad` says what failed.")
    bad: Selector | None = Field(default=None, description="Selector of what counts failures. Omitted: `good` says what went well.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.good is None) == (self.bad is None):
            raise _refused("give either good or bad, and not both")
        return self

    def measured(self) -> Measured:
        """How it is counted."""
        if self.bad is not None:
            return BadCounters(self.total, self.bad)
        assert self.good is not None  # noqa: S101 -- one of the two is there
        metric, matchers = split(self.good)
        return GoodCounters(self.total, self.good, always=metric.endswith("_bucket") and "le" in labels_of(matchers))


Indicator = Annotated[Availability | Latency | Ratio, Field(discriminator="kind")]
"""What is measured."""


class BudgetPolicySettings(Args):
    """What delivery does as the error budget goes."""

    slow_percent: Number = Field(
        default=Decimal(25),
        gt=0,
        lt=100,
        max_digits=6,
        description="Below this part of the budget, in percent, delivery slows down. Omitted: 25.",
    )
    freeze_percent: Number = Field(
        default=Decimal(0),
        ge=0,
        lt=100,
        max_digits=6,
        description="At this part, in percent, or below, only fixes are delivered. Omitted: 0, when nothing is left.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.freeze_percent >= self.slow_percent:
            raise _refused(f"freeze_percent ({self.freeze_percent}) must be below slow_percent ({self.slow_percent})")
        return self


class SloSettings(Args):
    """A service level objective."""

    service: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", description="The service it is about. Required.")
    indicator: Indicator = Field(description="What is measured: availability, latency, or a ratio of two counters. Required.")
    objective: Number = Field(
        gt=0, lt=100, max_digits=10, decimal_places=6, description="Percentage of events that must be good, such as 99.9. Required."
    )
    period_days: int = Field(
        default=28, ge=SHORTEST, le=LONGEST, description="Over how many days, always the latest. Omitted: 28, four whole weeks."
    )
    team: str = Field(
        default=PLATFORM_TEAM, pattern=r"^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$", description="Who answers. Omitted: the platform's own team."
    )
    minimum_events: int = Field(
        default=0,
        ge=0,
        le=1_000_000_000,
        description="No alert as long as fewer events than this were in its long window: one failure of ten is no outage. Omitted: 0.",
    )
    budget_policy: BudgetPolicySettings = Field(
        default=BudgetPolicySettings(),
        description="What delivery does as the error budget goes. Omitted: slower below 25 %, fixes only at 0.",
    )
    description: str = Field(default="", max_length=1000, description="What it means to users. Omitted: nothing.")

    @model_validator(mode="after")
    def _alerts_can_fire(self) -> Self:
        never = [burn for burn in burns(self.objective, self.period_days) if not burn.possible]
        if never:
            worst = never[0]
            message = (
                f"an alert of severity {worst.severity} fires at {worst.factor} times the tolerated error ratio, here {worst.factor} x "
                f"{tolerance_of(self.objective)} = {plain(worst.threshold)}, and no more than all events can fail; "
                f"choose an objective above {possible_above(self.period_days):.2f}, or a shorter period"
            )
            error = InitErrorDetails(type=_refused(message), loc=("objective",), input=self.objective)
            raise ValidationError.from_exception_data("SloSettings", [error])
        return self


class SloArgs(SloSettings):
    """A service level objective, and where its rules lie."""

    namespace: Late[str] = Field(
        default="monitoring", description="Namespace of the PrometheusRule, which has to exist. Omitted: monitoring."
    )
    labels: Mapping[str, str] = Field(
        default={},
        description="Labels by which an operator selects its rules, such as release. Omitted: none; this library's takes every rule.",
    )
    runbooks: str = Field(
        default=RUNBOOKS, min_length=1, description="Address under which the runbooks lie. Omitted: their path in this repository."
    )
    dashboards: str = Field(default="", description="Address of Grafana. Omitted: links are paths on whatever Grafana there is.")
