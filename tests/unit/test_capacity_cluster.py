"""Forecasts of a cluster's limits: the trend's properties, where figures come from, and what the command answers."""

import json
import random
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlparse
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as some

from platform_components.declarations.environment import Environment, load_environment
from platformctl.__main__ import run
from platformctl.capacity.forecast import DAY, LEAST_DAYS, LEVEL, TooLittleHistoryError, daily_peaks, fit, forecast, reaches
from platformctl.capacity.limits import GIB, limits
from platformctl.capacity.metrics import QUERIES, STEP

ROOT = Path(__file__).parents[2]
TODAY = 20_784 * DAY
"""A day's first second."""

values = some.floats(min_value=0, max_value=1e12, allow_nan=False)
slopes = some.floats(min_value=-1e6, max_value=1e6, allow_nan=False)
histories = some.lists(values, min_size=LEAST_DAYS, max_size=30)


def hourly(days: int, value: Any) -> list[tuple[float, float]]:
    return [(TODAY + hour * 3600, value(hour / 24)) for hour in range(-24 * days, 0)]


def daily(history: list[float]) -> list[tuple[float, float]]:
    return [(float(day * DAY), value) for day, value in enumerate(history)]


# --- the trend


@given(start=values, slope=slopes, count=some.integers(LEAST_DAYS, 40))
def test_a_straight_line_is_found_exactly(start: float, slope: float, count: int) -> None:
    line = fit([(float(day), start + slope * day) for day in range(count)])
    assert line.slope == pytest.approx(slope, rel=1e-6, abs=1e-3)
    assert line.at(count) == pytest.approx(start + slope * count, rel=1e-6, abs=1)
    assert line.slope_low == pytest.approx(line.slope_high, rel=1e-6, abs=1e-2)


@given(history=histories, later=some.integers(0, 1000))
def test_the_interval_holds_the_trend(history: list[float], later: int) -> None:
    line = fit([(float(day), value) for day, value in enumerate(history)])
    assert line.slope_low <= line.slope <= line.slope_high
    end = len(history) + later
    assert line.low(end) <= line.at(end) <= line.high(end)


@given(history=histories, shift=some.integers(-10_000, 10_000))
def test_the_trend_does_not_depend_on_where_time_begins(history: list[float], shift: int) -> None:
    here, there = (fit([(float(day + by), value) for day, value in enumerate(history)]) for by in (0, shift))
    assert here.slope == pytest.approx(there.slope, rel=1e-6, abs=1e-3)


@given(wild=some.lists(some.integers(0, 29), max_size=6, unique=True), height=some.floats(min_value=1e3, max_value=1e9))
def test_a_few_wild_days_do_not_turn_the_trend(wild: list[int], height: float) -> None:
    line = fit([(float(day), height if day in wild else 100.0 + 2 * day) for day in range(30)])
    assert line.slope == pytest.approx(2, abs=1.0)


@given(history=histories, limit=some.floats(min_value=1, max_value=1e13))
def test_ends_come_in_their_order(history: list[float], limit: float) -> None:
    found = forecast(daily(history), limit)
    order = [float("inf") if end is None else end for end in (found.earliest_in_days, found.in_days, found.latest_in_days)]
    assert order == sorted(order)
    assert all(end >= 0 for end in order)


@given(history=histories, limit=some.floats(min_value=1, max_value=1e12), more=values)
def test_a_higher_limit_is_not_met_sooner(history: list[float], limit: float, more: float) -> None:
    low, high = (forecast(daily(history), given) for given in (limit, limit + more))
    assert high.in_days is None or (low.in_days is not None and low.in_days <= high.in_days)


def test_the_interval_holds_about_as_many_futures_as_it_says() -> None:
    """Two hundred histories of eight weeks with a weekly shape: how often the day four weeks on lies within."""
    dice = random.Random(4)  # noqa: S311 -- no secret
    inside, histories = 0, 200
    for _ in range(histories):
        days = [(float(day), 500 + 3 * day + 20 * (day % 7 < 5) + dice.gauss(0, 15)) for day in range(84)]
        line, (day, value) = fit(days[:56]), days[-1]
        inside += line.low(day) <= value <= line.high(day)
    assert LEVEL - 0.1 <= inside / histories <= 0.97


def test_a_limit_that_is_met_is_met_now_and_a_falling_line_meets_none() -> None:
    assert reaches(10, -1, 10) == 0
    assert reaches(9, 0, 10) is None
    assert reaches(9, 0.5, 10) == 2


def test_days_are_taken_at_their_peak_and_a_day_that_has_begun_is_left_out() -> None:
    samples = [*hourly(8, lambda day: 100 if day % 1 == 0.5 else 10), (TODAY + 3600, 3.0)]
    assert [value for _, value in daily_peaks(samples)] == [100] * 8
    with pytest.raises(TooLittleHistoryError, match="has 5 days"):
        forecast(hourly(5, lambda day: day), 10)


