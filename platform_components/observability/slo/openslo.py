"""OpenSLO v1 (https://github.com/OpenSLO/OpenSLO): objectives read from it, with file and line of whatever cannot be, and written as it.

Read are objects of kind SLO with an indicator of their own or a reference to an SLI of the same files. Services, data sources and alert
policies are passed over: a service is a name here, and alerts follow from the objective. What the standard has no field for is kept in
annotations.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from platform_components.declarations.document import Document, FieldPath, read_all
from platform_components.errors import DeclarationError, Problem
from platform_components.names import component_name_problem
from platform_components.observability.slo.args import SloSettings
from platform_components.observability.slo.burn import plain
from platform_components.observability.slo.indicators import BadCounters, GoodCounters, NativeHistogram

API: Final = "openslo/v1"
MINIMUM_EVENTS: Final = "platform-components/minimum-events"
SLOW: Final = "platform-components/slow-percent"
FREEZE: Final = "platform-components/freeze-percent"
WINDOW: Final = "{{.window}}"
"""What stands for the window in a query that holds one."""

_PASSED_OVER: Final = ("Service", "DataSource", "AlertPolicy", "AlertCondition", "AlertNotificationTarget")
_SUMMED: Final = re.compile(r"sum\s*\(\s*(?:rate|increase)\s*\(\s*(?P<selector>[^()]*)\[[^\]]+\]\s*\)\s*\)", re.DOTALL)
_FRACTION: Final = re.compile(
    r"histogram_fraction\(\s*(?:-Inf|0)\s*,\s*(?P<within>[0-9.]+)\s*,\s*"
    r"sum\(rate\((?P<metric>[A-Za-z_:][A-Za-z0-9_:]*)(?:\{(?P<selector>.*)\})?\[[^\]]+\]\)\)\s*\)"
)
_DURATION: Final = re.compile(r"(?P<count>[0-9]+)(?P<unit>[dw])")
_FIELDS: Final[Mapping[str, FieldPath]] = {
    "service": ("spec", "service"),
    "indicator": ("spec", "indicator"),
    "objective": ("spec", "objectives", 0),
    "period_days": ("spec", "timeWindow", 0, "duration"),
    "team": ("metadata", "labels", "team"),
    "minimum_events": ("metadata", "annotations", MINIMUM_EVENTS),
    "budget_policy": ("metadata", "annotations", FREEZE),
    "description": ("spec", "description"),
}
"""Where a field of ours stands in an SLO."""


def load_openslo(paths: Sequence[Path]) -> dict[str, SloSettings]:
    """Read the objectives of files.

    Returns:
        Objectives by name, in the order of the files.

    Raises:
        DeclarationError: with everything that is wrong in any of them.
    """
    documents = [document for path in paths for document in read_all(path)]
    problems = [problem for document in documents for problem in document.problems]
    kinds = {"SLO": [d for d in documents if d.data.get("kind") == "SLO"], "SLI": [d for d in documents if d.data.get("kind") == "SLI"]}
    for document in documents:
        problems += _unknown(document)
    indicators = {str(_at(sli.data, ("metadata", "name"))): sli for sli in kinds["SLI"]}
    found: dict[str, SloSettings] = {}
    for document in kinds["SLO"]:
        reading = _Reading(document, indicators)
        settings = reading.settings()
        problems += reading.problems
        name = reading.name
        if name in found:
            problems.append(document.problem(("metadata", "name"), f"{name!r} is there twice; give each SLO a name of its own"))
        if settings is not None and not reading.problems:
            found[name] = settings
    if not kinds["SLO"] and not problems:
        problems.append(Problem("holds no SLO", file=", ".join(map(str, paths))))
    if problems:
        raise DeclarationError(sorted(problems, key=lambda problem: (problem.file, problem.line)))
    return found


def to_openslo(name: str, slo: SloSettings) -> dict[str, Any]:
    """An objective as an OpenSLO object."""
    policy = slo.budget_policy
    return {
        "apiVersion": API,
        "kind": "SLO",
        "metadata": {
            "name": name,
            "labels": {"team": slo.team},
            "annotations": {
                MINIMUM_EVENTS: str(slo.minimum_events),
                SLOW: str(policy.slow_percent),
                FREEZE: str(policy.freeze_percent),
            },
        },
        "spec": {
            **({"description": slo.description} if slo.description else {}),
            "service": slo.service,
            "indicator": {"metadata": {"name": name}, "spec": {"ratioMetric": _ratio_metric(slo)}},
            "timeWindow": [{"duration": f"{slo.period_days}d", "isRolling": True}],
            "budgetingMethod": "Occurrences",
            "objectives": [{"displayName": name, "target": float(plain(slo.objective / 100))}],
        },
    }


def _ratio_metric(slo: SloSettings) -> dict[str, Any]:
    match slo.indicator.measured():
        case BadCounters(total, bad):
            return {"counter": True, "bad": _source(bad), "total": _source(total)}
        case GoodCounters(total, good):
            return {"counter": True, "good": _source(good), "total": _source(total)}
        case NativeHistogram(selector, within):
            query = f"histogram_fraction(-Inf, {within}, sum(rate({selector}[{WINDOW}])))"
            return {"counter": False, "rawType": "success", "raw": _source(query)}
    raise AssertionError(slo.indicator)


def _source(query: str) -> dict[str, Any]:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}


def _unknown(document: Document) -> Iterator[Problem]:
    data = document.data
    if data.get("apiVersion") != API:
        yield document.problem(("apiVersion",), f"is {data.get('apiVersion')!r}; this reads {API}")
    if data.get("kind") not in ("SLO", "SLI", *_PASSED_OVER):
        yield document.problem(("kind",), f"is {data.get('kind')!r}; OpenSLO has SLO, SLI, {', '.join(_PASSED_OVER)}")


@dataclass
class _Reading:
    """One SLO being read: what was found, and what is wrong with it."""

    document: Document
    indicators: Mapping[str, Document]
    problems: list[Problem] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Name of the object."""
        return str(_at(self.document.data, ("metadata", "name")) or "")

    def settings(self) -> SloSettings | None:
        """The objective, or None where it cannot be had."""
        if problem := component_name_problem(self.name):
            self._wrong(("metadata", "name"), f"the name {problem}")
        if self._get("spec", "budgetingMethod") not in (None, "Occurrences"):
            self._wrong(("spec", "budgetingMethod"), "only Occurrences are counted here; time slices are not")
        policy = {"slow_percent": self._annotation(SLOW), "freeze_percent": self._annotation(FREEZE)}
        data = {
            "service": self._get("spec", "service"),
            "indicator": self._indicator(),
            "objective": self._objective(),
            "period_days": self._period(),
            "team": self._team(),
            "minimum_events": self._annotation(MINIMUM_EVENTS),
            "budget_policy": {key: value for key, value in policy.items() if value is not None} or None,
            "description": self._get("spec", "description"),
        }
        if self.problems:
            return None
        try:
            return SloSettings.model_validate({key: value for key, value in data.items() if value is not None})
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                first, *rest = detail["loc"] or ("",)
                inner = f"{'.'.join(map(str, rest))}: " if rest else ""
                self._wrong(_FIELDS.get(str(first), ()), f"{inner}{detail['msg']}")
        return None

    def _get(self, *path: str | int) -> Any:
        return _at(self.document.data, path)

    def _annotation(self, name: str) -> Any:
        return self._get("metadata", "annotations", name)

    def _wrong(self, path: FieldPath, message: str) -> None:
        self.problems.append(self.document.problem(path, message))

    def _team(self) -> Any:
        team = self._get("metadata", "labels", "team")
        return team[0] if isinstance(team, list) and len(team) == 1 else team

    def _period(self) -> int | None:
        windows = self._get("spec", "timeWindow")
        if not isinstance(windows, list) or len(windows) != 1:
            self._wrong(("spec", "timeWindow"), "give one window")
            return None
        path: FieldPath = ("spec", "timeWindow", 0)
        if self._get(*path, "isRolling") is not True:
            self._wrong((*path, "isRolling"), "only rolling windows are measured here; calendar windows are not")
        match = _DURATION.fullmatch(str(self._get(*path, "duration")))
        if match is None:
            self._wrong((*path, "duration"), f"{self._get(*path, 'duration')!r} is no number of days or weeks, such as 28d or 4w")
            return None
        return int(match["count"]) * (7 if match["unit"] == "w" else 1)

    def _objective(self) -> Decimal | None:
        objectives, path = self._get("spec", "objectives"), ("spec", "objectives")
        if not isinstance(objectives, list) or len(objectives) != 1 or not isinstance(objectives[0], Mapping):
            self._wrong(path, "give one objective; write an SLO for each of several")
            return None
        only = objectives[0]
        for name in sorted({"indicator", "indicatorRef", "compositeWeight", "timeSliceTarget", "op", "value"} & only.keys()):
            self._wrong((*path, 0, name), "is not supported; an SLO here has one ratio of events and its target")
        given = [(name, scale) for name, scale in (("target", 100), ("targetPercent", 1)) if name in only]
        if len(given) != 1:
            self._wrong((*path, 0), "give either target or targetPercent")
            return None
        (name, scale), *_ = given
        try:
            # As it is written: a binary fraction would not be what was meant.
            return Decimal(self.document.written.get((*path, 0, name), str(only[name]))) * scale
        except InvalidOperation:
            self._wrong((*path, 0, name), f"{only[name]!r} is no number")
            return None

    def _indicator(self) -> dict[str, Any] | None:
        document = self.document
        path: FieldPath = ("spec", "indicator", "spec")
        if (reference := self._get("spec", "indicatorRef")) is not None:
            if str(reference) not in self.indicators:
                self._wrong(("spec", "indicatorRef"), f"there is no SLI {reference!r} in these files")
                return None
            document, path = self.indicators[str(reference)], ("spec",)
        ratio = _at(document.data, (*path, "ratioMetric"))
        if not isinstance(ratio, Mapping):
            self.problems.append(document.problem(path, "has no ratioMetric; thresholds say nothing of how many events were good"))
            return None
        return self._ratio(document, (*path, "ratioMetric"), ratio)

    def _ratio(self, document: Document, path: FieldPath, ratio: Mapping[str, Any]) -> dict[str, Any] | None:
        if "raw" in ratio:
            query = self._query(document, (*path, "raw"))
            match = _FRACTION.fullmatch(query or "")
            if query is not None and (match is None or ratio.get("rawType") != "success"):
                message = "of raw ratios only a histogram_fraction of successes is read; give total, and good or bad"
                self.problems.append(document.problem((*path, "raw"), message))
            if match is None:
                return None
            inside = {"metric": match["metric"], "selector": match["selector"] or "", "within": match["within"]}
            return {"kind": "latency", "buckets": "native", **inside}
        if ratio.get("counter") is not True:
            self.problems.append(document.problem((*path, "counter"), "must be true: rates are taken of counters"))
        found = {name: self._query(document, (*path, name)) for name in ("total", "good", "bad") if name in ratio or name == "total"}
        return {"kind": "ratio", **{name: _counter(query) for name, query in found.items() if query is not None}}

    def _query(self, document: Document, path: FieldPath) -> str | None:
        source = _at(document.data, (*path, "metricSource"))
        kind = source.get("type", "Prometheus") if isinstance(source, Mapping) else None
        if str(kind).lower() != "prometheus":
            self.problems.append(document.problem((*path, "metricSource", "type"), f"is {kind!r}; this reads Prometheus"))
            return None
        query = _at(document.data, (*path, "metricSource", "spec", "query"))
        if not isinstance(query, str):
            self.problems.append(document.problem((*path, "metricSource"), "has no spec.query"))
            return None
        return query.strip()


def _counter(query: str) -> str:
    """The counter in a query: itself, or what a rate of it is summed from."""
    match = _SUMMED.fullmatch(query)
    return match["selector"].strip() if match else query


def _at(data: Any, path: Sequence[str | int]) -> Any:
    """What stands at a path, or None."""
    for key in path:
        if isinstance(data, Mapping):
            data = data.get(str(key))
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
        else:
            return None
    return data
