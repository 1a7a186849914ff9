"""What hundreds of teams cost: the offline preview of their stacks beside as many bare resources, and its memory.

Each measurement is a process of its own, and the two sides take turns, as in preview.py. Prints JSON; exits 1 where an aim is missed.

    python benchmarks/tenants.py [--counts 50,500] [--rounds 2]
"""

import argparse
import asyncio
import contextlib
import gc
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
import pulumi_vault as vault
from preview import _Echo, _peak  # beside this file

from platformctl.project import find_project
from platformctl.readers.mock_run import run_stack

ROOT = Path(__file__).parents[1]
TARGET, LINEAR, MEMORY_MIB = 1.3, 1.35, 1536
"""Most that the preview may cost as a ratio to bare registration, that the time per resource may grow, and that it may hold."""

UPSTREAM = {
    "dev.cluster": {
        "cluster_name": "dev",
        "cluster_arn": "arn:aws:eks:eu-west-1:123456789012:cluster/dev",
        "kubeconfig": "{}",
    },
    "dev.platform": {
        "cost_alerts_topic_arn": "arn:aws:sns:eu-west-1:123456789012:costs",
        "secrets_address": "https://vault.example",
    },
}
TEAM = """team: team-{index:04d}
owners: ["@team-{index:04d}"]
group: sso-team-{index:04d}
environments: [dev]
services:
  api: {{port: 8080}}
budget: {{monthly_usd: 500}}
"""


def repository(folder: Path, count: int) -> None:
    """A platform repository with so many teams, and as many shards as they take."""
    import shutil  # noqa: PLC0415 -- used by this side alone

    from platform_components.tenancy.placement import TEAMS_PER_SHARD, shards_needed  # noqa: PLC0415

    shutil.copy(ROOT / "Pulumi.yaml", folder)
    shutil.copytree(ROOT / "stacks", folder / "stacks", ignore=shutil.ignore_patterns("__pycache__", "teams"))
    teams = folder / "stacks" / "teams"
    teams.mkdir()
    for index in range(count):
        (teams / f"team-{index:04d}.yaml").write_text(TEAM.format(index=index), encoding="utf-8")
    shards = shards_needed((f"team-{index:04d}" for index in range(count)), TEAMS_PER_SHARD)
    environment = folder / "stacks" / "environments" / "dev.yaml"
    environment.write_text(environment.read_text(encoding="utf-8") + f"tenants: {{shards: {shards}}}\n", encoding="utf-8")


def preview(folder: Path) -> int:
    """Run every shard's program; say how many resources there are, the stacks not counted."""
    project = find_project(folder)
    return sum(len(run_stack(project, stack, upstream=UPSTREAM).graph) - 1 for stack in project.stacks_of("dev.tenants"))


BARE: Mapping[str, Any] = {
    "aws:budgets/budget:Budget": aws.budgets.Budget,
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": aws.ecr.LifecyclePolicy,
    "aws:ecr/repository:Repository": aws.ecr.Repository,
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": aws.eks.PodIdentityAssociation,
    "aws:iam/role:Role": aws.iam.Role,
    "kubernetes:core/v1:ConfigMap": k8s.core.v1.ConfigMap,
    "kubernetes:core/v1:LimitRange": k8s.core.v1.LimitRange,
    "kubernetes:core/v1:Namespace": k8s.core.v1.Namespace,
    "kubernetes:core/v1:ResourceQuota": k8s.core.v1.ResourceQuota,
    "kubernetes:core/v1:ServiceAccount": k8s.core.v1.ServiceAccount,
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": k8s.networking.v1.NetworkPolicy,
    "kubernetes:rbac.authorization.k8s.io/v1:Role": k8s.rbac.v1.Role,
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": k8s.rbac.v1.RoleBinding,
    "vault:index/policy:Policy": vault.Policy,
    "vault:kubernetes/authBackendRole:AuthBackendRole": vault.kubernetes.AuthBackendRole,
    "vault:pkiSecret/secretBackendRole:SecretBackendRole": vault.pkisecret.SecretBackendRole,
    "vault:transit/secretBackendKey:SecretBackendKey": vault.transit.SecretBackendKey,
    **{
        f"kubernetes:{version}:{kind}": partial(k8s.apiextensions.CustomResource, api_version=version, kind=kind)
        for version, kind in (("external-secrets.io/v1", "SecretStore"), ("security.istio.io/v1", "AuthorizationPolicy"))
    },
}


