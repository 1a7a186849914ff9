"""A team's own nodes: Karpenter's objects for them."""

import pulumi

from platform_components.cluster.node_pools.provisioned import create_objects, karpenter_surroundings
from platform_components.component import PlatformComponent
from platform_components.labels import owned
from platform_components.tags import merge_tags
from platform_components.tenancy.args import TenantNodes
from platform_components.tenancy.isolation import own_pool, pool_name
from platform_components.tenancy.quotas import QuotaClass


def create_node_pool(
    component: PlatformComponent, name: str, nodes: TenantNodes, called: str, team: str, size: QuotaClass, tags: dict[str, str]
) -> list[pulumi.Resource]:
    """Create the pool and the class of its nodes; the tags by which costs are told apart are on every instance and volume.

    Args:
        component: the tenant.
        name: the tenant's own name.
        nodes: what the nodes stand on.
        called: name of the team's namespace.
        team: the team.
        size: the quota class of the namespace.
        tags: the tenant's tags.
    """
    pool = pool_name(called)
    around = karpenter_surroundings(name, nodes.model_copy(update={"tags": merge_tags(nodes.tags, tags)}))
    return create_objects(component, name, {pool: own_pool(nodes.pool, team, size)}, around, labels=owned())
