"""Default tags of an AWS provider: its Check lays them under the tags of every resource that can have some."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from platformctl.sdk_types import property_types


def default_tags(provider_inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The default tags among a provider's inputs; none where they are unknown, secret or absent.

    Args:
        provider_inputs: as a graph keeps them; what has structure is JSON text, since the engine passes it so.
    """
    given = provider_inputs.get("defaultTags")
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return {}
    tags = given.get("tags") if isinstance(given, Mapping) else None
    return dict(tags) if isinstance(tags, Mapping) else {}


@cache
def has_tags(type_token: str) -> bool:
    """Whether an AWS resource type takes a map of tags; an Auto Scaling group, for one, has a list with a shape of its own."""
    kind = str(property_types(type_token).get("tags", ""))
    return "Mapping" in kind
