"""What Prometheus' own parser sees in expressions: every selector with its metric and labels, every grouping label."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_MARK = "parsed_by_prometheus"
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_SELECTOR = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)?\{(?P<matchers>[^{}]*)\}(?P<range>\[)?")
_CALL = re.compile(r"(?P<function>[a-z_]+)\($")
_MATCHER = re.compile(r"([a-zA-Z_]\w*)(?:=~|!~|!=|=)")
_GROUPING = re.compile(r"\b(?:by|on|ignoring|without|group_left|group_right) \(([^()]*)\)")
_MACROS = {"$__rate_interval": "5m", "$__interval": "1m", "$__range": "1h"}
"""What Grafana fills in before Prometheus sees an expression."""


@dataclass(frozen=True)
class Selector:
    """One selector of an expression."""

    metric: str
    labels: frozenset[str]
    function: str
    """The function whose argument it is directly; empty where there is none."""
    ranged: bool


@dataclass(frozen=True)
class Parsed:
    """One expression."""

    expression: str
    selectors: Sequence[Selector]
    grouping: frozenset[str]
    """Labels that results are grouped, joined or copied by."""


class NotParsedError(Exception):
    """Prometheus does not take an expression."""


_BETWEEN = "vector(987654321)"


def parse(promtool: Path, *expressions: str) -> list[Parsed]:
    """Have expressions parsed and printed by Prometheus, each selector marked, and read what it says.

    Many go through one call, as arms of one expression.

    Raises:
        NotParsedError: with what Prometheus says, and of which.
    """
    filled = list(expressions)
    for macro, value in _MACROS.items():
        filled = [expression.replace(macro, value) for expression in filled]
    done = subprocess.run(
        [
            promtool,
            "--experimental",
            "promql",
            "label-matchers",
            "set",
            f" or {_BETWEEN} or ".join(f"({each})" for each in filled),
            _MARK,
            "1",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        if len(expressions) > 1:
            return [parsed for expression in expressions for parsed in parse(promtool, expression)]
        raise NotParsedError(f"{expressions[0]}: {done.stderr.strip()}")
    # Texts may hold braces and names: only what is between them is read.
    plain = " ".join(_TEXT.sub('""', done.stdout).split()).replace("( ", "(").replace(" )", ")")
    arms = plain.split(f" or {_BETWEEN} or ")
    assert len(arms) == len(expressions)
    return [Parsed(expression, *_read(arm)) for expression, arm in zip(expressions, arms, strict=True)]


def _read(plain: str) -> tuple[Sequence[Selector], frozenset[str]]:
    found = []
    for match in _SELECTOR.finditer(plain):
        call = _CALL.search(plain[: match.start()])
        labels = frozenset(_MATCHER.findall(match["matchers"])) - {_MARK}
        found.append(Selector(match["name"] or "", labels, call["function"] if call else "", bool(match["range"])))
    grouping = {label.strip() for group in _GROUPING.findall(plain) for label in group.split(",") if label.strip()}
    return found, frozenset(grouping)
