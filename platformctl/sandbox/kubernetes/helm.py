"""Charts rendered by the helm command: the objects of a release, in the order in which Helm makes them."""

import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from platformctl.manifests import objects_of
from platformctl.sandbox.plugin import ProviderError

Values = Mapping[str, Any]

RENDER_SECONDS: Final = 120.0
_PROBE_SECONDS: Final = 3.0
_SERVER_ERROR: Final = 500
_HOOK: Final = "helm.sh/hook"
_WEIGHT: Final = "helm.sh/hook-weight"
_DELETED: Final = "helm.sh/hook-delete-policy"
_KEPT: Final = "helm.sh/resource-policy"
_SOURCE: Final = re.compile(r"^# Source: (\S+)", re.MULTILINE)
_TESTS: Final = frozenset({"test", "test-success", "test-failure"})


@dataclass(frozen=True, slots=True)
class Part:
    """One object of a chart."""

    document: dict[str, Any]
    folder: bool = False
    """From the chart's crds/ folder."""
    keep: bool = False
    """Stays when the release goes, whatever its annotations say."""

    @property
    def events(self) -> tuple[str, ...]:
        """The moments at which it is made as a hook; none for a plain object."""
        return tuple(filter(None, re.split(r"[,\s]+", str(_annotations(self.document).get(_HOOK, "")))))

    @property
    def weight(self) -> int:
        """Place among the hooks of one moment."""
        text = str(_annotations(self.document).get(_WEIGHT, "0"))
        return int(text) if re.fullmatch(r"-?\d+", text) else 0

    @property
    def passing(self) -> bool:
        """Whether Helm deletes the hook once it has succeeded."""
        return "hook-succeeded" in str(_annotations(self.document).get(_DELETED, ""))

    @property
    def stays(self) -> bool:
        """Whether it outlives its release."""
        return self.folder or self.keep or _annotations(self.document).get(_KEPT) == "keep"


def _annotations(document: Values) -> Values:
    return (document.get("metadata") or {}).get("annotations") or {}


def parts(manifest: str) -> list[Part]:
    """The objects of what `helm template` prints, in its order.

    Raises:
        ProviderError: it is not YAML, or a document is no object.
    """
    found = []
    for text in re.split(r"^---\s*$", manifest, flags=re.MULTILINE):
        source = _SOURCE.search(text)
        try:
            documents = objects_of(text)
        except ValueError as error:
            raise ProviderError(f"{source[1] if source else 'the chart'} renders to what is no manifest: {error}") from None
        folder = source is not None and "/crds/" in source[1] and "/templates/" not in source[1]
        found += [Part(document, folder=folder) for document in documents]
    return found


def in_order(found: Iterable[Part], *, upgrade: bool, hooks: bool = True) -> list[Part]:
    """What Helm makes, in its order: definitions of crds/, the hooks before, the objects, the hooks after. Tests are no part of it."""
    moment = "upgrade" if upgrade else "install"
    every = list(found)
    plain = [part for part in every if not part.events and not part.folder]

    def at(event: str) -> list[Part]:
        chosen = [part for part in every if event in part.events and not _TESTS & set(part.events)] if hooks else []
        return sorted(chosen, key=lambda part: (part.weight, part.document["kind"], str(part.document["metadata"].get("name"))))

    return [*(part for part in every if part.folder), *at(f"pre-{moment}"), *plain, *at(f"post-{moment}")]


def command(helm: str, inputs: Values, values_files: Sequence[str], api_versions: Sequence[str], *, upgrade: bool) -> list[str]:
    """The command that renders a release."""
    repository = inputs.get("repositoryOpts") or {}
    flags = {
        "--version": inputs.get("version"),
        "--repo": None if str(inputs["chart"]).startswith("oci://") else repository.get("repo"),
        "--ca-file": repository.get("caFile"),
        "--cert-file": repository.get("certFile"),
        "--key-file": repository.get("keyFile"),
        "--keyring": inputs.get("keyring"),
    }
    switches = {
        "--devel": inputs.get("devel"),
        "--verify": inputs.get("verify"),
        "--dependency-update": inputs.get("dependencyUpdate"),
        "--render-subchart-notes": inputs.get("renderSubchartNotes"),
        "--include-crds": not inputs.get("skipCrds"),
        "--is-upgrade": upgrade,
    }
    return [
        *(helm, "template", str(inputs["name"]), str(inputs["chart"]), "--namespace", str(inputs["namespace"])),
        *(text for flag, value in flags.items() if value for text in (flag, str(value))),
        *(switch for switch, on in switches.items() if on),
        *(text for file in values_files for text in ("--values", file)),
        *(text for api_version in api_versions for text in ("--api-versions", api_version)),
    ]


def render(helm: str, inputs: Values, all_values: Sequence[Values], api_versions: Sequence[str], *, upgrade: bool) -> list[Part]:
    """Render a release; later values lie over earlier ones.

    Raises:
        ProviderError: helm refuses; the text is its own.
    """
    with tempfile.TemporaryDirectory(prefix="platformctl-") as folder:
        files = []
        for number, values in enumerate(all_values):
            file = Path(folder) / f"values-{number}.json"
            file.write_text(json.dumps(values), encoding="utf-8")
            file.chmod(0o600)
            files.append(str(file))
        line = command(helm, inputs, files, api_versions, upgrade=upgrade)
        try:
            done = subprocess.run(line, capture_output=True, text=True, timeout=RENDER_SECONDS, check=False, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ProviderError(f"chart {inputs['chart']}: helm cannot render it ({type(error).__name__})") from None
    if done.returncode:
        told = " ".join(done.stderr.replace("Use --debug flag to render out invalid YAML", "").split()).removeprefix("Error: ")
        raise ProviderError(f"chart {inputs['chart']}: {told or f'helm exited with {done.returncode}'}")
    return parts(done.stdout)


def find_helm() -> str | None:
    """The helm command on PATH or in the tool cache, if it is there."""
    from platformctl.engine.cli import find_tool  # noqa: PLC0415 -- only a release needs it
    from platformctl.engine.toolbox import TOOLS  # noqa: PLC0415

    found = find_tool(TOOLS["helm"]) if "helm" in TOOLS else None
    return str(found.path) if found else None


def is_local(inputs: Values) -> bool:
    """Whether a chart lies on this disk."""
    return not (inputs.get("repositoryOpts") or {}).get("repo") and Path(str(inputs["chart"])).expanduser().exists()


def is_reachable(inputs: Values) -> bool:
    """Whether a chart can be had: it lies on this disk, or its registry or repository answers."""
    if is_local(inputs):
        return True
    chart, repository = str(inputs["chart"]), inputs.get("repositoryOpts") or {}
    if chart.startswith("oci://"):
        return _answers(f"https://{chart.removeprefix('oci://').partition('/')[0]}/v2/")
    repo = str(repository.get("repo") or "")
    return repo.startswith("https://") and not repository.get("password") and _answers(f"{repo.rstrip('/')}/index.yaml")


@cache
def _answers(url: str) -> bool:
    """Whether a server answers at all; one that cannot be reached must not cost every release its patience."""
    import httpx  # noqa: PLC0415 -- only a release from elsewhere needs it

    try:
        return httpx.head(url, timeout=_PROBE_SECONDS, follow_redirects=True).status_code < _SERVER_ERROR
    except httpx.HTTPError:
        return False
