"""ResourceGraph: the resources of a program as its readers saw them, before anything judges them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The engine's own sentinel for a value that is not known before `up` (pulumi/sdk/go/common/resource/plugin: UnknownStringValue)."""

SECRET: Mapping[str, bool] = {"secret": True}
"""What stands in a graph where a secret stood: never the value."""


@dataclass(frozen=True, slots=True)
class Node:
    """One resource: its identity, its inputs in the provider's own (wire) names, and what it hangs on."""

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    """Inputs in wire names (camelCase for AWS). A secret is `{"secret": True}`; a value not known yet is `UNKNOWN`."""
    parent: str = ""
    """URN of the parent; empty for a stack."""
    layer: str = ""
    """Layer the resource belongs to: the part after the dot of its stack's name."""
    custom: bool = True
    """False for a component, which no provider manages."""
    provider: str = ""
    """Provider reference `URN::ID`; empty where the default provider serves."""
    dependencies: Sequence[str] = ()
    """URNs this resource waits for, explicit and implied, sorted: the SDK sends them in an order that changes from run to run."""
    property_dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """URNs behind each input property, sorted."""
    source: str = ""
    """`file:line` of the program, where the reader knows it."""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """Outputs, where the reader is a state or a component registered them."""
    external: bool = False
    """True for a resource that was only read: someone else owns it."""

    def value(self, path: str, default: Any = None) -> Any:
        """The input at a dotted path (`vpcConfig.subnetIds`, `rules.0.port`), or the default where it is absent."""
        current: Any = self.inputs
        for part in path.split("."):
            if isinstance(current, Mapping) and part in current:
                current = current[part]
            elif isinstance(current, (list, tuple)) and part.isdigit() and int(part) < len(current):
                current = current[int(part)]
            else:
                return UNKNOWN if current == UNKNOWN else default
        return default if current is None else current

    def to_json(self) -> dict[str, Any]:
        """The resource as `--json` prints it."""
        return {
            "urn": self.urn,
            "type": self.type,
            "name": self.name,
            "parent": self.parent or None,
            "layer": self.layer,
            "custom": self.custom,
            "external": self.external,
            "provider": self.provider or None,
            "source": self.source or None,
            "inputs": dict(self.inputs),
            "outputs": dict(self.outputs),
            "dependencies": list(self.dependencies),
            "propertyDependencies": {key: list(urns) for key, urns in self.property_dependencies.items()},
        }


@dataclass(frozen=True)
class ResourceGraph:
    """All resources of one or more stacks, in registration order."""

    nodes: Sequence[Node]

    @cached_property
    def by_urn(self) -> Mapping[str, Node]:
        """Every node by its URN."""
        return {node.urn: node for node in self.nodes}

    @cached_property
    def children(self) -> Mapping[str, Sequence[Node]]:
        """Children by the parent's URN, in registration order; roots stand under the empty string."""
        families: dict[str, list[Node]] = {}
        for node in self.nodes:
            parent = node.parent if node.parent in self.by_urn else ""
            families.setdefault(parent, []).append(node)
        return families

    def of_type(self, *types: str) -> Iterator[Node]:
        """Every node whose type token is one of these."""
        return (node for node in self.nodes if node.type in types)

    @classmethod
    def union(cls, graphs: Iterable["ResourceGraph"]) -> "ResourceGraph":
        """One graph of several stacks, in the order given."""
        return cls(tuple(node for graph in graphs for node in graph))

    def to_json(self) -> list[dict[str, Any]]:
        """Every resource as `--json` prints it, in registration order."""
        return [node.to_json() for node in self.nodes]

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)
