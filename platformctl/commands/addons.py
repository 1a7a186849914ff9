"""`platformctl addons`: the charts of the platform, their values, and moving them to other versions."""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platform_components.errors import DeclarationError, Problem
from platformctl.commands import Directory, Json
from platformctl.errors import ToolError
from platformctl.project import find_project

if TYPE_CHECKING:
    from platform_components.charts.addon import Addon

Name = Annotated[str, typer.Argument(metavar="NAME", help="An add-on, as `addons list` names it.")]
RELEASE = "kubernetes:helm.sh/v3:Release"


def list_addons(json_output: Json = False) -> None:
    """Show every add-on: chart, version, what it runs, the Kubernetes versions it works with, and whether its package is locked."""
    from platform_components.charts.records import ADDONS

    rows = [describe(addon) for addon in ADDONS.values()]
    if json_output:
        _print_json(rows)
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        oldest, newest = row["kubernetes"]
        locked = f"sha256:{row['digest'][:12]}" if row["digest"] else "version only"
        optional = "  optional" if row["optional"] else ""
        sys.stdout.write(f"{row['name']:<{width}}  {row['version']:<10}  Kubernetes {oldest} to {newest}  {locked}{optional}\n")
    unlocked = sum(not row["digest"] for row in rows)
    if unlocked:
        sys.stdout.write(f"{unlocked} of {len(rows)} packages are locked by version only: `platformctl addons lock` reads their digests\n")


def values(
    name: Name,
    env: Annotated[str, typer.Option("--env", metavar="ENV", help="The environment whose values are wanted.")],
    directory: Directory = None,
) -> None:
    """Print an add-on's Helm values in an environment, as YAML: those of the program, with whatever the file lays over them."""
    import yaml

    from platformctl.commands.preview import preview_layers

    addon = known(name)
    project = find_project(directory)
    runs = preview_layers(project, project.stacks_of(env))
    found = [
        node.inputs
        for run in runs.values()
        for node in run.graph.of_type(RELEASE)
        if str(node.inputs.get("chart", "")).rsplit("/", 1)[-1] == addon.chart
    ]
    if not found:
        raise DeclarationError([Problem(f"is not installed in {env}; set platform.addons.{name}.enabled", field=name)])
    documents = [_plain(inputs.get("values", {})) for inputs in found]
    sys.stdout.write(yaml.safe_dump_all(documents, sort_keys=True, allow_unicode=True, width=1000))


def outdated(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Add-ons; omitted: all.")] = None, json_output: Json = False
) -> None:
    """Ask the charts' repositories for newer versions. A repository that does not answer is named, and the exit code is 3 then."""
    from platformctl.addons.repository import UnreachableError, new_client, releases

    rows: list[dict[str, Any]] = []
    with new_client() as client:
        for addon in selected(names):
            row: dict[str, Any] = {"name": addon.name, "version": addon.version, "newest": None, "error": None}
            try:
                row["newest"] = newest(addon.version, [release.version for release in releases(client, addon.repository, addon.chart)])
            except UnreachableError as error:
                row["error"] = str(error)
            rows.append(row)
    if json_output:
        _print_json(rows)
    else:
        sys.stdout.writelines(f"{line}\n" for line in _outdated_lines(rows))
    unreachable = sum(row["error"] is not None for row in rows)
    if unreachable:
        raise ToolError(f"{unreachable} of {len(rows)} repositories could not be asked")


def lock(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Add-ons; omitted: all.")] = None,
    directory: Directory = None,
) -> None:
    """Read the digest of every add-on's package from its repository and write it into the record; whatever can be locked is."""
    from platformctl.addons.record import record_file, with_keywords
    from platformctl.addons.repository import UnreachableError, digest_of, new_client

    root = find_project(directory).root
    failures: list[str] = []
    with new_client() as client:
        for addon in selected(names):
            path = record_file(root, addon)
            try:
                digest = digest_of(client, addon.repository, addon.chart, addon.version)
            except UnreachableError as error:
                failures.append(f"{addon.name}: {error}")
                continue
            if addon.digest not in (None, digest):
                # The same version with another content: never written over by itself.
                failures.append(
                    f"{addon.name}: {addon.version} is sha256:{digest} in its repository and sha256:{addon.digest} in the record"
                )
                continue
            path.write_text(with_keywords(path.read_text(encoding="utf-8"), {"digest": digest}), encoding="utf-8")
            sys.stdout.write(f"{addon.name} {addon.version}  sha256:{digest}\n")
    if failures:
        raise ToolError("\n".join(failures))


