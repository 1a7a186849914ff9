"""What CiRunners is given: sizes of runners, and whose jobs they take."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any

from pydantic import Field, model_validator

from platform_components.args import Args
from platform_components.charts.args import InstallationArgs
from platform_components.cluster.pools import PoolName
from platform_components.delivery.args import SecretName

RunnerPoolName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,14}[a-z0-9]$")]
"""2 to 16 characters: releases and jobs are named after it."""
Port = Annotated[int, Field(ge=1, le=65535)]

NODE_POOL = "ci"
"""Pool of nodes that runners stand on, unless they say otherwise."""


class RunnerPool(Args):
    """Runners of one size."""

    max: int = Field(ge=1, le=5_000, description="Most runners at a time; `platformctl capacity ci` says how many a load takes. Required.")
    idle: int = Field(default=0, ge=0, description="Runners kept ready, which cost while they wait. Omitted: none.")
    vcpu: float = Field(default=2, gt=0, le=64, description="vCPUs of each. Omitted: 2.")
    memory_gib: float = Field(default=4, gt=0, le=512, description="Memory of each, in GiB; also its limit. Omitted: 4.")
    disk_gib: int = Field(default=10, ge=1, le=500, description="Room on the node's disk for each, in GiB; also its limit. Omitted: 10.")
    node_pool: PoolName = Field(
        default=NODE_POOL,
        description="Pool of the cluster whose nodes they stand on; it is dedicated, so that nothing else does. Omitted: ci.",
    )

    @model_validator(mode="after")
    def _idle_within(self) -> "RunnerPool":
        if self.idle > self.max:
            raise ValueError(f"idle {self.idle} is above max {self.max}; raise max or lower idle")
        return self


class GitHub(Args):
    """GitHub Actions: a scale set for each pool, which workflows name as `runs-on`."""

    url: str = Field(
        pattern=r"^https://[A-Za-z0-9.-]+(/[A-Za-z0-9_.-]+){1,2}$",
        description="Organization (https://github.com/acme), repository or enterprise whose jobs they take. Required.",
    )
    secret: SecretName = Field(
        default="github-app",
        description="Secret in the namespace ci-github with the GitHub App: github_app_id, github_app_installation_id and "
        "github_app_private_key. Somebody else keeps it. Omitted: github-app.",
    )
    group: str | None = Field(
        default=None, min_length=1, description="Runner group, which says at GitHub whose jobs they take. Omitted: GitHub's default group."
    )
    pools: tuple[RunnerPoolName, ...] = Field(default=(), description="Pools it has runners in. Omitted: all.")


class CiSettings(Args):
    """Runners of CI jobs, as an environment file declares them."""

    pools: Mapping[RunnerPoolName, RunnerPool] = Field(min_length=1, description="Sizes of runners by name. Required.")
    github: GitHub | None = Field(default=None, description="Runners of GitHub Actions. Omitted: none.")
    egress: Mapping[IPv4Network | IPv6Network, tuple[Port, ...]] = Field(
        default={},
        description="Addresses that jobs may reach, with ports, such as {140.82.112.0/20: [443]}. What is given takes the place of the "
        "whole internet. Omitted: the internet at port 443, and nothing private.",
    )
    private: Mapping[IPv4Network | IPv6Network, tuple[Port, ...]] = Field(
        default={}, description="Private addresses that jobs may reach besides, with ports: a proxy, VPC endpoints. Omitted: none."
    )

    @model_validator(mode="after")
    def _known_pools(self) -> "CiSettings":
        for kind in ("github",):
            section = getattr(self, kind)
            unknown = sorted(set(section.pools) - set(self.pools)) if section is not None else []
            if unknown:
                raise ValueError(f"{kind}.pools: there is no pool {', '.join(unknown)}; choose from {', '.join(self.pools)}")
        return self

    def pools_of(self, kind: Any) -> dict[str, RunnerPool]:
        """The pools that one kind of runners has."""
        return {name: pool for name, pool in self.pools.items() if not kind.pools or name in kind.pools}


class CiRunnersArgs(InstallationArgs, CiSettings):
    """Runners of CI jobs in one cluster."""
