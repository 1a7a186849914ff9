"""What a provider's own settings are, and what an AWS provider's say about its resources: their region, account and default tags."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from platform_policies.graph import UNKNOWN

from platformctl.sdk_types import property_types


def by_package(config: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """A stack's configuration by the package it is for: what the engine gives the default provider of each."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in config.items():
        package, _, name = key.partition(":")
        found.setdefault(package, {})[name] = value
    return found


def region(provider_inputs: Mapping[str, Any]) -> str | None:
    """The region among a provider's inputs; None where it is unknown or absent."""
    given = provider_inputs.get("region")
    return given if isinstance(given, str) and given != UNKNOWN else None


def account(provider_inputs: Mapping[str, Any]) -> str | None:
    """The account a provider is bound to: the only one it allows. None where it allows any, or several."""
    allowed = _structure(provider_inputs.get("allowedAccountIds"))
    return str(allowed[0]) if isinstance(allowed, list) and len(allowed) == 1 and allowed[0] != UNKNOWN else None


def default_tags(provider_inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The default tags among a provider's inputs; none where they are unknown, secret or absent."""
    given = _structure(provider_inputs.get("defaultTags"))
    tags = given.get("tags") if isinstance(given, Mapping) else None
    return dict(tags) if isinstance(tags, Mapping) else {}


def _structure(given: Any) -> Any:
    """A provider's input with structure, which the engine passes as JSON text."""
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except ValueError:
        return None


@cache
def has_tags(type_token: str) -> bool:
    """Whether an AWS resource type takes a map of tags; an Auto Scaling group, for one, has a list with a shape of its own."""
    kind = str(property_types(type_token).get("tags", ""))
    return "Mapping" in kind
