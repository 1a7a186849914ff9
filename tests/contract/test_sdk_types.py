"""Every resource of every environment and layer has the property names and types the provider SDK knows."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from platform_policies.graph import Node, ResourceGraph

from platformctl.commands.preview import preview_layers
from platformctl.project import find_project
from platformctl.sdk_types import PACKAGES, check_inputs

PROJECT = find_project(Path(__file__).parent)
STACKS = [stack for environment in PROJECT.environments() for stack in PROJECT.stacks_of(environment)]

FREE_MAPS = ("dimensions", "keepers", "options", "tags", "tagsAll")
"""Blocks whose keys anybody may choose."""


@cache
def graph_of(stack: str) -> ResourceGraph:
    return preview_layers(PROJECT, [stack])[stack].graph


def faults(node: Node) -> list[str]:
    """What is wrong with a resource; one that is only read needs no inputs."""
    return [f"{node.urn}: {fault}" for fault in check_inputs(node.type, node.inputs, required=not node.external)]


def checked(graph: ResourceGraph) -> list[Node]:
    """Resources of a package whose SDK is known."""
    return [node for node in graph if node.custom and node.type.split(":", 1)[0] in PACKAGES]


@pytest.mark.parametrize("stack", STACKS)
def test_every_resource_has_names_and_types_of_the_sdk(stack: str) -> None:
    graph = graph_of(stack)
    # A layer for what an environment need not have may be empty; no other may.
    assert checked(graph) or stack.endswith(".data")
    assert [fault for node in graph if node.custom for fault in faults(node)] == []


def planted(inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Inputs with the first key of the first block misspelt, and the misspelt path; None where there is no block to misspell in."""
    for key, value in inputs.items():
        blocks = [(key, value)] if isinstance(value, Mapping) else [(f"{key}[0]", value[0])] if _is_block_list(value) else []
        for path, block in blocks:
            if block and key not in FREE_MAPS and "secret" not in block:
                name = next(iter(block))
                wrong = {f"{name}Zz" if at == name else at: item for at, item in block.items()}
                return f"{path}.{name}Zz", {**inputs, key: [wrong, *value[1:]] if isinstance(value, list) else wrong}
    return None


def _is_block_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


@pytest.mark.parametrize("environment", PROJECT.environments())
def test_a_misspelt_nested_key_of_any_registered_resource_is_found(environment: str) -> None:
    found: dict[str, str] = {}
    for stack in PROJECT.stacks_of(environment):
        for node in checked(graph_of(stack)):
            fault = planted(node.inputs)
            if fault is None or node.type in found:
                continue
            path, inputs = fault
            wrong = [line for line in faults(replace(node, inputs=inputs)) if f"{path}: no such property" in line]
            found[node.type] = wrong[0] if wrong else f"{node.type}: the misspelt {path} was not found"
    assert found, "no resource of this environment has a nested block: plant the fault in another way"
    assert [line for line in found.values() if "was not found" in line] == []
