"""JUnit XML: a suite per rule, a case per finding, for CI systems that show tests."""

import re
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from platform_policies.rule import Rule

from platformctl.report.model import WAIVED, Entry, Report

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, escaped or not."""


def to_junit(report: Report) -> str:
    """The report as JUnit XML.

    Only what blocks is a failure, so that CI is as red as the exit code; what is advisory, unknown or waived is skipped, with its reason.
    A rule that passed has one case with the number of its passes; one that met no resource has none.
    """
    root = ET.Element("testsuites", name="platformctl check")
    by_rule: dict[str, list[Entry]] = {}
    for entry in report.entries:
        by_rule.setdefault(entry.rule.id, []).append(entry)
    for rule in {rule.id: rule for rule in report.rules}.values():
        _suite(root, rule, by_rule.get(rule.id, ()), report.passed_by_rule.get(rule.id, 0))
    _count(root, root.iter("testcase"))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, rule: Rule, entries: Sequence[Entry], passes: int) -> None:
    if not entries and not passes:
        return
    suite = ET.SubElement(root, "testsuite", name=rule.id)
    if passes:
        ET.SubElement(suite, "testcase", classname=rule.id, name=_clean(f"{rule.title} ({passes} passed)"), time="0")
    for entry in entries:
        _case(suite, entry)
    _count(suite, suite.iter("testcase"))


def _case(suite: ET.Element, entry: Entry) -> None:
    finding = entry.finding
    name = " ".join(part for part in (entry.name or entry.stack, finding.sub_id, finding.property) if part)
    place: dict[str, str] = {"file": _clean(entry.file), "line": str(entry.line)} if entry.located else {}
    about = {"classname": finding.rule.id, "name": _clean(name or finding.rule.id), "time": "0", **place}
    case = ET.SubElement(suite, "testcase", about)
    if entry.blocks:
        kind = ET.SubElement(case, "failure", type=str(finding.rule.severity), message=_clean(finding.message))
        lines = [finding.message, f"fix: {finding.rule.fix}", f"resource: {finding.urn}"]
        if entry.located:
            lines.append(f"program: {entry.file}:{entry.line}")
        kind.text = _clean("\n".join(lines))
        return
    if entry.status == WAIVED and entry.waiver:
        reason = f"waived until {entry.waiver.expires}: {entry.waiver.reason} ({entry.waiver.owner}, {entry.waiver.ticket})"
    elif entry.status == "unknown":
        reason = f"unknown: {finding.message}"
    else:
        reason = f"{entry.level}: {finding.message}. {finding.rule.fix}"
    ET.SubElement(case, "skipped", message=_clean(reason))


def _count(element: ET.Element, cases: Iterable[ET.Element]) -> None:
    listed = list(cases)
    element.set("tests", str(len(listed)))
    element.set("failures", str(sum(case.find("failure") is not None for case in listed)))
    element.set("skipped", str(sum(case.find("skipped") is not None for case in listed)))
    element.set("errors", "0")
    element.set("time", "0")


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
