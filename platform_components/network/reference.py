"""VpcRef: a network someone else owns, or one a lower layer built."""

from collections.abc import Mapping, Sequence

import pulumi
from pydantic import Field

from platform_components.args import Args, Late


class VpcRef(Args):
    """What a component needs to know of a network, wherever it came from."""

    vpc_id: Late[str] = Field(description="Id of the VPC. Required.")
    cidr: Late[str] = Field(description="Primary IPv4 block of the VPC, in CIDR notation. Required.")
    subnet_ids: Late[Mapping[str, Sequence[str]]] = Field(
        description="Subnet ids by tier (`public`, `private`, ...), in zone order. Required."
    )

    def subnets(self, tier: str) -> pulumi.Output[Sequence[str]]:
        """Ids of one tier's subnets, in zone order; none where the network lacks the tier."""
        return pulumi.Output.from_input(self.subnet_ids).apply(lambda by_tier: list(by_tier.get(tier, ())))
