"""Files out of Go modules: downloaded by the Go command, held to a sum, and kept as one JSON file for each CustomResourceDefinition."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from platformctl.engine.definitions import ModuleFiles
from platformctl.engine.obtain import CannotError, Fill, RefusedError
from platformctl.engine.progress import Progress

INDEX: Final = "index.json"
"""File that says where each definition is from, and which modules could not be had."""
_KIND: Final = "CustomResourceDefinition"
_SECONDS: Final = 300.0
_BASE: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The definitions are ten megabytes of YAML, and the loader in C is ten times as fast."""
_NOT_IN_KUBERNETES: Final = frozenset({"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value"})
_RESOLVERS: Final = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _NOT_IN_KUBERNETES]
    for first, resolvers in _BASE.yaml_implicit_resolvers.items()
}
_LOADER: Final[Any] = type("_Loader", (_BASE,), {"yaml_implicit_resolvers": _RESOLVERS})
"""YAML as Kubernetes reads it: a date is text, and so is a lone `=`."""


def from_modules(modules: Sequence[ModuleFiles], progress: Progress, environ: Mapping[str, str]) -> Fill:
    """Prepare the download; the result writes `<group>/<plural>.json` for every definition, and the index.

    Raises:
        CannotError: there is no Go.
    """
    go = shutil.which("go", path=environ.get("PATH"))
    if go is None:
        raise CannotError("there is no `go` on PATH to download modules with")

    def fill(folder: Path) -> None:
        with progress.activity(f"Downloading the definitions of {len(modules)} Go modules (about a minute the first time)"):
            index = write_definitions(modules, lambda module: _download(go, module, environ), folder)
        for module, reason in index["missing"].items():
            progress.note(f"left out: {module}: {reason}")
        if not index["definitions"]:
            raise CannotError("no Go module could be downloaded")

    return fill


def write_definitions(modules: Sequence[ModuleFiles], download: Callable[[ModuleFiles], Path], folder: Path) -> dict[str, dict[str, str]]:
    """Write the definitions of these modules; the index of them.

    Args:
        modules: where they are.
        download: gives the folder of a module, or raises CannotError; that module is left out.
        folder: where to write.
    """
    sources: dict[str, str] = {}
    missing: dict[str, str] = {}
    for module in modules:
        try:
            root = download(module)
        except CannotError as error:
            missing[str(module)] = str(error)
            continue
        for definition in _definitions(root, module.files):
            name, group = definition["metadata"]["name"], definition["spec"]["group"]
            target = folder / group / f"{name.partition('.')[0]}.json"
            target.parent.mkdir(exist_ok=True)
            target.write_text(json.dumps(definition), encoding="utf-8")
            sources[name] = str(module)
    index = {"definitions": sources, "missing": missing}
    (folder / INDEX).write_text(json.dumps(index, indent=1), encoding="utf-8")
    return index


def missing_modules(index: Path) -> dict[str, str]:
    """Modules that could not be had when the index was written, with the reason."""
    missing: dict[str, str] = json.loads(index.read_text(encoding="utf-8"))["missing"]
    return missing


def _download(go: str, module: ModuleFiles, environ: Mapping[str, str]) -> Path:
    # The sum is held here; Go's own database, which not every network reaches, would say the same.
    settings = {**environ, "GOFLAGS": "-mod=mod", "GOWORK": "off", "GONOSUMDB": "*"}
    command = [go, "mod", "download", "-json", str(module)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False, env=settings, cwd="/", timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        raise CannotError(f"no answer within {_SECONDS:.0f} s") from None
    try:
        found = json.loads(run.stdout)
    except ValueError:
        found = {}
    if "Dir" not in found:
        said = str(found.get("Error") or run.stderr or f"exit code {run.returncode}")
        raise CannotError(said.strip().splitlines()[-1].strip())
    if found["Sum"] != module.sum:
        raise RefusedError(f"{module} was refused: its sum is {found['Sum']} and {module.sum} is published; report it to your module proxy")
    return Path(found["Dir"])


def _definitions(root: Path, patterns: Sequence[str]) -> Iterator[dict[str, Any]]:
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            for document in yaml.load_all(path.read_text(encoding="utf-8"), Loader=_LOADER):
                if isinstance(document, dict) and document.get("kind") == _KIND:
                    yield document
