"""What shards are for: `up` of many teams over several stacks, beside a tenth as many in theirs, and beside as many in one stack.

All on the real engine in a sandbox with a Kubernetes API of its own, each in a repository of its own, in one run; the layers below are
stand-ins that only export what the tenants' layer reads. The shards and the one stack run at the same time, so that whatever else the
machine does slows both. The one stack is stopped once it is plain how it ends, or when it has had three times the time of all shards: each
further resource takes longer than the last, so that each of those left would have taken at least as long as those of the last tenth did.
That tenth is measured when the one stack has the machine for itself, which is to its advantage. Prints JSON; exits 1 where an aim is
missed.

    python benchmarks/shards.py [--teams 100]
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import boto3
import yaml
from tenants import UPSTREAM, repository  # beside this file

from platform_components.tenancy.placement import TEAMS_PER_SHARD, shards_needed
from platformctl.sandbox.client import SandboxClient

PLATFORMCTL = (sys.executable, "-W", "ignore", "-m", "platformctl")
SAME, FASTER = 1.2, 4.0
"""Most that a team may take beside one of a tenth as many, and how many times faster than one stack all shards have to be."""
FEWER = 10
"""How many times fewer teams the small side has."""
PATIENCE = 3
"""How many times longer than all shards the one stack may take before it is stopped."""
PLAIN = 1.1
"""How many times over the aim its end has to be foreseen for it to be plain."""
RECENT = 0.1
"""Share of what is made that tells how fast the one stack is now."""
CLUSTER = "https://tenants.example.com"

STAND_IN = """
import json
import pulumi


def build(environment, upstream):
    values = json.loads({values!r})
    return {{key: pulumi.Output.secret(value) if key == "kubeconfig" else value for key, value in values.items()}}
"""


def kubeconfig() -> str:
    """Of the sandbox's cluster, which is known by its address."""
    names = {"cluster": {"cluster": "sandbox", "user": "nobody"}}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "sandbox",
            "clusters": [{"name": "sandbox", "cluster": {"server": CLUSTER}}],
            "contexts": [{"name": "sandbox", "context": names["cluster"]}],
            "users": [{"name": "nobody", "user": {}}],
        }
    )


def prepare(folder: Path, teams: int, shards: int) -> None:
    """A repository of so many teams in so many stacks, on stand-ins for the layers below."""
    repository(folder, teams)
    stacks = folder / "stacks"
    path = stacks / "environments" / "dev.yaml"
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))
    # Without mesh, GitOps and secrets: their kinds and engines would have to be there first.
    declared["platform"] = {}
    del declared["secrets"]
    declared["tenants"] = {"shards": shards, "teams_per_shard": 200}
    for other in path.parent.glob("*.yaml"):
        other.unlink()
    path.write_text(yaml.safe_dump(declared), encoding="utf-8")
    (stacks / "layers" / "order.yaml").write_text("[cluster, platform, tenants]\n", encoding="utf-8")
    below = {**UPSTREAM, "dev.cluster": {**UPSTREAM["dev.cluster"], "kubeconfig": kubeconfig()}}
    for stack, values in below.items():
        (stacks / "layers" / f"{stack.partition('.')[2]}.py").write_text(STAND_IN.format(values=json.dumps(values)), encoding="utf-8")


def platformctl(folder: Path, *arguments: str) -> str:
    """Run the command line in a repository; what it prints on stdout, or the end of the benchmark."""
    finished = subprocess.run([*PLATFORMCTL, *arguments, "-C", str(folder)], capture_output=True, text=True, check=False)
    if finished.returncode:
        sys.exit(f"{' '.join(arguments)} exited {finished.returncode}\n{finished.stdout[-4000:]}\n{finished.stderr[-4000:]}")
    return finished.stdout


