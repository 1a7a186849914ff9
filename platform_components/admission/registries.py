"""Which registries the images of an environment come from. Pure."""

from collections.abc import Sequence

from platform_components.network.zones import dns_suffix


def registries(cluster_arn: str, region: str, mirror: str | None, more: Sequence[str]) -> list[str]:
    """The registry of the account that the cluster lies in, the mirror, and those named besides.

    Args:
        cluster_arn: ARN of the cluster; partition and account are read from it.
        region: AWS region whose registry is meant.
        mirror: host and prefix of the mirror, if there is one.
        more: further ones.
    """
    _, partition, _, _, account, _ = cluster_arn.split(":", 5)
    own = f"{account}.dkr.ecr.{region}.{dns_suffix(partition)}"
    return list(dict.fromkeys((own, *((mirror,) if mirror else ()), *more)))
