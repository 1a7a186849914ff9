"""A dual-stack network: private addresses leave by one regional NAT gateway, IPv6 by an egress-only gateway."""

import pulumi

import platform_components as platform

network = platform.Vpc(
    "shop",
    platform.VpcArgs(
        cidr="10.0.0.0/16",
        zones=["euw1-az1", "euw1-az2", "euw1-az3"],
        tiers=["public", "private", "database"],
        nat="regional",
        ipv6=True,
        tags={"Environment": "production", "Team": "shop"},
    ),
)

pulumi.export("vpc_id", network.vpc_id)
pulumi.export("subnet_ids", network.subnet_ids)
pulumi.export("ipv6_cidr", network.ipv6_cidr)
