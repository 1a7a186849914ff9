"""Compliance: per framework and control, what the rules that speak of it found, as a page and as CSV."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from platform_policies.frameworks import CAVEAT, Framework, all_controls, frameworks
from platform_policies.rule import Status

from platformctl.report.html import render
from platformctl.report.model import WAIVED, Entry, Report

COLUMNS = ("framework", "version", "control", "status", "rules", "passed", "failed", "unknown", "waived", "findings", "source", "list")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Standing(StrEnum):
    """How a control stands, the worst first."""

    FAILING = "failing"
    """A rule found a failure that nobody has waived."""
    UNKNOWN = "unknown"
    """Nothing failed, and something cannot be decided before `up`."""
    WAIVED = "waived"
    """All failures are waived."""
    PASSING = "passing"
    """Everything a rule looked at passed."""
    NOT_APPLICABLE = "no resource"
    """Rules speak of it, and there is no resource that concerns them."""
    NOT_COVERED = "not covered"
    """The framework has it, and no rule that was asked speaks of it."""


COVERED = frozenset(Standing) - {Standing.NOT_COVERED}


@dataclass(frozen=True, slots=True)
class Control:
    """One control of a framework, as the rules found it."""

    id: str
    rules: Sequence[str]
    """Rules that speak of it and were asked."""
    standing: Standing
    passed: int
    entries: Sequence[Entry]

    def count(self, status: str) -> int:
        """Findings of one status."""
        return sum(entry.status == status for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Coverage:
    """One framework, as the rules found it."""

    framework: Framework
    controls: Sequence[Control]

    def count(self, standing: str) -> int:
        """Controls of one standing."""
        return sum(control.standing == standing for control in self.controls)

    @property
    def not_covered(self) -> Sequence[str]:
        """Ids of the controls that no rule that was asked speaks of."""
        return [control.id for control in self.controls if control.standing not in COVERED]

    @property
    def covered(self) -> int:
        """Controls that a rule that was asked speaks of."""
        return sum(control.standing in COVERED for control in self.controls)


def coverage(report: Report, framework: Framework, mapping: Mapping[str, Sequence[str]]) -> Coverage:
    """How each control of a framework stands.

    Args:
        report: the report.
        framework: the framework.
        mapping: ids of rules by control: every control of the framework, whether or not it has rules, and they were asked.
    """
    asked = {rule.id for rule in report.rules}
    by_rule: dict[str, list[Entry]] = {}
    for entry in report.entries:
        by_rule.setdefault(entry.rule.id, []).append(entry)
    return Coverage(framework, [_control(name, rules, asked, by_rule, report.passed_by_rule) for name, rules in mapping.items()])


def _control(
    name: str, rules: Iterable[str], asked: set[str], by_rule: Mapping[str, Sequence[Entry]], passes: Mapping[str, int]
) -> Control:
    own = [rule for rule in rules if rule in asked]
    entries = [entry for rule in own for entry in by_rule.get(rule, ())]
    passed = sum(passes.get(rule, 0) for rule in own)
    return Control(name, own, _standing(own, {entry.status for entry in entries}, passed), passed, entries)


def _standing(rules: Sequence[str], statuses: set[str], passed: int) -> Standing:
    if not rules:
        return Standing.NOT_COVERED
    for status, standing in ((Status.FAIL, Standing.FAILING), (Status.UNKNOWN, Standing.UNKNOWN), (WAIVED, Standing.WAIVED)):
        if status in statuses:
            return standing
    return Standing.PASSING if passed else Standing.NOT_APPLICABLE


def all_coverage(report: Report) -> list[Coverage]:
    """How every framework stands."""
    return [coverage(report, framework, all_controls(name)) for name, framework in frameworks().items()]


def to_html(found: Sequence[Coverage], report: Report, title: str) -> str:
    """The report as a self-contained page."""
    return render("compliance.html", title=title, coverages=found, report=report, standings=list(Standing), caveat=CAVEAT)


def to_csv(found: Sequence[Coverage]) -> str:
    """The report as CSV, a line per control; nothing in it is a formula to a spreadsheet."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in found:
        for control in one.controls:
            counts = (control.passed, control.count(Status.FAIL), control.count(Status.UNKNOWN), control.count(WAIVED))
            open_findings = "; ".join(f"{entry.rule.id} {entry.finding.urn}" for entry in control.entries if entry.status == Status.FAIL)
            row = (one.framework.title, one.framework.version, control.id, control.standing, " ".join(control.rules), *counts)
            about = (open_findings, one.framework.source, one.framework.list)
            writer.writerow([_safe(str(cell)) for cell in (*row, *about)])
    return stream.getvalue()


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
