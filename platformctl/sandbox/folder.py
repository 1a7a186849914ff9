"""The folder of a sandbox, and the environment that leads programs to it."""

import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from platformctl.engine.backend import file_backend
from platformctl.engine.cli import find_cli

PLUGINS: Final = ("aws", "kubernetes", "random", "vault")
"""Provider packages that the sandbox serves, each by `python -m platformctl.sandbox.<package>`."""


def lay_out(directory: Path) -> None:
    """Make the folder of a sandbox ready for its server and for the engine."""
    for folder in ("state", "home", "bin", "aws"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    # A profile without content: neither credentials, nor roles, nor regions of the developer.
    for file in ("config", "credentials"):
        (directory / "aws" / file).write_text("[default]\n", encoding="utf-8")
    (directory / "kubeconfig").write_text("apiVersion: v1\nkind: Config\n", encoding="utf-8")


def write_launchers(folder: Path) -> None:
    """Write the executables that the engine finds the provider plugins by."""
    for package in PLUGINS:
        launcher = folder / f"pulumi-resource-{package}"
        # -P: the engine runs plugins in the program's folder, whose files must not hide a module of the plugin.
        text = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m platformctl.sandbox.{package} "$@"\n'
        partial = launcher.with_name(f".{launcher.name}")
        partial.write_text(text, encoding="utf-8")
        partial.chmod(0o755)
        partial.replace(launcher)


def wipe(directory: Path) -> None:
    """Remove everything but the log, the record of the server first."""
    (directory / "server.json").unlink(missing_ok=True)
    for path in _entries(directory):
        if path.name == "server.log":
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _entries(directory: Path) -> Iterator[Path]:
    if directory.is_dir():
        yield from sorted(directory.iterdir())


def environ(directory: Path, url: str, base: Mapping[str, str]) -> dict[str, str]:
    """What to add to an environment so that the engine, its plugins and AWS clients work on a sandbox and can reach nothing else.

    Args:
        directory: the sandbox's folder.
        url: the sandbox's address.
        base: the environment it is added to. Its PATH and NO_PROXY are extended; neither profile nor credentials in it keep any effect.
    """
    return {
        "PATH": _path(directory, base),
        "PULUMI_BACKEND_URL": file_backend(directory / "state"),
        "PULUMI_CONFIG_PASSPHRASE": "sandbox",
        "PULUMI_HOME": str(directory / "home"),  # a plugin cache of its own: no real provider is ever picked up
        # Not beside the project: what a stack's file says there (keys, secrets) is meant for a real account.
        "PULUMI_OPTION_CONFIG_FILE": str(directory / "stack-config.yaml"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PLATFORM_SANDBOX_URL": url,
        "AWS_ENDPOINT_URL": url,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_SESSION_TOKEN": "",
        "AWS_CONFIG_FILE": str(directory / "aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(directory / "aws" / "credentials"),
        "AWS_PROFILE": "default",
        "AWS_EC2_METADATA_DISABLED": "true",
        "KUBECONFIG": str(directory / "kubeconfig"),
        **{name: _with_loopback(base.get(name, "")) for name in ("NO_PROXY", "no_proxy")},
    }


def _path(directory: Path, base: Mapping[str, str]) -> str:
    cli = find_cli(base)
    path = (cli.environ(base) if cli else base).get("PATH", os.defpath)
    own = str(directory / "bin")
    return os.pathsep.join([own, *(folder for folder in path.split(os.pathsep) if folder != own)])


def _with_loopback(no_proxy: str) -> str:
    hosts = [host for host in no_proxy.split(",") if host]
    return ",".join([*hosts, *(host for host in ("127.0.0.1", "localhost") if host not in hosts)])
