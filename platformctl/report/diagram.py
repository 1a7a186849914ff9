"""A diagram of a program in Mermaid, which GitHub and GitLab draw where it stands in a comment or a page."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise

from platform_policies.graph import Node, ResourceGraph

PROVIDERS = "pulumi:providers:"
"""Left out: every resource hangs on one, and none is built."""


def mermaid(graph: ResourceGraph) -> str:
    """Layers, the components in them with their number of resources, and which waits for which; the same graph gives the same text."""
    owners = {node.urn: _owner(node, graph) for node in graph if node.parent and not node.external and not node.type.startswith(PROVIDERS)}
    sizes = Counter(owner.urn for urn, owner in owners.items() if graph.by_urn[urn].custom)
    keys = {urn: f"n{place}" for place, urn in enumerate(dict.fromkeys(owner.urn for owner in owners.values()))}
    return "\n".join(["flowchart LR", *_boxes(graph, keys, sizes), *_lines(graph, owners, keys)]) + "\n"


def _owner(node: Node, graph: ResourceGraph) -> Node:
    """The resource directly below the stack that a resource belongs to; itself where it has no component."""
    above = graph.by_urn.get(node.parent)
    while above is not None and above.parent:
        node, above = above, graph.by_urn.get(above.parent)
    return node


def _boxes(graph: ResourceGraph, keys: Mapping[str, str], sizes: Mapping[str, int]) -> Iterator[str]:
    layers = dict.fromkeys(graph.by_urn[urn].layer for urn in keys)
    for layer in layers:
        yield f'  subgraph {_word(layer or "stack")}["{_plain(layer or "stack")}"]'
        for urn, key in keys.items():
            node = graph.by_urn[urn]
            if node.layer == layer:
                count = sizes.get(urn, 0)
                detail = node.type.rsplit(":", 1)[1] + ("" if node.custom else f", {count} resource{'' if count == 1 else 's'}")
                yield f'    {key}["{_plain(node.name)}<br/>{_plain(detail)}"]'
        yield "  end"
    words = [_word(layer or "stack") for layer in layers]
    yield from (f"  {below} --> {above}" for below, above in pairwise(words))


def _lines(graph: ResourceGraph, owners: Mapping[str, Node], keys: Mapping[str, str]) -> Iterator[str]:
    pairs = {
        (keys[owners[dependency].urn], keys[owner.urn])
        for urn, owner in owners.items()
        for dependency in graph.by_urn[urn].dependencies
        if dependency in owners and owners[dependency].urn != owner.urn
    }
    yield from (f"  {first} --> {then}" for first, then in sorted(pairs, key=lambda pair: (int(pair[0][1:]), int(pair[1][1:]))))


def _plain(text: str) -> str:
    """Text that stands in quotes in Mermaid and in a web page without being taken for either's own signs."""
    return "".join(sign if sign.isalnum() or sign in " ,.:/_-" else f"#{ord(sign)};" for sign in text)


def _word(text: str) -> str:
    return "layer_" + "".join(sign if sign.isalnum() else "_" for sign in text)
