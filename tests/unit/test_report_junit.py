"""JUnit: as red as the exit code, and well-formed whatever a program wrote."""

from xml.etree import ElementTree as ET

from platform_policies.enforcement import Level

from platformctl.report.junit import to_junit
from tests.report_cases import report


def parse(level: Level = Level.MANDATORY) -> ET.Element:
    return ET.fromstring(to_junit(report(level)))  # noqa: S314 -- our own output


def case(root: ET.Element, start: str) -> ET.Element:
    return next(one for one in root.iter("testcase") if (one.get("name") or "").startswith(start))


def test_the_counts() -> None:
    root = parse()
    assert {key: root.get(key) for key in ("tests", "failures", "skipped", "errors")} == {
        "tests": "6",
        "failures": "1",
        "skipped": "3",
        "errors": "0",
    }
    suites = {suite.get("name"): (suite.get("tests"), suite.get("failures"), suite.get("skipped")) for suite in root}
    assert suites == {"aws-s3-old": ("1", "0", "1"), "aws-s3-tidy": ("2", "0", "1"), "aws-s3-locked": ("3", "1", "1")}


def test_what_blocks_is_a_failure_with_all_there_is_to_say() -> None:
    failed = case(parse(), "open front")
    assert (failed.get("file"), failed.get("line")) == ("own/app/store.py", "7")
    failure = failed.find("failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("critical", "front is ajar")
    assert failure.text is not None
    assert failure.text.split("\n")[1] == "fix: Set lock to true"
    assert failure.text.endswith("program: own/app/store.py:7")


def test_what_does_not_block_is_skipped_with_its_reason() -> None:
    root = parse()
    reasons = {name: one.get("message") for name in ("later", "messy", "excused") if (one := case(root, name).find("skipped")) is not None}
    assert reasons["later"] == "unknown: front is not known before `up`"
    assert reasons["excused"] == "waived until 2027-01-31: kept for <audit> (data-team, DATA-1)"
    assert reasons["messy"] is not None
    assert reasons["messy"].startswith("advisory: mess: <script>alert('x')</script> & \ufffd\"quotes\" ]]>")
    assert case(root, "later").get("file") is None


def test_nothing_is_red_where_nothing_blocks() -> None:
    assert parse(Level.ADVISORY).get("failures") == "0"


def test_a_rule_that_passed_has_a_case() -> None:
    assert case(parse(), "Buckets are <locked> (8 passed)").find("failure") is None
