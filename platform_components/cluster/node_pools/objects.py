"""NodePool, EC2NodeClass and NodeClass objects, of Karpenter and of Auto Mode. Pure functions from pools to the objects' own fields.

Sources: https://karpenter.sh/docs/concepts/nodepools/ and nodeclasses/ (1.14), https://docs.aws.amazon.com/eks/latest/userguide/create-node-class.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from platform_components.cluster.instances import architectures
from platform_components.cluster.pools import AutoPool, Consolidation, KarpenterPool, NodeOs, ProvisionedPool, pool_labels, pool_taints

NODE_POOL_API = "karpenter.sh/v1"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What tells Auto Mode's objects from Karpenter's."""

    api_version: str
    kind: str
    label_prefix: str
    """Prefix of the labels that describe an instance."""

    @property
    def group(self) -> str:
        """API group of the node class."""
        return self.api_version.partition("/")[0]


KARPENTER = Dialect("karpenter.k8s.aws/v1", "EC2NodeClass", "karpenter.k8s.aws")
AUTO = Dialect("eks.amazonaws.com/v1", "NodeClass", "eks.amazonaws.com")

DEFAULT_CATEGORIES = ("c", "m", "r")
DEFAULT_GENERATION_ABOVE = 5
DEFAULT_ARCHITECTURES = ("amd64",)
"""Where no family is named, only what every image runs on."""

_CONSOLIDATION = {Consolidation.UNDERUTILIZED: "WhenEmptyOrUnderutilized", Consolidation.EMPTY: "WhenEmpty"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What node classes need to know of the cluster; values may be late."""

    identity: Mapping[str, Any]
    """Who the nodes are: `instanceProfile` (Karpenter) or `role` (Auto Mode, which makes profiles itself)."""
    subnet_ids: Any
    """A list of `{"id": ...}`."""
    security_group_id: Any
    volume_key_arn: Any
    """None: the AWS key for EBS."""
    ip_family: str
    tags: Mapping[str, str]


def dialect_of(pool: ProvisionedPool) -> Dialect:
    """Whose objects a pool is made of."""
    return AUTO if isinstance(pool, AutoPool) else KARPENTER


def node_pool_spec(name: str, pool: ProvisionedPool) -> dict[str, Any]:
    """The `spec` of a NodePool."""
    dialect = dialect_of(pool)
    node: dict[str, Any] = {
        "nodeClassRef": {"group": dialect.group, "kind": dialect.kind, "name": name},
        "requirements": requirements(pool),
        "expireAfter": "Never" if pool.expire_after_hours is None else f"{pool.expire_after_hours}h",
    }
    taints = [{"key": taint.key, "value": taint.value, "effect": taint.effect.value} for taint in pool_taints(name, pool)]
    if taints:
        node["taints"] = taints
    if pool.drain_limit_minutes is not None:
        node["terminationGracePeriod"] = f"{pool.drain_limit_minutes}m"
    spec: dict[str, Any] = {
        "template": {"metadata": {"labels": pool_labels(name, pool)}, "spec": node},
        "disruption": {
            "consolidationPolicy": _CONSOLIDATION[pool.consolidation],
            "consolidateAfter": f"{pool.consolidate_after_seconds}s",
            "budgets": [{"nodes": pool.disruption_budget}],
        },
        "limits": {"cpu": str(pool.limit_vcpu)},
    }
    if pool.limit_memory_gib is not None:
        spec["limits"]["memory"] = f"{pool.limit_memory_gib}Gi"
    if pool.weight is not None:
        spec["weight"] = pool.weight
    return spec


def requirements(pool: ProvisionedPool) -> list[dict[str, Any]]:
    """Which instances a pool takes."""
    prefix = dialect_of(pool).label_prefix
    capacity = ["on-demand"]
    if pool.spot:
        # Karpenter takes the cheaper of what is allowed, so spot comes first by itself.
        capacity = ["spot", "on-demand"] if pool.on_demand_fallback else ["spot"]
    named = (*pool.families, *pool.instance_types)
    wanted = [
        _requirement("kubernetes.io/arch", "In", architectures(named) if named else DEFAULT_ARCHITECTURES),
        _requirement("karpenter.sh/capacity-type", "In", capacity),
    ]
    if isinstance(pool, KarpenterPool):
        wanted.append(_requirement("kubernetes.io/os", "In", ["linux"]))
    if pool.families:
        wanted.append(_requirement(f"{prefix}/instance-family", "In", pool.families))
    elif pool.instance_types:
        wanted.append(_requirement("node.kubernetes.io/instance-type", "In", pool.instance_types))
    else:
        wanted += [
            _requirement(f"{prefix}/instance-category", "In", DEFAULT_CATEGORIES),
            _requirement(f"{prefix}/instance-generation", "Gt", [str(DEFAULT_GENERATION_ABOVE)]),
        ]
    if pool.min_vcpu is not None:
        wanted.append(_requirement(f"{prefix}/instance-cpu", "Gt", [str(pool.min_vcpu - 1)]))
    if pool.max_vcpu is not None:
        wanted.append(_requirement(f"{prefix}/instance-cpu", "Lt", [str(pool.max_vcpu + 1)]))
    return wanted


def node_class_spec(name: str, pool: ProvisionedPool, around: Surroundings) -> dict[str, Any]:
    """The `spec` of an EC2NodeClass, or of Auto Mode's NodeClass."""
    spec: dict[str, Any] = {
        **around.identity,
        "subnetSelectorTerms": around.subnet_ids,
        # The group EKS made: the only one tagged kubernetes.io/cluster/<name>.
        "securityGroupSelectorTerms": [{"id": around.security_group_id}],
        "tags": {**around.tags, "Name": f"{around.tags.get('Name', '')}-{name}".strip("-")},
    }
    if isinstance(pool, KarpenterPool):
        return spec | _ec2_node_class(pool, around)
    volume = {"size": f"{pool.disk.size_gib}Gi", "iops": pool.disk.iops, "throughput": pool.disk.throughput_mib}
    return spec | {"ephemeralStorage": volume if around.volume_key_arn is None else {**volume, "kmsKeyID": around.volume_key_arn}}


def _ec2_node_class(pool: KarpenterPool, around: Surroundings) -> dict[str, Any]:
    data: dict[str, Any] = {"volumeSize": f"{pool.disk.size_gib}Gi", "iops": pool.disk.iops, "throughput": pool.disk.throughput_mib}
    devices: dict[str, dict[str, Any]] = {"/dev/xvda": data}
    if pool.os is NodeOs.BOTTLEROCKET:
        devices = {"/dev/xvda": {"volumeSize": "4Gi"}, "/dev/xvdb": data}
    common: dict[str, Any] = {"volumeType": "gp3", "encrypted": True, "deleteOnTermination": True}
    if around.volume_key_arn is not None:
        common["kmsKeyID"] = around.volume_key_arn
    return {
        "amiSelectorTerms": [{"alias": f"{pool.os.value}@{pool.image}"}],
        "blockDeviceMappings": [{"deviceName": device, "ebs": {**volume, **common}} for device, volume in devices.items()],
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": pool.metadata_hop_limit,
            "httpProtocolIPv6": "enabled" if around.ip_family == "ipv6" else "disabled",
        },
    }


def _requirement(key: str, operator: str, values: Sequence[str]) -> dict[str, Any]:
    return {"key": key, "operator": operator, "values": list(values)}
