"""SARIF 2.1.0: findings for code scanning, each at the line of the program that asked for the resource."""

import hashlib
import importlib.metadata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from platform_policies.rule import Rule, Severity, Status

from platformctl.report.model import WAIVED, Entry, Report

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS: Mapping[Severity, str] = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
SCORES: Mapping[Severity, str] = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0"}
"""`security-severity` in the middle of the bands that code scanning makes of it (over 9, 7 to 8.9, 4 to 6.9, below)."""

FINGERPRINT = "platformctl/v1"
DISTRIBUTION = "platform-components"


def to_sarif(report: Report, frameworks: Mapping[str, Sequence[str]] | None = None) -> dict[str, Any]:
    """The report as one SARIF log of one run.

    What is not decided is a result of kind `open`; what is waived carries its waiver as a suppression.

    Args:
        report: the report.
        frameworks: tags by rule id, for example `CIS AWS 6.0: 3.1.4`.
    """
    rules = list({rule.id: rule for rule in report.rules}.values())
    index = {rule.id: position for position, rule in enumerate(rules)}
    repeated: Counter[str] = Counter()
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "platformctl",
                        "version": importlib.metadata.version(DISTRIBUTION),
                        "rules": [_rule(rule, (frameworks or {}).get(rule.id, ())) for rule in rules],
                    }
                },
                "automationDetails": {"id": f"platformctl/{'+'.join(report.stacks)}/"},
                "invocations": [{"executionSuccessful": True}],
                "columnKind": "unicodeCodePoints",
                "results": [_result(entry, index, repeated) for entry in report.entries],
                "properties": {"summary": report.summary()},
            }
        ],
    }


def _rule(rule: Rule, frameworks: Sequence[str]) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why or rule.title},
        "help": {"text": rule.fix},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {
            "tags": sorted({str(rule.pack), *frameworks}),
            "security-severity": SCORES[rule.severity],
            "precision": "high",
        },
    }


def _result(entry: Entry, index: Mapping[str, int], repeated: Counter[str]) -> dict[str, Any]:
    finding = entry.finding
    undecided = finding.status is Status.UNKNOWN
    case = f" [{finding.sub_id}]" if finding.sub_id else ""
    subject = f"{entry.name}{case}: " if entry.name else ""
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": index[finding.rule.id],
        "kind": "open" if undecided else "fail",
        "level": "none" if undecided else LEVELS[finding.rule.severity],
        "message": {"text": f"{subject}{finding.message}. {finding.rule.fix}"},
        "locations": [_location(entry)],
        "partialFingerprints": {FINGERPRINT: _fingerprint(entry, repeated)},
        # Where one result has them, all must: an empty list says that nobody has suppressed this one.
        "suppressions": _suppressions(entry),
        "properties": {
            "urn": finding.urn,
            "resourceType": finding.resource_type,
            "property": finding.property,
            "sub_id": finding.sub_id,
            "component": entry.component,
            "enforcement": str(entry.level),
            "blocks": entry.blocks,
        },
    }


def _location(entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(entry.file), **({} if entry.file.startswith("/") else {"uriBaseId": "%SRCROOT%"})},
            "region": {"startLine": entry.line},
        }
    }
    if entry.finding.urn:
        found["logicalLocations"] = [
            {"name": entry.name or entry.stack, "fullyQualifiedName": entry.finding.urn, "kind": "resource"},
        ]
    return found


def _fingerprint(entry: Entry, repeated: Counter[str]) -> str:
    """The same for the same fault wherever its line moves to; the second of its kind at one resource is told apart by its number."""
    finding = entry.finding
    parts = [finding.rule.id, finding.sub_id, finding.urn, finding.property]
    if not finding.resource_type:
        parts.append(finding.message)
    key = "\0".join(parts)
    repeated[key] += 1
    return hashlib.sha256(f"{key}\0{repeated[key]}".encode()).hexdigest()[:32]


def _suppressions(entry: Entry) -> list[dict[str, Any]]:
    if entry.status != WAIVED or entry.waiver is None:
        return []
    waiver = entry.waiver
    return [
        {
            "kind": "external",
            "status": "accepted",
            "justification": f"{waiver.reason} ({waiver.owner}, {waiver.ticket}, until {waiver.expires})",
        }
    ]
