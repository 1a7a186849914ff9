"""What a project's graphs are judged by, and where: the files beside its Pulumi.yaml, or those the user names."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from platform_policies import catalogue, enforcement, waivers
from platform_policies.errors import PolicyInputError
from platform_policies.evaluate import STACK_TYPE
from platform_policies.graph import ResourceGraph, environment_of, stack_of
from platform_policies.rule import Pack, Rule, Verdict
from platform_policies.rules.cost import INCREASES, price_of_stack

from platform_components.errors import DeclarationError, PlatformError, Problem
from platformctl.report.model import Judges, Places

T = TypeVar("T")

FOLDER = "policies"
"""Where a project keeps its enforcement and waiver files."""


def judges_of(
    root: Path | None,
    *,
    pack: Pack | None = None,
    settings: Path | None = None,
    waived: Path | None = None,
    strict: bool = False,
) -> Judges:
    """Rules, levels, settings and waivers.

    Args:
        root: folder of the project; its own files serve where none are named. None: there is no project.
        pack: one pack only; None for all rules.
        settings: an enforcement file.
        waived: a waiver file.
        strict: whether what is not decided blocks, too.

    Raises:
        DeclarationError: a named file does not exist.
        PlatformError: a file is wrong, or a waiver in it is malformed; one line per problem.
    """
    every = catalogue.rules()
    rules = every if pack is None else catalogue.pack(pack)
    levels, accepted = _file(settings, root, enforcement.FILE), _file(waived, root, waivers.FILE)
    return Judges(
        rules=rules,
        enforcement=_told(lambda: enforcement.read(levels, every)) if levels else enforcement.Enforcement(),
        waivers=_of_pack(_told(lambda: _well_formed(waivers.read(accepted, every))), rules) if accepted else waivers.Waivers(),
        strict=strict,
    )


def counted_from(judges: Judges, before: ResourceGraph, file: str) -> Judges:
    """The same judges, which hold the limits on increases against what each stack cost before.

    Args:
        judges: rules, levels, settings and waivers.
        before: the resources that there were.
        file: where these stand, for messages.

    Raises:
        DeclarationError: they cannot be priced.
    """
    settings = judges.enforcement.settings
    amounts: dict[str, Mapping[str, Decimal]] = {}
    for one in INCREASES:
        amounts[one.id] = {}
        for root in before.of_type(STACK_TYPE):
            stack = stack_of(root.urn)
            priced = price_of_stack(root, before, {**one.defaults, **settings.of(one.id, environment_of(stack))})
            if isinstance(priced, Verdict):
                raise DeclarationError([Problem(f"{stack} cannot be priced: {priced.message}", file=file)])
            amounts[one.id] = {**amounts[one.id], stack: priced.monthly}
    values = {**settings.values, **{rule: {**settings.values.get(rule, {}), "baseline_usd": some} for rule, some in amounts.items()}}
    return replace(judges, enforcement=replace(judges.enforcement, settings=replace(settings, values=values)))


def places_of(root: Path | None, fallback: str) -> Places:
    """Where findings point: relative to the Git repository around the project, or to the project itself.

    Args:
        root: folder of the project; None: there is none.
        fallback: file that a finding without a line points at.
    """
    if root is None:
        return Places(fallback=fallback)
    repository = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    return Places(root, repository, fallback)


def today() -> date:
    """The day by which waivers are judged: the same everywhere."""
    return datetime.now(UTC).date()


def _well_formed(given: waivers.Waivers) -> waivers.Waivers:
    if given.malformed:
        raise PolicyInputError([f"{given.file}:{line}  malformed waiver: {message}" for line, message in given.malformed])
    return given


def _of_pack(given: waivers.Waivers, rules: tuple[Rule, ...]) -> waivers.Waivers:
    """Waivers of these rules only: those of others are not this run's to judge."""
    names = {rule.id for rule in rules}
    return waivers.Waivers([one for one in given.waivers if one.rule in names], file=given.file)


def _file(named: Path | None, root: Path | None, name: str) -> Path | None:
    """The file the user named, or the project's own, which need not exist."""
    if named is None:
        return root / FOLDER / name if root else None
    if not named.exists():
        raise DeclarationError([Problem("there is no such file", file=str(named))])
    return named.resolve()


def _told(read: Callable[[], T]) -> T:
    try:
        return read()
    except PolicyInputError as error:
        raise PlatformError(str(error)) from None
