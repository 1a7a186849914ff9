"""Policy: one admission policy as a row of data, and the objects the API server is given of it. Pure.

Sources: https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/ and
https://kubernetes.io/docs/reference/using-api/cel/ (the libraries of Kubernetes 1.31, the oldest version EKS supports).
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from platform_components.labels import OWNED


class Reason(StrEnum):
    """What a refusal answers, beside its message."""

    FORBIDDEN = "Forbidden"
    """403: whoever asks may not have this, however it is written."""
    INVALID = "Invalid"
    """422: the object is written wrongly."""


class Mode(StrEnum):
    """What happens to an object that a policy finds something in."""

    ENFORCE = "enforce"
    """It is refused."""
    AUDIT = "audit"
    """It is admitted, with a warning to whoever sent it and a note in the audit log."""
    DISABLED = "disabled"
    """Nothing: the policy is not installed."""


ACTIONS: Final[Mapping[Mode, Sequence[str]]] = {Mode.ENFORCE: ("Deny",), Mode.AUDIT: ("Warn", "Audit")}
"""Modes as a binding says them. Deny and Warn together are refused by the API server: the same text would be shown twice."""


@dataclass(frozen=True, slots=True)
class Resources:
    """Resources of one API group."""

    group: str
    """Empty for core."""
    resources: tuple[str, ...]
    versions: tuple[str, ...] = ("v1",)
    """`*` for kinds of CustomResourceDefinitions: whichever versions are served, if any are."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a policy looks at."""

    resources: tuple[Resources, ...]
    reads: Callable[[str], Sequence[str]]
    """CEL of the parts that are judged, given the name of the object. An update that changes none of them passes: objects from before the
    policy can still be labelled, scaled and finalized."""
    operations: tuple[str, ...] = ("CREATE", "UPDATE")
    marked: bool = False
    """Only objects that carry the platform's label, before or after the change."""


@dataclass(frozen=True, slots=True)
class Check:
    """One validation: a list that has to be empty."""

    name: str
    """Of the variable that holds what was found."""
    finds: str
    """CEL: a list of strings, each a thing that is wrong, in words for its owner."""
    says: str
    """What its owner is told: what is wrong and what to do. `{name}` stands for a variable that is a list of strings."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One admission policy."""

    name: str
    """Of the policy and its binding in the cluster, after `NAME_PREFIX`; at most 23 characters."""
    refuses: str
    """What it refuses, in a few words: for people, and for the API server where the message cannot be built."""
    target: Target
    checks: tuple[Check, ...]
    reason: Reason
    settings: tuple[str, ...] = ()
    """Names of `Settings` compiled into it, as variables of the same names."""
    variables: tuple[tuple[str, str], ...] = ()
    """Names and CEL of what the checks share, in the order they are read."""
    but_platform: bool = False
    """Whether the platform's own identities may do it."""
    everywhere: bool = False
    """Whether it holds in exempt namespaces too."""


Settings = Mapping[str, Any]
"""What policies are compiled with: lists of strings and booleans by name. A value may be late; it is handed to `literal` and not read."""

NAME_PREFIX: Final = "platform-"

SYSTEM_USERS: Final = ("system:apiserver", "system:kube-controller-manager", "system:kube-scheduler")
SYSTEM_GROUPS: Final = ("system:nodes", "system:serviceaccounts:kube-system")
"""Kubernetes itself: who deletes what a namespace held, collects garbage, and makes pods of templates. Without them a namespace that holds
a protected object stays in Terminating for ever."""


def fields(*paths: str) -> Callable[[str], Sequence[str]]:
    """Fields of an object, by paths such as `spec.type`, for `Target.reads`; what is missing is no error."""
    return lambda root: [".?".join((root, *path.split("."))) for path in paths]


def literal(value: bool | Sequence[str]) -> str:
    """A setting as CEL."""
    return json.dumps(value if isinstance(value, bool) else list(value), ensure_ascii=False)


def policy_spec(policy: Policy, settings: Mapping[str, Any], users: Sequence[str], groups: Sequence[str]) -> dict[str, Any]:
    """The `spec` of a ValidatingAdmissionPolicy.

    Args:
        policy: the row.
        settings: CEL of every setting it names; handed through and not read, for it may be late.
        users: users that act for the platform.
        groups: groups that act for the platform.
    """
    return {
        # What cannot be judged is refused, as the binding's mode says it.
        "failurePolicy": "Fail",
        "matchConstraints": _constraints(policy.target),
        "matchConditions": _conditions(policy, users, groups),
        "variables": [
            *({"name": name, "expression": settings[name]} for name in policy.settings),
            *({"name": name, "expression": _one_line(expression)} for name, expression in policy.variables),
            *({"name": check.name, "expression": _one_line(check.finds)} for check in policy.checks),
        ],
        "validations": [
            {
                "expression": f"variables.{check.name}.size() == 0",
                "message": f"{policy.refuses}: refused",
                "messageExpression": message_expression(check),
                "reason": policy.reason.value,
            }
            for check in policy.checks
        ],
    }


def binding_spec(policy: Policy, mode: Mode, exempt_namespaces: Sequence[str]) -> dict[str, Any]:
    """The `spec` of a ValidatingAdmissionPolicyBinding.

    Namespaces are told apart by the label that the API server itself sets to their name: any other could be changed by the very request
    that is judged, since a selector sees a namespace's labels as they will be.
    """
    expressions = [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": list(exempt_namespaces)}]
    selected = {} if policy.everywhere else {"matchResources": {"namespaceSelector": {"matchExpressions": expressions}}}
    return {"policyName": f"{NAME_PREFIX}{policy.name}", "validationActions": list(ACTIONS[mode]), **selected}


def message_expression(check: Check) -> str:
    """What a check says, as CEL."""
    parts = re.split(r"\{(\w+)\}", check.says)
    return " + ".join(f"variables.{part}.join(', ')" if odd % 2 else json.dumps(part) for odd, part in enumerate(parts) if part)


def _constraints(target: Target) -> dict[str, Any]:
    constraints: dict[str, Any] = {
        "matchPolicy": "Equivalent",
        "resourceRules": [
            {
                "apiGroups": [rule.group],
                "apiVersions": list(rule.versions),
                "operations": list(target.operations),
                "resources": list(rule.resources),
            }
            for rule in target.resources
        ],
    }
    if target.marked:
        # Matches where the object carries the label before the change or after it: so it can neither be put on nor taken off.
        constraints["objectSelector"] = {"matchExpressions": [{"key": OWNED, "operator": "Exists"}]}
    return constraints


def _conditions(policy: Policy, users: Sequence[str], groups: Sequence[str]) -> list[dict[str, str]]:
    conditions = []
    if policy.but_platform:
        named = f"request.userInfo.username in {literal((*SYSTEM_USERS, *users))}"
        member = f"request.userInfo.?groups.orValue([]).exists(group, group in {literal((*SYSTEM_GROUPS, *groups))})"
        conditions.append({"name": "not-the-platform", "expression": f"!({named} || {member})"})
    if changes := [f"{new} != {old}" for new, old in zip(policy.target.reads("object"), policy.target.reads("oldObject"), strict=True)]:
        conditions.append({"name": "changed", "expression": f"request.operation != 'UPDATE' || {' || '.join(changes)}"})
    return conditions


def _one_line(expression: str) -> str:
    return " ".join(expression.split())
