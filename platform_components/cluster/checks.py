"""Checks of cluster settings that need more than one field. Pure: each says which fields it reads, and yields where and what is wrong."""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, TypeAlias

import pulumi
from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from platform_components.cluster.access_args import RESERVED_KEYS, principal_problem
from platform_components.cluster.pools import SYSTEM_POOL, AutoPool, FargatePool, KarpenterPool, ManagedPool, takes_coredns
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
    profiles = [pool for pool in pools if isinstance(pool, FargatePool)]
    if profiles and not ec2 and not settings.auto_mode_on and addons.coredns.enabled and not any(map(takes_coredns, profiles)):
        yield ("pools",), "no pool runs CoreDNS: add the selector {namespace: kube-system} to a Fargate pool, or a managed pool"


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
    (frozenset(("kubernetes_network", "addons")), _ipv6),
    (frozenset(("access", "deployer")), _principals),
)
"""Each check, with the fields it reads: it runs where those are sound by themselves."""
