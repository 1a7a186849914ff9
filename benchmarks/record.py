"""Keep what the benchmarks printed, with the day and the size of the machine, and write docs/benchmarks.md from it.

    python benchmarks/record.py                      # runs each benchmark
    python benchmarks/record.py policies=FILE ...    # takes what was printed into FILE; a name alone runs that benchmark

Figures of benchmarks that are not named stay as they were recorded.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RECORDED = HERE / "recorded"
PAGE = HERE.parent / "docs" / "benchmarks.md"

RATIOS: Mapping[str, Mapping[str, str]] = {
    "preview": {
        "sizes.0.time_ratio": "processor time, fewest resources, to bare registration (aim: at most 1.3)",
        "sizes.-1.time_ratio": "processor time, most resources, to bare registration (aim: at most 1.3)",
        "sizes.-1.peak_ratio": "peak of memory, most resources, to bare registration (aim: at most 1.3)",
        "growth": "time per resource, most to middle (aim: at most 1.35)",
    },
    "engine": {"ratio": "time of `up` of our stack to a bare program of the same resources (aim: at most 1.3)"},
    "tenants": {
        "sizes.0.time_ratio": "processor time of the preview, fewest teams, to bare registration of as many resources (aim: at most 1.3)",
        "sizes.-1.time_ratio": "processor time of the preview, most teams, to bare registration (aim: at most 1.3)",
        "growth": "time per team, most to fewest (1 is linear; aim: at most 1.35)",
        "peak_mib": "peak of memory, most teams, MiB (aim: at most 1,536)",
    },
    "shards": {
        "growth": "time per team, many over shards to a tenth as many (aim: at most 1.2)",
        "faster": "time of as many in one stack to that of all shards, at least (aim: at least 4)",
        "many.seconds": "seconds of `up`, many teams over shards",
        "few.seconds": "seconds of `up`, a tenth as many",
    },
    "policies": {
        "throughput_ratio": "our resources per second of the whole process, most resources, to Checkov's best (aim: at least 20)",
        "marginal_ratio": "what one resource more takes Checkov, to us (aim: at least 20)",
        "same_count_ratio": "time of the whole process on as many objects: Checkov's to ours (no aim)",
        "peak_ratio": "peak of our memory, most resources, to Checkov's with its own most",
        "kubernetes.-1.peak_mib": "peak of our memory, most Kubernetes objects, MiB",
        "mixed.-1.peak_mib": "peak of our memory, most resources of both kinds, MiB",
        "checkov.-1.peak_mib": "peak of Checkov's memory, its most objects, MiB",
        "growth.kubernetes": "time per Kubernetes object more, many to few (1 is linear; aim: at most 1.25)",
        "growth.mixed": "time per resource more, half of them AWS, many to few (aim: at most 1.25)",
    },
    "rotation": {
        "dynamic.gaps": "moments without a valid credential, 10,000 services (aim: 0)",
        "dynamic.shortest_spare_seconds": "least time an old credential outlived its last pod, seconds, with Vault away for five minutes",
        "dynamic.requests_per_second_mean": "requests to Vault per second, mean",
        "dynamic.requests_per_second_peak": "requests to Vault per second, most, when it comes back",
        "refreshed_late.gaps": "moments without a valid credential where services refresh as late as they can",
        "static.weekly.peak_per_minute": "most of 10,000 static secrets that change in one minute of a week (aim: 1)",
        "static.daily.peak_per_minute": "the same of a day (aim: 7)",
    },
}
"""What stands first on the page, by its place in the figures."""


def machine() -> dict[str, Any]:
    """The size of this machine: no names."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"cores": os.cpu_count(), "memory_gib": round(pages / 2**30), "python": ".".join(map(str, sys.version_info[:3]))}


def record(name: str, printed: str) -> None:
    """Keep one benchmark's figures, as they are today."""
    found = {
        "date": datetime.now(UTC).date().isoformat(),
        **machine(),
        "load": round(os.getloadavg()[2], 1),
        "figures": json.loads(printed),
    }
    RECORDED.mkdir(exist_ok=True)
    (RECORDED / f"{name}.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def run(name: str) -> str:
    """What a benchmark prints; one that misses its aim has figures all the same."""
    finished = subprocess.run([sys.executable, str(HERE / f"{name}.py")], stdout=subprocess.PIPE, text=True, check=False)
    if not finished.stdout.strip():
        sys.exit(f"{name} printed nothing and exited {finished.returncode}")
    return finished.stdout


def at(figures: Any, path: str) -> Any:
    """The figure at a dotted path."""
    for key in path.split("."):
        figures = figures[int(key)] if isinstance(figures, list) else figures[key]
    return figures


def page() -> str:
    """docs/benchmarks.md."""
    lines = ["<!-- Written by benchmarks/record.py from benchmarks/recorded/; run the benchmarks to change it. -->", "# Benchmarks", ""]
    lines += ["Ratios are of two sides of one run on one machine, and mean more than the seconds beside them.", ""]
    for name, ratios in RATIOS.items():
        path = RECORDED / f"{name}.json"
        lines += [f"## benchmarks/{name}.py", ""]
        if not path.exists():
            lines += ["No figures are recorded.", ""]
            continue
        found = json.loads(path.read_text(encoding="utf-8"))
        lines += [f"{found['date']}, {found['cores']} cores, {found['memory_gib']} GiB of memory, Python {found['python']}."]
        lines += [f"Load average when it ended: {found['load']} (above {found['cores']}, others used the machine too).", ""]
        lines += ["| figure | |", "|---|---|", *(f"| {text} | {at(found['figures'], key)} |" for key, text in ratios.items()), ""]
        lines += [
            "<details><summary>as printed</summary>",
            "",
            "```json",
            json.dumps(found["figures"], indent=2),
            "```",
            "",
            "</details>",
            "",
        ]
    return "\n".join(lines)


def main() -> None:
    """Record what is named, all where nothing is; write the page."""
    for argument in sys.argv[1:] or RATIOS:
        name, _, file = argument.partition("=")
        if name not in RATIOS:
            sys.exit(f"{name} is no benchmark; choose from {', '.join(RATIOS)}")
        record(name, Path(file).read_text(encoding="utf-8") if file else run(name))
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
