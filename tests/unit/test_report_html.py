"""The page: self-contained, in order of harm, and safe whatever a program wrote."""

import re
from html.parser import HTMLParser

from platform_policies.enforcement import Level

from platformctl.report.html import to_html
from tests.report_cases import report


class Page(HTMLParser):
    """Tags and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"] and data.strip():
            self.texts.append(data.strip())


def test_what_a_program_wrote_stays_text() -> None:
    text = to_html(report(), "<img src=x onerror=alert(1)>", [{"stack": "s", "name": "<b>", "type": "t", "source": ""}])
    page = Page(text)
    assert page.open == []
    assert {"script", "img", "b", "audit", "locked"}.isdisjoint(page.tags)
    assert "mess: <script>alert('x')</script> & \x07\"quotes\" ]]>" in page.texts
    assert "<b>" in page.texts


def test_it_fetches_nothing() -> None:
    text = to_html(report(), "title")
    assert not re.search(r"""(src|href)\s*=|url\(|@import|https?://""", text)
    assert "default-src 'none'" in text


def test_failures_stand_by_severity_and_component_then_the_rest() -> None:
    texts = Page(to_html(report(), "title")).texts
    marks = [
        "Critical",
        "prod.data / main (shop:index:Store)",
        "front is ajar",
        "Low",
        "prod.data / stack",
        "Not decided before up",
        "later",
        "Waived",
    ]
    places = [texts.index(mark) for mark in marks]
    assert places == sorted(places)
    assert "High" not in texts
    assert "1 finding blocks." in texts
    assert any("data-team, DATA-1, until 2027-01-31" in text for text in texts)


def test_nothing_blocks() -> None:
    texts = Page(to_html(report(Level.ADVISORY), "title")).texts
    assert "Nothing blocks." in texts
    assert "advisory: does not block" in texts
    assert "Resources" not in texts
