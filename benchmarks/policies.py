"""All rules over 15,000 resources in one process, beside Checkov on the same Kubernetes objects, in the same run.

Both are the commands people type: start, imports, reading files, judging and printing JSON are counted. They take turns, and the least
disturbed run of each is kept. Judged is processor time, which a busy machine hardly changes. Prints JSON; exits 1 where an aim is missed.

    python benchmarks/policies.py [--counts 1500,6000,15000] [--checkov-counts 1000,2000] [--rounds 3]

Checkov comes from its own lock file into the per-user cache, away from our own packages. It is asked for Kubernetes alone, downloads
nothing, prints failures only and no code, and reads a file per namespace: the fastest of the forms it takes. Each side runs all checks it
has for these objects; they are not the same checks, so the number of verdicts stands beside the time.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from platformctl.engine.cache import cache_root

HERE = Path(__file__).parent
LOCK = HERE / "checkov.lock"

AIM = 20.0
"""Least that our resources per second are to be of Checkov's: of whole processes, and by what one resource more takes."""

LINEAR = 1.25
"""Most that the time per resource, start-up set aside, may grow from the smallest count to the largest."""

WARM = 60
"""Resources of the run that is not counted."""

WORKLOADS: Mapping[str, str] = {"kubernetes": "kubernetes", "mixed": "mixed", "as_many_as_checkov": "kubernetes", "checkov": "manifests"}
"""What each side reads, by workload.py's name for it: `mixed` is half Kubernetes, half AWS."""

Figures = dict[str, float]


def checkov() -> str:
    """The interpreter of Checkov's own environment; installed where it is not there yet, or not whole."""
    name = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    folder = cache_root() / "benchmarks" / f"checkov-{name}"
    python, stamp = str(folder / "bin" / "python"), folder / ".installed"
    if not stamp.exists():
        sys.stderr.write("Installing Checkov into the per-user cache (about a minute, once)\n")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "-r", str(LOCK)]
        subprocess.run([python, *install], check=True, stdout=sys.stderr)
        stamp.touch()
    return python


def command(side: str, path: Path) -> list[str]:
    """What judges a workload."""
    if side != "checkov":
        return [sys.executable, "-m", "platformctl", "check", "--preview-json", str(path), "--json"]
    options = ["--framework", "kubernetes", "--skip-download", "--compact", "--quiet", "--soft-fail", "--output", "json"]
    return [checkov(), "-m", "checkov.main", "--directory", str(path), *options]


def measure(side: str, count: int, scratch: Path) -> Figures:
    """Run one side to its end: seconds, processor seconds of it and its children, the peak of memory in MiB, and how much it said."""
    path, printed, told = scratch / f"{side}-{count}", scratch / "printed.json", scratch / "told.txt"
    if not path.exists():
        # By another process: the peak of a child begins with what its parent held.
        subprocess.run([sys.executable, str(HERE / "workload.py"), WORKLOADS[side], str(count), str(path)], check=True)
    # Compiled modules are part of an installation; an environment may forbid to write them.
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    with printed.open("wb") as output, told.open("wb") as errors:
        begun = time.perf_counter()
        process = subprocess.Popen(command(side, path), stdout=output, stderr=errors, env=environ, cwd=scratch)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    said = summary(side, printed)
    # Checkov also counts the pods it finds in the templates; we count the stack.
    if said["resources"] < count:
        sys.exit(f"{side} judged {said['resources']:.0f} of {count} resources and exited {process.returncode}\n{told.read_text()[-4000:]}")
    mebibyte = 1024 * 1024 if sys.platform == "darwin" else 1024
    cpu = usage.ru_utime + usage.ru_stime
    return {"seconds": seconds, "cpu_seconds": cpu, "peak_mib": usage.ru_maxrss / mebibyte, "verdicts": said["verdicts"]}


def summary(side: str, printed: Path) -> Figures:
    """How many resources were looked at and how many verdicts were given."""
    try:
        said = json.loads(printed.read_text(encoding="utf-8"))["summary"]
    except (ValueError, KeyError, TypeError):
        return {"resources": 0, "verdicts": 0}
    if side == "checkov":
        return {"resources": said["resource_count"], "verdicts": said["passed"] + said["failed"]}
    return {"resources": said["resources"], "verdicts": said["passed"] + said["failed"] + said["unknown"]}


def compare(counts: Mapping[str, Sequence[int]], rounds: int) -> dict[str, list[dict[str, Any]]]:
    """Measure all sides in turns, and keep the least disturbed run of each."""
    runs: dict[tuple[str, int], list[Figures]] = {(side, count): [] for side, listed in counts.items() for count in listed}
    with tempfile.TemporaryDirectory() as name:
        for side in counts:
            measure(side, WARM, Path(name))  # compiles modules and fills the disk's cache
        for _ in range(rounds):
            for (side, count), measured in runs.items():
                measured.append(measure(side, count, Path(name)))
    found: dict[str, list[dict[str, Any]]] = {side: [] for side in counts}
    for (side, count), measured in runs.items():
        best = {key: round(min(run[key] for run in measured), 3) for key in measured[0]}
        found[side].append({"resources": count, **best, "per_cpu_second": round(count / best["cpu_seconds"], 1)})
    return found


def marginal(sizes: Sequence[Mapping[str, float]]) -> float:
    """Milliseconds of processor time that a resource more takes: start-up falls out between the smallest count and the largest."""
    first, last = sizes[0], sizes[-1]
    return 1000 * (last["cpu_seconds"] - first["cpu_seconds"]) / (last["resources"] - first["resources"])


def growth(sizes: Sequence[Mapping[str, float]]) -> float:
    """Time of a resource more among many, to that among few; 1 is linear."""
    return marginal(sizes[-2:]) / marginal(sizes[:2]) if len(sizes) > 2 else 1.0  # noqa: PLR2004 -- two differences want three counts


def main() -> int:
    """Measure, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", default="1500,6000,15000")
    parser.add_argument("--checkov-counts", default="1000,2000")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    counts, theirs = ([int(count) for count in listed.split(",")] for listed in (options.counts, options.checkov_counts))
    checkov()
    sides = compare({"kubernetes": counts, "mixed": counts, "as_many_as_checkov": theirs[-1:], "checkov": theirs}, options.rounds)
    ours, other = sides["kubernetes"], sides["checkov"]
    grown = ("kubernetes", "mixed")
    figures = {
        **sides,
        "ms_per_resource_more": {side: round(marginal(sides[side]), 3) for side in (*grown, "checkov")},
        "growth": {side: round(growth(sides[side]), 3) for side in grown},
        "throughput_ratio": round(ours[-1]["per_cpu_second"] / max(size["per_cpu_second"] for size in other), 1),
        "same_count_ratio": round(other[-1]["cpu_seconds"] / sides["as_many_as_checkov"][0]["cpu_seconds"], 1),
        "marginal_ratio": round(marginal(other) / marginal(ours), 1),
        "peak_ratio": round(ours[-1]["peak_mib"] / other[-1]["peak_mib"], 3),
        "aim": AIM,
        "linear": LINEAR,
    }
    within = min(figures["throughput_ratio"], figures["marginal_ratio"]) >= AIM and max(figures["growth"].values()) <= LINEAR
    print(json.dumps({**figures, "within": within}, indent=2))
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
