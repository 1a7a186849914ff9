"""Checks of cluster settings that need more than one field. Pure: each says which fields it reads, and yields where and what is wrong."""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, TypeAlias

import pulumi
from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from platform_components.cluster.access_args import RESERVED_KEYS, principal_problem
from platform_components.cluster.pools import (
    COREDNS_LABELS,
    EBS_CSI_LABELS,
    KARPENTER_LABELS,
    SYSTEM_POOL,
    AutoPool,
    FargatePool,
    KarpenterPool,
    ManagedPool,
    hosts_coredns,
    takes,
)
from platform_components.cluster.versions import node_version_problem

if TYPE_CHECKING:
    from platform_components.cluster.args import EksClusterSettings

Finding: TypeAlias = tuple[tuple[str, ...], str]
"""Path of the field below the settings, and the message."""

_Run: TypeAlias = "Callable[[EksClusterSettings], Iterator[Finding]]"


def findings(settings: "EksClusterSettings", unsound: AbstractSet[str] = frozenset()) -> list[Finding]:
    """What is wrong between fields, as far as it can be told without the unsound ones."""
    return [finding for reads, run in CHECKS if not reads & unsound for finding in run(settings)]


def whole_error(title: str, found: list[Finding], before: ValidationError | None = None) -> ValidationError:
    """One error of pydantic's with the faults of single fields and the findings between them, each at its own place."""
    details = [
        # What a PydanticCustomError shows is its template, so a message goes in by context: it may hold braces.
        InitErrorDetails(
            type=PydanticCustomError(fault["type"], "{message}", {**fault.get("ctx", {}), "message": fault["msg"]}),
            loc=fault["loc"],
            input=fault["input"],
        )
        for fault in (before.errors() if before is not None else ())
    ]
    details += [
        InitErrorDetails(type=PydanticCustomError("cluster", "{message}", {"message": message}), loc=path, input=".".join(path))
        for path, message in found
    ]
    return ValidationError.from_exception_data(title, details)


def _engines(settings: "EksClusterSettings") -> Iterator[Finding]:
    """One owner of the NodePool objects, and names that are free."""
    pools = settings.pools
    if settings.auto_mode_on and any(isinstance(pool, KarpenterPool) for pool in pools.values()):
        yield ("pools",), "capacity auto and karpenter exclude each other: both own the NodePool objects of a cluster; choose one engine"
    if isinstance(pools.get(SYSTEM_POOL), KarpenterPool) and not any(isinstance(pool, ManagedPool) for pool in pools.values()):
        message = f"Karpenter cannot launch the nodes it runs on; name this pool otherwise, and a managed pool {SYSTEM_POOL} is added"
        yield ("pools", SYSTEM_POOL), message
    for name, pool in pools.items():
        if isinstance(pool, AutoPool) and name in settings.auto_mode.builtin_pools:
            yield ("pools", name), "auto_mode.builtin_pools names AWS's own pool of this name; give yours another"


def _node_versions(settings: "EksClusterSettings") -> Iterator[Finding]:
    """Nodes no newer than the control plane, and not too far behind."""
    for name, pool in settings.pools.items():
        if isinstance(pool, ManagedPool) and pool.version and (problem := node_version_problem(pool.version, settings.version)):
            yield ("pools", name, "version"), problem


def _nodes_get_ready(settings: "EksClusterSettings") -> Iterator[Finding]:
    """What nodes and CoreDNS need to come up."""
    pools, addons = settings.pools.values(), settings.addons
    ec2 = any(isinstance(pool, (ManagedPool, KarpenterPool)) for pool in pools)
    for field in ("vpc_cni", "kube_proxy", "pod_identity_agent"):
        if ec2 and not getattr(addons, field).enabled:
            yield ("addons", field, "enabled"), "must stay on: no node of a managed or karpenter pool becomes ready without it"
    if not addons.coredns.enabled or settings.auto_mode_on:
        return
    profiles = [pool for pool in pools if isinstance(pool, FargatePool)]
    if ec2 and not any(hosts_coredns(pool) for pool in settings.all_pools.values() if isinstance(pool, ManagedPool)):
        yield ("pools",), "no pool runs CoreDNS: give a managed pool at least one node, neither dedicated nor with a hard taint"
    elif profiles and not ec2 and not any(takes(pool, "kube-system", COREDNS_LABELS) for pool in profiles):
        yield ("pools",), "no pool runs CoreDNS: add the selector {namespace: kube-system} to a Fargate pool, or a managed pool"


