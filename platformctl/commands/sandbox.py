"""`platformctl sandbox`: start, look at and end the local clouds."""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platformctl.commands import Directory, Json
from platformctl.errors import ToolError
from platformctl.interrupts import unwinding
from platformctl.invocation import program
from platformctl.project import find_project

if TYPE_CHECKING:
    from platformctl.sandbox.lifecycle import Sandbox, Status

DEFAULT = "default"
Name = Annotated[str, typer.Option("--name", metavar="N", help="Which sandbox; several run side by side.")]


def start(name: Name = DEFAULT, json_output: Json = False, directory: Directory = None) -> None:
    """Start a sandbox, or find the one that runs."""
    from platformctl.sandbox import lifecycle

    root = find_project(directory).root
    with unwinding():
        sandbox = lifecycle.start(root, name, _note)
    _show_address(sandbox, json_output=json_output)


def stop(name: Name = DEFAULT, json_output: Json = False, directory: Directory = None) -> None:
    """End a sandbox; its resources and the engine state that belongs to them go with it."""
    from platformctl.sandbox import lifecycle

    root = find_project(directory).root
    with unwinding():
        stopped = lifecycle.stop(root, name)
    if json_output:
        _print_json({"name": name, "stopped": stopped})
    else:
        _print(f"sandbox {name} {'stopped' if stopped else 'was not running'}")


def reset(name: Name = DEFAULT, json_output: Json = False, directory: Directory = None) -> None:
    """Begin anew with an empty sandbox."""
    from platformctl.sandbox import lifecycle

    root = find_project(directory).root
    with unwinding():
        lifecycle.stop(root, name)
        sandbox = lifecycle.start(root, name, _note)
    _show_address(sandbox, json_output=json_output)


def status(name: Name = DEFAULT, json_output: Json = False, directory: Directory = None) -> None:
    """Show what a sandbox holds: what is emulated, what is only recorded, what no schema was known for."""
    from platformctl.sandbox import lifecycle

    sandbox = lifecycle.Sandbox.load(find_project(directory).root, name)
    found = sandbox.status() if sandbox else None
    if json_output:
        _print_json({"name": name, "running": False} if found is None else {"running": True, **found.as_json()})
    elif found is None:
        _print(f"sandbox {name} is not running")
    else:
        _print("\n".join(describe(found)))


def env(name: Name = DEFAULT, json_output: Json = False, directory: Directory = None) -> None:
    """Print the environment of a running sandbox; eval "$(platformctl sandbox env)" makes plain `pulumi` work on it."""
    from platformctl.sandbox import lifecycle

    sandbox = lifecycle.Sandbox.load(find_project(directory).root, name)
    if sandbox is None:
        raise ToolError(f"sandbox {name} is not running; run `{program()} sandbox start`")
    environ = sandbox.environ()
    if json_output:
        _print_json(environ)
    else:
        sys.stdout.write(lifecycle.shell_exports(environ))


def describe(status: "Status") -> Iterator[str]:
    """The lines of `sandbox status`."""
    yield f"sandbox {status.name}  {status.url}  up {_duration(status.uptime_seconds)}  process {status.pid}"
    yield from _section("AWS, emulated by moto", {place: _counted(kinds) for place, kinds in status.resources.items()})
    yield from _section("recorded, not emulated: inputs checked and remembered, nothing behind them", status.recorded)
    yield from _section(
        "Kubernetes objects, checked against their schemas", {place: _counted(kinds) for place, kinds in status.kubernetes.items()}
    )
    yield from _section("of these without a known schema: stored unchecked", status.unchecked)
    if not status.kubernetes_api:
        yield f"  for a real Kubernetes API: `{program()} tools install kubernetes`, then `{program()} sandbox reset`"
    for cluster in status.clusters:
        yield from _cluster(cluster)
    if status.vault is not None:
        yield from _vault(status.vault)
    if not status.vault_api:
        yield f"  for a real Vault: `{program()} tools install vault`, then `{program()} sandbox reset`"
    if status.clusters:
        yield f"  for kubectl: KUBECONFIG={status.directory}/kubeconfig"
    if status.unconfirmed:
        yield f"  {status.unconfirmed} creates of a run that has not been followed by another yet"


def _cluster(cluster: Mapping[str, Any]) -> Iterator[str]:
    processes = ", ".join(f"{name} {pid}" for name, pid in cluster["processes"].items()) or "none"
    yield f"  Kubernetes API of {cluster['name']}, version {cluster['version'] or 'unknown'}  {cluster['server']}  processes: {processes}"
    yield "    no nodes: pods are judged and counted, none runs, and no workload's readiness is awaited"
    if cluster["error"]:
        yield f"    {cluster['error']}"
    if cluster["objects"]:
        yield f"    {_counted(cluster['objects'])}"
    if cluster["unchecked"]:
        yield f"    of these without a known definition, unchecked: {_counted(cluster['unchecked'])}"


def _vault(vault: Mapping[str, Any]) -> Iterator[str]:
    yield f"  Vault, version {vault['version'] or 'unknown'}  {vault['address']}  process {vault['process']}"
    yield f"    {vault['policies']} policies; engines: {', '.join(vault['engines'])}; logins: {', '.join(vault['logins'])}"
    if vault["error"]:
        yield f"    {vault['error']}"
    yield f"    for vault: VAULT_ADDR={vault['address']}, and the token in {vault['token_file']}"


def _section(title: str, rows: Mapping[str, object]) -> Iterator[str]:
    if not rows:
        return
    yield f"  {title}"
    width = max(map(len, rows))
    for name, value in rows.items():
        yield f"    {name:<{width}}  {value}"


def _counted(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in kinds.items())


def _duration(seconds: int) -> str:
    minutes, hours = seconds // 60, seconds // 3600
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{seconds} s"


def _show_address(sandbox: "Sandbox", *, json_output: bool) -> None:
    if json_output:
        _print_json({"name": sandbox.name, "url": sandbox.url, "pid": sandbox.pid, "directory": str(sandbox.directory)})
        return
    option = "" if sandbox.name == DEFAULT else f" --name {sandbox.name}"
    _print(f'sandbox {sandbox.name}  {sandbox.url}\n  for plain pulumi in this shell: eval "$({program()} sandbox env{option})"')


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def _note(text: str) -> None:
    """What the user should know goes beside the result, never into it."""
    sys.stderr.write(f"{text}\n")
