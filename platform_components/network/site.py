"""Site: what every builder of the network works on - the component, its args, and the VPC."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from platform_components.component import PlatformComponent
from platform_components.names import child_name
from platform_components.network.args import VpcArgs
from platform_components.network.zones import partition_of
from platform_components.tags import MANAGED_BY, merge_tags


@dataclass(frozen=True)
class Site:
    """The ground that builders build on. All they make are children of the component, named after it."""

    component: PlatformComponent
    name: str
    args: VpcArgs
    vpc: aws.ec2.Vpc
    ipv4_blocks: Mapping[str, pulumi.Output[str]]
    """Every IPv4 block of the VPC once it is associated, by what it is called: `vpc`, then the secondary blocks."""

    def child(self, *parts: str) -> str:
        """Name of a child."""
        return child_name(self.name, *parts)

    def options(self, **options: Any) -> pulumi.ResourceOptions:
        """Options of a child."""
        return self.component.child_options(**options)

    def tags(self, name: str, *layers: Mapping[str, str]) -> dict[str, str]:
        """Tags of a child: its name and who manages it, then the VPC's own, then what is special to it."""
        return resource_tags(self.args, name, *layers)

    def document(self, build: Callable[[str], str]) -> pulumi.Output[str]:
        """A policy document that needs the account id, which the VPC knows as its owner: no lookup is needed."""
        return self.vpc.owner_id.apply(build)

    @property
    def partition(self) -> str:
        """ARN partition of the region."""
        return partition_of(self.args.region_name)


def resource_tags(args: VpcArgs, name: str, *layers: Mapping[str, str]) -> dict[str, str]:
    """Tags of a resource: Name and ManagedBy, the VPC's own over them, then what is special to it."""
    return merge_tags({"Name": name, "ManagedBy": MANAGED_BY}, args.tags, *layers)
