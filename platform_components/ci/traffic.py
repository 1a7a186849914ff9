"""What jobs may reach. Pure."""

from collections.abc import Mapping
from typing import Any

from platform_components.charts.traffic import Block, Traffic
from platform_components.tenancy.networks import PRIVATE, PRIVATE_6

INTERNET = (Block("0.0.0.0/0", (443,), PRIVATE), Block("::/0", (443,), PRIVATE_6))
"""Forges, registries and packages; neither the cluster, nor the network around it, nor the metadata service."""


def of_jobs(
    egress: Mapping[Any, tuple[int, ...]], private: Mapping[Any, tuple[int, ...]], used: Mapping[str, tuple[int, ...]] | None = None
) -> Traffic:
    """Traffic of a namespace of jobs: nobody calls them, and they do not see each other.

    Args:
        egress: addresses they may reach, with ports; empty: the internet.
        private: private addresses they may reach besides.
        used: ports of other namespaces' pods, by namespace.
    """
    blocks = tuple(Block(str(cidr), ports, _metadata(str(cidr))) for cidr, ports in {**egress, **private}.items())
    return Traffic(isolated=True, outside=(), blocks=blocks if egress else (*INTERNET, *blocks), used=used or {})


def _metadata(cidr: str) -> tuple[str, ...]:
    """A block that holds everything still leaves the metadata service out."""
    return {"0.0.0.0/0": ("169.254.0.0/16",), "::/0": ("fd00:ec2::/32", "fe80::/10")}.get(cidr, ())
