"""`platformctl capacity ci`: the sizing against a simulation that shares no line with it, the figures people give, files of past jobs."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platform_components.ci.jobs import SHAPES, Job, Load, read_jobs, sharpened
from platform_components.ci.sizing import percentile, size, waits
from platform_components.errors import DeclarationError
from platformctl.__main__ import run
from platformctl.capacity.fleet import allocatable
from platformctl.capacity.simulation import simulate

WANTED, START = 300.0, 30.0


def test_five_hundred_services_need_about_450_runners_at_their_peak() -> None:
    load = Load(services=500, runs=6, jobs=4, minutes=6, hours=8, peak=3)
    assert load.jobs_per_day == 12_000
    assert load.concurrent_at_peak == 450


@pytest.mark.parametrize("shape", SHAPES)
def test_the_simulated_wait_is_the_wanted_one(shape: str) -> None:
    load = Load(500, 6, 4, 6, peak=1 if shape == "flat" else 3, shape=shape)
    days = load.days(3, seed=1)
    found = size(days, WANTED, START)
    simulated = percentile([seconds for day in days for seconds in simulate(day, found.runners, found.idle, START)])
    assert 0.9 * WANTED <= simulated <= WANTED
    too_few = percentile([seconds for day in days for seconds in simulate(day, found.runners - 1, found.idle, START)])
    assert too_few > WANTED


def test_other_days_of_the_same_load_do_nearly_as_well() -> None:
    load = Load(500, 6, 4, 6, shape="two-peaks")
    found = size(load.days(10, seed=1), WANTED, START)
    other = percentile([seconds for day in load.days(10, seed=2) for seconds in waits(day, found.runners, found.idle, START)])
    assert other == pytest.approx(WANTED, rel=0.15)


moments = st.floats(0, 2_000, allow_nan=False)
small_days = st.lists(st.builds(Job, moments, st.floats(1, 900)), max_size=40).map(
    lambda jobs: tuple(sorted(jobs, key=lambda job: job.queued))
)


@settings(max_examples=200, deadline=None)
@given(day=small_days, runners=st.integers(1, 8), idle=st.integers(0, 8), start=st.floats(0, 120))
def test_the_sizing_says_of_each_job_what_the_simulation_says(day: tuple[Job, ...], runners: int, idle: int, start: float) -> None:
    idle = min(idle, runners)
    computed = sorted(waits(day, runners, idle, start))
    assert computed == pytest.approx(sorted(simulate(day, runners, idle, start)), abs=1e-6)
    assert all(wait >= 0 for wait in computed)
    more = sorted(waits(day, runners + 1, idle, start))
    assert all(fewer <= wait + 1e-6 for fewer, wait in zip(more, computed, strict=True))


@given(shape=st.sampled_from(sorted(set(SHAPES) - {"flat"})), peak=st.floats(1, 3.9))
def test_a_day_is_sharpened_to_its_peak(shape: str, peak: float) -> None:
    weights = sharpened(SHAPES[shape], peak)
    assert sum(weights) / len(weights) == pytest.approx(1)
    assert max(weights) == pytest.approx(peak)


def test_runners_are_kept_idle_only_where_a_start_takes_too_much_of_the_wait() -> None:
    days = Load(100, 6, 4, 6).days(2, seed=1)
    assert size(days, wanted=120, start=45).idle == 0
    impatient = size(days, wanted=20, start=45)
    assert impatient.idle > 0
    assert impatient.wait <= 20 < impatient.wait_with_one_less


def test_a_class_without_work_needs_one_runner_and_no_wait() -> None:
    assert size([()], 60, 30).runners == 1
    assert size([()], 60, 30).wait == 0


def test_what_a_node_leaves_to_runners() -> None:
    vcpu, gib = allocatable("m7g.4xlarge") or (0, 0)
    # 16 cores less 0.06 + 0.01 + 2 x 0.005 + 12 x 0.0025 = 0.11 of the kubelet and 0.25 of agents
    assert vcpu == pytest.approx(15.64)
    assert gib == pytest.approx(64 - (255 + 11 * 110 + 100) / 1024 - 0.5)
    assert allocatable("m7g.strange") is None


def write(path: Path, *rows: str, header: str = "queued_at,started_at,finished_at,class") -> Path:
    path.write_text("\n".join((header, *rows)) + "\n")
    return path


def test_past_jobs_are_read_by_class_and_day(tmp_path: Path) -> None:
    file = write(
        tmp_path / "jobs.csv",
        "2026-03-03T09:00:00Z,2026-03-03T09:00:30Z,2026-03-03T09:05:30Z,large",
        "2026-03-02T10:00:00+01:00,2026-03-02T10:00:05+01:00,2026-03-02T10:01:05+01:00,",
        "2026-03-02T08:00:00Z,2026-03-02T08:00:01Z,2026-03-02T08:00:02Z,",
    )
    assert read_jobs(file) == {
        "large": [(Job(9 * 3600, 300),)],
        "medium": [(Job(8 * 3600, 1), Job(9 * 3600, 60))],
    }


def test_every_wrong_line_of_past_jobs_is_named(tmp_path: Path) -> None:
    file = write(
        tmp_path / "jobs.csv",
        "2026-03-03T09:00:00,2026-03-03T09:00:30Z,2026-03-03T09:05:30Z,large",
        "2026-03-03T09:00:00Z,yesterday,2026-03-03T09:05:30Z,large",
        "2026-03-03T09:00:00Z,2026-03-03T08:00:00Z,2026-03-03T09:05:30Z,large",
        "2026-03-03T09:00:00Z",
    )
    with pytest.raises(DeclarationError) as caught:
        read_jobs(file)
    assert [(problem.line, problem.message.split(";")[0]) for problem in caught.value.problems] == [
        (2, "queued_at is '2026-03-03T09:00:00'"),
        (3, "started_at is 'yesterday'"),
        (4, "it must be queued, started and finished in this order"),
        (5, "started_at is None"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        ("queued_at,class\n", "column started_at, finished_at is missing"),
        ("queued_at,started_at,finished_at\n", "it holds no job"),
        ("", "is missing"),
    ],
)
def test_a_file_without_jobs_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, message: str) -> None:
    file = tmp_path / "jobs.csv"
    if content is not None:
        file.write_text(content)
    assert run(["capacity", "ci", "--csv", str(file)]) == 2
    assert message in capsys.readouterr().err


def test_the_answer_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["capacity", "ci", "--services", "20", "--class", "small=1:2:50", "--class", "large=4:16:50", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["jobs_per_day"] == pytest.approx(480, rel=0.05)
    assert answer["concurrent_at_peak"] == 18
    small, large = answer["classes"]
    assert (small["class"], large["class"]) == ("small", "large")
    for kind in (small, large):
        assert kind["wait"] <= answer["wanted_wait"] == 120
        assert kind["simulation_differs_by"] < 1e-6
        assert kind["nodes"] == math.ceil(kind["runners"] / kind["per_node"])
        assert kind["addresses"] > kind["runners"]
    assert (small["per_node"], large["per_node"]) == (15, 3)
    assert answer["monthly"] == pytest.approx(small["monthly"] + large["monthly"], abs=0.02)
    # a large runner takes a third of a node of 0.6528 USD an hour
    assert large["monthly"] == pytest.approx(large["busy_hours"] * 260 / 12 / 3 * 0.6528, rel=0.001)


def test_past_jobs_are_sized(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"2026-03-02T09:00:{second:02}Z,2026-03-02T09:10:00Z,2026-03-02T09:20:00Z,builds" for second in range(40)]
    file = write(tmp_path / "jobs.csv", *rows)
    assert run(["capacity", "ci", "--csv", str(file), "--class", "builds=2:4", "--wait", "90s", "--json"]) == 0
    # forty jobs of ten minutes at once: all but the twentieth part need a runner of their own
    assert json.loads(capsys.readouterr().out)["classes"][0]["runners"] == 38
    assert run(["capacity", "ci", "--csv", str(file)]) == 2
    assert "class builds of" in capsys.readouterr().err


def test_every_wrong_figure_is_named_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = ["--services", "0", "--hours", "30", "--peak", "40", "--variation", "9", "--wait", "soon", "--region", "mars"]
    assert run(["capacity", "ci", *wrong, "--class", "x", "--class", "a=1:1:40", "--class", "a=2:2:40"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 9
    for part in (
        "services is 0",
        "hours is 30",
        "peak is 40",
        "variation is 9",
        "--wait is 'soon'",
        "mars",
        "--class x",
        "twice",
        "add up to 40",
    ):
        assert any(part in line for line in said), part


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--shape", "round"], "shape round is unknown; choose from flat"),
        (["--shape", "flat"], "a flat day allows 1 only"),
        (["--class", "huge=40:160"], "does not fit m7g.4xlarge"),
        (["--instance", "m7g.strange"], "does not fit m7g.strange"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], options: list[str], message: str) -> None:
    assert run(["capacity", "ci", "--services", "5", *options]) == 2
    assert message in capsys.readouterr().err
