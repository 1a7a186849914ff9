"""What an environment's file lets its cluster grow to: CPU, memory and pods by its node pools, addresses by its subnets. Pure."""

from collections.abc import Mapping
from typing import Final

from platform_policies.pricing.ceilings import SIZES

from platform_components.cluster.pools import ManagedPool, ProvisionedPool
from platform_components.declarations.addresses import node_addresses
from platform_components.declarations.environment import Environment
from platformctl.capacity.fleet import GIB_PER_VCPU

NODE_VCPU: Final = 4
"""vCPU of a node, where the pool says nothing: only the number of pods depends on it."""
PODS_PER_NODE: Final = 110
"""Pods of a node below 30 vCPU with prefix delegation (https://docs.aws.amazon.com/eks/latest/userguide/cni-increase-ip-addresses.html)."""
GIB: Final = 2**30

Key = tuple[str, str]
"""Resource and name, as a series has them."""


def limits(environment: Environment, pods_per_node: int = PODS_PER_NODE) -> Mapping[Key, float]:
    """Limits by resource and name. What no file bounds (Fargate, an instance type that is not known) is left out."""
    found: dict[Key, float] = {}
    cpu, memory, nodes = 0.0, 0.0, 0.0
    bounded = True
    for name, pool in environment.cluster.all_pools.items():
        size = _size(pool)
        if size is None:
            bounded = False
            continue
        vcpu, gib, count = size
        cpu, memory, nodes = cpu + vcpu, memory + gib, nodes + count
        if isinstance(pool, ProvisionedPool):
            found["pool", name] = vcpu
    if bounded and cpu:
        found |= {("cpu", ""): cpu, ("memory", ""): memory * GIB, ("pods", ""): nodes * pods_per_node}
    return {**found, **{("addresses", zone): float(count) for zone, count in node_addresses(environment).items()}}


def _size(pool: object) -> tuple[float, float, float] | None:
    """vCPU, GiB and nodes that a pool may grow to."""
    if isinstance(pool, ManagedPool):
        machines = [_machine(kind) for kind in pool.instance_types]
        known = [machine for machine in machines if machine is not None]
        if not known or len(known) < len(machines):
            return None
        return pool.max * min(vcpu for vcpu, _ in known), pool.max * min(gib for _, gib in known), float(pool.max)
    if isinstance(pool, ProvisionedPool):
        least = min(GIB_PER_VCPU.values())
        ratio = min((GIB_PER_VCPU.get(_letter(name), least) for name in pool.families or pool.instance_types), default=least)
        gib = float(pool.limit_memory_gib or pool.limit_vcpu * ratio)
        return float(pool.limit_vcpu), gib, pool.limit_vcpu / max(NODE_VCPU, pool.min_vcpu or 0)
    return None


def _machine(instance: str) -> tuple[float, float] | None:
    """VCPU and GiB of an instance type; None where it is not known here."""
    _, _, size = instance.partition(".")
    if size == "medium":
        return (2, 4) if instance.startswith("t") else None
    vcpu, ratio = SIZES.get(size), GIB_PER_VCPU.get(_letter(instance))
    return (vcpu, vcpu * ratio) if vcpu is not None and ratio is not None else None


def _letter(instance: str) -> str:
    """The letter a family begins with; from large on, `t` has the memory of `m`."""
    return "m" if instance.startswith("t") else instance[:1]
