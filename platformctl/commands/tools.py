"""`platformctl tools`: what the platform needs beside Python, where it is, and how to have it."""

import json
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from platform_components.errors import DeclarationError, Problem
from platformctl.commands import Json
from platformctl.engine.toolbox import TOOLS, Tool
from platformctl.interrupts import unwinding
from platformctl.invocation import program


def list_tools(json_output: Json = False) -> None:
    """Show each tool: its version, where it was found, and whether it is whole."""
    rows = [describe(tool) for tool in TOOLS.values()]
    if json_output:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        sys.stdout.write(
            f"{row['name']:<{width}}  {row['version'] or row['pinned']:<10}  {row['state']:<9}  {row['path'] or row['detail']}\n"
        )


def install(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Tools to install; all of them where none is named.")
    ] = None,
) -> None:
    """Make sure that tools are there: found on PATH or in the cache, else downloaded, else built."""
    from platformctl.engine.cli import install_tool
    from platformctl.engine.progress import Progress

    unknown = [name for name in names or () if name not in TOOLS]
    if unknown:
        raise DeclarationError([Problem(f"is no tool; choose from {', '.join(TOOLS)}", field=name) for name in unknown])
    progress = Progress()
    for name in dict.fromkeys(each for named in names or TOOLS for each in (named, *TOOLS[named].brings)):
        with unwinding():
            found = install_tool(TOOLS[name], progress)
        sys.stdout.write(f"{name} {found.version} ({found.where})  {found.path}\n")


def describe(tool: Tool) -> Mapping[str, Any]:
    """What is known of a tool on this machine: `state` is `found`, `damaged` or `missing`."""
    from platformctl.engine.cache import ToolCache, Void
    from platformctl.engine.cli import find_tool

    known = {"name": tool.name, "pinned": tool.version, "what": tool.what}
    found = find_tool(tool, thorough=True)
    if found:
        return {**known, "version": found.version, "where": found.where, "path": str(found.path), "state": "found", "detail": ""}
    cached = ToolCache().find(tool, thorough=True)
    state, reason = ("damaged", f"{cached.reason}; ") if isinstance(cached, Void) else ("missing", "")
    detail = f"{reason}run `{program()} tools install {tool.name}`"
    return {**known, "version": "", "where": "", "path": "", "state": state, "detail": detail}