# --- limits


def test_limits_are_those_of_the_environment() -> None:
    prod = load_environment(ROOT / "stacks/environments/prod.yaml")
    found = limits(prod)
    assert found["pool", "general"] == 400
    assert found["cpu", ""] == 400 + 900 + 64 + 6 * 2, "three pools of Karpenter, and six nodes of two"
    assert found["addresses", "euw1-az1"] == 2**13 - 5, "a /19"
    assert found["memory", ""] % GIB == 0
    assert limits(prod, pods_per_node=55)["pods", ""] * 2 == found["pods", ""]


def test_what_no_file_bounds_has_no_limit() -> None:
    written = {
        "environment": "dev",
        "profile": "dev",
        "region": "eu-west-1",
        "network": {"cidr": "10.0.0.0/16", "zones": ["euw1-az1", "euw1-az2"]},
        "cluster": {"pools": {"system": {"capacity": "managed", "instance_types": ["x2gd.metal"], "min": 2, "max": 3}}},
    }
    found = limits(Environment.model_validate(written))
    assert ("cpu", "") not in found
    assert ("addresses", "euw1-az2") in found


# --- the command


@pytest.fixture
def grown(tmp_path: Path) -> Path:
    series = [
        {"resource": "cpu", "samples": hourly(30, lambda day: 200 + 2 * (day + 30))},
        {"resource": "pool", "name": "general", "samples": hourly(30, lambda day: 390 + day / 10)},
        {"resource": "addresses", "name": "euw1-az1", "samples": hourly(30, lambda _: 1000)},
        {"resource": "addresses", "name": "euw1-az2", "samples": hourly(3, lambda _: 1000)},
    ]
    path = tmp_path / "snapshot.json"
    path.write_text(json.dumps({"version": 1, "series": series}), encoding="utf-8")
    return path


def test_it_says_when_limits_are_reached(grown: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["capacity", "cluster", "prod", "--snapshot", str(grown), "--json", "-C", str(ROOT)]) == 0
    told = json.loads(capsys.readouterr().out)
    rows = {(row["resource"], row["name"]): row for row in told["resources"]}
    assert rows["cpu", None]["growth_per_day"]["trend"] == pytest.approx(2)
    assert rows["cpu", None]["days_left"]["trend"] == pytest.approx((1376 - 260) / 2, abs=3)
    assert rows["pool", "general"]["limit"] == 400
    assert rows["addresses", "euw1-az1"]["days_left"] == {"trend": None, "earliest": None, "latest": None}
    assert "has 3 days of history" in rows["addresses", "euw1-az2"]["reason"]
    assert "Theil-Sen" in told["method"]
    assert told["level"] == LEVEL


def test_on_a_terminal_it_draws(grown: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["capacity", "cluster", "prod", "--snapshot", str(grown), "-C", str(ROOT)]) == 0
    printed = capsys.readouterr().out
    assert all(sign in printed for sign in "●─━"), "days, trend and limit"
    assert "not as it goes" in printed
    assert "80% prediction interval" in printed


def test_a_limit_that_is_near_fails_the_gate(grown: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask = ["capacity", "cluster", "prod", "--snapshot", str(grown), "-C", str(ROOT)]
    assert run([*ask, "--within", "30"]) == 0
    assert run([*ask, "--within", "365"]) == 1
    assert "may be reached within 365 days: pool general" in capsys.readouterr().out
    assert run([*ask, "--within", "30", "--limit", "cpu=265"]) == 1


def test_pages_and_drawings_are_whole(grown: Path, tmp_path: Path) -> None:
    page, folder = tmp_path / "out/page.html", tmp_path / "drawings"
    assert run(["capacity", "cluster", "--snapshot", str(grown), "--limit", "cpu=300", "--html", str(page), "--svg", str(folder)]) == 0
    assert {path.name for path in folder.iterdir()} == {"cpu.svg", "pool-general.svg", "addresses-euw1-az1.svg"}
    for path in folder.iterdir():
        drawing = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 -- our own
        assert len(drawing.findall("{*}polyline")) == 2
    assert page.read_text(encoding="utf-8").count("<svg") == 3
    assert "<script" not in page.read_text(encoding="utf-8")


_CPU = '{"resource": "cpu", "samples": [[1, 2]]}'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "Invalid JSON"),
        ("[]", "should be an object"),
        ('{"version": 2, "series": []}', "version"),
        ('{"version": 1, "series": []}', "series"),
        ('{"version": 1, "series": [{"resource": "disk", "samples": [[1, 2]]}]}', "series[0].resource"),
        ('{"version": 1, "series": [{"resource": "cpu", "name": "x", "samples": [[1, 2]]}]}', "cpu takes no name"),
        ('{"version": 1, "series": [{"resource": "pool", "samples": [[1, 2]]}]}', "pool wants the name of a nodepool"),
        ('{"version": 1, "series": [{"resource": "cpu", "samples": [[1, -2]]}]}', "series[0].samples[0][1]"),
        ('{"version": 1, "series": [{"resource": "cpu", "samples": [[1, "2"]]}]}', "series[0].samples[0][1]"),
        ('{"version": 1, "series": [{"resource": "cpu", "samples": [[1, 2]], "limits": 1}]}', "series[0].limits"),
        (f'{{"version": 1, "series": [{_CPU}, {_CPU}]}}', "cpu is given twice"),
    ],
)
def test_a_bad_snapshot_is_refused_with_its_field(content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.json"
    file.write_text(content, encoding="utf-8")
    assert run(["capacity", "cluster", "--snapshot", str(file)]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert str(file) in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give --snapshot or --prometheus"),
        (["--snapshot", "a", "--prometheus", "http://x"], "one of them"),
        (["--snapshot", "/nowhere.json"], "cannot be read"),
        (["--prometheus", "ftp://x"], "is no address"),
        (["--snapshot", "a", "--limit", "cpu"], "--limit cpu"),
        (["--snapshot", "a", "--limit", "pool=3"], "--limit pool=3"),
        (["--snapshot", "a", "--limit", "cpu=0"], "--limit cpu=0"),
        (["nowhere", "--snapshot", "a", "-C", str(ROOT)], "there is no environment 'nowhere'"),
        (["--snapshot", "a", "--days", "3"], "--days"),
    ],
)
def test_bad_arguments_are_refused(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["capacity", "cluster", *arguments]) == 2
    assert said in capsys.readouterr().err