def bump(
    name: Name,
    version: Annotated[
        str | None, typer.Argument(metavar="[VERSION]", help="Version of the chart; omitted: the newest its repository has.")
    ] = None,
    chart: Annotated[
        Path | None, typer.Option("--chart", metavar="DIR", help="The unpacked chart of that version, to describe its values anew.")
    ] = None,
    directory: Directory = None,
) -> None:
    """Move an add-on's record and the description of its chart to another version, together."""
    from platformctl.addons.record import move
    from platformctl.addons.repository import new_client, order, releases

    addon = known(name)
    if version is None:
        with new_client() as client:
            version = (
                newest(addon.version, [release.version for release in releases(client, addon.repository, addon.chart)]) or addon.version
            )
    if order(version) is None:
        raise DeclarationError([Problem(f"{version!r} is no version; write one such as {addon.version}", field=name)])
    root = find_project(directory).root
    with tempfile.TemporaryDirectory(prefix="platformctl-chart-") as scratch:
        chart = chart or _pulled(addon, version, Path(scratch))
        written = move(root, addon, version, chart)
    for path in written:
        sys.stdout.write(f"{path.relative_to(root)}  {addon.version} -> {version}\n")
    if chart is None:
        sys.stdout.write(
            "The chart could not be had: tests/charts fails until it is described (`--chart DIR`, or a helm that reaches it).\n"
        )


def known(name: str) -> "Addon":
    """An add-on by its name.

    Raises:
        DeclarationError: there is none.
    """
    from platform_components.charts.records import ADDONS

    if name not in ADDONS:
        raise DeclarationError([Problem(f"is no add-on; choose from {', '.join(ADDONS)}", field=name)])
    return ADDONS[name]


def selected(names: list[str] | None) -> list["Addon"]:
    """The add-ons named, or all.

    Raises:
        DeclarationError: for every name that is none.
    """
    from platform_components.charts.records import ADDONS

    unknown = [name for name in names or () if name not in ADDONS]
    if unknown:
        raise DeclarationError([Problem(f"is no add-on; choose from {', '.join(ADDONS)}", field=name) for name in unknown])
    return [ADDONS[name] for name in names or ADDONS]


def newest(current: str, versions: list[str]) -> str | None:
    """The newest release above a version, candidates left out; None where there is none."""
    from platformctl.addons.repository import order

    here = order(current)
    above = [(key, version) for version in versions if (key := order(version)) and key[3] and here and key > here]
    return max(above)[1] if above else None


def describe(addon: "Addon") -> dict[str, Any]:
    """An add-on as `--json` prints it; fields may be added, never renamed."""
    return {
        "name": addon.name,
        "chart": addon.chart,
        "repository": addon.repository,
        "version": addon.version,
        "digest": addon.digest,
        "app_version": addon.app_version,
        "kubernetes": [addon.kubernetes.oldest, addon.kubernetes.newest],
        "namespace": addon.namespace,
        "pod_security": addon.pod_security.value,
        "images": [str(image) for image in addon.images],
        "definitions": list(addon.definitions.groups) if addon.definitions else [],
        "service_account": addon.service_account,
        "needs": list(addon.needs),
        "optional": addon.optional,
        "exceptions": dict(addon.exceptions),
    }


def _pulled(addon: "Addon", version: str, folder: Path) -> Path | None:
    """The chart, pulled by helm into a folder where both it and the repository can be reached."""
    import subprocess

    helm = shutil.which("helm")
    if helm is None:
        return None
    chart, repository = addon.source(None)
    command = [
        helm,
        "pull",
        chart,
        "--version",
        version,
        "--untar",
        "--untardir",
        str(folder),
        *(("--repo", repository) if repository else ()),
    ]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return folder / addon.chart if finished.returncode == 0 else None


def _outdated_lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        state = f"-> {row['newest']}" if row["newest"] else row["error"] or "is the newest"
        yield f"{row['name']:<{width}}  {row['version']:<10}  {state}"


def _plain(value: Any) -> Any:
    """Values as YAML can say them; what is not known before `up`, and what is secret, is said in words."""
    from platform_policies.graph import SECRET, UNKNOWN

    if value == SECRET:
        return "<secret>"
    if isinstance(value, str) and value == UNKNOWN:
        return "<known after up>"
    if isinstance(value, Mapping):
        return {str(key): _plain(below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(below) for below in value]
    return value


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
