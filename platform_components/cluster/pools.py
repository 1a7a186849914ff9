"""Pools: node capacity as an environment file declares it. One shape for each engine, told apart by `capacity`.

A field that an engine cannot honour does not exist in its shape, so a conflict is refused where it is written.
"""

from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from platform_components.args import Args
from platform_components.cluster.instances import architectures, instance_problem
from platform_components.cluster.versions import version_problem
from platform_components.labels import DEDICATED_KEY, POOL_LABEL, TENANT_POOL_PREFIX

POOL_NAME_PATTERN = r"^[a-z][a-z0-9-]{0,14}[a-z0-9]$"
"""2 to 16 characters: the node group's name, which is made from it, may have 63."""


def _not_a_tenants(name: str) -> str:
    if name.startswith(TENANT_POOL_PREFIX):
        raise PydanticCustomError(
            "pool_name", "{message}", {"message": f"{name}: names that begin with {TENANT_POOL_PREFIX} are those of tenants' own pools"}
        )
    return name


PoolName = Annotated[str, Field(pattern=POOL_NAME_PATTERN), AfterValidator(_not_a_tenants)]
Percent = Annotated[int, Field(ge=1, le=100)]
InstanceType = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$")]
InstanceFamily = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]


class NodeOs(StrEnum):
    """Operating system of a node."""

    AL2023 = "al2023"
    BOTTLEROCKET = "bottlerocket"


class Accelerator(StrEnum):
    """Drivers the image brings along."""

    NONE = "none"
    NVIDIA = "nvidia"
    NEURON = "neuron"


class TaintEffect(StrEnum):
    """What a taint does to pods that do not tolerate it."""

    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"


class Taint(Args):
    """A taint of a pool's nodes."""

    key: str = Field(min_length=1, max_length=63, description="Key of the taint. Required.")
    value: str = Field(default="", max_length=63, description="Value of the taint. Omitted: none.")
    effect: TaintEffect = Field(
        default=TaintEffect.NO_SCHEDULE, description="What it does to pods that do not tolerate it. Omitted: NoSchedule."
    )


IOPS_PER_GIB = 500
IOPS_PER_MIB = 4
"""What gp3 demands: at most 500 IOPS for each GiB, and 4 IOPS for each MiB per second of throughput
(https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html). AWS refuses the launch, not the launch template."""

AUTO_LIFETIME_HOURS = 21 * 24
"""Longest life of an Auto Mode node, its drain included (https://docs.aws.amazon.com/eks/latest/userguide/automode.html)."""


class Disk(Args):
    """The encrypted gp3 volume of a node."""

    size_gib: int = Field(default=50, ge=20, le=16_384, description="Size in GiB. Omitted: 50.")
    iops: int = Field(
        default=3_000, ge=3_000, le=16_000, description="I/O operations per second. Omitted: 3,000, which gp3 includes in its price."
    )
    throughput_mib: int = Field(default=125, ge=125, le=1_000, description="MiB per second. Omitted: 125, which gp3 includes in its price.")

    @model_validator(mode="after")
    def _gp3(self) -> "Disk":
        if self.iops > self.size_gib * IOPS_PER_GIB:
            raise ValueError(f"gp3 gives {self.size_gib} GiB at most {self.size_gib * IOPS_PER_GIB} iops; lower iops or raise size_gib")
        if self.iops < self.throughput_mib * IOPS_PER_MIB:
            wanted = self.throughput_mib * IOPS_PER_MIB
            raise ValueError(f"gp3 wants {wanted} iops for {self.throughput_mib} MiB per second; raise iops or lower throughput_mib")
        return self


class PoolBase(Args):
    """What every pool of EC2 nodes has."""

    labels: Mapping[str, str] = Field(default={}, description="Labels of the nodes, besides the pool's name. Omitted: none.")
    taints: tuple[Taint, ...] = Field(default=(), description="Taints of the nodes. Omitted: none.")
    dedicated: bool = Field(
        default=False, description="Keep other workloads off: taints the nodes `platform.pool/dedicated=<pool>:NoSchedule`. Omitted: no."
    )
    disk: Disk = Field(default=Disk(), description="Volume of each node. Omitted: 50 GiB of encrypted gp3.")


class Repair(Args):
    """Automatic replacement of nodes that are broken."""

    enabled: bool = Field(default=True, description="Replace nodes that stay unhealthy. Omitted: yes.")
    max_parallel: Percent | None = Field(default=None, description="Most nodes repaired at once, in percent. Omitted: one node at a time.")
    stop_above_unhealthy: Percent | None = Field(
        default=None,
        description="Stop repairing where more than this share is unhealthy, in percent: then something else is wrong. Omitted: 20.",
    )