# --- a live Prometheus


class Prometheus(BaseHTTPRequestHandler):
    """The part of Prometheus' API that is asked, over what the test puts there."""

    series: Mapping[str, Any] = {}
    asked: ClassVar[list[Mapping[str, list[str]]]] = []

    def do_GET(self) -> None:
        address = urlparse(self.path)
        asked = parse_qs(address.query)
        Prometheus.asked.append(asked)
        known = Prometheus.series.get(asked["query"][0])
        if isinstance(known, bytes):
            return self._answer(200, known)
        if isinstance(known, str):
            return self._answer(422, json.dumps({"status": "error", "errorType": "execution", "error": known}).encode())
        body = {"status": "success", "data": {"resultType": "matrix", "result": known or []}}
        return self._answer(200 if address.path == "/prefix/api/v1/query_range" else 404, json.dumps(body).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def prometheus() -> Iterator[str]:
    Prometheus.asked, Prometheus.series = [], {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Prometheus)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/prefix/"
    server.shutdown()
    server.server_close()


def matrix(labels: Mapping[str, str], value: Any) -> dict[str, Any]:
    return {"metric": {"__name__": "x", **labels}, "values": [[second, str(at)] for second, at in hourly(20, value)]}


def test_it_asks_a_prometheus(prometheus: str, capsys: pytest.CaptureFixture[str]) -> None:
    Prometheus.series = {
        QUERIES["cpu"][0]: [matrix({}, lambda day: 100 + day)],
        QUERIES["addresses"][0]: [matrix({"zone": "euw1-az1"}, lambda _: 50), matrix({"zone": "euw1-az2"}, lambda _: float("nan"))],
    }
    assert run(["capacity", "cluster", "prod", "--prometheus", prometheus, "--days", "20", "--json", "-C", str(ROOT)]) == 0
    told = {(row["resource"], row["name"]): row for row in json.loads(capsys.readouterr().out)["resources"]}
    assert told["cpu", None]["growth_per_day"]["trend"] == pytest.approx(1)
    assert told["addresses", "euw1-az1"]["limit"] == 8187
    assert "0 days" in told["addresses", "euw1-az2"]["reason"], "what is no number is no sample"
    asked = Prometheus.asked[0]
    assert float(asked["end"][0]) - float(asked["start"][0]) == pytest.approx(20 * DAY, abs=2)
    assert asked["step"] == [str(STEP)]


@pytest.mark.parametrize(
    ("series", "said"),
    [
        ({}, "does it evaluate the platform's rules?"),
        ({QUERIES["cpu"][0]: "query timed out"}, "refuses cluster:cpu_requests_cores:sum: query timed out"),
        ({QUERIES["cpu"][0]: b"<html>"}, "with no JSON; is it a Prometheus?"),
        ({QUERIES["cpu"][0]: b'{"status": "success", "data": {"result": [{"metric": {}}]}}'}, "something that is no matrix"),
    ],
)
def test_a_prometheus_that_cannot_answer_is_a_tool_that_failed(
    series: Mapping[str, Any], said: str, prometheus: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Prometheus.series = series
    assert run(["capacity", "cluster", "--prometheus", prometheus]) == 3
    assert said in capsys.readouterr().err


def test_no_prometheus_at_all_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["capacity", "cluster", "--prometheus", "http://127.0.0.1:9"]) == 3
    assert "cannot be asked" in capsys.readouterr().err
