"""What was taken so far: read from a snapshot file, or from a Prometheus that evaluates the platform's recording rules.

A snapshot is JSON:

    {"version": 1, "series": [{"resource": "addresses", "name": "euw1-az1", "limit": 8187, "samples": [[1790000000, 4200], ...]}]}

`resource` is cpu (cores), memory (bytes), pods, pool (vCPU of a node pool) or addresses (of a zone's node subnet); `name` is the pool or
zone. `limit` may be left out: then it is the environment's. A sample is seconds since the epoch and a value.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from platform_components.errors import DeclarationError, Problem
from platformctl.capacity.forecast import DAY, Sample
from platformctl.errors import ToolError

QUERIES: Final[Mapping[str, tuple[str, str]]] = {
    "cpu": ("cluster:cpu_requests_cores:sum", ""),
    "memory": ("cluster:memory_requests_bytes:sum", ""),
    "pods": ("cluster:pods_running:sum", ""),
    "pool": ("nodepool:cpu_usage_cores:max", "nodepool"),
    "addresses": ("zone:subnet_addresses_taken:sum", "zone"),
}
"""What is asked for each resource, and the label that names one of several."""

STEP: Final = 3600
"""Seconds between samples: every hour, so that a day's peak is seen and a year fits Prometheus' limit of 11,000 points."""
PATIENCE: Final = 30
"""Seconds for an answer."""
_Pair = tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], Annotated[float, Field(ge=0, allow_inf_nan=False)]]


@dataclass(frozen=True, slots=True)
class Series:
    """How much of one thing was taken."""

    resource: str
    name: str
    """Pool or zone; empty where there is one only."""
    samples: Sequence[Sample]
    limit: float | None = None

    @property
    def title(self) -> str:
        """As people are told of it."""
        return f"{self.resource} {self.name}".strip()


class _Row(BaseModel):
    """One series of a snapshot, as it is written."""

    model_config = ConfigDict(extra="forbid", strict=True)

    resource: Literal["cpu", "memory", "pods", "pool", "addresses"]
    name: str = ""
    limit: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    samples: Annotated[list[_Pair], Field(min_length=1, max_length=1_000_000)]

    @model_validator(mode="after")
    def _named_where_there_are_several(self) -> Self:
        what = QUERIES[self.resource][1]
        if bool(self.name) != bool(what):
            raise ValueError(f"{self.resource} wants the name of a {what}" if what else f"{self.resource} takes no name")
        return self


class _Snapshot(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    version: Literal[1]
    series: Annotated[list[_Row], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        named = [f"{row.resource} {row.name}".strip() for row in self.series]
        if twice := sorted({title for title in named if named.count(title) > 1}):
            raise ValueError(f"{', '.join(twice)} is given twice")
        return self


def read_snapshot(path: Path) -> list[Series]:
    """Read a snapshot.

    Raises:
        DeclarationError: with everything that is wrong in it.
    """
    try:
        written = _Snapshot.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DeclarationError([Problem(f"cannot be read: {error.strerror}", file=str(path))]) from None
    except ValidationError as error:
        raise DeclarationError([_problem(one, path) for one in error.errors(include_url=False)]) from None
    return [Series(row.resource, row.name, row.samples, row.limit) for row in written.series]


def _problem(error: ErrorDetails, path: Path) -> Problem:
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"]).lstrip(".")
    return Problem(error["msg"].removeprefix("Value error, "), field=field, file=str(path))


def query_prometheus(url: str, days: int, now: float, *, client: httpx.Client | None = None) -> list[Series]:
    """Ask a Prometheus, or what speaks its API, for the recorded series.

    Args:
        url: its address, such as http://127.0.0.1:9090.
        days: how far back.
        now: seconds since the epoch.
        client: what asks; one of its own where omitted.

    Raises:
        DeclarationError: the address is none.
        ToolError: it cannot be reached, refuses, or knows none of the series.
    """
    if not url.startswith(("http://", "https://")):
        raise DeclarationError([Problem(f"--prometheus {url!r} is no address; write one such as http://127.0.0.1:9090")])
    with client or httpx.Client(timeout=PATIENCE) as asking:
        found = [series for resource in QUERIES for series in _ask(asking, url.rstrip("/"), resource, days, now)]
    if not found:
        raise ToolError(f"{url} has none of {', '.join(query for query, _ in QUERIES.values())}; does it evaluate the platform's rules?")
    return found


def _ask(client: httpx.Client, url: str, resource: str, days: int, now: float) -> list[Series]:
    query, label = QUERIES[resource]
    asked = {"query": query, "start": f"{now - days * DAY:.0f}", "end": f"{now:.0f}", "step": str(STEP)}
    try:
        answer = client.get(f"{url}/api/v1/query_range", params=asked)
        body = answer.json()
    except httpx.HTTPError as error:
        raise ToolError(f"{url} cannot be asked: {error}") from None
    except ValueError:
        raise ToolError(f"{url} answers {answer.status_code} with no JSON; is it a Prometheus?") from None
    if not isinstance(body, dict) or body.get("status") != "success":
        said = body.get("error", "no reason") if isinstance(body, dict) else "no reason"
        raise ToolError(f"{url} refuses {query}: {said}")
    try:
        return [
            Series(
                resource,
                str(one["metric"].get(label, "")) if label else "",
                [(float(second), float(value)) for second, value in one["values"] if math.isfinite(float(value))],
            )
            for one in body["data"]["result"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ToolError(f"{url} answers {query} with something that is no matrix") from None
