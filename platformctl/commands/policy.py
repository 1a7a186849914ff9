"""`platformctl policy`: the rules, why they are there, and what is waived until when."""

import json
import sys
import textwrap
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from platform_components.errors import DeclarationError, PlatformError, Problem
from platformctl.commands import Directory, Json

if TYPE_CHECKING:
    from platform_policies.rule import Rule
    from platform_policies.waivers import Waiver, Waivers

T = TypeVar("T")

_WIDTH = 100
"""Letters in a line of an explanation."""


def list_rules(
    framework: Annotated[
        str | None, typer.Option("--framework", help="Only rules that a framework speaks of, for example cis-aws.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Show every rule: its id, how much harm a failure can do, and what holds when it passes."""
    from platform_policies import catalogue, frameworks

    known = frameworks.frameworks()
    if framework is not None and framework not in known:
        raise DeclarationError([Problem(f"is no framework here; choose from {', '.join(known)}", field=framework)])
    shown = [rule for rule in catalogue.rules() if framework is None or frameworks.controls_in(rule.id, framework)]
    if json_output:
        _print_json([describe(rule) for rule in shown])
        return
    width = max((len(rule.id) for rule in shown), default=0)
    for rule in shown:
        numbers = f"  ({framework} {', '.join(frameworks.controls_in(rule.id, framework))})" if framework else ""
        sys.stdout.write(f"{rule.id:<{width}}  {rule.severity:<8}  {rule.title}{numbers}\n")
    sys.stdout.write(f"{len(shown)} rules\n")
    if framework:
        listed, about = frameworks.all_controls(framework), known[framework]
        covered = sum(bool(rules) for rules in listed.values())
        sys.stdout.write(f"They speak of {covered} of {len(listed)} controls of {about.title} {about.version}.\n")
        sys.stdout.write(f"Mapping: {about.source}. Counted against: {about.list}.\n{frameworks.CAVEAT}\n")


def explain(rule: Annotated[str, typer.Argument(metavar="RULE", help="Id of a rule.")], json_output: Json = False) -> None:
    """Explain one rule: why it is there, what it looks at, how to repair, settings, and the controls that speak of it."""
    from platform_policies import catalogue

    found = catalogue.by_id().get(rule)
    if found is None:
        near = [name for name in catalogue.by_id() if rule in name] or _near(rule, list(catalogue.by_id()))
        hint = f"; did you mean {', '.join(near[:5])}?" if near else "; `platformctl policy list` names them all"
        raise DeclarationError([Problem(f"there is no such rule{hint}", field=rule)])
    if json_output:
        _print_json(describe(found))
    else:
        sys.stdout.write(_explanation(found))


def list_waivers(directory: Directory = None, json_output: Json = False) -> None:
    """Show what is waived, for whom, and until when; exit code 1 if a waiver is malformed or expired."""
    from platform_policies import catalogue, waivers

    from platformctl.project import find_project

    path = find_project(directory).root / "policies" / waivers.FILE
    found = told(lambda: waivers.read(path, catalogue.rules()))
    today = datetime.now(UTC).date()
    if json_output:
        _print_json(
            {
                "waivers": [{**one.to_json(), "state": _state(one, today)} for one in found.waivers],
                "malformed": [{"line": line, "message": message} for line, message in found.malformed],
            }
        )
    else:
        _print_waivers(found, today)
    if found.malformed or not all(one.holds(today) for one in found.waivers):
        raise typer.Exit(1)


def told(read: Callable[[], T]) -> T:
    """Read a file of the judging road; what is wrong with it is the user's to see."""
    from platform_policies.errors import PolicyInputError

    try:
        return read()
    except PolicyInputError as error:
        raise PlatformError(str(error)) from None


def describe(rule: "Rule") -> dict[str, Any]:
    """A rule as `--json` prints it; fields may be added, never renamed."""
    from platform_policies import frameworks
    from platform_policies.remediation import REMEDIATIONS

    return {
        "id": rule.id,
        "title": rule.title,
        "severity": str(rule.severity),
        "types": list(rule.types),
        "frameworks": {name: list(found) for name, found in frameworks.controls(rule.id).items()},
        "pack": str(rule.pack),
        "advisory": rule.advisory,
        "sub_ids": list(rule.sub_ids),
        "why": rule.why,
        "fix": rule.fix,
        "settings": {key: _plain(value) for key, value in rule.defaults.items()},
        "same_as": list(frameworks.same_as(rule.id)),
        "remediation": rule.id in REMEDIATIONS,
    }


def _explanation(rule: "Rule") -> str:
    from platform_policies import frameworks

    about = describe(rule)
    rows: list[tuple[str, str]] = [
        ("why", rule.why),
        ("fix", rule.fix),
        ("severity", f"{rule.severity}{', a hint: never blocks' if rule.advisory else ''}"),
        ("pack", str(rule.pack)),
        ("looks at", ", ".join(rule.types) or "the whole graph"),
        ("cases", ", ".join(rule.sub_ids)),
        ("settings", ", ".join(f"{key} = {json.dumps(value)}" for key, value in about["settings"].items())),
        ("remediation", "corrects the input where its level is `remediate`" if about["remediation"] else ""),
        ("same as", ", ".join(about["same_as"])),
    ]
    known = frameworks.frameworks()
    for name, controls in about["frameworks"].items():
        rows.append((name, f"{', '.join(controls)}  ({known[name].title} {known[name].version}; {known[name].source})"))
    width = max(len(name) for name, _ in rows)
    lines = [rule.id, f"  {rule.title}", ""]
    for name, text in rows:
        if text:
            indent = " " * (width + 4)
            lines += textwrap.wrap(text, _WIDTH, initial_indent=f"  {name:<{width}}  ", subsequent_indent=indent, break_long_words=False)
    if about["frameworks"]:
        lines += ["", f"  {frameworks.CAVEAT}"]
    return "\n".join(lines) + "\n"


def _print_waivers(found: "Waivers", today: date) -> None:
    for one in found.waivers:
        sys.stdout.write(f"{one.rule}  {_state(one, today)}, last day {one.expires}  {one.owner}  {one.ticket}\n")
        sys.stdout.write(f"  {one.urn}\n  {one.reason}\n")
    for line, message in found.malformed:
        sys.stdout.write(f"{found.file}:{line}  malformed: {message}\n")
    holding = sum(one.holds(today) for one in found.waivers)
    sys.stdout.write(f"{holding} holding, {len(found.waivers) - holding} expired, {len(found.malformed)} malformed\n")


def _state(waiver: "Waiver", today: date) -> str:
    return "holds" if waiver.holds(today) else "expired"


def _near(name: str, names: Sequence[str]) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(name, names)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, (set, frozenset)) else list(value) if isinstance(value, tuple) else value


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
