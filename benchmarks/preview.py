"""What the offline preview costs, beside registering as many bare resources on Pulumi's own mock runtime.

Each measurement is a process of its own; the two take turns in one run, so that a busy machine slows both. Imports are not counted: a
process first runs both sides once, small, then starts its clocks. Judged is processor time, which a busy machine hardly changes, and the
peak of memory. Prints JSON; exits 1 where a ratio is above the target.

    python benchmarks/preview.py [--counts 100,1000,5000] [--rounds 3]
"""

import argparse
import asyncio
import contextlib
import gc
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

from platformctl.project import find_project
from platformctl.readers.mock_run import run_stack

TARGET = 1.3
"""Most that the preview may cost, as a ratio to bare registration."""

LINEAR = 1.35
"""Most that the time per resource may grow from the middle count to the largest."""

PROGRAM = """
import pulumi_aws as aws

from platform_components.network.args import VpcArgs
from platform_components.network.vpc import Vpc

network = VpcArgs(cidr="10.32.0.0/16", zones=["euw1-az1", "euw1-az2", "euw1-az3"], ipv6=True, endpoints="eks-private")
for index in range({networks}):
    Vpc(f"net-{{index}}", network)
for index in range({rest}):
    aws.ec2.Subnet(f"rest-{{index}}", vpc_id="vpc-1", cidr_block="10.0.0.0/24", tags={{"Name": "rest"}})
"""
"""Networks as a production environment has them, and single subnets to make the number up."""


class _Echo(pulumi.runtime.Mocks):
    """The least a mock can do: inputs come back as outputs."""

    def call(self, _args: pulumi.runtime.MockCallArgs) -> Any:
        return {}, None

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> Any:
        return f"{args.name}-id", args.inputs


def preview(count: int, folder: Path) -> int:
    """Run a program of so many resources, most of them in real components, through the offline preview; say how many it registered."""
    networks = count // network_size(folder)
    return _run(folder, networks, count - networks * network_size(folder))


@cache
def network_size(folder: Path) -> int:
    """Resources of one network, the component included."""
    return _run(folder, 1, 0)


def _run(folder: Path, networks: int, rest: int) -> int:
    (folder / "Pulumi.yaml").write_text("name: platform\nruntime: python\n")
    (folder / "__main__.py").write_text(PROGRAM.format(networks=networks, rest=rest))
    # The stack itself is not counted.
    return len(run_stack(find_project(folder), "dev.network").graph) - 1


def bare(count: int, _folder: Path) -> int:
    """Register as many bare resources, with the same inputs, on Pulumi's mock runtime."""
    pulumi.runtime.set_mocks(_Echo(), project="platform", stack="dev.network", preview=False)

    def program() -> None:
        for index in range(count):
            aws.ec2.Subnet(
                f"subnet-{count}-{index}",
                vpc_id="vpc-1",
                cidr_block="10.0.0.0/24",
                availability_zone_id="euw1-az1",
                map_public_ip_on_launch=False,
                tags={"Name": "row", "Tier": "private"},
            )

    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    return count


SIDES: dict[str, Callable[[int, Path], int]] = {"preview": preview, "bare": bare}


def measure(side: str, count: int) -> dict[str, float]:
    """Measure one side in this process: seconds, processor seconds, and the peak of memory in MiB, whole and above where it stood."""
    # Pulumi's mock runtime works on the thread's loop, and leaves it open.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with contextlib.closing(loop), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Either side starts with the same modules loaded: importing is not what is compared.
        for each in SIDES.values():
            each(3, folder)
        gc.collect()
        before = _resident()
        start, cpu = time.perf_counter(), time.process_time()
        registered = SIDES[side](count, folder)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        peak = _peak()
    return {"resources": registered, "seconds": seconds, "cpu_seconds": cpu, "peak_mib": peak, "grown_mib": peak - before}


def _resident() -> float:
    status = Path("/proc/self/status")
    return _status(status, "VmRSS") if status.exists() else _peak()


def _peak() -> float:
    # VmHWM, where there is one: ru_maxrss of a child also counts what its parent held when it was started.
    status = Path("/proc/self/status")
    if status.exists():
        return _status(status, "VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _status(path: Path, field: str) -> float:
    line = next(line for line in path.read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) / 1024


def compare(count: int, rounds: int) -> dict[str, Any]:
    """Measure both sides in turns, each in its own process, and set the least disturbed of each side by side."""
    results: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for _ in range(rounds):
        for side, measured in results.items():
            command = [sys.executable, "-W", "ignore", __file__, "--child", side, "--counts", str(count)]
            measured.append(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))
    best = {side: {key: min(run[key] for run in runs) for key in runs[0]} for side, runs in results.items()}
    return {
        "count": count,
        **{side: {key: round(value, 3) for key, value in figures.items()} for side, figures in best.items()},
        "time_ratio": round(best["preview"]["cpu_seconds"] / best["bare"]["cpu_seconds"], 3),
        "wall_ratio": round(best["preview"]["seconds"] / best["bare"]["seconds"], 3),
        "peak_ratio": round(best["preview"]["peak_mib"] / best["bare"]["peak_mib"], 3),
        "grown_ratio": round(best["preview"]["grown_mib"] / max(best["bare"]["grown_mib"], 0.1), 3),
        "ms_per_resource": round(1000 * best["preview"]["cpu_seconds"] / best["preview"]["resources"], 3),
    }


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", default="100,1000,5000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    counts = [int(count) for count in options.counts.split(",")]
    if options.child:
        print(json.dumps(measure(options.child, counts[0])))
        return 0
    sizes = [compare(count, options.rounds) for count in counts]
    # Where there is only one count there is nothing to grow from.
    growth = sizes[-1]["ms_per_resource"] / sizes[-2]["ms_per_resource"] if len(sizes) > 1 else 1.0
    within = all(size["time_ratio"] <= TARGET and size["peak_ratio"] <= TARGET for size in sizes) and growth <= LINEAR
    print(json.dumps({"sizes": sizes, "growth": round(growth, 3), "target": TARGET, "linear": LINEAR, "within": within}, indent=2))
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
