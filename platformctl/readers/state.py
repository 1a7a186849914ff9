"""Reads what `pulumi stack export` prints: the resources of a stack as they were last known to be."""

from pathlib import Path

from platform_policies.graph import Node, ResourceGraph

from platformctl.readers.exported import load, node, refused

WHAT = "what `pulumi stack export` prints"
VERSION = 3
"""Version of the deployment format that is read (pulumi/sdk/go/common/apitype: DeploymentV3)."""


def read_state(path: Path) -> ResourceGraph:
    """The resources in an exported stack; those that wait for deletion are left out.

    Secrets have no value here, encrypted or not.

    Args:
        path: the file; `-` is standard input.

    Raises:
        DeclarationError: it is not what `pulumi stack export` prints, or of another version.
    """
    content = load(path, WHAT)
    if "checkpoint" in content:
        raise refused(path, "is a backend's own checkpoint file; give what `pulumi stack export` prints")
    deployment = content.get("deployment")
    if not isinstance(deployment, dict):
        hint = "; read it with --preview-json" if "steps" in content else ""
        raise refused(path, f"has no `deployment`; {WHAT} is expected{hint}")
    version = content.get("version")
    if version != VERSION:
        raise refused(path, f"is a state of version {version!r}; version {VERSION} is read: export the stack with a Pulumi 3 CLI")
    resources = deployment.get("resources")
    if resources is None:
        resources = []
    if not isinstance(resources, list):
        raise refused(path, "deployment.resources: must be a list")
    nodes: dict[str, Node] = {}
    for index, state in enumerate(resources):
        if isinstance(state, dict) and state.get("delete"):
            continue
        found = node(state, path, f"deployment.resources[{index}]")
        if found.urn in nodes:
            raise refused(path, f"deployment.resources[{index}]: {found.urn} stands twice")
        nodes[found.urn] = found
    return ResourceGraph(tuple(nodes.values()))
