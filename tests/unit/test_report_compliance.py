"""The compliance report: how each control stands, counted once, as CSV and as a page."""

import csv
import io
from dataclasses import replace

import pytest
from platform_policies.frameworks import Framework, frameworks
from platform_policies.graph import ResourceGraph

from platformctl.report.compliance import COLUMNS, Standing, all_coverage, coverage, to_csv, to_html
from tests.report_cases import GRAPH, NASTY, bucket, report
from tests.unit.test_report_html import Page

FRAMEWORK = Framework("own", "Own <Standard>", "1.0", "ourselves", "all of <ours>")
LOCKED, TIDY, OLD, NONE = "aws-s3-locked", "aws-s3-tidy", "aws-s3-old", "aws-not-written"


def standing(*rules: str, graph: ResourceGraph = GRAPH) -> Standing:
    (control,) = coverage(report(graph=graph), FRAMEWORK, {"1.1": rules}).controls
    return control.standing


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ((LOCKED,), Standing.FAILING),
        ((OLD,), Standing.WAIVED),
        ((OLD, LOCKED), Standing.FAILING),
        ((NONE,), Standing.NOT_COVERED),
        ((NONE, OLD), Standing.WAIVED),
        ((), Standing.NOT_COVERED),
    ],
)
def test_the_worst_finding_of_a_control_decides(rules: tuple[str, ...], expected: Standing) -> None:
    assert standing(*rules) == expected


def test_unknown_is_not_passing_and_no_resource_is_not_either() -> None:
    assert standing(LOCKED, graph=ResourceGraph((bucket("a", front="?"), bucket("b")))) == Standing.UNKNOWN
    assert standing(LOCKED, graph=ResourceGraph((bucket("b"),))) == Standing.PASSING
    assert standing(LOCKED, graph=ResourceGraph(())) == Standing.NOT_APPLICABLE
    assert standing(OLD, graph=ResourceGraph((bucket("b"),))) == Standing.NOT_APPLICABLE


def test_the_counts_of_a_framework() -> None:
    found = coverage(report(), FRAMEWORK, {"1": [LOCKED], "2": [OLD], "3": [NONE], "4": [TIDY, LOCKED]})
    assert (found.covered, found.count(Standing.FAILING), found.count(Standing.WAIVED), found.count(Standing.NOT_COVERED)) == (3, 2, 1, 1)
    last = found.controls[3]
    assert (last.passed, last.count("fail"), last.count("unknown"), last.count("waived")) == (12, 2, 1, 0)


def test_csv_has_a_line_per_control() -> None:
    rows = list(csv.reader(io.StringIO(to_csv([coverage(report(), FRAMEWORK, {"1.1": [LOCKED], "1.2": [NONE]})]))))
    assert rows[0] == list(COLUMNS)
    assert rows[1][:9] == ["Own <Standard>", "1.0", "1.1", "failing", LOCKED, "8", "1", "1", "0"]
    assert rows[1][9].endswith("::open")
    assert rows[2][2:5] == ["1.2", "not covered", ""]


def test_csv_holds_no_formula() -> None:
    framework = replace(FRAMEWORK, title="=HYPERLINK(1)", list="@x")
    (_, row) = csv.reader(io.StringIO(to_csv([coverage(report(), framework, {"-1": []})])))
    assert (row[0], row[2], row[-1]) == ("'=HYPERLINK(1)", "'-1", "'@x")


def test_the_page_is_safe_and_says_whose_mapping_it_is() -> None:
    found = [coverage(report(), FRAMEWORK, {"1.1": [LOCKED, TIDY], "1.2": [OLD]})]
    page = Page(to_html(found, report(), "<i>title"))
    assert {"script", "i", "standard"}.isdisjoint(page.tags)
    assert any("not an auditor's" in text for text in page.texts)
    assert any(NASTY in text for text in page.texts)
    assert page.open == []


def test_the_page_names_what_is_not_covered_and_against_what_it_counts() -> None:
    found = coverage(report(), FRAMEWORK, {"1.1": [LOCKED], "1.2": [], "1.3": [NONE]})
    assert found.not_covered == ["1.2", "1.3"]
    texts = " ".join(Page(to_html([found], report(), "title")).texts)
    for said in ("1 of 3 controls covered", "2 not covered", "1.2, 1.3", "all of <ours>", "ourselves"):
        assert said in texts


def test_every_framework_is_reported_and_every_control_counted_once() -> None:
    found = all_coverage(report())
    assert [one.framework.id for one in found] == list(frameworks())
    for one in found:
        assert one.controls, one.framework.id
        assert len({control.id for control in one.controls}) == len(one.controls)
        assert one.covered + one.count(Standing.NOT_COVERED) == len(one.controls)
        assert sum(one.count(each) for each in Standing) == len(one.controls)
