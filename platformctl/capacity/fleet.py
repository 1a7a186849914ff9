"""What a fleet of runners needs underneath: nodes, addresses and money."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from platform_policies.pricing.catalogue import Catalogue, Price
from platform_policies.pricing.ceilings import SIZES

from platform_components.ci.sizing import Size

GIB_PER_VCPU: Final[Mapping[str, int]] = {"c": 2, "m": 4, "r": 8}
"""Memory by the letter a family begins with (https://docs.aws.amazon.com/ec2/latest/instancetypes/)."""
DAEMONS: Final = (0.25, 0.5)
"""vCPU and GiB that node agents (network, DNS cache, logs, metrics) take of each node; our own charts' requests, rounded up."""
DAEMON_PODS: Final = 3
"""Pods of node agents that take an address of their own; the others are on the host network."""
WORKING_DAYS: Final = Decimal(260) / 12
"""Working days of a month, holidays not taken off."""
MONTH_DAYS: Final = Decimal(730) / 24


@dataclass(frozen=True, slots=True)
class RunnerClass:
    """What a runner of one kind asks for, and how much of the work is its own."""

    name: str
    vcpu: float
    gib: float
    share: float = 100
    """Per cent of the jobs."""


@dataclass(frozen=True, slots=True)
class Need:
    """Nodes, addresses and money for one class at its largest."""

    per_node: int
    nodes: int
    addresses: int
    monthly: Decimal | None
    """US dollars on demand if nodes are packed full and leave with their runners; None without a price."""
    price: Price | None


def allocatable(instance: str) -> tuple[float, float] | None:
    """Room a node leaves to runners, in vCPU and GiB; None where the instance type is not known here.

    What the kubelet keeps is computed as the EKS images do: 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the
    rest; of the memory 255 MiB and 11 MiB a pod, here for 110 pods, and 100 MiB for eviction
    (https://github.com/awslabs/amazon-eks-ami, nodeadm's kubelet defaults).
    """
    family, _, size = instance.partition(".")
    cores, ratio = SIZES.get(size), GIB_PER_VCPU.get(family[:1])
    if cores is None or ratio is None:
        return None
    kept = 0.06 + 0.01 * (cores > 1) + 0.005 * min(2, max(0, cores - 2)) + 0.0025 * max(0, cores - 4)
    memory = cores * ratio - (255 + 11 * 110 + 100) / 1024
    return cores - kept - DAEMONS[0], memory - DAEMONS[1]


def need(size: Size, runner: RunnerClass, instance: str, catalogue: Catalogue) -> Need | None:
    """What a class needs on one instance type; None where not even one runner fits a node."""
    room = allocatable(instance)
    per_node = min(math.floor(room[0] / runner.vcpu), math.floor(room[1] / runner.gib)) if room else 0
    if per_node < 1:
        return None
    nodes = math.ceil(size.runners / per_node)
    price = catalogue.get(f"ec2.{instance}")
    hours = Decimal(size.busy_hours) * WORKING_DAYS + size.idle * 24 * MONTH_DAYS
    return Need(
        per_node=per_node,
        nodes=nodes,
        addresses=size.runners + nodes * (1 + DAEMON_PODS),
        monthly=hours / per_node * price.usd if price else None,
        price=price,
    )
