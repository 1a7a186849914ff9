"""Objectives as programs and files declare them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from platform_components.errors import DeclarationError, Problem
from platform_components.observability.slo.args import SloSettings

if TYPE_CHECKING:
    from platform_policies.graph import ResourceGraph

TYPE = "platform-components:index:Slo"
"""Type token of the component."""


def objectives_of(graph: "ResourceGraph") -> dict[str, SloSettings]:
    """The objectives in a graph of resources, by name.

    Raises:
        DeclarationError: two have one name, or one is of another version of the component and cannot be read.
    """
    found: dict[str, SloSettings] = {}
    problems: list[Problem] = []
    for node in graph.of_type(TYPE):
        if node.name in found:
            problems.append(Problem("is declared twice; give each objective a name of its own", field=node.name))
        try:
            found[node.name] = SloSettings.model_validate(_settings(node.inputs))
        except ValidationError as error:
            problems += [Problem(detail["msg"], field=".".join(map(str, (node.name, *detail["loc"])))) for detail in error.errors()]
    if problems:
        raise DeclarationError(problems)
    return found


def _settings(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in inputs.items() if name in SloSettings.model_fields}
