"""Tags: one merge rule for all of them."""

from collections.abc import Mapping

MANAGED_BY = "platform-components"
"""Value of the `ManagedBy` tag."""


def merge_tags(*layers: Mapping[str, str]) -> dict[str, str]:
    """Merge tag maps; later maps win. Keys come out sorted, so that the order of writing never shows as a change."""
    merged: dict[str, str] = {}
    for layer in layers:
        merged.update(layer)
    return dict(sorted(merged.items()))
