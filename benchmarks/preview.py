"""What the offline preview costs, beside registering as many bare resources on Pulumi's own mock runtime.

Each measurement is a process of its own; the two take turns in one run, so that a busy machine slows both. Imports are not counted: a
process first runs a handful of resources, then starts its clock. Prints JSON; exits 1 where a ratio is above the target.

    python benchmarks/preview.py [--counts 100,1000,5000] [--rounds 3]
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
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

PER_COMPONENT = 50
"""Resources of one component of the program under measurement, the component included."""

PROGRAM = '''
import sys

import pulumi
import pulumi_aws as aws
from pydantic import Field

from platform_components.args import Args
from platform_components.component import PlatformComponent
from platform_components.names import child_name


class SubnetsArgs(Args):
    """What a row of subnets is given."""

    count: int = Field(description="Number of subnets.")


class Subnets(PlatformComponent):
    """A row of subnets: as many inputs and dependencies as a real one has."""

    subnet_ids: pulumi.Output[list[str]]

    def __init__(self, name, args, opts=None):
        super().__init__(name, args, opts)
        vpc = aws.ec2.Vpc(child_name(name, "vpc"), cidr_block="10.0.0.0/16", tags={"Name": name}, opts=self.child_options())
        subnets = [
            aws.ec2.Subnet(
                child_name(name, "subnet", str(index)),
                vpc_id=vpc.id,
                cidr_block=f"10.0.{index}.0/24",
                availability_zone_id="euw1-az1",
                map_public_ip_on_launch=False,
                tags={"Name": name, "Tier": "private"},
                opts=self.child_options(),
            )
            for index in range(args.count)
        ]
        self.subnet_ids = pulumi.Output.all(*[subnet.id for subnet in subnets])
        self.register()


left = COUNT
while left > 0:
    here = min(left, PER_COMPONENT)
    Subnets(f"row-{left}", SubnetsArgs(count=max(0, here - 2)))
    left -= max(here, 2)
'''


class _Echo(pulumi.runtime.Mocks):
    """The least a mock can do: inputs come back as outputs."""

    def call(self, _args: pulumi.runtime.MockCallArgs) -> Any:
        return {}, None

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> Any:
        return f"{args.name}-id", args.inputs


def preview(count: int, folder: Path) -> int:
    """Run a program of about `count` resources through the offline preview; say how many it registered."""
    main = folder / "stacks"
    main.mkdir(exist_ok=True)
    (folder / "Pulumi.yaml").write_text("name: platform\nmain: stacks/\nruntime: python\n")
    (main / "__main__.py").write_text(PROGRAM.replace("PER_COMPONENT", str(PER_COMPONENT)).replace("COUNT", str(count)))
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
    """Measure one side in this process: seconds, and the peak of memory above where it stood before, in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        SIDES[side](3, Path(folder))
        before = _resident()
        start = time.perf_counter()
        registered = SIDES[side](count, Path(folder))
        seconds = time.perf_counter() - start
        peak = _peak()
    return {"resources": registered, "seconds": seconds, "peak_mib": peak, "grown_mib": peak - before}


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
    """Measure both sides in turns, each in its own process, and set their medians side by side."""
    results: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for _ in range(rounds):
        for side, measured in results.items():
            # Bare resources are as many as the preview registered, components included.
            amount = int(results["preview"][0]["resources"]) if side == "bare" else count
            command = [sys.executable, "-W", "ignore", __file__, "--child", side, "--counts", str(amount)]
            measured.append(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))
    medians = {side: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for side, runs in results.items()}
    return {
        "count": count,
        **{side: {key: round(value, 3) for key, value in figures.items()} for side, figures in medians.items()},
        "time_ratio": round(medians["preview"]["seconds"] / medians["bare"]["seconds"], 3),
        "peak_ratio": round(medians["preview"]["peak_mib"] / medians["bare"]["peak_mib"], 3),
        "grown_ratio": round(medians["preview"]["grown_mib"] / max(medians["bare"]["grown_mib"], 0.1), 3),
        "ms_per_resource": round(1000 * medians["preview"]["seconds"] / medians["preview"]["resources"], 3),
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