@contextlib.contextmanager
def sandbox(folder: Path) -> Iterator[None]:
    """A sandbox of the repository's own, with the layers below brought up and its Kubernetes API running."""
    platformctl(folder, "sandbox", "start")
    try:
        told = json.loads(platformctl(folder, "sandbox", "status", "--json"))
        answer = SandboxClient(told["url"], timeout=180).request("GET", "kubernetes", CLUSTER)
        if not answer.ok or "api" not in answer.body:
            sys.exit("the sandbox has no Kubernetes API; run `platformctl tools install kubernetes`")
        aws = json.loads(platformctl(folder, "sandbox", "env", "--json"))
        eks = boto3.client(
            "eks",
            endpoint_url=aws["AWS_ENDPOINT_URL"],
            region_name="eu-west-1",
            aws_access_key_id=aws["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=aws["AWS_SECRET_ACCESS_KEY"],
        )
        eks.create_cluster(name="dev", roleArn="arn:aws:iam::123456789012:role/dev", resourcesVpcConfig={"subnetIds": []})
        for layer in ("cluster", "platform"):
            platformctl(folder, "up", f"dev.{layer}", "--sandbox")
        yield
    finally:
        platformctl(folder, "sandbox", "stop")


@dataclass(frozen=True)
class Run:
    """How far an `up` came."""

    seconds: float
    created: int
    """Resources made in the cloud; components are not counted."""
    recent: float
    """Seconds that each of the last tenth took."""
    finished: bool

    def whole(self, resources: int) -> float:
        """Seconds that so many resources take at least."""
        return self.seconds if self.finished else self.seconds + max(0, resources - self.created) * self.recent


class Pace:
    """How many resources there were when."""

    def __init__(self) -> None:
        self._seen: list[tuple[float, int]] = [(0.0, 0)]

    def run(self, seconds: float, created: int, *, finished: bool) -> Run:
        """How far it has come, and how fast it is now."""
        if created > self._seen[-1][1]:
            self._seen.append((seconds, created))
        begun, before = max(seen for seen in self._seen if seen[1] <= (1 - RECENT) * created)
        return Run(seconds, created, (seconds - begun) / (created - before) if created > before else 0.0, finished)


def bring_up(folder: Path, enough: Callable[[Run], bool]) -> Run:
    """Bring the teams up; stopped where it is enough."""
    told = folder / "told"
    command = [*PLATFORMCTL, "up", "dev.tenants", "--sandbox", "--json", "-C", str(folder)]
    with told.open("w", encoding="utf-8") as stderr:
        begun, pace = time.perf_counter(), Pace()

        def come(*, finished: bool) -> Run:
            seconds = time.perf_counter() - begun
            made = sum(line.startswith("+ ") for line in told.read_text(encoding="utf-8").splitlines())
            return pace.run(seconds, made, finished=finished)

        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True)
        while running.poll() is None and not enough(come(finished=False)):
            time.sleep(1)
        stopped = running.poll() is None
        run = come(finished=not stopped)
        if stopped:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
    if not stopped and running.returncode:
        sys.exit(f"up exited {running.returncode}\n{told.read_text(encoding='utf-8')[-4000:]}")
    return run


def measure(teams: int, shards: int, enough: Callable[[Run], bool] = lambda _: False) -> Run:
    """Bring so many teams up in so many stacks; time is that of the whole command."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        prepare(folder, teams, shards)
        with sandbox(folder):
            return bring_up(folder, enough)


def judged(teams: Mapping[str, int], stacks: Mapping[str, int], runs: Mapping[str, Run]) -> dict[str, Any]:
    """The figures of a run."""
    few, many, one = runs["few"], runs["many"], runs["one"]
    whole = one.whole(many.created)
    sides = {
        name: {
            "teams": teams[name],
            "stacks": stacks[name],
            **asdict(run),
            "seconds": round(run.seconds, 1),
            "recent": round(run.recent, 3),
        }
        for name, run in runs.items()
    }
    growth = (many.seconds / teams["many"]) / (few.seconds / teams["few"])
    return {
        **sides,
        "one_stack_at_least_seconds": round(whole, 1),
        "growth": round(growth, 3),
        "faster": round(whole / many.seconds, 2),
        "within": growth <= SAME and whole / many.seconds >= FASTER,
    }


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--teams", type=int, default=100)
    parser.add_argument("--per-shard", type=int, default=TEAMS_PER_SHARD)
    options = parser.parse_args()
    teams = {"few": max(1, options.teams // FEWER), "many": options.teams, "one": options.teams}
    stacks = {name: shards_needed((f"team-{index:04d}" for index in range(count)), options.per_shard) for name, count in teams.items()}
    stacks["one"] = 1
    runs = {"few": measure(teams["few"], stacks["few"])}
    print(runs, file=sys.stderr, flush=True)
    with ThreadPoolExecutor() as together:
        many = together.submit(measure, teams["many"], stacks["many"])

        def enough(run: Run) -> bool:
            """Only what was made after the shards ended tells how fast the one stack is by itself."""
            if not many.done():
                return False
            most = many.result()
            alone = run.created * (1 - RECENT) >= at_their_end.setdefault("created", run.created)
            plain = alone and run.whole(most.created) >= PLAIN * FASTER * most.seconds
            return plain or run.seconds > PATIENCE * most.seconds

        at_their_end: dict[str, int] = {}
        one = together.submit(measure, teams["one"], 1, enough)
        runs |= {"many": many.result(), "one": one.result()}
    found = judged(teams, stacks, runs)
    print(json.dumps(found, indent=2))
    return 0 if found["within"] else 1


if __name__ == "__main__":
    sys.exit(main())
