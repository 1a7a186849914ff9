"""The platform repository a command works on: the nearest Pulumi.yaml upwards."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from platform_components.errors import DeclarationError, Problem
from platform_components.tenancy.placement import LAYER, MAX_SHARDS, parse_layer, shard_layers

PROJECT_FILE = "Pulumi.yaml"


@dataclass(frozen=True, slots=True)
class Project:
    """A Pulumi project in Python."""

    root: Path
    """Folder that holds Pulumi.yaml."""
    name: str
    """Project name: part of every URN."""
    main: Path
    """What is run: a folder with a __main__.py, or a Python file."""

    @property
    def folder(self) -> Path:
        """Folder of the program: layers and environments stand in it."""
        return self.main if self.main.is_dir() else self.main.parent

    def layers(self) -> tuple[str, ...]:
        """Layers from the lowest up, as `layers/order.yaml` lists them; none in a project without layers.

        Raises:
            DeclarationError: the file is not a list of names.
        """
        path = self.folder / "layers" / "order.yaml"
        if not path.is_file():
            return ()
        names = _parse(path)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise DeclarationError([Problem("must be a list of layer names, the lowest first", file=str(path))])
        return tuple(names)

    def environments(self) -> tuple[str, ...]:
        """Names of the environments that have a file, sorted."""
        return tuple(sorted(path.stem for path in (self.folder / "environments").glob("*.yaml")))

    def stacks_of(self, target: str) -> tuple[str, ...]:
        """The stacks behind `ENV` (all its layers) or `ENV.LAYER` (that one), from the lowest layer up.

        A project without layers has one stack of the name given.

        Raises:
            DeclarationError: no such environment or layer.
        """
        layers = self.layers()
        if not layers:
            return (target,)
        environment, dot, layer = target.partition(".")
        environments = self.environments()
        if environment not in environments:
            choice = ", ".join(environments) or f"write {self.folder / 'environments' / environment}.yaml"
            raise DeclarationError([Problem(f"there is no environment {environment or target!r}; choose from: {choice}")])
        stacks = self._layer_stacks(environment)
        if dot and layer not in layers and not any(layer in names for names in stacks.values()):
            raise DeclarationError([Problem(f"there is no layer {layer!r}; choose from: {', '.join(layers)}")])
        chosen = [name for at, names in stacks.items() for name in names if layer in ("", at, name)]
        return tuple(f"{environment}.{name}" for name in chosen)

    def stacks_below(self, stack: str) -> tuple[str, ...]:
        """The stacks of the same environment in the layers below, from the lowest up."""
        environment, layer, layers = self._place(stack)
        below = layers[: layers.index(layer)] if layer in layers else ()
        return tuple(f"{environment}.{name}" for at in below for name in self._layer_stacks(environment)[at])

    def stacks_above(self, stack: str) -> tuple[str, ...]:
        """The stacks of the same environment in the layers above, from the highest down."""
        environment, layer, layers = self._place(stack)
        above = layers[layers.index(layer) + 1 :] if layer in layers else ()
        return tuple(f"{environment}.{name}" for at in reversed(above) for name in self._layer_stacks(environment)[at])

    def shards(self, environment: str) -> int:
        """Stacks that an environment's teams are spread over; one where its file says nothing sound."""
        from platform_components.declarations.document import read  # noqa: PLC0415 -- only a platform's own repository has its parser

        try:
            settings = read(self.folder / "environments" / f"{environment}.yaml").data.get("tenants")
        except DeclarationError:
            # Told in the right words by whoever reads the whole file.
            return 1
        count = settings.get("shards", 1) if isinstance(settings, dict) else 1
        return count if isinstance(count, int) and 1 <= count <= MAX_SHARDS else 1

    def _layer_stacks(self, environment: str) -> dict[str, tuple[str, ...]]:
        """Second halves of the names of an environment's stacks, by layer."""
        return {layer: shard_layers(self.shards(environment)) if layer == LAYER else (layer,) for layer in self.layers()}

    def _place(self, stack: str) -> tuple[str, str, tuple[str, ...]]:
        """A stack's environment, its layer, and all layers."""
        environment, _, name = stack.partition(".")
        return environment, parse_layer(name)[0], self.layers()

    def stack_config(self, stack: str) -> tuple[dict[str, str], list[str]]:
        """A stack's configuration as a program sees it, and the keys that are secret.

        Defaults of the project come first, then the stack's own. Encrypted values are not decrypted: a fixed text stands in for each.

        Args:
            stack: name of the stack; its file is `Pulumi.<stack>.yaml`. A missing file is an empty configuration.

        Raises:
            DeclarationError: a file is no YAML mapping.
        """
        values: dict[str, str] = {}
        secrets: list[str] = []
        for key, entry in self._config_of(PROJECT_FILE).items():
            value = entry.get("value", entry.get("default")) if isinstance(entry, dict) else entry
            if value is not None:
                values[self._full(key)] = _as_text(value)
        for key, value in self._config_of(f"Pulumi.{stack}.yaml").items():
            encrypted = isinstance(value, dict) and set(value) == {"secure"}
            values[self._full(key)] = "[secret]" if encrypted else _as_text(value)
            if encrypted:
                secrets.append(self._full(key))
        return values, secrets

    def _config_of(self, name: str) -> dict[str, Any]:
        path = self.root / name
        entries = (_load(path).get("config") if path.exists() else None) or {}
        if not isinstance(entries, dict):
            raise DeclarationError([Problem("must be a mapping of configuration keys to values", "config", str(path))])
        return entries

    def _full(self, key: str) -> str:
        """A key without a namespace belongs to the project."""
        return key if ":" in key else f"{self.name}:{key}"


def find_project(start: Path | None = None) -> Project:
    """The project of a folder: the nearest Pulumi.yaml upwards.

    Args:
        start: folder to start from; the current one where it is left out.

    Raises:
        DeclarationError: there is none, or it is not a Python project.
    """
    folder = (start or Path.cwd()).resolve()
    if not folder.is_dir():
        raise DeclarationError([Problem(f"{start} is no folder; give the platform repository with -C DIR")])
    for candidate in (folder, *folder.parents):
        if (candidate / PROJECT_FILE).is_file():
            return _read(candidate)
    raise DeclarationError([Problem(f"no {PROJECT_FILE} in {folder} or above; run this in a platform repository, or give one with -C DIR")])


def _read(root: Path) -> Project:
    path = root / PROJECT_FILE
    content = _load(path)
    name, main, runtime = content.get("name"), content.get("main", "."), content.get("runtime")
    language = runtime.get("name") if isinstance(runtime, dict) else runtime
    problems = []
    if not isinstance(name, str) or not name:
        problems.append(Problem("must be the project's name", "name", str(path)))
    if language != "python":
        problems.append(Problem(f"must be python, not {language}", "runtime", str(path)))
    program = root / str(main)
    if not (program.is_file() or (program / "__main__.py").is_file()):
        problems.append(Problem(f"{main} holds no __main__.py", "main", str(path)))
    if problems:
        raise DeclarationError(problems)
    return Project(root, str(name), program.resolve())


def _load(path: Path) -> dict[str, Any]:
    content = _parse(path)
    if not isinstance(content, dict):
        raise DeclarationError([Problem("must be a YAML mapping", file=str(path))])
    return content


def _parse(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        reason = getattr(error, "problem", None) or type(error).__name__
        raise DeclarationError([Problem(f"cannot be read as YAML: {reason}", file=str(path), line=line)]) from None


def _as_text(value: Any) -> str:
    """A configuration value as the engine hands it to a program: text, and JSON for what has structure."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return "" if value is None else str(value)
