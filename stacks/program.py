"""The program of any stack: from its name to its environment, its layer, and what it exports."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
from ruamel.yaml import YAML

from platform_components.declarations.environment import Environment, select_environment
from platform_components.errors import DeclarationError, PlatformError, Problem
from platform_components.tenancy.placement import LAYER, parse_layer, shard_layer, shard_layers
from stacks.upstream import Upstream


def run(stack: str, folder: Path) -> None:
    """Build a stack's layer and export its outputs.

    Args:
        stack: name of the stack, `ENVIRONMENT.LAYER`.
        folder: holds `environments/` and `layers/`.

    Raises:
        pulumi.RunError: with the problems of whoever wrote the environment, one a line; the engine prints it without a traceback.
    """
    try:
        environment, layer = resolve(stack, folder)
        outputs = build(environment, *parse_layer(layer))
    except PlatformError as error:
        raise pulumi.RunError(str(error)) from error
    for name, value in outputs.items():
        pulumi.export(name, value)


def resolve(stack: str, folder: Path) -> tuple[Environment, str]:
    """The environment and the layer a stack is named after; a shard goes with its layer's name: `tenants-00`.

    Raises:
        DeclarationError: the name has another form, or names what does not exist.
    """
    layers = tuple(shard_layer(0) if layer == LAYER else layer for layer in layer_order(folder))
    environment, dot, layer = stack.partition(".")
    _, shard = parse_layer(layer)
    if not dot or (layer not in layers and shard is None):
        what = f"there is no layer {layer!r}" if dot else "a stack is named ENVIRONMENT.LAYER"
        raise DeclarationError([Problem(f"{what}; choose a layer from: {', '.join(layers)}", field=f"stack {stack}")])
    selected = select_environment(folder / "environments", environment, root=folder.parent)
    if shard is not None and shard >= selected.tenants.shards:
        known = ", ".join(shard_layers(selected.tenants.shards))
        raise DeclarationError([Problem(f"{environment} has no shard {layer!r}; choose from: {known}", field=f"stack {stack}")])
    return selected, layer


def layer_order(folder: Path) -> tuple[str, ...]:
    """Layers from the lowest up, as `layers/order.yaml` lists them; platformctl reads the same file."""
    return tuple(YAML(typ="safe", pure=True).load((folder / "layers" / "order.yaml").read_text(encoding="utf-8")))


def build(environment: Environment, layer: str, shard: int | None) -> Mapping[str, Any]:
    """Register the resources of a layer, or of one shard of it, and return its outputs, which stacks/contracts.py describes."""
    module = importlib.import_module(f"stacks.layers.{layer}")
    sharded = {} if shard is None else {"shard": shard}
    outputs: Mapping[str, Any] = module.build(environment, Upstream(environment.environment), **sharded)
    return outputs
