"""Rules by the controls of compliance frameworks; the data and where it is from stand in frameworks.yaml and controls.yaml."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from platform_policies import yaml_lines

CAVEAT = "Mappings are those open-source scanners publish for their own checks (prowler 5.46, trivy), not an auditor's."
"""What every report that prints a mapping says of it."""

_NO_FRAMEWORK = ("same-as", "related")


@dataclass(frozen=True, slots=True)
class Framework:
    """A compliance framework, as one published mapping reads it."""

    id: str
    title: str
    version: str
    source: str
    """Whose mapping it is, with its version."""
    list: str
    """What its controls are counted against: whose list, and whether it is whole."""
    part_of: str = ""
    """The framework whose mapping it has, where it is a smaller baseline of one."""


@cache
def _data(name: str = "frameworks.yaml") -> Mapping[str, Any]:
    found, _ = yaml_lines.load(files("platform_policies").joinpath(name).read_text(encoding="utf-8"), name)
    return {key: value for key, value in found.items() if isinstance(value, Mapping)}


@cache
def frameworks() -> Mapping[str, Framework]:
    """Every framework by its id."""
    return {name: Framework(id=name, list=_data("controls.yaml")[name]["list"], **about) for name, about in _data()["frameworks"].items()}


def controls(rule: str) -> Mapping[str, Sequence[str]]:
    """Controls of each framework that speak of what a rule checks; a framework that has none is left out."""
    sections = _data()["hipaa_sections"]
    return {
        name: tuple(full for one in found for full in (sections.get(one, (one,)) if name == "hipaa" else (one,)))
        for name, found in _data()["rules"].get(rule, {}).items()
        if name not in _NO_FRAMEWORK
    }


def controls_in(rule: str, framework: str) -> Sequence[str]:
    """Controls of one framework that speak of what a rule checks; of a smaller baseline, those it has."""
    whole = frameworks()[framework].part_of
    found = controls(rule).get(whole or framework, ())
    return [control for control in found if control in _data("controls.yaml")[framework]["controls"]] if whole else found


def same_as(rule: str) -> Sequence[str]:
    """Checks of other scanners that look for the same."""
    return tuple(_data()["rules"].get(rule, {}).get("same-as", ()))


def mapped_rules() -> Sequence[str]:
    """Every rule the data speaks of."""
    return tuple(_data()["rules"])


def all_controls(framework: str) -> Mapping[str, Sequence[str]]:
    """Ids of rules by every control of a framework, with none where no rule speaks of it, in the order of the controls' numbers."""
    found: dict[str, list[str]] = {name: [] for name in _data("controls.yaml")[framework]["controls"]}
    for rule in mapped_rules():
        for control in controls_in(rule, framework):
            found.setdefault(control, []).append(rule)
    return dict(sorted(found.items(), key=lambda item: _numbers(item[0])))


def _numbers(control: str) -> tuple[tuple[int, str], ...]:
    """`2.10` after `2.9`, `AC-17` after `AC-2`."""
    parts = "".join(letter if letter.isalnum() else " " for letter in control).split()
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)
