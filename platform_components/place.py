"""Place: where AWS resources stand: what every ARN is made of. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

_SUFFIXES: Mapping[str, str] = {"aws-cn": "amazonaws.com.cn"}


@dataclass(frozen=True, slots=True)
class Place:
    """An account in a region."""

    account: str
    """Account id, 12 digits."""
    region: str
    """Region, such as eu-west-1."""
    partition: str
    """`aws`, `aws-cn` or `aws-us-gov`."""

    @property
    def suffix(self) -> str:
        """DNS suffix of the partition."""
        return _SUFFIXES.get(self.partition, "amazonaws.com")

    @property
    def root(self) -> str:
        """ARN that stands for the account itself."""
        return f"arn:{self.partition}:iam::{self.account}:root"

    def arn(self, service: str, resource: str) -> str:
        """ARN of a regional resource of this account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def managed_policy(self, name: str) -> str:
        """ARN of a policy that AWS manages, `service-role/` included where it has that path."""
        return f"arn:{self.partition}:iam::aws:policy/{name}"

    def access_policy(self, name: str) -> str:
        """ARN of an EKS access policy."""
        return f"arn:{self.partition}:eks::aws:cluster-access-policy/{name}"

    def cluster(self, name: str) -> str:
        """ARN of a cluster."""
        return self.arn("eks", f"cluster/{name}")

    def role(self, name: str) -> str:
        """ARN of a role of this account, its path before its name."""
        return f"arn:{self.partition}:iam::{self.account}:role/{name}"


def place_of(arn: str) -> Place:
    """Where the regional thing of an ARN stands."""
    _, partition, _, region, account, _ = arn.split(":", 5)
    return Place(account=account, region=region, partition=partition)
