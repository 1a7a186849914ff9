"""Names people may give to things, and the limits that stand behind them."""

import re

COMPONENT_NAME_MAX = 32
"""Longest name of a component, in characters: with the longest child role (23) and the provider's random suffix (8) it stays within the
64 characters that IAM allows a role name."""

CHILD_ROLE_MAX = 23
"""Longest role of a child with a length-limited physical name, in characters."""

ENVIRONMENT_PATTERN = r"^[a-z][a-z0-9-]{0,18}[a-z0-9]$"
"""An environment name: 2 to 20 characters; leaves room for the layer inside COMPONENT_NAME_MAX."""

_COMPONENT_NAME = re.compile(r"^[a-z][a-z0-9-]*[a-z0-9]$")


def component_name_problem(name: str) -> str | None:
    """Say what is wrong with a component's name, or None where it is fine."""
    if len(name) > COMPONENT_NAME_MAX:
        return f"is {len(name)} characters long; use at most {COMPONENT_NAME_MAX}, since AWS limits the names derived from it"
    if not _COMPONENT_NAME.match(name):
        return "must be lower-case letters, digits and hyphens, start with a letter and not end with a hyphen"
    return None


def child_name(parent: str, *parts: str) -> str:
    """Name of a child: the parent's name, then what the user wrote to tell it from its siblings (tier, zone id, team)."""
    return "-".join((parent, *parts))
