"""Availability zones by region, as zone ids: the same place in every account, which zone names (`eu-west-1a`) are not.

Sources: https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html and, for the zones that an account
opened today is shown by DescribeAvailabilityZones, moto 5.2.5 (moto/ec2/models/availability_zones_and_regions.py). Local Zones and
Wavelength Zones are left out: they have other subnets, other NAT and other load balancers than this network builds.
"""

import re
from collections.abc import Mapping

ZONE_ID_PATTERN = r"^[a-z]{3,6}[0-9]-az[0-9]$"
"""A zone id: region code in short, a hyphen, `az` and a number."""

_ZONE_ID = re.compile(ZONE_ID_PATTERN)

_ZONES: Mapping[str, tuple[str, tuple[int, ...]]] = {
    "af-south-1": ("afs1", (1, 2, 3)),
    "ap-east-1": ("ape1", (1, 2, 3)),
    "ap-east-2": ("ape2", (1, 2, 3)),
    "ap-northeast-1": ("apne1", (1, 2, 4)),
    "ap-northeast-2": ("apne2", (1, 2, 3, 4)),
    "ap-northeast-3": ("apne3", (1, 2, 3)),
    "ap-south-1": ("aps1", (1, 2, 3)),
    "ap-south-2": ("aps2", (1, 2, 3)),
    "ap-southeast-1": ("apse1", (1, 2, 3)),
    "ap-southeast-2": ("apse2", (1, 2, 3)),
    "ap-southeast-3": ("apse3", (1, 2, 3)),
    "ap-southeast-4": ("apse4", (1, 2, 3)),
    "ap-southeast-5": ("apse5", (1, 2, 3)),
    "ap-southeast-6": ("apse6", (1, 2, 3)),
    "ap-southeast-7": ("apse7", (1, 2, 3)),
    "ca-central-1": ("cac1", (1, 2, 4)),
    "ca-west-1": ("caw1", (1, 2, 3)),
    "cn-north-1": ("cnn1", (1, 2)),
    "cn-northwest-1": ("cnnw1", (1, 2, 3)),
    "eu-central-1": ("euc1", (1, 2, 3)),
    "eu-central-2": ("euc2", (1, 2, 3)),
    "eu-north-1": ("eun1", (1, 2, 3)),
    "eu-south-1": ("eus1", (1, 2, 3)),
    "eu-south-2": ("eus2", (1, 2, 3)),
    "eu-west-1": ("euw1", (1, 2, 3)),
    "eu-west-2": ("euw2", (1, 2, 3)),
    "eu-west-3": ("euw3", (1, 2, 3)),
    "il-central-1": ("ilc1", (1, 2, 3)),
    "me-central-1": ("mec1", (1, 2, 3)),
    "me-south-1": ("mes1", (1, 2, 3)),
    "mx-central-1": ("mxc1", (1, 2, 3)),
    "sa-east-1": ("sae1", (1, 2, 3)),
    "us-east-1": ("use1", (1, 2, 3, 4, 5, 6)),
    "us-east-2": ("use2", (1, 2, 3)),
    "us-gov-east-1": ("usge1", (1, 2, 3)),
    "us-gov-west-1": ("usgw1", (1, 2, 3)),
    "us-west-1": ("usw1", (1, 3)),
    "us-west-2": ("usw2", (1, 2, 3, 4)),
}

_REGIONS: Mapping[str, str] = {prefix: region for region, (prefix, _) in _ZONES.items()}

_PARTITIONS: Mapping[str, str] = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}

NO_EKS_CONTROL_PLANE = frozenset({"use1-az3", "usw1-az2", "cac1-az3"})
"""Zones where an EKS cluster's own subnets may not lie (https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html); nodes may."""


def regions() -> tuple[str, ...]:
    """Every region whose zones are known, sorted."""
    return tuple(_ZONES)


def zone_ids(region: str) -> tuple[str, ...]:
    """Ids of the zones of a region; none where the region is unknown."""
    prefix, numbers = _ZONES.get(region, ("", ()))
    return tuple(f"{prefix}-az{number}" for number in numbers)


def region_of(zone: str) -> str | None:
    """The region a zone id belongs to, or None where its prefix is unknown."""
    return _REGIONS.get(zone.partition("-")[0])


def partition_of(region: str) -> str:
    """The ARN partition of a region."""
    return next((partition for prefix, partition in _PARTITIONS.items() if region.startswith(prefix)), "aws")


def dns_suffix(partition: str) -> str:
    """The domain that names of services end in, in a partition."""
    return "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"


def zone_id_problem(zone: str) -> str | None:
    """Say what is wrong with the form of a zone id, or None where it is fine."""
    if _ZONE_ID.match(zone):
        return None
    return f"{zone!r} is no zone id; write an id such as euw1-az1, not a name such as eu-west-1a: names differ from account to account"


def zone_problem(region: str, zone: str) -> str | None:
    """Say why a zone cannot be used in a region, or None where it can."""
    problem = zone_id_problem(zone)
    if problem:
        return problem
    known = zone_ids(region)
    if not known:
        return f"the zones of region {region} are not known; choose from {', '.join(regions())}"
    return None if zone in known else f"zone {zone} does not exist in {region}; choose from {', '.join(known)}"