class UpdateStrategy(StrEnum):
    """How a node group replaces its nodes."""

    DEFAULT = "default"
    """New nodes first, then the old ones drain."""
    MINIMAL = "minimal"
    """Old nodes first: for capacity that cannot be doubled, such as GPU reservations."""


class Update(Args):
    """How fast a node group's nodes are replaced by an upgrade."""

    max_unavailable: Percent = Field(default=33, description="Most nodes replaced at once, in percent: at least one. Omitted: 33.")
    strategy: UpdateStrategy = Field(default=UpdateStrategy.DEFAULT, description="Order of replacement. Omitted: new nodes first.")


class WarmPool(Args):
    """Nodes that are booted beforehand and wait, of on-demand capacity."""

    min_size: int = Field(default=0, ge=0, description="Fewest waiting nodes. Omitted: 0.")
    max_prepared: int | None = Field(default=None, ge=0, description="Most nodes, running and waiting together. Omitted: the pool's max.")
    state: Literal["stopped", "running", "hibernated"] = Field(default="stopped", description="State they wait in. Omitted: stopped.")
    reuse: bool = Field(default=False, description="Return nodes to the warm pool on scale-in. Omitted: no.")


class DesiredSize(StrEnum):
    """Who decides how many nodes a group has."""

    TRACKED = "tracked"
    """This program: a change from elsewhere is drift, and `up` sets it back."""
    AUTOSCALED = "autoscaled"
    """An autoscaler: the size given here is the first one only."""


class ManagedPool(PoolBase):
    """A managed node group: for the nodes that controllers run on, and for sizes a person decides."""

    capacity: Literal["managed"] = Field(description="`managed`: an EKS managed node group.")
    instance_types: tuple[InstanceType, ...] = Field(
        default=("m7g.large",),
        min_length=1,
        max_length=20,
        description="Instance types, all of one architecture; preferred first. Omitted: m7g.large.",
    )
    os: NodeOs = Field(default=NodeOs.AL2023, description="Operating system. Omitted: Amazon Linux 2023.")
    accelerator: Accelerator = Field(default=Accelerator.NONE, description="Drivers in the image. Omitted: none.")
    spot: bool = Field(
        default=False, description="Spot capacity. Omitted: on demand. For a mix, declare two pools that share their labels."
    )
    min: int = Field(default=2, ge=0, le=450, description="Fewest nodes. Omitted: 2.")
    max: int = Field(default=3, ge=1, le=450, description="Most nodes. Omitted: 3.")
    desired: int | None = Field(default=None, ge=0, le=450, description="Nodes to start with. Omitted: min.")
    desired_size: DesiredSize = Field(
        default=DesiredSize.TRACKED, description="Who decides the number of nodes: `tracked` (this file) or `autoscaled`. Omitted: tracked."
    )
    version: str | None = Field(
        default=None, description="Kubernetes version of the nodes, to hold them back during an upgrade. Omitted: the control plane's."
    )
    release_version: str | None = Field(
        default=None, description="Release of the image, such as 1.35.0-20261101. Omitted: the newest when the group is made or upgraded."
    )
    metadata_hop_limit: int = Field(
        default=1,
        ge=1,
        le=64,
        description="How far an answer of the instance metadata service travels. Omitted: 1, so pods cannot reach the node's role.",
    )
    repair: Repair = Field(default=Repair(), description="Automatic node repair. Omitted: on.")
    update: Update = Field(default=Update(), description="How upgrades replace nodes. Omitted: a third at a time, new nodes first.")
    warm_pool: WarmPool | None = Field(default=None, description="Nodes booted beforehand. Omitted: none.")
    force_update: bool = Field(
        default=False, description="Go on with an upgrade where a disruption budget blocks the drain for 15 minutes. Omitted: fail instead."
    )

    @model_validator(mode="after")
    def _sizes(self) -> "ManagedPool":
        desired = self.min if self.desired is None else self.desired
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}; raise max or lower min")
        if not self.min <= desired <= self.max:
            raise ValueError(f"desired {desired} lies outside min {self.min} and max {self.max}")
        return self

    @model_validator(mode="after")
    def _warm_pool_works(self) -> "ManagedPool":
        """What a warm pool cannot do (https://docs.aws.amazon.com/eks/latest/userguide/warm-pools-managed-node-groups.html)."""
        warm = self.warm_pool
        if warm is not None and self.spot:
            raise ValueError("warm_pool needs on-demand capacity; set spot to false, or leave warm_pool out")
        if warm is not None and self.os is NodeOs.BOTTLEROCKET and (warm.state == "hibernated" or warm.reuse):
            raise ValueError("warm_pool of os bottlerocket takes neither state hibernated nor reuse; leave them out, or use os al2023")
        return self

    @model_validator(mode="after")
    def _image_exists(self) -> "ManagedPool":
        if self.version is not None and (problem := version_problem(self.version)):
            raise ValueError(problem)
        for problem in filter(None, map(instance_problem, self.instance_types)):
            raise ValueError(problem)
        if len(architectures(self.instance_types)) > 1:
            raise ValueError(
                f"instance_types {', '.join(self.instance_types)} mix arm64 and amd64; a node group has one image: make two pools"
            )
        if self.accelerator is Accelerator.NEURON and (self.os is not NodeOs.AL2023 or "arm64" in architectures(self.instance_types)):
            raise ValueError("accelerator neuron needs os al2023 and an amd64 instance type")
        return self


