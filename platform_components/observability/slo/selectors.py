"""Vector selectors as people write them: checked before Prometheus sees them, so that whatever is accepted here is accepted there. Pure."""

import re
import warnings
from typing import Final

_METRIC: Final = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_MATCHER: Final = re.compile(r'\s*(?P<label>[a-zA-Z_][a-zA-Z0-9_]*)\s*(?P<operator>=~|!~|!=|=)\s*"(?P<value>(?:[^"\\\n]|\\["\\])*)"\s*')
_SELECTOR: Final = re.compile(rf"\s*(?P<metric>{_METRIC})\s*(?:\{{(?P<matchers>.*)\}})?\s*", re.DOTALL)
_EXPRESSION: Final = re.compile(r"(?:[A-Za-z0-9_ .*+?|()\[\]^$/:@,=<>!%&~#;'-]|\\[.\\+*?()|\[\]^$/-])*")
"""What regular expressions of Python and of Prometheus (RE2) read alike; repetition by braces and extensions are left out."""
_DIFFERS: Final = re.compile(r"\(\?|[*+?][*+]")

LONGEST: Final = 400
"""Characters of the longest list of matchers."""


def matchers_problem(text: str) -> str | None:
    """Say what is wrong with a list of label matchers such as `job="shop", code=~"5.."`, or None where it is fine."""
    if len(text) > LONGEST:
        return f"has {len(text)} characters; write at most {LONGEST}"
    at = 0
    while at < len(text.rstrip()):
        match = _MATCHER.match(text, at)
        if match is None:
            return f'cannot be read from {text[at:][:30]!r} on; write matchers such as job="shop", code=~"5.."'
        if match["label"] == "__name__":
            return "names the metric by __name__; write it as the metric"
        if match["operator"] in ("=~", "!~") and (problem := _expression_problem(match["value"].replace("\\\\", "\\").replace('\\"', '"'))):
            return f"the regular expression of {match['label']} {problem}"
        at = match.end()
        if at < len(text):
            if text[at] != ",":
                return f"a comma is missing before {text[at:][:30]!r}"
            at += 1
    return None


def labels_of(matchers: str) -> set[str]:
    """Labels that a sound list of matchers speaks of."""
    return {match["label"] for match in _MATCHER.finditer(matchers)}


def selector_problem(text: str) -> str | None:
    """Say what is wrong with a selector such as `http_requests_total{job="shop"}`, or None where it is fine."""
    match = _SELECTOR.fullmatch(text)
    if match is None:
        return 'is no selector of a counter; write one such as http_requests_total{job="shop"}, without a rate'
    return matchers_problem(match["matchers"] or "")


def split(text: str) -> tuple[str, str]:
    """Metric and matchers of a sound selector."""
    match = _SELECTOR.fullmatch(text)
    assert match is not None  # noqa: S101 -- sound, says the caller
    return match["metric"], match["matchers"] or ""


def selector(metric: str, *matchers: str) -> str:
    """A selector of a metric by every list of matchers that is not empty."""
    inside = ",".join(part.strip().rstrip(",") for part in matchers if part.strip())
    return f"{metric}{{{inside}}}" if inside else metric


def _expression_problem(text: str) -> str | None:
    if not _EXPRESSION.fullmatch(text) or _DIFFERS.search(text):
        return "uses what Prometheus' regular expressions lack, or read otherwise; write it without braces, (?...) and doubled repetition"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(text)
    except (re.error, Warning) as error:
        return f"is none: {error}"
    return None