def _fargate_takes_no_controller(settings: "EksClusterSettings") -> Iterator[Finding]:
    """Fargate has no Pod Identity agent: a controller that lands there has no credentials.

    Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html#pod-id-restrictions
    """
    pools = settings.pools
    controllers = []
    if any(isinstance(pool, KarpenterPool) for pool in pools.values()):
        controllers.append(("Karpenter", settings.karpenter.namespace, KARPENTER_LABELS))
    if settings.addons.ebs_csi.enabled and any(isinstance(pool, (ManagedPool, KarpenterPool)) for pool in pools.values()):
        controllers.append(("the EBS CSI driver", "kube-system", EBS_CSI_LABELS))
    for name, pool in pools.items():
        taken = [what for what, namespace, labels in controllers if isinstance(pool, FargatePool) and takes(pool, namespace, labels)]
        if taken:
            message = f"takes the pods of {' and '.join(taken)}, which get no credentials on Fargate; narrow its selectors by labels"
            yield ("pools", name), message


def _tags(settings: "EksClusterSettings") -> Iterator[Finding]:
    """Tags that would be taken for another's mark.

    Sources: the rules on `spec.tags` in https://karpenter.sh/docs/concepts/nodeclasses/; a second security group with
    kubernetes.io/cluster/... leaves the load balancer controller without a target.
    """
    for key in settings.tags:
        if key.startswith(("kubernetes.io/cluster/", "karpenter.sh/", "karpenter.k8s.aws/", "aws:", "eks:")):
            yield ("tags", key), "tags of this kind are set by AWS, EKS and Karpenter, which go by them; leave it out"


def _ipv6(settings: "EksClusterSettings") -> Iterator[Finding]:
    if settings.kubernetes_network.ip_family == "ipv6" and not settings.addons.vpc_cni.prefix_delegation:
        yield ("addons", "vpc_cni", "prefix_delegation"), "must stay on with ip_family ipv6: the CNI has no other way there"


def _principals(settings: "EksClusterSettings") -> Iterator[Finding]:
    """One access entry for each principal: EKS takes no second one."""
    holders: dict[str, str] = {}
    if isinstance(settings.deployer, str):
        holders[settings.deployer] = "deployer"
        if problem := principal_problem(settings.deployer):
            yield ("deployer",), problem
    for key, grant in settings.access.items():
        if key in RESERVED_KEYS:
            yield ("access", key), "the name is taken by an entry of this library; choose another"
        if isinstance(grant.principal, pulumi.Output):
            continue
        principal = grant.principal or f"permission set {grant.sso}"
        if principal in holders:
            yield ("access", key), f"names the same principal as {holders[principal]}; EKS takes one entry for each: merge them"
        holders.setdefault(principal, f"access.{key}")


CHECKS: tuple[tuple[frozenset[str], _Run], ...] = (
    (frozenset(("pools", "auto_mode")), _engines),
    (frozenset(("pools", "version")), _node_versions),
    (frozenset(("pools", "addons", "auto_mode")), _nodes_get_ready),
    (frozenset(("pools", "addons", "karpenter")), _fargate_takes_no_controller),
    (frozenset(("tags",)), _tags),
    (frozenset(("kubernetes_network", "addons")), _ipv6),
    (frozenset(("access", "deployer")), _principals),
)
"""Each check, with the fields it reads: it runs where those are sound by themselves."""
