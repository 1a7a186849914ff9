"""Writes reports to the files the user named."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from platform_policies.frameworks import controls, frameworks
from platform_policies.graph import ResourceGraph

from platform_components.errors import DeclarationError, Problem
from platformctl.report import compliance
from platformctl.report.html import to_html
from platformctl.report.junit import to_junit
from platformctl.report.model import Report
from platformctl.report.sarif import to_sarif


@dataclass(frozen=True, slots=True)
class Wanted:
    """Files the user wants a report in."""

    sarif: Path | None = None
    junit: Path | None = None
    html: Path | None = None
    compliance: Sequence[Path] = ()
    """A page each; CSV where the name ends with `.csv`."""


def write(report: Report, wanted: Wanted, title: str, graph: ResourceGraph | None = None) -> None:
    """Write each report that is wanted; folders are made where they are missing.

    Args:
        report: the report.
        wanted: the files.
        title: what was judged, for people.
        graph: resources to list on the page; None lists none.

    Raises:
        DeclarationError: a file cannot be written.
    """
    if wanted.sarif:
        tags = {rule.id: _tags(rule.id) for rule in report.rules}
        save(wanted.sarif, json.dumps(to_sarif(report, tags), indent=2) + "\n")
    if wanted.junit:
        save(wanted.junit, to_junit(report))
    if wanted.html:
        save(wanted.html, to_html(report, title, _rows(graph) if graph else ()))
    if wanted.compliance:
        found = compliance.all_coverage(report)
        for path in wanted.compliance:
            as_csv = path.suffix.lower() == ".csv"
            save(path, compliance.to_csv(found) if as_csv else compliance.to_html(found, report, f"Compliance: {title}"))


def save(path: Path, text: str) -> None:
    """Write one file. Lone surrogates, which a program may put into a name, are replaced.

    Raises:
        DeclarationError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise DeclarationError([Problem(f"cannot be written: {error.strerror or error}", file=str(path))]) from None


def _tags(rule: str) -> Sequence[str]:
    """The controls that speak of a rule, as tags."""
    known = frameworks()
    return [f"{known[name].title} {known[name].version}: {control}" for name, found in controls(rule).items() for control in found]


def _rows(graph: ResourceGraph) -> Sequence[dict[str, str]]:
    return [
        {"stack": node.urn.removeprefix("urn:pulumi:").partition("::")[0], "name": node.name, "type": node.type, "source": node.source}
        for node in graph
        if node.parent and not node.external
    ]
