"""IAM statements as typed data, and the documents made of them.

A statement that allows a mutating action on every resource must carry its reason, written next to it; without one it is refused. The reason
stays in the code and never reaches AWS.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

import pulumi
from pydantic import Field, model_validator

from platform_components.args import Args, Late

POLICY_VERSION = "2012-10-17"
"""Version of the policy language, not of a policy."""

INLINE_POLICY_MAX = 10_240
"""Most characters, white space left out, that all inline policies of one role may have together
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)."""

READ_PREFIXES = ("BatchGet", "Check", "Describe", "Get", "Head", "List", "Lookup", "Query", "Scan", "Search", "Select", "Simulate", "View")
"""An action whose name starts so changes nothing."""


class Effect(StrEnum):
    """What a statement does with the requests it matches."""

    ALLOW = "Allow"
    DENY = "Deny"


class Statement(Args):
    """One statement of an identity policy: who holds the policy may (or may not) do these actions on these resources."""

    sid: str = Field(
        pattern=r"^[A-Za-z0-9]{1,64}$", description="Name of the statement, unique in its policy: letters and digits. Required."
    )
    actions: tuple[str, ...] = Field(min_length=1, description="Actions such as `s3:GetObject`; `*` matches the rest of a name. Required.")
    resources: tuple[Late[str], ...] = Field(min_length=1, description="ARNs the actions apply to; `*` matches any characters. Required.")
    conditions: Mapping[str, Mapping[str, Late[str] | tuple[str, ...]]] = Field(
        default={}, description="Conditions by operator and key, all of which must hold. Omitted: none."
    )
    effect: Effect = Field(default=Effect.ALLOW, description="Allow or Deny. Omitted: Allow.")
    reason: str = Field(
        default="",
        description="Why a mutating action needs every resource; required for that and for nothing else. Kept here, not sent to AWS.",
    )

    @model_validator(mode="after")
    def _explained(self) -> "Statement":
        problem = wildcard_problem(self)
        if problem:
            raise ValueError(problem)
        return self


def is_mutating(action: str) -> bool:
    """Whether an action may change something; a wildcard that could match such an action counts."""
    verb = action.partition(":")[2]
    return not verb.startswith(READ_PREFIXES)


def is_every_resource(resource: object) -> bool:
    """Whether a resource names everything of its service: `*`, or an ARN whose resource part is `*`."""
    if not isinstance(resource, str):
        return False
    return resource == "*" or resource.split(":", 5)[5:] == ["*"]


def wildcard_problem(statement: Statement) -> str | None:
    """Say what is wrong where a statement allows a mutating action on every resource without a reason."""
    if statement.effect is Effect.DENY or statement.reason or not any(map(is_every_resource, statement.resources)):
        return None
    mutating = [action for action in statement.actions if is_mutating(action)]
    if not mutating:
        return None
    return f"statement {statement.sid} allows {', '.join(mutating)} on every resource; name the resources, or write the reason"


def render(statement: Statement) -> dict[str, Any]:
    """A statement as IAM reads it."""
    rendered: dict[str, Any] = {
        "Sid": statement.sid,
        "Effect": statement.effect.value,
        "Action": _one_or_many(statement.actions),
        "Resource": _one_or_many(statement.resources),
    }
    if statement.conditions:
        rendered["Condition"] = {
            operator: {key: _one_or_many(value) if isinstance(value, tuple) else value for key, value in keys.items()}
            for operator, keys in statement.conditions.items()
        }
    return rendered


def policy_document(statements: Iterable[Statement]) -> dict[str, Any]:
    """Statements as a policy document."""
    return {"Version": POLICY_VERSION, "Statement": [render(statement) for statement in statements]}


def policy_json(statements: Iterable[Statement]) -> pulumi.Output[str]:
    """Statements as the JSON text of a policy, known once every ARN in it is."""
    return pulumi.Output.json_dumps(policy_document(statements))


def _one_or_many(values: Sequence[Any]) -> Any:
    # One value stands alone, as AWS writes it back: a list of one would show as a change.
    return values[0] if len(values) == 1 else list(values)