class Consolidation(StrEnum):
    """When a provisioner takes nodes away."""

    UNDERUTILIZED = "underutilized"
    """As soon as its pods fit elsewhere or on a cheaper node."""
    EMPTY = "empty"
    """Once no pod is left: for jobs that must not be moved."""


class ProvisionedPool(PoolBase):
    """A pool whose nodes are chosen pod by pod, within limits."""

    families: tuple[InstanceFamily, ...] = Field(
        default=(), description="Instance families such as m7g. Omitted: amd64 families c, m and r of generation 6 and newer."
    )
    instance_types: tuple[InstanceType, ...] = Field(
        default=(), description="Exact instance types, instead of families. Omitted: any of the families."
    )
    spot: bool = Field(default=False, description="Take spot capacity first. Omitted: on demand only.")
    on_demand_fallback: bool = Field(default=True, description="With spot: take on-demand capacity where spot has none. Omitted: yes.")
    min_vcpu: int | None = Field(default=None, ge=1, description="Smallest instance, in vCPUs. Omitted: any.")
    max_vcpu: int | None = Field(default=None, ge=1, description="Largest instance, in vCPUs. Omitted: any.")
    limit_vcpu: int = Field(ge=1, description="Most vCPUs of all nodes together: the pool's cost ceiling. Required.")
    limit_memory_gib: int | None = Field(
        default=None, ge=1, description="Most memory of all nodes together, in GiB. Omitted: no limit but limit_vcpu."
    )
    weight: int | None = Field(default=None, ge=1, le=100, description="Which pool is tried first; higher wins. Omitted: no preference.")
    consolidation: Consolidation = Field(
        default=Consolidation.UNDERUTILIZED, description="When nodes are taken away. Omitted: once their pods fit elsewhere."
    )
    consolidate_after_seconds: int = Field(
        default=60, ge=0, description="How long a node must be so before it goes, in seconds. Omitted: 60."
    )
    expire_after_hours: int | None = Field(
        default=720,
        ge=1,
        description="Replace nodes of this age, so that images stay patched, in hours. Omitted: 720 (30 days). null: never.",
    )
    drain_limit_minutes: int | None = Field(
        default=None, ge=1, description="Remove a draining node after this long even if pods are left, in minutes. Omitted: wait for them."
    )
    disruption_budget: str = Field(
        default="10%",
        pattern=r"^([0-9]+|([0-9]|[1-9][0-9]|100)%)$",
        description="Most nodes disrupted at once, a number or percentage. Omitted: 10%.",
    )

    @model_validator(mode="after")
    def _one_choice(self) -> "ProvisionedPool":
        if self.families and self.instance_types:
            raise ValueError("give families or instance_types, not both")
        if self.min_vcpu is not None and self.max_vcpu is not None and self.min_vcpu > self.max_vcpu:
            raise ValueError(f"min_vcpu {self.min_vcpu} is above max_vcpu {self.max_vcpu}")
        for problem in filter(None, map(instance_problem, (*self.families, *self.instance_types))):
            raise ValueError(problem)
        return self


class KarpenterPool(ProvisionedPool):
    """A NodePool of self-managed Karpenter."""

    capacity: Literal["karpenter"] = Field(description="`karpenter`: nodes launched by Karpenter as pods ask for them.")
    os: NodeOs = Field(default=NodeOs.AL2023, description="Operating system. Omitted: Amazon Linux 2023.")
    image: str = Field(
        default="latest",
        pattern=r"^(latest|v[0-9][0-9a-zA-Z.-]*)$",
        description="Image version, such as v20261101. Omitted: `latest`; nodes then follow new images, within the disruption budget.",
    )
    metadata_hop_limit: int = Field(
        default=1,
        ge=1,
        le=64,
        description="How far an answer of the instance metadata service travels. Omitted: 1, so pods cannot reach the node's role.",
    )


class AutoPool(ProvisionedPool):
    """A NodePool of EKS Auto Mode: AWS runs Karpenter, the images (Bottlerocket), CNI, CoreDNS, load balancing and EBS."""

    capacity: Literal["auto"] = Field(description="`auto`: nodes of EKS Auto Mode, which this switches on for the cluster.")
    expire_after_hours: int = Field(
        default=336,
        ge=1,
        description="Replace nodes of this age, so that images stay patched, in hours; with the drain at most 504 (21 days). Omitted: 336.",
    )

    @model_validator(mode="after")
    def _lifetime(self) -> "AutoPool":
        drain = (self.drain_limit_minutes or 0) / 60
        if self.expire_after_hours + drain > AUTO_LIFETIME_HOURS:
            most = f"Auto Mode ends every node after {AUTO_LIFETIME_HOURS} hours, drain included"
            raise ValueError(f"{most}; lower expire_after_hours or drain_limit_minutes")
        return self


class FargateSelector(Args):
    """Which pods a Fargate profile takes."""

    namespace: str = Field(pattern=r"^[a-z0-9*?][a-z0-9*?-]{0,62}$", description="Namespace; `*` and `?` match characters. Required.")
    labels: Mapping[str, str] = Field(
        default={}, max_length=5, description="Labels a pod must have, up to 5. Omitted: every pod of the namespace."
    )


class FargatePool(Args):
    """A Fargate profile: a node for each pod, run by AWS."""

    capacity: Literal["fargate"] = Field(description="`fargate`: an EKS Fargate profile.")
    selectors: tuple[FargateSelector, ...] = Field(
        min_length=1, max_length=5, description="Pods it takes: those that match any selector. Required."
    )


Pool = Annotated[ManagedPool | KarpenterPool | AutoPool | FargatePool, Field(discriminator="capacity")]
"""A pool of any engine."""

SYSTEM_POOL = "system"
"""Name of the pool that is added where Karpenter would have no node to run on."""

_SYSTEM_TAINT = Taint(key="CriticalAddonsOnly", value="true", effect=TaintEffect.PREFER_NO_SCHEDULE)


def with_system_pool(pools: Mapping[str, Pool]) -> dict[str, Pool]:
    """The pools, with a small managed one first where Karpenter has none to start on; on Fargate it would get no credentials.

    Its taint is soft: controllers that do not tolerate it still start, everything else moves to Karpenter's nodes.
    """
    if not any(isinstance(pool, KarpenterPool) for pool in pools.values()):
        return dict(pools)
    if SYSTEM_POOL in pools or any(isinstance(pool, ManagedPool) for pool in pools.values()):
        return dict(pools)
    return {SYSTEM_POOL: ManagedPool(capacity="managed", taints=(_SYSTEM_TAINT,)), **pools}


COREDNS_LABELS: Mapping[str, str] = {"k8s-app": "kube-dns", "eks.amazonaws.com/component": "coredns"}
EBS_CSI_LABELS: Mapping[str, str] = {
    "app": "ebs-csi-controller",
    "app.kubernetes.io/name": "aws-ebs-csi-driver",
    "app.kubernetes.io/component": "csi-driver",
}
KARPENTER_LABELS: Mapping[str, str] = {"app.kubernetes.io/name": "karpenter", "app.kubernetes.io/instance": "karpenter"}
"""Labels of the pods of what this library installs or stands ready for, by their charts."""


def takes(pool: FargatePool, namespace: str, labels: Mapping[str, str]) -> bool:
    """Whether a Fargate profile takes pods of a namespace with these labels."""
    return any(fnmatchcase(namespace, selector.namespace) and selector.labels.items() <= labels.items() for selector in pool.selectors)


def hosts_coredns(pool: ManagedPool) -> bool:
    """Whether a managed pool has nodes that CoreDNS tolerates; the EBS CSI driver and Karpenter tolerate no more."""
    nodes = pool.min if pool.desired is None else pool.desired
    hard = [taint for taint in pool.taints if taint.effect is not TaintEffect.PREFER_NO_SCHEDULE and taint.key != "CriticalAddonsOnly"]
    return nodes > 0 and not hard and not pool.dedicated


def pool_taints(name: str, pool: PoolBase) -> tuple[Taint, ...]:
    """A pool's taints, with that of a dedicated pool."""
    return (*pool.taints, Taint(key=DEDICATED_KEY, value=name)) if pool.dedicated else pool.taints


def pool_labels(name: str, pool: PoolBase) -> dict[str, str]:
    """A pool's labels, with its name."""
    return {**pool.labels, POOL_LABEL: name}
