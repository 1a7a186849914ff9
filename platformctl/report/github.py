"""GitHub annotations: workflow commands that show each finding beside the program's line."""

from platform_policies.rule import Status

from platformctl.report.model import WAIVED, Report


def to_github(report: Report) -> str:
    """One line per finding: an error where it blocks, a warning where it does not, a notice where undecided; nothing where waived."""
    lines = []
    for entry in report.entries:
        if entry.status == WAIVED:
            continue
        finding = entry.finding
        undecided = finding.status is Status.UNKNOWN
        command = "error" if entry.blocks else "notice" if undecided else "warning"
        case = f" [{finding.sub_id}]" if finding.sub_id else ""
        properties = {"file": entry.file, "line": str(entry.line), "title": f"{finding.rule.id}{case}"}
        subject = f"{entry.name}: " if entry.name else ""
        message = f"{subject}{finding.message}. {finding.rule.fix}"
        listed = ",".join(f"{key}={_escaped_property(value)}" for key, value in properties.items())
        lines.append(f"::{command} {listed}::{_escaped(message)}\n")
    return "".join(lines)


def _escaped(text: str) -> str:
    """Data of a workflow command, as actions/toolkit escapes it (packages/core/src/command.ts)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
