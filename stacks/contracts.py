"""What each layer promises the layers above: its stack outputs, all of them, in one place.

A contract is small and stable. A key may be added; renaming or removing one breaks whoever reads it, in this repository or another, and
needs a changelog entry with its upgrade path.
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi


class NetworkOutputs(TypedDict):
    """Outputs of `ENV.network`; read as a VpcRef."""

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    cidr: pulumi.Output[str]
    """Primary IPv4 block of the VPC."""
    subnet_ids: pulumi.Output[Mapping[str, Sequence[str]]]
    """Subnet ids by tier, in zone order."""
    nat_public_ips: pulumi.Output[Sequence[str]]
    """Addresses that the outside sees, in zone order; empty without NAT."""
