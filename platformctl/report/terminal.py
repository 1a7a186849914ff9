"""The report on a terminal: what blocks first, each with its place, its reason and its repair."""

import re
from collections.abc import Mapping

from platform_policies.rule import Severity, Status
from rich.console import Console
from rich.text import Text

from platformctl.report.model import WAIVED, Entry, Report

STYLES: Mapping[Severity, str] = {Severity.CRITICAL: "bold red", Severity.HIGH: "red", Severity.MEDIUM: "yellow", Severity.LOW: "cyan"}
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_WIDEST = max(len(severity) for severity in Severity)


def print_report(report: Report, console: Console) -> None:
    """Print every finding and the counts.

    What is not decided and what is waived is one line each; a fix is printed once per rule.
    """
    fixed: set[str] = set()
    for entry in report.entries:
        _print(console, _headline(entry))
        if entry.status == Status.FAIL:
            _explain(entry, console, fixed)
    if report.entries:
        console.print()
    _print(console, _verdict(report))


def _print(console: Console, line: Text) -> None:
    console.print(line, soft_wrap=True)


def _clean(text: str) -> str:
    """What a program wrote, without what would drive the terminal."""
    return _CONTROL.sub("\ufffd", text)


def _headline(entry: Entry) -> Text:
    finding = entry.finding
    case = f" [{finding.sub_id}]" if finding.sub_id else ""
    if entry.status == WAIVED:
        mark, style = "waived", "dim"
    elif finding.status is Status.UNKNOWN:
        mark, style = "unknown", "magenta"
    else:
        mark, style = str(entry.rule.severity), STYLES[entry.rule.severity]
    line = Text.assemble((mark.ljust(_WIDEST), style), "  ", (f"{finding.rule.id}{case}", "bold" if entry.blocks else ""))
    if entry.name:
        line.append(f"  {_clean(entry.name)}")
        line.append(f"  {finding.resource_type}", "dim")
    if entry.located:
        line.append(f"  {_clean(entry.file)}:{entry.line}", "dim")
    if entry.waiver:
        line.append(f"  until {entry.waiver.expires}: {entry.waiver.reason} ({entry.waiver.owner}, {entry.waiver.ticket})", "dim")
    elif finding.status is Status.UNKNOWN:
        line.append(f"  {_clean(finding.message)}", "dim")
    elif not entry.blocks:
        line.append(f"  {entry.level}", "dim")
    return line


def _explain(entry: Entry, console: Console, fixed: set[str]) -> None:
    indent = " " * (_WIDEST + 2)
    _print(console, Text(_clean(f"{indent}{entry.finding.message}")))
    if entry.rule.id not in fixed:
        fixed.add(entry.rule.id)
        _print(console, Text(f"{indent}fix: {entry.rule.fix}", "green"))


def _verdict(report: Report) -> Text:
    counts = report.summary()
    blocking, advisory = counts["blocking"], counts["failed"] - sum(one.blocks and one.status == Status.FAIL for one in report.entries)
    parts = [f"{blocking} {'finding blocks' if blocking == 1 else 'findings block'}" if blocking else "nothing blocks"]
    parts += [
        f"{count} {word}" for count, word in ((advisory, "advisory"), (counts["unknown"], "unknown"), (counts["waived"], "waived")) if count
    ]
    parts.append(f"{counts['passed']} passed")
    text = f"{', '.join(parts)}; {counts['resources']} resources, {counts['rules']} rules"
    return Text(text, "bold red" if blocking else "bold green")
