"""What a failing rule does in which environment, and the settings of the rules: one file for the packs and for platformctl.

environments: {dev: advisory, prod: mandatory}    # the part of the stack's name before the dot
default: mandatory                                # any other environment
rules:
  aws-iam-permissions-boundary-required:
    enforcement: advisory                         # or by environment: {dev: disabled, prod: advisory}
    settings: {boundary: arn:aws:iam::123456789012:policy/boundary}
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from platform_policies import yaml_lines
from platform_policies.errors import PolicyInputError
from platform_policies.rule import Rule, Settings

FILE = "enforcement.yaml"


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


def environment_of(stack: str) -> str:
    """The environment a stack belongs to: `prod` of `prod.network`."""
    return stack.rpartition("/")[2].partition(".")[0]


def read(path: Path, rules: Iterable[Rule]) -> Enforcement:
    """The enforcement file at a path; where there is none, everything is mandatory everywhere."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Enforcement()
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyInputError([f"{path}  cannot be read: {error}"]) from None
    return parse(text, rules, str(path))


def parse(text: str, rules: Iterable[Rule], file: str = FILE) -> Enforcement:
    """Read an enforcement file.

    Args:
        text: its text.
        rules: every rule there is; a rule that is not among them is refused.
        file: its name, for messages.

    Raises:
        PolicyInputError: everything that is wrong with it.
    """
    found, lines = yaml_lines.load(text, file)
    reader = _Reader(file, lines, {rule.id: rule for rule in rules})
    enforcement = reader.document(found)
    if reader.problems:
        raise PolicyInputError(reader.problems)
    return enforcement


class _Reader:
    """Reads a document whole, collecting what is wrong with it."""

    def __init__(self, file: str, lines: Mapping[yaml_lines.Path, int], known: Mapping[str, Rule]) -> None:
        self.file = file
        self.lines = lines
        self.known = known
        self.problems: list[str] = []

    def document(self, found: Any) -> Enforcement:
        top = self.mapping(found, (), ("environments", "default", "rules"))
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
        return Enforcement(environments, default, levels, Settings(settings), undecided)

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
