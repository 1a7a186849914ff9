"""HTML: one self-contained page, no script, nothing fetched."""

from collections.abc import Mapping, Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined
from platform_policies.rule import Severity

from platformctl.report.model import SEVERITIES, WAIVED, Entry, Report

_ENVIRONMENT = Environment(
    loader=PackageLoader("platformctl.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

Groups = Sequence[tuple[str, Sequence[Entry]]]


def to_html(report: Report, title: str, resources: Sequence[Mapping[str, str]] = ()) -> str:
    """The report as a page: failures by severity and component, then what is unknown, then what is waived.

    Args:
        report: the report.
        title: what was judged.
        resources: rows of `stack`, `name`, `type` and `source`; listed at the end where given.
    """
    failing = [entry for entry in report.entries if entry.status == "fail"]
    return _ENVIRONMENT.get_template("report.html").render(
        title=title,
        report=report,
        summary=report.summary(),
        severities=[(str(one), groups) for one in SEVERITIES if (groups := _by_component(failing, one))],
        unknown=[entry for entry in report.entries if entry.status == "unknown"],
        waived=[entry for entry in report.entries if entry.status == WAIVED],
        resources=resources,
    )


def render(template: str, **values: object) -> str:
    """Another page in the same dress."""
    return _ENVIRONMENT.get_template(template).render(**values)


def _by_component(entries: Sequence[Entry], severity: Severity) -> Groups:
    """Entries of one severity under stack and component."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.rule.severity is severity:
            head = " / ".join(part for part in (entry.stack, entry.component) if part)
            groups.setdefault(head, []).append(entry)
    return list(groups.items())
