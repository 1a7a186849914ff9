"""What a failing rule does in which environment, and the settings of the rules: one file for the packs and for platformctl.

environments: {dev: advisory, prod: mandatory}    # the part of the stack's name before the dot
default: mandatory                                # any other environment
environment_files: ../stacks/environments         # folder of the environments' own files, ENVIRONMENT.yaml, from this file's folder
rules:
  aws-iam-permissions-boundary-required:
    enforcement: advisory                         # or by environment: {dev: disabled, prod: advisory}
    settings: {boundary: arn:aws:iam::123456789012:policy/boundary}
  cost-stack-monthly-max:
    settings: {max_usd: {environment: budget.monthly_usd}}    # that field of the environment's own file
"""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from platform_policies import yaml_lines
from platform_policies.errors import PolicyInputError
from platform_policies.rule import Rule, Settings

FILE = "enforcement.yaml"

DRAWN = "environment"
"""Key of a setting that stands in the environment's own file; its value is the field there."""


class Level(StrEnum):
    """What the engine does with a failure."""

    ADVISORY = "advisory"
    """Warns."""
    MANDATORY = "mandatory"
    """Refuses."""
    REMEDIATE = "remediate"
    """Corrects the inputs where that is safe, and refuses what is left."""
    DISABLED = "disabled"
    """Says nothing; the rule is not asked."""


@dataclass(frozen=True)
class Enforcement:
    """Levels by environment and by rule, and settings by rule."""

    environments: Mapping[str, Level] = field(default_factory=dict)
    default: Level = Level.MANDATORY
    """Level in an environment that is not listed."""
    rules: Mapping[str, Level | Mapping[str, Level]] = field(default_factory=dict)
    """Levels of single rules, for all environments or by environment."""
    settings: Settings = field(default_factory=Settings)
    undecided: Mapping[str, Level] = field(default_factory=dict)
    """Levels, by rule, of what is still undecided at `up`, where that is not the rule's own level."""

    def level(self, rule: Rule, environment: str) -> Level:
        """The level of a rule in an environment; a rule that is a hint never blocks."""
        own = self.rules.get(rule.id)
        if isinstance(own, Mapping):
            own = own.get(environment)
        return capped(rule, own or self.environments.get(environment, self.default))


def capped(rule: Rule, level: Level) -> Level:
    """A level as far as the rule may go: one that is a hint never blocks."""
    return Level.ADVISORY if rule.advisory and level in {Level.MANDATORY, Level.REMEDIATE} else level


