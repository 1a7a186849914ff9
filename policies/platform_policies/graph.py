"""ResourceGraph: the resources of a program as its readers saw them, before anything judges them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from platform_policies.types import canonical

IDENTITIES = ("id", "arn", "name", "bucket", "identifier", "clusterIdentifier")
"""Outputs and inputs by whose value other resources refer to one."""

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

    @cached_property
    def by_canonical_type(self) -> Mapping[str, Sequence[Node]]:
        """Nodes by the canonical name of their type (types.py), in registration order."""
        kinds: dict[str, list[Node]] = {}
        for node in self.nodes:
            kinds.setdefault(canonical(node.type), []).append(node)
        return kinds

    @cached_property
    def by_stack(self) -> Mapping[str, "ResourceGraph"]:
        """The part of each stack, by the stack's full name as URNs have it."""
        parts: dict[str, list[Node]] = {}
        for node in self.nodes:
            parts.setdefault(stack_of(node.urn), []).append(node)
        return {name: self if len(parts) == 1 else ResourceGraph(tuple(nodes)) for name, nodes in parts.items()}

    def of_type(self, *types: str) -> Iterator[Node]:
        """Every node of these types, by whichever of their names."""
        return (node for kind in types for node in self.by_canonical_type.get(canonical(kind), ()))

    def referring(self, node: Node, kind: str, path: str) -> Sequence[Node]:
        """Nodes of a canonical type whose input at a path means this node: by dependency, or by a value that is its id, name or ARN.

        Which bucket a public access block is for, which group a rule belongs to. An unknown value without a dependency means nothing.
        """
        return [other for other in self._index(kind, path).get(node.urn, ()) if other is not node]

    def referred(self, node: Node, path: str) -> Sequence[Node]:
        """Nodes that an input of this node means, by dependency or by value."""
        top = path.split(".", 1)[0]
        urns = dict.fromkeys(node.property_dependencies.get(top, ()))
        for value in _texts(node.value(path)):
            urns.update(dict.fromkeys(self._by_identity.get(value, ())))
        return [self.by_urn[urn] for urn in urns if urn in self.by_urn]

    def undecided(self, kind: str, path: str, target: str) -> bool:
        """Whether some node of a canonical type has an unknown input at a path, and no known resource of the target's type behind it.

        Such a node may mean any resource of that type.
        """
        found = self._undecided.get((kind, path, target))
        if found is None:
            found = any(
                UNKNOWN in _texts(other.value(path)) and not any(canonical(one.type) == target for one in self.referred(other, path))
                for other in self.by_canonical_type.get(kind, ())
            )
            self._undecided[kind, path, target] = found
        return found

    def _index(self, kind: str, path: str) -> Mapping[str, Sequence[Node]]:
        found = self._indexes.get((kind, path))
        if found is None:
            found = {}
            for other in self.by_canonical_type.get(kind, ()):
                for target in self.referred(other, path):
                    found.setdefault(target.urn, []).append(other)
            self._indexes[kind, path] = found
        return found

    @cached_property
    def memo(self) -> dict[str, Any]:
        """What readers of the graph worked out once, each under a key of its own."""
        return {}

    @cached_property
    def _indexes(self) -> dict[tuple[str, str], dict[str, list[Node]]]:
        return {}

    @cached_property
    def _undecided(self) -> dict[tuple[str, str, str], bool]:
        return {}

    @cached_property
    def _by_identity(self) -> Mapping[str, Sequence[str]]:
        """URNs by the values that stand for a resource elsewhere: id, ARN and name, from outputs and from literal inputs."""
        owners: dict[str, list[str]] = {}
        for node in self.nodes:
            values = [held.get(key) for held in (node.outputs, node.inputs) for key in IDENTITIES]
            for value in sorted({value for value in values if isinstance(value, str) and value not in ("", UNKNOWN)}):
                owners.setdefault(value, []).append(node.urn)
        return owners

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


def stack_of(urn: str) -> str:
    """Name of the stack a URN belongs to: `dev.network`."""
    return urn.removeprefix("urn:pulumi:").partition("::")[0]


def environment_of(stack: str) -> str:
    """The environment a stack belongs to: `prod` of `prod.network`."""
    return stack.rpartition("/")[2].partition(".")[0]


def _texts(value: Any) -> Iterator[str]:
    """Every text inside a value, and inside JSON that is one: a redrive policy names its queue there."""
    if isinstance(value, str):
        yield value
        if value.startswith(("{", "[")):
            with suppress(ValueError):
                yield from _texts(json.loads(value))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
