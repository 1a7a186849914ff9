"""The network layer: one VPC."""

from platform_components.declarations.environment import Environment
from platform_components.network.vpc import Vpc
from stacks.contracts import NetworkOutputs
from stacks.providers import options
from stacks.upstream import Upstream


def build(environment: Environment, upstream: Upstream) -> NetworkOutputs:  # noqa: ARG001 -- the lowest layer reads nothing
    """Build the network."""
    vpc = Vpc(environment.environment, environment.network, options(environment, "network"))
    return NetworkOutputs(vpc_id=vpc.vpc_id, cidr=vpc.cidr, subnet_ids=vpc.subnet_ids, nat_public_ips=vpc.nat_public_ips)