def read(path: Path, rules: Iterable[Rule]) -> Enforcement:
    """The enforcement file at a path; where there is none, everything is mandatory everywhere."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Enforcement()
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyInputError([f"{path}  cannot be read: {error}"]) from None
    return parse(text, rules, str(path), lambda folder: environment_files(path.parent / folder))


def environment_files(folder: Path) -> Mapping[str, Any] | None:
    """What the environments' own files in a folder say, by environment; None where there is no such folder.

    Raises:
        PolicyInputError: one of them cannot be read.
    """
    # `..` of a folder that is a link is where the link stands: there the environments are those of this repository.
    folder = Path(os.path.normpath(folder.absolute()))
    if not folder.is_dir():
        return None
    found: dict[str, Any] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            found[path.stem], _ = yaml_lines.load(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise PolicyInputError([f"{path}  cannot be read: {error}"]) from None
    return found


def parse(
    text: str, rules: Iterable[Rule], file: str = FILE, declared: Callable[[str], Mapping[str, Any] | None] = lambda _: None
) -> Enforcement:
    """Read an enforcement file.

    Args:
        text: its text.
        rules: every rule there is; a rule that is not among them is refused.
        file: its name, for messages.
        declared: what the environments' files in a folder say, by environment; None where there is no such folder.

    Raises:
        PolicyInputError: everything that is wrong with it.
    """
    found, lines = yaml_lines.load(text, file)
    reader = _Reader(file, lines, {rule.id: rule for rule in rules}, declared)
    enforcement = reader.document(found)
    if reader.problems:
        raise PolicyInputError(reader.problems)
    return enforcement


class _Reader:
    """Reads a document whole, collecting what is wrong with it."""

    def __init__(
        self,
        file: str,
        lines: Mapping[yaml_lines.Path, int],
        known: Mapping[str, Rule],
        declared: Callable[[str], Mapping[str, Any] | None],
    ) -> None:
        self.file = file
        self.lines = lines
        self.known = known
        self.declared = declared
        self.problems: list[str] = []

    def document(self, found: Any) -> Enforcement:
        top = self.mapping(found, (), ("environments", "default", "environment_files", "rules"))
        environments = self.levels(top.get("environments"), ("environments",))
        default = self.level(top.get("default", Level.MANDATORY), ("default",))
        levels: dict[str, Level | Mapping[str, Level]] = {}
        settings: dict[str, Mapping[str, Any]] = {}
        undecided: dict[str, Level] = {}
        for name, value in self.mapping(top.get("rules"), ("rules",)).items():
            place = ("rules", name)
            if name not in self.known:
                self.wrong(place, "there is no such rule; `platformctl policy list` names them all")
                continue
            entry = self.mapping(value, place, ("enforcement", "settings", "undecided"))
            own = entry.get("enforcement")
            if own is not None:
                where = (*place, "enforcement")
                levels[name] = self.levels(own, where) if isinstance(own, Mapping) else self.level(own, where)
            if "undecided" in entry:
                undecided[name] = self.level(entry["undecided"], (*place, "undecided"))
            if given := self.mapping(entry.get("settings"), (*place, "settings")):
                settings[name] = given
                for key in sorted(set(given) - set(self.known[name].defaults)):
                    self.wrong(
                        (*place, "settings", key), f"no setting of this rule; it has {', '.join(self.known[name].defaults) or 'none'}"
                    )
        return Enforcement(environments, default, levels, self.drawn(settings, top.get("environment_files")), undecided)

    def drawn(self, settings: Mapping[str, Mapping[str, Any]], folder: Any) -> Settings:
        """The settings, those that name a field of the environments' files drawn from there."""
        named = {(rule, key): value[DRAWN] for rule, given in settings.items() for key, value in given.items() if _is_drawn(value)}
        files = self.files(folder)
        values = {rule: {key: value for key, value in given.items() if (rule, key) not in named} for rule, given in settings.items()}
        own: dict[str, dict[str, dict[str, Any]]] = {}
        for (rule, key), name in named.items():
            place = ("rules", rule, "settings", key)
            if folder is None:
                self.wrong(place, "needs environment_files, the folder of the environments' files")
            elif not isinstance(name, str):
                self.wrong(place, f"{DRAWN} must name a field, such as budget.monthly_usd")
            elif files is not None:
                found = {environment: value for environment, file in files.items() if (value := _field(file, name)) is not None}
                for environment, value in found.items():
                    own.setdefault(rule, {}).setdefault(environment, {})[key] = value
                if not found:  # a field that was mistyped would be a limit that never holds
                    self.wrong(place, f"no file in {folder} has {name}")
        return Settings(values, own)

    def files(self, folder: Any) -> Mapping[str, Any] | None:
        if folder is None:
            return None
        place = ("environment_files",)
        if not isinstance(folder, str):
            self.wrong(place, "must be the path of a folder")
            return None
        found = self.declared(folder)
        if found is None:
            self.wrong(place, f"there is no folder {folder} beside this file's")
        return found

    def wrong(self, path: yaml_lines.Path, message: str) -> None:
        place = ".".join(map(str, path))
        self.problems.append(f"{self.file}:{self.lines.get(path, 1)}  {place + ': ' if place else ''}{message}")

    def level(self, value: Any, path: yaml_lines.Path) -> Level:
        if isinstance(value, str) and value in list(Level):
            return Level(value)
        self.wrong(path, f"{value!r} is no level; use one of {', '.join(Level)}")
        return Level.MANDATORY

    def levels(self, value: Any, path: yaml_lines.Path) -> Mapping[str, Level]:
        return {name: self.level(one, (*path, name)) for name, one in self.mapping(value, path).items()}

    def mapping(self, value: Any, path: yaml_lines.Path, keys: Iterable[str] | None = None) -> Mapping[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.wrong(path, "must be a mapping")
            return {}
        for key in value:
            if keys is not None and key not in keys:
                self.wrong((*path, key), f"unknown; it can be {', '.join(keys)}")
        return value


def _is_drawn(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {DRAWN}


def _field(found: Any, path: str) -> Any:
    """A field of an environment's file by its dotted path; None where it has none."""
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found
