"""Reads what `pulumi preview --json` prints, of any Pulumi program in any language."""

from pathlib import Path
from typing import Any

from platform_policies.graph import Node, ResourceGraph

from platformctl.readers.exported import load, node, refused

WHAT = "what `pulumi preview --json` prints"
ENDING = frozenset({"delete", "delete-replaced", "discard", "discard-replaced", "remove-pending-replace", "read-discard"})
"""Steps after which the resource is gone."""


def read_preview(path: Path) -> ResourceGraph:
    """The resources a stack would have after the `up` that was previewed.

    Each resource is read once, as its new state; what is deleted is left out, and a replacement is read as what comes.

    Args:
        path: the file; `-` is standard input.

    Raises:
        DeclarationError: it is not what `pulumi preview --json` prints, or the preview had failed.
    """
    content = load(path, WHAT)
    steps = content.get("steps")
    errors = [item for item in _listed(content.get("diagnostics")) if isinstance(item, dict) and item.get("severity") == "error"]
    if errors:
        first = " ".join(str(errors[0].get("message", "")).split())
        raise refused(path, f"the preview had failed, so its resources are not all there: {first}")
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
    return ResourceGraph(tuple(nodes.values()))


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []
