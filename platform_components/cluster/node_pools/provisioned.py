"""NodePool and node class objects in the cluster, and `KarpenterPools`, which registers them elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from platform_components.cluster.node_pools.args import KarpenterNodes, KarpenterPoolsArgs
from platform_components.cluster.node_pools.objects import NODE_POOL_API, Surroundings, dialect_of, node_class_spec, node_pool_spec
from platform_components.cluster.pools import ProvisionedPool
from platform_components.component import PlatformComponent
from platform_components.names import child_name
from platform_components.tags import MANAGED_BY, merge_tags


class KarpenterPools(PlatformComponent):
    """NodePool and EC2NodeClass objects, for the stack that installs Karpenter's chart.

    Set `karpenter.objects: platform` on the cluster, and let this wait for the chart::

        KarpenterPools("prod", KarpenterPoolsArgs(...), pulumi.ResourceOptions(provider=kubernetes, depends_on=[chart]))

    On destroy the objects then go first, and Karpenter is still there to drain the nodes. In the other order EC2NodeClass objects wait for
    ever for a controller that is gone, and its instances run on.
    """

    names: pulumi.Output[Sequence[str]]
    """Names of the NodePool objects."""

    def __init__(self, name: str, args: KarpenterPoolsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        create_objects(self, name, args.pools, karpenter_surroundings(name, args))
        self.names = pulumi.Output.from_input(list(args.pools))
        self.register()


def karpenter_surroundings(name: str, nodes: KarpenterNodes) -> Surroundings:
    """What node classes of Karpenter need to know of the cluster."""
    return Surroundings(
        identity={"instanceProfile": nodes.instance_profile_name},
        subnet_ids=subnet_terms(pulumi.Output.from_input(nodes.subnet_ids)),
        security_group_id=nodes.security_group_id,
        volume_key_arn=nodes.volume_key_arn,
        ip_family=nodes.ip_family,
        tags=merge_tags({"Name": name, "ManagedBy": MANAGED_BY}, nodes.tags),
    )


def subnet_terms(subnet_ids: pulumi.Output[Sequence[str]]) -> pulumi.Output[Sequence[Mapping[str, str]]]:
    """Subnet ids as the selector terms of a node class."""
    return subnet_ids.apply(lambda ids: [{"id": subnet} for subnet in ids])


def create_objects(
    component: PlatformComponent,
    name: str,
    pools: Mapping[str, ProvisionedPool],
    around: Surroundings,
    *,
    provider: k8s.Provider | None = None,
    after: Sequence[pulumi.Resource] = (),
    labels: Mapping[str, str] | None = None,
) -> list[pulumi.Resource]:
    """Register a node class and a NodePool for each pool.

    Their names are fixed: nodes carry the pool's, and people go by it.
    """
    made: list[pulumi.Resource] = []
    labelled: dict[str, Any] = {"labels": labels} if labels else {}
    for pool_name, pool in pools.items():
        dialect = dialect_of(pool)
        node_class = k8s.apiextensions.CustomResource(
            child_name(name, "class", pool_name),
            api_version=dialect.api_version,
            kind=dialect.kind,
            metadata={"name": pool_name, **labelled},
            spec=node_class_spec(pool_name, pool, around),
            opts=component.child_options(provider=provider, depends_on=list(after)),
        )
        node_pool = k8s.apiextensions.CustomResource(
            child_name(name, "pool", pool_name),
            api_version=NODE_POOL_API,
            kind="NodePool",
            metadata={"name": pool_name, **labelled},
            spec=node_pool_spec(pool_name, pool),
            # The pool goes first on destroy: its nodes drain while their class still stands.
            opts=component.child_options(provider=provider, depends_on=[*after, node_class]),
        )
        made += [node_class, node_pool]
    return made
