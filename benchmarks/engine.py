"""`up` of one of our stacks against a bare program of the same resources, on the same engine and sandbox, in the same run.

The bare program registers what the stack registers, type by type and input by input, from a flat list: no components, no environment
file, no plan. Both are run by turns (A B A B) on fresh stacks; the ratio of medians is printed as JSON. A ratio of 1.3 or less is the aim.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PLATFORMCTL = (sys.executable, "-m", "platformctl")

BARE_PROGRAM = '''"""A flat program: every resource of the recorded stack, straight from its recorded inputs."""
import json
from pathlib import Path

import pulumi

RECORDED = json.loads((Path(__file__).parent / "recorded.json").read_text(encoding="utf-8"))
made = {}


def revive(value):
    if isinstance(value, dict):
        if set(value) == {"$output"}:
            urn, name = value["$output"]
            return made[urn].id if name == "id" else made[urn].__dict__[name]
        return {key: revive(item) for key, item in value.items()}
    return [revive(item) for item in value] if isinstance(value, list) else value


class Bare(pulumi.CustomResource):
    def __init__(self, kind, name, inputs, outputs, opts):
        super().__init__(kind, name, {**dict.fromkeys(outputs), **inputs}, opts)


for entry in RECORDED:
    options = pulumi.ResourceOptions(depends_on=[made[urn] for urn in entry["dependencies"] if urn in made])
    if entry["custom"]:
        made[entry["urn"]] = Bare(entry["type"], entry["name"], revive(entry["inputs"]), entry["outputs"], options)
    else:
        made[entry["urn"]] = pulumi.ComponentResource(entry["type"], entry["name"], {}, options)
'''


def run(command: list[str], cwd: Path, environ: dict[str, str]) -> str:
    """Run one command to its end; its output, or the end of the benchmark."""
    finished = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False)
    if finished.returncode:
        sys.exit(f"{' '.join(command)} exited {finished.returncode}\n{finished.stdout[-4000:]}\n{finished.stderr[-4000:]}")
    return finished.stdout


def timed_up(folder: Path, stack: str, environ: dict[str, str]) -> float:
    """Seconds that `pulumi up` of a fresh stack takes; the stack is destroyed and removed afterwards."""
    run(["pulumi", "stack", "init", stack, "--non-interactive"], folder, environ)
    begun = time.perf_counter()
    run(["pulumi", "up", "--stack", stack, "--yes", "--skip-preview", "--non-interactive"], folder, environ)
    seconds = time.perf_counter() - begun
    run(["pulumi", "destroy", "--stack", stack, "--yes", "--skip-preview", "--non-interactive", "--remove"], folder, environ)
    return seconds


def recorded_resources(folder: Path, stack: str, environ: dict[str, str]) -> list[dict[str, Any]]:
    """Bring the stack up once and read its resources back from the engine's state: types, names, inputs as they were resolved."""
    run(["pulumi", "stack", "init", stack, "--non-interactive"], folder, environ)
    run(["pulumi", "up", "--stack", stack, "--yes", "--skip-preview", "--non-interactive"], folder, environ)
    state = json.loads(run(["pulumi", "stack", "export", "--stack", stack, "--show-secrets"], folder, environ))
    run(["pulumi", "destroy", "--stack", stack, "--yes", "--skip-preview", "--non-interactive", "--remove"], folder, environ)
    resources = state["deployment"]["resources"]
    return flat([item for item in resources if item["type"] != "pulumi:pulumi:Stack" and not item["type"].startswith("pulumi:providers:")])


def flat(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Resources of a state as entries of the bare program: a value that an earlier resource gave out becomes a reference to it."""
    origin: dict[str, tuple[str, str]] = {}
    read: dict[str, set[str]] = {}

    def refer(value: Any) -> Any:
        if isinstance(value, str) and value in origin:
            urn, name = origin[value]
            read[urn].add(name)
            return {"$output": [urn, name]}
        if isinstance(value, dict):
            return {key: refer(item) for key, item in value.items() if not key.startswith("__")}
        return [refer(item) for item in value] if isinstance(value, list) else value

    entries = []
    for item in resources:
        urn = item["urn"]
        entry = {"urn": urn, "type": item["type"], "name": urn.rsplit("::", 1)[1], "custom": bool(item.get("custom"))}
        entries.append({**entry, "inputs": refer(item.get("inputs", {})), "dependencies": item.get("dependencies", [])})
        read[urn] = set()
        # Ids and ARNs alone: a region or a CIDR is a plain value, wherever else it appears.
        given = {"id": item.get("id"), **item.get("outputs", {})} if entry["custom"] else {}
        for name, value in given.items():
            if isinstance(value, str) and (name == "id" or value.startswith("arn:") or name.endswith("Id")):
                origin.setdefault(value, (urn, name))
    return [{**entry, "outputs": sorted(read[entry["urn"]] - {"id"})} for entry in entries]


def main() -> None:
    """Measure, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="counted runs of each program")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as scratch:
        ours = Path(scratch) / "ours"
        ours.mkdir()
        shutil.copy(ROOT / "Pulumi.yaml", ours)
        shutil.copytree(ROOT / "stacks", ours / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
        run([*PLATFORMCTL, "sandbox", "start", "-C", str(ours)], ours, dict(os.environ))
        try:
            environ = {**os.environ, **json.loads(run([*PLATFORMCTL, "sandbox", "env", "--json", "-C", str(ours)], ours, dict(os.environ)))}
            stack = "dev.network"
            recorded = recorded_resources(ours, stack, environ)
            bare = Path(scratch) / "bare"
            bare.mkdir()
            (bare / "Pulumi.yaml").write_text("name: bare\nruntime: python\n", encoding="utf-8")
            (bare / "__main__.py").write_text(BARE_PROGRAM, encoding="utf-8")
            (bare / "recorded.json").write_text(json.dumps(recorded), encoding="utf-8")
            environ.setdefault("AWS_REGION", "eu-west-1")
            seconds: dict[str, list[float]] = {"ours": [], "bare": []}
            for _ in range(rounds):
                seconds["ours"].append(timed_up(ours, stack, environ))
                seconds["bare"].append(timed_up(bare, "bare", environ))
        finally:
            run([*PLATFORMCTL, "sandbox", "stop", "-C", str(ours)], ours, dict(os.environ))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    figures = {
        "resources": len(recorded),
        "rounds": rounds,
        "seconds": seconds,
        "ratio": round(medians["ours"] / medians["bare"], 3),
        "aim": 1.3,
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
