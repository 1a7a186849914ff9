"""What is left of error budgets: asked of a Prometheus, or read from what its `/federate` prints."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import httpx

from platform_components.errors import DeclarationError, Problem
from platform_components.observability.slo.budget import REMAINING
from platformctl.errors import ToolError

SECONDS: Final = 15.0
"""Patience with a Prometheus."""

_LINE: Final = re.compile(r"(?P<metric>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>.*)\})?\s+(?P<value>\S+)(?:\s+-?[0-9]+)?\s*")
_LABEL: Final = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?')

Remaining = Mapping[str, Decimal]
"""Part of the budget that is left, by objective."""


def from_file(path: Path) -> Remaining:
    """Read a snapshot in the text format of Prometheus.

    Raises:
        DeclarationError: it cannot be read, or a line of it is no sample.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise DeclarationError([Problem(f"cannot be read: {reason}", file=str(path))]) from None
    found: list[tuple[Mapping[str, str], str]] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None or _number(match["value"]) is None:
            problems.append(Problem('is no sample such as up{job="shop"} 1', file=str(path), line=number))
        elif match["metric"] == REMAINING:
            found.append((dict(_LABEL.findall(match["labels"] or "")), match["value"]))
    if problems:
        raise DeclarationError(problems)
    return _by_objective(found)


def from_prometheus(url: str, client: httpx.Client | None = None) -> Remaining:
    """Ask a Prometheus, or whatever speaks its API.

    Raises:
        DeclarationError: the address is none.
        ToolError: it does not answer, or not as Prometheus does.
    """
    address = f"{url.rstrip('/')}/api/v1/query"
    if not url.startswith(("http://", "https://")):
        raise DeclarationError([Problem(f"{url} is no address; write one such as http://localhost:9090", field="--prometheus")])
    try:
        with client or httpx.Client(timeout=SECONDS) as session:
            answer = session.get(address, params={"query": REMAINING}).raise_for_status().json()
        rows = [(row["metric"], row["value"][1]) for row in answer["data"]["result"]]
    except httpx.HTTPStatusError as error:
        raise ToolError(f"{address} answers {error.response.status_code}; is it a Prometheus, and may you read it?") from None
    except httpx.HTTPError as error:
        raise ToolError(f"{address} cannot be reached ({type(error).__name__}); is a port forwarded to it?") from None
    except (ValueError, KeyError, TypeError, IndexError):
        raise ToolError(f"{address} does not answer as Prometheus does") from None
    return _by_objective(rows)


def _by_objective(rows: Iterable[tuple[Mapping[str, Any], str]]) -> Remaining:
    """The least that is left, where several clusters measure one objective."""
    found: dict[str, Decimal] = {}
    for labels, text in rows:
        name, value = labels.get("slo"), _number(text)
        if name and value is not None and value.is_finite():
            found[name] = min(value, found.get(name, value))
    return found


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
