"""Profiles: named sets of defaults. A profile is data; no code asks which one it is."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Profile(StrEnum):
    """What an environment is for; chooses defaults, never behaviour."""

    DEV = "dev"
    """Cheap and quick to throw away; every relaxation is listed in the component's PROFILE_DEFAULTS."""
    PRODUCTION = "production"
    """Highly available and protected."""
    REGULATED = "regulated"
    """Production, with what SOC 2 and HIPAA auditors ask for: longer retention, no public entry, customer-owned keys throughout."""


def with_defaults(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Lay what was given over a profile's defaults. Mappings merge key by key; anything else replaces."""
    merged = dict(defaults)
    for key, value in given.items():
        below = merged.get(key)
        merged[key] = with_defaults(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged
