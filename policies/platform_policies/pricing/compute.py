"""What clusters, nodes, instances and their disks are charged for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from platform_policies.graph import Node
from platform_policies.pricing.need import Context, Need, hours, listed, number, text, unpriced, volume
from platform_policies.pricing.support import eks_standard_until
from platform_policies.rule import is_unknown

LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
DEFAULT_NODE = "t3.medium"
"""Instance type of a managed node group that names none (https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html)."""
DEFAULT_DISK = 20
"""GiB of a Linux node's disk where nothing is said (same page)."""
SPOT = "spot prices change by the hour; none is assumed"


def extended_support(node: Node, context: Context) -> bool | None:
    """Whether a cluster runs a version in extended support; None where its version is not known."""
    version = node.value("version")
    if version is None:
        return False  # AWS takes its newest default
    if is_unknown(version):
        return None
    # With the policy STANDARD AWS upgrades the cluster when standard support ends, so that extended support is never charged.
    if text(node.value("upgradePolicy.supportType")) == "STANDARD":
        return False
    until = eks_standard_until(str(version))
    return until is not None and context.today > until


def cluster(node: Node, context: Context) -> Iterator[Need]:
    """An EKS control plane, at the price of its version's support."""
    extended = extended_support(node, context)
    if extended:
        yield hours("Control plane (extended support)", "eks.extended")
    else:
        yield hours("Control plane", "eks.standard", at_least=extended is None)
    if node.value("computeConfig.enabled") is True:
        yield unpriced("Auto Mode nodes", "what Auto Mode starts is decided by the workloads")


def node_group(node: Node, context: Context) -> Iterator[Need]:
    """The nodes a managed group never goes below, and their disks."""
    count, known = number(node.value("scalingConfig.minSize"))
    template = launch_template(node, context)
    disks = list(disks_of(template.inputs if template else {}))
    if not disks:
        size, _ = number(node.value("diskSize"), DEFAULT_DISK)
        disks = [("gp3", size, 0, 0)]
    exact = known and bool(template and template.value("blockDeviceMappings"))
    yield from _machines(
        types_of(node, template), count, context, node, spot=text(node.value("capacityType")) == "SPOT", at_least=not known
    )
    for kind, size, iops, mbps in disks:
        yield from _times(volume("Node disks", kind, size, iops, mbps, at_least=not exact), count)


def types_of(node: Node, template: Node | None) -> Sequence[str]:
    """Instance types a node group may start; empty where they are not known."""
    types = node.value("instanceTypes")
    if types is None:
        named = template.value("instanceType", DEFAULT_NODE) if template else DEFAULT_NODE
        types = [named]
    return [kind for kind in listed(types) or () if text(kind)]


def launch_template(node: Node, context: Context) -> Node | None:
    """The launch template that a node group or an autoscaling group starts from."""
    found = [other for other in context.graph.referred(node, "launchTemplate") if other.type == LAUNCH_TEMPLATE]
    return found[0] if len(found) == 1 else None


def disks_of(inputs: Mapping[str, Any]) -> Iterator[tuple[str, int, int, int]]:
    """Type, GiB, IOPS and MB/s of every disk a launch template gives a machine."""
    for mapping in listed(inputs.get("blockDeviceMappings")) or ():
        ebs = mapping.get("ebs") if isinstance(mapping, Mapping) else None
        if isinstance(ebs, Mapping):
            yield _disk(ebs, "volumeSize")


def _disk(ebs: Mapping[str, Any], size_key: str) -> tuple[str, int, int, int]:
    size, _ = number(ebs.get(size_key), 8)
    return text(ebs.get("volumeType"), "gp2") or "gp2", size, number(ebs.get("iops"))[0], number(ebs.get("throughput"))[0]


def _machines(types: Sequence[str], count: int, context: Context, node: Node, *, spot: bool, at_least: bool) -> Iterator[Need]:
    if not count:
        return
    if spot:
        yield unpriced(f"{count} spot instances", SPOT)
        return
    if not types:
        yield unpriced(f"{count} instances", "their type is not known before `up`")
        return
    # Of several types AWS takes the first that can be had: the order is the order of preference.
    yield hours(f"{count} x {types[0]}", f"ec2.{types[0]}", count, at_least=at_least)
    if context.usage.get(node.urn, "monthly_cpu_credit_hrs") is not None:
        yield context.used(node, "CPU credits", "ec2.cpu_credits", "monthly_cpu_credit_hrs")


def _times(needs: Iterator[Need], count: int) -> Iterator[Need]:
    for need in needs:
        if count and need.quantity is not None:
            yield Need(f"{count} x {need.component}", need.sku, need.quantity * count, at_least=need.at_least)


def instance(node: Node, context: Context) -> Iterator[Need]:
    """A virtual machine and the disks it brings."""
    kind = text(node.value("instanceType"))
    spot = node.value("instanceMarketOptions.marketType") == "spot"
    yield from _machines([kind] if kind else [], 1, context, node, spot=spot, at_least=False)
    for position, ebs in enumerate(_own_disks(node)):
        disk, size, iops, mbps = _disk(ebs, "volumeSize")
        yield from volume("Disk" if position else "Root disk", disk, size, iops, mbps, at_least=is_unknown(ebs) or not ebs)


def disks_of_instance(node: Node) -> Iterator[tuple[str, int, int, int]]:
    """Type, GiB, IOPS and MB/s of the disks that a machine by itself declares."""
    return (_disk(ebs, "volumeSize") for ebs in _own_disks(node) if ebs)


def _own_disks(node: Node) -> Iterator[Mapping[str, Any]]:
    """The root disk first, which every machine has."""
    root = node.value("rootBlockDevice")
    yield root if isinstance(root, Mapping) else {}
    yield from (ebs for ebs in listed(node.value("ebsBlockDevices")) or () if isinstance(ebs, Mapping))


def autoscaling_group(node: Node, context: Context) -> Iterator[Need]:
    """The machines a group never goes below, and their disks."""
    count, known = number(node.value("minSize"))
    template = launch_template(node, context)
    kind = text(template.value("instanceType")) if template else ""
    spot = bool(template and template.value("instanceMarketOptions.marketType") == "spot") or node.value("mixedInstancesPolicy") is not None
    yield from _machines([kind] if kind else [], count, context, node, spot=spot, at_least=not known)
    for disk, size, iops, mbps in disks_of(template.inputs if template else {}):
        yield from _times(volume("Disks", disk, size, iops, mbps, at_least=not known), count)


def ebs_volume(node: Node, _: Context) -> Iterator[Need]:
    """A disk by itself."""
    disk, size, iops, mbps = _disk({**node.inputs, "volumeType": node.value("type", "gp2")}, "size")
    yield from volume("Volume", disk, size, iops, mbps, at_least=is_unknown(node.value("size")) or node.value("size") is None)


def fargate_profile(node: Node, context: Context) -> Iterator[Need]:
    """Pods on Fargate: only a usage file knows how many."""
    yield context.used(node, "Fargate vCPU", "fargate.vcpu", "vcpu")
    yield context.used(node, "Fargate memory", "fargate.memory", "memory_gb")
