"""Reads what `pulumi preview --json` prints, of any Pulumi program in any language."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from platform_policies.graph import Node, ResourceGraph

from platformctl.readers.exported import layer_of, load, node, refused, value
from platformctl.readers.provider_settings import by_package

CLOSING = "error: preview failed"
"""What the engine says last of a preview that did not succeed. Where it tells no other error, policy packs refused it: the program ran to
its end, and all resources are there."""
WHAT = "what `pulumi preview --json` prints"
ENDING = frozenset({"delete", "delete-replaced", "discard", "discard-replaced", "remove-pending-replace", "read-discard"})
"""Steps after which the resource is gone."""
_DEFAULT_PROVIDER = re.compile(r".*::(?P<type>pulumi:providers:(?P<package>[^:]+))::(?P<name>default(_[^:]*)?)")


def read_preview(path: Path) -> ResourceGraph:
    """The resources a stack would have after the `up` that was previewed.

    Each resource is read once, as its new state; what is deleted is left out, and a replacement is read as what comes.

    Args:
        path: the file; `-` is standard input.

    Raises:
        DeclarationError: it is not what `pulumi preview --json` prints, or the preview had failed; a policy pack's refusal is no failure.
    """
    content = load(path, WHAT)
    steps = content.get("steps")
    said = [item for item in _listed(content.get("diagnostics")) if isinstance(item, dict) and item.get("severity") == "error"]
    errors = [text for text in (" ".join(str(item.get("message", "")).split()) for item in said) if text != CLOSING]
    if errors:
        raise refused(path, f"the preview had failed, so its resources are not all there: {errors[0]}")
    if steps is None and "changeSummary" in content:
        steps = []
    if not isinstance(steps, list):
        hint = "; read it with --state" if "deployment" in content else ""
        raise refused(path, f"has no list of `steps`; {WHAT} is expected{hint}")
    nodes: dict[str, Node] = {}
    for index, step in enumerate(steps):
        place = f"steps[{index}]"
        if not isinstance(step, dict) or not isinstance(step.get("op"), str):
            raise refused(path, f"{place}: is no step; it needs `op`")
        state = step.get("newState")
        if step["op"] in ENDING:
            continue
        if state is None:
            raise refused(path, f"{place}: a step {step['op']!r} needs `newState`")
        if isinstance(state, dict) and state.get("delete"):
            continue
        found = node(state, path, place)
        nodes[found.urn] = found
    if not nodes:
        raise refused(path, "holds no resource: the preview is of an empty program, or of a destroy")
    return ResourceGraph((*_default_providers(nodes.values(), content.get("config")), *nodes.values()))


def _default_providers(nodes: Iterable[Node], config: Any) -> Iterable[Node]:
    """The default providers that resources name: a preview has no step for them, but the configuration that they are made with."""
    given = by_package({key: value(item) for key, item in config.items()}) if isinstance(config, Mapping) else {}
    seen = {one.urn: one for one in nodes}
    for reference in dict.fromkeys(one.provider.rpartition("::")[0] for one in seen.values()):
        found = _DEFAULT_PROVIDER.fullmatch(reference)
        if found and reference not in seen:
            yield Node(reference, found["type"], found["name"], given.get(found["package"], {}), layer=layer_of(reference))


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []
