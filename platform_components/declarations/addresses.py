"""What an environment's address plan says to others: the blocks of a tier, and how many addresses nodes and pods can have in each zone."""

from collections.abc import Mapping
from typing import Final

from platform_components.declarations.environment import Environment
from platform_components.network.addresses import Tier, plan_addresses, secondary_block

RESERVED: Final = 5
"""Addresses of a subnet that AWS keeps (https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html)."""


def tier_blocks(environment: Environment, tier: Tier) -> tuple[str, ...]:
    """IPv4 blocks of a tier's subnets, in zone order; what IPAM hands out is not known here."""
    network = environment.network
    if network.cidr is None:
        return ()
    blocks = plan_addresses(network.cidr, [tier], network.zones, network.address_layout, network.layout.blocks)
    return tuple(map(str, blocks.values()))


def node_addresses(environment: Environment) -> Mapping[str, int]:
    """Addresses that the node subnet of each zone can give out. IPv6 pods take none of them; what IPAM hands out is not known here."""
    network, tier = environment.network, environment.cluster.node_tier
    if environment.cluster.kubernetes_network.ip_family == "ipv6":
        return {}
    layout = network.address_layout
    if tier in network.secondary_cidrs:
        block = network.secondary_cidrs[tier].cidr
        plan = {zone: secondary_block(block, zone, layout) for zone in network.zones} if block else {}
    elif network.cidr is not None:
        blocks = plan_addresses(network.cidr, [Tier(tier)], network.zones, layout, network.layout.blocks)
        plan = {zone: block for (_, zone), block in blocks.items()}
    else:
        plan = {}
    return {zone: block.num_addresses - RESERVED for zone, block in plan.items()}
