"""The error-budget policy: what delivery does as the budget goes, as data that it can read and queries that it can ask. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

REMAINING: Final = "slo:period_error_budget_remaining:ratio"
"""Metric of the part of the budget that is left: 1 is all of it, below 0 more is gone than there was."""
STATE: Final = "slo:error_budget_policy:state"
"""Metric of the policy's state, by its number."""


class BudgetState(StrEnum):
    """What delivery does."""

    HEALTHY = "healthy"
    """Deliver as ever."""
    SLOW = "slow"
    """Deliver with care: small steps, longer watched, nothing risky."""
    FREEZE = "freeze"
    """Deliver fixes only."""


NUMBERS: Final[Mapping[BudgetState, int]] = {state: number for number, state in enumerate(BudgetState)}
"""What the metric of the state says."""


@dataclass(frozen=True, slots=True)
class BudgetPolicy:
    """The policy of one objective."""

    identity: Mapping[str, str]
    """Labels of its series."""
    slow_below: Decimal
    """Part of the budget, of 1."""
    freeze_at: Decimal
    """Part of the budget, of 1."""

    def state(self, remaining: Decimal | float) -> BudgetState:
        """What to do with so much left."""
        if remaining <= self.freeze_at:
            return BudgetState.FREEZE
        return BudgetState.SLOW if remaining < self.slow_below else BudgetState.HEALTHY

    @property
    def remaining_query(self) -> str:
        """PromQL of the part that is left."""
        return f"{REMAINING}{matching(self.identity)}"

    @property
    def state_expression(self) -> str:
        """PromQL that makes the number of the state of what is left."""
        return f"({self.remaining_query} < bool {self.slow_below}) + ({self.remaining_query} <= bool {self.freeze_at})"

    def document(self) -> dict[str, Any]:
        """The policy as JSON, for a pipeline or a controller that asks Prometheus before it delivers."""
        return {
            **self.identity,
            "remaining": self.remaining_query,
            "state": f"{STATE}{matching(self.identity)}",
            "states": [
                {"state": BudgetState.HEALTHY.value, "number": NUMBERS[BudgetState.HEALTHY], "from": str(self.slow_below)},
                {"state": BudgetState.SLOW.value, "number": NUMBERS[BudgetState.SLOW], "above": str(self.freeze_at)},
                {"state": BudgetState.FREEZE.value, "number": NUMBERS[BudgetState.FREEZE]},
            ],
        }


def matching(identity: Mapping[str, str]) -> str:
    """Matchers of series by their labels."""
    return "{" + ",".join(f'{name}="{value}"' for name, value in identity.items()) + "}"
