"""PlatformComponent: what every component of this library has in common."""

import inspect
from typing import Any

import pulumi

from platform_components.args import Args
from platform_components.errors import DeclarationError, Problem
from platform_components.names import component_name_problem

TOKEN_PREFIX = "platform-components:index:"  # noqa: S105 -- a type token, not a secret
"""Type tokens are `platform-components:index:<Class>`. A promise: changing one moves state and needs an alias."""


class PlatformComponent(pulumi.ComponentResource):
    """Base of every component: type token, checked name, child options, and registered outputs.

    Public outputs are class-level annotated attributes with docstrings; exactly those are registered, by `register()`, last.
    """

    def __init__(self, name: str, args: Args, opts: pulumi.ResourceOptions | None = None) -> None:
        problem = component_name_problem(name)
        if problem:
            raise DeclarationError([Problem(field=f"{type(self).__name__} {name!r}", message=f"the name {problem}")])
        super().__init__(f"{TOKEN_PREFIX}{type(self).__name__}", name, args.as_inputs(), opts)
        self._name = name

    def child_options(self, **options: Any) -> pulumi.ResourceOptions:
        """Options of a child: its parent is this component, plus what the child itself needs; never the caller's options merged in."""
        return pulumi.ResourceOptions(parent=self, **options)

    def register(self) -> None:
        """Register the public outputs; call it last.

        Raises:
            AttributeError: a declared output was not set; a fault of the component, not of its user.
        """
        self.register_outputs({name: getattr(self, name) for name in public_outputs(type(self))})


def public_outputs(component: type[PlatformComponent]) -> tuple[str, ...]:
    """Names of a component's public outputs, base classes first, in the order they are declared."""
    names: dict[str, None] = {}
    for cls in reversed(component.__mro__):
        if issubclass(cls, PlatformComponent) and cls is not PlatformComponent:
            names.update(dict.fromkeys(name for name in inspect.get_annotations(cls) if not name.startswith("_")))
    return tuple(names)