def recorded(folder: Path) -> list[tuple[Any, dict[str, Any]]]:
    """Class and arguments of a team's objects: what takes longest to register is long inputs, and either side has the same."""
    graph = run_stack(find_project(folder), "dev.tenants-00", upstream=UPSTREAM, preview=False).graph
    return [
        (BARE[node.type], {_snake(key): value for key, value in node.inputs.items() if key not in ("apiVersion", "kind")})
        for node in graph
        if node.type in BARE
    ]


def _snake(key: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", key).lower()


def bare(count: int, objects: list[tuple[Any, dict[str, Any]]]) -> int:
    """Register as many objects, the same ones in turns, on Pulumi's mock runtime."""
    pulumi.runtime.set_mocks(_Echo(), project="platform", stack="dev.tenants-00", preview=False)

    def program() -> None:
        for index in range(count):
            kind, arguments = objects[index % len(objects)]
            kind(f"bare-{index}", **arguments)

    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    return count


def measure(side: str, count: int) -> dict[str, float]:
    """Measure one side in this process; of teams for ours, of resources for the bare one."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with contextlib.closing(loop), tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        # Either side starts with the same modules loaded: importing is not what is compared.
        repository(Path(first), 1)
        preview(Path(first))
        objects = recorded(Path(first))
        bare(3, objects)
        repository(Path(second), count if side == "teams" else 1)
        gc.collect()
        start, cpu = time.perf_counter(), time.process_time()
        registered = preview(Path(second)) if side == "teams" else bare(count, objects)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        peak = _peak()
    return {"resources": registered, "seconds": seconds, "cpu_seconds": cpu, "peak_mib": peak}


def child(side: str, count: int) -> dict[str, Any]:
    """Measure one side in a process of its own."""
    command = [sys.executable, "-W", "ignore", __file__, "--child", side, "--counts", str(count)]
    return dict(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


def compare(teams: int, rounds: int) -> dict[str, Any]:
    """Both sides in turns, and the least disturbed of each."""
    ours: list[dict[str, Any]] = []
    plain: list[dict[str, Any]] = []
    for _ in range(rounds):
        ours.append(child("teams", teams))
        plain.append(child("bare", ours[-1]["resources"]))
    best = {name: {key: min(run[key] for run in runs) for key in runs[0]} for name, runs in (("ours", ours), ("bare", plain))}
    return {
        "teams": teams,
        **{name: {key: round(value, 2) for key, value in figures.items()} for name, figures in best.items()},
        "time_ratio": round(best["ours"]["cpu_seconds"] / best["bare"]["cpu_seconds"], 3),
        "ms_per_team": round(1000 * best["ours"]["cpu_seconds"] / teams, 2),
    }


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", default="50,500")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--child", choices=("teams", "bare"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    counts = [int(count) for count in options.counts.split(",")]
    if options.child:
        print(json.dumps(measure(options.child, counts[0])))
        return 0
    sizes = [compare(count, options.rounds) for count in counts]
    growth = sizes[-1]["ms_per_team"] / sizes[0]["ms_per_team"]
    peak = sizes[-1]["ours"]["peak_mib"]
    within = all(size["time_ratio"] <= TARGET for size in sizes) and growth <= LINEAR and peak <= MEMORY_MIB
    print(json.dumps({"sizes": sizes, "growth": round(growth, 3), "peak_mib": peak, "aim": TARGET, "within": within}, indent=2))
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
