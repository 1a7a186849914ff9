"""Tags of AWS resources: their own and those their provider adds."""

import json
from collections.abc import Mapping
from typing import Any

from platform_policies.graph import UNKNOWN, Node, ResourceGraph

PROVIDER = "pulumi:providers:aws"
"""Canonical type of an AWS provider."""


def tags_of(node: Node, graph: ResourceGraph) -> set[str] | None:
    """Tags of a resource with those its provider adds; None where they are not known."""
    provider = provider_of(node, graph)
    found: set[str] = set()
    for value in (node.value("tags"), node.value("tagsAll"), _default_tags(provider)):
        if value == UNKNOWN:
            return None
        if isinstance(value, Mapping):
            found |= set(value)
        elif isinstance(value, (list, tuple)):  # an autoscaling group's
            found |= {str(tag.get("key")) for tag in value if isinstance(tag, Mapping)}
    return found


def provider_of(node: Node, graph: ResourceGraph) -> Node | None:
    """The AWS provider of a resource, by its reference (`URN::ID`, or the URN alone); the default one where it names none."""
    if node.provider:
        return graph.by_urn.get(node.provider) or graph.by_urn.get(node.provider.rpartition("::")[0])
    return next((provider for provider in graph.of_type(PROVIDER) if provider.name.startswith("default")), None)


def _default_tags(provider: Node | None) -> Any:
    """The tags a provider adds to everything: an object, or JSON text as the engine keeps a provider's settings."""
    value = provider.value("defaultTags") if provider else None
    if isinstance(value, str) and value != UNKNOWN:
        try:
            value = json.loads(value)
        except ValueError:
            return None
    return value.get("tags") if isinstance(value, Mapping) else value
