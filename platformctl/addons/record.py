"""Moving an add-on's record to another version: the record's module and the description of its chart, together.

The record is Python that people read, so only the words that change are changed: the text of one keyword's value.
"""

import ast
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from platform_components.charts.addon import Addon
from platform_components.errors import DeclarationError, Problem
from platformctl.addons.description import Description, describe

RECORDS = Path("platform_components") / "charts" / "records"
FIXTURES = Path("tests") / "charts" / "fixtures"


def record_file(root: Path, addon: Addon) -> Path:
    """Module of an add-on's record in a checkout.

    Raises:
        DeclarationError: this is no checkout of the library.
    """
    path = root / RECORDS / f"{addon.name.replace('-', '_')}.py"
    if not path.is_file():
        raise DeclarationError([Problem("is missing: records are edited in a checkout of the library", file=str(RECORDS / path.name))])
    return path


def with_keywords(source: str, keywords: Mapping[str, str | None]) -> str:
    """The text of a record's module with keywords of its `ADDON = Addon(...)` set; everything else stays to the letter.

    Raises:
        ValueError: there is no such call.
    """
    call = next(
        statement.value
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Call)
        and any(isinstance(target, ast.Name) and target.id == "ADDON" for target in statement.targets)
    )
    lines = source.splitlines(keepends=True)
    for keyword in sorted(call.keywords, key=lambda item: item.value.lineno, reverse=True):
        if keyword.arg is not None and keyword.arg in keywords:
            value = keyword.value
            line = lines[value.lineno - 1].encode()
            text = _literal(keywords[keyword.arg])
            lines[value.lineno - 1] = (line[: value.col_offset] + text.encode() + line[value.end_col_offset :]).decode()
    given = {keyword.arg for keyword in call.keywords}
    end = call.end_lineno or len(lines)
    added = [f"    {name}={_literal(value)},\n" for name, value in keywords.items() if name not in given and value is not None]
    return "".join([*lines[: end - 1], *added, *lines[end - 1 :]])


def _literal(value: str | None) -> str:
    return "None" if value is None else json.dumps(value)


def move(root: Path, addon: Addon, version: str, chart: Path | None) -> list[Path]:
    """Move a record to another version, and its description with it.

    Args:
        root: a checkout of the library.
        addon: the record as it is.
        version: the version wanted.
        chart: the unpacked chart of that version. None: the description keeps the keys of the old version and still names it, and the
            test that compares the two stays red until somebody brings the chart.

    Returns:
        The files that were written.
    """
    record = record_file(root, addon)
    fixture = root / FIXTURES / f"{addon.name}.json"
    keywords: dict[str, str | None] = {"version": version}
    if version != addon.version:
        keywords["digest"] = None
    written = [record]
    if chart is not None:
        found = describe(chart, f"{addon.repository}, {addon.chart} {version}")
        if (found.chart, found.version) != (addon.chart, version):
            raise DeclarationError(
                [Problem(f"holds {found.chart} {found.version}, and {addon.chart} {version} is wanted", file=str(chart))]
            )
        keywords["app_version"] = found.app_version
        if fixture.is_file():
            old = Description.load(fixture)
            found = replace(found, containers=old.containers, no_resources=old.no_resources, open=old.open)
        fixture.parent.mkdir(parents=True, exist_ok=True)
        fixture.write_text(found.text(), encoding="utf-8")
        written.append(fixture)
    record.write_text(with_keywords(record.read_text(encoding="utf-8"), keywords), encoding="utf-8")
    return written
