"""Where the engine keeps its state when the user has not said: in the repository, under .platform/state."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import yaml

from platformctl.errors import ToolError
from platformctl.project import Project

STATE_FOLDER = Path(".platform") / "state"

_WITHOUT_SIDECARS = "?metadata=skip"
"""The backend writes a file of attributes beside each of its files, and not in one step: a run that is killed in between leaves an empty
one, and the stack can no longer be read. Nothing reads the attributes; so there are none."""

_PASSPHRASE = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")


def account_environ(project: Project, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a run on the real account: the user's own, plus the file backend of the repository where no backend is chosen.

    Raises:
        ToolError: the file backend is used and no passphrase is set; it encrypts the secrets in the state, so it has to be the user's own.
    """
    chosen = chosen_backend(project, environ)
    if chosen:
        return {**environ, "PULUMI_BACKEND_URL": chosen} if chosen.startswith("file:") else dict(environ)
    if not any(name in environ for name in _PASSPHRASE):
        raise ToolError(
            f"the state is kept in {project.root / STATE_FOLDER} and its secrets are encrypted with a passphrase of yours: "
            "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE, or choose another backend with `pulumi login`",
        )
    state = project.root / STATE_FOLDER
    state.mkdir(parents=True, exist_ok=True)
    return {**environ, "PULUMI_BACKEND_URL": file_backend(state)}


def file_backend(state: Path) -> str:
    """Address of a backend in a folder of ours."""
    return state.absolute().as_uri() + _WITHOUT_SIDECARS


def chosen_backend(project: Project, environ: Mapping[str, str] = os.environ) -> str:
    """The backend the user has chosen, in the engine's own order: environment, project file, login; empty where there is none."""
    if environ.get("PULUMI_BACKEND_URL"):
        return environ["PULUMI_BACKEND_URL"]
    match yaml.safe_load((project.root / "Pulumi.yaml").read_text()):
        case {"backend": {"url": str(url)}}:
            return url
    home = Path(environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    try:
        current = json.loads((home / "credentials.json").read_text()).get("current")
    except (OSError, ValueError, AttributeError):
        current = None
    # A token without a login means Pulumi Cloud, to the engine as well.
    return str(current) if current else "https://api.pulumi.com" if environ.get("PULUMI_ACCESS_TOKEN") else ""
