"""The report as text, and as GitHub annotations."""

import io

from platform_policies.enforcement import Level
from platform_policies.graph import ResourceGraph
from rich.console import Console

from platformctl.report.github import to_github
from platformctl.report.terminal import print_report
from tests.report_cases import GRAPH, NASTY, bucket, report


def printed(level: Level = Level.MANDATORY) -> list[str]:
    stream = io.StringIO()
    print_report(report(level), Console(file=stream, width=400, highlight=False))
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_text() -> None:
    lines = printed()
    assert lines[:3] == [
        "critical  aws-s3-locked [front]  open  aws:s3/bucket:Bucket  own/app/store.py:7",
        "          front is ajar",
        "          fix: Set lock to true",
    ]
    assert lines[3] == "low       aws-s3-tidy  messy  aws:s3/bucket:Bucket  own/app/my store.py:9  advisory"
    assert lines[6] == "unknown   aws-s3-locked [front]  later  aws:s3/bucket:Bucket  front is not known before `up`"
    assert lines[7].endswith("own/app/store.py:11  until 2027-01-31: kept for <audit> (data-team, DATA-1)")
    assert lines[-1] == "1 finding blocks, 1 advisory, 1 unknown, 1 waived, 12 passed; 7 resources, 6 rules"


def test_a_fix_is_printed_once() -> None:
    stream = io.StringIO()
    graph = ResourceGraph((bucket("a", front="ajar"), bucket("b", front="ajar")))
    print_report(report(graph=graph), Console(file=stream, width=400, highlight=False))
    assert stream.getvalue().count("fix: Set lock to true") == 1
    assert "2 findings block" in stream.getvalue()


def test_what_a_program_wrote_does_not_drive_the_terminal() -> None:
    assert "mess: <script>alert('x')</script> & \ufffd\"quotes\" ]]>" in printed()[4]
    odd = bucket("a", mess="\x1b[2Jgone\r\n\x9bm")
    stream = io.StringIO()
    print_report(report(graph=ResourceGraph((odd,))), Console(file=stream, width=400, highlight=False))
    assert "mess: \ufffd[2Jgone\ufffd\ufffd\ufffdm" in stream.getvalue()


def test_nothing_blocks() -> None:
    assert printed(Level.ADVISORY)[-1].startswith("nothing blocks, 2 advisory, 1 unknown, 1 waived, 12 passed")
    assert printed(Level.DISABLED) == ["nothing blocks, 0 passed; 7 resources, 3 rules"]


def test_annotations() -> None:
    lines = to_github(report()).splitlines()
    assert lines == [
        "::error file=own/app/store.py,line=7,title=aws-s3-locked [front]::open: front is ajar. Set lock to true",
        f"::warning file=own/app/my store.py,line=9,title=aws-s3-tidy::messy: mess: {NASTY}. Tidy up",
        "::notice file=own/Pulumi.yaml,line=1,title=aws-s3-locked [front]::later: front is not known before `up`. Set lock to true",
    ]


def test_an_annotation_is_one_line_and_its_properties_are_its_own() -> None:
    odd = bucket("a", "x,y:z.py:3", mess="100%\r\nsecond ::error::line")
    (line,) = to_github(report(graph=ResourceGraph((*list(GRAPH)[:2], odd)))).splitlines()
    assert line == "::warning file=own/x%2Cy%3Az.py,line=3,title=aws-s3-tidy::a: mess: 100%25%0D%0Asecond ::error::line. Tidy up"
