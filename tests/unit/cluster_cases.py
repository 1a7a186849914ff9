"""What the tests of the cluster share: a network, settings by engine, and questions about a deployed graph."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
from platform_policies.graph import Node, ResourceGraph

from platform_components.cluster.args import EksClusterArgs
from platform_components.cluster.eks_cluster import EksCluster
from tests.support import Deployment, deploy

NETWORK = {
    "vpc_id": "vpc-1",
    "cidr": "10.0.0.0/16",
    "subnet_ids": {"private": ["subnet-a", "subnet-b"], "intra": ["subnet-i"]},
}
"""A network someone else owns."""

KARPENTER = {
    "general": {"capacity": "karpenter", "families": ["m7g", "m7i"], "limit_vcpu": 400},
    "ci": {"capacity": "karpenter", "spot": True, "limit_vcpu": 900, "dedicated": True},
}
MANAGED = {"web": {"capacity": "managed", "instance_types": ["m7g.large"], "min": 2, "max": 4}}
FARGATE = {"serverless": {"capacity": "fargate", "selectors": [{"namespace": "kube-system"}, {"namespace": "batch-*"}]}}
JOBS = {"serverless": {"capacity": "fargate", "selectors": [{"namespace": "batch-*"}]}}
"""Fargate beside EC2 nodes: it must not take the controllers that need Pod Identity."""
AUTO = {"apps": {"capacity": "auto", "families": ["m7g"], "limit_vcpu": 64}}

ENGINES: Mapping[str, Mapping[str, Any]] = {
    "karpenter": KARPENTER,
    "managed": MANAGED,
    "fargate": FARGATE,
    "auto": AUTO,
    "managed and auto": {**MANAGED, **AUTO},
    "managed, karpenter and fargate": {**MANAGED, **KARPENTER, **JOBS},
    "fargate and auto": {**FARGATE, **AUTO},
    "none": {},
}


def arguments(**settings: Any) -> EksClusterArgs:
    """Args of a cluster, from the form an environment file has."""
    return EksClusterArgs.model_validate({"network": NETWORK, **settings})


def bring_up(*, preview: bool = False, name: str = "dev", **settings: Any) -> Deployment[EksCluster]:
    """Deploy a cluster."""
    return deploy(lambda: EksCluster(name, arguments(**settings)), preview=preview)


def waits_for(graph: ResourceGraph, node: Node) -> set[str]:
    """URNs of everything that stands before a node: what it depends on, its provider and its parent, and all that those wait for."""
    seen: set[str] = set()
    todo = [node]
    while todo:
        current = todo.pop()
        above = (current.parent, current.provider.rpartition("::")[0])
        for urn in (*current.dependencies, *above):
            if urn in graph.by_urn and urn not in seen:
                seen.add(urn)
                todo.append(graph.by_urn[urn])
    return seen


def comes_after(graph: ResourceGraph, later: Iterable[Node], earlier: Iterable[Node]) -> bool:
    """Whether each of some nodes waits for all of others; on destroy it then goes before them."""
    wanted = {node.urn for node in earlier}
    return all(wanted <= waits_for(graph, node) for node in later)


def document(node: Node, key: str = "policy") -> dict[str, Any]:
    """A JSON document among a node's inputs."""
    parsed: dict[str, Any] = json.loads(node.inputs[key])
    return parsed


def late(value: Any) -> "pulumi.Output[Any]":
    """A value that comes late."""
    return pulumi.Output.from_input(value)
